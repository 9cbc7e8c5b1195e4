//! Messages on their way out: rendered from the case as it stands now, handed to their channel, never sent twice but
//! after a crash between sending and recording.

pub mod backoff;
pub mod invitation;
mod letter;
pub mod mail;
pub mod queue;
pub mod render;
pub mod webhook;

use nearmiss_case::Case;
use nearmiss_case::words::{MessageKind, Verdict, Workflow};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_store::outbox::{Channel, OutboxRow};

use crate::app::App;
use crate::config::{Config, ConfigFault};
use letter::Letters;
use mail::Mailer;
use webhook::Hooks;

/// While no channel is configured a message is looked at again this often.
const WITHOUT_CHANNEL: Span = Span::from_minutes(5);

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    Sent,
    Failed {
        detail: String,
        retry_at: Option<Timestamp>,
    },
    /// It no longer matters, and why.
    Dropped(&'static str),
}

/// Why one attempt failed. Its text is shown on the board: it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct SendFault {
    pub detail: String,
    /// Trying again cannot help.
    pub permanent: bool,
}

impl SendFault {
    pub fn permanent(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), permanent: true }
    }

    pub fn passing(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), permanent: false }
    }
}

/// The configured ways out.
pub struct Channels {
    mail: Option<Mailer>,
    hooks: Hooks,
}

impl Channels {
    /// Reads the secrets' files.
    ///
    /// # Errors
    /// A secret cannot be read, or is none.
    pub fn of(config: &Config) -> Result<Self, ConfigFault> {
        Ok(Self {
            mail: config.mail.as_ref().map(Mailer::new).transpose()?,
            hooks: Hooks::new(&config.webhook)?,
        })
    }

    /// Tries once. `link` is the secret by which the receiver may answer from the message itself.
    pub async fn deliver(&self, app: &App, row: &OutboxRow, link: Option<&str>) -> Delivery {
        let now = app.clock.now();
        let letters = match Letters::load(app, row).await {
            Ok(Some(letters)) => letters,
            Ok(None) => return Delivery::Dropped("its case or its receiver is gone"),
            Err(fault) => return failed(row, &SendFault::passing(fault), now),
        };
        if let Some(why) = matters_no_more(letters.kind(), letters.case(), row.created_at) {
            return Delivery::Dropped(why);
        }
        let sent = match row.channel {
            Channel::Email => match (&self.mail, letters.mail(app, row, link, now)) {
                (None, _) => return waits(now),
                (_, None) => return Delivery::Dropped("it has no receiver"),
                (Some(mailer), Some(letter)) => mailer.send(letter).await,
            },
            Channel::Webhook => self.hooks.send(row, letters.hook(app, row), now).await,
        };
        match sent {
            Ok(()) => Delivery::Sent,
            Err(fault) => failed(row, &fault, now),
        }
    }
}

fn waits(now: Timestamp) -> Delivery {
    Delivery::Failed { detail: "no channel configured".to_owned(), retry_at: Some(now.plus(WITHOUT_CHANNEL)) }
}

fn failed(row: &OutboxRow, fault: &SendFault, now: Timestamp) -> Delivery {
    let again = (!fault.permanent).then(|| backoff::next(row.attempts, row.created_at, now)).flatten();
    Delivery::Failed { detail: fault.detail.chars().take(300).collect(), retry_at: again }
}

/// Why a message is not worth sending any more. What may still wake the right person always is.
fn matters_no_more(kind: MessageKind, case: &Case, created_at: Timestamp) -> Option<&'static str> {
    let closed = case.workflow == Workflow::Closed;
    match kind {
        MessageKind::Page | MessageKind::Escalation | MessageKind::Notice => {
            let answered = case.responder.as_ref().and_then(|one| one.acknowledged_at);
            let later = answered.is_some_and(|at| at >= created_at);
            let back = case.is_settled().then_some("the signal is back");
            if later || closed { Some("it was acknowledged") } else { back }
        }
        MessageKind::Invitation => {
            let held = case.retrospective.held_at.is_some();
            let cancelled = case.confirmed == Some(Verdict::FalseAlarm);
            (held || cancelled || closed).then_some("the meeting is not needed any more")
        }
        MessageKind::WrittenRetrospective | MessageKind::RetrospectiveOverdue => {
            (case.retrospective.held_at.is_some() || closed).then_some("the retrospective was held")
        }
        MessageKind::HandOff => case.hand_off.is_none().then_some("the hand-off was accepted or withdrawn"),
        MessageKind::Informed | MessageKind::InvitationCancelled | MessageKind::Stabilised => None,
    }
}

/// Whether the receiver may act on the case from the message itself.
pub fn carries_link(kind: &str) -> bool {
    let kinds = [MessageKind::Page, MessageKind::Notice, MessageKind::Escalation];
    kinds.iter().any(|known| known.as_str() == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::sample;

    #[test]
    fn a_signal_that_is_back_wakes_nobody_and_its_retrospective_is_still_asked_for() {
        let case = sample::case(1);
        let back = Case { workflow: Workflow::Stabilised, ..case.clone() };
        for kind in [MessageKind::Page, MessageKind::Notice, MessageKind::Escalation] {
            assert_eq!(matters_no_more(kind, &case, sample::NOW), None, "{kind}");
            assert_eq!(matters_no_more(kind, &back, sample::NOW), Some("the signal is back"), "{kind}");
        }
        assert_eq!(matters_no_more(MessageKind::Invitation, &back, sample::NOW), None);
        let again = Case { workflow: Workflow::Reopened, ..case };
        assert_eq!(matters_no_more(MessageKind::Page, &again, sample::NOW), None);
    }
}

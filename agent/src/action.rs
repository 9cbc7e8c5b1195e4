//! What people do on this host, told to the collector: through the spool, so that nothing is lost while it is away.

use std::collections::BTreeMap;
use std::time::Duration;

use nearmiss_shared::action::{CaseNumber, HostAction, label};
use nearmiss_shared::identity::EventId;
use nearmiss_shared::vocabulary::EventKind;

use crate::pipeline::{Handle, Outbox, Remark};
use crate::store::{Fate, Store, StoreFault};
use crate::uplink::status::CONTACT_FAULT;

/// A person waits this long to hear whether the collector took it.
const PATIENCE: Duration = Duration::from_secs(3);
/// A remark is a sentence or two.
const LETTERS: usize = 2_000;

/// An `action` of `person` with these labels.
pub fn remark(
    action: HostAction,
    person: &str,
    reasons: Vec<String>,
    labels: impl IntoIterator<Item = (&'static str, String)>,
) -> Remark {
    let common = [(label::ACTION, action.to_string()), (label::PERSON, person.to_owned())];
    let labels: BTreeMap<String, String> =
        common.into_iter().chain(labels).map(|(name, value)| (name.to_owned(), value)).collect();
    Remark::new(EventKind::Action, reasons, labels)
}

/// A person's words: trimmed, bounded, without control characters.
pub fn words(text: &str) -> String {
    text.trim().chars().filter(|letter| !letter.is_control()).take(LETTERS).collect()
}

/// Puts a note on the timeline of a case, or of every running case of this host.
///
/// # Errors
/// It says nothing, cannot be written, or the collector refused it.
pub async fn note(
    way: &Way<'_>,
    person: &str,
    text: &str,
    case: Option<CaseNumber>,
) -> Result<String, String> {
    let text = words(text);
    if text.is_empty() {
        return Err("an empty note says nothing".to_owned());
    }
    let labels = case.map(|case| (label::CASE, case.to_string()));
    let written = way.pipeline.remark(remark(HostAction::Note, person, vec![text], labels)).await?;
    let about = case.map(|case| format!(" for {case}")).unwrap_or_default();
    way.told(&written.id, &format!("noted{about}")).await
}

/// Acknowledges a case from here.
///
/// # Errors
/// It cannot be written, or the collector refused it.
pub async fn acknowledge(
    way: &Way<'_>,
    person: &str,
    case: CaseNumber,
    comment: &str,
) -> Result<String, String> {
    let reasons = Some(words(comment)).filter(|comment| !comment.is_empty()).into_iter().collect();
    let labels = [(label::CASE, case.to_string())];
    let written = way.pipeline.remark(remark(HostAction::Acknowledge, person, reasons, labels)).await?;
    way.told(&written.id, &format!("acknowledged {case} as {person}")).await
}

/// The way of an action to the collector, and how it is seen to arrive.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    pub store: &'a Store,
    pub pipeline: &'a Handle,
    pub outbox: &'a Outbox,
    pub enrolled: bool,
}

impl Way<'_> {
    /// `done`, with where its event is now.
    ///
    /// # Errors
    /// The collector refused it.
    pub async fn told(&self, id: &EventId, done: &str) -> Result<String, String> {
        if !self.enrolled {
            return Ok(format!("{done}; kept here: this host is not enrolled at a collector"));
        }
        match self.fate(id).await.map_err(|fault| fault.to_string())? {
            Fate::Delivered => Ok(done.to_owned()),
            Fate::Waits => Ok(format!("{done}; it waits in the spool until the collector answers")),
            Fate::Refused(why) => Err(format!("the collector refused it: {why}")),
        }
    }

    /// Where the event is as soon as the collector has answered for it, or when patience ends; of one that is away no
    /// answer is waited for.
    async fn fate(&self, id: &EventId) -> Result<Fate, StoreFault> {
        let answered = async {
            loop {
                let settled = self.outbox.settled.notified();
                tokio::pin!(settled);
                // Listening before looking: an answer in between is not missed.
                settled.as_mut().enable();
                match self.store.fate(id).await? {
                    Fate::Waits => settled.await,
                    fate => return Ok(fate),
                }
            }
        };
        let away: Option<Option<String>> = self.store.value(CONTACT_FAULT).await?;
        if away.flatten().is_some() {
            return self.store.fate(id).await;
        }
        tokio::time::timeout(PATIENCE, answered).await.unwrap_or(Ok(Fate::Waits))
    }
}

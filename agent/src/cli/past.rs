//! What this host recorded, as commands read it: of one signal, within a range, the newest minute included.

use nearmiss_agent_core::history::{Hour, Sample};
use nearmiss_agent_core::proximity::Limits;
use nearmiss_agent_probe::Clock;

use super::Failure;
use super::arguments::Range;
use crate::control::{Question, ask};
use crate::history::Past;
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

/// The past of one signal of one subject, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) signal: String,
    pub(super) subject: String,
    pub(super) samples: Vec<Sample>,
    /// Of readings that are no longer kept one by one.
    pub(super) hours: Vec<Hour>,
}

impl Recorded {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.signal, self.subject).trim_end().to_owned()
    }
}

/// The past on the disk, whole: a running agent is asked to write out what it holds in memory. Where none answers, what
/// is there is all there is.
pub(super) async fn of(settings: &Settings) -> Past {
    drop(ask(&settings.control, &Question::KeepHistory).await);
    Past::of(&settings.state)
}

/// What was recorded of `signal`; a subject is needed only where there are several.
pub(super) async fn recorded(
    settings: &Settings,
    signal: &str,
    subject: Option<&str>,
    range: Range,
) -> Result<Recorded, Failure> {
    let past = of(settings).await;
    let unreadable = |fault| {
        Failure::unreachable(format!("the history in {} cannot be read: {fault}", settings.state.display()))
    };
    let subject = match subject {
        Some(subject) => subject.to_owned(),
        None => {
            only(past.outline(Some(signal)).map_err(unreadable)?.items.into_keys().map(|key| key.1), signal)?
        }
    };
    let (since, within) = range.at(Clock::from_environment().wall());
    let fine = past.readings(signal, &subject, since).map_err(unreadable)?;
    let hours = past.hours(signal, &subject).map_err(unreadable)?;
    tell_damage(fine.damaged + hours.damaged);
    let recorded = Recorded {
        signal: signal.to_owned(),
        samples: fine.items.into_iter().filter(|sample| within(sample.at)).collect(),
        hours: hours.items.into_iter().filter(|hour| within(hour.at)).collect(),
        subject,
    };
    if recorded.samples.is_empty() && recorded.hours.is_empty() {
        let why =
            format!("nothing is recorded of {}: `nearmiss-agent history` lists what is", recorded.name());
        return Err(Failure::unreachable(why));
    }
    Ok(recorded)
}

fn only(subjects: impl Iterator<Item = String>, signal: &str) -> Result<String, Failure> {
    let subjects: Vec<String> = subjects.collect();
    match subjects.as_slice() {
        [] => Err(Failure::unreachable(format!(
            "nothing is recorded of {signal}: `nearmiss-agent history` lists what is"
        ))),
        [one] => Ok(one.clone()),
        many => {
            Err(Failure::usage(format!("{signal} is recorded of several: say of which: {}", many.join(", "))))
        }
    }
}

/// Damage is no reason not to read the rest, and none to be silent.
pub(super) fn tell_damage(damaged: u64) {
    if damaged > 0 {
        output::problem(&format!("{damaged} damaged pieces of the history were left out"));
    }
}

/// The levels that the subject brought itself (a drive's trip temperature), as the agent has them now.
pub(super) async fn own_limits(settings: &Settings, signal: &str, subject: &str) -> Option<Limits> {
    let store = Store::open_read_only(&settings.state).await.ok()?;
    let (states, _) = store.states().await.ok()?;
    let of = |state: &&crate::store::StoredState| {
        state.state.signal() == signal && state.state.subject() == subject
    };
    states.iter().find(of)?.own
}

//! The register of standing hazards: near, known and not moving, or accepted by a person until a date.
//!
//! What its signal does is recorded there, not followed, until it comes near anew, fails, is back, or the date has come.

use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::{EventKind, Physical};

use super::command::need;
use super::{Move, Refusal};
use crate::entry::What;
use crate::person::first_responder;
use crate::words::{LuckClass, StoppedBy, TimerKind, Track, Verdict};

impl Move<'_> {
    /// Whether the case stays in the register whatever this event says.
    pub(super) const fn stays_registered(&self, kind: &EventKind) -> bool {
        let leaves = matches!(
            kind,
            EventKind::Approached | EventKind::Breached | EventKind::Recovered | EventKind::Retired
        );
        matches!(self.case.physical, Physical::Standing) && !leaves
    }

    /// The host says that it is near and does not move.
    pub(super) fn standing(&mut self) {
        self.case.proposed =
            Some(if self.case.drill.is_some() { Verdict::Drill } else { Verdict::StandingHazard });
        self.stop_waiting();
        self.case.luck = LuckClass::None;
        self.case.stopped_by = Some(StoppedBy::Unknown);
    }

    pub(super) fn accept(&mut self, until: Timestamp, reason: String) -> Result<(), Refusal> {
        self.may_be_accepted(until)?;
        need(&reason, "an acceptance has a reason")?;
        self.take_over();
        self.case.accepted_until = Some(until);
        self.case.physical = Physical::Standing;
        self.case.proposed = Some(Verdict::StandingHazard);
        self.stop_waiting();
        self.case.set_timer(TimerKind::AcceptanceEnds, until);
        self.tell(What::Accepted { until, reason });
        Ok(())
    }

    fn may_be_accepted(&self, until: Timestamp) -> Result<(), Refusal> {
        if self.case.drill.is_some() {
            return Err(Refusal::new(
                "a drill is not accepted",
                "it would silence the drill: abort it on the host",
            ));
        }
        if until <= self.now {
            return Err(Refusal::new("an acceptance ends later than now", format!("{until} has passed")));
        }
        if self.case.physical == Physical::Breached {
            return Err(Refusal::new("a failure is not accepted", "the failure limit was reached"));
        }
        if !self.is_running() && self.case.physical != Physical::Standing {
            return Err(Refusal::new("what is near is accepted", "the signal is already back"));
        }
        Ok(())
    }

    /// The date has come and it is still near: somebody answers for it anew.
    pub(super) fn acceptance_ends(&mut self) {
        if self.case.physical != Physical::Standing {
            return;
        }
        self.end_acceptance();
        self.tell_system(What::AcceptanceEnded);
        self.case.physical = Physical::Approached;
        self.reopen();
        self.undo_verdict();
        let Some(chosen) = first_responder(self.context.people, self.now) else { return };
        self.put_on(&chosen, self.case.track == Track::Serious && !self.case.draft);
    }

    /// A new case of the signal answers for it from here; this one stays in the register as it is.
    pub(super) fn followed(&mut self, by: &str) {
        self.end_acceptance();
        self.tell_system(What::note(format!("{by} follows: the signal came near anew")));
    }

    /// No date brings it back any more.
    pub(super) fn end_acceptance(&mut self) {
        self.case.accepted_until = None;
        self.case.clear_timer(TimerKind::AcceptanceEnds);
    }
}

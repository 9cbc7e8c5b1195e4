//! What people say of luck and of risk, beside what the rules propose. Both stay in the timeline, and the report shows both.

use nearmiss_shared::identity::BundleId;

use super::command::need;
use super::{Move, Refusal};
use crate::case::LuckSaid;
use crate::entry::What;
use crate::erc::{self, Barriers, ErcSaid, Outcome};
use crate::words::{Control, LuckClass, StoppedBy, Verdict};

impl Move<'_> {
    /// People may raise luck freely. To lower it, or to call controlled what was not, takes evidence of the case.
    pub(super) fn say_luck(
        &mut self,
        stopped_by: StoppedBy,
        luck: LuckClass,
        reason: String,
        evidence: Option<BundleId>,
    ) -> Result<(), Refusal> {
        if self.is_running() {
            return Err(Refusal::new("what stopped it is said when it is over", self.not_over()));
        }
        if self.case.drill.is_some() {
            return Err(Refusal::new("luck has no part in a drill", "its readings were made up"));
        }
        need(&reason, "what is said of luck has a reason")?;
        if stopped_by.control() == Control::Luck && luck != LuckClass::Main {
            let why = "luck and coincidence are luck in the main";
            return Err(Refusal::new("what luck stopped is luck", why));
        }
        if let Some(bundle) = evidence
            && self.case.evidence.iter().all(|known| known.bundle != bundle)
        {
            return Err(Refusal::new(
                "evidence is a bundle of the case",
                format!("{bundle} is none of its bundles"),
            ));
        }
        let was_controlled = self.case.control == Some(Control::Controlled);
        let is_controlled = stopped_by.control() == Control::Controlled;
        let lowers = luck < self.case.luck || (is_controlled && !was_controlled);
        if lowers && evidence.is_none() {
            let why = "name the bundle of the case that shows it";
            return Err(Refusal::new("lowering luck needs evidence", why));
        }
        let was = (self.case.stopped_by.unwrap_or(StoppedBy::Unknown), self.case.luck);
        let by = self.context.actor.name().to_owned();
        let said = LuckSaid { stopped_by, luck, reason: reason.clone(), evidence, by, at: self.now };
        self.case.luck_said = Some(said);
        self.case.luck = luck;
        self.case.stopped_by = Some(stopped_by);
        self.case.control = Some(stopped_by.control());
        self.case.erc = erc::propose(&self.case);
        let evidence = evidence.map(|bundle| bundle.to_string());
        self.tell(What::LuckSaid {
            stopped_by,
            luck,
            was_stopped_by: was.0,
            was_luck: was.1,
            reason,
            evidence,
        });
        Ok(())
    }

    /// A person confirms the cell, or another one with a reason.
    pub(super) fn classify(
        &mut self,
        outcome: Outcome,
        barriers: Barriers,
        reason: String,
    ) -> Result<(), Refusal> {
        if self.is_running() {
            return Err(Refusal::new("risk is classified when it is over", self.not_over()));
        }
        let not_risky = matches!(self.case.confirmed, Some(Verdict::FalseAlarm | Verdict::Drill));
        if not_risky || self.case.drill.is_some() {
            return Err(Refusal::new("a drill or a false alarm has no risk class", "nothing was at risk"));
        }
        let value = erc::value(outcome, barriers);
        if value != self.case.erc.value {
            need(&reason, "a risk class other than the proposed one has a reason")?;
        }
        let by = self.context.actor.name().to_owned();
        let proposed = self.case.erc.value;
        self.case.erc.confirmed =
            Some(ErcSaid { outcome, barriers, value, reason: reason.clone(), by, at: self.now });
        self.tell(What::Classified { outcome, barriers, value, proposed, reason });
        Ok(())
    }
}

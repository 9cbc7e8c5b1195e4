//! Nothing was approaching: a person says so, with what was wrong, where that can be seen, and what will mend it.

use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Role;

use super::command::need;
use super::{Move, Refusal};
use crate::case::Action;
use crate::entry::What;
use crate::verdict;
use crate::words::{ActionKind, ActionState, FalseAlarmCode, LuckClass, Verdict};

/// What was wrong is mended within this.
const MENDED_WITHIN: Span = Span::from_days(7);

impl Move<'_> {
    pub(super) fn false_alarm(
        &mut self,
        code: FalseAlarmCode,
        reason: String,
        evidence: String,
    ) -> Result<(), Refusal> {
        if let Some((rule, why)) = verdict::forbids_false_alarm(&self.case) {
            return Err(Refusal { rule, why });
        }
        need(&reason, "a false alarm says what was wrong")?;
        need(&evidence, "a false alarm names what shows it: a bundle, a page, a ticket")?;
        self.case.confirmed = Some(Verdict::FalseAlarm);
        self.case.luck = LuckClass::None;
        self.case.luck_said = None;
        self.settle();
        self.tell(What::CalledFalse { code, reason, evidence });
        self.mend(code);
        self.call_off();
        Ok(())
    }

    /// An alarm that was false is false again, unless its cause is mended: the task is not anybody's to leave out.
    fn mend(&mut self, code: FalseAlarmCode) {
        let (signal, subject) = (&self.case.signal, &self.case.subject);
        let (text, proof, owner) = match code {
            FalseAlarmCode::Sensor => (
                format!("mend what measures {signal} of {subject}, or replace it"),
                "the next reading beside one taken by hand",
                Role::Sysadmin,
            ),
            FalseAlarmCode::Threshold => (
                format!("set the levels of {signal} for {subject} anew"),
                "`replay` of the recorded history by the new rule opens nothing here",
                Role::Devops,
            ),
            FalseAlarmCode::PlannedWork => (
                "announce such work as maintenance before it begins".to_owned(),
                "the window in the rules, or the command in the runbook",
                Role::Sysadmin,
            ),
            FalseAlarmCode::Duplicate => (
                format!("let one rule alone tell of {signal} of {subject}"),
                "`config show` names one rule for it",
                Role::Devops,
            ),
        };
        self.tell_system(What::ActionAdded { action: ActionKind::Harden.to_string(), text: text.clone() });
        self.case.actions.push(Action {
            kind: ActionKind::Harden,
            text,
            owner,
            due: self.now.plus(MENDED_WITHIN),
            proof: proof.to_owned(),
            state: ActionState::Open,
        });
    }
}

//! All rules of a host: which one judges a signal.

use nearmiss_shared::wire::v1::RuleRef;

use super::{Declared, HYSTERESIS, Judgement, LogRule, REOPEN, Rule};
use crate::proximity::Limits;
use crate::signal::{Scale, SignalSpec, Table, main_signal, spec};
use nearmiss_shared::fault::Fault;

/// The subject prefix of drills: accepted by the table's rule whatever its `match`.
pub const DRILL_PREFIX: &str = "drill:";

/// The rules of all files, shipped ones first.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
}

impl RuleSet {
    /// Reads files in order; all their faults at once.
    pub fn parse(files: &[(String, String)]) -> Result<Self, Vec<Fault>> {
        let (rules, faults) = super::parse::files(files);
        if faults.is_empty() { Ok(Self { rules }) } else { Err(faults) }
    }

    /// The log rules, in order.
    pub fn log_rules(&self) -> Vec<(&Rule, &LogRule)> {
        let enabled = self.rules.iter().filter(|rule| rule.enabled);
        enabled
            .filter_map(|rule| match rule.declared.as_ref()? {
                Declared::Log(log) => Some((rule, log)),
            })
            .collect()
    }

    /// This set with the log rules of `shipped` before its own, where no rule of that name exists.
    #[must_use]
    pub fn with_shipped(mut self, shipped: Self) -> Self {
        let added: Vec<Rule> = shipped
            .rules
            .into_iter()
            .filter(|rule| self.rules.iter().all(|own| own.name != rule.name))
            .collect();
        self.rules.splice(0..0, added);
        self
    }

    /// How this signal of this subject is judged; `own` are the subject's own limits. `None` when nothing knows it,
    /// or a rule switches it off.
    pub fn judge(&self, signal: &str, subject: &str, own: Option<Limits>) -> Option<Judgement> {
        let spec = spec(signal)?;
        let rule = self.rules.iter().rev().find(|rule| applies(rule, spec, signal, subject));
        if rule.map_or(spec.table == Table::Log, |rule| !rule.enabled) {
            return None;
        }
        let mut judgement = resolve(rule, spec, own);
        judgement.rule.hash = judgement.hash();
        Some(judgement)
    }

    /// The shortest interval any rule or default of this table asks for.
    pub fn interval(&self, table: Table) -> Option<nearmiss_shared::time::Span> {
        let written = self
            .rules
            .iter()
            .filter(|rule| rule.table == table && rule.enabled)
            .filter_map(|rule| rule.interval);
        written.chain(main_signal(table).interval).min()
    }
}

fn applies(rule: &Rule, spec: &SignalSpec, signal: &str, subject: &str) -> bool {
    if rule.table != spec.table {
        return false;
    }
    if rule.table == Table::Log {
        return signal.strip_prefix("log.") == Some(rule.name.as_str());
    }
    if rule.signal.as_deref().is_some_and(|named| named != signal) {
        return false;
    }
    subject.starts_with(DRILL_PREFIX) || rule.subject.as_ref().is_none_or(|glob| glob.is_match(subject))
}

/// Levels of a rule that names no signal are meant for the table's main one; its times are for all.
fn resolve(rule: Option<&Rule>, spec: &'static SignalSpec, own: Option<Limits>) -> Judgement {
    let levels = rule.filter(|rule| rule.signal.is_some() || spec.name == main_signal(spec.table).name);
    let scale = match spec.scale {
        Scale::Ordinal(family) => Scale::Ordinal(family),
        Scale::Limited(shipped) => Scale::Limited(resolve_limits(levels, spec, shipped, own)),
    };
    Judgement {
        rule: RuleRef {
            name: rule.map_or_else(|| spec.table.as_str().to_owned(), |rule| rule.name.clone()),
            hash: String::new(),
        },
        scale,
        unit: spec.unit,
        category: rule.and_then(|rule| rule.category).unwrap_or(spec.category),
        interval: rule.and_then(|rule| rule.interval).or(spec.interval).filter(|_| spec.interval.is_some()),
        confirm: rule.and_then(|rule| rule.confirm).unwrap_or(spec.confirm),
        hold: rule.and_then(|rule| rule.hold).unwrap_or(spec.hold),
        hysteresis: rule.and_then(|rule| rule.clear).unwrap_or(HYSTERESIS),
        reopen: rule.and_then(|rule| rule.reopen).unwrap_or(REOPEN),
        forecast: rule.and_then(|rule| rule.forecast).unwrap_or(spec.forecast),
        horizon: rule.and_then(|rule| rule.horizon).unwrap_or(spec.horizon),
        response: spec.response,
        source: rule.and_then(|rule| rule.source.clone()).unwrap_or_else(|| spec.source.to_owned()),
    }
}

fn resolve_limits(rule: Option<&Rule>, spec: &SignalSpec, shipped: Limits, own: Option<Limits>) -> Limits {
    let Some(rule) = rule else { return own.unwrap_or(shipped) };
    let declared = rule.declared.as_ref().and_then(|declared| declared.levels(spec.name));
    // A drive's or unit's own limits may not fit beside a rule's: then the rule stands on the shipped ones.
    let bases = [own, declared, Some(shipped)].into_iter().flatten();
    bases.map(|base| written_over(base, rule)).find(Limits::are_ordered).unwrap_or(shipped)
}

/// The levels that a rule writes, over `base`.
fn written_over(base: Limits, rule: &Rule) -> Limits {
    Limits {
        normal: rule.normal.unwrap_or(base.normal),
        approach: rule.approach.unwrap_or(base.approach),
        critical: rule.critical.unwrap_or(base.critical),
        limit: rule.limit.unwrap_or(base.limit),
    }
}

/// The levels a rule would have on its table's defaults, for validation.
pub(super) fn levels_on_defaults(rule: &Rule) -> Option<Limits> {
    let spec = rule.signal.as_deref().map_or_else(|| Some(main_signal(rule.table)), spec)?;
    let Scale::Limited(shipped) = spec.scale else { return None };
    let declared = rule.declared.as_ref().and_then(|declared| declared.levels(spec.name));
    Some(written_over(declared.unwrap_or(shipped), rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> RuleSet {
        RuleSet::parse(&[("r.toml".to_owned(), text.to_owned())]).unwrap()
    }

    #[test]
    fn a_rule_that_is_switched_off_takes_its_matches_out_of_judgement() {
        let off = rules("[[filesystem]]\nname = \"scratch\"\nmatch = \"/scratch*\"\nenabled = false\n");
        assert!(off.judge("filesystem.free", "/scratch/a", None).is_none());
        assert!(off.judge("filesystem.free", "/srv", None).is_some());
        let no_disk = rules("[[disk]]\nname = \"none\"\nenabled = false\n");
        assert!(no_disk.judge("disk.pending_sectors", "drill:disk-failure", None).is_none());
    }

    #[test]
    fn a_shipped_log_rule_is_switched_off_by_its_name_alone() {
        let shipped = rules("[[log]]\nname = \"guessing\"\npattern = 'x'\n");
        let off = rules("[[log]]\nname = \"guessing\"\nenabled = false\n").with_shipped(shipped);
        assert!(off.log_rules().is_empty());
        assert!(off.judge("log.guessing", "a", None).is_none());
    }

    #[test]
    fn a_drill_is_judged_by_the_tables_rule_whatever_it_matches() {
        let rules = rules("[[disk]]\nname = \"story\"\nmatch = \"ST4000 *\"\n");
        let judgement = rules.judge("disk.pending_sectors", "drill:disk-failure", None).unwrap();
        assert_eq!(judgement.rule.name, "story");
    }
}

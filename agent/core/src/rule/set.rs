//! All rules of a host: which one judges a signal.

use nearmiss_shared::wire::v1::RuleRef;

use super::maintenance::{Occurrence, Window};
use super::{Declared, HYSTERESIS, Here, Judgement, LogRule, REOPEN, Rule};
use crate::proximity::Limits;
use crate::signal::{Scale, SignalSpec, Table, main_signal, spec};
use nearmiss_shared::fault::Fault;
use nearmiss_shared::time::{Span, Timestamp};

/// The subject prefix of drills: accepted by the table's rule whatever its `match`.
pub const DRILL_PREFIX: &str = "drill:";

/// The rules and maintenance windows of all files, shipped ones first.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    windows: Vec<Window>,
}

/// One way a signal may be judged.
#[derive(Debug)]
pub struct Resolved<'r> {
    /// `None`: no rule speaks of it, the shipped defaults do.
    pub rule: Option<&'r Rule>,
    /// `None`: the rule switches it off.
    pub judgement: Option<Judgement>,
}

impl RuleSet {
    /// Reads files in order; all their faults at once. What they hold is for the hosts it says:
    /// see [`Self::for_host`] and [`Self::anywhere`].
    pub fn parse(files: &[(String, String)]) -> Result<Self, Vec<Fault>> {
        let super::parse::Parsed { rules, windows, faults } = super::parse::files(files);
        if faults.is_empty() { Ok(Self { rules, windows }) } else { Err(faults) }
    }

    /// What is for this host. Of the rules of one name the last one counts, so that a rule for some hosts replaces
    /// one for all; of the windows too.
    #[must_use]
    pub fn for_host(self, here: &Here) -> Self {
        let rules = self.rules.into_iter().filter(|rule| rule.scope.covers(here)).collect();
        let windows = self.windows.into_iter().filter(|window| window.scope.covers(here));
        Self {
            rules: last_of_each(rules, |rule| &rule.name),
            windows: last_of_each(windows.map(|window| window.at(here)).collect(), |window| &window.name),
        }
    }

    /// Whatever hosts it is for: what a file says is tried out away from them. The last of a name counts.
    #[must_use]
    pub fn anywhere(self) -> Self {
        Self { rules: last_of_each(self.rules, |rule| &rule.name), windows: self.windows }
    }

    /// Every rule, in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Every window of maintenance, in order.
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// The window that covers this signal of this subject now; of several the one that ends last.
    pub fn maintenance_of(
        &self,
        signal: &str,
        subject: &str,
        now: Timestamp,
    ) -> Option<(&Window, Occurrence)> {
        let about = self.windows.iter().filter(|window| window.covers(signal, subject));
        let running = about.filter_map(|window| Some((window, window.running(now)?)));
        running.max_by_key(|(_, open)| open.until)
    }

    /// Every rule that declares something to look at, in order.
    pub fn declared(&self) -> impl Iterator<Item = (&Rule, &Declared)> {
        let enabled = self.rules.iter().filter(|rule| rule.enabled);
        enabled.filter_map(|rule| Some((rule, rule.declared.as_ref()?)))
    }

    /// The log rules, in order.
    pub fn log_rules(&self) -> Vec<(&Rule, &LogRule)> {
        self.declared()
            .filter_map(|(rule, declared)| match declared {
                Declared::Log(log) => Some((rule, log)),
                _ => None,
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
        judged(rule, spec, own)
    }

    /// Everything that may judge this signal, in the order in which it is asked: the first whose `match` covers a
    /// subject decides. Empty when nothing knows the signal.
    pub fn resolved(&self, signal: &str) -> Vec<Resolved<'_>> {
        let Some(spec) = spec(signal) else { return Vec::new() };
        let mut all = Vec::new();
        for rule in self.rules.iter().rev().filter(|rule| speaks_of(rule, spec, signal)) {
            all.push(Resolved { rule: Some(rule), judgement: judged(Some(rule), spec, None) });
            if rule.subject.is_none() || rule.table == Table::Log {
                return all;
            }
        }
        if !spec.table.is_declared() {
            all.push(Resolved { rule: None, judgement: judged(None, spec, None) });
        }
        all
    }

    /// How the rule of this name judges a signal of its table, whatever its `match`: its own signal or the table's
    /// main one.
    pub fn judge_by(&self, name: &str) -> Option<(String, Judgement)> {
        let rule = self.rules.iter().find(|rule| rule.name == name)?;
        let signal = match (&rule.signal, rule.table) {
            (Some(signal), _) => signal.clone(),
            (None, Table::Log) => format!("log.{}", rule.name),
            (None, table) => main_signal(table).name.to_owned(),
        };
        let judgement = judged(Some(rule), spec(&signal)?, None)?;
        Some((signal, judgement))
    }

    /// Rules that judge nothing, each with the later one that covers all they match. A rule that declares what to
    /// look at is never idle.
    pub fn idle(&self) -> Vec<(&Rule, &Rule)> {
        let later = |index: usize| self.rules.iter().skip(index + 1);
        let numbered = self.rules.iter().enumerate().filter(|(_, rule)| rule.declared.is_none());
        numbered
            .filter_map(|(index, rule)| Some((rule, later(index).find(|over| covers(over, rule))?)))
            .collect()
    }

    /// The shortest interval any rule or default of this table asks for. Rules of a signal that is looked at in its own
    /// time do not count.
    pub fn interval(&self, table: Table) -> Option<Span> {
        let main = main_signal(table);
        let is_own = |signal: &String| spec(signal).is_some_and(|spec| spec.interval != main.interval);
        let of_table = |rule: &&Rule| rule.table == table && !rule.signal.as_ref().is_some_and(is_own);
        self.shortest(of_table, main.interval)
    }

    /// The shortest interval for a signal that is looked at in its own time, as its shipped interval shows.
    pub fn own_interval(&self, signal: &str) -> Option<Span> {
        let shipped = spec(signal)?;
        let of_signal = |rule: &&Rule| {
            rule.table == shipped.table && rule.signal.as_deref().is_none_or(|named| named == signal)
        };
        self.shortest(of_signal, shipped.interval)
    }

    fn shortest(&self, wanted: impl Fn(&&Rule) -> bool, shipped: Option<Span>) -> Option<Span> {
        let rules = self.rules.iter().filter(|rule| rule.enabled).filter(wanted);
        rules.filter_map(|rule| rule.interval).chain(shipped).min()
    }
}

/// The last of each name, in order.
fn last_of_each<T>(all: Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
    let names: Vec<String> = all.iter().map(|one| name(one).to_owned()).collect();
    let last = |(index, one): (usize, T)| {
        (!names.iter().skip(index + 1).any(|later| *later == name(&one))).then_some(one)
    };
    all.into_iter().enumerate().filter_map(last).collect()
}

/// Whether `over`, which comes later, decides wherever `rule` would.
fn covers(over: &Rule, rule: &Rule) -> bool {
    let text = |rule: &Rule| rule.subject.as_ref().map(|glob| glob.glob().glob().to_owned());
    let signals = over.signal.is_none() || over.signal == rule.signal;
    let subjects = over.subject.is_none() || text(over) == text(rule);
    over.table == rule.table && rule.table != Table::Log && signals && subjects
}

fn judged(rule: Option<&Rule>, spec: &'static SignalSpec, own: Option<Limits>) -> Option<Judgement> {
    if rule.map_or(spec.table.is_declared(), |rule| !rule.enabled) {
        return None;
    }
    let mut judgement = resolve(rule, spec, own);
    judgement.rule.hash = judgement.hash(rule.and_then(|rule| rule.declared.as_ref()));
    Some(judgement)
}

fn applies(rule: &Rule, spec: &SignalSpec, signal: &str, subject: &str) -> bool {
    let chosen = || {
        subject.starts_with(DRILL_PREFIX) || rule.subject.as_ref().is_none_or(|glob| glob.is_match(subject))
    };
    speaks_of(rule, spec, signal) && (rule.table == Table::Log || chosen())
}

/// Whether the rule judges this signal of some subject.
fn speaks_of(rule: &Rule, spec: &SignalSpec, signal: &str) -> bool {
    if rule.table == Table::Log {
        return signal.strip_prefix("log.") == Some(rule.name.as_str());
    }
    rule.table == spec.table && rule.signal.as_deref().is_none_or(|named| named == signal)
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
        hazard: rule.is_some_and(|rule| rule.hazard),
        horizon: rule.and_then(|rule| rule.horizon).unwrap_or(spec.horizon),
        response: spec.response,
        // It tells of the levels, and goes where they go.
        source: levels.and_then(|rule| rule.source.clone()).unwrap_or_else(|| spec.source.to_owned()),
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
mod tests;

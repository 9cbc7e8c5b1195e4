//! `config show`: which rule judges each signal on this host, by which levels, and where they come from.
//!
//! Without a signal one line each: of a signal's lines the first whose `match` covers a subject decides. With one,
//! everything that decides. What a subject says of itself (a drive's own trip temperature, a unit's start limit) is
//! known only where it is looked at, and goes before the shipped levels.

use nearmiss_agent_core::log::LOG_PREFIX;
use nearmiss_agent_core::rule::{Judgement, Resolved, RuleSet};
use nearmiss_agent_core::signal::{Scale, Table, signals};
use serde_json::{Value, json};

use crate::cli::arguments::Show;
use crate::cli::{Config, Ended, Exit, Failure, columns};
use crate::output::{self, Terminal};
use crate::settings::SHIPPED;

/// One way a signal is judged here.
struct Row<'r> {
    signal: String,
    resolved: Resolved<'r>,
}

pub(in crate::cli) fn run(file: &Config, options: &Show) -> Ended {
    let settings = file.load()?;
    let rows = rows(&settings.rules, options)?;
    if options.json {
        for row in &rows {
            output::json(&row.json())?;
        }
        return Ok(Exit::Fine);
    }
    let lines = match &options.signal {
        Some(_) => rows.iter().flat_map(Row::in_full).collect(),
        None => {
            let head = ["signal", "match", "rule", "normal > approach > critical > limit", "hash", "from"];
            let head = vec![head.map(str::to_owned).to_vec()];
            let table: Vec<Vec<String>> = head.into_iter().chain(rows.iter().map(Row::columns)).collect();
            columns::lines(&table, Terminal::of_output())
        }
    };
    for line in lines {
        output::line(&line)?;
    }
    Ok(Exit::Fine)
}

fn rows<'r>(rules: &'r RuleSet, options: &Show) -> Result<Vec<Row<'r>>, Failure> {
    let logs = rules.rules().iter().filter(|rule| rule.table == Table::Log);
    let known: Vec<String> = signals()
        .map(|spec| spec.name.to_owned())
        .chain(logs.map(|rule| format!("{LOG_PREFIX}{}", rule.name)))
        .collect();
    if let Some(asked) = options.signal.as_ref().filter(|asked| !known.contains(asked)) {
        return Err(Failure::usage(format!("no signal `{asked}`; there are {}", known.join(", "))));
    }
    let asked = known.into_iter().filter(|name| options.signal.as_ref().is_none_or(|asked| asked == name));
    let mut rows = Vec::new();
    for signal in asked {
        let all = rules.resolved(&signal).into_iter();
        let about =
            |row: &Resolved<'_>| match (&options.subject, row.rule.and_then(|rule| rule.subject.as_ref())) {
                (Some(subject), Some(glob)) => signal.starts_with(LOG_PREFIX) || glob.is_match(subject),
                _ => true,
            };
        let shown = all.filter(about).take(if options.subject.is_some() { 1 } else { usize::MAX });
        rows.extend(shown.map(|resolved| Row { signal: signal.clone(), resolved }));
    }
    Ok(rows)
}

impl Row<'_> {
    fn matches(&self) -> &str {
        let glob = self.resolved.rule.and_then(|rule| rule.subject.as_ref());
        glob.map_or("*", |glob| glob.glob().glob())
    }

    fn name(&self) -> &str {
        self.resolved.rule.map_or(SHIPPED, |rule| &rule.name)
    }

    fn place(&self) -> &str {
        self.resolved.rule.map_or(SHIPPED, |rule| &rule.place)
    }

    /// The place without its folder, which is the same for all.
    fn file(&self) -> &str {
        let place = self.place();
        match place.rsplit('/').next() {
            Some(shipped) if shipped.starts_with(SHIPPED) => SHIPPED,
            file => file.unwrap_or(place),
        }
    }

    fn columns(&self) -> Vec<String> {
        let judgement = self.resolved.judgement.as_ref();
        let hash = judgement.map_or(String::new(), |judgement| judgement.rule.hash.clone());
        let levels = judgement.map_or_else(|| "switched off".to_owned(), Judgement::told_levels);
        [&self.signal, self.matches(), self.name(), &levels, &hash, self.file()].map(str::to_owned).to_vec()
    }

    /// Everything that decides, in words.
    fn in_full(&self) -> Vec<String> {
        let mut lines = vec![format!("{} of {}", self.signal, self.matches())];
        let mut line = |name: &str, value: String| lines.push(format!("  {name:<10} {value}"));
        line(
            "rule",
            match self.resolved.rule {
                Some(rule) => format!("{}, from {}", rule.name, rule.place),
                None => "none: the shipped defaults".to_owned(),
            },
        );
        let Some(judgement) = &self.resolved.judgement else {
            line("judged", "no: the rule switches it off".to_owned());
            return lines;
        };
        line("levels", judgement.told_levels());
        let (confirm, hold, reopen) = (judgement.confirm, judgement.hold, judgement.reopen);
        let each = judgement.interval.map_or(String::new(), |interval| format!(", one every {interval}"));
        let samples = if confirm == 1 { "sample" } else { "samples" };
        line("opens", format!("after {confirm} {samples} past approach{each}"));
        if judgement.forecast {
            let horizon = judgement.horizon;
            line("", format!("or before that, when failure is within {horizon} at the rate seen"));
        }
        let reset = judgement.reset();
        line(
            "ends",
            format!("after {hold} below closeness {reset:.2}; anew after {reopen} it is a new case"),
        );
        line("category", judgement.category.to_string());
        line("source", judgement.source.clone());
        line("hash", judgement.rule.hash.clone());
        lines
    }

    fn json(&self) -> Value {
        let mut value = json!({
            "signal": self.signal, "match": self.matches(), "from": self.place(),
            "rule": self.name(), "enabled": self.resolved.judgement.is_some(),
        });
        let deciding = self.resolved.judgement.as_ref().map(deciding);
        if let (Some(object), Some(Value::Object(deciding))) = (value.as_object_mut(), deciding) {
            object.extend(deciding);
        }
        value
    }
}

fn deciding(judgement: &Judgement) -> Value {
    let limits = judgement.limits();
    json!({
        "hash": judgement.rule.hash, "unit": judgement.unit, "category": judgement.category,
        "source": judgement.source, "ordinal": matches!(judgement.scale, Scale::Ordinal(_)),
        "normal": limits.map(|limits| limits.normal), "approach": limits.map(|limits| limits.approach),
        "critical": limits.map(|limits| limits.critical), "limit": limits.map(|limits| limits.limit),
        "interval": judgement.interval.map(|interval| interval.as_seconds()), "confirm": judgement.confirm,
        "hold": judgement.hold.as_seconds(), "clear": judgement.hysteresis,
        "reopen": judgement.reopen.as_seconds(), "forecast": judgement.forecast,
        "horizon": judgement.horizon.as_seconds(),
    })
}

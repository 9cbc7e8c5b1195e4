//! Rules files: walked with their spans, so that every fault is told with its line.

use globset::{Glob, GlobMatcher};
use nearmiss_shared::vocabulary::Category;
use toml_edit::{Item, TableLike};

use super::set::levels_on_defaults;
use super::{Declared, Rule};
use crate::signal::{Scale, Table, signals};
use nearmiss_shared::fault::{Fault, Reader};

const KEYS: &[&str] = &[
    "name",
    "enabled",
    "match",
    "signal",
    "normal",
    "approach",
    "critical",
    "limit",
    "direction",
    "interval",
    "confirm",
    "hold",
    "clear",
    "reopen",
    "forecast",
    "horizon",
    "category",
    "evidence",
    "source",
];

/// Every rule and every fault of these files (name, text).
pub(super) fn files(files: &[(String, String)]) -> (Vec<Rule>, Vec<Fault>) {
    let mut rules: Vec<Rule> = Vec::new();
    let mut faults = Vec::new();
    for (file, text) in files {
        let mut reader = Reader::new(file, text);
        if let Some(document) = reader.document() {
            let tables: Vec<&str> = Table::ALL.iter().map(|table| table.as_str()).collect();
            reader.only(document.as_table(), "a rules file", &tables);
            for table in Table::ALL {
                for (item, at) in entries(&mut reader, document.as_table(), *table) {
                    rules.extend(rule(&mut reader, *table, item, at, &rules));
                }
            }
        }
        faults.append(&mut reader.faults);
    }
    (rules, faults)
}

pub(super) type At = Option<std::ops::Range<usize>>;

fn entries<'t>(
    reader: &mut Reader<'_>,
    document: &'t toml_edit::Table,
    table: Table,
) -> Vec<(&'t dyn TableLike, At)> {
    match document.get(table.as_str()) {
        None => Vec::new(),
        Some(Item::ArrayOfTables(array)) => {
            array.iter().map(|entry| (entry as &dyn TableLike, entry.span())).collect()
        }
        Some(item) => {
            reader.fault(
                item.span(),
                format!("`{table}` is {}", item.type_name()),
                format!("write [[{table}]] for each rule"),
            );
            Vec::new()
        }
    }
}

fn rule(
    reader: &mut Reader<'_>,
    table: Table,
    entry: &dyn TableLike,
    at: At,
    earlier: &[Rule],
) -> Option<Rule> {
    let place = format!("[[{table}]]");
    let known = [KEYS, Declared::keys(table)].concat();
    reader.only(entry, &place, &known);
    let before = reader.faults.len();
    let name = reader.string(entry, "name");
    if entry.get("name").is_none() {
        reader.fault(at.clone(), format!("{place} has no `name`"), "every rule is named");
    }
    if let Some(twin) = name.as_ref().and_then(|name| earlier.iter().find(|rule| rule.name == *name)) {
        reader.fault(
            at.clone(),
            format!("a second rule named `{}`", twin.name),
            "names are unique in all files",
        );
    }
    let enabled = reader.boolean(entry, "enabled").unwrap_or(true);
    let declared = Declared::read(reader, table, entry, at.clone(), enabled);
    let name = name.unwrap_or_default();
    let made = declared.as_ref().and_then(|declared| declared.subjects(&name));
    let rule = Rule {
        name,
        table,
        enabled,
        signal: signal(reader, table, entry),
        subject: glob(reader, entry).or_else(|| Some(Glob::new(&made?).ok()?.compile_matcher())),
        normal: reader.number(entry, "normal"),
        approach: reader.number(entry, "approach"),
        critical: reader.number(entry, "critical"),
        limit: reader.number(entry, "limit"),
        interval: reader.span(entry, "interval", false),
        confirm: reader.integer(entry, "confirm", 1..10_001).and_then(|count| u32::try_from(count).ok()),
        hold: reader.span(entry, "hold", false),
        clear: reader.number(entry, "clear"),
        reopen: reader.span(entry, "reopen", false),
        forecast: reader.boolean(entry, "forecast"),
        horizon: reader.span(entry, "horizon", false),
        category: category(reader, entry),
        evidence: reader.string(entry, "evidence"),
        source: reader.string(entry, "source"),
        declared,
    };
    check_levels(reader, &rule, entry, at);
    (reader.faults.len() == before).then_some(rule)
}

fn signal(reader: &mut Reader<'_>, table: Table, entry: &dyn TableLike) -> Option<String> {
    let named = reader.string(entry, "signal")?;
    let known: Vec<&str> = signals().filter(|spec| spec.table == table).map(|spec| spec.name).collect();
    if !known.contains(&named.as_str()) {
        let at = entry.get("signal").and_then(Item::span);
        reader.fault(
            at,
            format!("[[{table}]] has no signal `{named}`"),
            format!("one of {}", known.join(", ")),
        );
    }
    Some(named)
}

fn glob(reader: &mut Reader<'_>, entry: &dyn TableLike) -> Option<GlobMatcher> {
    let text = reader.string(entry, "match")?;
    match Glob::new(&text) {
        Ok(glob) => Some(glob.compile_matcher()),
        Err(fault) => {
            let at = entry.get("match").and_then(Item::span);
            reader.fault(
                at,
                format!("`match` is no glob: {}", fault.kind()),
                "such as \"/srv\" or \"/data/*\"",
            );
            None
        }
    }
}

fn category(reader: &mut Reader<'_>, entry: &dyn TableLike) -> Option<Category> {
    let text = reader.string(entry, "category")?;
    match text.parse() {
        Ok(category) => Some(category),
        Err(fault) => {
            let at = entry.get("category").and_then(Item::span);
            reader.fault(at, fault.to_string(), "a category of the specification");
            None
        }
    }
}

fn check_levels(reader: &mut Reader<'_>, rule: &Rule, entry: &dyn TableLike, at: At) {
    let written = ["normal", "approach", "critical", "limit"].iter().find_map(|key| entry.get(key));
    if let Some(direction) = reader.string(entry, "direction")
        && !matches!(direction.as_str(), "rising" | "falling")
    {
        let at = entry.get("direction").and_then(Item::span);
        reader.fault(at, format!("`direction` is `{direction}`"), "\"rising\" or \"falling\" is expected");
    }
    if let Some(clear) = rule.clear
        && !(0.0..1.0).contains(&clear)
    {
        reader.fault(
            entry.get("clear").and_then(Item::span),
            format!("`clear` is {clear}"),
            "a proximity from 0 to 1",
        );
    }
    let Some(levels) = written.and_then(|_| levels_on_defaults(rule)) else {
        let ordinal = rule.signal.as_deref().and_then(crate::signal::spec);
        if written.is_some() && ordinal.is_some_and(|spec| matches!(spec.scale, Scale::Ordinal(_))) {
            reader.fault(
                at,
                "levels for a count that has no failure limit",
                "its closeness comes from the shipped table",
            );
        }
        return;
    };
    if !levels.are_ordered() {
        let told = format!(
            "normal {}, approach {}, critical {}, limit {} do not follow each other",
            levels.normal, levels.approach, levels.critical, levels.limit
        );
        reader.fault(
            written.and_then(Item::span).or(at),
            told,
            "each must lie between the one before it and the limit",
        );
    }
}

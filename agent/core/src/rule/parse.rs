//! Rules files: walked with their spans, so that every fault is told with its line.

use globset::{Glob, GlobMatcher};
use nearmiss_shared::vocabulary::Category;
use toml_edit::{Item, TableLike};

use super::maintenance::{self, Window};
use super::set::levels_on_defaults;
use super::{Declared, HYSTERESIS, Rule, Scope, scope};
use crate::proximity::Limits;
use crate::signal::{Scale, Table, main_signal, signals, spec};
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
    "hazard",
    "horizon",
    "category",
    "evidence",
    "source",
];

/// What the files hold, and every fault of theirs.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) rules: Vec<Rule>,
    pub(super) windows: Vec<Window>,
    pub(super) faults: Vec<Fault>,
}

/// Reads these files (name, text) in order.
pub(super) fn files(files: &[(String, String)]) -> Parsed {
    let mut parsed = Parsed::default();
    for (file, text) in files {
        let mut reader = Reader::new(file, text);
        if let Some(document) = reader.document() {
            let tables: Vec<&str> = Table::ALL.iter().map(|table| table.as_str()).collect();
            reader.only(document.as_table(), "a rules file", &[&tables[..], &[maintenance::TABLE]].concat());
            for table in Table::ALL {
                for (item, at) in entries(&mut reader, document.as_table(), table.as_str()) {
                    let read = rule(&mut reader, *table, item, at, &parsed.rules);
                    parsed.rules.extend(read);
                }
            }
            for (item, at) in entries(&mut reader, document.as_table(), maintenance::TABLE) {
                let read = window(&mut reader, item, at, &parsed.windows);
                parsed.windows.extend(read);
            }
        }
        reader.faults.sort_by_key(|fault| fault.line);
        parsed.faults.append(&mut reader.faults);
    }
    parsed
}

fn window(reader: &mut Reader<'_>, entry: &dyn TableLike, at: At, earlier: &[Window]) -> Option<Window> {
    let window = maintenance::read(reader, entry, at.clone())?;
    let names = earlier.iter().map(|twin| (twin.name.as_str(), &twin.scope, twin.place.as_str()));
    unique(reader, at, ("window", &window.name), &window.scope, names).then_some(window)
}

/// Names are unique among those that are for the same hosts. A rule for every host that comes after one for some
/// would replace it on all of them.
fn unique<'e>(
    reader: &mut Reader<'_>,
    at: At,
    (kind, name): (&str, &str),
    scope: &Scope,
    earlier: impl Iterator<Item = (&'e str, &'e Scope, &'e str)>,
) -> bool {
    let mut twins =
        earlier.filter(|(twin, other, _)| *twin == name && (*other == scope || scope.is_everywhere()));
    let Some((_, other, place)) = twins.next() else { return true };
    if other == scope {
        let what = format!("a second {kind} named `{name}`; the first is at {place}");
        reader.fault(
            at,
            what,
            "names are unique in all files, but for those with another `host` or `labels`",
        );
    } else {
        let what =
            format!("this {kind} is for every host, so the one named `{name}` at {place} never counts");
        reader.fault(at, what, "put the one for every host first");
    }
    false
}

pub(super) type At = Option<std::ops::Range<usize>>;

fn entries<'t>(
    reader: &mut Reader<'_>,
    document: &'t toml_edit::Table,
    table: &str,
) -> Vec<(&'t dyn TableLike, At)> {
    match document.get(table) {
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
    let known = [KEYS, &scope::KEYS, Declared::keys(table)].concat();
    reader.only(entry, &place, &known);
    let before = reader.faults.len();
    let name = reader.string(entry, "name");
    if entry.get("name").is_none() {
        reader.fault(at.clone(), format!("{place} has no `name`"), "every rule is named");
    }
    let scope = Scope::read(reader, entry);
    if let Some(name) = &name {
        let names = earlier.iter().map(|twin| (twin.name.as_str(), &twin.scope, twin.place.as_str()));
        unique(reader, at.clone(), ("rule", name), &scope, names);
    }
    let enabled = reader.boolean(entry, "enabled").unwrap_or(true);
    let declared = Declared::read(reader, table, entry, at.clone(), enabled);
    let name = name.unwrap_or_default();
    let made = declared.as_ref().and_then(|declared| declared.subjects(&name));
    let rule = Rule {
        name,
        table,
        place: reader.place(at.clone()),
        scope,
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
        hazard: reader.boolean(entry, "hazard").unwrap_or(false),
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
    let levels = levels_on_defaults(rule);
    if let Some(clear) = rule.clear {
        // Back below reset must be somewhere: at or beyond normal a signal would never recede.
        let most = levels.filter(Limits::are_ordered).map_or(1.0, |levels| levels.proximity(levels.approach));
        if !(0.0..most).contains(&clear) {
            let at = entry.get("clear").and_then(Item::span);
            let expected = format!(
                "a proximity from 0 to below {most:.2}, where approach is; {HYSTERESIS} is the default"
            );
            reader.fault(at, format!("`clear` is {clear}"), expected);
        }
    }
    check_direction(reader, entry, levels);
    let Some(written) = written else { return };
    let main = rule.signal.as_deref().map_or_else(|| Some(main_signal(rule.table)), spec);
    if main.is_some_and(|spec| matches!(spec.scale, Scale::Ordinal(_))) {
        let what = "levels for a count that has no failure limit";
        reader.fault(written.span().or(at), what, "its closeness comes from the shipped table");
    } else if let Some(levels) = levels.filter(|levels| !levels.are_ordered()) {
        let told = format!(
            "normal {}, approach {}, critical {}, limit {} do not follow each other",
            levels.normal, levels.approach, levels.critical, levels.limit
        );
        let expected = "each must lie between the one before it and the limit";
        reader.fault(written.span().or(at), told, expected);
    }
}

/// `direction` decides nothing: it says what was meant, so that swapped levels are found.
fn check_direction(reader: &mut Reader<'_>, entry: &dyn TableLike, levels: Option<Limits>) {
    let Some(direction) = reader.string(entry, "direction") else { return };
    let at = entry.get("direction").and_then(Item::span);
    if !matches!(direction.as_str(), "rising" | "falling") {
        reader.fault(at, format!("`direction` is `{direction}`"), "\"rising\" or \"falling\" is expected");
    } else if let Some(levels) =
        levels.filter(|levels| (levels.limit > levels.normal) != (direction == "rising"))
    {
        let what = format!("`direction` is `{direction}`, from {} to {}", levels.normal, levels.limit);
        reader.fault(at, what, "the limit must lie where the signal goes when it fails");
    }
}

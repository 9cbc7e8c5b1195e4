//! Maintenance that comes again: windows of planned work, by weekday and by a zone's clock on the wall.
//!
//! ```toml
//! [[maintenance]]
//! name = "weekend patching"
//! days = ["sat-sun"]         # on which it begins; every day when left out
//! from = "22:00"
//! until = "02:00"            # of the next day, since it is not after `from`
//! zone = "Asia/Karachi"      # the host's own when left out
//! ```
//! `signals` and `match` limit it to some signals and subjects, `host` and `labels` to some hosts, and `until_date` is
//! the last day on which it begins. Watching goes on; what is told meanwhile carries the fact, so that nobody is paged.

mod calendar;

use globset::{Glob, GlobMatcher};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use nearmiss_shared::fault::Reader;
use nearmiss_shared::time::Timestamp;
use toml_edit::{Item, TableLike};

use super::parse::At;
use super::{Here, Scope, scope};
use crate::signal::signals;

pub use calendar::Occurrence;
use calendar::{Days, Weekly, minute};

/// The table's name in a rules file.
pub(super) const TABLE: &str = "maintenance";
const KEYS: [&str; 9] = ["name", "days", "from", "until", "zone", "until_date", "signals", "match", "reason"];

/// One window as written.
#[derive(Clone, Debug)]
pub struct Window {
    pub name: String,
    /// `file:line`.
    pub place: String,
    pub scope: Scope,
    weekly: Weekly,
    /// `None` is the host's own.
    zone: Option<TimeZone>,
    signals: Vec<GlobMatcher>,
    subject: Option<GlobMatcher>,
    /// Why nobody is to be paged; the name when nothing was written.
    pub reason: String,
}

impl Window {
    /// The window with the host's zone where it names none.
    pub(super) fn at(mut self, here: &Here) -> Self {
        self.zone.get_or_insert_with(|| here.zone.clone());
        self
    }

    /// The occurrence that `now` lies in.
    pub fn running(&self, now: Timestamp) -> Option<Occurrence> {
        self.weekly.running(&self.zone(), now)
    }

    /// The first occurrence that begins after `now`.
    pub fn next(&self, now: Timestamp) -> Option<Occurrence> {
        self.weekly.next(&self.zone(), now)
    }

    /// Whether it is about this signal of this subject.
    pub fn covers(&self, signal: &str, subject: &str) -> bool {
        let named = self.signals.is_empty() || self.signals.iter().any(|glob| glob.is_match(signal));
        named && self.subject.as_ref().is_none_or(|glob| glob.is_match(subject))
    }

    /// What it is limited to, as written; empty when it is about the whole host.
    pub fn limited_to(&self) -> Vec<String> {
        self.signals.iter().chain(&self.subject).map(|glob| glob.glob().glob().to_owned()).collect()
    }

    fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or(TimeZone::UTC)
    }
}

/// Reads one window; `None` with faults.
pub(super) fn read(reader: &mut Reader<'_>, entry: &dyn TableLike, at: At) -> Option<Window> {
    let before = reader.faults.len();
    reader.only(entry, "[[maintenance]]", &[&KEYS[..], &scope::KEYS].concat());
    let name = reader.required(entry, at.clone(), "name", |text| match text.trim() {
        "" => Err("a name is expected"),
        name => Ok(name.to_owned()),
    });
    let from =
        reader.required(entry, at.clone(), "from", |text| minute(text).filter(|at| *at < 1440).ok_or(TIME));
    let until = reader.required(entry, at.clone(), "until", |text| minute(text).ok_or(TIME));
    if from.is_some() && from == until {
        let at = entry.get("until").and_then(Item::span);
        reader.fault(at, "`until` is `from`", "a whole day is from \"00:00\" until \"24:00\"");
    }
    let zone = reader.parsed(entry, "zone", |text| TimeZone::get(text).map_err(|_| ZONE));
    let last = reader.parsed(entry, "until_date", |text| text.parse::<Date>().map_err(|_| DATE));
    let window = Window {
        place: reader.place(at),
        scope: Scope::read(reader, entry),
        weekly: Weekly {
            days: days(reader, entry),
            from: from.unwrap_or(0),
            until: until.unwrap_or(0),
            last,
        },
        zone,
        signals: signal_globs(reader, entry),
        subject: reader.parsed(entry, "match", glob),
        reason: reader.string(entry, "reason").or_else(|| name.clone()).unwrap_or_default(),
        name: name.unwrap_or_default(),
    };
    (reader.faults.len() == before).then_some(window)
}

const TIME: &str = "a time of day such as \"22:00\" is expected";
const ZONE: &str = "a zone of the IANA database such as \"Asia/Karachi\" is expected";
const DATE: &str = "a day such as \"2027-03-31\" is expected";

fn glob(text: &str) -> Result<GlobMatcher, String> {
    Glob::new(text).map(|glob| glob.compile_matcher()).map_err(|fault| format!("no glob: {}", fault.kind()))
}

/// One text or a list of them under `key`.
fn texts(reader: &mut Reader<'_>, entry: &dyn TableLike, key: &str) -> Vec<String> {
    match entry.get(key).and_then(Item::as_str) {
        Some(text) => vec![text.to_owned()],
        None => reader.strings(entry, key).unwrap_or_default(),
    }
}

fn days(reader: &mut Reader<'_>, entry: &dyn TableLike) -> Days {
    if !entry.contains_key("days") {
        return Days::EVERY;
    }
    let mut days = Days::NONE;
    let written = texts(reader, entry, "days");
    for text in &written {
        if !days.add(text) {
            let at = entry.get("days").and_then(Item::span);
            reader.fault(
                at,
                format!("`days` has {text:?}"),
                "a day such as \"sat\" or days such as \"mon-fri\"",
            );
        }
    }
    if written.is_empty() && entry.get("days").is_some_and(Item::is_array) {
        let at = entry.get("days").and_then(Item::span);
        reader.fault(at, "`days` is empty: it never begins", "leave it out for every day");
    }
    days
}

/// Globs over signal names; one that can match no signal is a fault.
fn signal_globs(reader: &mut Reader<'_>, entry: &dyn TableLike) -> Vec<GlobMatcher> {
    let mut globs = Vec::new();
    for text in texts(reader, entry, "signals") {
        let at = entry.get("signals").and_then(Item::span);
        match glob(&text) {
            Err(fault) => reader.fault(at, format!("`signals` has {text:?}"), fault),
            Ok(glob) if text.starts_with("log.") || signals().any(|spec| glob.is_match(spec.name)) => {
                globs.push(glob);
            }
            Ok(_) => reader.fault(
                at,
                format!("no signal is named {text:?}"),
                "such as \"filesystem.*\"; `config show` lists every signal",
            ),
        }
    }
    globs
}

#[cfg(test)]
mod tests {
    use super::super::RuleSet;

    fn faults(text: &str) -> Vec<String> {
        let parsed = RuleSet::parse(&[("m.toml".to_owned(), text.to_owned())]);
        parsed.map(|_| Vec::new()).unwrap_or_else(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_fault_of_a_window_is_told_with_its_line() {
        let text = "[[maintenance]]\ndays = [\"sat\", \"mun\"]\nfrom = \"25:00\"\nuntil = \"02:00\"\n\
                    zone = \"Asia/Karatchi\"\nuntil_date = \"soon\"\nsignals = [\"filesytem.*\"]\nfro = 1\n\
                    [[maintenance]]\nname = \"a\"\nfrom = \"02:00\"\nuntil = \"02:00\"\ndays = []\n";
        let told = faults(text);
        for expected in [
            "m.toml:8: unknown key `fro` in [[maintenance]]; did you mean `from`?",
            "m.toml:1: `name` is missing",
            "m.toml:2: `days` has \"mun\"",
            "m.toml:3: `from` is \"25:00\"",
            "m.toml:5: `zone` is \"Asia/Karatchi\"",
            "m.toml:6: `until_date` is \"soon\"",
            "m.toml:7: no signal is named \"filesytem.*\"",
            "m.toml:12: `until` is `from`",
            "m.toml:13: `days` is empty: it never begins",
        ] {
            assert!(told.iter().any(|fault| fault.starts_with(expected)), "{expected}\nin {told:#?}");
        }
        assert_eq!(told.len(), 9, "{told:#?}");
    }

    #[test]
    fn a_second_window_of_the_same_name_for_the_same_hosts_is_a_fault() {
        let window = "[[maintenance]]\nname = \"a\"\nfrom = \"01:00\"\nuntil = \"02:00\"\n";
        let told = faults(&[window, window].concat());
        assert_eq!(told.len(), 1);
        assert!(
            told[0].starts_with("m.toml:5: a second window named `a`; the first is at m.toml:1"),
            "{told:?}"
        );
    }

    #[test]
    fn a_window_may_be_limited_to_signals_and_subjects() {
        let text = "[[maintenance]]\nname = \"a\"\nfrom = \"01:00\"\nuntil = \"02:00\"\nzone = \"UTC\"\n\
                    signals = \"filesystem.*\"\nmatch = \"/srv*\"\n";
        let rules = RuleSet::parse(&[("m.toml".to_owned(), text.to_owned())]).unwrap();
        let now = "2026-11-25T01:30:00Z".parse().unwrap();
        for (signal, subject, covered) in [
            ("filesystem.free", "/srv/a", true),
            ("filesystem.free", "/", false),
            ("disk.pending_sectors", "/srv/a", false),
        ] {
            assert_eq!(rules.maintenance_of(signal, subject, now).is_some(), covered, "{signal} {subject}");
        }
        assert!(
            rules
                .maintenance_of("filesystem.free", "/srv", "2026-11-25T02:00:00Z".parse().unwrap())
                .is_none()
        );
    }
}

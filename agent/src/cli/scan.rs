//! `scan`: how often each log rule matches, by the follower's own line splitter and matcher, in plain and
//! compressed files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nearmiss_agent_core::log::{MAX_LINE_BYTES, Matcher, Source};
use nearmiss_agent_core::rule::RuleSet;
use serde::Serialize;

use super::smart::walk;
use super::{Config, Ended, Exit, Failure, input, replay};
use crate::output;

#[derive(Debug, Default, Serialize)]
struct Counted {
    bytes: u64,
    lines: u64,
    /// Of these, lines longer than the bound, of which only the start was matched.
    cut_lines: u64,
    /// Lines that matched, by rule.
    rules: BTreeMap<String, u64>,
}

pub(super) fn run(file: &Config, rules: &str, paths: &[PathBuf], as_json: bool) -> Ended {
    let matcher = matcher(&replay::rules(file, rules)?)?;
    let mut counted =
        Counted { rules: matcher.names().map(|name| (name.to_owned(), 0)).collect(), ..Counted::default() };
    let mut exit = Exit::Fine;
    for path in paths.iter().flat_map(|path| walk(path)) {
        if let Err(fault) = count(&path, &matcher, &mut counted) {
            output::problem(&format!("{}: {fault}", path.display()));
            exit = Exit::Unreachable;
        }
    }
    if as_json {
        output::json(&counted)?;
        return Ok(exit);
    }
    for (rule, matches) in &counted.rules {
        output::line(&format!("{matches:>10}  {rule}"))?;
    }
    let what = if counted.lines == 1 { "line" } else { "lines" };
    output::line(&format!("{:>10}  {what}, {} bytes", counted.lines, counted.bytes))?;
    if counted.cut_lines > 0 {
        let (cut, most) = (counted.cut_lines, MAX_LINE_BYTES / 1024);
        output::line(&format!("{cut:>10}  of them longer than {most} KiB: only their start was matched"))?;
    }
    Ok(exit)
}

fn matcher(rules: &RuleSet) -> Result<Matcher, Failure> {
    Matcher::new(&rules.log_rules()).map_err(Failure::usage)
}

/// Counts a file as far as it can be read.
fn count(path: &Path, matcher: &Matcher, counted: &mut Counted) -> std::io::Result<()> {
    let name = path.to_string_lossy();
    let Counted { bytes, lines, cut_lines, rules } = counted;
    let mut records = matcher.records(&name);
    let mut scan = |source: Source<'_>, block: &[u8]| {
        let scanned = matcher.scan(source, block, &mut |hit| {
            if let Some(matches) = rules.get_mut(hit.name()).filter(|_| !hit.is_then()) {
                *matches += hit.times();
            }
        });
        // A record's lines are counted as lines.
        if !source.is_record() {
            *lines += scanned.lines;
            *cut_lines += scanned.cut;
        }
    };
    let read = input::blocks(path, bytes, &mut |block| {
        scan((&*name).into(), block);
        if let Some(records) = &mut records {
            records.feed(block, 0, &mut |begins, record| scan(Source::record(&name, begins), record));
        }
    });
    if let Some(records) = &mut records {
        records.end(&mut |begins, record| scan(Source::record(&name, begins), record));
    }
    read
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    /// What these rules count in this log, and whether it could be read to its end.
    fn counted(rules: &str, log: &Path) -> (Counted, bool) {
        let rules = RuleSet::parse(&[("rules.toml".to_owned(), rules.to_owned())]).unwrap();
        let matcher = matcher(&rules).unwrap();
        let names = matcher.names().map(|name| (name.to_owned(), 0)).collect();
        let mut counted = Counted { rules: names, ..Counted::default() };
        let is_whole = count(log, &matcher, &mut counted).is_ok();
        (counted, is_whole)
    }

    const BAD: &str =
        "[[log]]\nname = \"bad\"\npattern = 'bad'\n[[log]]\nname = \"never\"\npattern = 'zzz'\n";

    #[test]
    fn lines_and_matches_are_counted_the_last_line_too() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        fs::write(&log, "bad bad\ngood\nstill bad").unwrap();
        let (told, is_whole) = counted(BAD, &log);
        assert_eq!((told.bytes, told.lines, told.rules["bad"], is_whole), (22, 3, 2, true));

        let records = format!(
            "[[log]]\nname = \"two\"\nmatch = \"{}\"\npattern = 'bad.*good'\nbegins = '^bad'\n",
            log.display()
        );
        let (told, _) = counted(&records, &log);
        assert_eq!((told.lines, told.rules["two"]), (3, 1), "a record of three lines");
    }

    #[test]
    fn lines_that_are_cut_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        let long = "x".repeat(MAX_LINE_BYTES);
        fs::write(&log, format!("{long}bad\n{long}\nbad{long}\n")).unwrap();
        let (told, _) = counted(BAD, &log);
        assert_eq!((told.lines, told.cut_lines, told.rules["bad"]), (3, 2, 1));
    }

    #[test]
    fn what_can_be_read_of_a_torn_file_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        let text: String = (0..5_000).map(|number| format!("bad {}\n", number * 7_919)).collect();
        fs::write(&log, &text).unwrap();
        assert!(Command::new("gzip").arg(&log).status().unwrap().success());
        let packed = folder.path().join("a.log.gz");
        let bytes = fs::read(&packed).unwrap();
        fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
        let (told, is_whole) = counted(BAD, &packed);
        assert!(!is_whole);
        assert!(told.bytes > text.len() as u64 / 4 && told.bytes < text.len() as u64, "{told:?}");
        assert!(told.lines > 1_000 && told.rules["bad"] + 1 >= told.lines, "{told:?}");
    }

    #[test]
    fn the_shipped_rules_have_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let rules = replay::rules(&Config(None), "shipped").unwrap();
        assert!(matcher(&rules).unwrap().names().any(|name| name == "failed-logins"));
        let missing = folder.path().join("none.toml").display().to_string();
        assert!(replay::rules(&Config(None), &missing).is_err());
    }
}

//! `scan`: how often each log rule matches, by the follower's own line splitter and matcher, in plain and
//! compressed files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nearmiss_agent_core::log::{Matcher, Source};
use serde::Serialize;

use super::smart::walk;
use super::{Ended, Exit, Failure, input};
use crate::{output, settings};

#[derive(Debug, Default, Serialize)]
struct Counted {
    bytes: u64,
    lines: u64,
    /// Lines that matched, by rule.
    rules: BTreeMap<String, u64>,
}

pub(super) fn run(rules: &Path, paths: &[PathBuf], as_json: bool) -> Ended {
    let matcher = matcher(rules)?;
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
    output::line(&format!("{:>10}  lines, {} bytes", counted.lines, counted.bytes))?;
    Ok(exit)
}

fn matcher(path: &Path) -> Result<Matcher, Failure> {
    let rules = settings::rules_file(path)?;
    Matcher::new(&rules.log_rules()).map_err(Failure::usage)
}

fn count(path: &Path, matcher: &Matcher, counted: &mut Counted) -> std::io::Result<()> {
    let name = path.to_string_lossy();
    let Counted { bytes, lines, rules } = counted;
    let mut records = matcher.records(&name);
    let mut scan = |source: Source<'_>, block: &[u8]| {
        let scanned = matcher.scan(source, block, &mut |hit| {
            if let Some(matches) = rules.get_mut(hit.name()).filter(|_| !hit.is_then()) {
                *matches += hit.times();
            }
        });
        *lines += if source.is_record() { 0 } else { scanned.lines };
    };
    let read = input::blocks(path, &mut |block| {
        scan((&*name).into(), block);
        if let Some(records) = &mut records {
            records.feed(block, 0, &mut |begins, record| scan(Source::record(&name, begins), record));
        }
    });
    if let Some(records) = &mut records {
        records.end(&mut |begins, record| scan(Source::record(&name, begins), record));
    }
    *bytes += read?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_matches_are_counted_the_last_line_too() {
        let folder = tempfile::tempdir().unwrap();
        let (rules, log) = (folder.path().join("r.toml"), folder.path().join("a.log"));
        std::fs::write(
            &rules,
            "[[log]]\nname = \"bad\"\npattern = 'bad'\n[[log]]\nname = \"never\"\npattern = 'zzz'\n",
        )
        .unwrap();
        std::fs::write(&log, "bad bad\ngood\nstill bad").unwrap();
        let mut counted = Counted::default();
        counted.rules.insert("bad".to_owned(), 0);
        count(&log, &matcher(&rules).unwrap(), &mut counted).unwrap();
        assert_eq!((counted.bytes, counted.lines, counted.rules["bad"]), (22, 3, 2));

        let records = format!(
            "[[log]]\nname = \"two\"\nmatch = \"{}\"\npattern = 'bad.*good'\nbegins = '^bad'\n",
            log.display()
        );
        std::fs::write(&rules, records).unwrap();
        let mut counted = Counted::default();
        counted.rules.insert("two".to_owned(), 0);
        count(&log, &matcher(&rules).unwrap(), &mut counted).unwrap();
        assert_eq!((counted.lines, counted.rules["two"]), (3, 1), "a record of three lines");
    }
}

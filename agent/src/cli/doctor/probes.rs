//! What of each probe applies here: in the very words of `check`, with what to do about it.

use nearmiss_agent_core::signal::Table;

use super::Check;
use super::look::Found;

/// One check a reason of a probe that does not apply, one for each that watches something, and one for all that have
/// nothing to do.
pub(super) fn checks(found: &Found) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut idle = Vec::new();
    let mut off = Vec::new();
    for table in Table::ALL {
        let name = table.as_str();
        if !found.config.probe.is_enabled(*table) {
            off.push(name);
            continue;
        }
        let excuses: Vec<Check> = found
            .margins
            .not_applicable
            .iter()
            .filter(|excuse| excuse.probe == name && !excuse.is_undeclared())
            .map(|excuse| excused(name, &excuse.why))
            .collect();
        let watched = found.margins.signals.iter().filter(|margin| is_of(&margin.signal, name)).count();
        match watched {
            0 if excuses.is_empty() => idle.push(name),
            0 => {}
            1 => checks.push(Check::ok(name, "1 signal is watched")),
            count => checks.push(Check::ok(name, format!("{count} signals are watched"))),
        }
        checks.extend(excuses);
    }
    if !idle.is_empty() {
        let found = format!("nothing to look at is declared: {}", idle.join(", "));
        checks.push(Check::ok("idle probes", found));
    }
    if !off.is_empty() {
        checks
            .push(Check::ok("probes off", format!("switched off in the configuration: {}", off.join(", "))));
    }
    checks
}

/// `what is so: what would help`.
fn excused(name: &str, why: &str) -> Check {
    match why.split_once(": ") {
        Some((found, remedy)) => Check::warn(name, found, remedy),
        None => Check::warn(name, why, ""),
    }
}

fn is_of(signal: &str, probe: &str) -> bool {
    signal.split('.').next() == Some(probe)
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::judge::tests::found;
    use super::*;
    use crate::control::Excuse;

    #[test]
    fn a_probe_says_what_it_watches_what_it_lacks_or_that_nothing_is_declared() {
        let mut found = found();
        let excuse = |probe: &str, why: &str| Excuse { probe: probe.to_owned(), why: why.to_owned() };
        found.margins.not_applicable = vec![
            excuse("endpoint", "no endpoint is declared: see the rules"),
            excuse("disk", "no drive speaks SMART: watch the host below"),
            excuse("host", "no swap"),
        ];
        found.config.probe.power.enabled = false;
        let checks = checks(&found);
        let of = |name: &str| checks.iter().find(|check| check.name == name).unwrap();
        assert_eq!((of("disk").status, of("disk").remedy.as_str()), (Outcome::Warn, "watch the host below"));
        assert_eq!((of("host").found.as_str(), of("host").remedy.as_str()), ("no swap", ""));
        assert!(of("idle probes").found.contains("endpoint"), "{checks:?}");
        assert!(of("probes off").found.ends_with("power"), "{checks:?}");
    }
}

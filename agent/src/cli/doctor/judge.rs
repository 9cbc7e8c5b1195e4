//! What is made of the agent's own footing: configuration, store, rights, tools, clock, collector. Reads nothing.

use nearmiss_shared::time::Span;

use super::look::{Configuration, Found, Unit};
use super::{Check, Outcome};

/// Less room than this for the store is a fault: a bundle, events and the reserve do not fit.
const LEAST_BYTES: u64 = 16 * 1024 * 1024;
/// And less than this is told.
const FEW_BYTES: u64 = 256 * 1024 * 1024;
/// A request whose time is off by more is refused (the wire's `created`).
const MOST_OFFSET: Span = Span::from_minutes(5);
/// A clock that is off by more makes an order of events that is not so.
const MUCH_OFFSET: Span = Span::from_seconds(2);
/// More waiting events than this are not the usual few.
const MANY_EVENTS: u64 = 1_000;
/// Fewer inotify watches or instances than this are soon taken by others.
const FEW_WATCHES: u64 = 1_024;
const FEW_INSTANCES: u64 = 16;
/// Groups of this host's records, and what each opens (Debian, Red Hat).
const GROUPS: [(&str, &str); 2] = [("adm", "log files"), ("systemd-journal", "the journal")];

pub(super) fn checks(found: &Found) -> Vec<Check> {
    let mut checks = vec![configuration(found), agent(found), state(found)];
    checks.extend([rights(found), logs(found), smartctl(found), inotify(found), bus(found), clock(found)]);
    checks.extend([history(found), enrolment(found), logins(found)]);
    checks.extend(collector(found));
    checks.extend(spool(found));
    checks.extend(reserve(found));
    checks.extend(watchdog(found));
    checks
}

fn configuration(found: &Found) -> Check {
    let name = "configuration";
    match &found.configuration {
        Configuration::Sound(path) => Check::ok(name, format!("{} and its rules are sound", path.display())),
        Configuration::Absent => Check::ok(name, "no file: the shipped defaults"),
        Configuration::Faulty(why) => {
            let first = why.lines().next().unwrap_or_default();
            Check::fail(name, first, "`nearmiss-agent config check` tells every fault")
        }
    }
}

fn agent(found: &Found) -> Check {
    let name = "agent";
    match &found.agent {
        Ok(status) => Check::ok(name, format!("{} answers at {}", status.version, found.control.display())),
        Err(why) if found.enrolment.is_some() => {
            Check::fail(name, format!("this host is enrolled and not watched: {why}"), "")
        }
        Err(why) => Check::warn(
            name,
            first_sentence(why),
            "start it with `nearmiss-agent run`, or ask as root or its own user",
        ),
    }
}

/// Without the advice that comes with it.
fn first_sentence(why: &str) -> &str {
    why.split(". `").next().unwrap_or(why)
}

fn state(found: &Found) -> Check {
    let (name, state) = ("state", &found.state);
    let path = state.path.display();
    let room =
        state.free_bytes.map_or_else(|| "unknown room".to_owned(), |free| format!("{} MiB free", free >> 20));
    let told = format!("{path}, {room}");
    match state.free_bytes {
        Some(free) if free < LEAST_BYTES => {
            Check::fail(name, told, "free some room, or set `state` to another filesystem")
        }
        // Its own user may write what we may not.
        _ if !state.writable && found.agent.is_err() => {
            let kind = if state.exists { Outcome::Fail } else { Outcome::Warn };
            let remedy = "run it as the user that owns the folder, or set `state` to one it owns";
            Check::new(name, kind, format!("{told}, not writable for this user"), remedy)
        }
        Some(free) if free < FEW_BYTES => Check::warn(name, told, "free some room for evidence"),
        _ => Check::ok(name, told),
    }
}

fn history(found: &Found) -> Check {
    let (name, history) = ("history", &found.history);
    match history.enabled {
        true => Check::ok(name, history.to_string()),
        false => Check::warn(
            name,
            history.to_string(),
            "set `enabled = true` in [history]: proposed thresholds are tried on it",
        ),
    }
}

fn rights(found: &Found) -> Check {
    let (name, rights) = ("rights", &found.rights);
    let whose = if rights.agents { "the agent's user" } else { "this user" };
    if rights.root {
        return Check::ok(name, format!("{whose} is root"));
    }
    let lacking: Vec<_> = GROUPS.iter().filter(|(group, _)| !rights.groups.contains(*group)).collect();
    let told = |(group, opens): &&(&str, &str)| format!("{group} ({opens})");
    if lacking.is_empty() {
        return Check::ok(name, format!("{whose} is in the groups it needs"));
    }
    let lacking: Vec<String> = lacking.iter().map(told).collect();
    let remedy = "`usermod -aG GROUP USER` as root, then start the agent anew; drives are read by root only";
    Check::warn(name, format!("{whose} is not in {}", lacking.join(", ")), remedy)
}

fn logs(found: &Found) -> Check {
    let name = "log files";
    if !found.config.probe.log.enabled {
        return Check::ok(name, "not followed: switched off");
    }
    let closed: Vec<&str> =
        found.logs.iter().filter(|(_, open)| !open).map(|(path, _)| path.as_str()).collect();
    match (found.logs.len(), closed.is_empty()) {
        (0, _) => {
            let remedy = "install rsyslog, or name the files that there are in `paths` of [probe.log]";
            Check::warn(name, "none of the configured files is there", remedy)
        }
        (count, true) => Check::ok(name, format!("{count} can be read")),
        (_, false) => {
            let told = format!("{} cannot be read by this user", closed.join(", "));
            Check::warn(name, told, "put the agent's user into the files' group, usually adm")
        }
    }
}

fn smartctl(found: &Found) -> Check {
    let name = "smartctl";
    match &found.smartctl {
        _ if !found.config.probe.disk.enabled => {
            Check::ok(name, "not asked for: [probe.disk] is switched off")
        }
        Ok(version) => Check::ok(name, version),
        Err(why) => Check::warn(name, why, "install smartmontools (7.0 or later)"),
    }
}

fn inotify(found: &Found) -> Check {
    let name = "inotify";
    match found.inotify {
        (Some(watches), Some(instances)) if watches >= FEW_WATCHES && instances >= FEW_INSTANCES => {
            Check::ok(name, format!("{watches} watches, {instances} instances a user"))
        }
        (Some(watches), Some(instances)) => {
            let told = format!(
                "{watches} watches, {instances} instances a user: log files are looked at every few seconds"
            );
            Check::warn(name, told, "raise fs.inotify.max_user_watches and max_user_instances by sysctl")
        }
        _ => Check::warn(name, "the kernel does not say: log files are looked at every few seconds", ""),
    }
}

fn bus(found: &Found) -> Check {
    let name = "D-Bus";
    match &found.bus {
        Ok(_) => Check::ok(name, "the system bus answers"),
        Err(why) => {
            let remedy = "units are watched over it: start dbus, or name processes in [probe.service]";
            Check::warn(name, format!("the system bus does not answer: {why}"), remedy)
        }
    }
}

/// The collector's clock where it answers, else what systemd says of the kernel's.
fn clock(found: &Found) -> Check {
    let name = "clock";
    let offset =
        found.collector.as_ref().and_then(|answer| answer.as_ref().ok()).map(|ms| Span::from_millis(*ms));
    let off = |limit: Span| offset.filter(|offset| *offset > limit || *offset < limit.times(-1));
    let remedy = "run chrony or systemd-timesyncd";
    if let Some(offset) = off(MOST_OFFSET) {
        return Check::fail(name, format!("{offset} off the collector's"), remedy);
    }
    if let Some(offset) = off(MUCH_OFFSET) {
        return Check::warn(name, format!("{offset} off the collector's"), remedy);
    }
    match (&found.bus, offset) {
        (Ok(Some(false)), _) => Check::warn(name, "not synchronised", remedy),
        (Ok(Some(true)), None) => Check::ok(name, "synchronised"),
        (_, Some(offset)) => Check::ok(name, format!("{offset} off the collector's")),
        _ => Check::warn(name, "nobody here says whether it is synchronised", remedy),
    }
}

fn enrolment(found: &Found) -> Check {
    let name = "enrolment";
    match &found.enrolment {
        Some(enrolment) => Check::ok(name, format!("{} at {}", enrolment.place(), enrolment.url)),
        None => {
            let remedy = "`nearmiss-agent enrol URL TOKEN`; `check` works without";
            Check::warn(name, "none that can be read: what happens is kept here and nobody is told", remedy)
        }
    }
}

fn collector(found: &Found) -> Option<Check> {
    let name = "collector";
    let url = &found.enrolment.as_ref()?.url;
    let way = if url.starts_with("https:") { "over TLS" } else { "without TLS" };
    Some(match found.collector.as_ref()? {
        Ok(_) => Check::ok(name, format!("{url} answers, {way}")),
        Err(why) => {
            let remedy = "look at the network, the address and its certificate; events wait in the spool";
            Check::fail(name, format!("{url}: {why}"), remedy)
        }
    })
}

fn spool(found: &Found) -> Option<Check> {
    let (name, status) = ("spool", found.agent.as_ref().ok()?);
    let told = format!("{} events and {} bundles wait", status.spool.events, status.spool.bundles);
    Some(if status.quarantined > 0 {
        let why = status.refusals.first().map(|why| format!(", last: {why}")).unwrap_or_default();
        let told = format!("{told}; {} were refused{why}", status.quarantined);
        Check::warn(name, told, "`nearmiss-agent status` says why")
    } else if status.spool.events > MANY_EVENTS {
        Check::warn(name, told, "see why the collector does not take them")
    } else {
        Check::ok(name, told)
    })
}

fn reserve(found: &Found) -> Option<Check> {
    let (name, status) = ("reserve", found.agent.as_ref().ok()?);
    let (held, wanted) = (status.spool.reserved_bytes, found.config.spool.reserve_bytes);
    Some(if held < wanted {
        let told = format!("{} of {} KiB are set aside", held >> 10, wanted >> 10);
        Check::warn(name, told, "free some room: it is what a full disk leaves the agent")
    } else {
        Check::ok(name, format!("{} KiB are set aside", held >> 10))
    })
}

fn watchdog(found: &Found) -> Option<Check> {
    let name = "watchdog";
    match found.unit {
        Unit::NotRunning => None,
        Unit::Watched => Some(Check::ok(name, "systemd starts the agent anew when it hangs")),
        Unit::Unwatched => {
            let remedy = "set WatchdogSec=60 and Restart=on-failure in its unit";
            Some(Check::warn(name, "systemd does not notice when the agent hangs", remedy))
        }
        Unit::None => {
            let remedy = "run it as a systemd unit with Type=notify and WatchdogSec=60";
            Some(Check::warn(name, "nobody starts the agent anew when it ends or hangs", remedy))
        }
    }
}

fn logins(found: &Found) -> Check {
    let name = "logins";
    if !found.config.sessions.enabled {
        return Check::ok(name, "not looked at: [sessions] is switched off");
    }
    match found.login_records.as_slice() {
        [] => {
            let remedy = "without them nobody knows afterwards whether somebody was signed in: run systemd-logind (with libpam-systemd), or name the files under [sessions]";
            Check::warn(
                name,
                "no login records (utmp, wtmp) can be read, and systemd-logind does not answer",
                remedy,
            )
        }
        files => Check::ok(name, files.join(", ")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::PathBuf;

    use nearmiss_agent_core::config::AgentConfig;
    use nearmiss_shared::identity::HostId;
    use nearmiss_shared::time::Timestamp;

    use super::super::look::{Rights, StateFolder};
    use super::*;
    use crate::control::CheckTold;
    use crate::history::HistoryTold;
    use crate::store::Enrolment;

    /// A machine on which nothing is wrong and no agent was ever installed.
    pub(in super::super) fn found() -> Found {
        let at = Timestamp::from_millis(0);
        let free_bytes = Some(4 << 30);
        let path = PathBuf::from("/var/lib/nearmiss");
        Found {
            configuration: Configuration::Absent,
            config: AgentConfig::default(),
            state: StateFolder { path, exists: true, writable: true, free_bytes },
            history: HistoryTold { enabled: true, ..HistoryTold::default() },
            control: PathBuf::from("/var/lib/nearmiss/control.sock"),
            agent: Err("no agent answers".to_owned()),
            rights: Rights { root: true, ..Rights::default() },
            smartctl: Ok("smartctl 7.3".to_owned()),
            margins: CheckTold {
                host: "lab-srv-07".to_owned(),
                at,
                signals: Vec::new(),
                not_applicable: Vec::new(),
                cases: Vec::new(),
                looking: Vec::new(),
            },
            logs: vec![("/var/log/auth.log".to_owned(), true)],
            inotify: (Some(65_536), Some(128)),
            bus: Ok(Some(true)),
            enrolment: None,
            collector: None,
            unit: Unit::NotRunning,
            login_records: vec!["/var/log/wtmp".to_owned()],
        }
    }

    fn enrolled(found: &mut Found) {
        found.enrolment = Some(Enrolment {
            url: "https://collector.example".to_owned(),
            host: HostId::from_parts(Timestamp::from_millis(0), [1; 10]),
            audience: "a".to_owned(),
            client: "Falcon MRO".to_owned(),
            site: String::new(),
            enrolled_at: Timestamp::from_millis(0),
            observe_seconds: 0,
        });
    }

    type Change = fn(&mut Found);

    #[test]
    fn each_lack_has_its_check_its_seriousness_and_what_to_do() {
        let table: [(&str, Outcome, Change); 21] = [
            ("configuration", Outcome::Ok, |_| {}),
            ("configuration", Outcome::Fail, |found| {
                found.configuration = Configuration::Faulty("a.toml:1: wrong\nb".to_owned());
            }),
            ("agent", Outcome::Warn, |_| {}),
            ("agent", Outcome::Fail, enrolled),
            ("state", Outcome::Fail, |found| found.state.free_bytes = Some(1 << 20)),
            ("state", Outcome::Warn, |found| found.state.free_bytes = Some(100 << 20)),
            ("state", Outcome::Fail, |found| found.state.writable = false),
            ("history", Outcome::Ok, |_| {}),
            ("history", Outcome::Warn, |found| found.history.enabled = false),
            ("rights", Outcome::Ok, |_| {}),
            ("rights", Outcome::Warn, |found| found.rights.root = false),
            ("log files", Outcome::Warn, |found| found.logs = vec![("/x".to_owned(), false)]),
            ("log files", Outcome::Warn, |found| found.logs = Vec::new()),
            ("smartctl", Outcome::Warn, |found| found.smartctl = Err("smartctl is not there".to_owned())),
            ("inotify", Outcome::Warn, |found| found.inotify = (Some(8), Some(1))),
            ("D-Bus", Outcome::Warn, |found| found.bus = Err("no such file".to_owned())),
            ("clock", Outcome::Warn, |found| found.bus = Ok(Some(false))),
            ("clock", Outcome::Fail, |found| found.collector = Some(Ok(-600_000))),
            ("clock", Outcome::Warn, |found| found.collector = Some(Ok(3_000))),
            ("collector", Outcome::Fail, |found| {
                enrolled(found);
                found.collector = Some(Err("connection refused".to_owned()));
            }),
            ("watchdog", Outcome::Warn, |found| found.unit = Unit::Unwatched),
        ];
        for (name, outcome, change) in table {
            let mut found = found();
            change(&mut found);
            let checks = checks(&found);
            let check = checks.iter().find(|check| check.name == name).unwrap();
            assert_eq!(check.status, outcome, "{check:?}");
            if outcome == Outcome::Warn {
                assert!(!check.remedy.is_empty(), "{check:?}");
            }
        }
    }

    #[test]
    fn a_bare_machine_has_nothing_that_fails() {
        assert!(checks(&found()).iter().all(|check| check.status != Outcome::Fail));
    }
}

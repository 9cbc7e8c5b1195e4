//! A real systemd with units that crash, fail, are stopped or are late, and the agent as one of its units.

use std::path::Path;

use nearmiss_tests::systemd::Systemd;
use nearmiss_tests::wait::until;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const AGENT: &str = "nearmiss-agent.service";
pub(crate) const AGENT_UNIT: &str = "[Unit]\nDefaultDependencies=no\nStartLimitIntervalSec=0\n[Service]\nType=notify\n\
    ExecStart=/usr/local/bin/nearmiss-agent run\nWatchdogSec=2\nRestart=always\nRestartSec=100ms\n\
    StandardOutput=append:/var/log/nearmiss.log\nStandardError=inherit\n";
/// The service probe alone, at its shipped interval of 15 s: what is seen sooner was told by systemd.
const CONFIG: &str = "state = \"/var/lib/nearmiss\"\n[observe]\nfor = \"0s\"\n[probe.filesystem]\nenabled = false\n\
    [probe.disk]\nenabled = false\n[probe.host]\nenabled = false\n[probe.log]\nenabled = false\n";

/// A service of one command.
fn service(command: &str, more: &str) -> String {
    format!("[Unit]\nDefaultDependencies=no\n{more}\nExecStart={command}\n")
}

/// Crashes three times, and then goes on.
fn flapping() -> String {
    service(
        "/bin/sh -c 'echo >>/run/runs; test $(wc -l </run/runs) -gt 3 || exit 3; exec sleep infinity'",
        "StartLimitBurst=5\nStartLimitIntervalSec=60\n[Service]\nRestart=always\nRestartSec=200ms",
    )
}

pub(crate) struct World {
    pub(crate) systemd: Systemd,
    _folder: TempDir,
}

/// `None` where there can be none, and why was said.
async fn booted(units: &[(&str, &str)]) -> Option<World> {
    let world = booted_with(CONFIG, "", units).await?;
    // What crashes before the agent's first look has no past for it.
    margin_where(&world.systemd, "service.active", AGENT, |_| true).await;
    Some(world)
}

/// As [`booted`], with another configuration of the agent and rules.
pub(crate) async fn booted_with(config: &str, rules: &str, units: &[(&str, &str)]) -> Option<World> {
    if let Some(why) = Systemd::is_impossible() {
        eprintln!("skipped: {why}");
        return None;
    }
    let folder = tempfile::Builder::new().prefix("nearmiss-story-").tempdir().unwrap();
    let systemd = Systemd::boot(folder.path()).await.unwrap();
    systemd.write("/etc/nearmiss/agent.toml", config).unwrap();
    systemd.write("/etc/nearmiss/rules.d/story.toml", rules).unwrap();
    let agent = [(AGENT, AGENT_UNIT)];
    systemd.units(&[&agent, units].concat()).unwrap();
    // Type=notify: this returns when the agent has said that it is ready.
    systemd.must(&["systemctl", "start", AGENT]).unwrap();
    Some(World { systemd, _folder: folder })
}

fn log(systemd: &Systemd) -> String {
    let path = systemd.path("/var/log/nearmiss.log").unwrap();
    std::fs::read_to_string(Path::new(&path)).unwrap_or_default()
}

/// The agent's transitions of one signal and subject, in order.
fn transitions(systemd: &Systemd, signal: &str, subject: &str) -> Vec<String> {
    let log = log(systemd);
    let about = |line: &&str| line.contains(signal) && line.contains(subject) && line.contains("transition");
    let kind = |line: &str| {
        let rest = line.split_once("kind=")?.1;
        Some(rest.split_ascii_whitespace().next()?.to_owned())
    };
    log.lines().filter(about).filter_map(kind).collect()
}

pub(crate) async fn margin_where(
    systemd: &Systemd,
    signal: &str,
    subject: &str,
    is: impl Fn(&Value) -> bool,
) -> Value {
    until(&format!("{signal} of {subject}"), async || {
        systemd.margin(signal, subject).filter(|margin| is(margin))
    })
    .await
}

#[tokio::test]
async fn a_crash_loop_is_near_before_systemd_gives_up_and_failed_when_it_has() {
    let crashing = service(
        "/bin/sh -c 'sleep 0.2; exit 3'",
        "StartLimitBurst=5\nStartLimitIntervalSec=60\n[Service]\nRestart=always\nRestartSec=1s",
    );
    let Some(world) = booted(&[("crashing.service", &crashing)]).await else { return };
    let systemd = &world.systemd;
    systemd.must(&["systemctl", "start", "crashing.service"]).unwrap();

    let near = |margin: &Value| margin["state"] == "approached" && margin["value"].as_f64() > Some(0.0);
    let margin = margin_where(systemd, "service.restarts_left", "crashing.service", near).await;
    assert_ne!(systemd.property("crashing.service", "ActiveState").unwrap(), "failed", "{margin}");
    assert_eq!((margin["normal"].as_f64(), margin["limit"].as_f64()), (Some(5.0), Some(0.0)), "{margin}");

    let breached = |margin: &Value| margin["state"] == "breached";
    for signal in ["service.restarts_left", "service.active"] {
        let margin = margin_where(systemd, signal, "crashing.service", breached).await;
        assert!(margin["reasons"].to_string().contains("crashing.service"), "{margin}");
    }
    let moves = transitions(systemd, "service.restarts_left", "crashing.service");
    let first = |kind: &str| moves.iter().position(|told| told == kind);
    assert!(first("approached") < first("breached") && first("approached").is_some(), "{moves:?}");
    let restarts = systemd.margin("service.restarts", "crashing.service").unwrap();
    assert!(restarts["value"].as_f64() >= Some(3.0), "{restarts}");
}

#[tokio::test]
async fn a_failed_unit_is_breached_a_stopped_one_retired_and_a_hanging_job_makes_its_timer_late() {
    let steady = service("/bin/sleep infinity", "[Service]\nRestart=always");
    let failing = service("/bin/false", "[Service]\nType=oneshot");
    // The first run ends, so that the timer's period is known; the second one hangs.
    let hanging = service(
        "/bin/sh -c 'test ! -e /run/ran || exec sleep infinity; touch /run/ran'",
        "[Service]\nType=oneshot",
    );
    let timer =
        "[Unit]\nDefaultDependencies=no\n[Timer]\nOnActiveSec=1s\nOnUnitActiveSec=2s\nAccuracySec=100ms\n";
    let every = "[Unit]\nDefaultDependencies=no\n[Timer]\nOnCalendar=*:*:0/2\nAccuracySec=100ms\nUnit=hanging.service\n";
    let units = [
        ("steady.service", steady.as_str()),
        ("failing.service", &failing),
        ("hanging.service", &hanging),
        ("failing.timer", timer),
        ("hanging.timer", every),
    ];
    let rules = "[[service]]\nname = \"quick\"\ninterval = \"500ms\"\n";
    let Some(world) = booted_with(CONFIG, rules, &units).await else { return };
    let systemd = &world.systemd;
    systemd.must(&["systemctl", "start", "steady.service", "failing.timer", "hanging.timer"]).unwrap();
    margin_where(systemd, "service.active", "steady.service", |margin| margin["value"] == 1.0).await;

    // The timer starts it, it fails, and nothing but its failure makes it one to watch.
    let failed =
        margin_where(systemd, "service.active", "failing.service", |margin| margin["state"] == "breached")
            .await;
    assert!(failed["reasons"].to_string().contains("exit-code"), "{failed}");

    systemd.must(&["systemctl", "stop", "steady.service"]).unwrap();
    until("the stopped unit to be gone", async || {
        systemd.check().ok()?;
        systemd.margin("service.active", "steady.service").is_none().then_some(())
    })
    .await;
    assert_eq!(transitions(systemd, "service.active", "steady.service"), Vec::<String>::new());

    let late = |margin: &Value| margin["value"].as_f64() > Some(0.0);
    let late = margin_where(systemd, "service.timer_overdue", "hanging.timer", late).await;
    assert!(late["proximity"].as_f64() > Some(0.0), "{late}");
}

#[tokio::test]
async fn a_frozen_agent_is_restarted_by_its_watchdog_and_says_when_it_is_ready() {
    let Some(world) = booted(&[]).await else { return };
    let systemd = &world.systemd;
    assert_eq!(systemd.must(&["systemctl", "is-active", AGENT]).unwrap(), "active");
    let before = systemd.property(AGENT, "MainPID").unwrap();
    let fed = systemd.property(AGENT, "WatchdogTimestampMonotonic").unwrap();
    until("the watchdog to be fed again", async || {
        (systemd.property(AGENT, "WatchdogTimestampMonotonic").ok()? != fed).then_some(())
    })
    .await;
    systemd.must(&["kill", "-STOP", &before]).unwrap();
    until("another agent that is ready", async || {
        let is_another = systemd.property(AGENT, "MainPID").ok()? != before;
        (is_another && systemd.property(AGENT, "ActiveState").ok()? == "active").then_some(())
    })
    .await;
    let restarts: u32 = systemd.property(AGENT, "NRestarts").unwrap().parse().unwrap();
    assert!(restarts >= 1, "systemd restarted it");
}

#[tokio::test]
async fn a_unit_that_crashed_before_the_agent_came_has_no_more_restarts_left_than_it_may_have() {
    let Some(world) = booted(&[("flapping.service", &flapping())]).await else { return };
    let systemd = &world.systemd;
    systemd.must(&["systemctl", "stop", AGENT]).unwrap();
    systemd.must(&["rm", "-r", "/var/lib/nearmiss"]).unwrap();
    systemd.must(&["systemctl", "start", "flapping.service"]).unwrap();
    until("three restarts", async || {
        (systemd.property("flapping.service", "NRestarts").ok()? == "3").then_some(())
    })
    .await;
    let first_seen = async || {
        systemd.must(&["systemctl", "start", AGENT]).unwrap();
        margin_where(systemd, "service.restarts_left", "flapping.service", |_| true).await
    };
    let near = first_seen().await;
    assert_eq!((&near["value"], &near["state"]), (&2.0.into(), &"approached".into()), "{near}");
    assert!(near["reasons"].to_string().contains("no history of its restarts before"), "{near}");

    // What the agent counted is not supposed anew after its own restart.
    systemd.must(&["systemctl", "stop", AGENT]).unwrap();
    let again = first_seen().await;
    assert_eq!((&again["value"], &again["state"]), (&2.0.into(), &"approached".into()), "{again}");
}

#[tokio::test]
async fn where_nobody_writes_login_records_logind_tells_that_root_is_signed_in() {
    let session = service("/bin/sleep infinity", "[Service]\nUser=root\nPAMName=story");
    let (flapping, alone) = (flapping(), "[Unit]\nDefaultDependencies=no\n");
    // What a session starts is not to pull in the boot of a whole machine.
    let units = [
        ("flapping.service", flapping.as_str()),
        ("signed-in.service", &session),
        ("systemd-logind.service.d/story.conf", alone),
        ("systemd-user-sessions.service.d/story.conf", alone),
        ("user-runtime-dir@.service.d/story.conf", alone),
        ("user@.service.d/story.conf", alone),
    ];
    let Some(world) = booted(&units).await else { return };
    let systemd = &world.systemd;
    systemd.must(&["test", "!", "-e", "/var/run/utmp"]).unwrap();
    // Nothing but logind is told of it: the usual stacks write wtmp too.
    let modules = "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_systemd.so class=user\n";
    systemd.write("/etc/pam.d/story", modules).unwrap();
    systemd.must(&["systemctl", "start", "systemd-logind.service"]).unwrap();
    systemd.must(&["systemctl", "start", "signed-in.service"]).unwrap();
    systemd.must(&["systemctl", "start", "flapping.service"]).unwrap();
    until("word of the session", async || {
        let log = log(systemd);
        let told = "a privileged session while something is near user=\"root\" tty=\"story\"";
        log.contains(told).then_some(())
    })
    .await;
}

/// The agent restarts and finds another boot id, as after a reboot; the state it had is still there.
async fn comes_back_after_a_boot(systemd: &Systemd, end: &[&str]) -> Value {
    let near = |margin: &Value| margin["state"] == "approached";
    margin_where(systemd, "service.restarts_left", "flapping.service", near).await;
    systemd.write("/etc/story.boot", "11111111-2222-3333-4444-555555555555\n").unwrap();
    systemd.must(&["mount", "--bind", "/etc/story.boot", "/proc/sys/kernel/random/boot_id"]).unwrap();
    // A systemd that was booted counts anew.
    systemd.must(&["systemctl", "reset-failed", "flapping.service"]).unwrap();
    let before = systemd.property(AGENT, "MainPID").unwrap();
    systemd.must(end).unwrap();
    until("the agent to be back", async || {
        let is_another = systemd.property(AGENT, "MainPID").ok()? != before;
        (is_another && systemd.property(AGENT, "ActiveState").ok()? == "active").then_some(())
    })
    .await;
    let moved = |margin: &Value| margin["state"] != "approached" && margin["state"] != "dark";
    margin_where(systemd, "service.restarts_left", "flapping.service", moved).await
}

#[tokio::test]
async fn after_a_boot_an_agent_that_was_stopped_goes_on_and_one_that_was_killed_takes_it_for_a_crash() {
    let flapping = flapping();
    for (end, state) in [
        (&["systemctl", "restart", AGENT][..], "receding"),
        (&["systemctl", "kill", "--signal=KILL", AGENT], "breached"),
    ] {
        let Some(world) = booted(&[("flapping.service", &flapping)]).await else { return };
        world.systemd.must(&["systemctl", "start", "flapping.service"]).unwrap();
        let margin = comes_back_after_a_boot(&world.systemd, end).await;
        assert_eq!(margin["state"], state, "{end:?}: {margin}");
        let crash = margin["reasons"].to_string().contains("without an orderly shutdown");
        assert_eq!(crash, state == "breached", "{margin}");
    }
}

//! Units as a bus of the tests' own tells of them, and processes of this machine.

use std::process::{Child, Command, Stdio};

use nearmiss_shared::time::Timestamp;
use zbus::OwnedObjectPath;

use super::*;

fn unit(active: &str, result: &str, restarts: u32) -> Unit {
    Unit {
        name: "web.service".to_owned(),
        active: active.to_owned(),
        result: result.to_owned(),
        restarts,
        burst: 5,
        interval_ms: 10_000,
    }
}

fn at(boot_ms: i64) -> Stamp {
    Stamp { wall: Timestamp::from_millis(boot_ms), boot_ms }
}

fn measures(readings: &[Reading]) -> Vec<(&str, &Measure)> {
    readings.iter().map(|reading| (reading.signal.as_str(), &reading.measure)).collect()
}

#[test]
fn a_unit_that_restarts_runs_out_of_restarts_and_fails() {
    let mut watched = Watched::default();
    let readings = judge(&unit("active", "success", 0), &mut watched, at(0));
    assert_eq!(measures(&readings), [(ACTIVE, &Measure::Value(1.0)), (RESTARTS_LEFT, &Measure::Value(5.0))]);
    assert_eq!(readings[1].limits, Some(Limits::new(5.0, 2.0, 1.0, 0.0)));

    let readings = judge(&unit("activating", "exit-code", 4), &mut watched, at(1_000));
    assert_eq!(measures(&readings)[1], (RESTARTS_LEFT, &Measure::Value(1.0)));

    let readings = judge(&unit("failed", "start-limit-hit", 5), &mut watched, at(2_000));
    let failed =
        Measure::Consequence { value: Some(0.0), reason: "web.service failed: start-limit-hit".into() };
    assert_eq!(measures(&readings)[0], (ACTIVE, &failed));
    assert!(matches!(readings[1].measure, Measure::Consequence { .. }));
}

#[test]
fn an_orderly_stop_retires_and_what_never_ran_is_not_watched() {
    let mut watched = Watched::default();
    assert_eq!(judge(&unit("inactive", "success", 0), &mut watched, at(0)), []);
    judge(&unit("active", "success", 0), &mut watched, at(1_000));
    let readings = judge(&unit("inactive", "success", 0), &mut watched, at(2_000));
    assert!(readings.iter().all(|reading| matches!(reading.measure, Measure::Retired { .. })));
    assert_eq!(readings.len(), 2);
    assert_eq!(judge(&unit("inactive", "success", 0), &mut watched, at(3_000)), []);
}

#[test]
fn a_unit_that_went_away_while_the_agent_was_down_is_retired() {
    let mut probe = ServiceProbe::new(&ServiceConfig::default(), Span::from_seconds(15));
    for (signal, subject) in [(ACTIVE, "web.service"), (ACTIVE, "gone.service"), ("disk.wear", "ACME S1")] {
        let (signal, subject) = (signal.to_owned(), subject.to_owned());
        probe.expect(&Known { signal, subject, ..Known::default() });
    }
    let readings = probe.judge(&[unit("inactive", "success", 0)], at(0));
    let retired: std::collections::BTreeSet<&str> = readings
        .iter()
        .filter(|reading| matches!(reading.measure, Measure::Retired { .. }))
        .map(|reading| reading.subject.as_str())
        .collect();
    assert_eq!(retired, std::collections::BTreeSet::from(["gone.service", "web.service"]));
}

#[tokio::test]
async fn processes_that_must_run_are_found_by_name() {
    let own = std::fs::read_to_string("/proc/self/comm").unwrap().trim().to_owned();
    let config =
        ServiceConfig { processes: vec![own, "no-such-daemon".to_owned()], ..ServiceConfig::default() };
    let probe = ServiceProbe::new(&config, Span::from_seconds(15));
    let readings = probe.running(at(0));
    assert_eq!(measures(&readings)[0], (RUNNING, &Measure::Value(1.0)));
    assert!(
        matches!(&readings[1].measure, Measure::Consequence { reason, .. } if reason.contains("no-such-daemon"))
    );
}

/// A message bus of our own.
struct Bus {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Bus {
    async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("bus.conf");
        let socket = folder.path().join("bus");
        let address = format!("unix:path={}", socket.display());
        let text = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\"><busconfig><listen>{address}</listen>\
             <policy context=\"default\"><allow send_destination=\"*\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>\
             </policy></busconfig>"
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new("dbus-daemon");
        command.arg("--nofork").arg("--config-file").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().ok()?;
        let bus = Self { process, address, _folder: folder };
        while !socket.exists() {
            tokio::task::yield_now().await;
        }
        Some(bus)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

struct Manager;

type Row = (String, String, String, String, String, String, OwnedObjectPath, u32, String, OwnedObjectPath);

#[zbus::interface(name = "org.freedesktop.systemd1.Manager")]
impl Manager {
    fn list_units(&self) -> Vec<Row> {
        let path = |text: &str| OwnedObjectPath::try_from(text).unwrap();
        let row = |name: &str, load: &str, active: &str| {
            let [name, load, active] = [name, load, active].map(str::to_owned);
            let unit = path("/org/freedesktop/systemd1/unit/web");
            (
                name,
                String::new(),
                load,
                active,
                String::new(),
                String::new(),
                unit,
                0,
                String::new(),
                path("/"),
            )
        };
        vec![
            row("web.service", "loaded", "active"),
            row("gone.service", "not-found", "inactive"),
            row("boot.mount", "loaded", "active"),
        ]
    }
}

struct UnitObject;

#[zbus::interface(name = "org.freedesktop.systemd1.Unit")]
impl UnitObject {
    #[zbus(property)]
    fn unit_file_state(&self) -> String {
        "enabled".to_owned()
    }

    #[zbus(property)]
    fn start_limit_burst(&self) -> u32 {
        5
    }

    #[zbus(property, name = "StartLimitIntervalUSec")]
    fn start_limit_interval(&self) -> u64 {
        10_000_000
    }
}

struct ServiceObject;

#[zbus::interface(name = "org.freedesktop.systemd1.Service")]
impl ServiceObject {
    #[zbus(property, name = "NRestarts")]
    fn restarts(&self) -> u32 {
        3
    }

    #[zbus(property)]
    fn result(&self) -> String {
        "success".to_owned()
    }
}

#[tokio::test]
async fn units_are_read_over_a_real_bus() {
    let Some(bus) = Bus::start().await else {
        println!("skipped: no dbus-daemon");
        return;
    };
    let unit = "/org/freedesktop/systemd1/unit/web";
    let systemd = zbus::connection::Builder::address(bus.address.as_str())
        .name("org.freedesktop.systemd1")
        .serve_at("/org/freedesktop/systemd1", Manager)
        .serve_at(unit, UnitObject)
        .serve_at(unit, ServiceObject)
        .build()
        .await
        .unwrap();
    let mut probe = ServiceProbe::new(&ServiceConfig::default(), Span::from_seconds(15));
    probe.address = Some(bus.address.clone());
    let clock = Clock::real();
    let readings = probe.read(&clock).await;
    let expected = [(ACTIVE, &Measure::Value(1.0)), (RESTARTS_LEFT, &Measure::Value(5.0))];
    assert_eq!(measures(&readings.readings), expected, "{readings:?}");
    assert_eq!(readings.readings[0].subject, "web.service");

    systemd.close().await.unwrap();
    let readings = probe.read(&clock).await;
    assert!(matches!(readings.readings[0].measure, Measure::Invalid { .. }), "{readings:?}");
    assert!(readings.not_applicable[0].why.starts_with("systemd does not answer"), "{readings:?}");
}

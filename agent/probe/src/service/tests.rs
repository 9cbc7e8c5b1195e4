//! Units as a bus of the tests' own tells of them, and processes of this machine.

use std::process::{Child, Command, Stdio};

use nearmiss_agent_core::reading::{Measure, Reading};
use nearmiss_agent_core::service::{ACTIVE, RESTARTS_LEFT, RUNNING};
use zbus::OwnedObjectPath;

use super::*;

fn measures(readings: &[Reading]) -> Vec<(&str, &Measure)> {
    readings.iter().map(|reading| (reading.signal.as_str(), &reading.measure)).collect()
}

#[tokio::test]
async fn processes_that_must_run_are_found_by_name() {
    let own = std::fs::read_to_string("/proc/self/comm").unwrap().trim().to_owned();
    let mut processes = Processes::new(&["no-such-daemon".to_owned(), own.clone()]);
    let readings = processes.look(Clock::real().stamp());
    for reading in readings {
        assert_eq!(reading.signal, RUNNING);
        let found = matches!(reading.measure, Measure::Value(count) if count >= 1.0);
        assert_eq!(found, reading.subject == own, "{reading:?}");
    }
}

#[tokio::test]
async fn globs_that_are_none_are_said() {
    let config = ServiceConfig { units: vec!["web[".to_owned()], ..ServiceConfig::default() };
    let mut probe = ServiceProbe::new(&config, Span::from_seconds(15));
    probe.address = Some("unix:path=/nonexistent".to_owned());
    let told = probe.read(&Clock::real()).await;
    assert!(told.not_applicable[0].why.starts_with("[probe.service] units:"), "{told:?}");
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
        // The file is there before it is listened to.
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
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
    fn subscribe(&self) {}

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

struct UnitObject(&'static str);

#[zbus::interface(name = "org.freedesktop.systemd1.Unit")]
impl UnitObject {
    #[zbus(property)]
    fn active_state(&self) -> String {
        self.0.to_owned()
    }

    #[zbus(property)]
    fn unit_file_state(&self) -> String {
        "enabled".to_owned()
    }

    #[zbus(property)]
    fn condition_timestamp_monotonic(&self) -> u64 {
        1_000_000
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

struct ServiceObject {
    restarts: u32,
}

#[zbus::interface(name = "org.freedesktop.systemd1.Service")]
impl ServiceObject {
    #[zbus(property, name = "NRestarts")]
    fn restarts(&self) -> u32 {
        self.restarts
    }

    #[zbus(property)]
    fn restart(&self) -> String {
        "on-failure".to_owned()
    }

    #[zbus(property, name = "RestartUSec")]
    fn pause(&self) -> u64 {
        100_000
    }

    #[zbus(property, name = "WatchdogUSec")]
    fn watchdog(&self) -> u64 {
        0
    }

    #[zbus(property)]
    fn watchdog_timestamp_monotonic(&self) -> u64 {
        0
    }

    #[zbus(property)]
    fn result(&self) -> String {
        "success".to_owned()
    }
}

/// A systemd of the tests' own with one unit that has restarted three times.
async fn stand_in(bus: &Bus) -> zbus::Connection {
    let unit = "/org/freedesktop/systemd1/unit/web";
    zbus::connection::Builder::address(bus.address.as_str())
        .name("org.freedesktop.systemd1")
        .serve_at("/org/freedesktop/systemd1", Manager)
        .serve_at(unit, UnitObject("active"))
        .serve_at(unit, ServiceObject { restarts: 3 })
        .build()
        .await
        .unwrap()
}

#[tokio::test]
async fn units_are_read_over_a_real_bus() {
    let Some(bus) = Bus::start().await else {
        println!("skipped: no dbus-daemon");
        return;
    };
    let systemd = stand_in(&bus).await;
    let mut probe = ServiceProbe::new(&ServiceConfig::default(), Span::from_seconds(15));
    probe.address = Some(bus.address.clone());
    for (signal, subject) in [(ACTIVE, "web.service"), (ACTIVE, "gone.service"), ("disk.wear", "ACME S1")] {
        let (signal, subject) = (signal.to_owned(), subject.to_owned());
        probe.expect(&Known { signal, subject, ..Known::default() });
    }
    let clock = Clock::real();
    let told = probe.read(&clock).await.readings;
    let (of_web, gone): (Vec<_>, Vec<_>) = told.into_iter().partition(|told| told.subject == "web.service");
    assert_eq!(measures(&of_web), [(ACTIVE, &Measure::Value(1.0)), (RESTARTS_LEFT, &Measure::Value(5.0))]);
    assert!(gone.iter().all(|told| matches!(told.measure, Measure::Retired { .. })), "{gone:?}");
    assert!(gone.iter().any(|told| told.subject == "gone.service"), "{gone:?}");

    systemd.close().await.unwrap();
    let readings = probe.read(&clock).await;
    assert!(matches!(readings.readings[0].measure, Measure::Invalid { .. }), "{readings:?}");
    assert!(readings.not_applicable[0].why.starts_with("systemd does not answer"), "{readings:?}");
}

/// Tells of a change to `path` of the stand-in, from `bus`.
async fn tell(bus: &zbus::Connection, to: Option<&str>, restarts: u32) {
    let values = std::collections::BTreeMap::from([("NRestarts", zbus::Variant::from(restarts))]);
    let interface = "org.freedesktop.systemd1.Service";
    let body = (interface, values, Vec::<String>::new());
    let path = "/org/freedesktop/systemd1/unit/web";
    bus.emit_signal(to, path, "org.freedesktop.DBus.Properties", "PropertiesChanged", &body).await.unwrap();
}

#[tokio::test]
async fn what_systemd_tells_is_heard_between_looks_and_what_another_tells_in_its_name_is_not() {
    let Some(bus) = Bus::start().await else {
        println!("skipped: no dbus-daemon");
        return;
    };
    let systemd = stand_in(&bus).await;
    let stranger = zbus::connection::Builder::address(bus.address.as_str()).build().await.unwrap();
    let mut probe = ServiceProbe::new(&ServiceConfig::default(), Span::from_seconds(15));
    probe.address = Some(bus.address.clone());
    let clock = Clock::real();
    probe.read(&clock).await;
    let own = probe.systemd.as_ref().unwrap().bus_name();
    tell(&stranger, Some(&own), 9).await;
    for restarts in [4, 5] {
        tell(&systemd, None, restarts).await;
    }
    let mut left = Vec::new();
    while left.len() < 2 {
        let told = probe.between(&clock).await.readings;
        left.extend(told.into_iter().filter(|told| told.signal == RESTARTS_LEFT).map(|told| told.measure));
    }
    assert_eq!(left, [Measure::Value(5.0), Measure::Value(4.0)], "each restart is told");
}

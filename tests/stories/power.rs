//! Power supplies without a supply: NUT's own dummy driver whose battery runs down, and apcupsd's test driver.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use nearmiss_tests::lab::{Agent, AgentSettings};
use nearmiss_tests::process::{Process, run};
use nearmiss_tests::wait::until;

use crate::plugins::QUIET;

const DRIVER: &str = "/lib/nut/dummy-ups";
const UPSD: &str = "/lib/nut/upsd";

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A NUT server with one supply that says what a file says.
struct Nut<'a> {
    folder: &'a Path,
    name: String,
    writes: u64,
    _programs: [Process; 2],
}

impl<'a> Nut<'a> {
    async fn start(folder: &'a Path) -> Self {
        let port = free_port();
        let supply =
            "maxretry = 1\npollinterval = 1\n[lab]\ndriver = dummy-ups\nport = lab.dev\nmode = dummy-once\n";
        fs::write(folder.join("ups.conf"), supply).unwrap();
        fs::write(folder.join("upsd.conf"), format!("LISTEN 127.0.0.1 {port}\n")).unwrap();
        fs::write(folder.join("upsd.users"), "").unwrap();
        write_report(folder, 0, "OL", 2400, 100);
        let start = |program: &str, arguments: &[&str], log: &str| {
            let mut command = Command::new(program);
            command.args(arguments).arg("-D");
            for place in ["NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH"] {
                command.env(place, folder);
            }
            if rustix::process::geteuid().is_root() {
                command.args(["-u", "root"]);
            }
            Process::start(command, &folder.join(log)).unwrap()
        };
        let driver = start(DRIVER, &["-a", "lab"], "driver.log");
        let socket = folder.join("dummy-ups-lab");
        until("the driver's socket", async || socket.exists().then_some(())).await;
        let server = start(UPSD, &[], "upsd.log");
        let name = format!("lab@127.0.0.1:{port}");
        until("the supply at its server", async || run("upsc", [&name]).ok()).await;
        Self { folder, name, writes: 0, _programs: [driver, server] }
    }

    fn says(&mut self, status: &str, runtime: u32, charge: u32) {
        self.writes += 1;
        write_report(self.folder, self.writes, status, runtime, charge);
    }
}

/// The driver reads the file again when its time of modification is another second.
fn write_report(folder: &Path, number: u64, status: &str, runtime: u32, charge: u32) {
    let part = folder.join("lab.part");
    let text = format!(
        "ups.status: {status}\nbattery.runtime: {runtime}\nbattery.charge: {charge}\nbattery.charge.low: 10\n\
         ups.mfr: ACME\nups.model: 1500\n"
    );
    fs::write(&part, text).unwrap();
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + number * 10);
    File::options().write(true).open(&part).unwrap().set_modified(modified).unwrap();
    fs::rename(part, folder.join("lab.dev")).unwrap();
}

fn agent(folder: &Path, declared: &str) -> Agent {
    let rules = format!(
        "[[power]]\nname = \"lab\"\n{declared}\nshutdown = \"5m\"\ninterval = \"300ms\"\nconfirm = 1\nhold = \"1s\"\n"
    );
    Agent::alone(folder, AgentSettings { config: QUIET.to_owned(), rules }).unwrap()
}

#[tokio::test]
async fn a_battery_that_runs_down_is_near_on_battery_and_failed_when_it_is_low() {
    if !Path::new(DRIVER).exists() {
        eprintln!("skipped: no {DRIVER}: apt-get install nut-server nut-client");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut nut = Nut::start(folder.path()).await;
    let name = nut.name.clone();
    let mut agent = agent(folder.path(), &format!("ups = \"{name}\""));
    agent.start().await.unwrap();
    let full = agent.margin_where("power.runtime_left", &name, |margin| margin["value"] == 2400.0).await;
    assert_eq!((full["proximity"].as_f64(), full["limit"].as_f64()), (Some(0.0), Some(300.0)), "{full}");
    assert_eq!(
        (full["category"].as_str(), full["state"].as_str()),
        (Some("power"), Some("normal")),
        "{full}"
    );

    nut.says("OB DISCHRG", 1350, 70);
    let near = agent.margin_where("power.status", &name, |margin| margin["state"] == "approached").await;
    assert!(near["reasons"].to_string().contains("on battery"), "{near}");
    let half = agent.margin_where("power.runtime_left", &name, |margin| margin["proximity"] == 0.5).await;
    assert_eq!(half["state"], "normal", "{half}");

    nut.says("OB DISCHRG", 600, 30);
    let near =
        agent.margin_where("power.runtime_left", &name, |margin| margin["state"] == "approached").await;
    assert!(near["reasons"].to_string().contains("10m"), "{near}");
    agent.margin_where("power.charge", &name, |margin| margin["state"] == "approached").await;
    nut.says("OB DISCHRG LB", 280, 9);
    for signal in ["power.status", "power.runtime_left", "power.charge"] {
        agent.margin_where(signal, &name, |margin| margin["state"] == "breached").await;
    }
    nut.says("OL CHRG", 2200, 97);
    agent.margin_where("power.status", &name, |margin| margin["state"] == "normal").await;
}

#[tokio::test]
async fn apcupsd_tells_of_a_supply_without_a_battery_until_it_stops() {
    let unpacked = std::env::var_os("NEARMISS_TEST_APCUPSD").map(PathBuf::from);
    let Some(unpacked) = unpacked.filter(|folder| folder.join("sbin/apcupsd").exists()) else {
        eprintln!("skipped: no apcupsd: tests/run unpacks it");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (at, port) = (folder.path().display().to_string(), free_port());
    let config = folder.path().join("apcupsd.conf");
    let control = folder.path().join("apccontrol");
    fs::write(&control, "#!/bin/sh\nexit 99\n").unwrap();
    run("chmod", ["+x".as_ref(), control.as_os_str()]).unwrap();
    let text = format!(
        "## apcupsd.conf v1.1 ##\nUPSNAME lab\nUPSCABLE simple\nUPSTYPE test\nDEVICE\nLOCKFILE {at}\nSCRIPTDIR {at}\n\
         PWRFAILDIR {at}\nNOLOGINDIR {at}\nNETSERVER on\nNISIP 127.0.0.1\nNISPORT {port}\nEVENTSFILE {at}/events\n\
         STATFILE {at}/status\n"
    );
    fs::write(&config, text).unwrap();
    let mut command = Command::new(unpacked.join("sbin/apcupsd"));
    command
        .env("LD_LIBRARY_PATH", unpacked.join("lib/x86_64-linux-gnu"))
        .arg("-b")
        .arg("-f")
        .arg(&config)
        .arg("-P")
        .arg(folder.path().join("pid"));
    let mut apcupsd = Process::start(command, &folder.path().join("apcupsd.log")).unwrap();

    let name = format!("127.0.0.1:{port}");
    let mut agent = agent(folder.path(), &format!("apcupsd = \"{name}\""));
    agent.finds_programs_in(&unpacked.join("sbin"));
    agent.start().await.unwrap();
    let near = agent.margin_where("power.status", &name, |margin| margin["state"] == "approached").await;
    assert!(near["reasons"].to_string().contains("missing (status ONLINE NOBATT)"), "{near}");
    let left = agent.margin_where("power.runtime_left", &name, |margin| margin["value"] == 72_000.0).await;
    assert_eq!(left["state"], "normal", "{left}");
    apcupsd.kill().unwrap();
    let dark = agent.margin_where("power.runtime_left", &name, |margin| margin["state"] == "dark").await;
    assert!(dark["reasons"].to_string().contains("refused"), "{dark}");
}

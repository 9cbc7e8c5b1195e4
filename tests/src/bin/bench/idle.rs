//! What an agent costs a host on which nothing happens, with every probe on, beside prometheus-node-exporter with its
//! default collectors, scraped every 15 seconds.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use nearmiss_tests::lab::{Agent, AgentSettings, Lab};
use nearmiss_tests::process::{Process, program};
use nearmiss_tests::wait::until;

use crate::figure::Figure;
use crate::footprint::Footprint;

const PEER: &str = "prometheus-node-exporter";
/// Start-up is no idleness.
const WARM: Duration = Duration::from_secs(45);
/// As Prometheus does it by default.
const SCRAPE: Duration = Duration::from_secs(15);

/// PSS and CPU seconds of both over `window`.
pub(crate) async fn measure(window: Duration) -> Result<Vec<Figure>> {
    let lab = Lab::start().await?;
    let web = Web::start(lab.path()).await?;
    let agent = lab.agent(everything(lab.path(), web.port)?).await?;
    let _agent = run(&agent, lab.path())?;
    let ours = _agent.id();
    let peer = Exporter::start(lab.path()).await?;
    wait(WARM, peer.as_ref()).await;
    let cpu = |pid| Footprint::of(pid).map(|footprint| footprint.cpu);
    let peer_id = peer.as_ref().map(|peer| peer.process.id());
    let before = (cpu(ours)?, peer_id.map(cpu).transpose()?);
    wait(window, peer.as_ref()).await;
    let after = (Footprint::of(ours)?, peer_id.map(Footprint::of).transpose()?);
    let theirs = after.1.zip(before.1);
    let mib = |bytes: u64| bytes as f64 / f64::from(1024 * 1024);
    Ok(vec![
        Figure {
            what: "idle, every probe on: PSS",
            unit: "MiB".to_owned(),
            ours: mib(after.0.pss),
            peer: (PEER, theirs.map(|(after, _)| mib(after.pss))),
            goal: 0.6,
        },
        Figure {
            what: "idle, every probe on: CPU",
            unit: format!("s in {} s", window.as_secs()),
            ours: after.0.cpu - before.0,
            peer: (PEER, theirs.map(|(after, before)| after.cpu - before)),
            goal: 1.0,
        },
    ])
}

/// Lets time pass as a host does that is scraped.
async fn wait(length: Duration, peer: Option<&Exporter>) {
    let mut turn = tokio::time::interval(SCRAPE);
    let scraping = async {
        loop {
            turn.tick().await;
            if let Some(peer) = peer {
                drop(peer.scrape().await);
            }
        }
    };
    // The time that passes is what is measured over.
    drop(tokio::time::timeout(length, scraping).await);
}

/// The agent on the machine's own clock: a test clock would be read at each use.
fn run(agent: &Agent, folder: &Path) -> Result<Process> {
    let mut command = Command::new(program("nearmiss-agent"));
    command.arg("--config").arg(agent.folder().join("agent.toml")).arg("run");
    Process::start(command, &folder.join("agent.log"))
}

/// Every probe with something to look at; what a bare install has of itself is on by default.
fn everything(folder: &Path, port: u16) -> Result<AgentSettings> {
    let (log, record, backup) =
        (folder.join("app.log"), folder.join("record.csv"), folder.join("backup.tar"));
    fs::write(&log, "started\n")?;
    fs::write(&record, "serial,value\n1,2\n")?;
    fs::write(&backup, vec![0_u8; 65_536])?;
    let certificate = folder.join("certificate.pem");
    nearmiss_tests::process::run("openssl", certificate_request(&certificate))?;
    let config = format!("[probe.log]\npaths = [\"{}\"]\n", log.display());
    let rules = format!(
        "[[endpoint]]\nname = \"portal\"\ntarget = \"http://127.0.0.1:{port}/metrics\"\n\
         [[metrics]]\nname = \"queue\"\nurl = \"http://127.0.0.1:{port}/metrics\"\nselect = 'queue_length'\n\
         normal = 0\napproach = 50\ncritical = 80\nlimit = 100\n\
         [[certificate]]\nname = \"portal-certificate\"\ntarget = \"{}\"\n\
         [[backup]]\nname = \"nightly\"\npath = \"{}\"\nrpo = \"48h\"\n\
         [[integrity]]\nname = \"calibration\"\npath = \"{}\"\n\
         [[plugin]]\nname = \"load\"\ncommand = [\"/usr/lib/nagios/plugins/check_load\", \"-w\", \"50,50,50\", \
         \"-c\", \"90,90,90\"]\n",
        certificate.display(),
        backup.display(),
        record.display(),
    );
    Ok(AgentSettings { config, rules })
}

fn certificate_request(certificate: &Path) -> Vec<String> {
    let key = certificate.with_extension("key").display().to_string();
    let certificate = certificate.display().to_string();
    [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "365",
        "-subj",
        "/CN=portal",
        "-keyout",
        &key,
        "-out",
        &certificate,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The peer on a free loopback port.
struct Exporter {
    process: Process,
    url: String,
}

impl Exporter {
    /// `None` where it is not installed.
    async fn start(folder: &Path) -> Result<Option<Self>> {
        let port = free_port()?;
        let mut command = Command::new(PEER);
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let Ok(process) = Process::start(command, &folder.join("exporter.log")) else { return Ok(None) };
        let exporter = Self { process, url: format!("http://127.0.0.1:{port}/metrics") };
        until("the exporter to answer", async || exporter.scrape().await.ok()).await;
        Ok(Some(exporter))
    }

    async fn scrape(&self) -> Result<usize> {
        Ok(reqwest::get(&self.url).await?.error_for_status()?.bytes().await?.len())
    }
}

/// A small web server with one metric: Python's own.
struct Web {
    _process: Process,
    port: u16,
}

impl Web {
    async fn start(folder: &Path) -> Result<Self> {
        let root = folder.join("web");
        fs::create_dir_all(&root)?;
        fs::write(root.join("metrics"), "# TYPE queue_length gauge\nqueue_length 3\n")?;
        let port = free_port()?;
        let mut command = Command::new("python3");
        command
            .args(["-m", "http.server", "--bind", "127.0.0.1", "--directory"])
            .arg(&root)
            .arg(port.to_string());
        let process = Process::start(command, &folder.join("web.log"))?;
        let url = format!("http://127.0.0.1:{port}/metrics");
        until("the web server to answer", async || reqwest::get(&url).await.ok()).await;
        Ok(Self { _process: process, port })
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

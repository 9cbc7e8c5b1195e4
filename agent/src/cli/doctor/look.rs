//! Everything that `doctor` reads, each bounded in time; nothing is judged here.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nearmiss_agent_core::config::{AgentConfig, LogConfig};
use nearmiss_agent_probe::Clock;
use nearmiss_agent_probe::command::Program;
use nearmiss_shared::time::Timestamp;
use rustix::fs::{Access, access, statvfs};

use crate::cli::Config;
use crate::cli::check::look;
use crate::control::{Answer, CheckTold, Question, StatusTold, ask};
use crate::history::{self, HistoryTold};
use crate::sessions::{logind, records};
use crate::settings::Settings;
use crate::store::{Enrolment, Store};
use crate::uplink::{self, UplinkFault};

/// How long the bus, and the collector, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) configuration: Configuration,
    pub(super) config: AgentConfig,
    pub(super) state: StateFolder,
    pub(super) history: HistoryTold,
    pub(super) control: PathBuf,
    /// The running agent's word, or why there is none.
    pub(super) agent: Result<StatusTold, String>,
    pub(super) rights: Rights,
    /// The first line of `smartctl --version`, or why there is none.
    pub(super) smartctl: Result<String, String>,
    pub(super) margins: CheckTold,
    /// Log files that are configured: whether each can be read; those that are not there are left out.
    pub(super) logs: Vec<(String, bool)>,
    /// `max_user_watches` and `max_user_instances` (inotify(7)).
    pub(super) inotify: (Option<u64>, Option<u64>),
    pub(super) bus: Result<Synchronised, String>,
    pub(super) enrolment: Option<Enrolment>,
    /// Whether the collector answers, and this host's clock minus its own; `None` where there is none to ask.
    pub(super) collector: Option<Result<i64, String>>,
    /// How systemd started the agent that runs.
    pub(super) unit: Unit,
    /// What tells who is signed in: login records that can be read, systemd-logind.
    pub(super) login_records: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Configuration {
    Sound(PathBuf),
    /// None at the usual place: the defaults.
    Absent,
    Faulty(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StateFolder {
    pub(super) path: PathBuf,
    pub(super) exists: bool,
    pub(super) writable: bool,
    pub(super) free_bytes: Option<u64>,
}

/// The user and groups that the checks are about: the running agent's, else ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) root: bool,
    pub(super) groups: BTreeSet<String>,
    pub(super) agents: bool,
}

/// What systemd-timedated says of the kernel's clock; `None` where it says nothing.
pub(super) type Synchronised = Option<bool>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    NotRunning,
    /// Started by a person or something else.
    None,
    Watched,
    Unwatched,
}

pub(super) async fn all(file: &Config) -> Found {
    let (configuration, settings) = configuration(file);
    let clock = Clock::from_environment();
    let agent = status(&settings.control).await;
    let margins = match &agent {
        Ok(_) => margins(&settings).await,
        Err(_) => None,
    };
    let margins = match margins {
        Some(margins) => margins,
        None => look::once(&settings.config, &settings.rules, &clock).await,
    };
    let pid = agent.as_ref().ok().and_then(|status| status.pid);
    let enrolment = match &agent {
        Ok(status) => status.enrolment.clone(),
        Err(_) => left_behind(&settings.state).await,
    };
    Found {
        collector: collector(&settings, enrolment.as_ref(), &clock).await,
        state: state(&settings.state),
        history: history::told(&settings.state, &settings.config.history),
        rights: rights(pid),
        smartctl: smartctl().await,
        logs: logs(&settings.config.probe.log),
        inotify: (limit("max_user_watches"), limit("max_user_instances")),
        bus: bus().await,
        unit: unit(pid),
        login_records: login_records(&settings.config).await,
        configuration,
        control: settings.control,
        config: settings.config,
        agent,
        margins,
        enrolment,
    }
}

/// Faulty or not, the rest is looked at, with the defaults where nothing else is known.
fn configuration(file: &Config) -> (Configuration, Settings) {
    match file.load() {
        Ok(settings) => {
            let path = settings.file.clone();
            let found = if path.exists() { Configuration::Sound(path) } else { Configuration::Absent };
            (found, settings)
        }
        Err(fault) => (Configuration::Faulty(fault.to_string()), Settings::defaults()),
    }
}

async fn status(control: &Path) -> Result<StatusTold, String> {
    match ask(control, &Question::Status).await.map_err(|fault| fault.to_string())? {
        Answer::Done(value) => serde_json::from_value(value).map_err(|fault| fault.to_string()),
        Answer::Refused(why) => Err(why),
    }
}

async fn margins(settings: &Settings) -> Option<CheckTold> {
    match ask(&settings.control, &Question::Check).await {
        Ok(Answer::Done(value)) => serde_json::from_value(value).ok(),
        _ => None,
    }
}

async fn left_behind(state: &Path) -> Option<Enrolment> {
    let store = Store::open_read_only(state).await.ok()?;
    store.enrolment().await.ok().flatten()
}

fn state(path: &Path) -> StateFolder {
    // Where it is still to be made, its nearest ancestor decides.
    let there = path.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    StateFolder {
        path: path.to_owned(),
        exists: path.exists(),
        writable: access(there, Access::WRITE_OK).is_ok(),
        free_bytes: statvfs(there).ok().map(|space| space.f_bavail.saturating_mul(space.f_frsize)),
    }
}

/// From `/proc/PID/status` (proc(5)): the effective user id, and the groups by name.
fn rights(pid: Option<u32>) -> Rights {
    let whose = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
    let text = std::fs::read_to_string(format!("/proc/{whose}/status")).unwrap_or_default();
    let numbers = |name: &str| -> Vec<&str> {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().split_whitespace().collect()
    };
    let own: BTreeSet<&str> = numbers("Groups:").into_iter().chain(numbers("Gid:").get(1).copied()).collect();
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let named = groups.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        own.contains(fields.nth(1)?).then(|| name.to_owned())
    });
    Rights { root: numbers("Uid:").get(1) == Some(&"0"), groups: named.collect(), agents: pid.is_some() }
}

async fn smartctl() -> Result<String, String> {
    let ended = Program::new(["smartctl", "--version"]).run().await.map_err(|fault| fault.to_string())?;
    let text = String::from_utf8_lossy(&ended.text).into_owned();
    Ok(text.lines().next().unwrap_or_default().chars().take(60).collect())
}

fn logs(config: &LogConfig) -> Vec<(String, bool)> {
    let all = config.paths.iter().chain(&config.programs);
    let there = all.filter(|path| Path::new(path.as_str()).exists());
    there.map(|path| (path.clone(), File::open(path).is_ok())).collect()
}

fn limit(name: &str) -> Option<u64> {
    std::fs::read_to_string(format!("/proc/sys/fs/inotify/{name}")).ok()?.trim().parse().ok()
}

/// Whether the system bus answers, and what it says of the clock (org.freedesktop.timedate1(5)).
async fn bus() -> Result<Synchronised, String> {
    let asked = async {
        let bus = zbus::Connection::system().await.map_err(|fault| fault.to_string())?;
        let name = "org.freedesktop.timedate1";
        let clock = zbus::Proxy::new(&bus, name, "/org/freedesktop/timedate1", name).await;
        let clock = clock.map_err(|fault| fault.to_string())?;
        Ok(clock.get_property::<bool>("NTPSynchronized").await.ok())
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("it gave no answer in {} s", PATIENCE.as_secs())),
    }
}

/// Asks the enrolled collector what anybody may ask, over the way that events take.
async fn collector(
    settings: &Settings,
    enrolment: Option<&Enrolment>,
    clock: &Clock,
) -> Option<Result<i64, String>> {
    let enrolment = enrolment?;
    let config = &settings.config.collector;
    let url = if config.url.is_empty() { &enrolment.url } else { &config.url };
    let asked = async {
        let server_time: Timestamp = uplink::hello(url, config.insecure, &config.ca_file).await?;
        Ok::<i64, UplinkFault>(clock.wall().since(server_time).as_millis())
    };
    Some(match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|fault| fault.to_string()),
        Err(_) => Err(format!("it gave no answer in {} s", PATIENCE.as_secs())),
    })
}

/// systemd tells what it starts: an invocation id, and how often it wants to hear from it (sd_watchdog_enabled(3)).
fn unit(pid: Option<u32>) -> Unit {
    let Some(pid) = pid else { return Unit::NotRunning };
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let has = |name: &[u8]| environment.split(|byte| *byte == 0).any(|entry| entry.starts_with(name));
    match (has(b"INVOCATION_ID="), has(b"WATCHDOG_USEC=")) {
        (_, true) => Unit::Watched,
        (true, false) => Unit::Unwatched,
        (false, false) => Unit::None,
    }
}

/// Files, and systemd-logind where it answers.
async fn login_records(config: &AgentConfig) -> Vec<String> {
    let mut told = records::readable(&config.sessions);
    told.extend(logind::sessions(None).await.is_ok().then(|| "systemd-logind".to_owned()));
    told
}

//! The agent's configuration file: its keys, their defaults, and every fault at once.
//!
//! The files are layered by the daemon (file, `conf.d/`, environment); each is walked here with its spans first.

use std::collections::BTreeMap;

use globset::Glob;
use nearmiss_shared::time::Span;
use serde::{Deserialize, Deserializer};
use toml_edit::{Item, TableLike};

use crate::signal::Table;
use nearmiss_shared::fault::{Fault, Reader};

const DAY: Span = Span::from_days(1);

/// A span written as a string.
fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// `agent.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct AgentConfig {
    /// Where the agent keeps its store, its key and its evidence.
    pub state: String,
    /// The control socket; `control.sock` in `state` when empty.
    pub control: String,
    /// Where rules are; `rules.d` beside the configuration file when empty.
    pub rules: String,
    /// This host's own labels, by which rules choose the hosts they are for.
    pub labels: BTreeMap<String, String>,
    pub collector: CollectorConfig,
    pub observe: ObserveConfig,
    pub probe: ProbesConfig,
    pub accept: AcceptConfig,
    pub evidence: EvidenceConfig,
    pub spool: SpoolConfig,
    pub history: HistoryConfig,
    pub sessions: SessionsConfig,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            state: "/var/lib/nearmiss".to_owned(),
            control: String::new(),
            rules: String::new(),
            labels: BTreeMap::new(),
            collector: CollectorConfig::default(),
            observe: ObserveConfig::default(),
            probe: ProbesConfig::default(),
            accept: AcceptConfig::default(),
            evidence: EvidenceConfig::default(),
            spool: SpoolConfig::default(),
            history: HistoryConfig::default(),
            sessions: SessionsConfig::default(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct CollectorConfig {
    #[serde(deserialize_with = "span")]
    pub status_interval: Span,
    /// Where the collector is now, if it has moved since this host was enrolled; empty for the address enrolled at.
    pub url: String,
    /// Allows `http://` to other machines.
    pub insecure: bool,
    /// A PEM file with the collector's own certificate authority; empty for the system's.
    pub ca_file: String,
}

impl Default for CollectorConfig {
    fn default() -> Self {
        Self {
            status_interval: Span::from_seconds(30),
            url: String::new(),
            insecure: false,
            ca_file: String::new(),
        }
    }
}

/// How long a new host learns before it may page.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct ObserveConfig {
    #[serde(rename = "for", deserialize_with = "span")]
    pub length: Span,
}

impl Default for ObserveConfig {
    fn default() -> Self {
        Self { length: DAY.times(7) }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProbesConfig {
    pub filesystem: Toggle,
    pub disk: DiskConfig,
    pub service: ServiceConfig,
    pub log: LogConfig,
    pub host: Toggle,
    pub endpoint: Toggle,
    pub certificate: Toggle,
    pub backup: Toggle,
    pub power: Toggle,
    pub integrity: Toggle,
    pub plugin: Toggle,
    pub metrics: Toggle,
    pub container: Toggle,
    pub security: Toggle,
}

impl ProbesConfig {
    /// Whether the probe that rules of this table are for is switched on.
    pub const fn is_enabled(&self, table: Table) -> bool {
        match table {
            Table::Filesystem => self.filesystem.enabled,
            Table::Disk => self.disk.enabled,
            Table::Service => self.service.enabled,
            Table::Log => self.log.enabled,
            Table::Host => self.host.enabled,
            Table::Endpoint => self.endpoint.enabled,
            Table::Certificate => self.certificate.enabled,
            Table::Backup => self.backup.enabled,
            Table::Power => self.power.enabled,
            Table::Integrity => self.integrity.enabled,
            Table::Plugin => self.plugin.enabled,
            Table::Metrics => self.metrics.enabled,
            Table::Container => self.container.enabled,
            Table::Security => self.security.enabled,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Toggle {
    pub enabled: bool,
}

impl Default for Toggle {
    fn default() -> Self {
        Self { enabled: true }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct DiskConfig {
    pub enabled: bool,
    /// The whole argv; `{device}` and `{type}` are replaced, `{json}` is `--json=o` where smartctl knows it.
    pub command: Vec<String>,
    /// A file given to the command on standard input; empty for none.
    pub stdin: String,
    /// Asks for these devices instead of enumerating: `/dev/sda`, or with its type `/dev/sda -d cciss,0`.
    pub devices: Vec<String>,
    #[serde(deserialize_with = "span")]
    pub timeout: Span,
}

impl Default for DiskConfig {
    fn default() -> Self {
        let command = "smartctl {json} -n standby -i -H -c -A -l error -l selftest -d {type} {device}";
        Self {
            enabled: true,
            command: command.split(' ').map(str::to_owned).collect(),
            stdin: String::new(),
            devices: Vec::new(),
            timeout: Span::from_seconds(30),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct ServiceConfig {
    pub enabled: bool,
    /// Globs over the names of services and timers; one that begins with `!` takes units out.
    pub units: Vec<String>,
    /// Names of processes that must run, for hosts without systemd.
    pub processes: Vec<String>,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            units: vec!["*.service".to_owned(), "*.timer".to_owned()],
            processes: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct LogConfig {
    pub enabled: bool,
    /// Where the system's log is written.
    pub paths: Vec<String>,
    /// Logs that programs write themselves, followed beside `paths` or the journal.
    pub programs: Vec<String>,
    /// Follows the journal where none of `paths` (those of mail left out) was written to within a week, or where a rule asks for it:
    /// its `match` begins with `journal:`, or it has `journal`.
    pub journal: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        // What Debian writes to mail.log and kern.log is in syslog as well, and would count twice.
        let paths = ["auth.log", "secure", "syslog", "messages", "maillog"];
        let programs = [
            "postgresql/postgresql-*.log",
            "mysql/error.log",
            "mariadb/mariadb.log",
            "nginx/error.log",
            "apache2/error.log",
            "httpd/error_log",
        ];
        let in_var_log = |names: &[&str]| names.iter().map(|name| format!("/var/log/{name}")).collect();
        Self { enabled: true, paths: in_var_log(&paths), programs: in_var_log(&programs), journal: true }
    }
}

/// What the collector may ask of this host. Off unless it only makes the host quieter and says so.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct AcceptConfig {
    pub baseline: bool,
    pub maintenance: bool,
    pub drill: bool,
}

impl Default for AcceptConfig {
    fn default() -> Self {
        Self { baseline: true, maintenance: true, drill: false }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct EvidenceConfig {
    pub enabled: bool,
    pub max_bytes: u64,
    #[serde(deserialize_with = "span")]
    pub max_time: Span,
}

impl Default for EvidenceConfig {
    fn default() -> Self {
        Self { enabled: true, max_bytes: 8 * 1024 * 1024, max_time: Span::from_seconds(20) }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct SpoolConfig {
    /// Bundles beyond this many bytes are dropped, oldest first, before any event.
    pub max_bytes: u64,
    /// Set aside at start, so that a full disk cannot silence the agent.
    pub reserve_bytes: u64,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        Self { max_bytes: 256 * 1024 * 1024, reserve_bytes: 4 * 1024 * 1024 }
    }
}

/// What is kept of every signal's readings, by which a changed threshold is tried on the past.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct HistoryConfig {
    pub enabled: bool,
    /// Single readings: the oldest go when there are more bytes of them, or when they are older.
    pub max_bytes: u64,
    #[serde(rename = "for", deserialize_with = "span")]
    pub length: Span,
    /// The least, mean and largest value of each hour before that.
    pub hourly_max_bytes: u64,
    #[serde(rename = "hourly_for", deserialize_with = "span")]
    pub hourly_length: Span,
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            max_bytes: 64 * 1024 * 1024,
            length: DAY.times(30),
            hourly_max_bytes: 8 * 1024 * 1024,
            hourly_length: DAY.times(400),
        }
    }
}

/// Privileged people who are signed in while something is near.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct SessionsConfig {
    pub enabled: bool,
    /// Login records (utmp(5)) of who is there, and of who was.
    pub utmp: String,
    pub wtmp: String,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self { enabled: true, utmp: "/var/run/utmp".to_owned(), wtmp: "/var/log/wtmp".to_owned() }
    }
}

/// Every fault of these files (name, text); empty when all is well.
pub fn validate(files: &[(String, String)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (file, text) in files {
        let mut reader = Reader::new(file, text);
        if let Some(document) = reader.document() {
            check(&mut reader, document.as_table());
        }
        faults.append(&mut reader.faults);
    }
    faults
}

fn check(reader: &mut Reader<'_>, top: &dyn TableLike) {
    reader.only(
        top,
        "the configuration",
        &[
            "state",
            "control",
            "rules",
            "labels",
            "collector",
            "observe",
            "probe",
            "accept",
            "evidence",
            "spool",
            "history",
            "sessions",
        ],
    );
    for key in ["state", "control", "rules"] {
        reader.string(top, key);
    }
    labels(reader, top);
    section(reader, top, "collector", &["status_interval", "url", "insecure", "ca_file"], |reader, table| {
        reader.string(table, "url");
        reader.span(table, "status_interval", false);
        reader.boolean(table, "insecure");
        reader.string(table, "ca_file");
    });
    section(reader, top, "observe", &["for"], |reader, table| {
        reader.span(table, "for", true);
    });
    section(reader, top, "accept", &["baseline", "maintenance", "drill"], |reader, table| {
        for key in ["baseline", "maintenance", "drill"] {
            reader.boolean(table, key);
        }
    });
    section(reader, top, "evidence", &["enabled", "max_bytes", "max_time"], |reader, table| {
        reader.boolean(table, "enabled");
        reader.integer(table, "max_bytes", 65_536..64 * 1024 * 1024 + 1);
        reader.span(table, "max_time", false);
    });
    section(reader, top, "spool", &["max_bytes", "reserve_bytes"], |reader, table| {
        reader.integer(table, "max_bytes", 1_048_576..i64::MAX);
        reader.integer(table, "reserve_bytes", 0..1_073_741_825);
    });
    history(reader, top);
    section(reader, top, "sessions", &["enabled", "utmp", "wtmp"], |reader, table| {
        reader.boolean(table, "enabled");
        reader.string(table, "utmp");
        reader.string(table, "wtmp");
    });
    section(reader, top, "probe", &[&PLAIN[..], &["disk", "service", "log"]].concat(), probes);
}

fn history(reader: &mut Reader<'_>, top: &dyn TableLike) {
    let known = ["enabled", "max_bytes", "for", "hourly_max_bytes", "hourly_for"];
    section(reader, top, "history", &known, |reader, table| {
        reader.boolean(table, "enabled");
        for key in ["max_bytes", "hourly_max_bytes"] {
            reader.integer(table, key, 1_048_576..1 << 40);
        }
        for key in ["for", "hourly_for"] {
            reader.span(table, key, false);
        }
    });
}

/// More labels than this are no description.
const MOST_LABELS: usize = 64;
const LABEL_LETTERS: usize = 200;

/// `[labels]`: any names, since they are the site's own.
fn labels(reader: &mut Reader<'_>, top: &dyn TableLike) {
    let Some(table) = reader.table(top, "labels") else { return };
    for (name, item) in table.iter() {
        let value = reader.string(table, name);
        let plain =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter);
        if !name.chars().all(plain) {
            let what = format!("a label named `{}`", name.chars().take(40).collect::<String>());
            reader.fault(item.span(), what, "small letters, digits, `_` and `-` are expected");
        }
        if value.is_some_and(|value| value.chars().count() > LABEL_LETTERS) {
            reader.fault(
                item.span(),
                format!("`{name}` is long"),
                format!("at most {LABEL_LETTERS} letters"),
            );
        }
    }
    if table.len() > MOST_LABELS {
        let at = top.get("labels").and_then(Item::span);
        reader.fault(at, format!("{} labels", table.len()), format!("at most {MOST_LABELS} are expected"));
    }
}

/// Probes that are switched on or off and have nothing else to say: what they watch is in the rules.
const PLAIN: [&str; 11] = [
    "filesystem",
    "host",
    "endpoint",
    "certificate",
    "backup",
    "power",
    "integrity",
    "plugin",
    "metrics",
    "container",
    "security",
];

fn probes(reader: &mut Reader<'_>, probes: &dyn TableLike) {
    for plain in PLAIN {
        section(reader, probes, plain, &["enabled"], |reader, table| {
            reader.boolean(table, "enabled");
        });
    }
    section(
        reader,
        probes,
        "disk",
        &["enabled", "command", "stdin", "devices", "timeout"],
        |reader, table| {
            reader.boolean(table, "enabled");
            if reader.strings(table, "command").is_some_and(|argv| argv.is_empty()) {
                let at = table.get("command").and_then(Item::span);
                reader.fault(at, "`command` is empty", "a program and its arguments are expected");
            }
            reader.string(table, "stdin");
            reader.strings(table, "devices");
            reader.span(table, "timeout", false);
        },
    );
    section(reader, probes, "service", &["enabled", "units", "processes"], |reader, table| {
        reader.boolean(table, "enabled");
        for glob in reader.strings(table, "units").unwrap_or_default() {
            if let Err(fault) = crate::service::Choice::of(std::slice::from_ref(&glob)) {
                let at = table.get("units").and_then(toml_edit::Item::span);
                let told = format!("`units` has `{glob}`, which is no glob: {}", fault.kind());
                reader.fault(at, told, "such as \"web@*.service\", \"*.timer\" or \"!cron.service\"");
            }
        }
        reader.strings(table, "processes");
    });
    section(reader, probes, "log", &["enabled", "paths", "programs", "journal"], |reader, table| {
        reader.boolean(table, "enabled");
        log_paths(reader, table, "paths");
        log_paths(reader, table, "programs");
        reader.boolean(table, "journal");
    });
}

/// A glob stands for names within one folder, so each part is one of its own.
fn log_paths(reader: &mut Reader<'_>, table: &dyn TableLike, key: &str) {
    const EXPECTED: &str =
        "such as \"/var/log/app.log\", \"/var/log/postgresql/*.log\" or \"/srv/*/log/*.log\"";
    let at = table.get(key).and_then(Item::span);
    for path in reader.strings(table, key).unwrap_or_default() {
        let fault = path.split('/').find_map(|part| Some((part, Glob::new(part).err()?)));
        let what = match fault {
            _ if path.split('/').any(|part| part == "**") => {
                "but `**` stands for any number of folders: name each, by `*`".to_owned()
            }
            Some((part, fault)) => format!("where `{part}` is no glob: {}", fault.kind()),
            None => continue,
        };
        reader.fault(at.clone(), format!("`{key}` has `{path}`, {what}"), EXPECTED);
    }
}

fn section(
    reader: &mut Reader<'_>,
    parent: &dyn TableLike,
    name: &str,
    known: &[&str],
    check: impl Fn(&mut Reader<'_>, &dyn TableLike),
) {
    if let Some(table) = reader.table(parent, name) {
        reader.only(table, &format!("[{name}]"), known);
        check(reader, table);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_at_once_with_its_line_and_what_would_be_right() {
        let text = "stat = \"/x\"\n[observe]\nfor = \"soon\"\n[probe.disk]\nenabled = \"yes\"\ncommand = []\n\
                    [spool]\nmax_bytes = 3\n[acept]\n[labels]\nTier = \"x\"\nsite = 1\n[probe.service]\nunits = [\"!web[\"]\n\
                    [probe.log]\npaths = [\"/srv/*/log/*.log\", \"/srv/**/app.log\"]\nprograms = [\"/srv/[a/x.log\"]\n";
        let faults: Vec<String> =
            validate(&[("agent.toml".to_owned(), text.to_owned())]).iter().map(ToString::to_string).collect();
        for expected in [
            "agent.toml:1: unknown key `stat` in the configuration; did you mean `state`?",
            "agent.toml:3: `for` is string `\"soon\"`; a span of at least 100ms",
            "agent.toml:5: `enabled` is string `\"yes\"`; true or false is expected",
            "agent.toml:6: `command` is empty",
            "agent.toml:8: `max_bytes` is integer `3`; a whole number from 1048576",
            "agent.toml:14: `units` has `!web[`, which is no glob",
            "agent.toml:16: `paths` has `/srv/**/app.log`, but `**` stands for any number of folders",
            "agent.toml:17: `programs` has `/srv/[a/x.log`, where `[a` is no glob: unclosed character class",
            "agent.toml:9: unknown key `acept` in the configuration; did you mean `accept`?",
            "agent.toml:11: a label named `Tier`",
            "agent.toml:12: `site` is integer `1`; a string is expected",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{expected}\nin {faults:#?}");
        }
        assert_eq!(faults.len(), 11, "{faults:#?}");
    }

    #[test]
    fn a_file_that_is_no_toml_says_where_it_stops() {
        let faults = validate(&[("a".to_owned(), "state = \"x\"\n[probe\n".to_owned())]);
        assert_eq!((faults.len(), faults[0].line), (1, 2), "{faults:?}");
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert!(validate(&[("a".to_owned(), String::new())]).is_empty());
        assert_eq!(AgentConfig::default().observe.length, Span::from_days(7));
    }
}

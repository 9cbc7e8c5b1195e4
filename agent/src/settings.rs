//! The configuration as the daemon and every command see it: files layered by `config`, all faults at once.
//!
//! Later layers win: `agent.toml`, `conf.d/*.toml` beside it, then the environment (`NEARMISS_AGENT__PROBE__DISK__ENABLED`).
//! Every file is walked with its spans first, so that unknown keys, types and ranges are told together with file
//! and line. Nothing is applied unless all of it is sound.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat};
use nearmiss_agent_core::config::{AgentConfig, validate};
use nearmiss_agent_core::log::shipped_packs;
use nearmiss_agent_core::rule::{Here, RuleSet};
use nearmiss_shared::fault::Fault;

use crate::host;

/// Where the configuration is when no `--config` says otherwise.
pub const DEFAULT_FILE: &str = "/etc/nearmiss/agent.toml";
/// Stands for a file where the agent's own defaults speak.
pub const SHIPPED: &str = "shipped";
const ENVIRONMENT: &str = "NEARMISS_AGENT";
/// Keys that hold lists; in the environment their entries are parted by commas.
const LISTS: [&str; 6] = [
    "probe.disk.command",
    "probe.disk.devices",
    "probe.service.units",
    "probe.service.processes",
    "probe.log.paths",
    "probe.log.programs",
];

/// Everything that was configured, resolved.
#[derive(Clone, Debug)]
pub struct Settings {
    pub file: PathBuf,
    pub config: AgentConfig,
    /// Those that are for this host, over the shipped ones.
    pub rules: RuleSet,
    /// The folder of the store, the key and the evidence.
    pub state: PathBuf,
    pub control: PathBuf,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsFault {
    #[error("{0}")]
    Faults(Faults),
    #[error("{path} cannot be read: {fault}")]
    Unreadable { path: PathBuf, fault: io::Error },
    #[error("the configuration does not fit together: {0}")]
    Layers(#[from] config::ConfigError),
}

/// Everything wrong in the files, one a line.
#[derive(Debug)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let gap = if index > 0 { "\n" } else { "" };
            write!(formatter, "{gap}{fault}")?;
        }
        Ok(())
    }
}

impl Settings {
    /// Reads everything. Without `file` the default one is read where it exists; a file that was named must exist.
    ///
    /// # Errors
    /// All faults of all files together.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsFault> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE)).to_owned();
        let files = config_files(&path, file.is_some())?;
        let mut faults = validate(&files);
        let config = if faults.is_empty() { layered(&files)? } else { AgentConfig::default() };
        let rules_folder = beside(&path, &config.rules, "rules.d");
        let rules = match rules(&rules_folder, &host::here(config.labels.clone())) {
            Ok(rules) => rules,
            Err(SettingsFault::Faults(more)) => {
                faults.extend(more.0);
                RuleSet::default()
            }
            Err(fault) => return Err(fault),
        };
        if !faults.is_empty() {
            return Err(SettingsFault::Faults(Faults(faults)));
        }
        Ok(Self::of(path, config, rules))
    }

    /// What a host without any configuration has.
    pub fn defaults() -> Self {
        Self::of(PathBuf::from(DEFAULT_FILE), AgentConfig::default(), RuleSet::default())
    }

    fn of(file: PathBuf, config: AgentConfig, rules: RuleSet) -> Self {
        let state = PathBuf::from(&config.state);
        let control = match config.control.as_str() {
            "" => state.join("control.sock"),
            path => PathBuf::from(path),
        };
        Self { file, config, rules, state, control }
    }
}

/// The rules of every `*.toml` in `folder` in the order of their names that are for this host, over the shipped ones.
///
/// # Errors
/// All faults of all files together; a folder that is not there is no fault.
pub fn rules(folder: &Path, here: &Here) -> Result<RuleSet, SettingsFault> {
    let own = parsed(&toml_files(folder)?)?;
    Ok(own.for_host(here).with_shipped(shipped_rules()?))
}

/// The rules of a bare install.
///
/// # Errors
/// Never: they are tested.
pub fn shipped_rules() -> Result<RuleSet, SettingsFault> {
    parsed(&shipped_packs())
}

/// The rules of one file, whatever hosts they are for.
///
/// # Errors
/// It cannot be read; all its faults together.
pub fn rules_file(path: &Path) -> Result<RuleSet, SettingsFault> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|fault| SettingsFault::Unreadable { path: path.to_owned(), fault })?;
    parsed(&[(path.display().to_string(), text)]).map(RuleSet::anywhere)
}

fn parsed(files: &[(String, String)]) -> Result<RuleSet, SettingsFault> {
    RuleSet::parse(files).map_err(|faults| SettingsFault::Faults(Faults(faults)))
}

fn config_files(path: &Path, must_exist: bool) -> Result<Vec<(String, String)>, SettingsFault> {
    let mut files = Vec::new();
    match std::fs::read_to_string(path) {
        Ok(text) => files.push((path.display().to_string(), text)),
        Err(fault) if !must_exist && fault.kind() == io::ErrorKind::NotFound => {}
        Err(fault) => return Err(SettingsFault::Unreadable { path: path.to_owned(), fault }),
    }
    files.extend(toml_files(&beside(path, "", "conf.d"))?);
    Ok(files)
}

fn beside(file: &Path, named: &str, default: &str) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new("."));
    folder.join(if named.is_empty() { default } else { named })
}

fn toml_files(folder: &Path) -> Result<Vec<(String, String)>, SettingsFault> {
    let unreadable = |path: &Path, fault| SettingsFault::Unreadable { path: path.to_owned(), fault };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(fault) => return Err(unreadable(folder, fault)),
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let read = |path: PathBuf| match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path.display().to_string(), text)),
        Err(fault) => Err(unreadable(&path, fault)),
    };
    paths.into_iter().map(read).collect()
}

fn layered(files: &[(String, String)]) -> Result<AgentConfig, config::ConfigError> {
    let mut layers = Config::builder();
    for (_, text) in files {
        layers = layers.add_source(File::from_str(text, FileFormat::Toml));
    }
    let mut environment =
        Environment::with_prefix(ENVIRONMENT).separator("__").try_parsing(true).list_separator(",");
    for key in LISTS {
        environment = environment.with_list_parse_key(key);
    }
    layers.add_source(environment).build()?.try_deserialize()
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Span;

    use super::*;

    #[test]
    fn conf_d_is_laid_over_the_file_and_rules_lie_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.toml");
        std::fs::write(&file, "state = \"/x\"\n[observe]\nfor = \"3d\"\n").unwrap();
        std::fs::create_dir(folder.path().join("conf.d")).unwrap();
        std::fs::write(folder.path().join("conf.d/10-site.toml"), "[observe]\nfor = \"0s\"\n").unwrap();
        std::fs::create_dir(folder.path().join("rules.d")).unwrap();
        std::fs::write(folder.path().join("conf.d/20-host.toml"), "[labels]\ntier = \"lab\"\n").unwrap();
        std::fs::write(
            folder.path().join("rules.d/a.toml"),
            "[[filesystem]]\nname = \"own\"\nlabels = { tier = \"lab\" }\n\
             [[filesystem]]\nname = \"theirs\"\nlabels = { tier = \"web\" }\n",
        )
        .unwrap();
        let settings = Settings::load(Some(&file)).unwrap();
        assert_eq!(settings.config.observe.length, Span::ZERO);
        assert_eq!(settings.control, Path::new("/x/control.sock"));
        let judgement = settings.rules.judge("filesystem.free", "/", None).unwrap();
        assert_eq!(judgement.rule.name, "own");
        assert!(settings.rules.log_rules().iter().any(|(rule, _)| rule.name == "failed-logins"));
    }

    #[test]
    fn faults_of_configuration_and_rules_are_told_together() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.toml");
        std::fs::write(&file, "stat = \"/x\"\n").unwrap();
        std::fs::create_dir(folder.path().join("rules.d")).unwrap();
        std::fs::write(folder.path().join("rules.d/a.toml"), "[[filesystem]]\nname = 3\n").unwrap();
        let told = Settings::load(Some(&file)).unwrap_err().to_string();
        assert!(told.contains("agent.toml:1: unknown key `stat`"), "{told}");
        assert!(told.contains("a.toml:2:"), "{told}");
    }

    #[test]
    fn the_example_that_is_shipped_is_sound_and_says_the_defaults() {
        let example = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/agent.toml"));
        let settings = Settings::load(Some(example)).unwrap();
        assert_eq!(format!("{:?}", settings.config), format!("{:?}", AgentConfig::default()));
    }

    #[test]
    fn a_named_file_must_exist_and_the_default_one_need_not() {
        assert!(matches!(
            Settings::load(Some(Path::new("/nonexistent/agent.toml"))),
            Err(SettingsFault::Unreadable { .. })
        ));
    }
}

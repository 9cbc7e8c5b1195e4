//! One watched host: an agent with its own state, configuration and rules.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::collector::{Collector, HOME};
use super::nearmiss;
use crate::process::Process;
use crate::wait::until;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// What a story changes of the agent's configuration: TOML put after the common part, and one rules file.
#[derive(Clone, Debug, Default)]
pub struct AgentSettings {
    pub config: String,
    pub rules: String,
}

/// An enrolled agent.
pub struct Agent {
    folder: PathBuf,
    world: PathBuf,
    /// Searched before the machine's own programs.
    programs: Option<PathBuf>,
    process: Option<Process>,
}

impl Agent {
    /// An agent that knows no collector, in the folder of a story: its margins are read on the host.
    pub fn alone(world: &Path, settings: AgentSettings) -> Result<Self> {
        let clock = super::clock_of(world);
        if !clock.exists() {
            fs::write(clock, "0")?;
        }
        let folder = world.join(format!("agent-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir_all(folder.join("rules.d"))?;
        let state = folder.join("state");
        fs::write(
            folder.join("agent.toml"),
            format!("state = \"{}\"\n[observe]\nfor = \"0s\"\n{}", state.display(), settings.config),
        )?;
        fs::write(folder.join("rules.d/story.toml"), settings.rules)?;
        Ok(Self { folder, world: world.to_owned(), programs: None, process: None })
    }

    pub(super) async fn enrolled(
        world: &Path,
        collector: &Collector,
        settings: AgentSettings,
    ) -> Result<Self> {
        let agent = Self::alone(world, settings)?;
        let token = collector.enrolment_token(HOME)?;
        let file = agent.folder.join("token");
        fs::write(&file, token)?;
        let output = agent.run(&["enrol", collector.url(), &file.to_string_lossy()])?;
        ensure!(output.status.success(), "enrol: {}", String::from_utf8_lossy(&output.stderr));
        Ok(agent)
    }

    /// Lets the agent find programs of `folder` before the machine's own.
    pub fn finds_programs_in(&mut self, folder: &Path) {
        self.programs = Some(folder.to_owned());
    }

    /// Starts the daemon and waits until its control socket answers.
    pub async fn start(&mut self) -> Result<()> {
        let mut command = nearmiss("nearmiss-agent", &self.world);
        command.arg("--config").arg(self.folder.join("agent.toml")).arg("run");
        if let Some(programs) = &self.programs {
            let own = std::env::var_os("PATH").unwrap_or_default();
            let paths = std::iter::once(programs.clone()).chain(std::env::split_paths(&own));
            command.env("PATH", std::env::join_paths(paths)?);
        }
        self.process = Some(Process::start(command, &self.folder.join("agent.log"))?);
        until("the agent to answer", async || {
            self.run(&["status"]).ok().filter(|output| output.status.success())
        })
        .await;
        Ok(())
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> Result<()> {
        self.process.as_mut().context("the agent does not run")?.kill().map(drop)
    }

    /// SIGTERM and a clean end.
    pub fn stop(&mut self) -> Result<()> {
        let process = self.process.as_mut().context("the agent does not run")?;
        let status = process.stop()?;
        ensure!(status.success(), "the agent ended with {status}: {}", process.log());
        Ok(())
    }

    /// Runs `nearmiss-agent --config ... ARGUMENTS` to its end.
    pub fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = nearmiss("nearmiss-agent", &self.world);
        command.arg("--config").arg(self.folder.join("agent.toml")).args(arguments).stdin(Stdio::null());
        Ok(command.output()?)
    }

    /// What a command prints with `--json`, first line.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.run(arguments)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().next().with_context(|| {
            format!("{arguments:?} printed nothing: {}", String::from_utf8_lossy(&output.stderr))
        })?;
        Ok(serde_json::from_str(line)?)
    }

    /// One signal as `check --json` tells it now.
    pub fn margin(&self, signal: &str, subject: &str) -> Option<Value> {
        let told = self.json(&["check", "--json"]).ok()?;
        let wanted = |margin: &&Value| margin["signal"] == signal && margin["subject"] == subject;
        told["signals"].as_array()?.iter().find(wanted).cloned()
    }

    /// Waits until `check --json` tells a signal as wanted.
    pub async fn margin_where(&self, signal: &str, subject: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(&format!("{signal} {subject} as wanted"), async || {
            self.margin(signal, subject).filter(|margin| wanted(margin))
        })
        .await
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }
}

//! One provider's world: a collector, its people, a mail sink, hosts with agents, and one clock over all of them.

mod agent;
mod collector;
mod host;
mod visitor;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use nearmiss_runtime::clock::{Clock, TEST_CLOCK};
use nearmiss_shared::time::Timestamp;
use tempfile::TempDir;

pub use agent::{Agent, AgentSettings};
pub use collector::{Client, Collector};
pub use host::{RawHost, Signed};
pub use visitor::{Stream, Visitor};

use crate::mail::MailSink;
use crate::process::program;

/// The four roles of one client, held by four people in Karachi who work 09:00 to 17:00 from Monday to Friday,
/// and a second client whose viewer must see nothing of the first.
pub const PEOPLE: &str = include_str!("lab/people.toml");
/// Every seeded person's password.
pub const PASSWORD: &str = "correct horse battery staple";
/// The first client of [`PEOPLE`].
pub const CLIENT: &str = "Falcon MRO";
/// The other one.
pub const OTHER_CLIENT: &str = "Apex Lab";

/// A running world in a temporary folder.
pub struct Lab {
    pub collector: Collector,
    pub mail: MailSink,
    folder: TempDir,
}

impl Lab {
    /// Starts mail sink and collector with [`PEOPLE`], at the machine's own time.
    pub async fn start() -> Result<Self> {
        Self::start_with(None).await
    }

    /// As [`Self::start`], with the clock at `instant` when the collector starts.
    pub async fn start_at(instant: &str) -> Result<Self> {
        Self::start_with(Some(instant.parse()?)).await
    }

    async fn start_with(instant: Option<Timestamp>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("nearmiss-story-").tempdir()?;
        let clock = folder.path().join("clock");
        fs::write(&clock, "0")?;
        if let Some(instant) = instant {
            set_clock(&clock, instant)?;
        }
        let mail = MailSink::start(folder.path()).await?;
        let collector = Collector::start(folder.path(), &clock, mail.port()).await?;
        Ok(Self { collector, mail, folder })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Moves every program's wall clock to `instant`.
    pub fn set_clock(&self, instant: &str) -> Result<()> {
        set_clock(&self.folder.path().join("clock"), instant.parse()?)
    }

    /// What the world's clock shows.
    pub fn now(&self) -> Result<Timestamp> {
        let offset: i64 = fs::read_to_string(self.folder.path().join("clock"))?.trim().parse()?;
        Ok(Timestamp::from_millis(Clock::real().now().as_millis() + offset))
    }

    /// A new agent, enrolled at [`CLIENT`], not yet running.
    pub async fn agent(&self, settings: AgentSettings) -> Result<Agent> {
        Agent::enrolled(self.folder.path(), &self.collector, settings).await
    }
}

fn set_clock(file: &Path, instant: Timestamp) -> Result<()> {
    let now = Clock::real().now();
    let part = file.with_extension("part");
    fs::write(&part, instant.since(now).as_millis().to_string())?;
    Ok(fs::rename(part, file)?)
}

/// One of the product's programs with the world's clock.
fn nearmiss(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(program(name));
    command.env(TEST_CLOCK, clock_of(folder)).env("NO_COLOR", "1");
    command
}

fn clock_of(folder: &Path) -> PathBuf {
    folder.join("clock")
}

//! An SMTP sink run by Python's aiosmtpd, and messages read by libraries that share no code with ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::{Process, run};
use crate::wait::until;

/// The Python of the test environment that tests/run makes.
fn python() -> PathBuf {
    std::env::var_os("NEARMISS_TEST_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

fn tool(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tools").join(name)
}

/// A running sink.
pub struct MailSink {
    folder: PathBuf,
    port: u16,
    _process: Process,
}

impl MailSink {
    /// Starts it under `folder` and waits until it listens.
    pub async fn start(folder: &Path) -> Result<Self> {
        let folder = folder.join("mail");
        fs::create_dir_all(&folder)?;
        let mut command = Command::new(python());
        command.arg(tool("smtp_sink.py")).arg(&folder);
        let process = Process::start(command, &folder.join("sink.log"))?;
        let file = folder.join("port");
        let port = until("the mail sink's port", async || fs::read_to_string(&file).ok()).await;
        Ok(Self { folder, port: port.trim().parse()?, _process: process })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The files of all messages so far, oldest first.
    pub fn messages(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .collect();
        files.sort();
        files
    }

    /// The first message whose raw text has all of `words`.
    pub async fn message_with(&self, words: &[&str]) -> (PathBuf, String) {
        until(&format!("a message with {words:?}"), async || {
            self.messages().into_iter().find_map(|file| {
                let text = fs::read_to_string(&file).ok()?;
                words.iter().all(|word| text.contains(word)).then_some((file, text))
            })
        })
        .await
    }
}

/// `{to, subject, invitation}` of a kept message, as independent libraries read it.
pub fn read_invitation(file: &Path) -> Result<Value> {
    let output = run(python(), [tool("read_invitation.py").as_os_str(), file.as_os_str()])?;
    serde_json::from_slice(&output.stdout).context("the reader's answer")
}

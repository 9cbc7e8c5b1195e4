//! One drive asked by the configured command: `LC_ALL=C`, no shell, bounded in time and bytes, killed when late.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use nearmiss_agent_core::config::DiskConfig;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::scan::Device;

/// What a command prints beyond this is not read.
const MAX_OUTPUT_BYTES: u64 = 1024 * 1024;

/// A command line, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Question {
    argv: Vec<String>,
    stdin: Option<String>,
    patience: Duration,
}

/// What it printed.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) command: String,
    /// Standard output, whatever the exit code: smartctl's is a set of flags. Else why there is none.
    pub(super) text: Result<Vec<u8>, String>,
}

impl Question {
    pub(super) fn new(config: &DiskConfig, device: &Device) -> Self {
        let fill = |word: &String| word.replace("{device}", &device.name).replace("{type}", &device.kind);
        Self {
            argv: config.command.iter().map(fill).collect(),
            stdin: Some(config.stdin.clone()).filter(|path| !path.is_empty()),
            patience: config.timeout.to_duration(),
        }
    }

    /// Another command line under the same bounds.
    pub(super) fn of(argv: Vec<String>, config: &DiskConfig) -> Self {
        Self { argv, stdin: None, patience: config.timeout.to_duration() }
    }

    pub(super) async fn ask(self) -> Answer {
        let text = match tokio::time::timeout(self.patience, self.run()).await {
            Ok(text) => text,
            Err(_) => {
                Err(format!("`{}` gave no answer in {} s", self.argv.join(" "), self.patience.as_secs()))
            }
        };
        Answer { command: self.argv.join(" "), text }
    }

    async fn run(&self) -> Result<Vec<u8>, String> {
        let [program, arguments @ ..] = self.argv.as_slice() else {
            return Err("the disk probe's command is empty".to_owned());
        };
        let stdin = match &self.stdin {
            Some(path) => Stdio::from(File::open(path).map_err(|fault| format!("{path}: {fault}"))?),
            None => Stdio::null(),
        };
        let mut child = Command::new(program)
            .args(arguments)
            .env("LC_ALL", "C")
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|fault| match fault.kind() {
                std::io::ErrorKind::NotFound => {
                    format!("{program} is not there: install the package smartmontools")
                }
                _ => format!("{program}: {fault}"),
            })?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut text = Vec::new();
        stdout
            .take(MAX_OUTPUT_BYTES)
            .read_to_end(&mut text)
            .await
            .map_err(|fault| format!("{program}: {fault}"))?;
        child.wait().await.map_err(|fault| format!("{program}: {fault}"))?;
        Ok(text)
    }
}

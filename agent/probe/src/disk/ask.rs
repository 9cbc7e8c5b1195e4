//! One drive asked by the configured command, in the way of speaking that it answers to.

use std::path::PathBuf;

use nearmiss_agent_core::config::DiskConfig;
use nearmiss_agent_core::smart;

use super::device::Device;
use crate::command::{Program, RunFault};

/// What it printed.
#[derive(Debug)]
pub(super) struct Answer {
    /// How it was asked last.
    pub(super) device: Device,
    pub(super) command: String,
    /// Standard output, whatever the exit code: smartctl's is a set of flags. Else why there is none.
    pub(super) text: Result<Vec<u8>, String>,
    /// Every way of speaking was tried, and none gave a report.
    pub(super) in_vain: bool,
}

/// What every question of one look has in common.
#[derive(Debug)]
pub(super) struct Questions<'a> {
    config: &'a DiskConfig,
    /// smartctl gives the JSON beside the text.
    json: bool,
}

impl<'a> Questions<'a> {
    /// Asks smartctl for its version where the command leaves the JSON to it.
    pub(super) async fn new(config: &'a DiskConfig) -> Self {
        let asks = config.command.iter().any(|word| word == "{json}");
        let program = config.command.first().filter(|_| asks).cloned();
        let json = match program {
            None => false,
            Some(program) => {
                let version = printed(bounded(vec![program, "--version".to_owned()], config)).await;
                version.is_ok_and(|text| smart::gives_json(&String::from_utf8_lossy(&text)))
            }
        };
        Self { config, json }
    }

    /// Asks `device` as its type says; where smartctl cannot speak with it so, and `all` may be tried, in every way that
    /// may help, what `worked` last first.
    pub(super) async fn ask(&self, device: Device, worked: Option<String>, all: bool) -> Answer {
        let has_type = self.config.command.iter().any(|word| word.contains("{type}"));
        let kinds = smart::kinds(worked.as_deref().filter(|_| has_type), &device.kind);
        let mut kinds = kinds.into_iter();
        let first = device.of_kind(kinds.next().unwrap_or(&device.kind));
        let as_told = first.kind == device.kind;
        let mut answer = self.once(first).await;
        // What is late is late in every way.
        let may_help = answer.text.as_ref().is_ok_and(|text| !as_told || is_kind_unknown(text));
        if speaks(&answer) || !may_help || !all || !has_type {
            return answer;
        }
        for kind in kinds {
            let other = self.once(device.of_kind(kind)).await;
            if speaks(&other) {
                return other;
            }
        }
        answer.in_vain = true;
        answer
    }

    async fn once(&self, device: Device) -> Answer {
        let program = self.question(&device);
        let command = program.line();
        Answer { device, command, text: printed(program).await, in_vain: false }
    }

    /// The configured command for this drive.
    fn question(&self, device: &Device) -> Program {
        let fill = |word: &String| word.replace("{device}", &device.name).replace("{type}", &device.kind);
        let words = self.config.command.iter().filter(|word| self.json || *word != "{json}");
        let argv = words.map(|word| if word == "{json}" { "--json=o".to_owned() } else { fill(word) });
        let mut program = bounded(argv.collect(), self.config);
        let stdin = PathBuf::from(&self.config.stdin);
        program.stdin = Some(stdin).filter(|path| !path.as_os_str().is_empty());
        program
    }
}

fn speaks(answer: &Answer) -> bool {
    answer.text.as_ref().is_ok_and(|text| smart::parse(text).is_ok_and(|report| report.speaks()))
}

fn is_kind_unknown(text: &[u8]) -> bool {
    smart::is_kind_unknown(&smart::printed(text))
}

/// Another command line under the same bounds.
pub(super) fn bounded(argv: Vec<String>, config: &DiskConfig) -> Program {
    let mut program = Program::new(argv);
    program.patience = config.timeout.to_duration();
    program
}

pub(super) async fn printed(program: Program) -> Result<Vec<u8>, String> {
    program.run().await.map(|ended| ended.text).map_err(|fault| match fault {
        RunFault::Missing(program) => format!("{program} is not there: install the package smartmontools"),
        fault => fault.to_string(),
    })
}

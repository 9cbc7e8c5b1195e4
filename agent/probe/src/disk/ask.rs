//! One drive asked by the configured command.

use std::path::PathBuf;

use nearmiss_agent_core::config::DiskConfig;

use super::scan::Device;
use crate::command::{Program, RunFault};

/// What it printed.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) command: String,
    /// Standard output, whatever the exit code: smartctl's is a set of flags. Else why there is none.
    pub(super) text: Result<Vec<u8>, String>,
}

/// The configured command for this drive.
pub(super) fn question(config: &DiskConfig, device: &Device) -> Program {
    let fill = |word: &String| word.replace("{device}", &device.name).replace("{type}", &device.kind);
    let mut program = bounded(config.command.iter().map(fill).collect(), config);
    program.stdin = Some(PathBuf::from(&config.stdin)).filter(|path| !path.as_os_str().is_empty());
    program
}

/// Another command line under the same bounds.
pub(super) fn bounded(argv: Vec<String>, config: &DiskConfig) -> Program {
    let mut program = Program::new(argv);
    program.patience = config.timeout.to_duration();
    program
}

pub(super) async fn ask(program: Program) -> Answer {
    let text = program.run().await.map(|ended| ended.text).map_err(|fault| match fault {
        RunFault::Missing(program) => format!("{program} is not there: install the package smartmontools"),
        fault => fault.to_string(),
    });
    Answer { command: program.line(), text }
}

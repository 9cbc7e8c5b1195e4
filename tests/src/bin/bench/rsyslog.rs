//! rsyslog, following one file with imfile, as a peer. It listens to nothing and keeps its state in the given folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use nearmiss_tests::process::{Process, program};

pub(crate) const NAME: &str = "rsyslog imfile";

/// A running rsyslog.
pub(crate) struct Rsyslog {
    pub(crate) process: Process,
    /// What it wrote of the lines that hold the text: when it took them in, and the line.
    pub(crate) out: PathBuf,
}

impl Rsyslog {
    /// Follows `log` from its start and writes the lines that hold `text`; `None` where it is not installed.
    pub(crate) fn start(folder: &Path, log: &Path, text: &str) -> Result<Option<Self>> {
        if !["/usr/sbin/rsyslogd", "/sbin/rsyslogd"].iter().any(|path| Path::new(path).exists()) {
            return Ok(None);
        }
        let (config, out) = (folder.join("rsyslog.conf"), folder.join("rsyslog.out"));
        let template = "%timegenerated:::date-rfc3339% %rawmsg%\\n";
        let text = format!(
            "global(workDirectory=\"{folder}\")\nmodule(load=\"imfile\" mode=\"inotify\")\n\
             template(name=\"told\" type=\"string\" string=\"{template}\")\n\
             input(type=\"imfile\" File=\"{log}\" Tag=\"bench\" ruleset=\"bench\")\n\
             ruleset(name=\"bench\") {{ if $rawmsg contains \"{text}\" then action(type=\"omfile\" file=\"{out}\" template=\"told\") }}\n",
            folder = folder.display(),
            log = log.display(),
            out = out.display(),
        );
        fs::write(&config, text)?;
        let mut command = Command::new(program("/usr/sbin/rsyslogd"));
        command.arg("-n").arg("-f").arg(&config).arg("-i").arg(folder.join("rsyslog.pid"));
        Ok(Some(Self { process: Process::start(command, &folder.join("rsyslog.log"))?, out }))
    }

    pub(crate) fn told(&self) -> String {
        fs::read_to_string(&self.out).unwrap_or_default()
    }
}

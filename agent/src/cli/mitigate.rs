//! `mitigate --case CASE -- COMMAND`: the person's own command, in their own terminal, with a record around it.
//!
//! Whatever is wrong with the agent, the command runs: nobody who acts on a case is held up by what only records it.
//! Its input and output are the terminal's, its signals are its own (Ctrl-C ends the command, not the record), and its
//! exit code is this one's. What is said beside it goes to standard error, before and after it.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use std::os::unix::process::ExitStatusExt;

use nearmiss_shared::action::label;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::arguments::Mitigate;
use super::{Config, Ended, Exit, Failure};
use crate::control::{Answer, Question, ask};
use crate::evidence::redact;
use crate::mitigation::{Begun, End, Intent, named};
use crate::output;
use crate::settings::Settings;
use nearmiss_agent_probe::Clock;

/// An agent that hangs holds nobody up for longer; a snapshot has its own, shorter time.
const PATIENCE: Duration = Duration::from_secs(12);
/// What a shell ends with where there is no such program (POSIX, 2.8.2).
const NOT_FOUND: u8 = 127;
/// And what it adds to the number of the signal that ended one.
const BY_SIGNAL: i32 = 128;

pub(super) async fn run(file: &Config, options: Mitigate) -> Ended {
    let (program, arguments) = options.command.split_first().ok_or_else(|| Failure::usage("no command"))?;
    let intent = Intent {
        case: options.case,
        what: options.what.clone(),
        program: if options.record_arguments { line(&options.command) } else { name(program) },
    };
    let record = Record::begin(file, intent).await;
    let clock = Clock::from_environment();
    let started = clock.boot_ms();
    let ended = to_its_end(program, arguments).await;
    let lasted_ms = i64::try_from(clock.boot_ms().saturating_sub(started)).unwrap_or(i64::MAX);
    let (exit, code) = match &ended {
        Ok(status) => (said(*status), code(*status)),
        Err(fault) => {
            output::problem(&format!("{}: {fault}", program.display()));
            (label::NOT_STARTED.to_owned(), NOT_FOUND)
        }
    };
    record.end(exit, lasted_ms).await;
    Ok(if code == 0 { Exit::Fine } else { Exit::Command(code) })
}

/// What is kept of the command, if the agent could be told.
struct Record(Option<(Settings, Begun)>);

impl Record {
    async fn begin(file: &Config, intent: Intent) -> Self {
        match Self::try_begin(file, intent).await {
            Ok((settings, begun)) => {
                beginning(&begun).iter().for_each(|line| output::problem(line));
                Self(Some((settings, begun)))
            }
            Err(why) => {
                output::problem(&format!("NOTHING IS RECORDED: {why}. The command runs all the same"));
                Self(None)
            }
        }
    }

    async fn try_begin(file: &Config, intent: Intent) -> Result<(Settings, Begun), String> {
        let settings = file.load().map_err(|fault| fault.to_string())?;
        let question = Question::MitigationBegins(intent);
        let asked = tokio::time::timeout(PATIENCE, ask(&settings.control, &question)).await;
        let asked = asked.map_err(|_| format!("the agent gave no answer in {} s", PATIENCE.as_secs()))?;
        match asked.map_err(|fault| fault.to_string())? {
            Answer::Done(begun) => {
                let begun = serde_json::from_value(begun).map_err(|fault| fault.to_string())?;
                Ok((settings, begun))
            }
            Answer::Refused(why) => Err(why),
        }
    }

    /// A problem here is told and changes nothing: the command has run.
    async fn end(self, exit: String, lasted_ms: i64) {
        let Some((settings, begun)) = self.0 else { return };
        let question = Question::MitigationEnds(Box::new(End { begun, exit, lasted_ms }));
        match ask(&settings.control, &question).await {
            Ok(Answer::Done(told)) => output::problem(told.as_str().unwrap_or("recorded")),
            Ok(Answer::Refused(why)) => output::problem(&format!("its end is not recorded: {why}")),
            Err(fault) => output::problem(&format!("its end is not recorded: {fault}")),
        }
    }
}

/// What a person is told before their command runs.
fn beginning(begun: &Begun) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(known) = &begun.unknown_among {
        let known = if known.is_empty() { "it knows none".to_owned() } else { named(known) };
        lines.push(format!(
            "{} is none of this host's open cases ({known}): the command runs all the same",
            begun.intent.case
        ));
    }
    match begun.frozen {
        Some(true) => lines.push("a snapshot was taken before it".to_owned()),
        Some(false) => lines.push("the snapshot before it is still being taken".to_owned()),
        None => {}
    }
    lines
}

/// Runs it with this terminal as its own. While it runs, what the terminal sends is for the command.
async fn to_its_end(program: &OsStr, arguments: &[OsString]) -> std::io::Result<ExitStatus> {
    // A handler, not "ignore": a handler is reset in the command, which is to die of what it is sent.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let mut child = command.spawn()?;
    loop {
        tokio::select! {
            status = child.wait() => return status,
            _ = interrupt.recv() => {}
            _ = quit.recv() => {}
            _ = hang_up.recv() => {}
            // Whoever ends us by name means the command.
            _ = terminate.recv() => pass_on(&child),
        }
    }
}

fn pass_on(child: &Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid
        && let Err(fault) = kill_process(pid, Signal::TERM)
    {
        output::problem(&format!("the command cannot be told to end: {fault}"));
    }
}

/// The program without its path.
fn name(program: &OsStr) -> String {
    Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned()
}

/// The whole line without the secrets that are known by their form.
fn line(command: &[OsString]) -> String {
    let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
    String::from_utf8_lossy(&redact(words.join(" ").as_bytes()).0).into_owned()
}

fn said(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown".to_owned(),
    }
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| BY_SIGNAL + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_the_commands_own() {
        for (raw, exit, passed) in [(0, "0", 0), (3 << 8, "3", 3), (2, "signal 2", 130), (9, "signal 9", 137)]
        {
            let status = ExitStatus::from_raw(raw);
            assert_eq!((said(status).as_str(), code(status)), (exit, passed));
        }
    }

    #[test]
    fn arguments_are_left_out_and_secrets_are_taken_from_what_is_kept() {
        assert_eq!(name(OsStr::new("/usr/bin/rm")), "rm");
        let command = ["mysql", "--password=hunter22"].map(OsString::from);
        let kept = line(&command);
        assert!(kept.starts_with("mysql ") && !kept.contains("hunter22"), "{kept}");
    }
}

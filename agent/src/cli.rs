//! The command line: what each command is called, what it takes, and how it ends.
//!
//! Exit codes: 0 fine; 1 the condition asked about does not hold; 2 usage or configuration; 3 could not reach or
//! read; `mitigate` ends as the command it ran. `--config` is understood before and after every command. Results go to standard output, problems to
//! standard error; `--json` prints one JSON value a line.

mod arguments;
mod check;
mod columns;
mod config;
mod daemon;
mod doctor;
mod drill;
mod enrol;
mod history;
mod input;
mod maintenance;
mod mitigate;
mod past;
mod replay;
mod scan;
mod smart;
mod snapshot;
mod status;
mod verify;
mod wrap;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::baseline::Wanted;
use crate::control::{Answer, AskFault, Question, ask};
use crate::output;
use crate::settings::{Settings, SettingsFault};

use arguments::{Arguments, Command};

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Fine,
    /// The condition asked about does not hold.
    No,
    /// Usage or configuration.
    Usage,
    /// Could not reach or read.
    Unreachable,
    /// Of a command that was run for a person.
    Command(u8),
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Command(code) => code,
        }
    }
}

/// A command that could not do what was asked, in words, with its exit code.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct Failure {
    exit: Exit,
    why: String,
}

impl Failure {
    fn new(exit: Exit, why: impl std::fmt::Display) -> Self {
        Self { exit, why: why.to_string() }
    }

    fn no(why: impl std::fmt::Display) -> Self {
        Self::new(Exit::No, why)
    }

    fn usage(why: impl std::fmt::Display) -> Self {
        Self::new(Exit::Usage, why)
    }

    fn unreachable(why: impl std::fmt::Display) -> Self {
        Self::new(Exit::Unreachable, why)
    }
}

impl From<SettingsFault> for Failure {
    fn from(fault: SettingsFault) -> Self {
        Self::usage(fault)
    }
}

impl From<AskFault> for Failure {
    fn from(fault: AskFault) -> Self {
        Self::unreachable(fault)
    }
}

impl From<std::io::Error> for Failure {
    fn from(fault: std::io::Error) -> Self {
        Self::unreachable(fault)
    }
}

/// Longer than the usual interval of a probe, so that its thread is not made anew for each look.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

type Ended = Result<Exit, Failure>;

/// Runs the command that was typed.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // One thread hands everything on; what takes long or may hang runs beside it. A watcher that is idle most of the time
    // pays for more threads by waking them.
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().thread_keep_alive(KEEP_ALIVE).build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(dispatch(arguments)),
        Err(fault) => Err(Failure::unreachable(format!("no runtime can be made: {fault}"))),
    };
    let exit = ended.unwrap_or_else(|failure| {
        output::problem(&failure.why);
        failure.exit
    });
    ExitCode::from(exit.code())
}

async fn dispatch(arguments: Arguments) -> Ended {
    let file = Config(arguments.config);
    match arguments.command {
        Command::Run => daemon::run(&file).await,
        Command::Check(options) => check::run(&file, &options).await,
        Command::Doctor(options) => doctor::run(&file, &options).await,
        Command::Enrol(options) => enrol::run(&file, options).await,
        Command::Status { json } => status::run(&file, json).await,
        Command::Note { case, text } => tell(&file, Question::Note { text: text.join(" "), case }).await,
        Command::Ack { case, comment } => {
            tell(&file, Question::Acknowledge { case, comment: comment.join(" ") }).await
        }
        Command::Baseline { subject, reason, signal, length } => {
            let (seconds, reason) = (length.as_millis() / 1000, reason.join(" "));
            tell(&file, Question::Baseline(Wanted { subject, signal, seconds, reason })).await
        }
        Command::Maintenance { span, reason, .. } => maintenance::run(&file, span, reason.join(" ")).await,
        Command::Mitigate(options) => mitigate::run(&file, options).await,
        Command::Drill { name, abort } => drill::run(&file, name, abort).await,
        Command::Snapshot(options) => snapshot::run(&file, options).await,
        Command::Verify(options) => verify::run(&file, &options),
        Command::Smart(arguments::Smart::Parse { files, json }) => smart::parse(&files, json),
        Command::History(options) => history::run(&file, &options).await,
        Command::Replay(arguments::Replay::Series(options)) => replay::series(&file, &options).await,
        Command::Replay(arguments::Replay::Log(options)) => replay::log(&file, &options),
        Command::Replay(arguments::Replay::DriveStats(options)) => replay::drives(&options),
        Command::Scan { rules, paths, json } => scan::run(&file, &rules, &paths, json),
        Command::Config(arguments::ConfigCommand::Check { json }) => config::check(&file, json),
        Command::Config(arguments::ConfigCommand::Show(options)) => config::show(&file, &options),
    }
}

/// The configuration file that was named, if any.
#[derive(Clone, Debug)]
struct Config(Option<PathBuf>);

impl Config {
    fn path(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    fn load(&self) -> Result<Settings, SettingsFault> {
        Settings::load(self.path())
    }
}

/// Asks the daemon to do something and prints what it did.
async fn tell(file: &Config, question: Question) -> Ended {
    let settings = file.load()?;
    match ask(&settings.control, &question).await? {
        Answer::Done(value) => output::line(value.as_str().unwrap_or("done"))?,
        Answer::Refused(why) => return Err(Failure::no(why)),
    }
    Ok(Exit::Fine)
}

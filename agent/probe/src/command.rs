//! Running a program for what it prints: no shell, a plain environment, bounded in time and bytes, and killed with
//! all its children when it is late or not wanted any more.

use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::{Access, access};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

/// What a program complains of beyond this is not read.
const MAX_COMPLAINT_BYTES: u64 = 4096;
/// What a program is told of the agent's environment.
const ENVIRONMENT: [&str; 2] = ["PATH", "HOME"];

/// A command line, ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub argv: Vec<String>,
    /// A file given on standard input.
    pub stdin: Option<PathBuf>,
    pub patience: Duration,
    /// What it prints beyond this is not read.
    pub max_bytes: u64,
}

/// A program that ended in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub status: ExitStatus,
    pub text: Vec<u8>,
    pub complaint: Vec<u8>,
}

/// Why a program printed nothing that counts.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    #[error("no program is named")]
    Unnamed,
    #[error("{0} is not there")]
    Missing(String),
    #[error("{program}: {fault}")]
    Failed { program: String, fault: std::io::Error },
    #[error("`{command}` gave no answer in {seconds} s")]
    Late { command: String, seconds: u64 },
}

impl Ended {
    /// The first line of what it complained of, for people.
    pub fn said(&self) -> String {
        let complaint = String::from_utf8_lossy(&self.complaint);
        complaint.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it said nothing").to_owned()
    }
}

impl Program {
    /// `argv` with the bounds of a short question: 10 s, 1 MiB.
    pub fn new(argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            stdin: None,
            patience: Duration::from_secs(10),
            max_bytes: 1024 * 1024,
        }
    }

    /// The command line as a person would type it.
    pub fn line(&self) -> String {
        self.argv.join(" ")
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// It is not there, cannot be run, or is late.
    pub async fn run(&self) -> Result<Ended, RunFault> {
        tokio::time::timeout(self.patience, self.unhurried())
            .await
            .map_err(|_| RunFault::Late { command: self.line(), seconds: self.patience.as_secs() })?
    }

    async fn unhurried(&self) -> Result<Ended, RunFault> {
        let [program, arguments @ ..] = self.argv.as_slice() else { return Err(RunFault::Unnamed) };
        let failed = |fault| RunFault::Failed { program: program.clone(), fault };
        let stdin = match &self.stdin {
            Some(path) => {
                let named = path.display().to_string();
                Stdio::from(File::open(path).map_err(|fault| RunFault::Failed { program: named, fault })?)
            }
            None => Stdio::null(),
        };
        // Found by us: what is not there costs no process, and a whole path is spawned without copying this one.
        let path = found(program).ok_or_else(|| RunFault::Missing(program.clone()))?;
        let mut command = Command::new(path);
        command.arg0(program);
        command.args(arguments).env_clear().env("LC_ALL", "C").stdin(stdin);
        command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let child = command.spawn().map_err(|fault| match fault.kind() {
            std::io::ErrorKind::NotFound => RunFault::Missing(program.clone()),
            _ => failed(fault),
        })?;
        let mut group = Group { child };
        let (mut text, mut complaint) = (Vec::new(), Vec::new());
        let no_pipe = || failed(std::io::ErrorKind::BrokenPipe.into());
        let stdout = group.child.stdout.take().ok_or_else(no_pipe)?;
        let stderr = group.child.stderr.take().ok_or_else(no_pipe)?;
        let (mut stdout, mut stderr) = (stdout.take(self.max_bytes), stderr.take(MAX_COMPLAINT_BYTES));
        // A program that has more to say than is read must not wait for a reader: each end is closed when it is full.
        let heard = async {
            let read = stdout.read_to_end(&mut text).await;
            drop(stdout);
            read
        };
        let complained = async {
            drop(stderr.read_to_end(&mut complaint).await);
            drop(stderr);
        };
        tokio::join!(heard, complained).0.map_err(failed)?;
        let status = group.child.wait().await.map_err(failed)?;
        Ok(Ended { status, text, complaint })
    }
}

/// Where the program is: as execvp(3) looks for it.
fn found(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(program.into());
    }
    let runs = |path: &PathBuf| access(path, Access::EXEC_OK).is_ok() && path.is_file();
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(runs)
}

/// A child that leads its own process group, which does not outlive the wish for an answer.
struct Group {
    child: Child,
}

impl Drop for Group {
    fn drop(&mut self) {
        // The id is there until the child was waited for.
        let leader = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(leader) = leader {
            // What has ended meanwhile needs no signal.
            let _ended = kill_process_group(leader, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program::new(["sh", "-c", script])
    }

    #[tokio::test]
    async fn a_program_is_heard_and_its_status_told() {
        let ended = shell("echo out; echo 'not good' >&2; exit 3").run().await.unwrap();
        assert_eq!((ended.text.as_slice(), ended.status.code()), (&b"out\n"[..], Some(3)));
        assert_eq!(ended.said(), "not good");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_said_so() {
        let fault = Program::new(["/nonexistent/program"]).run().await.unwrap_err();
        assert!(matches!(fault, RunFault::Missing(_)), "{fault}");
        assert_eq!(fault.to_string(), "/nonexistent/program is not there");
    }

    #[tokio::test]
    async fn a_late_program_dies_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("child");
        let mut program = shell(&format!("sleep 600 & echo $! > {}; wait", file.display()));
        program.patience = Duration::from_millis(300);
        let fault = program.run().await.unwrap_err();
        assert!(matches!(fault, RunFault::Late { .. }), "{fault}");
        let child = std::fs::read_to_string(&file).unwrap();
        let stat = format!("/proc/{}/stat", child.trim());
        let lives = || std::fs::read_to_string(&stat).is_ok_and(|state| !state.contains(") Z "));
        // The kernel takes a moment to end what was killed.
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        let died = async {
            while lives() {
                pace.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), died).await.expect("the child of a late program lives");
    }

    #[tokio::test]
    async fn what_is_printed_is_bounded() {
        let mut program = shell("yes");
        program.max_bytes = 1000;
        assert_eq!(program.run().await.unwrap().text.len(), 1000);
    }
}

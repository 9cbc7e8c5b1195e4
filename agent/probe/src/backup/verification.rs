//! One run of a program that verifies backups, beside the probe's looks.

use nearmiss_agent_core::rule::Verify;
use nearmiss_runtime::tasks::Tasks;
use nearmiss_shared::time::Timestamp;
use tokio::sync::oneshot;

use crate::command::{Ended, Program, RunFault};

/// What it says is told this far.
const MAX_SAID: usize = 200;

/// A run under way. Dropped, it is over: the program is killed with its children.
#[derive(Debug)]
pub(super) struct Verification {
    /// When the newest backup was made as it began: what it vouches for.
    backup: Timestamp,
    outcome: oneshot::Receiver<Result<(), String>>,
    _tasks: Tasks,
}

impl Verification {
    pub(super) fn begin(verify: &Verify, backup: Timestamp) -> Self {
        let mut program = Program::new(&verify.argv);
        program.patience = verify.timeout.to_duration();
        let (tell, outcome) = oneshot::channel();
        let mut tasks = Tasks::default();
        tasks.spawn("backup verification", async move {
            // Nobody listens any more when the agent stops.
            drop(tell.send(verdict(program.run().await)));
        });
        Self { backup, outcome, _tasks: tasks }
    }

    /// The backup it was about and what it came to, once it has ended.
    pub(super) fn ended(&mut self) -> Option<(Timestamp, Result<(), String>)> {
        match self.outcome.try_recv() {
            Ok(outcome) => Some((self.backup, outcome)),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some((self.backup, Err("it broke off".to_owned()))),
        }
    }
}

fn verdict(ended: Result<Ended, RunFault>) -> Result<(), String> {
    let ended = ended.map_err(|fault| bounded(&fault.to_string()))?;
    if ended.status.success() {
        return Ok(());
    }
    Err(bounded(&format!("{}: {}", ended.status, ended.said())))
}

fn bounded(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(MAX_SAID).collect()
}

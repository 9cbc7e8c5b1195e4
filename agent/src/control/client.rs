//! How a command asks the running daemon.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::{Answer, MAX_ANSWER_BYTES, Question};

/// A drill takes half a minute to answer; nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(45);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskFault {
    #[error("no agent answers at {path}: {fault}. `nearmiss-agent run` starts it")]
    NoAgent { path: String, fault: io::Error },
    #[error("the agent at {path} did not answer: {problem}")]
    NoAnswer { path: String, problem: String },
}

/// Asks the daemon whose socket is `path`.
///
/// # Errors
/// Nobody answers, or not in time.
pub async fn ask(path: &Path, question: &Question) -> Result<Answer, AskFault> {
    let named = path.display().to_string();
    let stream = UnixStream::connect(path).await;
    let stream = stream.map_err(|fault| AskFault::NoAgent { path: named.clone(), fault })?;
    let answer = match tokio::time::timeout(PATIENCE, exchange(stream, question)).await {
        Ok(answer) => answer.map_err(|fault| fault.to_string()),
        Err(_) => Err(format!("nothing came in {} s", PATIENCE.as_secs())),
    };
    answer.map_err(|problem| AskFault::NoAnswer { path: named, problem })
}

async fn exchange(stream: UnixStream, question: &Question) -> io::Result<Answer> {
    let (read, mut write) = stream.into_split();
    let mut line = serde_json::to_vec(question)?;
    line.push(b'\n');
    write.write_all(&line).await?;
    write.shutdown().await?;
    let mut answer = Vec::new();
    BufReader::new(read.take(MAX_ANSWER_BYTES)).read_until(b'\n', &mut answer).await?;
    if answer.is_empty() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it answers root and its own user only"));
    }
    Ok(serde_json::from_slice(&answer)?)
}

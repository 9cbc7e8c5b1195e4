//! The daemon's end of the control socket.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use nearmiss_runtime::tasks::Stop;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tracing::{debug, warn};

use super::{Answer, Desk, MAX_QUESTION_BYTES, Question};
use crate::host;

/// Connections served at once; the next one waits.
const AT_ONCE: usize = 16;
/// A question is there by then.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Who asks, by the kernel's word.
#[derive(Clone, Debug)]
pub struct Peer {
    pub uid: u32,
    /// The account, with the one that signed in where that is another: `sana as root`.
    pub name: String,
}

/// A bound socket; its file goes when this is dropped.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
}

impl Server {
    /// Binds `path` for its owner only. A socket that another run left is replaced.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn bind(path: &Path) -> io::Result<Self> {
        // Closed to others before it has its name: there is no moment in which anyone could connect.
        let aside = path.with_extension("new");
        if let Err(fault) = std::fs::remove_file(&aside)
            && fault.kind() != io::ErrorKind::NotFound
        {
            return Err(fault);
        }
        let listener = UnixListener::bind(&aside)?;
        std::fs::set_permissions(&aside, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&aside, path)?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Answers until asked to stop.
    pub async fn serve(self, desk: Desk, mut stop: Stop) {
        let mut connections = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = stop.asked() => return,
                accepted = self.listener.accept(), if connections.len() < AT_ONCE => match accepted {
                    Ok((stream, _)) => connections.push(serve_one(stream, &desk)),
                    Err(fault) => {
                        warn!(%fault, "the control socket");
                        stop.sleep(Duration::from_secs(1)).await;
                    }
                },
                Some(served) = connections.next(), if !connections.is_empty() => {
                    if let Err(fault) = served {
                        debug!(%fault, "a control connection ended early");
                    }
                }
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already is as good.
        drop(std::fs::remove_file(&self.path));
    }
}

async fn serve_one(stream: UnixStream, desk: &Desk) -> io::Result<()> {
    let credentials = stream.peer_cred()?;
    let uid = credentials.uid();
    if !is_allowed(uid, rustix::process::geteuid().as_raw()) {
        warn!(uid, "refused at the control socket");
        return Ok(());
    }
    let peer = Peer { uid, name: host::person(uid, credentials.pid()) };
    let (read, mut write) = stream.into_split();
    let mut line = Vec::new();
    let mut read = BufReader::new(read.take(MAX_QUESTION_BYTES));
    tokio::time::timeout(ARRIVAL, read.read_until(b'\n', &mut line)).await??;
    let answer = match serde_json::from_slice::<Question>(&line) {
        Ok(question) => desk.answer(question, &peer).await,
        Err(fault) => Answer::Refused(format!("no question of this version: {fault}")),
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    write.write_all(&line).await
}

/// Root and the daemon's own user.
pub(super) fn is_allowed(peer: u32, own: u32) -> bool {
    peer == 0 || peer == own
}

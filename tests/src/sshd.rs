//! A real sshd on loopback that takes passwords, with one account that only it knows: its password files are its own by a
//! mount namespace.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::process::{Process, installed, run};
use crate::wait::until;

/// The account, and what opens it.
pub const ACCOUNT: &str = "calibration";
pub const PASSWORD: &str = "right, after all";

const SERVER: &str = "/usr/sbin/sshd";

/// A running server; it ends when it is dropped.
pub struct Sshd {
    port: u16,
    folder: PathBuf,
    _process: Process,
}

/// Whether a server of one's own can be started here.
pub fn is_possible() -> bool {
    let tools = ["ssh", "ssh-keygen", "unshare", "openssl"];
    rustix::process::geteuid().is_root()
        && Path::new(SERVER).exists()
        && tools.iter().all(|tool| installed(tool).is_some())
}

impl Sshd {
    /// Starts it; everything it has lies in `folder`.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start(folder: &Path) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = folder.join("sshd");
        fs::create_dir_all(&folder)?;
        // Where it keeps its children apart; Debian's unit makes it.
        fs::create_dir_all("/run/sshd")?;
        let place = |name: &str| folder.join(name);
        run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", &place("key").to_string_lossy()])?;
        let hash = run("openssl", ["passwd", "-6", PASSWORD])?.stdout;
        let hash = String::from_utf8_lossy(&hash).trim().to_owned();
        let accounts = fs::read_to_string("/etc/passwd")?;
        fs::write(place("passwd"), format!("{accounts}{ACCOUNT}:x:54321:54321::/tmp:/bin/sh\n"))?;
        fs::write(
            place("shadow"),
            format!("root:*:19000::::::\nsshd:!:19000::::::\n{ACCOUNT}:{hash}:19000::::::\n"),
        )?;
        fs::write(place("config"), config(port, &folder))?;
        fs::write(place("answer"), "#!/bin/sh\nprintf '%s\\n' \"$ANSWER\"\n")?;
        fs::set_permissions(place("answer"), fs::Permissions::from_mode(0o755))?;
        // What it says, with the head that the journal's lines have: what it writes to a file itself has none.
        let script = "mount --bind passwd /etc/passwd && mount --bind shadow /etc/shadow && mkfifo said && \
                      { sed --unbuffered 's/^/sshd[1]: /' <said >auth.log & } && \
                      exec /usr/sbin/sshd -D -f \"$PWD/config\" -E \"$PWD/said\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", script]).current_dir(&folder);
        let mut process = Process::start(command, &place("output"))?;
        let log = place("auth.log");
        let listening = until("sshd to listen", async || {
            let told = fs::read_to_string(&log).unwrap_or_default();
            let running = process.is_running();
            (told.contains("Server listening on") || !running).then_some(running)
        });
        ensure!(listening.await, "sshd ended: {}", process.log());
        Ok(Self { port, folder, _process: process })
    }

    /// Its log.
    pub fn log(&self) -> PathBuf {
        self.folder.join("auth.log")
    }

    /// Tries to sign in; whether it was let in.
    ///
    /// # Errors
    /// ssh cannot be run.
    pub fn tries(&self, account: &str, password: &str) -> Result<bool> {
        let mut command = Command::new("ssh");
        command.args(["-F", "none", "-p", &self.port.to_string()]);
        for option in [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "PreferredAuthentications=password",
            "PubkeyAuthentication=no",
            "NumberOfPasswordPrompts=1",
            "LogLevel=ERROR",
        ] {
            command.args(["-o", option]);
        }
        command.args([&format!("{account}@127.0.0.1"), "true"]);
        command.env("SSH_ASKPASS", self.folder.join("answer")).env("SSH_ASKPASS_REQUIRE", "force");
        command.env("ANSWER", password).stdin(Stdio::null());
        let output = command.output().context("ssh")?;
        Ok(output.status.success())
    }
}

fn config(port: u16, folder: &Path) -> String {
    format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nUsePAM no\nUseDNS no\nStrictModes no\n\
         PasswordAuthentication yes\nKbdInteractiveAuthentication no\nPermitRootLogin no\nMaxStartups 100\n",
        folder.join("key").display()
    )
}

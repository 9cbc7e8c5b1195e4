//! A real systemd as PID 1 of its own namespaces, over a throw-away overlay of this machine's root.
//!
//! It has its own processes, network, bus and control groups, and boots nothing but what a story writes. Nothing of
//! it reaches the machine; all of it goes with it. Needs root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::{Process, program};
use crate::wait::until;

const PROGRAM: &str = "/lib/systemd/systemd";

/// `$1` a scratch folder, `$2` the agent's program. Ends as systemd.
const SET_UP: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
touch usr/local/bin/nearmiss-agent
mount --bind "$2" usr/local/bin/nearmiss-agent
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount --rbind /dev dev
etc=etc/systemd/system
for unit in dbus.socket dbus.service; do
    mkdir -p "$etc/$unit.d"
    printf '[Unit]\nDefaultDependencies=no\n' >"$etc/$unit.d/story.conf"
done
printf '[Unit]\nDefaultDependencies=no\nRequires=dbus.socket\n' >"$etc/story.target"
mkdir old
pivot_root . old
umount -l /old
exec chroot / "$3" --system --unit=story.target --log-target=null </dev/null
"#;

/// A running systemd; it and all its processes end when it is dropped.
pub struct Systemd {
    unshare: Process,
    groups: Option<PathBuf>,
}

impl Systemd {
    /// Why there can be none here.
    pub fn is_impossible() -> Option<&'static str> {
        if !rustix::process::geteuid().is_root() {
            return Some("namespaces of systemd's own need root");
        }
        (!Path::new(PROGRAM).exists()).then_some("systemd is not installed")
    }

    /// Boots one with its scratch space in `folder`.
    pub async fn boot(folder: &Path) -> Result<Self> {
        let scratch = folder.join("systemd");
        fs::create_dir_all(&scratch)?;
        let groups = groups(folder)?;
        // It begins in a control group of its own, which is all that its namespace shows.
        let join = r#"[ -z "$4" ] || echo $$ >"$4/cgroup.procs"; exec unshare --mount --pid --fork --kill-child \
            --ipc --uts --net --cgroup env container=story sh -c "$0" sh "$1" "$2" "$3""#;
        let mut command = Command::new("sh");
        command.args(["-c", join, SET_UP]).arg(&scratch).arg(program("nearmiss-agent")).arg(PROGRAM);
        command.arg(groups.as_deref().unwrap_or(Path::new("")));
        let unshare = Process::start(command, &folder.join("systemd.log"))?;
        let systemd = Self { unshare, groups };
        until("systemd to be up", async || {
            let said = systemd.run(&["systemctl", "is-system-running"]).ok()?;
            (said.stdout.trim_ascii() == b"running").then_some(())
        })
        .await;
        Ok(systemd)
    }

    /// The host's process id of its PID 1.
    fn leader(&self) -> Result<u32> {
        let id = self.unshare.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
        children.split_ascii_whitespace().next().context("systemd has not begun")?.parse().map_err(Into::into)
    }

    /// Runs a program inside.
    pub fn run(&self, argv: &[&str]) -> Result<Output> {
        let leader = self.leader()?.to_string();
        Ok(Command::new("nsenter").args(["-t", &leader, "-a", "--"]).args(argv).output()?)
    }

    /// Runs a program inside that must succeed; what it prints.
    pub fn must(&self, argv: &[&str]) -> Result<String> {
        let output = self.run(argv)?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{argv:?}: {} {complaint}", output.status);
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// One property of a unit.
    pub fn property(&self, unit: &str, name: &str) -> Result<String> {
        self.must(&["systemctl", "show", "--value", "--property", name, unit])
    }

    /// A file inside.
    pub fn path(&self, inside: &str) -> Result<PathBuf> {
        Ok(PathBuf::from(format!("/proc/{}/root{inside}", self.leader()?)))
    }

    /// Writes a file inside, with its folders.
    pub fn write(&self, inside: &str, text: &str) -> Result<()> {
        let path = self.path(inside)?;
        fs::create_dir_all(path.parent().context("no folder")?)?;
        Ok(fs::write(path, text)?)
    }

    /// Puts one of this machine's programs into `/usr/local/bin`.
    pub fn install(&self, program: &Path) -> Result<()> {
        let name = program.file_name().context("a program has a name")?;
        fs::copy(program, self.path("/usr/local/bin")?.join(name))?;
        Ok(())
    }

    /// Writes unit files and has them read.
    pub fn units(&self, units: &[(&str, &str)]) -> Result<()> {
        for (name, text) in units {
            self.write(&format!("/etc/systemd/system/{name}"), text)?;
        }
        self.must(&["systemctl", "daemon-reload"]).map(drop)
    }

    /// What the agent's `check --json` prints.
    pub fn check(&self) -> Result<Value> {
        let text = self.must(&["/usr/local/bin/nearmiss-agent", "check", "--json"])?;
        Ok(serde_json::from_str(text.lines().next().unwrap_or_default())?)
    }

    /// One signal of `check --json`.
    pub fn margin(&self, signal: &str, subject: &str) -> Option<Value> {
        let told = self.check().ok()?;
        let is_it = |margin: &&Value| margin["signal"] == signal && margin["subject"] == subject;
        told["signals"].as_array()?.iter().find(is_it).cloned()
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        drop(self.unshare.kill());
        let Some(groups) = &self.groups else { return };
        // A group can be removed when its last process is gone, which takes a moment.
        for _ in 0..200 {
            drop(
                Command::new("find")
                    .arg(groups)
                    .args(["-depth", "-type", "d", "-exec", "rmdir", "{}", "+"])
                    .output(),
            );
            if !groups.exists() {
                break;
            }
        }
    }
}

/// A new control group named like `folder`; `None` where this machine shows no version 2 hierarchy.
fn groups(folder: &Path) -> Result<Option<PathBuf>> {
    let mounts = fs::read_to_string("/proc/mounts")?;
    let mut mounts = mounts.lines().map(|line| line.split(' '));
    let found = mounts.find_map(|mut fields| {
        let path = fields.nth(1)?;
        (fields.next()? == "cgroup2").then(|| PathBuf::from(path))
    });
    let (Some(root), Some(name)) = (found, folder.file_name()) else { return Ok(None) };
    let groups = root.join(name);
    fs::create_dir_all(&groups)?;
    Ok(Some(groups))
}

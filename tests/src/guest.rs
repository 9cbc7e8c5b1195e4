//! A machine of a story's own: QEMU with a Debian kernel, programs of this machine, and drives that can be told to fail.
//!
//! Nothing is accelerated, so that it is the same on every machine; it boots in a few seconds. One serial port carries a shell,
//! a socket the machine's own controls (QMP).

mod image;
mod qmp;
mod shell;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::UnixStream;

use crate::process::{Process, installed};
use crate::wait::until;

pub use image::Image;
use qmp::Qmp;
use shell::Shell;

const QEMU: &str = "qemu-system-x86_64";
/// Bytes of each emulated drive.
const DRIVE: u64 = 64 * 1024 * 1024;
/// What takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// One emulated drive.
#[derive(Clone, Copy, Debug)]
pub enum Drive {
    /// `/dev/sda`: it speaks SMART.
    Ide { serial: &'static str },
    /// `/dev/nvme0`, by this name in the machine's controls.
    Nvme { serial: &'static str, id: &'static str },
    /// `/dev/vda` and on: it has no health of its own.
    Virtio { id: &'static str },
}

/// A booted machine; its end comes when it is dropped.
pub struct Guest {
    shell: Shell,
    qmp: Qmp,
    process: Process,
    _folder: TempDir,
}

/// What a machine of this kind needs and is not here; empty where all is.
pub fn missing() -> Vec<String> {
    let mut missing = Vec::new();
    if std::env::consts::ARCH != "x86_64" {
        missing.push("a machine of the kernel's architecture (amd64)".to_owned());
    }
    let programs = [QEMU, "busybox", "depmod", "strip", "cpio"];
    missing.extend(programs.iter().filter(|name| installed(name).is_none()).map(|name| (*name).to_owned()));
    if image::kernel().is_none() {
        missing.push("a kernel in NEARMISS_TEST_KERNEL".to_owned());
    }
    missing
}

impl Guest {
    /// Boots `image` with these drives and waits for its shell.
    ///
    /// # Errors
    /// The machine cannot be made or does not come up.
    pub async fn boot(image: &Image, drives: &[Drive]) -> Result<Self> {
        let folder = TempDir::with_prefix("nearmiss-guest-")?;
        let kernel = image::kernel().context("no kernel: set NEARMISS_TEST_KERNEL")?;
        let archive = image.pack(folder.path())?;
        let command = machine(folder.path(), &kernel, &archive, drives)?;
        let mut process = Process::start(command, &folder.path().join("qemu.log"))?;
        let shell = Shell::new(connected(&folder.path().join("shell"), &mut process).await?);
        let qmp = Qmp::new(connected(&folder.path().join("qmp"), &mut process).await?).await?;
        let mut guest = Self { shell, qmp, process, _folder: folder };
        let ready = tokio::time::timeout(PATIENCE, guest.shell.ready()).await;
        ready.with_context(|| format!("the guest does not come up: {}", guest.process.log()))??;
        Ok(guest)
    }

    /// Runs a line of shell: its exit code and what it printed.
    ///
    /// # Errors
    /// The guest is gone or does not answer.
    pub async fn run(&mut self, line: &str) -> Result<(i32, String)> {
        let told = tokio::time::timeout(PATIENCE, self.shell.run(line)).await;
        told.with_context(|| format!("`{line}` does not end"))?
    }

    /// The same of a line that must succeed.
    ///
    /// # Errors
    /// It fails, or the guest does not answer.
    pub async fn done(&mut self, line: &str) -> Result<String> {
        let (code, told) = self.run(line).await?;
        ensure!(code == 0, "`{line}` ended with {code}: {told}");
        Ok(told)
    }

    /// Pulls a drive out and waits until the machine has let go of it.
    ///
    /// # Errors
    /// There is no such drive, or the guest holds on to it.
    pub async fn unplug(&mut self, id: &str) -> Result<()> {
        self.qmp.ask("device_del", serde_json::json!({"id": id})).await?;
        let gone = self.qmp.event("DEVICE_DELETED", |data| data["device"] == id);
        tokio::time::timeout(PATIENCE, gone).await.with_context(|| format!("{id} is not let go"))?
    }

    /// Sets a property of a part of the machine, as if the hardware had changed.
    ///
    /// # Errors
    /// There is no such part or property.
    pub async fn set(&mut self, id: &str, property: &str, value: impl Into<Value>) -> Result<()> {
        let path = format!("/machine/peripheral/{id}");
        let arguments = serde_json::json!({"path": path, "property": property, "value": value.into()});
        tokio::time::timeout(PATIENCE, self.qmp.ask("qom-set", arguments)).await??;
        Ok(())
    }
}

/// The command line that is the machine.
fn machine(folder: &Path, kernel: &Path, archive: &Path, drives: &[Drive]) -> Result<Command> {
    let socket = |name: &str| format!("unix:{},server=on,wait=off", folder.join(name).display());
    let mut command = Command::new(QEMU);
    command.args(["-accel", "tcg", "-m", "512", "-nodefaults", "-no-user-config", "-no-reboot"]);
    command.args(["-display", "none", "-append", "console=ttyS0 quiet panic=-1 rdinit=/init"]);
    command.arg("-kernel").arg(kernel).arg("-initrd").arg(archive);
    command.arg("-serial").arg(format!("file:{}", folder.join("console").display()));
    command.arg("-serial").arg(socket("shell")).arg("-qmp").arg(socket("qmp"));
    for (index, drive) in drives.iter().enumerate() {
        let image = folder.join(format!("drive{index}"));
        File::create(&image)?.set_len(DRIVE)?;
        command.arg("-drive").arg(format!("if=none,id=d{index},format=raw,file={}", image.display()));
        command.arg("-device").arg(match drive {
            Drive::Ide { serial } => format!("ide-hd,drive=d{index},bus=ide.0,serial={serial}"),
            Drive::Nvme { serial, id } => format!("nvme,drive=d{index},serial={serial},id={id}"),
            Drive::Virtio { id } => format!("virtio-blk-pci,drive=d{index},id={id}"),
        });
    }
    Ok(command)
}

/// A connection to a socket of the machine, as soon as it listens.
async fn connected(socket: &Path, process: &mut Process) -> Result<UnixStream> {
    let path: PathBuf = socket.to_owned();
    let stream = until("the machine to listen", async || {
        if !process.is_running() {
            return Some(Err(anyhow::anyhow!("{QEMU} ended: {}", process.log())));
        }
        UnixStream::connect(&path).await.ok().map(Ok)
    });
    stream.await
}

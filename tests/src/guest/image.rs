//! The guest's whole file system, in memory: busybox, programs of this machine with what they are linked to, kernel modules,
//! and files of the story.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::shell::{ENDED, READY};
use crate::process::{installed, run};

/// Folders that there must be.
const FOLDERS: [&str; 9] = ["bin", "dev", "etc", "proc", "run", "sys", "tmp", "usr/sbin", "var/lib"];

/// What a guest is made of.
#[derive(Clone, Debug, Default)]
pub struct Image {
    programs: Vec<PathBuf>,
    modules: Vec<&'static str>,
    files: Vec<(&'static str, String)>,
}

/// The kernel, where one was unpacked: a folder with `boot/vmlinuz-*` and `lib/modules/*`.
pub(super) fn kernel() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("NEARMISS_TEST_KERNEL")?);
    let found = fs::read_dir(folder.join("boot")).ok()?.flatten().map(|entry| entry.path());
    found
        .into_iter()
        .find(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"vmlinuz-")))
}

impl Image {
    /// A program of ours, or of this machine by name.
    ///
    /// # Errors
    /// It is not there.
    pub fn program(mut self, program: impl AsRef<Path>) -> Result<Self> {
        let program = program.as_ref();
        let path = if program.is_absolute() {
            Some(program.to_owned())
        } else {
            installed(&program.to_string_lossy())
        };
        self.programs.push(path.with_context(|| format!("{} is not there", program.display()))?);
        Ok(self)
    }

    /// A kernel module that is loaded at the start, with those that it needs.
    #[must_use]
    pub fn module(mut self, name: &'static str) -> Self {
        self.modules.push(name);
        self
    }

    #[must_use]
    pub fn file(mut self, path: &'static str, text: impl Into<String>) -> Self {
        self.files.push((path, text.into()));
        self
    }

    /// Packs it in `folder` for the kernel to unpack (initramfs).
    pub(super) fn pack(&self, folder: &Path) -> Result<PathBuf> {
        let root = folder.join("root");
        for name in FOLDERS {
            fs::create_dir_all(root.join(name))?;
        }
        copy(&installed("busybox").context("busybox is not there")?, &root.join("bin/busybox"))?;
        for program in &self.programs {
            put_program(program, &root)?;
        }
        put_modules(&self.modules, &root)?;
        for (path, text) in &self.files {
            let path = root.join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap_or(&root))?;
            fs::write(path, text)?;
        }
        fs::write(root.join("init"), self.first_program())?;
        fs::set_permissions(root.join("init"), fs::Permissions::from_mode(0o755))?;
        symlink("/proc/self/mounts", root.join("etc/mtab"))?;
        let archive = folder.join("initrd");
        let pack =
            format!("cd '{}' && find . | cpio --quiet -o -H newc >'{}'", root.display(), archive.display());
        run("sh", ["-c", &pack])?;
        fs::remove_dir_all(root)?;
        Ok(archive)
    }

    /// Makes the folders of the kernel, loads the modules, and runs lines of the serial port one by one.
    fn first_program(&self) -> String {
        let modules: String = self.modules.iter().map(|name| format!("modprobe {name}\n")).collect();
        format!(
            "#!/bin/busybox sh\n/bin/busybox --install -s /bin\nexport PATH=/bin:/usr/sbin\n\
             mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs run /run\n\
             hostname guest\n{modules}stty -F /dev/ttyS1 raw -echo\nexec </dev/ttyS1 >/dev/ttyS1 2>&1\n\
             echo {READY}\nwhile read -r line; do eval \"$line\"; echo \"{ENDED} $?\"; done\n"
        )
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().context("no folder")?)?;
    fs::copy(from, to).with_context(|| from.display().to_string())?;
    Ok(())
}

/// The program without what only debuggers read, and every library that it is linked to, where the linker looks.
fn put_program(program: &Path, root: &Path) -> Result<()> {
    let name = program.file_name().context("no name")?;
    let place = root.join("usr/sbin").join(name);
    copy(program, &place)?;
    run("strip", [&place])?;
    let linked = Command::new("ldd").arg(program).output()?;
    let linked = String::from_utf8_lossy(&linked.stdout).into_owned();
    for library in
        linked.split_whitespace().filter(|word| word.starts_with('/')).map(|word| word.trim_end_matches(':'))
    {
        let place = root.join(library.trim_start_matches('/'));
        if Path::new(library).is_file() && !place.exists() {
            copy(Path::new(library), &place)?;
        }
    }
    Ok(())
}

/// The modules and those that they need, as `depmod` lists them.
fn put_modules(names: &[&str], root: &Path) -> Result<()> {
    let kernel = kernel().context("no kernel")?;
    let version =
        kernel.file_name().and_then(|name| name.to_str()?.strip_prefix("vmlinuz-")).context("no version")?;
    let base = kernel.parent().and_then(Path::parent).context("no folder")?;
    let from = base.join("lib/modules").join(version);
    let to = root.join("lib/modules").join(version);
    let list = fs::read_to_string(from.join("modules.dep"))?;
    for name in names {
        let row = list
            .lines()
            .find(|row| row.split_once(':').is_some_and(|(path, _)| path.ends_with(&format!("/{name}.ko"))));
        ensure!(row.is_some(), "the kernel has no module {name}");
        for path in row.unwrap_or_default().replace(':', "").split_whitespace() {
            copy(&from.join(path), &to.join(path))?;
        }
    }
    for file in ["modules.dep", "modules.alias", "modules.builtin", "modules.order"] {
        copy(&from.join(file), &to.join(file))?;
    }
    Ok(())
}

//! One look at the host's own files: blocking, and bounded in files and bytes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nearmiss_agent_core::security::{self, Account, Directives, Inventory};
use nearmiss_shared::time::Timestamp;

use super::{Found, Waiting, sockets};
use crate::files::Pattern;

/// A larger file is not read: what stands at its end would be passed over.
const MOST_BYTES: u64 = 2 * 1024 * 1024;
const ROOT_ONLY: &str = "read by root only";
const TOO_LARGE: &str = "too large to be read";
/// Files that one configuration may include.
const MOST_FILES: usize = 100;
/// Accounts whose keys are looked for.
const MOST_ACCOUNTS: usize = 500;

/// Where the host's files lie.
#[derive(Debug)]
pub(super) struct Host {
    root: PathBuf,
    /// Making a pattern of a glob costs more than looking for its files.
    patterns: BTreeMap<String, Pattern>,
}

/// What one look found.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) found: Found,
    /// Of each listening socket.
    pub(super) inodes: BTreeMap<String, u64>,
    pub(super) reboot: Option<Waiting>,
    pub(super) excuses: Vec<String>,
}

impl Host {
    pub(super) const fn at(root: PathBuf) -> Self {
        Self { root, patterns: BTreeMap::new() }
    }

    pub(super) fn look(&mut self) -> Look {
        let mut look = Look::default();
        match sockets::open(&self.root) {
            Ok(sockets) => {
                let things = sockets.keys().map(|name| (name.clone(), String::new())).collect();
                look.found.insert("security.new_listeners", things);
                look.inodes = sockets;
            }
            Err(fault) => look.excuses.push(format!("open ports are not seen: /proc/net: {fault}")),
        }
        let sshd = self.sshd();
        let key_files = sshd.as_ref().and_then(|(found, _)| found.get("authorizedkeysfile")).cloned();
        look.keep("security.sshd_drift", sshd);
        look.keep("security.sudo_drift", self.sudo());
        let passwd = self.text("/etc/passwd").unwrap_or_else(|fault| {
            look.excuses.push(format!("accounts are not seen: /etc/passwd: {fault}"));
            String::new()
        });
        let accounts = security::accounts(&passwd);
        if let Ok(group) = self.text("/etc/group") {
            look.found.insert("security.privileged_users", security::privileged(&accounts, &group));
        }
        look.keep("security.authorised_keys", self.keys(&accounts, key_files.as_deref()));
        look.reboot = self.reboot();
        look
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    fn text(&self, path: &str) -> io::Result<String> {
        let mut bytes = Vec::new();
        File::open(self.path(path))?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("larger than {MOST_BYTES} bytes"),
            ));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// `None` where there is no such thing on this host; else what was found, and what could not be read.
    fn sshd(&mut self) -> Option<(Inventory, Vec<String>)> {
        const CONFIG: &str = "/etc/ssh/sshd_config";
        let mut directives = Directives::default();
        let (mut waiting, mut unread, mut read) = (vec![CONFIG.to_owned()], Vec::new(), 0);
        while let Some(path) = waiting.pop().filter(|_| read < MOST_FILES) {
            read += 1;
            match self.text(&path) {
                Ok(text) => {
                    directives.read(&text);
                    waiting.extend(
                        security::includes(&text)
                            .into_iter()
                            .flat_map(|named| self.files(&named, "/etc/ssh")),
                    );
                }
                Err(fault) if path == CONFIG && fault.kind() == io::ErrorKind::NotFound => return None,
                Err(fault) => unread.push(format!("{path}: {fault}")),
            }
        }
        let why = |what: &String| format!("sshd's configuration is not seen whole: {what}");
        // Half of it would be taken for the whole.
        let found = if unread.is_empty() { directives.inventory() } else { Inventory::new() };
        Some((found, unread.iter().map(why).collect()))
    }

    /// The files that a path or glob names, relative ones below `folder`.
    fn files(&mut self, named: &str, folder: &str) -> Vec<String> {
        let named = if named.starts_with('/') { named.to_owned() } else { format!("{folder}/{named}") };
        let place = self.path(&named).to_string_lossy().into_owned();
        let walk = self.patterns.entry(place.clone()).or_insert_with(|| Pattern::new(&place)).walk();
        // The last that is pushed is read first.
        let below = |path: &Path| Some(format!("/{}", path.strip_prefix(&self.root).ok()?.display()));
        walk.files.iter().rev().filter_map(|found| below(&found.path)).take(MOST_FILES).collect()
    }

    /// sudo's rules; of a file that only root may read, when and how large it is.
    fn sudo(&mut self) -> Option<(Inventory, Vec<String>)> {
        let main = "/etc/sudoers".to_owned();
        fs::metadata(self.path(&main)).ok()?;
        let mut found = Inventory::new();
        let mut excuses = Vec::new();
        for path in std::iter::once(main).chain(self.files("/etc/sudoers.d/*", "/etc")) {
            match self.text(&path) {
                Ok(text) => found.extend(security::sudo_rules(&text)),
                Err(fault) if fault.kind() == io::ErrorKind::FileTooLarge => {
                    found.extend(self.outside(&path, TOO_LARGE));
                }
                Err(_) => found.extend(self.outside(&path, ROOT_ONLY)),
            }
        }
        if fs::read_dir(self.path("/etc/sudoers.d"))
            .is_err_and(|fault| fault.kind() == io::ErrorKind::PermissionDenied)
        {
            excuses.push("the files of /etc/sudoers.d are not seen: only root may list them".to_owned());
        }
        Some((found, excuses))
    }

    /// What a file is from outside, and why it is seen from there.
    pub(super) fn outside(&self, path: &str, why: &str) -> Option<(String, String)> {
        let metadata = fs::metadata(self.path(path)).ok()?;
        let changed = Timestamp::from_millis(metadata.mtime() * 1000);
        Some((format!("{path} ({why})"), format!("of {} bytes, written {changed}", metadata.len())))
    }

    /// `files` as sshd is told of them; else its own default.
    fn keys(&self, accounts: &[Account], files: Option<&str>) -> Option<(Inventory, Vec<String>)> {
        let files = files.unwrap_or(".ssh/authorized_keys .ssh/authorized_keys2");
        let mut found = Inventory::new();
        let mut unread = Vec::new();
        for account in accounts.iter().filter(|account| account.has_shell()).take(MOST_ACCOUNTS) {
            for file in files.split_ascii_whitespace().filter(|file| *file != "none") {
                let file = file.replace("%h", &account.home).replace("%u", &account.name);
                let path = if file.starts_with('/') { file } else { format!("{}/{file}", account.home) };
                match self.text(&path) {
                    Ok(text) => {
                        for (key, what) in security::keys(&text) {
                            security::add_key(&mut found, format!("{} {key}", account.name), &what);
                        }
                    }
                    Err(fault) if fault.kind() == io::ErrorKind::PermissionDenied => {
                        unread.push(account.name.clone());
                    }
                    Err(fault) if fault.kind() == io::ErrorKind::FileTooLarge => {
                        found.extend(self.outside(&path, TOO_LARGE));
                    }
                    Err(_) => {}
                }
            }
        }
        unread.dedup();
        let excuse = (!unread.is_empty()).then(|| {
            let named = unread.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
            format!(
                "authorised keys of {} accounts are not seen ({named}): only they and root may read them",
                unread.len()
            )
        });
        Some((found, excuse.into_iter().collect()))
    }

    /// Since when a reboot is due: by the distribution's own mark, or by a kernel that is installed and does not run.
    fn reboot(&self) -> Option<Waiting> {
        let mark = self.path("/run/reboot-required");
        let written = |path: &Path| Some(Timestamp::from_millis(fs::metadata(path).ok()?.mtime() * 1000));
        if let Some(since) = written(&mark) {
            let packages = self.text("/run/reboot-required.pkgs").unwrap_or_default();
            let packages: Vec<&str> = packages.lines().take(5).collect();
            return Some(Waiting { since: Some(since), why: format!("for {}", packages.join(", ")) });
        }
        let running = self.text("/proc/sys/kernel/osrelease").ok()?;
        let kernels = fs::read_dir(self.path("/boot")).ok()?.flatten().filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((name.strip_prefix("vmlinuz-")?.to_owned(), written(&entry.path())?))
        });
        let newest = kernels.filter(|(release, _)| !release.starts_with("0-rescue"));
        // A host without kernels of its own, such as a container, has none to reboot into.
        let (release, since) = newest.max_by(|one, other| security::kernel_order(&one.0, &other.0))?;
        if security::kernel_order(&release, running.trim()).is_gt() {
            return Some(Waiting {
                since: Some(since),
                why: format!("{release} is installed, {} runs", running.trim()),
            });
        }
        Some(Waiting::default())
    }
}

impl Look {
    fn keep(&mut self, signal: &'static str, found: Option<(Inventory, Vec<String>)>) {
        let Some((found, excuses)) = found else { return };
        if !found.is_empty() || excuses.is_empty() {
            self.found.insert(signal, found);
        }
        self.excuses.extend(excuses);
    }
}

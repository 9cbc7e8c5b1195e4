//! Login records and accounts, read from their files within bounds. A file that is not there tells of nobody.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use nearmiss_agent_core::config::SessionsConfig;
use nearmiss_agent_core::login::utmp::{self, Layout};
use nearmiss_agent_core::login::{self, Session};

/// Of a file of login records so many are read, the newest.
const MOST_RECORDS: usize = 1_000;
const MOST_ACCOUNT_BYTES: u64 = 4 * 1024 * 1024;

/// What the files tell.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) sessions: Vec<Session>,
    /// Whether they tell who is there now, not only who was.
    pub(super) tell_of_now: bool,
    /// Accounts that are or may become root.
    pub(super) privileged: BTreeSet<String>,
}

/// Who is signed in by utmp, who was by wtmp, and who is privileged.
pub(super) fn read(config: &SessionsConfig) -> Found {
    let now = of_file(&config.utmp);
    let tell_of_now = !now.is_empty();
    let sessions = now.into_iter().chain(of_file(&config.wtmp)).collect();
    let privileged = login::privileged(&text("/etc/passwd"), &text("/etc/group"));
    Found { sessions, tell_of_now, privileged }
}

/// The files that can be read and understood on this host.
pub(crate) fn readable(config: &SessionsConfig) -> Vec<String> {
    let paths = [&config.utmp, &config.wtmp];
    let is_readable = |path: &&String| Layout::here().is_ok() && File::open(path).is_ok();
    paths.into_iter().filter(is_readable).cloned().collect()
}

fn of_file(path: &str) -> Vec<Session> {
    let Ok(layout) = Layout::here() else { return Vec::new() };
    newest(path, layout).map(|bytes| utmp::sessions(&bytes, layout)).unwrap_or_default()
}

/// The newest records, whole ones only.
fn newest(path: &str, layout: Layout) -> io::Result<Vec<u8>> {
    let record = layout.record_bytes() as u64;
    let most = MOST_RECORDS as u64 * record;
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(most).div_ceil(record) * record;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(path: &str) -> String {
    let read = |file: File| {
        let mut text = Vec::new();
        file.take(MOST_ACCOUNT_BYTES).read_to_end(&mut text).map(|_| text)
    };
    let bytes = File::open(path).and_then(read).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WTMP: &[u8] = include_bytes!("../../core/src/login/utmp/wtmp.sample");
    const WIDE: &[u8] = include_bytes!("../../core/src/login/utmp/wtmp.aarch64.sample");

    #[test]
    fn only_the_newest_whole_records_of_a_long_file_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wtmp");
        let record = Layout::Narrow.record_bytes();
        let mut bytes = vec![0; record * MOST_RECORDS];
        bytes.extend_from_slice(WTMP);
        bytes.extend_from_slice(&WTMP[..100]);
        std::fs::write(&file, &bytes).unwrap();
        let read = newest(&file.to_string_lossy(), Layout::Narrow).unwrap();
        assert!(read.len() <= record * MOST_RECORDS);
        assert_eq!(utmp::sessions(&read, Layout::Narrow).len(), 3);
    }

    #[test]
    fn files_that_are_missing_tell_of_nobody_and_not_of_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let config = SessionsConfig { enabled: true, utmp: path("utmp"), wtmp: path("wtmp") };
        let found = read(&config);
        assert_eq!((found.sessions.len(), found.tell_of_now, readable(&config).len()), (0, false, 0));
        let sample = if cfg!(target_arch = "aarch64") { WIDE } else { WTMP };
        std::fs::write(&config.wtmp, sample).unwrap();
        let found = read(&config);
        assert!(!found.sessions.is_empty() && !found.tell_of_now, "who was there is known: {found:?}");
        assert_eq!(readable(&config), std::slice::from_ref(&config.wtmp));
        std::fs::write(&config.utmp, sample).unwrap();
        assert!(read(&config).tell_of_now);
    }
}

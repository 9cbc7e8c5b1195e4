//! Who is, and was, signed in on this host, from login records (utmp(5), Linux on 64 bits: 384 bytes each).
//!
//! The files are written by whatever lets people in, and read as hostile: records of another length are left out, texts
//! end at their first NUL and hold no control character, and the number of sessions is bounded.

use std::collections::{BTreeMap, BTreeSet};

use nearmiss_shared::time::Timestamp;

/// Bytes of one record.
pub const RECORD_BYTES: usize = 384;
/// Sessions that one file is read for, the newest ones.
const MOST_SESSIONS: usize = 1_000;

// Where the fields lie that are read.
const TYPE: usize = 0;
const PID: usize = 4;
const LINE: (usize, usize) = (8, 32);
const USER: (usize, usize) = (44, 32);
const HOST: (usize, usize) = (76, 256);
const SECONDS: usize = 340;

/// `ut_type` of the records that begin and end sessions.
const BOOT_TIME: i16 = 2;
const USER_PROCESS: i16 = 7;
const DEAD_PROCESS: i16 = 8;

/// One person on one terminal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    pub user: String,
    pub tty: String,
    /// A name or address; empty for the host's own console.
    pub from: String,
    pub since: Timestamp,
    /// `None` while it lasts, as far as these records tell.
    pub until: Option<Timestamp>,
    pub pid: i32,
}

impl Session {
    /// Whether it lasted at `instant` or began later.
    pub fn reaches(&self, instant: Timestamp) -> bool {
        self.until.is_none_or(|until| until >= instant)
    }
}

/// The sessions of a utmp or wtmp file, oldest first. A record that is cut off at the end is left out.
pub fn sessions(bytes: &[u8]) -> Vec<Session> {
    let mut open: BTreeMap<String, Session> = BTreeMap::new();
    let mut sessions = Vec::new();
    let (records, _) = bytes.as_chunks::<RECORD_BYTES>();
    for record in records {
        let (kind, line, at) = (short(record, TYPE), text(record, LINE), seconds(record));
        // Whatever begins on a terminal ends what was there; a start of the host ends everything.
        let ended: Vec<Session> = match kind {
            BOOT_TIME => std::mem::take(&mut open).into_values().collect(),
            USER_PROCESS | DEAD_PROCESS => open.remove(&line).into_iter().collect(),
            _ => continue,
        };
        sessions.extend(ended.into_iter().map(|session| Session { until: Some(at), ..session }));
        let user = text(record, USER);
        if kind == USER_PROCESS && !user.is_empty() {
            let (from, pid) = (text(record, HOST), int(record, PID));
            open.insert(line.clone(), Session { user, tty: line, from, since: at, until: None, pid });
        }
    }
    sessions.extend(open.into_values());
    sessions.sort_by_key(|session| session.since);
    sessions.split_off(sessions.len().saturating_sub(MOST_SESSIONS))
}

/// The groups whose members may become root (Debian, Red Hat, older ones).
const PRIVILEGED_GROUPS: [&str; 3] = ["sudo", "wheel", "admin"];

/// Who is or may become root, from passwd(5) and group(5): user id 0, and members of the groups that may.
pub fn privileged(passwd: &str, group: &str) -> BTreeSet<String> {
    let groups: Vec<Vec<&str>> = fields(group)
        .filter(|fields| fields.first().is_some_and(|name| PRIVILEGED_GROUPS.contains(name)))
        .collect();
    let ids: BTreeSet<&str> = groups.iter().filter_map(|fields| fields.get(2).copied()).collect();
    let members = groups.iter().filter_map(|fields| fields.get(3)).flat_map(|names| names.split(','));
    let own = fields(passwd).filter_map(|fields| {
        let may = fields.get(2) == Some(&"0") || fields.get(3).is_some_and(|group| ids.contains(group));
        fields.first().filter(|_| may).copied()
    });
    members.chain(own).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn fields(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(':').collect())
}

fn array<const N: usize>(record: &[u8; RECORD_BYTES], start: usize) -> [u8; N] {
    record.get(start..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

fn short(record: &[u8; RECORD_BYTES], start: usize) -> i16 {
    i16::from_le_bytes(array(record, start))
}

fn int(record: &[u8; RECORD_BYTES], start: usize) -> i32 {
    i32::from_le_bytes(array(record, start))
}

/// Seconds are 32 bits in the file; read without a sign they last until 2106.
fn seconds(record: &[u8; RECORD_BYTES]) -> Timestamp {
    Timestamp::from_millis(i64::from(u32::from_le_bytes(array(record, SECONDS))) * 1_000)
}

fn text(record: &[u8; RECORD_BYTES], (start, length): (usize, usize)) -> String {
    let bytes = record.get(start..start + length).unwrap_or_default();
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(bytes).chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Written by util-linux's `utmpdump -r`: a boot, three logins, one logout.
    const WTMP: &[u8] = include_bytes!("utmp/wtmp.sample");

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn sessions_are_read_from_a_real_file_with_their_ends() {
        let sessions = sessions(WTMP);
        let told: Vec<_> =
            sessions.iter().map(|one| (one.user.as_str(), one.tty.as_str(), one.from.as_str())).collect();
        assert_eq!(
            told,
            [("root", "tty1", ""), ("sana", "pts/0", "10.0.0.5"), ("dawud", "pts/1", "lab-gw.example")]
        );
        assert_eq!((sessions[0].since, sessions[0].until), (at("2026-11-24T06:00:00Z"), None));
        assert_eq!(sessions[1].until, Some(at("2026-11-24T06:40:00Z")));
        assert_eq!(sessions[2].pid, 902);
        assert!(sessions[1].reaches(at("2026-11-24T06:30:00Z")));
        assert!(!sessions[1].reaches(at("2026-11-24T06:50:00Z")));
    }

    #[test]
    fn whoever_may_become_root_is_privileged() {
        let passwd = "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nsana:x:1000:1000::/h:/bin/sh\n\
                      dawud:x:1001:27::/h:/bin/sh\nviewer:x:1002:100::/h:/bin/sh\nbroken\n";
        let group = "root:x:0:\nsudo:x:27:sana\nwheel:x:10:ldap-admin, other\nusers:x:100:viewer\nx\n";
        let names: Vec<String> = privileged(passwd, group).into_iter().collect();
        assert_eq!(names, ["dawud", "ldap-admin", "other", "root", "sana", "toor"]);
        assert!(privileged("", "").is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
            for session in sessions(&bytes) {
                prop_assert!(!session.user.is_empty() && session.user.chars().count() <= 32);
            }
        }
    }
}

//! Login records (utmp(5)) as glibc writes them on Linux.
//!
//! The files are written by whatever lets people in, and read as hostile: records of another length are left out, texts
//! end at their first NUL and hold no control character, and the number of sessions is bounded.

use std::collections::BTreeMap;

use nearmiss_shared::time::Timestamp;

use super::{Session, clean};

/// Sessions that one file is read for, the newest ones.
const MOST_SESSIONS: usize = 1_000;

// Where the fields lie that are read, in both layouts.
const TYPE: usize = 0;
const PID: usize = 4;
const LINE: (usize, usize) = (8, 32);
const USER: (usize, usize) = (44, 32);
const HOST: (usize, usize) = (76, 256);

/// How records are laid out. glibc keeps their session and time at 32 bits where a 64-bit processor shares files with
/// its 32-bit programs, and as wide as they are elsewhere (bits/utmp.h, `__WORDSIZE_TIME64_COMPAT32`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// 384 bytes, seconds of 32 bits.
    Narrow,
    /// 400 bytes, seconds of 64 bits.
    Wide,
}

/// Records of this architecture are not read: to take them for another's would tell of people who are not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("how login records are laid out on {0} is not known here")]
pub struct UnknownLayout(String);

impl Layout {
    /// The layout on a little-endian host of this architecture, by the names of [`std::env::consts::ARCH`].
    ///
    /// # Errors
    /// It is not known.
    pub fn of(architecture: &str) -> Result<Self, UnknownLayout> {
        match architecture {
            "x86_64" | "x86" | "arm" | "riscv64" => Ok(Self::Narrow),
            "aarch64" => Ok(Self::Wide),
            other => Err(UnknownLayout(other.to_owned())),
        }
    }

    /// The layout on the host that this was built for.
    ///
    /// # Errors
    /// It is not known.
    pub fn here() -> Result<Self, UnknownLayout> {
        match (cfg!(target_endian = "little"), std::env::consts::ARCH) {
            (true, architecture) => Self::of(architecture),
            (false, architecture) => Err(UnknownLayout(format!("{architecture}, big end first"))),
        }
    }

    /// Bytes of one record.
    pub const fn record_bytes(self) -> usize {
        match self {
            Self::Narrow => 384,
            Self::Wide => 400,
        }
    }

    /// When the record was made. The narrow seconds, read without a sign, last until 2106; a wide time beyond that is
    /// none that was written in earnest.
    fn time(self, record: &[u8]) -> Timestamp {
        let seconds = match self {
            Self::Narrow => i64::from(u32::from_le_bytes(array(record, 340))),
            Self::Wide => i64::from_le_bytes(array(record, 344)).clamp(0, i64::from(u32::MAX)),
        };
        Timestamp::from_millis(seconds * 1_000)
    }
}

/// `ut_type` of the records that begin and end sessions.
const BOOT_TIME: i16 = 2;
const USER_PROCESS: i16 = 7;
const DEAD_PROCESS: i16 = 8;

/// The sessions of a utmp or wtmp file, oldest first. A record that is cut off at the end is left out.
pub fn sessions(bytes: &[u8], layout: Layout) -> Vec<Session> {
    let mut open: BTreeMap<String, Session> = BTreeMap::new();
    let mut sessions = Vec::new();
    for record in bytes.chunks_exact(layout.record_bytes()) {
        let (kind, line, at) = (short(record, TYPE), text(record, LINE), layout.time(record));
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

fn array<const N: usize>(record: &[u8], start: usize) -> [u8; N] {
    record.get(start..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

fn short(record: &[u8], start: usize) -> i16 {
    i16::from_le_bytes(array(record, start))
}

fn int(record: &[u8], start: usize) -> i32 {
    i32::from_le_bytes(array(record, start))
}

fn text(record: &[u8], (start, length): (usize, usize)) -> String {
    let bytes = record.get(start..start + length).unwrap_or_default();
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    clean(&String::from_utf8_lossy(bytes), length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Written by util-linux's `utmpdump -r`: a boot, three logins, one logout.
    const WTMP: &[u8] = include_bytes!("utmp/wtmp.sample");
    /// Written through glibc's `struct utmp` as it is on aarch64: a boot, two logins, one logout.
    const WIDE: &[u8] = include_bytes!("utmp/wtmp.aarch64.sample");

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn sessions_are_read_from_a_real_file_with_their_ends() {
        let sessions = sessions(WTMP, Layout::Narrow);
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
    fn wide_records_tell_the_same() {
        let sessions = sessions(WIDE, Layout::Wide);
        let told: Vec<_> = sessions
            .iter()
            .map(|one| {
                (one.user.as_str(), one.tty.as_str(), one.from.as_str(), one.pid, one.since, one.until)
            })
            .collect();
        assert_eq!(
            told,
            [
                ("root", "tty1", "", 700, at("2026-11-24T06:01:00Z"), None),
                (
                    "sana",
                    "pts/0",
                    "10.0.0.5",
                    801,
                    at("2026-11-24T06:02:00Z"),
                    Some(at("2026-11-24T06:10:00Z"))
                ),
            ]
        );
    }

    #[test]
    fn an_architecture_whose_records_are_not_known_is_refused() {
        for (architecture, layout) in [
            ("x86_64", Ok(Layout::Narrow)),
            ("riscv64", Ok(Layout::Narrow)),
            ("aarch64", Ok(Layout::Wide)),
            ("s390x", Err("how login records are laid out on s390x is not known here".to_owned())),
        ] {
            assert_eq!(Layout::of(architecture).map_err(|fault| fault.to_string()), layout);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
            for layout in [Layout::Narrow, Layout::Wide] {
                for session in sessions(&bytes, layout) {
                    prop_assert!(!session.user.is_empty() && session.user.chars().count() <= 32);
                }
            }
        }
    }
}

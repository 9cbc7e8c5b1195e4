//! Sessions as systemd-logind tells them (org.freedesktop.login1(5)), where nobody writes login records any more.
//!
//! It tells of those that are there. Who was there before is not known from it.

use nearmiss_shared::time::Timestamp;

use super::{Session, clean};

/// Letters of a name, a terminal, an address.
const MOST_LETTERS: usize = 256;

/// The properties of one session that are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// `user` and its kinds are people; `manager`, `background`, `greeter` and `lock-screen` are not.
    pub class: String,
    pub name: String,
    /// Empty where there is none: a session that only runs a command, or a graphical one.
    pub tty: String,
    pub display: String,
    /// What let the person in: `sshd`, `login`.
    pub service: String,
    /// Empty on the host's own console.
    pub remote_host: String,
    /// Microseconds since 1970.
    pub timestamp: u64,
    pub leader: u32,
}

impl Told {
    /// The session of a person; `None` for what a host does by itself.
    pub fn session(self) -> Option<Session> {
        let is_person = self.class == "user" || self.class.starts_with("user-");
        let place = [self.tty, self.display, self.service].into_iter().find(|text| !text.is_empty());
        let since = i64::try_from(self.timestamp / 1_000).ok()?;
        (is_person && !self.name.is_empty()).then(|| Session {
            user: clean(&self.name, MOST_LETTERS),
            tty: clean(&place.unwrap_or_default(), MOST_LETTERS),
            from: clean(&self.remote_host, MOST_LETTERS),
            since: Timestamp::from_millis(since),
            until: None,
            pid: i32::try_from(self.leader).unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(class: &str, [tty, display, service]: [&str; 3]) -> Told {
        Told {
            class: class.to_owned(),
            name: "sana".to_owned(),
            tty: tty.to_owned(),
            display: display.to_owned(),
            service: service.to_owned(),
            remote_host: "10.0.0.5".to_owned(),
            timestamp: 1_795_500_000_000_000,
            leader: 801,
        }
    }

    #[test]
    fn people_are_told_with_where_they_sit_and_a_hosts_own_sessions_are_not() {
        for (class, places, tty) in [
            ("user", ["pts/0", "", "sshd"], Some("pts/0")),
            ("user", ["", ":0", "gdm-password"], Some(":0")),
            // A command by ssh has no terminal.
            ("user", ["", "", "sshd"], Some("sshd")),
            ("user-early", ["tty1", "", "login"], Some("tty1")),
            ("user", ["pts\u{1b}[1m/0", "", ""], Some("pts[1m/0")),
            ("manager", ["", "", "systemd-user"], None),
            ("background", ["", "", "cron"], None),
            ("greeter", ["tty1", "", "gdm"], None),
            ("", ["tty1", "", ""], None),
        ] {
            let session = told(class, places).session();
            assert_eq!(session.as_ref().map(|session| session.tty.as_str()), tty, "{class} {places:?}");
            let since = session.map(|session| (session.since.to_string(), session.from, session.pid));
            let expected = ("2026-11-24T06:00:00.000Z".to_owned(), "10.0.0.5".to_owned(), 801);
            assert_eq!(since, tty.map(|_| expected));
        }
    }

    #[test]
    fn a_session_of_nobody_is_none_and_no_time_breaks_it() {
        let sana = told("user", ["tty1", "", ""]);
        assert_eq!(Told { name: String::new(), ..sana.clone() }.session(), None);
        let never = Told { timestamp: u64::MAX, ..sana };
        assert!(never.session().unwrap().since.to_string().starts_with("9999"), "the end of time, no fault");
    }
}

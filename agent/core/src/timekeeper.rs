//! What keeps the host's clock, and how far off it says the clock is: chrony, ntpd (NTPsec, ntp.org), and
//! systemd-timesyncd, each by what its own tool prints.

mod chrony;
mod ntpq;
mod timesyncd;

pub use chrony::parse as chrony;
pub use ntpq::parse as ntpq;
pub use timesyncd::parse as timesyncd;

/// How the clock stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    /// It follows a source. Seconds that it is off, ahead or behind.
    Followed { offset: f64 },
    /// The daemon runs and has no source: how far the clock is off is not known.
    Unsynchronised,
}

/// The daemon that keeps the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    Chrony,
    Ntpd,
    Timesyncd,
}

impl Keeper {
    pub const ALL: [Self; 3] = [Self::Chrony, Self::Ntpd, Self::Timesyncd];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Chrony => "chronyd",
            Self::Ntpd => "ntpd",
            Self::Timesyncd => "systemd-timesyncd",
        }
    }

    /// What asks it, without changing anything.
    pub const fn question(self) -> &'static [&'static str] {
        match self {
            Self::Chrony => &["chronyc", "-c", "tracking"],
            Self::Ntpd => &["ntpq", "-c", "rv"],
            Self::Timesyncd => &["timedatectl", "timesync-status"],
        }
    }

    /// What the answer says; `None` where it is no answer of this daemon, so that it does not run.
    pub fn read(self, answer: &str) -> Option<Standing> {
        match self {
            Self::Chrony => chrony(answer),
            Self::Ntpd => ntpq(answer),
            Self::Timesyncd => timesyncd(answer),
        }
    }
}

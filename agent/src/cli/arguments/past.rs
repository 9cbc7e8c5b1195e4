//! How the past is asked for: of what, and from when to when.

use std::str::FromStr;

use clap::Args;
use nearmiss_shared::time::{Span, Timestamp};

#[derive(Debug, Args)]
pub(in crate::cli) struct History {
    /// What was measured, as `check` names it [default: everything, in short].
    #[arg(value_name = "SIGNAL")]
    pub(in crate::cli) signal: Option<String>,
    /// Of what, such as a mount point or a unit [default: the only one].
    #[arg(value_name = "SUBJECT", requires = "signal")]
    pub(in crate::cli) subject: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) range: Range,
    /// Hour by hour, also from before the oldest single reading.
    #[arg(long, requires = "signal")]
    pub(in crate::cli) hours: bool,
    /// A line of JSON for each reading, hour or signal.
    #[arg(long, conflicts_with = "csv")]
    pub(in crate::cli) json: bool,
    /// `timestamp,value` a line, as `replay series` reads it.
    #[arg(long, requires = "signal")]
    pub(in crate::cli) csv: bool,
}

/// A part of the past.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(in crate::cli) struct Range {
    /// From then on: a span before now such as 7d, or an instant such as 2026-11-23T18:00:00Z.
    #[arg(long, value_name = "WHEN")]
    pub(in crate::cli) since: Option<When>,
    /// Up to then.
    #[arg(long, value_name = "WHEN")]
    pub(in crate::cli) until: Option<When>,
}

impl Range {
    /// Nobody asked for a part.
    pub(in crate::cli) const fn is_open(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// From when, and whether an instant lies within.
    pub(in crate::cli) fn at(self, now: Timestamp) -> (Option<Timestamp>, impl Fn(Timestamp) -> bool) {
        let (since, until) = (self.since.map(|when| when.at(now)), self.until.map(|when| when.at(now)));
        let within = move |at: Timestamp| {
            since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until)
        };
        (since, within)
    }
}

/// An instant, or a span before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum When {
    At(Timestamp),
    Ago(Span),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(span) = text.parse() {
            return Ok(Self::Ago(span));
        }
        text.parse()
            .map(Self::At)
            .map_err(|_| "neither a span such as 7d nor an instant such as 2026-11-23T18:00:00Z".to_owned())
    }
}

impl When {
    const fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => now.minus(span),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_past_is_told_by_instants_or_by_how_long_ago() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let range = Range { since: "1m".parse().ok(), until: "1970-01-01T00:01:50Z".parse().ok() };
        let (since, within) = range.at(at(120));
        assert_eq!(since, Some(at(60)));
        let inside: Vec<i64> = (0..=120).step_by(10).filter(|seconds| within(at(*seconds))).collect();
        assert_eq!(inside, [60, 70, 80, 90, 100, 110]);
        let all = Range::default();
        assert!(all.is_open() && all.at(at(120)).1(at(-5)));
        assert!("soon".parse::<When>().is_err());
    }
}

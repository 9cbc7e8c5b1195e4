//! Things of one kind on a host, and which of them deviate from what it had.
//!
//! What a host had is remembered in the labels of its last reading, so that a change while the agent was away is found as well.

use std::collections::BTreeMap;

use nearmiss_shared::time::Timestamp;

use crate::proximity::Limits;
use crate::reading::{Measure, Reading, Stamp};

/// Things that are remembered of one kind.
const MOST: usize = 400;
/// Deviations that are told by name.
const TOLD: usize = 3;
/// Labels of remembered things begin with this.
const HAD: &str = "had ";

/// Things by name, and what each is.
pub type Inventory = BTreeMap<String, String>;

/// Whether a thing that became `new` leaves the host less guarded than when it was `old`; `None` where it was or is not there.
pub type Weaker = fn(name: &str, old: Option<&str>, new: Option<&str>) -> bool;

/// What may be otherwise with a thing and count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// That it was not there.
    New,
    /// Or is otherwise than it was.
    Changed,
    /// Or is gone.
    All,
}

/// What counts as a deviation.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub signal: &'static str,
    pub subject: &'static str,
    pub counts: Counts,
    pub weaker: Weaker,
}

/// What the host had.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// When it was taken for what it should be; before that nothing is known.
    taken: Option<Timestamp>,
    things: Inventory,
}

impl Known {
    /// As it was before a restart, by the labels of its last reading.
    pub fn resume(&mut self, labels: &BTreeMap<String, String>) {
        self.taken = labels.get("taken").and_then(|text| text.parse().ok());
        let had = labels.iter().filter_map(|(name, what)| Some((name.strip_prefix(HAD)?, what)));
        self.things = had.map(|(name, what)| (name.to_owned(), what.clone())).collect();
    }

    /// Whether this thing is none that the host had.
    pub fn is_new(&self, name: &str) -> bool {
        self.taken.is_some() && !self.things.contains_key(name)
    }

    /// The reading of one look. `accepted`: what is there at the first look after this instant is as it should be.
    pub fn judge(
        &mut self,
        kind: &Kind,
        found: &Inventory,
        accepted: Option<Timestamp>,
        at: Stamp,
    ) -> Reading {
        if found.len() > MOST {
            let why = format!("{} things, and at most {MOST} are remembered", found.len());
            return Reading::of(kind.signal, kind.subject, at, Measure::Invalid { why });
        }
        let is_news = accepted.is_some_and(|accepted| self.taken.is_some_and(|taken| accepted > taken));
        if self.taken.is_none() || (is_news && accepted.is_some_and(|accepted| accepted <= at.wall)) {
            self.taken = Some(at.wall);
            self.things.clone_from(found);
        }
        let deviations = self.deviations(kind, found);
        let mut reading = Reading::of(kind.signal, kind.subject, at, measure(&deviations));
        let things = self.things.keys().chain(found.keys()).collect::<std::collections::BTreeSet<_>>().len();
        reading.limits = Some(Limits::new(0.0, 1.0, 1.0, things as f64 + 1.0));
        let reading = reading.label("things", found.len().to_string());
        let reading =
            self.taken.iter().fold(reading, |reading, taken| reading.label("taken", taken.to_string()));
        self.things
            .iter()
            .fold(reading, |reading, (name, what)| reading.label(&format!("{HAD}{name}"), what.clone()))
    }

    fn deviations(&self, kind: &Kind, found: &Inventory) -> Vec<String> {
        let mut told = Vec::new();
        let mut tell = |name: &str, old: Option<&str>, new: Option<&str>, how: String| {
            let weaker = if (kind.weaker)(name, old, new) { ", which guards less" } else { "" };
            told.push(format!("{how}{weaker}"));
        };
        for (name, new) in found {
            match self.things.get(name) {
                None => tell(name, None, Some(new), format!("{} is new", named(name, new))),
                Some(old) if kind.counts != Counts::New && old != new => {
                    let how = format!("{name} {} -> {}", or_nothing(old), or_nothing(new));
                    tell(name, Some(old), Some(new), how);
                }
                Some(_) => {}
            }
        }
        let gone = self.things.iter().filter(|(name, _)| !found.contains_key(*name));
        for (name, old) in gone.filter(|_| kind.counts == Counts::All) {
            tell(name, Some(old), None, format!("{} is gone", named(name, old)));
        }
        told
    }
}

fn named(name: &str, what: &str) -> String {
    if what.is_empty() { name.to_owned() } else { format!("{name} {what}") }
}

fn or_nothing(what: &str) -> &str {
    if what.is_empty() { "nothing" } else { what }
}

fn measure(deviations: &[String]) -> Measure {
    let named = deviations.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join("; ");
    let value = Some(deviations.len() as f64);
    match deviations.len() {
        0 => Measure::Value(0.0),
        all if all > TOLD => Measure::Trigger { value, reason: format!("{named}; and {} more", all - TOLD) },
        _ => Measure::Trigger { value, reason: named },
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Span;

    use super::*;

    const KIND: Kind = Kind {
        signal: "security.sshd_drift",
        subject: "/etc/ssh/sshd_config",
        counts: Counts::All,
        weaker: |name, _, new| name == "PermitRootLogin" && new == Some("yes"),
    };

    fn at(seconds: i64) -> Stamp {
        Stamp { wall: Timestamp::from_millis(0).plus(Span::from_seconds(seconds)), boot_ms: seconds * 1000 }
    }

    fn things(pairs: &[(&str, &str)]) -> Inventory {
        pairs.iter().map(|(name, what)| ((*name).to_owned(), (*what).to_owned())).collect()
    }

    fn said(reading: &Reading) -> String {
        match &reading.measure {
            Measure::Value(value) => value.to_string(),
            Measure::Trigger { reason, .. } => reason.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_first_look_is_what_the_host_has_and_every_deviation_is_near_until_it_is_undone_or_accepted() {
        let mut known = Known::default();
        let first = things(&[("PermitRootLogin", "no"), ("Port", "22")]);
        let mut look = |found: &Inventory, accepted: Option<i64>, second: i64| {
            let accepted = accepted.map(|second| at(second).wall);
            said(&known.judge(&KIND, found, accepted, at(second)))
        };
        assert_eq!(look(&first, None, 1), "0");
        let changed = things(&[("PermitRootLogin", "yes"), ("X11Forwarding", "yes")]);
        let told = "PermitRootLogin no -> yes, which guards less; X11Forwarding yes is new; Port 22 is gone";
        assert_eq!(look(&changed, None, 2), told);
        assert_eq!(look(&first, None, 3), "0", "undone");
        assert_eq!(look(&changed, Some(1), 4), told, "accepted before it was so");
        assert_eq!(look(&changed, Some(5), 4), told, "not yet");
        assert_eq!(look(&changed, Some(5), 6), "0");
        assert!(look(&first, Some(5), 7).starts_with("PermitRootLogin yes -> no"), "accepted once");
    }

    #[test]
    fn what_a_host_had_is_remembered_by_its_labels() {
        let kind = Kind { counts: Counts::New, ..KIND };
        let mut known = Known::default();
        let reading = known.judge(&kind, &things(&[("tcp 0.0.0.0:22", "sshd")]), None, at(1));
        let mut again = Known::default();
        again.resume(&reading.labels);
        assert!(again.is_new("tcp 0.0.0.0:80") && !again.is_new("tcp 0.0.0.0:22"));
        assert_eq!(said(&again.judge(&kind, &things(&[]), None, at(2))), "0", "only what is new deviates");
        let five: Vec<String> = (0..5).map(|port| format!("tcp 0.0.0.0:800{port}")).collect();
        let five: Inventory = five.into_iter().map(|name| (name, String::new())).collect();
        assert_eq!(
            said(&again.judge(&kind, &five, None, at(3))),
            "tcp 0.0.0.0:8000 is new; tcp 0.0.0.0:8001 is new; tcp 0.0.0.0:8002 is new; and 2 more"
        );
        let kind = Kind { counts: Counts::Changed, ..KIND };
        assert_eq!(said(&again.judge(&kind, &things(&[]), None, at(4))), "0", "gone");
        let changed = again.judge(&kind, &things(&[("tcp 0.0.0.0:22", "")]), None, at(4));
        assert_eq!(said(&changed), "tcp 0.0.0.0:22 sshd -> nothing");
        let many: Inventory = (0..500).map(|number| (number.to_string(), String::new())).collect();
        assert!(said(&again.judge(&kind, &many, None, at(4))).contains("at most 400"));
    }
}

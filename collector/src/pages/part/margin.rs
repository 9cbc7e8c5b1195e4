//! One signal of one host, whether or not a case is open: how far it is from failure.

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::urgency::is_last_barrier;
use nearmiss_shared::vocabulary::Physical;
use nearmiss_store::hosts::MarginRow;

use super::bar::Bar;
use super::closeness::Closeness;
use crate::pages::when::{self, When};
use crate::pages::words::{self, Said};

/// A host that was not heard for so long gives no data: it speaks each 30 s. How old a reading of it is says nothing: a
/// drive is read every few minutes, and what does not change is told once an hour.
const STALE: Span = Span::from_seconds(90);

/// A row of the fleet.
#[derive(Clone, Debug)]
pub(crate) struct Margin {
    pub client: String,
    pub host: String,
    pub what: String,
    pub signal: String,
    pub bar: Bar,
    pub failure: String,
    /// `8.1 %`.
    pub value: String,
    /// `approach 15.0 %, limit 0.0 %`.
    pub levels: String,
    pub state: String,
    pub stale: bool,
    pub read: When,
    closeness: Closeness,
}

impl Margin {
    /// Most urgent first; hosts that are not heard after those that are.
    pub(crate) fn list(rows: Vec<MarginRow>, now: Timestamp) -> Vec<Self> {
        let mut list: Vec<Self> = rows.into_iter().map(|row| Self::new(row, now)).collect();
        list.sort_by(|one, other| {
            let order = one.closeness.urgency().order(&other.closeness.urgency());
            let name = |margin: &Self| (margin.client.clone(), margin.host.clone(), margin.what.clone());
            one.stale.cmp(&other.stale).then(order).then_with(|| name(one).cmp(&name(other)))
        });
        list
    }

    /// Watched: a reading lies past the approach level, and no case is open for it yet.
    fn is_past_tick(&self) -> bool {
        let near = self.closeness.proximity.is_some_and(|proximity| proximity >= self.closeness.tick);
        let normal = matches!(self.closeness.physical, Physical::Normal | Physical::Recovered);
        !self.stale && (self.closeness.physical == Physical::Watch || (near && normal))
    }

    fn new(row: MarginRow, now: Timestamp) -> Self {
        let stale = row.heard_at.is_none_or(|heard| now.since(heard) > STALE);
        let closeness = closeness(&row, now);
        let bar = if stale { Bar::new(None, closeness.tick, None, false) } else { closeness.bar() };
        let told = |level: Option<f64>, name: &str| {
            level.map(|level| format!("{name} {}", words::value(level, &row.unit)))
        };
        let levels: Vec<String> =
            [told(row.approach, "approach"), told(row.limit, "limit")].into_iter().flatten().collect();
        Self {
            what: nearmiss_case::title::what(&row.signal, &row.subject),
            value: row.value.map_or_else(|| "\u{2013}".to_owned(), |value| words::value(value, &row.unit)),
            levels: if row.ordinal { "a count, no limit".to_owned() } else { levels.join(", ") },
            failure: if stale { String::new() } else { failure(&closeness) },
            state: state(&row),
            read: When::new(row.at, now),
            client: row.client_name,
            host: row.host_name,
            signal: row.signal,
            bar,
            stale,
            closeness,
        }
    }
}

/// `receding, asleep`: what rests shows what it was, not what it is.
fn state(row: &MarginRow) -> String {
    match (row.state, &row.resting) {
        (Physical::Normal, Some(rest)) => rest.why.clone(),
        (state, Some(rest)) => format!("{}, {}", state.said(), rest.why),
        (state, None) => state.said().to_owned(),
    }
}

fn closeness(row: &MarginRow, now: Timestamp) -> Closeness {
    let age = now.since(row.at).as_seconds().max(0.0);
    Closeness {
        category: row.category,
        physical: row.state,
        proximity: row.proximity,
        peak: None,
        tick: tick(row),
        ordinal: row.ordinal,
        no_redundancy: is_last_barrier(&row.signal, row.value),
        failure: row.time_to_failure_seconds.map(|left| (left - age).max(0.0)),
        drill: false,
        back_since: None,
        judged_at: None,
    }
}

/// Proximity of the approach level.
fn tick(row: &MarginRow) -> f64 {
    let levels = (row.normal, row.approach, row.limit);
    let (Some(normal), Some(approach), Some(limit)) = levels else { return 0.7 };
    let way = limit - normal;
    if way == 0.0 { 0.7 } else { ((approach - normal) / way).clamp(0.0, 1.0) }
}

fn failure(closeness: &Closeness) -> String {
    let left = closeness.failure.filter(|_| closeness.physical != Physical::Breached);
    left.map_or_else(String::new, |left| {
        format!("{} in {}", words::failure_verb(closeness.category), when::span(left))
    })
}

/// The page Now when nothing approaches: the product at its best.
pub(crate) fn calm(list: &[Margin]) -> String {
    const NOTHING: &str = "Nothing is approaching failure.";
    let past = list.iter().filter(|margin| margin.is_past_tick()).collect::<Vec<_>>();
    if let [first, rest @ ..] = past.as_slice() {
        let more = match rest.len() {
            0 => String::new(),
            more => format!(", and {}", words::count(more, "more signal", "more signals")),
        };
        return format!(
            "Nothing is confirmed to be approaching failure. Watched, past its approach level: {} {}, {}{more}. \
             A case opens when more readings confirm it.",
            first.host, first.what, first.bar.number
        );
    }
    let closest = list.iter().filter(|margin| !margin.stale && margin.closeness.proximity.is_some()).max_by(
        |one, other| {
            let value = |margin: &Margin| margin.closeness.proximity.unwrap_or(0.0);
            value(one).total_cmp(&value(other))
        },
    );
    let Some(closest) = closest else {
        return format!("{NOTHING} No host has told a reading in the last 90 seconds.");
    };
    let time = if closest.failure.is_empty() { String::new() } else { format!(", {}", closest.failure) };
    format!("{NOTHING} Closest: {} {}, {}{time}.", closest.host, closest.what, closest.bar.number)
}

#[cfg(test)]
mod tests;

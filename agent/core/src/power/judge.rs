//! From what a supply says to distances: the runtime left before an orderly shutdown no longer fits, the charge
//! before the battery is low, and the status, where a word alone decides.

use nearmiss_shared::time::Span;

use super::Ups;
use crate::proximity::Limits;
use crate::reading::{Measure, Reading, Stamp};

/// What a supply of its kind lasts, until this one was seen full and on mains.
const USUAL_RUNTIME: f64 = 40.0 * 60.0;
/// A battery with this charge is full.
const FULL_PERCENT: f64 = 95.0;
/// The full runtime is told anew when it changes by more than this part: it moves with the load.
const NEWS: f64 = 0.1;
/// Where a supply names no low charge.
const LOW_PERCENT: f64 = 10.0;

/// The runtime of the full battery, as seen last; told in the label [`Full::LABEL`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Full(pub Option<f64>);

impl Full {
    pub const LABEL: &str = "full_runtime_seconds";

    /// Takes in a look. Only on mains and charged the runtime says what the battery can do.
    fn seen(&mut self, ups: &Ups) {
        let is_full = !ups.on_battery && ups.charge_percent.is_none_or(|charge| charge >= FULL_PERCENT);
        let now = ups.runtime_seconds.filter(|runtime| is_full && *runtime > 0.0);
        let Some(now) = now else { return };
        if self.0.is_none_or(|before| (now - before).abs() > before * NEWS) {
            self.0 = Some(now);
        }
    }
}

/// The readings of one supply, of which `shutdown` is the time that an orderly shutdown takes.
pub fn judge(ups: &Ups, subject: &str, shutdown: Span, full: &mut Full, at: Stamp) -> Vec<Reading> {
    full.seen(ups);
    let mut readings = vec![Reading::of("power.status", subject, at, status(ups))];
    if let Some(runtime) = ups.runtime_seconds {
        let shutdown = shutdown.as_seconds();
        let normal = full.0.unwrap_or(USUAL_RUNTIME).max(shutdown * 2.0);
        let mut reading = Reading::of("power.runtime_left", subject, at, left(ups, runtime, shutdown));
        reading.limits = Some(towards(normal, shutdown));
        readings.push(match full.0 {
            Some(full) => reading.label(Full::LABEL, format!("{full:.0}")),
            None => reading,
        });
    }
    if let Some(charge) = ups.charge_percent {
        let low = ups.low_charge_percent.filter(|low| (0.0..90.0).contains(low)).unwrap_or(LOW_PERCENT);
        let mut reading = Reading::value("power.charge", subject, at, charge);
        reading.limits = Some(towards(100.0, low));
        readings.push(reading);
    }
    let model = |reading: Reading| match &ups.model {
        Some(model) => reading.label("model", model.clone()),
        None => reading,
    };
    readings.into_iter().map(|reading| model(reading).label("status", ups.status.clone())).collect()
}

fn status(ups: &Ups) -> Measure {
    let because = |what: &str| format!("{what} (status {})", ups.status);
    if ups.failing {
        let reason = because("the battery is low or the supply switches off");
        return Measure::Consequence { value: Some(2.0), reason };
    }
    if ups.lost {
        return Measure::Invalid { why: because("the supply is off or its server has lost it") };
    }
    match (ups.on_battery, ups.bad_battery) {
        (true, _) => Measure::Trigger { value: Some(1.0), reason: because("on battery") },
        (_, true) => {
            Measure::Trigger { value: Some(1.0), reason: because("the battery is worn out or missing") }
        }
        (false, false) => Measure::Value(0.0),
    }
}

/// On mains nothing runs down: a battery that could never carry the shutdown is near, not failed.
fn left(ups: &Ups, runtime: f64, shutdown: f64) -> Measure {
    if ups.lost {
        return Measure::Invalid { why: format!("status {}", ups.status) };
    }
    if ups.on_battery || runtime > shutdown {
        return Measure::Value(runtime);
    }
    let span = |seconds: f64| Span::from_seconds(seconds as i64);
    let reason = format!(
        "on mains, but the battery would last {} and an orderly shutdown takes {}",
        span(runtime),
        span(shutdown)
    );
    Measure::Trigger { value: None, reason }
}

/// From normal down to the limit, near at seven tenths and critical at nine tenths of the way.
fn towards(normal: f64, limit: f64) -> Limits {
    let way = normal - limit;
    Limits::new(normal, limit + way * 0.3, limit + way * 0.1, limit)
}

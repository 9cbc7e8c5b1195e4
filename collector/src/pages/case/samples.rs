//! The points of a case's curve, from the stored events' samples and the minutes its host told since.

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_store::curve::CurvePoint;
use serde::Deserialize;

use super::curve::Point;

/// Of a stored event only this is read here: when, and what was measured.
#[derive(Deserialize)]
struct Measured {
    observed_at: Timestamp,
    value: Option<f64>,
    #[serde(default)]
    samples: Vec<(i64, f64)>,
}

/// Every point known, in no order. An event that cannot be read gives none.
///
/// A minute is drawn by its worst value: the lowest where lower is worse.
pub(crate) fn points(events: &[String], minutes: &[CurvePoint], falls: bool) -> Vec<Point> {
    let measured = events.iter().filter_map(|body| serde_json::from_str::<Measured>(body).ok());
    let mut found: Vec<Point> = measured.flat_map(of_event).collect();
    found.extend(minutes.iter().map(|minute| (minute.minute, if falls { minute.min } else { minute.max })));
    found
}

fn of_event(event: Measured) -> Vec<Point> {
    let at = event.observed_at;
    let samples =
        event.samples.into_iter().map(|(offset, value)| (at.plus(Span::from_millis(offset)), value));
    samples.chain(event.value.map(|value| (at, value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_lie_before_their_event() {
        let body =
            r#"{"observed_at":"2026-11-24T06:00:00.000Z","value":0.1,"samples":[[-60000,0.2]],"other":1}"#;
        let found = points(&[body.to_owned(), "no json".to_owned()], &[], true);
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(found, [(at("2026-11-24T05:59:00Z"), 0.2), (at("2026-11-24T06:00:00Z"), 0.1)]);
    }
}

//! The points of a case's curve, from the stored events' samples and the minutes its host told since.

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_store::curve::CurvePoint;
use serde::Deserialize;

use super::curve::Point;

const MINUTE: Span = Span::from_minutes(1);

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
/// A minute is drawn at its end by its worst value, the lowest where lower is worse; but not where a true sample lies in
/// it: that one says when, and the minute would draw the same fall a second time, too early or too late.
pub(crate) fn points(events: &[String], minutes: &[CurvePoint], falls: bool, now: Timestamp) -> Vec<Point> {
    let measured = events.iter().filter_map(|body| serde_json::from_str::<Measured>(body).ok());
    let mut found: Vec<Point> = measured.flat_map(of_event).collect();
    found.sort_by_key(|(at, _)| *at);
    let covered = |minute: Timestamp| {
        let next = found.partition_point(|(at, _)| *at < minute);
        found.get(next).is_some_and(|(at, _)| *at < minute.plus(MINUTE))
    };
    let drawn: Vec<Point> = minutes
        .iter()
        .filter(|minute| !covered(minute.minute))
        .map(|minute| (minute.minute.plus(MINUTE).min(now), if falls { minute.min } else { minute.max }))
        .collect();
    found.extend(drawn);
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

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn minute(start: &str, min: f64, max: f64) -> CurvePoint {
        CurvePoint { minute: at(start), min, max, last: max, closest: None, samples: 6, expected: 6 }
    }

    #[test]
    fn a_minute_is_drawn_at_its_end_and_not_beside_true_samples() {
        let body = r#"{"observed_at":"2026-11-24T06:00:50.000Z","value":0.1,"samples":[[-60000,0.4]]}"#;
        let minutes = [
            minute("2026-11-24T05:59:00Z", 0.1, 0.4),
            minute("2026-11-24T06:00:00Z", 0.1, 0.4),
            minute("2026-11-24T06:01:00Z", 0.1, 0.1),
            minute("2026-11-24T06:02:00Z", 0.1, 0.1),
        ];
        let found = points(&[body.to_owned()], &minutes, true, at("2026-11-24T06:02:30Z"));
        assert_eq!(
            found,
            [
                (at("2026-11-24T05:59:50Z"), 0.4),
                (at("2026-11-24T06:00:50Z"), 0.1),
                (at("2026-11-24T06:02:00Z"), 0.1),
                (at("2026-11-24T06:02:30Z"), 0.1),
            ]
        );
    }

    #[test]
    fn samples_lie_before_their_event() {
        let body =
            r#"{"observed_at":"2026-11-24T06:00:00.000Z","value":0.1,"samples":[[-60000,0.2]],"other":1}"#;
        let found = points(&[body.to_owned(), "no json".to_owned()], &[], true, at("2026-11-24T07:00:00Z"));
        assert_eq!(found, [(at("2026-11-24T05:59:00Z"), 0.2), (at("2026-11-24T06:00:00Z"), 0.1)]);
    }
}

//! The closeness bar as inline SVG: the same distance to failure as in the terminal.
//!
//! Geometry is in percent attributes, since the content policy forbids style attributes. The drawing is hidden from
//! screen readers: the number and the words beside it say the same.

use askama::Template;
use askama::filters::HtmlSafe;
use nearmiss_shared::bar::{self, Tone, tone};

/// One bar with its number.
#[derive(Clone, Debug, Template)]
#[template(path = "part/bar.html")]
pub(crate) struct Bar {
    /// CSS class of the tone: never the only sign.
    pub tone: &'static str,
    /// `0.92`, or a dash where nothing was measured.
    pub number: String,
    /// Percent of the track.
    pub filled: Option<f64>,
    pub tick: f64,
    /// The closest point so far, where it lies beyond now.
    pub closest: Option<f64>,
    pub breached: bool,
    /// For those who do not see the drawing.
    pub spoken: String,
}

impl HtmlSafe for Bar {}

impl Bar {
    /// `approach` and `peak` are proximities; `fails_before_response` makes it red below 0.9.
    pub(crate) fn new(
        now: Option<f64>,
        approach: f64,
        peak: Option<f64>,
        fails_before_response: bool,
    ) -> Self {
        let now = now.filter(|value| value.is_finite()).map(|value| value.max(0.0));
        let peak = peak.map(|peak| peak.max(0.0));
        let tone = tone(now, approach, fails_before_response);
        let closest = peak.filter(|peak| now.is_some_and(|now| *peak > now + 0.005)).map(percent);
        Self {
            tone: class(tone),
            number: now.map_or_else(|| "\u{2013}".to_owned(), bar::number),
            filled: now.map(percent),
            tick: percent(approach),
            closest,
            breached: tone == Tone::Breached,
            spoken: spoken(now, approach, peak),
        }
    }
}

fn percent(proximity: f64) -> f64 {
    (proximity.clamp(0.0, 1.0) * 1000.0).round() / 10.0
}

const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Quiet => "quiet",
        Tone::Amber => "amber",
        Tone::Red => "red",
        Tone::Breached => "red breached",
        Tone::NoData => "nodata",
    }
}

fn spoken(now: Option<f64>, approach: f64, peak: Option<f64>) -> String {
    let Some(now) = now else { return "closeness not known".to_owned() };
    let where_ = if now >= 1.0 {
        ", past the failure limit"
    } else if now >= approach {
        ", past the approach level"
    } else {
        ""
    };
    let closest = peak
        .filter(|peak| *peak > now + 0.005)
        .map_or_else(String::new, |peak| format!("; the closest so far was {}", bar::number(peak)));
    format!("closeness {} of 1{where_}{closest}", bar::number(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_has_the_tone_and_geometry_of_its_distance() {
        let bar = Bar::new(Some(0.92), 0.7, None, false);
        assert_eq!((bar.tone, bar.number.as_str(), bar.filled, bar.tick), ("red", "0.92", Some(92.0), 70.0));
        let past = Bar::new(Some(1.3), 0.7, Some(1.3), false);
        assert_eq!(
            (past.tone, past.filled, past.breached, past.closest),
            ("red breached", Some(100.0), true, None)
        );
        let back = Bar::new(Some(0.2), 0.7, Some(0.95), false);
        assert_eq!((back.tone, back.closest), ("quiet", Some(95.0)));
        assert_eq!(back.spoken, "closeness 0.20 of 1; the closest so far was 0.95");
    }

    #[test]
    fn further_than_normal_is_said_as_normal() {
        let bar = Bar::new(Some(-1.0), 0.7, Some(-0.95), false);
        assert_eq!((bar.number.as_str(), bar.filled), ("0.00", Some(0.0)));
        assert_eq!(bar.closest, None, "no mark where both are at normal");
        assert_eq!(bar.spoken, "closeness 0.00 of 1");
    }

    #[test]
    fn no_data_is_a_dashed_track_and_says_so() {
        let bar = Bar::new(None, 0.7, Some(0.9), false);
        assert_eq!((bar.tone, bar.filled, bar.number.as_str()), ("nodata", None, "\u{2013}"));
        assert!(bar.to_string().contains("closeness not known"));
        assert!(!bar.to_string().contains("style="));
    }
}

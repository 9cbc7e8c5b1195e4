//! A range as the guidelines write it: `10`, `10:`, `~:10`, `10:20`, `@10:20`.

/// From `start` to `end`, both included; an open end is infinite. A plugin alerts outside of it, and within it where
/// the range begins with `@`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub start: f64,
    pub end: f64,
    /// `@`: inside is bad.
    pub inside: bool,
    /// Both ends that are told are whole numbers.
    pub whole: bool,
}

impl Range {
    /// `None` when it is no range, or its ends are the wrong way round.
    pub fn parse(text: &str) -> Option<Self> {
        let (inside, text) = match text.strip_prefix('@') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (start, end) = match text.split_once(':') {
            Some((start, end)) => (start, Some(end)),
            None => ("", Some(text).filter(|text| !text.is_empty())),
        };
        let number = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
        let low = match start {
            "" => 0.0,
            "~" => f64::NEG_INFINITY,
            start => number(start)?,
        };
        let high = match end? {
            "" => f64::INFINITY,
            end => number(end)?,
        };
        let whole = [low, high].iter().all(|level| level.is_infinite() || level.fract() == 0.0)
            && !text.contains(['.', 'e', 'E']);
        (low <= high).then_some(Self { start: low, end: high, inside, whole })
    }

    /// Whether a plugin with this range alerts on `value`.
    pub fn alerts(&self, value: f64) -> bool {
        (self.start <= value && value <= self.end) == self.inside
    }

    /// The same range in another unit.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { start: self.start * factor, end: self.end * factor, ..self }
    }
}

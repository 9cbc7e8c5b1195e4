//! How fast a signal moves: the Theil-Sen slope with the range seen, of a window and of each of its halves.
//!
//! Samples are not independent, so the range is "seen", not a confidence interval: the 10th and 90th percentile of
//! the slopes of all pairs. That range is what tells a trend from a burst: after a step, or between the steps of a
//! staircase, many pairs did not move at all, and the range reaches zero.

/// A sample: milliseconds on any common clock, value.
pub type Sample = (i64, f64);

/// At least this many samples make a slope.
pub const MINIMUM: usize = 5;

const MILLISECONDS_PER_HOUR: f64 = 3_600_000.0;

/// Slope per hour with the range seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

/// The slopes of a window and of its two halves in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    pub whole: Slope,
    pub older: Slope,
    pub newer: Slope,
}

impl Slope {
    const FLAT: Self = Self { estimate: 0.0, low: 0.0, high: 0.0 };

    /// The same in another unit, of which one is `per` of this: a range is turned about by a negative one.
    #[must_use]
    pub fn per(self, per: f64) -> Self {
        let (one, other) = (self.low / per, self.high / per);
        Self { estimate: self.estimate / per, low: one.min(other), high: one.max(other) }
    }
}

impl Trend {
    /// [`Slope::per`] for all three.
    #[must_use]
    pub fn per(self, per: f64) -> Self {
        Self { whole: self.whole.per(per), older: self.older.per(per), newer: self.newer.per(per) }
    }

    /// The lower bound rises in the whole and in both halves.
    pub fn rises(&self) -> bool {
        self.whole.low > 0.0 && self.older.low > 0.0 && self.newer.low > 0.0
    }
}

/// The slope of `samples`, oldest first; `None` below [`MINIMUM`] samples or when they span no time.
pub fn slope(samples: &[Sample]) -> Option<Slope> {
    if samples.len() < MINIMUM {
        return None;
    }
    // What stands still needs no pairs; most signals do, most of the time.
    let (first, last) = (samples.first()?, samples.last()?);
    if last.0 > first.0 && samples.iter().all(|(_, value)| *value == first.1) {
        return Some(Slope::FLAT);
    }
    let mut slopes = pair_slopes(samples);
    Some(Slope {
        estimate: quantile(&mut slopes, 0.5)?,
        low: quantile(&mut slopes, 0.1)?,
        high: quantile(&mut slopes, 0.9)?,
    })
}

/// The slopes of `samples` and of their halves in time; `None` where one of the three has none.
pub fn trend(samples: &[Sample]) -> Option<Trend> {
    let (first, last) = (samples.first()?, samples.last()?);
    let middle = first.0.midpoint(last.0);
    let (older, newer) = samples.split_at(samples.partition_point(|(at, _)| *at < middle));
    Some(Trend { older: slope(older)?, newer: slope(newer)?, whole: slope(samples)? })
}

/// The slopes per hour of all pairs that lie apart in time.
fn pair_slopes(samples: &[Sample]) -> Vec<f64> {
    let mut slopes = Vec::with_capacity(samples.len() * samples.len() / 2);
    for (index, (then, before)) in samples.iter().enumerate() {
        for (now, after) in &samples[index + 1..] {
            if now > then {
                slopes.push((after - before) / ((now - then) as f64 / MILLISECONDS_PER_HOUR));
            }
        }
    }
    slopes
}

fn quantile(values: &mut [f64], part: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let (_, value, _) = values.select_nth_unstable_by((last as f64 * part).round() as usize, f64::total_cmp);
    Some(*value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Vec<Sample> {
        values.iter().enumerate().map(|(minute, value)| (minute as i64 * 60_000, *value)).collect()
    }

    fn rises(values: impl Fn(i32) -> f64) -> bool {
        trend(&series(&(0..40).map(values).collect::<Vec<_>>())).unwrap().rises()
    }

    #[test]
    fn a_line_has_its_slope_and_a_narrow_range() {
        let line: Vec<f64> = (0..20).map(f64::from).collect();
        let slope = slope(&series(&line)).unwrap();
        assert!((slope.estimate - 60.0).abs() < 1e-9 && (slope.low - slope.high).abs() < 1e-9);
        assert!(rises(f64::from));
    }

    #[test]
    fn one_outlier_does_not_make_a_trend() {
        let mut flat = vec![1.0; 20];
        flat[9] = 100.0;
        assert_eq!(slope(&series(&flat)).unwrap().estimate, 0.0);
    }

    #[test]
    fn what_comes_in_bursts_is_no_trend() {
        let step = |at: i32| move |minute: i32| if minute < at { 0.0 } else { 5.0 };
        assert!((0..40).all(|at| !rises(step(at))), "a step, wherever it lies");
        assert!(!rises(|minute| step(10)(minute) + step(30)(minute)), "a step in each half");
        assert!(!rises(|minute| f64::from(minute / 5)), "a staircase");
        assert!(!rises(|minute| f64::from(minute % 10)), "a sawtooth");
        assert!(!rises(|minute| f64::from(minute.min(20))), "a rise that has ended");
        assert!(!rises(|minute| f64::from(minute.max(20))), "a rise that has just begun");
    }

    #[test]
    fn a_rise_with_noise_about_as_large_as_its_step_is_a_trend() {
        let noise = |minute: i32| f64::from((minute * 7919) % 13 - 6) / 6.0;
        assert!(rises(|minute| f64::from(minute) + noise(minute)));
        assert!(!rises(noise));
    }

    #[test]
    fn a_range_is_turned_about_with_its_unit() {
        let falling = Slope { estimate: -2.0, low: -4.0, high: -1.0 };
        assert_eq!(falling.per(-2.0), Slope { estimate: 1.0, low: 0.5, high: 2.0 });
    }

    #[test]
    fn too_few_samples_make_no_slope() {
        assert_eq!(slope(&series(&[1.0, 2.0, 3.0, 4.0])), None);
        assert_eq!(slope(&[(5, 1.0); 9]), None);
        assert_eq!(trend(&series(&[1.0; 9])), None, "a half has too few");
    }
}

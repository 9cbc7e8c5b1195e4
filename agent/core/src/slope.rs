//! How fast a signal moves: the Theil-Sen slope with the range seen.
//!
//! Samples are not independent, so the range is "seen", not a confidence interval: the 10th and 90th percentile
//! of the slopes of all pairs. A trend counts only when both halves of the window agree with it.

/// A sample: milliseconds on any common clock, value.
pub type Sample = (i64, f64);

/// At least this many samples make a slope.
pub const MINIMUM: usize = 5;

/// Slope per hour with the range seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
    /// Both halves of the window move the same way as the whole.
    pub agreeing: bool,
}

/// The slope of `samples`, oldest first; `None` below [`MINIMUM`] samples or when they span no time.
pub fn slope(samples: &[Sample]) -> Option<Slope> {
    if samples.len() < MINIMUM {
        return None;
    }
    let slopes = pair_slopes(samples);
    let estimate = quantile(&slopes, 0.5)?;
    let (older, newer) = samples.split_at(samples.len() / 2);
    let half = |part: &[Sample]| quantile(&pair_slopes(part), 0.5).unwrap_or(0.0);
    let agreeing = half(older) * estimate > 0.0 && half(newer) * estimate > 0.0;
    Some(Slope { estimate, low: quantile(&slopes, 0.1)?, high: quantile(&slopes, 0.9)?, agreeing })
}

/// The slopes per hour of all pairs that lie apart in time, sorted.
fn pair_slopes(samples: &[Sample]) -> Vec<f64> {
    let mut slopes = Vec::with_capacity(samples.len() * samples.len() / 2);
    for (index, (then, before)) in samples.iter().enumerate() {
        for (now, after) in &samples[index + 1..] {
            if now > then {
                slopes.push((after - before) / ((now - then) as f64 / 3_600_000.0));
            }
        }
    }
    slopes.sort_by(f64::total_cmp);
    slopes
}

fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * part).round() as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Vec<Sample> {
        values.iter().enumerate().map(|(minute, value)| (minute as i64 * 60_000, *value)).collect()
    }

    #[test]
    fn a_line_has_its_slope_and_a_narrow_range() {
        let line: Vec<f64> = (0..20).map(f64::from).collect();
        let slope = slope(&series(&line)).unwrap();
        assert!((slope.estimate - 60.0).abs() < 1e-9 && (slope.low - slope.high).abs() < 1e-9);
        assert!(slope.agreeing);
    }

    #[test]
    fn one_outlier_does_not_make_a_trend() {
        let mut flat = vec![1.0; 20];
        flat[9] = 100.0;
        let slope = slope(&series(&flat)).unwrap();
        assert_eq!(slope.estimate, 0.0);
        assert!(!slope.agreeing);
    }

    #[test]
    fn a_step_is_no_trend_since_the_halves_disagree() {
        let step: Vec<f64> = (0..20).map(|minute| if minute < 10 { 0.0 } else { 5.0 }).collect();
        assert!(!slope(&series(&step)).unwrap().agreeing);
    }

    #[test]
    fn too_few_samples_make_no_slope() {
        assert_eq!(slope(&series(&[1.0, 2.0, 3.0, 4.0])), None);
        assert_eq!(slope(&[(5, 1.0); 9]), None);
    }
}

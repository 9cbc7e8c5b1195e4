//! What stays of readings that are too old to be kept one by one: the least, mean and largest value of each hour.

use std::collections::BTreeMap;

use nearmiss_shared::time::{Span, Timestamp};
use serde::Serialize;

use super::bytes::{Bytes, put, put_change, unzigzag, zigzag};
use super::frame::Kept;
use super::sample::Sample;
use super::{Readings, Series};

const HOUR: Span = Span::from_hours(1);

/// One hour of one signal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hour {
    /// Its begin.
    pub at: Timestamp,
    pub samples: u64,
    pub min: f64,
    pub mean: f64,
    pub max: f64,
}

/// Hours by what they are of, each oldest first.
pub type Hours = BTreeMap<Series, Vec<Hour>>;

impl Hour {
    /// The hour of one reading, of which it holds nothing else yet.
    pub fn of(sample: Sample) -> Self {
        let at = sample.at.as_millis().div_euclid(HOUR.as_millis()).saturating_mul(HOUR.as_millis());
        let Sample { value, .. } = sample;
        Self { at: Timestamp::from_millis(at), samples: 1, min: value, mean: value, max: value }
    }

    /// The same hour with what another part of it held.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let samples = self.samples.saturating_add(other.samples);
        let share = other.samples as f64 / samples.max(1) as f64;
        let (min, max) = (self.min.min(other.min), self.max.max(other.max));
        // Rounding must not carry the mean beyond its own extremes.
        let mean = (self.mean + (other.mean - self.mean) * share).max(min).min(max);
        Self { at: self.at, samples, min, mean, max }
    }

    /// Adds an hour to those of a signal, which are in order of time.
    pub fn add(self, hours: &mut Vec<Self>) {
        match hours.binary_search_by_key(&self.at, |hour| hour.at) {
            Ok(index) => hours.iter_mut().skip(index).take(1).for_each(|hour| *hour = hour.and(self)),
            Err(index) => hours.insert(index, self),
        }
    }
}

/// The hours of `readings`.
pub fn thin(readings: &Readings) -> Hours {
    let mut hours = Hours::new();
    for (series, samples) in readings {
        let into = hours.entry(series.clone()).or_default();
        samples.iter().for_each(|sample| Hour::of(*sample).add(into));
    }
    hours
}

impl Kept for Hour {
    const KIND: u8 = b'H';

    fn write(items: &[Self], into: &mut Vec<u8>) {
        let mut before = (0_i64, [0.0; 3]);
        for hour in items {
            let number = hour.at.as_millis().div_euclid(HOUR.as_millis());
            put(into, u128::from(zigzag(number.wrapping_sub(before.0))));
            put(into, u128::from(hour.samples));
            let values = [hour.min, hour.mean, hour.max];
            for (old, new) in before.1.into_iter().zip(values) {
                put_change(into, old, new);
            }
            before = (number, values);
        }
    }

    fn read(count: usize, from: &[u8]) -> Option<Vec<Self>> {
        let mut bytes = Bytes(from);
        let (mut number, mut values) = (0_i64, [0.0; 3]);
        let mut hours = Vec::with_capacity(count.min(from.len()));
        for _ in 0..count {
            number = number.wrapping_add(unzigzag(bytes.whole()?));
            let samples = bytes.whole()?;
            for value in &mut values {
                *value = bytes.change(*value)?;
            }
            let at = Timestamp::from_millis(number.checked_mul(HOUR.as_millis())?);
            let [min, mean, max] = values;
            hours.push(Self { at, samples, min, mean, max });
        }
        bytes.0.is_empty().then_some(hours)
    }
}

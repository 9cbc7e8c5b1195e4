//! Single readings: about one byte where a signal is looked at evenly and does not change, about eight where it does.
//!
//! The time is the change of the distance to the one before, so an even beat is zero; its lowest bit says whether the
//! value changed, and then its changed bytes follow.

use nearmiss_shared::time::Timestamp;

use super::bytes::{Bytes, put, put_change, unzigzag, zigzag};
use super::frame::Kept;

/// One value and when it was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub at: Timestamp,
    pub value: f64,
}

/// What the next reading is told against.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    at: i64,
    step: i64,
    value: f64,
}

impl Kept for Sample {
    const KIND: u8 = b'R';

    fn write(items: &[Self], into: &mut Vec<u8>) {
        let mut before = Before::default();
        for sample in items {
            let at = sample.at.as_millis();
            let step = at.wrapping_sub(before.at);
            let turned = u128::from(zigzag(step.wrapping_sub(before.step)));
            let changed = sample.value.to_bits() != before.value.to_bits();
            put(into, turned << 1 | u128::from(changed));
            if changed {
                put_change(into, before.value, sample.value);
            }
            before = Before { at, step, value: sample.value };
        }
    }

    fn read(count: usize, from: &[u8]) -> Option<Vec<Self>> {
        let mut bytes = Bytes(from);
        let mut before = Before::default();
        let mut samples = Vec::with_capacity(count.min(from.len()));
        for _ in 0..count {
            let head = bytes.number()?;
            let step = before.step.wrapping_add(unzigzag(u64::try_from(head >> 1).ok()?));
            let at = before.at.wrapping_add(step);
            let value = if head & 1 == 1 { bytes.change(before.value)? } else { before.value };
            samples.push(Self { at: Timestamp::from_millis(at), value });
            before = Before { at, step, value };
        }
        bytes.0.is_empty().then_some(samples)
    }
}

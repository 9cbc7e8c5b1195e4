//! What a signal remembers of its samples: enough for the forecast's window and an event's curve, never more.
//!
//! Within a window samples are kept a sixtieth of it apart (or all, where the rule looks less often); what is older
//! is thinned again and again. So an hour's horizon and a week's cost the same few kilobytes.

use nearmiss_shared::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::reading::Stamp;

/// A window holds at most this many samples: all pairs of them are looked at.
pub(super) const WINDOW_SAMPLES: i64 = 60;
/// At most this many are kept; the newer half is a window at least.
const MOST: usize = 128;

/// A valid sample. Stored as `[wall, boot, value]`, milliseconds; the words of earlier versions are read too.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "(i64, i64, f64)")]
pub(crate) struct Sample {
    pub(crate) at: Stamp,
    pub(crate) value: f64,
}

/// Both forms a sample was ever stored in.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Short(i64, i64, f64),
    Long { at: Stamp, value: f64 },
}

impl From<Stored> for Sample {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Short(wall, boot_ms, value) => {
                Self { at: Stamp { wall: Timestamp::from_millis(wall), boot_ms }, value }
            }
            Stored::Long { at, value } => Self { at, value },
        }
    }
}

impl From<Sample> for (i64, i64, f64) {
    fn from(sample: Sample) -> Self {
        (sample.at.wall.as_millis(), sample.at.boot_ms, sample.value)
    }
}

/// The samples of one signal, oldest first; the newest is always there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Memory {
    samples: Vec<Sample>,
}

impl Memory {
    /// Keeps `sample`; the one before it stays only where it ended a stretch of `window` / [`WINDOW_SAMPLES`].
    pub(super) fn keep(&mut self, sample: Sample, window: Span) {
        let apart = (window.as_millis() / WINDOW_SAMPLES).max(1);
        let stretch = |sample: &Sample| sample.at.boot_ms.div_euclid(apart);
        if self.samples.last().is_some_and(|last| stretch(last) == stretch(&sample)) {
            self.samples.pop();
        }
        self.samples.push(sample);
        if self.samples.len() > MOST {
            self.thin();
        }
    }

    /// Every second sample of the older half goes.
    fn thin(&mut self) {
        let mut index = 0;
        self.samples.retain(|_| {
            index += 1;
            index > MOST / 2 || index % 2 == 0
        });
    }

    pub(crate) fn first(&self) -> Option<&Sample> {
        self.samples.first()
    }

    pub(crate) fn last(&self) -> Option<&Sample> {
        self.samples.last()
    }

    /// The samples from `boot_ms` on.
    pub(super) fn since(&self, boot_ms: i64) -> &[Sample] {
        let before = self.samples.partition_point(|sample| sample.at.boot_ms < boot_ms);
        self.samples.get(before..).unwrap_or_default()
    }

    pub(super) fn newest(&self, most: usize) -> &[Sample] {
        let skipped = self.samples.len().saturating_sub(most);
        self.samples.get(skipped..).unwrap_or_default()
    }

    /// Applies `change` to every instant.
    pub(super) fn stamps(&mut self, change: &impl Fn(&mut Stamp)) {
        self.samples.iter_mut().for_each(|sample| change(&mut sample.at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seconds: i64, value: f64) -> Sample {
        Sample { at: Stamp { wall: Timestamp::from_millis(seconds * 1000), boot_ms: seconds * 1000 }, value }
    }

    #[test]
    fn whatever_the_horizon_its_window_is_whole_and_the_memory_bounded() {
        for hours in [1, 12, 144] {
            let window = Span::from_minutes(hours * 10);
            let mut memory = Memory::default();
            let end = window.as_millis() / 1000 * 5;
            for seconds in (0..=end).step_by(15) {
                memory.keep(sample(seconds, seconds as f64), window);
            }
            let last = memory.last().unwrap().at.boot_ms;
            assert_eq!(last, end / 15 * 15_000, "the newest is always there");
            let held = memory.since(last - window.as_millis());
            let spanned = last - held[0].at.boot_ms;
            assert!(spanned * 100 >= window.as_millis() * 97, "{hours} h: {spanned}");
            assert!((40..=61).contains(&held.len()), "{hours} h: {}", held.len());
            assert!(memory.samples.len() <= MOST);
            let reach = last - memory.first().unwrap().at.boot_ms;
            assert!(
                reach >= 2 * window.as_millis(),
                "{hours} h: older ones are thinned, not dropped: {reach}"
            );
        }
    }

    #[test]
    fn both_stored_forms_are_read_and_the_short_one_is_written() {
        let long = r#"[{"at":{"wall":"1970-01-01T00:00:07.000Z","boot_ms":7000},"value":0.5}]"#;
        let memory: Memory = serde_json::from_str(long).unwrap();
        assert_eq!(memory.last(), Some(&sample(7, 0.5)));
        let short = serde_json::to_string(&memory).unwrap();
        assert_eq!(short, "[[7000,7000,0.5]]");
        assert_eq!(serde_json::from_str::<Memory>(&short).unwrap(), memory);
    }
}

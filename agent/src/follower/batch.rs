//! What one step over all files came to, while it is gathered.

use std::collections::BTreeMap;

use nearmiss_agent_core::log::{Matcher, Source, Windows};
use nearmiss_agent_core::reading::{Measure, Reading, Stamp};

use super::Followed;
use nearmiss_agent_probe::Captures;

/// Readings of one signal and subject in one batch: the way a count went matters, thousands of steps of it do not.
const MAX_STEPS: usize = 64;

/// A [`Followed`] in the making.
pub(super) struct Batch {
    now: Stamp,
    pub(super) followed: Followed,
    gaps: Vec<String>,
}

impl Batch {
    pub(super) fn new(now: Stamp) -> Self {
        Self { now, followed: Followed::default(), gaps: Vec::new() }
    }

    /// Matches whole lines from `source`, which is called `name`, counts their matches and keeps what matched for evidence.
    pub(super) fn block(
        &mut self,
        block: &[u8],
        name: &str,
        source: Source<'_>,
        matcher: &Matcher,
        windows: &mut Windows,
        captures: &Captures,
    ) {
        let scanned = matcher.scan(source, block, &mut |hit| {
            let Some(reading) = windows.record(&hit.take(), name, self.now) else { return };
            captures.keep_line(&reading.signal, &reading.subject, self.now.wall, name, hit.line());
            self.followed.readings.push(reading);
        });
        if !source.is_record() {
            self.followed.lines += scanned.lines;
            self.followed.cut_lines += scanned.cut;
        }
    }

    /// Lets matches fall out of their windows.
    pub(super) fn tick(&mut self, windows: &mut Windows) {
        let fallen = windows.tick(self.now);
        self.followed.readings.extend(fallen);
    }

    pub(super) fn gaps(&mut self, gaps: Vec<String>) {
        self.gaps.extend(gaps);
    }

    pub(super) fn finish(mut self) -> Followed {
        thin(&mut self.followed.readings);
        self.followed.gap = (!self.gaps.is_empty()).then(|| self.gaps.join("; "));
        self.followed
    }
}

/// Leaves the last values of each signal and subject, and whatever else was read: that it failed is told however much comes after.
fn thin(readings: &mut Vec<Reading>) {
    if readings.len() <= MAX_STEPS {
        return;
    }
    let key = |reading: &Reading| {
        let is_value = matches!(reading.measure, Measure::Value(_));
        (reading.signal.clone(), reading.subject.clone(), is_value)
    };
    let mut left: BTreeMap<(String, String, bool), usize> = BTreeMap::new();
    for reading in readings.iter() {
        *left.entry(key(reading)).or_default() += 1;
    }
    readings.retain(|reading| {
        let left = left.entry(key(reading)).or_default();
        *left = left.saturating_sub(1);
        *left < MAX_STEPS
    });
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Timestamp;

    use super::*;

    #[test]
    fn the_last_steps_of_each_count_are_kept() {
        let at = Stamp { wall: Timestamp::from_millis(0), boot_ms: 0 };
        let mut readings: Vec<Reading> = (0..1000_u32)
            .map(|step| Reading::value("log.a", if step == 0 { "b" } else { "a" }, at, f64::from(step)))
            .collect();
        thin(&mut readings);
        assert_eq!(readings.len(), MAX_STEPS + 1);
        assert_eq!(readings[0].subject, "b");
        assert_eq!(readings.last().unwrap().measure, Measure::Value(999.0));
    }

    #[test]
    fn a_failure_is_told_however_many_counts_come_after_it() {
        let at = Stamp { wall: Timestamp::from_millis(0), boot_ms: 0 };
        let failure = Measure::Consequence { value: Some(10.0), reason: "signed in".to_owned() };
        let mut readings = vec![Reading::of("log.a", "b", at, failure.clone())];
        readings.extend((0..1000_u32).map(|step| Reading::value("log.a", "b", at, f64::from(step))));
        thin(&mut readings);
        assert_eq!((readings.len(), &readings[0].measure), (MAX_STEPS + 1, &failure));
    }
}

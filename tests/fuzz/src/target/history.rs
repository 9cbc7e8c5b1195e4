//! The agent's own past, as a damaged disk may hand it back: whole files, and what a checksum that fits lets through.

use nearmiss_agent_core::history::{Hour, Kept, Sample, decode};

use crate::Target;

pub(crate) const FRAMES: Target = Target {
    name: "history-frames",
    run: |bytes| {
        let (readings, damaged) = decode::<Sample>(bytes, &|_, _| true);
        let found: usize = readings.values().map(Vec::len).sum();
        assert!(found + usize::try_from(damaged).unwrap_or(usize::MAX) <= bytes.len());
        let Some((count, items)) = bytes.split_first() else { return };
        again::<Sample>(usize::from(*count), items);
        again::<Hour>(usize::from(*count), items);
    },
    seeds: &["nmH1R\0\0\0\0\0\0\0\0", "\u{2}\u{1}\u{7}\u{5}\0", "\u{1}\u{2}\u{1}\u{8}\u{8}\u{8}"],
    corpus: None,
};

/// What was read is written and read again as the same.
fn again<T: Kept>(count: usize, bytes: &[u8]) {
    let Some(items) = T::read(count, bytes) else { return };
    let mut first = Vec::new();
    T::write(&items, &mut first);
    let items = T::read(count, &first).expect("what was written is read");
    let mut second = Vec::new();
    T::write(&items, &mut second);
    assert_eq!(first, second);
}

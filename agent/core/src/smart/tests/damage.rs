//! Reports cut, wrapped, overwritten: what is read of them is what stood there, or open; never something else.

use std::fs;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::super::*;
use super::corpus;

/// One report of each protocol and table form, small ones of our own when there is no corpus.
fn whole() -> &'static [Vec<u8>] {
    static WHOLE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let mut reports: Vec<Vec<u8>> =
            super::versions::SAMPLES.iter().map(|(_, text)| text.as_bytes().to_vec()).collect();
        let recorded = [
            "p0227-realloc/smartctl-7.3-a.txt",
            "p0227-realloc/smartctl-7.3-a-fbrief.txt",
            "p0005-failnow/smartctl-5.43-a.txt",
        ];
        if let Some(folder) = corpus("smart/replay") {
            reports.extend(recorded.iter().filter_map(|name| fs::read(folder.join(name)).ok()));
        }
        reports
    })
}

/// Everything that a damaged report says and the whole one does not.
fn guesses(whole: &Report, damaged: &Report) -> Vec<String> {
    let mut guesses = Vec::new();
    let mut open_or_same = |what: String, ours: Option<String>, truth: Option<String>| {
        if ours.is_some() && ours != truth {
            guesses.push(format!("{what}: {ours:?} for {truth:?}"));
        }
    };
    let text = |value: Option<u64>| value.map(|value| value.to_string());
    let words = |report: &Report| {
        [
            ("model", report.model.clone()),
            ("serial", report.serial.clone()),
            ("firmware", report.firmware.clone()),
            ("verdict", report.verdict.map(|verdict| verdict.to_string())),
            ("capacity", text(report.capacity_bytes)),
            ("errors", text(report.error_log_count)),
            ("hours", text(report.power_on_hours())),
        ]
    };
    for ((what, ours), (_, truth)) in words(damaged).into_iter().zip(words(whole)) {
        // The vendor alone is the first half of a SCSI name.
        let half = what == "model"
            && truth.as_deref().zip(ours.as_deref()).is_some_and(|(all, half)| all.starts_with(half));
        if !half {
            open_or_same(what.to_owned(), ours, truth);
        }
    }
    for ours in &damaged.attributes {
        let Some(truth) = whole.attribute(ours.id) else {
            open_or_same(format!("attribute {}", ours.id), Some(ours.raw.clone()), None);
            continue;
        };
        let levels =
            |row: &Attribute| Some(format!("{:?}", (row.value, row.worst, row.threshold, row.when_failed)));
        open_or_same(format!("levels of {}", ours.id), levels(ours), levels(truth));
        open_or_same(format!("count of {}", ours.id), text(ours.count(false)), text(truth.count(false)));
        let degrees = |row: &Attribute| row.celsius().map(|degrees| degrees.to_string());
        open_or_same(format!("degrees of {}", ours.id), degrees(ours), degrees(truth));
    }
    guesses
}

fn guessed(bytes: &[u8], damaged: &[u8]) -> Vec<String> {
    let truth = parse(bytes).unwrap();
    parse(damaged).map_or_else(|_| Vec::new(), |report| guesses(&truth, &report))
}

#[test]
fn a_report_cut_at_any_byte_says_less_never_something_else() {
    for bytes in whole() {
        // Every byte of our own small ones, every few of the long ones.
        let step = bytes.len().div_ceil(1500);
        for cut in (0..bytes.len()).step_by(step) {
            let guessed = guessed(bytes, &bytes[..cut]);
            assert!(guessed.is_empty(), "cut at {cut}: {guessed:?}");
        }
    }
}

#[test]
fn a_report_wrapped_at_a_terminals_width_says_less_never_something_else() {
    for bytes in whole() {
        for width in 60..100 {
            let text = String::from_utf8_lossy(bytes);
            let wrapped: String = text
                .lines()
                .flat_map(|line| {
                    let letters: Vec<char> = line.chars().collect();
                    let pieces = letters.chunks(width).map(|piece| piece.iter().collect::<String>() + "\n");
                    let pieces: Vec<String> = pieces.collect();
                    if pieces.is_empty() { vec!["\n".to_owned()] } else { pieces }
                })
                .collect();
            let guessed = guessed(bytes, wrapped.as_bytes());
            assert!(guessed.is_empty(), "at {width}: {guessed:?}\n{wrapped}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        drop(parse(&bytes));
        drop(scan(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn noise_inside_a_report_never_panics(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        noise in proptest::collection::vec(any::<u8>(), 1..40),
    ) {
        let mut bytes = whole()[which.index(whole().len())].clone();
        let at = at.index(bytes.len());
        let end = (at + noise.len()).min(bytes.len());
        bytes.splice(at..end, noise);
        if let Ok(report) = parse(&bytes) {
            drop(line("noise", &report).unwrap());
        }
    }
}

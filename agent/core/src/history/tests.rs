//! Whatever was kept comes back bit for bit, whatever was damaged costs no more than its frame, and nothing outgrows.

use nearmiss_shared::time::{Span, Timestamp};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millis(milliseconds)
}

fn sample(milliseconds: i64, value: f64) -> Sample {
    Sample { at: at(milliseconds), value }
}

fn series(signal: &str, subject: &str) -> Series {
    (signal.to_owned(), subject.to_owned())
}

fn decoded<T: Kept>(bytes: &[u8]) -> (BTreeMap<Series, Vec<T>>, u64) {
    decode(bytes, &|_, _| true)
}

/// Bits, since NaN is not itself.
fn bits(readings: &Readings) -> Vec<(&Series, Vec<(i64, u64)>)> {
    let of = |sample: &Sample| (sample.at.as_millis(), sample.value.to_bits());
    readings.iter().map(|(series, samples)| (series, samples.iter().map(of).collect())).collect()
}

/// A day of one signal, every 15 s with a millisecond of jitter.
fn day(value: impl Fn(i64) -> f64) -> Readings {
    let start = 1_763_980_000_000;
    let samples = (0..5_760).map(|step| sample(start + step * 15_000 + step % 2, value(step))).collect();
    Readings::from([(series("filesystem.free", "/srv"), samples)])
}

#[test]
fn an_even_signal_costs_about_a_byte_a_reading_and_a_restless_one_less_than_nine() {
    let even = encode(&day(|_| 0.731_234_561));
    assert!(even.len() < 5_760 * 5 / 4, "{}", even.len());
    let restless = encode(&day(|step| (0.1 * step as f64).sin()));
    assert!(restless.len() < 5_760 * 9, "{}", restless.len());
    let counting = encode(&day(|step| (step / 40) as f64));
    assert!(counting.len() < 5_760 * 4 / 3, "{}", counting.len());
}

#[test]
fn a_damaged_frame_is_skipped_and_counted_and_the_others_are_read() {
    let mut bytes = Vec::new();
    let frames: Vec<Vec<u8>> = (0..5)
        .map(|step| encode(&Readings::from([(series("a", "b"), vec![sample(step, step as f64)])])))
        .collect();
    frames.iter().for_each(|frame| bytes.extend_from_slice(frame));
    let third = frames[0].len() + frames[1].len();
    for (name, damage) in [
        ("a bit", Box::new(|bytes: &mut Vec<u8>| bytes[third + 15] ^= 1) as Box<dyn Fn(&mut Vec<u8>)>),
        ("its mark", Box::new(|bytes| bytes[third] = 0)),
        ("its length", Box::new(|bytes| bytes[third + 5] = 0xff)),
        ("a page of nothing before it", Box::new(|bytes| drop(bytes.splice(third..third, [0; 4096])))),
    ] {
        let mut bytes = bytes.clone();
        damage(&mut bytes);
        let (found, damaged) = decoded::<Sample>(&bytes);
        let values: Vec<f64> = found[&series("a", "b")].iter().map(|sample| sample.value).collect();
        let expected =
            if name.starts_with("a page") { vec![0., 1., 2., 3., 4.] } else { vec![0., 1., 3., 4.] };
        assert_eq!((values, damaged), (expected, 1), "{name}");
    }
    bytes.truncate(bytes.len() - 3);
    let (found, damaged) = decoded::<Sample>(&bytes);
    assert_eq!((found[&series("a", "b")].len(), damaged), (4, 1), "a torn end");
}

/// What a later version may write.
struct Later;

impl Kept for Later {
    const KIND: u8 = b'Z';

    fn write(_: &[Self], into: &mut Vec<u8>) {
        into.push(7);
    }

    fn read(_: usize, _: &[u8]) -> Option<Vec<Self>> {
        None
    }
}

#[test]
fn frames_of_another_kind_are_passed_over_in_silence() {
    let readings = day(|step| step as f64);
    let later = encode(&BTreeMap::from([(series("a", "b"), vec![Later])]));
    let bytes = [encode(&readings), later, encode(&thin(&readings))].concat();
    assert_eq!(decoded::<Sample>(&bytes), (readings.clone(), 0));
    assert_eq!(decoded::<Hour>(&bytes), (thin(&readings), 0));
}

#[test]
fn only_what_is_wanted_is_read() {
    let mut readings = day(|step| step as f64);
    readings.insert(series("filesystem.free", "/srv/a"), vec![sample(1, 2.0)]);
    let (found, _) = decode::<Sample>(&encode(&readings), &|_, subject| subject == "/srv/a");
    assert_eq!(found, Readings::from([(series("filesystem.free", "/srv/a"), vec![sample(1, 2.0)])]));
}

#[test]
fn an_hour_keeps_the_least_the_mean_and_the_largest_value_also_when_it_comes_in_parts() {
    let readings = day(|step| step as f64);
    let hours = thin(&readings);
    let whole = &hours[&series("filesystem.free", "/srv")];
    assert_eq!(whole.iter().map(|hour| hour.samples).sum::<u64>(), 5_760);
    let middle = whole[5];
    assert_eq!((middle.samples, middle.max - middle.min), (240, 239.0));
    assert!((middle.mean - (middle.min + middle.max) / 2.0).abs() < 1e-9, "{middle:?}");

    let mut parts = Vec::new();
    for half in readings[&series("filesystem.free", "/srv")].chunks(101).rev() {
        thin(&Readings::from([(series("", ""), half.to_vec())]))
            .remove(&series("", ""))
            .unwrap()
            .into_iter()
            .for_each(|hour| hour.add(&mut parts));
    }
    assert_eq!(parts.len(), whole.len());
    for (part, whole) in parts.iter().zip(whole) {
        assert_eq!(
            (part.at, part.samples, part.min, part.max),
            (whole.at, whole.samples, whole.min, whole.max)
        );
        assert!((part.mean - whole.mean).abs() < 1e-9, "{part:?} {whole:?}");
    }
    assert_eq!(decoded::<Hour>(&encode(&hours)), (hours, 0));
}

#[test]
fn a_name_of_a_file_says_its_number_and_time_and_others_are_no_segments() {
    let segment = Segment { number: 7, since: at(-5), bytes: 3 };
    assert_eq!(Segment::named(&segment.name("fine"), "fine", 3), Some(segment));
    for name in ["0000000007--5.hours", "journal", "x-1.fine", "1-x.fine", ".fine", "0000000007-1fine"] {
        assert_eq!(Segment::named(name, "fine", 3), None, "{name}");
    }
}

#[test]
fn a_segment_goes_when_all_of_it_is_older_than_asked_for() {
    let day = 86_400_000;
    let segments: Vec<Segment> =
        (0..5).map(|number| Segment { number, since: at(number as i64 * day), bytes: 10 }).collect();
    let bound = Bound { bytes: 1_000, length: Span::from_days(2) };
    for (now, gone) in [(0, 0), (3 * day, 0), (3 * day + 1, 1), (5 * day, 2), (90 * day, 4)] {
        assert_eq!(outgrown(&segments, 0, 0, bound, at(now)), gone, "{now}");
    }
}

fn any_samples() -> impl Strategy<Value = Vec<Sample>> {
    let even = (any::<i32>(), 1..100_000_i64, vec(prop_oneof![Just(0.25), any::<f64>()], 0..50)).prop_map(
        |(start, step, values)| {
            let one = |(index, value): (usize, f64)| sample(i64::from(start) + step * index as i64, value);
            values.into_iter().enumerate().map(one).collect()
        },
    );
    let wild = vec((any::<i64>(), any::<u64>()), 0..50)
        .prop_map(|samples| samples.into_iter().map(|(at, bits)| sample(at, f64::from_bits(bits))).collect());
    prop_oneof![even, wild]
}

fn any_readings() -> impl Strategy<Value = Readings> {
    btree_map(("[a-c]\\.[a-d]{0,3}", "\\PC{0,12}"), any_samples(), 0..12)
}

proptest! {
    #[test]
    fn what_was_kept_comes_back_bit_for_bit(mut readings in any_readings()) {
        let (found, damaged) = decoded::<Sample>(&encode(&readings));
        readings.retain(|_, samples| !samples.is_empty());
        prop_assert_eq!(damaged, 0);
        prop_assert_eq!(bits(&found), bits(&readings));
    }

    #[test]
    fn hours_come_back_and_a_mean_lies_between_its_extremes(readings in any_readings()) {
        let finite = |samples: Vec<Sample>| -> Vec<Sample> {
            samples.into_iter().filter(|sample| sample.value.abs() < 1e300).collect()
        };
        let readings: Readings = readings.into_iter().map(|(series, samples)| (series, finite(samples))).collect();
        let mut hours = thin(&readings);
        for hour in hours.values().flatten() {
            prop_assert!(hour.min <= hour.mean && hour.mean <= hour.max, "{:?}", hour);
        }
        let count: u64 = hours.values().flatten().map(|hour| hour.samples).sum();
        prop_assert_eq!(count, readings.values().map(|samples| samples.len() as u64).sum::<u64>());
        hours.retain(|_, hours| !hours.is_empty());
        prop_assert_eq!(decoded::<Hour>(&encode(&hours)), (hours, 0));
    }

    #[test]
    fn any_bytes_are_read_without_a_fault(bytes in vec(any::<u8>(), 0..400), at in 0..400_usize) {
        let mut framed = encode(&Readings::from([(series("a", "b"), vec![sample(1, 0.5), sample(2, 0.5)])]));
        framed.splice(at.min(framed.len())..at.min(framed.len()), bytes.iter().copied());
        for bytes in [&bytes, &framed] {
            let (found, damaged) = decoded::<Sample>(bytes);
            prop_assert!(found.values().map(Vec::len).sum::<usize>() + damaged as usize <= bytes.len());
            let items = Sample::read(bytes.len(), bytes).map_or(0, |items| items.len());
            let hours = Hour::read(bytes.len() / 5, bytes).map_or(0, |hours| hours.len());
            prop_assert!(items.max(hours) <= bytes.len());
        }
    }

    #[test]
    fn after_the_oldest_went_the_bound_holds_and_none_went_for_nothing(
        sizes in vec(0..100_u64, 0..20), besides in 0..50_u64, more in 0..50_u64, bytes in 100..1_000_u64,
    ) {
        let segments: Vec<Segment> = (0..).zip(&sizes).map(|(number, bytes)| Segment { number, since: at(0), bytes: *bytes }).collect();
        let bound = Bound { bytes, length: Span::from_days(1) };
        let gone = outgrown(&segments, besides, more, bound, at(0));
        let left = |gone: usize| sizes.iter().skip(gone).sum::<u64>() + besides + more;
        prop_assert!(left(gone) <= bytes);
        prop_assert!(gone == 0 || left(gone - 1) > bytes);
    }
}

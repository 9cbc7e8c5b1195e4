//! The guidelines' examples, what Debian's plugins print, and hostile bytes.

use proptest::prelude::*;

use super::*;
use crate::proximity::Limits;

fn one(text: &str) -> Value {
    let mut values = values(text);
    assert_eq!(values.len(), 1, "{text}: {values:?}");
    values.remove(0)
}

/// The first value's distance, told as its four levels or as the reason why there is none.
fn levels(text: &str) -> Result<[f64; 4], NoDistance> {
    distance(&one(text)).map(|limits| [limits.normal, limits.approach, limits.critical, limits.limit])
}

#[test]
fn text_and_values_are_parted_on_the_first_line_and_on_further_ones() {
    let output = b"DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968\n\
                   / 15272 MB (77%);\n/boot 68 MB (69%);\n\
                   /home 69357 MB (27%); | /boot=68MB;88;93;0;98\n/home=69357MB;253404;253409;0;253414\n";
    let said = Said::parse(output);
    assert_eq!(said.text, "DISK OK - free space: / 3326 MB (56%)");
    let told: Vec<(&str, Option<f64>)> =
        said.values.iter().map(|value| (value.label.as_str(), value.value)).collect();
    assert_eq!(told, [("/", Some(2643e6)), ("/boot", Some(68e6)), ("/home", Some(69_357e6))]);
    assert_eq!(Said::parse(b""), Said { text: String::new(), values: Vec::new() });
    assert_eq!(Said::parse(b"a\x1b[31mb\0").text, "a [31mb ");
}

#[test]
fn labels_units_and_missing_parts_are_read_as_the_guidelines_have_them() {
    let quoted = one("'it''s = a label'=5%;;;0;100");
    assert_eq!((quoted.label.as_str(), quoted.unit.as_str()), ("it's = a label", "percent"));
    assert_eq!((quoted.warning, quoted.critical), (None, None));
    for (text, value, unit) in [
        ("time=8.5ms", Some(0.0085), "seconds"),
        ("time=20us", Some(0.000_02), "seconds"),
        ("size=2KiB", Some(2048.0), "bytes"),
        ("size=2TB", Some(2e12), "bytes"),
        ("octets=12c", Some(12.0), "c"),
        ("a=U", None, ""),
        ("a=-1.5e-3s", Some(-0.0015), "seconds"),
        ("a=3rpm", Some(3.0), "rpm"),
    ] {
        let read = one(text);
        let near = read.value.zip(value).map_or(read.value == value, |(one, two)| (one - two).abs() < 1e-12);
        assert!(near && read.unit == unit, "{text}: {read:?}");
    }
    let names: Vec<String> =
        values("nothing a=x b=1 =3 'open=4 b=2 c=;1;2 d=4").into_iter().map(|value| value.label).collect();
    assert_eq!(names, ["b", "d"]);
}

#[test]
fn ranges_alert_as_the_guidelines_table_says() {
    for (text, bad, good) in [
        ("10", &[-1.0, 10.1][..], &[0.0, 10.0][..]),
        ("10:", &[9.9, -1.0], &[10.0, 1e9]),
        ("~:10", &[10.1], &[-1e9, 10.0]),
        ("10:20", &[9.9, 20.1], &[10.0, 20.0]),
        ("@10:20", &[10.0, 20.0, 15.0], &[9.9, 20.1]),
        (":10", &[-1.0, 10.1], &[0.0, 10.0]),
    ] {
        let range = Range::parse(text).unwrap();
        assert!(bad.iter().all(|value| range.alerts(*value)), "{text}");
        assert!(!good.iter().any(|value| range.alerts(*value)), "{text}");
    }
    for text in ["", "@", "~", "20:10", "a", "1:b", "nan", "inf:"] {
        assert_eq!(Range::parse(text), None, "{text}");
    }
}

#[test]
fn critical_is_the_limit_warning_the_approach_and_the_far_side_normal() {
    for (text, expected) in [
        // check_disk, check_load, check_http: a ceiling, from the value's own minimum.
        ("/=30B;216;243;0;270", [0.0, 216.0, 229.5, 243.0]),
        ("load1=1.360;15.000;30.000;0;", [0.0, 15.0, 22.5, 30.0]),
        ("time=0.008521s;1.000000;2.000000;0.000000;10.000000", [0.0, 1.0, 1.5, 2.0]),
        ("t=5;~:10;~:20", [0.0, 11.0, 16.0, 21.0]),
        ("t=-30.5;~:-20;~:-10", [-40.0, -20.0, -15.0, -10.0]),
        // Floors: of percent, with a maximum, and without.
        ("free=50%;20:;10:", [100.0, 20.0, 15.0, 10.0]),
        ("left=40;30:;10:;0;90", [90.0, 29.0, 19.0, 9.0]),
        ("days=40.5;30:;10:", [70.0, 30.0, 20.0, 10.0]),
        // check_swap writes bare numbers for a floor.
        ("swap=900B;200;100;0;1000", [1000.0, 200.0, 150.0, 100.0]),
        // Two sides: the nearer one, from the middle.
        ("v=50.0;40:60;20:80", [50.0, 60.0, 70.0, 80.0]),
        ("v=45.0;40:60;20:80", [50.0, 40.0, 30.0, 20.0]),
        ("v=5.0%;10:90;0:100", [50.0, 10.0, 5.0, 0.0]),
        // Bad inside: from whichever side it comes.
        ("v=1.5;@10:40;@20:30", [0.0, 10.0, 15.0, 20.0]),
        ("v=70.5;@10:40;@20:30", [60.0, 40.0, 35.0, 30.0]),
        ("v=70.5;@10;@5", [20.0, 10.0, 7.5, 5.0]),
        ("v=1;@10:;@20:", [0.0, 10.0, 15.0, 20.0]),
        // Of whole numbers the limit is the first that alerts.
        ("users=5;5;10;0", [0.0, 6.0, 8.5, 11.0]),
        // check_ntp_time: an offset either way.
        ("offset=-0.5s;60.000000;120.000000;", [-0.0, -60.0, -90.0, -120.0]),
    ] {
        assert_eq!(levels(text), Ok(expected), "{text}");
    }
}

#[test]
fn where_there_is_no_distance_the_reason_is_told() {
    for (text, reason) in [
        ("a=U;1;2", NoDistance::NoValue),
        ("size=187B;;;0", NoDistance::NoRanges),
        ("size=187B;;200", NoDistance::NoRanges),
        ("a=1;~:10;5:", NoDistance::NoSide),
        ("a=1;10:20;@15:18", NoDistance::NoSide),
        ("swap=0B;0;0;0;0", NoDistance::NotOrdered),
        ("procs=1.0;1:1;1:1", NoDistance::NotOrdered),
        ("a=-1;5;10;0", NoDistance::BelowMinimum),
    ] {
        assert_eq!(levels(text), Err(reason), "{text}");
    }
}

/// The guidelines' range in the plainest words.
fn is_bad(range: &Range, value: f64) -> bool {
    let outside = value < range.start || value > range.end;
    if range.inside { !outside } else { outside }
}

fn end() -> impl Strategy<Value = f64> {
    (-40i32..40).prop_map(f64::from)
}

fn range() -> impl Strategy<Value = String> {
    prop_oneof![
        (0.0..40.0f64).prop_map(|end| format!("{end}")),
        end().prop_map(|start| format!("{start}:")),
        end().prop_map(|end| format!("~:{end}")),
        (end(), end()).prop_map(|(one, other)| format!("{}:{}", one.min(other), one.max(other))),
        (end(), end()).prop_map(|(one, other)| format!("@{}:{}", one.min(other), one.max(other))),
        end().prop_map(|start| format!("@{start}:")),
    ]
}

proptest! {
    #[test]
    fn ranges_agree_with_a_second_simple_model(text in range(), value in -60.0..60.0f64) {
        let range = Range::parse(&text).unwrap();
        prop_assert_eq!(range.alerts(value), is_bad(&range, value), "{} {}", text, value);
    }

    #[test]
    fn no_value_is_past_its_limit_that_the_critical_range_calls_good(
        warning in range(), critical in range(), value in -60.0..60.0f64, whole in any::<bool>(),
    ) {
        let told = if whole { format!("{value:.0}") } else { format!("{value:.6}") };
        let value = one(&format!("v={told};{warning};{critical}"));
        let number = value.value.unwrap();
        let (warning, critical) = (value.warning.unwrap(), value.critical.unwrap());
        // A floor written as a bare number is read against the letter of the guidelines; an end itself is the limit.
        let is_floor = !critical.inside && critical.start == 0.0 && warning.end > critical.end;
        let whole = value.whole && warning.whole && critical.whole;
        let at_end = !whole && [critical.start, critical.end].contains(&number);
        if let Ok(limits) = distance(&value) && !is_floor && !at_end {
            prop_assert!(limits.are_ordered());
            let failed = limits.proximity(number) >= 1.0;
            prop_assert!(!failed || is_bad(&critical, number), "{:?} {:?}", value, limits);
        }
    }

    #[test]
    fn of_one_kind_of_range_each_critical_value_is_past_its_limit(
        start in 1i32..20, inner in 0i32..20, width in 1i32..20, outer in 1i32..20, value in -100.0..100.0f64,
    ) {
        let [start, inner, width, outer] = [start, inner, width, outer].map(f64::from);
        let (low, high) = (start + inner, start + inner + width);
        let text = format!("v={value:.7};{low}:{high};{start}:{}", high + outer);
        let value = one(&text);
        let limits: Limits = distance(&value).unwrap();
        let number = value.value.unwrap();
        prop_assert_eq!(limits.proximity(number) > 1.0, is_bad(&value.critical.unwrap(), number));
        let near = limits.proximity(number) > limits.proximity(limits.approach);
        prop_assert_eq!(near, is_bad(&value.warning.unwrap(), number));
    }

    #[test]
    fn any_bytes_are_read_within_bounds(output in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let said = Said::parse(&output);
        prop_assert!(said.values.len() <= 200 && said.text.chars().count() <= 300);
        prop_assert!(said.values.iter().all(|value| value.value.is_none_or(f64::is_finite)));
    }

    #[test]
    fn text_that_looks_like_values_is_read_within_bounds(text in "[ a'=0-9;:@~.%eE|\n-]{0,300}") {
        let said = Said::parse(text.as_bytes());
        for value in &said.values {
            if let Ok(limits) = distance(value) {
                prop_assert!(limits.are_ordered());
            }
        }
    }
}

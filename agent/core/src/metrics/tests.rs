//! The format as its documents have it, what Debian's node exporter serves, and hostile text.

use proptest::prelude::*;

use super::*;

/// Lines of prometheus-node-exporter 1.5.0 on a Debian 12 host, and what the format's documents allow beside them.
const EXPORTER: &str = r#"# HELP node_filesystem_avail_bytes Filesystem space available to non-root users in bytes.
# TYPE node_filesystem_avail_bytes gauge
node_filesystem_avail_bytes{device="/dev/loop0",fstype="ext4",mountpoint="/srv/spool"} 1.9667968e+07
node_filesystem_avail_bytes{device="/dev/vda",fstype="ext4",mountpoint="/"} 6.0305588224e+10
node_filesystem_size_bytes{device="/dev/loop0",fstype="ext4",mountpoint="/srv/spool"} 3.9335936e+07
node_filesystem_size_bytes{device="/dev/vda",fstype="ext4",mountpoint="/"} 2.70552530944e+11
node_load1 1.36
go_gc_duration_seconds{quantile="0.25"} NaN
http_request_duration_seconds_bucket{le="+Inf"} 144320 1395066363000
http_request_duration_seconds_bucket { le = "0.1" , } +Inf # {trace_id="x"} 0.054
escaped{path="C:\\DIR\\",error="Cannot find file:\n\"FILE.TXT\""} -1.458255915e9
broken{path="x} 1
broken{path="x"} 1..2
broken
# EOF
"#;

fn selector(text: &str) -> Selector {
    Selector::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

fn found(select: &str) -> Vec<f64> {
    let series = read(EXPORTER.as_bytes(), &[&selector(select)]).remove(0);
    series.iter().map(|series| series.value).collect()
}

#[test]
fn a_selector_finds_its_series() {
    for (select, expected) in [
        ("node_load1", &[1.36][..]),
        ("node_load", &[]),
        ("node_filesystem_avail_bytes", &[19_667_968.0, 60_305_588_224.0]),
        ("node_filesystem_avail_bytes{mountpoint=\"/\"}", &[60_305_588_224.0]),
        ("node_filesystem_avail_bytes{mountpoint!='/', fstype = \"ext4\",}", &[19_667_968.0]),
        ("node_filesystem_avail_bytes{mountpoint=~\"/srv/.*|/home\"}", &[19_667_968.0]),
        ("node_filesystem_avail_bytes{mountpoint=~\"/srv\"}", &[]),
        ("node_filesystem_avail_bytes{mountpoint!~\"/srv.*\"}", &[60_305_588_224.0]),
        ("node_filesystem_avail_bytes{absent=\"\"}", &[19_667_968.0, 60_305_588_224.0]),
        ("node_filesystem_avail_bytes{absent!=\"\"}", &[]),
        ("http_request_duration_seconds_bucket", &[144_320.0, f64::INFINITY]),
        ("escaped{path=\"C:\\\\DIR\\\\\",error=~\".*\\n.*\"}", &[-1_458_255_915.0]),
        ("broken", &[]),
    ] {
        assert_eq!(found(select), expected, "{select}");
    }
    assert!(found("go_gc_duration_seconds")[0].is_nan());
}

#[test]
fn what_is_no_selector_says_what_would_be_right() {
    for (text, told) in [
        ("", "a metric's name and matchers are expected"),
        ("1x", "a metric's name and matchers are expected"),
        ("a{b=\"c\"", "a metric's name and matchers are expected"),
        ("a{b}", "a matcher is expected at `b`"),
        ("a{b=c}", "a matcher is expected at `b=c`"),
        ("a{b=\"c\" d=\"e\"}", "a matcher is expected at `d=\"e\"`"),
        ("a{b=~\"(\"}", "`(` is no regular expression"),
    ] {
        let fault = Selector::parse(text).unwrap_err().to_string();
        assert!(fault.starts_with(told), "{text}: {fault}");
    }
}

#[test]
fn a_ratio_is_taken_of_the_series_with_the_same_labels() {
    let both = [selector("node_filesystem_avail_bytes"), selector("node_filesystem_size_bytes")];
    let mut series = read(EXPORTER.as_bytes(), &both.each_ref());
    let (size, avail) = (series.pop().unwrap(), series.pop().unwrap());
    let ratios: Vec<Option<f64>> = divided(avail.clone(), &size)
        .into_iter()
        .map(|(_, ratio)| ratio.map(|it| (it * 100.0).round()))
        .collect();
    assert_eq!(ratios, [Some(50.0), Some(22.0)]);
    let only = [Series { labels: BTreeMap::new(), value: 2.0 }];
    assert_eq!(divided(avail.clone(), &only)[0].1, Some(9_833_984.0));
    let nothing = [Series { labels: BTreeMap::new(), value: 0.0 }];
    assert_eq!(divided(avail.clone(), &nothing)[0].1, None);
    assert_eq!(divided(avail, &[])[0].1, None);
}

#[test]
fn a_subject_names_the_labels_that_tell_series_apart() {
    let series = read(EXPORTER.as_bytes(), &[&selector("node_filesystem_avail_bytes")]).remove(0);
    assert_eq!(subject("space", &series[1], []), "space");
    assert_eq!(subject("space", &series[1], ["mountpoint"]), "space{mountpoint=\"/\"}");
    assert_eq!(subject("space", &series[1], ["absent"]), "space");
    assert!(selector("a{b=\"c\"}").fixes("b"));
    assert!(!selector("a{b=~\"c\"}").fixes("b"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_within_bounds(body in proptest::collection::vec(any::<u8>(), 0..3000)) {
        read(&body, &[&selector("a")]);
    }

    #[test]
    fn text_that_looks_like_metrics_is_read_within_bounds(body in "([a-b{}=\", \\\\n0-9.e+-]|NaN|\n|# ){0,400}") {
        for series in read(body.as_bytes(), &[&selector("a"), &selector("b{a!=\"\"}")]) {
            prop_assert!(series.len() <= 1000);
        }
        drop(Selector::parse(&body));
    }

    #[test]
    fn what_is_written_by_the_format_is_read_back(
        labels in proptest::collection::btree_map("[a-z_]{1,8}", "[ -~\n]{0,20}", 0..6), value in any::<f64>(),
    ) {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let told: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let line = format!("# x\nm{{{}}} {value:e} 123\nn 1\n", told.join(","));
        let series = read(line.as_bytes(), &[&selector("m")]).remove(0);
        prop_assert_eq!(series.len(), 1);
        prop_assert_eq!(&series[0].labels, &labels);
        prop_assert!(series[0].value == value || value.is_nan());
    }
}

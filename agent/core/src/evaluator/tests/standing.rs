//! STANDING: what is near and known, or near and not moving.

use super::*;

/// Judged every hour, three days near and still.
fn still() -> Bench {
    let mut bench = Bench::new("[[filesystem]]\nname = \"slow\"\ninterval = \"1h\"\n", "filesystem.free");
    for _ in 0..80 {
        bench.hourly(0.10);
    }
    bench
}

impl Bench {
    fn hourly(&mut self, value: f64) -> &mut Self {
        self.measure(Measure::Value(value));
        self.now = self.now.plus(Span::from_hours(1)).plus(Span::from_seconds(-15));
        self
    }

    pub(super) fn accept(&mut self, value: f64, span: Span) -> &mut Self {
        let until = self.now.wall.plus(span);
        let (reason, person) = ("known".to_owned(), "ayesha".to_owned());
        let baseline = Baseline { value, until, reason, person };
        let out = self.state.acknowledge_baseline(&self.judgement, baseline, self.now);
        self.events.extend(out);
        self
    }
}

#[test]
fn approached_to_standing_when_near_and_not_converging_for_three_days() {
    let bench = still();
    assert_eq!(bench.kinds(), ["approached", "standing"]);
    let (opened, standing) = (&bench.events[0], &bench.events[1]);
    assert_eq!(standing.at.since(opened.at), Span::from_hours(72));
}

#[test]
fn standing_to_approached_when_it_is_nearer_than_at_entry_by_the_hysteresis() {
    let mut bench = still();
    bench.hourly(0.08);
    assert_eq!(bench.at(), Physical::Standing);
    bench.hourly(0.07);
    assert_eq!((bench.at(), bench.state.episode()), (Physical::Approached, 2));
}

#[test]
fn standing_to_approached_when_it_converges_again() {
    let rules = "[[filesystem]]\nname = \"archive\"\nclear = 0.3\n";
    let mut bench = Bench::new(rules, "filesystem.free");
    bench.hold(0.14, Span::from_hours(73));
    assert_eq!(bench.kinds(), ["approached", "standing"]);
    bench.line(0.14, 0.05, Span::from_minutes(20));
    assert_eq!(bench.kinds()[..3], ["approached", "standing", "approached"]);
    let opened = &bench.events[2];
    assert!(opened.reasons[0].contains("at the rate seen"), "before the level says so: {opened:?}");
}

#[test]
fn standing_to_recovered_when_it_is_back_for_the_hold() {
    let mut bench = still();
    bench.hourly(0.4).hourly(0.4);
    assert_eq!((bench.at(), bench.last().kind.as_str()), (Physical::Recovered, "recovered"));
}

#[test]
fn approached_to_standing_when_a_person_accepts_the_count_and_loud_when_it_grows() {
    let mut bench = Bench::new("", "disk.pending_sectors");
    bench.values(&[3.0]).accept(3.0, Span::from_days(30)).values(&[3.0, 3.0]);
    assert_eq!((bench.at(), bench.kinds()), (Physical::Standing, vec!["approached", "standing"]));
    bench.values(&[4.0]);
    assert_eq!((bench.at(), bench.state.episode()), (Physical::Approached, 2));
}

#[test]
fn an_accepted_count_is_loud_again_after_its_date() {
    let mut bench = Bench::new("", "disk.pending_sectors");
    bench.values(&[3.0]).accept(3.0, Span::from_minutes(5)).values(&[3.0, 3.0]);
    assert_eq!(bench.at(), Physical::Standing);
    bench.now = bench.now.plus(Span::from_minutes(5));
    assert_eq!(bench.values(&[3.0]).at(), Physical::Approached);
}

#[test]
fn an_accepted_level_stands_where_it_stood_until_it_moves_or_its_date_has_come() {
    let mut bench = Bench::approached();
    bench.accept(0.14, Span::from_hours(1)).hold(0.14, Span::from_minutes(50));
    assert_eq!(bench.kinds(), ["approached", "standing"]);
    bench.hold(0.14, Span::from_minutes(20));
    assert_eq!(bench.kinds(), ["approached", "standing", "approached"], "its date has come");

    let mut moves = Bench::approached();
    moves.accept(0.14, Span::from_hours(1)).values(&[0.11]);
    assert_eq!(moves.kinds(), ["approached", "standing", "approached"]);
}

#[test]
fn a_trigger_that_goes_on_keeps_a_standing_hazard_where_it_is() {
    let mut bench = Bench::approached();
    bench.accept(0.14, Span::from_days(30));
    for _ in 0..200 {
        bench.measure(Measure::Trigger { value: Some(0.4), reason: "still so".to_owned() });
    }
    assert_eq!(bench.kinds(), ["approached", "standing"]);
}

#[test]
fn the_first_more_of_an_accepted_count_speaks_however_little_it_is_by_the_table() {
    let mut bench = Bench::new("", "disk.reallocated");
    bench.values(&[8.0]).accept(8.0, Span::from_days(180));
    let until = bench.now.wall.plus(Span::from_days(180));
    assert!(
        bench.last().reasons[0].starts_with("ayesha accepted 8 sectors until 20"),
        "{until} {:?}",
        bench.last()
    );
    bench.values(&[8.0, 8.0]);
    assert_eq!(bench.at(), Physical::Standing);
    bench.values(&[9.0]);
    assert_eq!((bench.at(), bench.state.episode()), (Physical::Approached, 2));
    bench.accept(9.0, Span::from_days(180)).values(&[9.0]);
    assert_eq!(bench.at(), Physical::Standing);
}

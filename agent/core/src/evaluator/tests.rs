//! A table test for each row of the physical layer, on the shipped filesystem rule and a manual clock.

use nearmiss_shared::time::{Span, Timestamp};

use super::*;
use crate::rule::RuleSet;

/// A signal that is fed by hand: 15 s apart unless a test says otherwise.
struct Bench {
    state: SignalState,
    judgement: Judgement,
    now: Stamp,
    events: Vec<Transition>,
}

fn judgement(rules: &str, signal: &str) -> Judgement {
    RuleSet::parse(&[("t.toml".to_owned(), rules.to_owned())]).unwrap().judge(signal, "/srv", None).unwrap()
}

impl Bench {
    fn new(rules: &str, signal: &str) -> Self {
        let now = Stamp { wall: Timestamp::from_millis(1_795_457_577_000), boot_ms: 1_000_000 };
        let judgement = judgement(rules, signal);
        Self { state: SignalState::new(signal, "/srv"), judgement, now, events: Vec::new() }
    }

    fn filesystem() -> Self {
        Self::new("", "filesystem.free")
    }

    fn measure(&mut self, measure: Measure) -> &mut Self {
        let reading = Reading::of(self.state.signal(), "/srv", self.now, measure);
        let out = self.state.observe(&self.judgement, &reading);
        self.events.extend(out);
        self.now = self.now.plus(Span::from_seconds(15));
        self
    }

    fn values(&mut self, values: &[f64]) -> &mut Self {
        for value in values {
            self.measure(Measure::Value(*value));
        }
        self
    }

    /// The same value every 15 s for this long.
    fn hold(&mut self, value: f64, span: Span) -> &mut Self {
        for _ in 0..=span.as_millis() / 15_000 {
            self.measure(Measure::Value(value));
        }
        self
    }

    fn wait(&mut self, span: Span) -> &mut Self {
        self.now = self.now.plus(span);
        let out = self.state.tick(&self.judgement, self.now);
        self.events.extend(out);
        self
    }

    fn kinds(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.kind.as_str()).collect()
    }

    fn at(&self) -> Physical {
        self.state.physical()
    }
}

#[test]
fn one_sample_past_approach_is_watched_and_a_blip_is_nothing() {
    let mut bench = Bench::filesystem();
    assert_eq!(bench.values(&[0.14]).at(), Physical::Watch);
    assert_eq!(bench.values(&[0.30]).at(), Physical::Normal);
    assert!(bench.events.is_empty());
}

#[test]
fn three_samples_open_an_episode() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14, 0.14]);
    assert_eq!((bench.at(), bench.kinds()), (Physical::Approached, vec!["approached"]));
    let event = &bench.events[0];
    assert_eq!((event.episode, event.sequence, event.value), (1, 1, Some(0.14)));
    assert!((event.proximity.unwrap() - 0.72).abs() < 1e-9);
    assert_eq!(event.reasons, ["14.0 % (limit at 0.0 %, approach at 15.0 %) for 3 samples (45s)"]);
    assert!(event.freezes());
}

#[test]
fn critical_worsens_once() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14, 0.14, 0.04, 0.03, 0.06, 0.04]);
    assert_eq!(bench.kinds(), ["approached", "worsened"]);
}

#[test]
fn it_recedes_below_reset_recovers_after_the_hold_and_is_normal_after_a_day() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14, 0.14, 0.16]);
    assert_eq!(bench.at(), Physical::Approached, "hysteresis: 0.16 is not below reset");
    bench.hold(0.4, Span::from_minutes(30));
    assert_eq!(bench.kinds(), ["approached", "receding", "recovered"]);
    bench.hold(0.4, Span::from_hours(24));
    assert_eq!((bench.at(), bench.events.len()), (Physical::Normal, 3));
}

#[test]
fn a_return_above_reset_starts_the_hold_anew() {
    let mut bench = Bench::filesystem();
    bench
        .values(&[0.14, 0.14, 0.14])
        .hold(0.4, Span::from_minutes(29))
        .values(&[0.16])
        .hold(0.4, Span::from_minutes(29));
    assert_eq!(bench.at(), Physical::Receding);
    bench.hold(0.4, Span::from_minutes(2));
    assert_eq!(bench.at(), Physical::Recovered);
}

#[test]
fn near_again_while_receding_is_the_next_episode() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14, 0.14, 0.4, 0.14]);
    assert_eq!(bench.kinds(), ["approached", "receding", "approached"]);
    assert_eq!(bench.events.iter().map(|event| event.episode).collect::<Vec<_>>(), [1, 1, 2]);
}

#[test]
fn near_again_after_recovery_is_confirmed_and_the_next_episode() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14, 0.14]).hold(0.4, Span::from_minutes(31)).values(&[0.14, 0.14]);
    assert_eq!(bench.at(), Physical::Recovered);
    bench.values(&[0.14]);
    assert_eq!((bench.at(), bench.state.episode()), (Physical::Approached, 2));
}

#[test]
fn the_limit_breaches_from_anywhere_and_its_end_is_restored() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.0]);
    assert_eq!((bench.at(), bench.kinds()), (Physical::Breached, vec!["breached"]));
    assert_eq!(bench.events[0].episode, 1, "a silent incident has its episode");
    bench.hold(0.4, Span::from_minutes(30));
    assert_eq!((bench.at(), bench.kinds()), (Physical::Normal, vec!["breached", "restored"]));
}

#[test]
fn a_consequence_breaches_whatever_the_level() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14, 0.14]);
    bench.measure(Measure::Consequence { value: None, reason: "turned read-only".to_owned() });
    assert_eq!(bench.kinds(), ["approached", "breached"]);
    assert_eq!(bench.events[1].reasons, ["turned read-only"]);
}

#[test]
fn a_trigger_opens_at_once() {
    let mut bench = Bench::new("", "disk.attribute");
    bench.measure(Measure::Trigger { value: Some(1.0), reason: "attribute 5".to_owned() });
    assert_eq!((bench.at(), bench.kinds()), (Physical::Approached, vec!["approached"]));
    assert!(bench.events[0].ordinal && bench.events[0].limit.is_none());
}

#[test]
fn an_hours_fill_opens_before_approach() {
    let mut bench = Bench::filesystem();
    for step in 0..240 {
        bench.values(&[0.45 - f64::from(step) * 0.45 / 240.0]);
        if !bench.events.is_empty() {
            break;
        }
    }
    let event = &bench.events[0];
    assert!(event.value.unwrap() > 0.15, "before the level: {event:?}");
    let time = event.time_to_failure_seconds.unwrap();
    assert!(
        time.low <= Some(time.estimate) && time.high.is_some_and(|high| high >= time.estimate),
        "{time:?}"
    );
    assert!(time.estimate >= 1800.0, "at least half an hour before full: {time:?}");
}

#[test]
fn three_intervals_of_silence_are_dark_and_the_return_is_a_gap() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14, 0.14]).wait(Span::from_seconds(31));
    assert_eq!((bench.at(), bench.kinds()), (Physical::Dark, vec!["approached", "dark"]));
    bench.values(&[0.14]);
    assert_eq!((bench.at(), bench.kinds()), (Physical::Approached, vec!["approached", "dark", "gap"]));
    assert_eq!(bench.events[2].to, Physical::Approached);
}

#[test]
fn an_agent_that_was_away_longer_than_the_hold_calls_nothing_recovered() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14, 0.14, 0.4]);
    bench.now = bench.now.plus(Span::from_hours(2));
    bench.values(&[0.4]);
    assert_eq!(bench.kinds(), ["approached", "receding", "dark", "gap"]);
    let (dark, gap) = (&bench.events[2], &bench.events[3]);
    assert!(gap.at.since(dark.at) > Span::from_minutes(110), "the silence is told with its length");
    bench.hold(0.4, Span::from_minutes(28));
    assert_eq!(bench.at(), Physical::Receding, "the hold began anew with the sample after the silence");
    bench.hold(0.4, Span::from_minutes(2));
    assert_eq!(bench.kinds(), ["approached", "receding", "dark", "gap", "recovered"]);
}

#[test]
fn silence_does_not_end_a_failure() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.0, 0.4]).wait(Span::from_hours(2)).values(&[0.4]);
    assert_eq!((bench.at(), bench.kinds()), (Physical::Breached, vec!["breached"]));
    bench.hold(0.4, Span::from_minutes(30));
    assert_eq!(bench.kinds(), ["breached", "restored"]);
}

#[test]
fn unreadable_samples_count_toward_dark_and_say_why() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.4]);
    for _ in 0..4 {
        bench.measure(Measure::Invalid { why: "permission denied".to_owned() });
    }
    assert_eq!(bench.kinds(), ["dark"]);
    assert!(bench.events[0].reasons[0].ends_with("permission denied"), "{:?}", bench.events[0].reasons);
}

#[test]
fn a_crash_while_near_is_a_breach_and_an_orderly_reboot_is_not() {
    for (orderly, expected) in [(false, Physical::Breached), (true, Physical::Approached)] {
        let mut bench = Bench::filesystem();
        bench.values(&[0.14, 0.14, 0.14]);
        bench.now = Stamp { wall: bench.now.wall, boot_ms: 5_000 };
        bench.state.resumed(bench.now, false, orderly);
        bench.values(&[0.14]);
        assert_eq!(bench.at(), expected, "orderly: {orderly}, {:?}", bench.kinds());
        let breached = bench.events.iter().find(|event| event.kind == EventKind::Breached);
        let label = breached.and_then(|event| event.labels.get("crash")).map(String::as_str);
        assert_eq!(label, (!orderly).then_some("unclean restart"), "a person decides what it was");
    }
}

#[test]
fn a_replaced_subject_recovers() {
    let mut bench = Bench::new("", "disk.attribute");
    bench.measure(Measure::Trigger { value: Some(1.0), reason: "attribute 5".to_owned() });
    bench.measure(Measure::Retired { why: "serial S1 is gone".to_owned() });
    assert_eq!((bench.at(), bench.kinds()), (Physical::Recovered, vec!["approached", "retired"]));
}

#[test]
fn an_accepted_count_stands_quiet_until_it_grows() {
    let mut bench = Bench::new("", "disk.pending_sectors");
    bench.values(&[3.0]);
    assert_eq!(bench.kinds(), ["approached"]);
    let until = bench.now.wall.plus(Span::from_days(30));
    let out =
        bench.state.acknowledge_baseline(&bench.judgement, 3.0, until, "known since delivery", bench.now);
    bench.events.extend(out);
    bench.values(&[3.0, 3.0]);
    assert_eq!((bench.at(), bench.kinds()), (Physical::Standing, vec!["approached", "standing"]));
    bench.values(&[4.0]);
    assert_eq!((bench.at(), bench.state.episode()), (Physical::Approached, 2));
}

#[test]
fn near_and_still_for_three_days_is_a_standing_hazard_until_it_moves() {
    let mut bench = Bench::new("[[filesystem]]\nname = \"slow\"\ninterval = \"1h\"\n", "filesystem.free");
    for _ in 0..80 {
        bench.measure(Measure::Value(0.10));
        bench.now = bench.now.plus(Span::from_hours(1));
    }
    assert_eq!(bench.kinds(), ["approached", "standing"]);
    bench.values(&[0.06]);
    assert_eq!(bench.kinds(), ["approached", "standing", "approached"]);
}

#[test]
fn any_number_of_failed_logins_is_an_approach_not_a_breach() {
    let rules = "[[log]]\nname = \"guess\"\npattern = 'x'\ncount = 10\n";
    let mut bench = Bench::new(rules, "log.guess");
    bench.values(&[1.0, 4.0, 5.0, 9.0, 30.0]);
    assert_eq!(bench.kinds(), ["approached", "worsened"]);
}

#[test]
fn a_stored_state_goes_on_where_it_stopped() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14]);
    let text = serde_json::to_string(&bench.state).unwrap();
    bench.state = serde_json::from_str(&text).unwrap();
    bench.values(&[0.14]);
    assert_eq!(bench.kinds(), ["approached"]);
}

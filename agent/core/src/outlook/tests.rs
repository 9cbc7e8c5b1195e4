//! The two rules by hand, and that no later day changes what an earlier one said.

use proptest::prelude::*;

use super::*;

fn counts(reallocated: u64, pending: u64) -> Counts {
    Counts::of(|id| match id {
        5 => Some(reallocated),
        197 => Some(pending),
        _ => None,
    })
}

fn days(all: &[(Day, u64, u64)]) -> Vec<Option<Vec<String>>> {
    let mut drive = Drive::default();
    let judged = all
        .iter()
        .map(|(day, five, pending)| drive.judge(*day, counts(*five, *pending), None, Sensitivity::Default));
    judged.collect()
}

#[test]
fn an_old_count_is_quiet_and_its_growth_speaks_with_its_numbers() {
    // log2(1 + 4095) = 12 points; growing by 127 adds 7.
    let judged = days(&[(0, 4095, 0), (10, 4095, 0), (12, 4222, 0), (30, 4222, 0)]);
    assert_eq!(judged[0], None);
    assert_eq!(judged[1], None);
    assert_eq!(judged[2].as_deref().unwrap(), ["4222 reallocated sectors, 127 more in 12 days"]);
    assert_eq!(judged[3], None, "the window is over");
}

#[test]
fn what_is_recalled_counts_like_what_was_seen() {
    let mut seen = History::default();
    let mut recalled = History::default();
    for (day, five, pending) in [(3, 10, 0), (5, 10, 4), (9, 40, 4)] {
        seen.push(day, counts(five, pending));
    }
    // In no order, by attribute, more than once a day; what no rule weighs is nothing.
    for (day, attribute, count) in
        [(5, 197, 2), (3, 5, 10), (5, 5, 10), (5, 198, 4), (3, 197, 0), (4, 199, 7)]
    {
        recalled.recall(day, attribute, count);
    }
    recalled.push(9, counts(40, 4));
    assert_eq!(recalled.points(), seen.points());
    assert_eq!(recalled.reasons(), seen.reasons());
}

#[test]
fn unreadable_sectors_weigh_double() {
    // 2 x (log2(1 + 24) + log2(1 + 24)) = 18.6.
    let judged = days(&[(0, 0, 0), (1, 0, 24)]);
    assert_eq!(judged[1].as_deref().unwrap(), ["24 unreadable sectors, 24 more since the day before"]);
    assert_eq!(days(&[(0, 0, 0), (1, 0, 3)])[1], None);
}

#[test]
fn a_kind_is_warned_of_from_two_failures_and_one_in_twenty_on() {
    for (seen, failed, warned) in [(30, 1, false), (39, 2, true), (41, 2, false), (4, 2, true)] {
        let mut kinds = Kinds::default();
        (0..seen).for_each(|_| kinds.seen("ACME"));
        (0..failed).for_each(|_| kinds.failed("ACME"));
        assert_eq!(kinds.warning("ACME").is_some(), warned, "{failed} of {seen}");
        assert_eq!(kinds.warning("OTHER"), None);
    }
}

proptest! {
    #[test]
    fn a_day_is_judged_by_it_and_earlier_ones_alone(
        steps in proptest::collection::vec((1i32..20, 0u64..50_000, 0u64..500), 1..30),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut day = 0;
        let all: Vec<(Day, u64, u64)> = steps.into_iter().map(|(step, five, pending)| {
            day += step;
            (day, five, pending)
        }).collect();
        let cut = cut.index(all.len()) + 1;
        prop_assert_eq!(&days(&all)[..cut], &days(&all[..cut])[..]);
    }

    #[test]
    fn more_is_never_fewer_points(five in 0u64..1_000_000, pending in 0u64..100_000, more in 0u64..1000) {
        let points = |five, pending| {
            let mut history = History::default();
            history.push(0, Counts::default());
            history.push(1, counts(five, pending));
            history.points()
        };
        prop_assert!(points(five + more, pending) >= points(five, pending));
        prop_assert!(points(five, pending + more) >= points(five, pending));
    }
}

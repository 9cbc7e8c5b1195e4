//! Whatever happens in whatever order, a case is never lost from sight.

use proptest::prelude::*;

use super::*;

/// Any mixture of events, commands and waiting.
fn happenings() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
    proptest::collection::vec((0u8..20, 1u8..5, 0i64..3000), 1..60)
}

/// It is closed, or it was looked back on and has not come near since: people have it in their lists.
fn rests(case: &Case) -> bool {
    use Workflow::{ActionsOpen, Closed, RetroHeld, Verified};
    matches!(case.workflow, Closed | RetroHeld | ActionsOpen | Verified)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_happens_an_open_case_has_a_responder_and_a_next_clock(
        observing in any::<bool>(),
        slow in any::<bool>(),
        happenings in happenings(),
    ) {
        let mut world = World::new(TUESDAY);
        world.observing = observing;
        world.open(|facts| facts.time_to_failure = facts.time_to_failure.filter(|_| !slow));
        for (what, who, minutes) in happenings {
            world.later(Span::from_minutes(minutes)).ring();
            let text = "words".to_owned();
            match what {
                0 => drop(world.event(EventKind::Approached, Physical::Approached, 0.1).number),
                1 => drop(world.event(EventKind::Worsened, Physical::Approached, 0.04).number),
                2 => drop(world.event(EventKind::Receding, Physical::Receding, 0.4).number),
                3 => drop(world.event(EventKind::Recovered, Physical::Recovered, 0.4).number),
                4 => drop(world.event(EventKind::Breached, Physical::Breached, 0.0).number),
                5 => drop(world.event(EventKind::Restored, Physical::Restored, 0.4).number),
                6 => drop(world.event(EventKind::Dark, Physical::Dark, 0.1).number),
                7 => drop(world.event(EventKind::Gap, Physical::Approached, 0.1).number),
                8 => drop(world.acts(who, Command::Acknowledge { comment: text, expires: None })),
                9 => drop(world.acts(who, Command::Mitigate { what: MitigationKind::Restart, text, on_host: true, done_at: None })),
                10 => (1..=4).for_each(|question| drop(world.acts(who, Command::Answer { question, text: text.clone() }))),
                11 => drop(world.acts(who, Command::Part { role: Role::FOUR[usize::from(who) - 1], note: text })),
                12 => drop(world.acts(who, Command::Held)),
                13 => drop(world.acts(who, Command::Confirm { verdict: Verdict::Averted, reason: text })),
                14 => drop(world.acts(who, Command::Close)),
                15 => drop(world.acts(who, Command::AcceptHandOff)),
                17 => drop(world.event(EventKind::Standing, Physical::Standing, 0.1).number),
                18 => {
                    let until = world.now.plus(Span::from_hours(i64::from(who) * 24));
                    drop(world.acts(who, Command::Accept { until, reason: text }));
                }
                16 => drop(world.acts(who, Command::Note { text })),
                _ => drop(world.acts(who, called_false(&text))),
            }
            let case = world.case();
            prop_assert!(case.responder.is_some());
            prop_assert!(rests(case) || !case.timers.is_empty(), "no clock runs: {:?}", case.workflow);
            let ends = case.timers.iter().any(|timer| timer.kind == TimerKind::AcceptanceEnds);
            prop_assert!(case.workflow == Workflow::Closed || ends == case.accepted_until.is_some());
            let failed = case.episodes.iter().any(|episode| episode.breached_at.is_some());
            let woken = world.messages.iter().any(|message| message.urgent);
            prop_assert!(!observing || failed || !woken, "a draft woke somebody: {:?}", world.messages);
            let mut stored: Case = serde_json::from_str(&serde_json::to_string(case).unwrap()).unwrap();
            stored.measures.clone_from(&case.measures);
            prop_assert_eq!(&stored, case);
        }
    }
}

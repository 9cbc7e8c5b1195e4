//! Lists of cases: order, caps, and what waits for whom.

use super::*;
use crate::pages::sample;

fn listed(number: u8, client: &str, change: impl FnOnce(&mut Case)) -> Listed {
    let mut case = sample::case(number);
    change(&mut case);
    Listed { case, client: client.to_owned(), reading: None, may_act: true }
}

fn viewer(number: u8, roles: &[Role]) -> Viewer {
    let roles = BTreeMap::from([("Falcon MRO".to_owned(), roles.to_vec())]);
    Viewer { person: PersonId::from_parts(sample::NOW, [number; 10]), roles }
}

#[test]
fn the_most_urgent_comes_first() {
    let mut list = vec![
        listed(1, "Falcon MRO", |case| case.measures.failure_now = None),
        listed(2, "Falcon MRO", |case| case.measures.failure_now = Some(60.0)),
        listed(3, "Falcon MRO", |case| case.physical = Physical::Breached),
        listed(4, "Falcon MRO", |case| case.measures.failure_now = Some(7_200.0)),
    ];
    sort(&mut list, sample::NOW);
    let order: Vec<u64> = list.iter().map(|listed| listed.case.number).collect();
    assert_eq!(order, [3, 2, 4, 1]);
}

#[test]
fn a_client_takes_at_most_its_share_of_the_page() {
    let mut list: Vec<Listed> = (1..=7).map(|number| listed(number, "Falcon MRO", |_| {})).collect();
    list.push(listed(8, "Apex Lab", |_| {}));
    let (rows, more) = capped(&list, PER_CLIENT, sample::NOW);
    assert_eq!(rows.len(), 6);
    assert_eq!(rows.last().map(|row| row.client.as_str()), Some("Apex Lab"));
    assert_eq!(
        more.iter().map(|group| (group.client.as_str(), group.more)).collect::<Vec<_>>(),
        [("Falcon MRO", 2)]
    );
}

#[test]
fn what_is_accepted_stands_apart_from_what_is_back() {
    let list = vec![
        listed(1, "Falcon MRO", |_| {}),
        listed(2, "Falcon MRO", |case| case.physical = Physical::Recovered),
        listed(3, "Falcon MRO", |case| {
            case.physical = Physical::Standing;
            case.accepted_until = Some(sample::NOW.plus(Span::from_days(30)));
        }),
    ];
    let lists = lists(list, PER_CLIENT, sample::NOW);
    let shown: Vec<(&str, &str)> = lists.iter().map(|list| (list.id, list.rows[0].label.as_str())).collect();
    assert_eq!(shown, [("open", "NM-0001"), ("settled", "NM-0002"), ("standing", "NM-0003")]);
    assert_eq!(lists[2].rows[0].clock.as_ref().unwrap().words, "30 d to the end of the acceptance");
}

#[test]
fn a_case_waits_for_those_who_can_answer_it() {
    let open = listed(1, "Falcon MRO", |_| {});
    assert_eq!(viewer(1, &[Role::Sysadmin]).needed_for(&open), Some("nobody has answered yet"));
    assert_eq!(viewer(7, &[Role::Owner]).needed_for(&open), Some("nobody has answered yet"));
    assert_eq!(viewer(2, &[Role::Devops]).needed_for(&open), None);
    assert_eq!(viewer(1, &[Role::Sysadmin]).needed_for(&Listed { may_act: false, ..open }), None);

    let draft = listed(1, "Falcon MRO", |case| case.draft = true);
    assert_eq!(viewer(1, &[Role::Sysadmin]).needed_for(&draft), None);

    let silent = listed(1, "Falcon MRO", |case| {
        case.physical = Physical::Recovered;
        case.workflow = Workflow::Stabilised;
        if let Some(responder) = case.responder.as_mut() {
            responder.acknowledged_at = Some(sample::NOW);
        }
    });
    assert!(viewer(1, &[Role::Sysadmin]).needed_for(&silent).unwrap().starts_with("say what you did"));
    assert!(viewer(7, &[Role::Owner]).needed_for(&silent).is_none());
}

#[test]
fn what_has_failed_needs_somebody_first_and_urgency_breaks_ties() {
    let due = |case: &mut Case, minutes: i64, seconds: i64| {
        let at = sample::NOW.plus(Span::from_minutes(minutes)).plus(Span::from_seconds(seconds));
        case.responder.as_mut().unwrap().acknowledge_due = at;
    };
    let mut list = vec![
        listed(1, "Falcon MRO", |case| due(case, 3, 0)),
        listed(2, "Falcon MRO", |case| {
            due(case, 3, 20);
            case.measures.failure_now = Some(60.0);
        }),
        listed(3, "Falcon MRO", |case| {
            due(case, 9, 0);
            case.physical = Physical::Breached;
        }),
    ];
    sort(&mut list, sample::NOW);
    let found = needed(&list, &viewer(1, &[Role::Sysadmin]), sample::NOW);
    let order: Vec<&str> = found.iter().map(|needed| needed.row.label.as_str()).collect();
    assert_eq!(order, ["NM-0003", "NM-0002", "NM-0001"]);
}

#[test]
fn what_ends_soonest_is_due_first_and_the_far_future_is_not_soon() {
    let near = listed(1, "Falcon MRO", |case| case.retrospective.due = sample::NOW.plus(Span::from_hours(5)));
    let over =
        listed(2, "Falcon MRO", |case| case.retrospective.due = sample::NOW.minus(Span::from_hours(1)));
    let far = listed(3, "Falcon MRO", |case| case.retrospective.due = sample::NOW.plus(Span::from_hours(40)));
    let found = due(&[near, over, far], &viewer(9, &[]), sample::NOW);
    let words: Vec<&str> = found.iter().map(|due| due.clock.words.as_str()).collect();
    assert_eq!(words, ["retrospective overdue, 1 h over", "5 h to the retrospective"]);
    assert_eq!(found[0].clock.tone, "red");
}

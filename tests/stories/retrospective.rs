//! Within 48 hours: a meeting in everyone's hours, or in writing and the meeting at the first common slot after.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::EventKind;
use nearmiss_tests::lab::{CLIENT, Client, Lab, RawHost};
use nearmiss_tests::mail::read_invitation;
use nearmiss_tests::wait::until;
use serde_json::Value;

/// Name, address, zone and working hours of the holders of the four roles, as people.toml has them.
const HOLDERS: [(&str, &str, &str, i8, i8); 4] = [
    ("Sana Sysadmin", "sana@falcon.example", "Asia/Karachi", 9, 17),
    ("Dawud DevOps", "dawud@falcon.example", "Asia/Karachi", 10, 18),
    ("Sadia Security", "sadia@falcon.example", "Asia/Karachi", 9, 17),
    ("Bilal Continuity", "bilal@falcon.example", "Europe/Berlin", 8, 16),
];

fn instant(value: &Value) -> Timestamp {
    value.as_str().unwrap_or_default().parse().unwrap_or_else(|fault| panic!("{value}: {fault}"))
}

/// A case that opens now and is over soon after, so that the invitation need not wait.
async fn a_case_that_stabilises(lab: &Lab) -> (Client, String) {
    let api = lab.collector.client(CLIENT).unwrap();
    let host = RawHost::enrol(lab, "cal-db-1", 7).await.unwrap();
    let now = lab.now().unwrap();
    // In two requests: an episode whose end comes with its opening was over before anybody could hear of it.
    let opening = vec![host.approach("/srv", now, 3.0)];
    let end = vec![
        host.event(EventKind::Receding, "/srv", 2, now),
        host.event(EventKind::Recovered, "/srv", 3, now),
    ];
    for events in [opening, end] {
        host.tell(events, now).await.unwrap();
    }
    let case = api.cases().await.unwrap().remove(0);
    (api, case["id"].as_str().unwrap().to_owned())
}

async fn invitation(lab: &Lab) -> Value {
    let file = lab.mail.message_with(&["METHOD:REQUEST", "text/calendar"]).await.0;
    read_invitation(&file).unwrap()["invitation"].clone()
}

fn assert_in_everyones_hours(invitation: &Value) {
    for (name, _, zone, from, to) in HOLDERS {
        let zone = TimeZone::get(zone).unwrap();
        let local = |key: &str| {
            let text = invitation[key].as_str().unwrap();
            zone.to_datetime(text.parse::<jiff::Timestamp>().unwrap())
        };
        let (start, end) = (local("start"), local("end"));
        assert!(
            start.hour() >= from && (end.hour() < to || (end.hour() == to && end.minute() == 0)),
            "{name}: {start}"
        );
        assert!(!matches!(start.weekday(), Weekday::Saturday | Weekday::Sunday), "{name}: {start}");
    }
}

#[tokio::test]
async fn opened_on_a_tuesday_the_four_roles_meet_within_48_hours_in_everyones_hours() {
    let lab = Lab::start_at("2026-11-24T06:00:00Z").await.unwrap();
    let (api, id) = a_case_that_stabilises(&lab).await;
    let case = api.json(&format!("/api/v1/cases/{id}")).await.unwrap();
    let received = instant(&case["received_at"]);
    assert_eq!(case["retrospective"]["form"], "meeting", "{case}");
    assert!(instant(&case["retrospective"]["due"]).since(received).as_hours() <= 48.0);

    let invitation = invitation(&lab).await;
    assert_eq!((&invitation["method"], &invitation["mime_method"]), (&"REQUEST".into(), &"REQUEST".into()));
    assert_eq!(invitation["occurrences"], 1);
    let attendees = invitation["attendees"].as_array().unwrap();
    for (name, address, ..) in HOLDERS {
        let invited = attendees.iter().any(|attendee| {
            attendee["address"].as_str().unwrap().to_lowercase() == format!("mailto:{address}")
                && attendee["name"].as_str().unwrap().contains(name)
        });
        assert!(invited, "{name} is not invited: {invitation}");
    }
    let text = invitation.to_string();
    for role in ["Sysadmin", "DevOps Engineer", "Security Lead", "BC Lead"] {
        assert!(text.contains(role), "the invitation names no {role}: {text}");
    }
    assert_in_everyones_hours(&invitation);
    let end: Timestamp = instant(&invitation["end"]);
    assert!(end.since(received).as_hours() <= 48.0, "{invitation}");
    assert_eq!(instant(&invitation["start"]), instant(&case["retrospective"]["scheduled_at"]));
}

#[tokio::test]
async fn opened_on_a_friday_evening_it_is_written_within_48_hours_and_the_meeting_comes_after() {
    // 18:30 in Karachi: everyone has gone home until Monday.
    let lab = Lab::start_at("2026-11-27T15:30:00Z").await.unwrap();
    let (api, id) = a_case_that_stabilises(&lab).await;
    let case = api.json(&format!("/api/v1/cases/{id}")).await.unwrap();
    assert_eq!(case["retrospective"]["form"], "written", "{case}");
    let due = instant(&case["retrospective"]["due"]);
    assert!(due.since(instant(&case["received_at"])).as_hours() <= 48.0, "{case}");

    let invitation = invitation(&lab).await;
    assert_in_everyones_hours(&invitation);
    // Monday: Berlin begins at 08:00, which is noon in Karachi.
    assert_eq!(instant(&invitation["start"]), "2026-11-30T07:00:00Z".parse().unwrap(), "{invitation}");
    assert!(instant(&invitation["start"]) > due);
}

#[tokio::test]
async fn an_unanswered_page_goes_to_the_next_level_and_an_answer_ends_it() {
    let lab = Lab::start_at("2026-11-24T06:00:00Z").await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let host = RawHost::enrol(&lab, "cal-db-1", 7).await.unwrap();
    let now = lab.now().unwrap();
    host.tell(vec![host.approach("/srv", now, 0.5)], now).await.unwrap();
    let case = api.cases().await.unwrap().remove(0);
    let id = case["id"].as_str().unwrap();
    lab.mail.message_with(&["X-Envelope-To: sana@falcon.example", "/a/"]).await;

    lab.set_clock("2026-11-24T06:16:00Z").unwrap();
    let path = format!("/api/v1/cases/{id}/timeline");
    until("the escalation", async || {
        api.json(&path).await.ok().filter(|timeline| timeline.to_string().contains("\"escalated\""))
    })
    .await;
    lab.mail.message_with(&["X-Envelope-To: omar@provider.example", "/a/"]).await;

    let comment = serde_json::json!({"comment": "on it"});
    let (status, answer) = api.post(&format!("/api/v1/cases/{id}/acknowledge"), &comment).await.unwrap();
    assert!(status.is_success(), "{status} {answer}");
    assert!(answer["responder"]["acknowledged_at"].is_string(), "{answer}");
    assert_eq!(answer["state"], "acknowledged");
}

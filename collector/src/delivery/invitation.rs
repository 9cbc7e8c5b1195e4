//! The retrospective's invitation: iCalendar (RFC 5545) by iTIP (RFC 5546), one event a case with a stable UID.

use icalendar::{Calendar, Component, Event, Property};
use nearmiss_case::person::Person;
use nearmiss_case::retrospective::{QUESTIONS, attendees};
use nearmiss_case::words::MessageKind;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Role;

use super::render::Told;

/// The calendar object that belongs to this kind of message, with its method.
pub fn of(kind: MessageKind, told: &Told<'_>, organizer: &str) -> Option<(String, &'static str)> {
    match kind {
        MessageKind::Invitation => Some((calendar(told, organizer, "REQUEST")?, "REQUEST")),
        MessageKind::InvitationCancelled => Some((calendar(told, organizer, "CANCEL")?, "CANCEL")),
        _ => None,
    }
}

fn calendar(told: &Told<'_>, organizer: &str, method: &str) -> Option<String> {
    let case = told.case;
    let retrospective = &case.retrospective;
    let mut event = Event::new();
    event
        .add_property("UID", format!("{}@nearmiss", case.id))
        .add_property("SEQUENCE", retrospective.invitation_sequence.to_string())
        .add_property("DTSTAMP", utc(told.now))
        .add_property("SUMMARY", summary(told))
        .append_property(
            Property::new("ORGANIZER", address(organizer)).add_parameter("CN", "nearmiss").done(),
        );
    if method == "REQUEST" {
        let slot = retrospective.slot?;
        event
            .add_property("DTSTART", utc(slot.start))
            .add_property("DTEND", utc(slot.end))
            .add_property("DESCRIPTION", description(told))
            .add_property("URL", format!("{}/retrospective", told.case_url))
            .add_property("STATUS", "CONFIRMED");
    } else {
        event.add_property("STATUS", "CANCELLED");
    }
    for person in attendees(told.people) {
        event.append_multi_property(attendee(person));
    }
    let mut calendar = Calendar::empty();
    calendar
        .append_property(Property::new("VERSION", "2.0"))
        .append_property(Property::new(
            "PRODID",
            concat!("-//nearmiss//collector ", env!("CARGO_PKG_VERSION"), "//EN"),
        ))
        .append_property(Property::new("METHOD", method))
        .push(event.done());
    Some(calendar.to_string())
}

fn summary(told: &Told<'_>) -> String {
    let drill = if told.case.drill.is_some() { "Drill: " } else { "" };
    format!("{drill}Near-miss retrospective {} {}", told.case.label(), told.case.title)
}

fn description(told: &Told<'_>) -> String {
    let questions =
        QUESTIONS.iter().enumerate().map(|(index, question)| format!("{}. {question}", index + 1));
    let questions: Vec<String> = questions.collect();
    format!(
        "{}\n{}\n\nThe page, pre-filled with timeline, curve and evidence:\n{}/retrospective\n",
        told.client,
        questions.join("\n"),
        told.case_url
    )
}

/// `Dawud DevOps (DevOps Engineer)`: who comes, and as what.
fn attendee(person: &Person) -> Property {
    let roles = Role::FOUR.into_iter().filter(|role| person.has(*role));
    let roles: Vec<&str> = roles.map(Role::title).collect();
    let name = format!("{} ({})", person.name, roles.join(" and "));
    // A parameter's value can hold neither quotes nor control characters (RFC 5545, 3.2).
    let name: String = name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    Property::new("ATTENDEE", address(&person.email))
        .add_parameter("CN", &name.replace('"', "'"))
        .add_parameter("CUTYPE", "INDIVIDUAL")
        .add_parameter("ROLE", "REQ-PARTICIPANT")
        .add_parameter("PARTSTAT", "NEEDS-ACTION")
        .add_parameter("RSVP", "TRUE")
        .done()
}

/// The bare address of `Name <address>` as a calendar user.
fn address(mailbox: &str) -> String {
    let bare = mailbox.rsplit_once('<').map_or(mailbox, |(_, rest)| rest.trim_end_matches('>'));
    let safe = bare.trim().chars().filter(|letter| !letter.is_control() && !letter.is_whitespace());
    format!("mailto:{}", safe.collect::<String>())
}

/// `20261124T060000Z`.
fn utc(instant: Timestamp) -> String {
    let utc = jiff::tz::TimeZone::UTC.to_datetime(instant.to_jiff());
    utc.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use icalendar::{CalendarComponent, Property};

    use super::*;
    use crate::delivery::render::tests::World;

    fn parsed(text: &str) -> (Calendar, Event) {
        let calendar: Calendar = text.parse().unwrap();
        let CalendarComponent::Event(event) = calendar.components.first().unwrap().clone() else {
            panic!("{text}")
        };
        (calendar, event)
    }

    #[test]
    fn an_invitation_reads_back_with_all_four_roles() {
        let world = World::new();
        let (text, method) =
            of(MessageKind::Invitation, &world.told(), "Near Miss <nearmiss@provider.example>").unwrap();
        assert_eq!(method, "REQUEST");
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "lines are folded:\n{text}");
        assert!(!text.replace("\r\n", "").contains('\n'), "lines end in CRLF");
        let (calendar, event) = parsed(&text);
        assert_eq!(calendar.property_value("METHOD"), Some("REQUEST"));
        for (name, value) in [
            ("SEQUENCE", "0"),
            ("DTSTAMP", "20261124T060000Z"),
            ("DTSTART", "20261124T080000Z"),
            ("DTEND", "20261124T083000Z"),
            ("ORGANIZER", "mailto:nearmiss@provider.example"),
        ] {
            assert_eq!(event.property_value(name), Some(value), "{name}");
        }
        assert_eq!(event.property_value("UID").unwrap(), format!("{}@nearmiss", world.case.id));
        let description = event.property_value("DESCRIPTION").unwrap();
        assert!(
            description.contains("What stopped it?") && description.contains("/retrospective"),
            "{description}"
        );
        let attendees = event.multi_properties().get("ATTENDEE").unwrap();
        let told = |property: &Property| {
            (property.value().to_owned(), property.params().get("CN").unwrap().value().to_owned())
        };
        let told: Vec<(String, String)> = attendees.iter().map(told).collect();
        assert_eq!(told.len(), 4);
        assert_eq!(told[0], ("mailto:1@example.org".to_owned(), "Sana 'S', Jr. (Sysadmin)".to_owned()));
        for role in ["DevOps Engineer", "Security Lead", "BC Lead"] {
            assert!(told.iter().any(|(_, name)| name.contains(role)), "{role}");
        }
    }

    #[test]
    fn a_meeting_called_off_keeps_its_uid_and_raises_its_sequence() {
        let mut world = World::new();
        world.case.retrospective.slot = None;
        world.case.retrospective.invitation_sequence = 1;
        assert_eq!(of(MessageKind::Invitation, &world.told(), "n@p.example"), None, "nothing to invite to");
        let (text, method) = of(MessageKind::InvitationCancelled, &world.told(), "n@p.example").unwrap();
        let (_, event) = parsed(&text);
        assert_eq!((method, event.property_value("SEQUENCE")), ("CANCEL", Some("1")));
        assert_eq!(event.property_value("UID").unwrap(), format!("{}@nearmiss", world.case.id));
        assert_eq!(event.property_value("STATUS"), Some("CANCELLED"));
    }
}

"""Reads a kept message with Python's mail and iCalendar libraries and prints its invitation as JSON.

Usage: read_invitation.py FILE.eml
"""

import email
import email.policy
import json
import sys

import icalendar
import recurring_ical_events

with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.default)

found = None
for part in message.walk():
    if part.get_content_type() == "text/calendar":
        calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
        event = next(iter(calendar.walk("VEVENT")))
        occurrences = recurring_ical_events.of(calendar).between((2000, 1, 1), (2100, 1, 1))
        attendees = event.get("ATTENDEE", [])
        attendees = attendees if isinstance(attendees, list) else [attendees]
        found = {
            "method": str(calendar["METHOD"]),
            "mime_method": part.get_param("method"),
            "uid": str(event["UID"]),
            "sequence": int(event.get("SEQUENCE", 0)),
            "start": event.decoded("DTSTART").isoformat(),
            "end": event.decoded("DTEND").isoformat(),
            "organizer": str(event["ORGANIZER"]),
            "summary": str(event["SUMMARY"]),
            "attendees": [
                {"address": str(attendee), "name": str(attendee.params.get("CN", ""))} for attendee in attendees
            ],
            "occurrences": len(occurrences),
        }
print(json.dumps({"to": message["X-Envelope-To"], "subject": message["Subject"], "invitation": found}))

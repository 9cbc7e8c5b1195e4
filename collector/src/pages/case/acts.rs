//! What each form of a case asks the engine to do.

use nearmiss_case::engine::Command;
use nearmiss_shared::time::Timestamp;

use crate::pages::PageFault;
use crate::pages::form::Fields;

/// The command of the form posted to `/cases/{id}/{act}`.
pub(crate) fn command(act: &str, form: &Fields, now: Timestamp) -> Result<Command, PageFault> {
    Ok(match act {
        "acknowledge" => {
            let expires = if form.is_set("hours") { Some(form.hours("hours", now)?) } else { None };
            Command::Acknowledge { comment: form.text("comment"), expires }
        }
        "mitigate" => Command::Mitigate {
            what: form.word("what")?,
            text: form.text("text"),
            on_host: false,
            done_at: form.minutes_ago("minutes", now)?,
        },
        "note" => Command::Note { text: form.text("text") },
        "hand-off" => Command::HandOff {
            to: form.word("to")?,
            state: form.text("state"),
            risks: form.text("risks"),
            next_step: form.text("next_step"),
            until: form.hours("hours", now)?,
        },
        "accept-hand-off" => Command::AcceptHandOff,
        "accept" => Command::Accept { until: form.day("until")?, reason: form.text("reason") },
        "task" => {
            Command::Task { id: form.word("id")?, note: form.text("note"), waived: form.is_set("waived") }
        }
        "rule" => Command::Rule { ruling: form.word("ruling")?, reason: form.text("reason") },
        "verdict" => Command::Confirm { verdict: form.word("verdict")?, reason: form.text("reason") },
        "false-alarm" => Command::FalseAlarm {
            code: form.word("code")?,
            reason: form.text("reason"),
            evidence: form.text("evidence"),
        },
        "luck" => Command::Luck {
            stopped_by: form.word("stopped_by")?,
            luck: form.word("luck")?,
            reason: form.text("reason"),
            evidence: if form.is_set("evidence") { Some(form.word("evidence")?) } else { None },
        },
        "risk" => Command::Classify {
            outcome: form.word("outcome")?,
            barriers: form.word("barriers")?,
            reason: form.text("reason"),
        },
        "close" => Command::Close,
        _ => return Err(PageFault::NotFound),
    })
}

/// Where the page is to be shown from after the act.
pub(crate) fn anchor(act: &str) -> &'static str {
    match act {
        "task" => "#parts",
        "note" => "#timeline",
        "rule" | "verdict" | "false-alarm" | "luck" | "risk" | "close" => "#verdict",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_case::words::{MitigationKind, Verdict};

    use super::*;
    use crate::pages::form::tests::fields;
    use crate::pages::sample::NOW;

    #[test]
    fn each_form_becomes_its_command() {
        let plain = Command::Acknowledge { comment: "on it".into(), expires: None };
        assert_eq!(command("acknowledge", &fields(&[("comment", " on it ")]), NOW).unwrap(), plain);
        let form = fields(&[("what", "restart"), ("text", "restarted nginx")]);
        let expected = Command::Mitigate {
            what: MitigationKind::Restart,
            text: "restarted nginx".into(),
            on_host: false,
            done_at: None,
        };
        assert_eq!(command("mitigate", &form, NOW).unwrap(), expected);
        let form = fields(&[("what", "restart"), ("text", "restarted nginx"), ("minutes", "10")]);
        let earlier = command("mitigate", &form, NOW).unwrap();
        let then = NOW.minus(nearmiss_shared::time::Span::from_minutes(10));
        assert!(matches!(earlier, Command::Mitigate { done_at: Some(at), .. } if at == then));
        let form = fields(&[("verdict", "averted"), ("reason", "as proposed")]);
        let expected = Command::Confirm { verdict: Verdict::Averted, reason: "as proposed".into() };
        assert_eq!(command("verdict", &form, NOW).unwrap(), expected);
        assert_eq!(command("close", &fields(&[]), NOW).unwrap(), Command::Close);
    }

    #[test]
    fn what_is_no_form_of_ours_is_not_there_and_a_wrong_word_is_named() {
        assert!(matches!(command("erase", &fields(&[]), NOW), Err(PageFault::NotFound)));
        let fault = command("mitigate", &fields(&[("what", "prayer")]), NOW).unwrap_err();
        assert!(matches!(fault, PageFault::Form(why) if why.contains("failover")));
        assert!(matches!(command("accept", &fields(&[("until", "soon")]), NOW), Err(PageFault::Form(_))));
    }
}

//! What each form of the retrospective asks the engine to do.

use nearmiss_case::Case;
use nearmiss_case::engine::Command;

use crate::pages::PageFault;
use crate::pages::form::Fields;

/// The commands of the form posted to `/cases/{id}/retrospective/{act}`; saving unchanged answers asks for nothing.
pub(crate) fn commands(act: &str, form: &Fields, case: &Case) -> Result<Vec<Command>, PageFault> {
    Ok(match act {
        "answers" => answers(form, case),
        "part" => vec![Command::Part { role: form.word("role")?, note: form.text("note") }],
        "action" => vec![Command::AddAction {
            kind: form.word("kind")?,
            text: form.text("text"),
            owner: form.word("owner")?,
            due: form.day("due")?,
            proof: form.text("proof"),
        }],
        "verify" => vec![Command::VerifyAction { index: form.word("index")?, proof: form.text("proof") }],
        "held" => vec![Command::Held],
        _ => return Err(PageFault::NotFound),
    })
}

fn answers(form: &Fields, case: &Case) -> Vec<Command> {
    let given = case.retrospective.answers.iter().enumerate();
    given
        .filter_map(|(index, known)| {
            let question = index + 1;
            let text = form.text(&format!("answer-{question}"));
            let same = known.as_ref().is_some_and(|answer| answer.text == text);
            (!text.is_empty() && !same).then_some(Command::Answer { question, text })
        })
        .collect()
}

pub(crate) fn anchor(act: &str) -> &'static str {
    match act {
        "part" => "#says",
        "action" | "verify" => "#actions",
        "held" => "#held",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::form::tests::fields;
    use crate::pages::sample;

    #[test]
    fn only_new_answers_are_given() {
        let mut case = sample::case(1);
        case.retrospective.answers[0] = Some(nearmiss_case::case::Answer {
            text: "the log grew".into(),
            by: "Sana".into(),
            at: sample::NOW,
        });
        let form =
            fields(&[("answer-1", "the log grew"), ("answer-2", "Sana cleaned up"), ("answer-3", " ")]);
        let expected = vec![Command::Answer { question: 2, text: "Sana cleaned up".into() }];
        assert_eq!(commands("answers", &form, &case).unwrap(), expected);
    }

    #[test]
    fn an_action_has_kind_owner_end_and_proof() {
        let form = fields(&[
            ("kind", "automate"),
            ("text", "logrotate unit"),
            ("owner", "devops"),
            ("due", "2026-12-01"),
            ("proof", "the drill disk-full passes"),
        ]);
        let commands = commands("action", &form, &sample::case(1)).unwrap();
        assert!(matches!(&commands[0], Command::AddAction { proof, .. } if proof.contains("drill")));
    }
}

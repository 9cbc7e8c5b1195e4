//! What a message says: what happened, how close, what it means, what to do. Plain text, the same bar as everywhere.

mod lines;
mod steps;

use nearmiss_case::Case;
use nearmiss_case::person::Person;
use nearmiss_case::words::{MessageKind, RetroForm};
use nearmiss_shared::bar::number;
use nearmiss_shared::time::Timestamp;

use lines::{closeness, local, meaning, questions, roles_of, span_of};

/// Everything a text is made of.
pub struct Told<'a> {
    pub case: &'a Case,
    pub client: &'a str,
    pub site: Option<&'a str>,
    pub receiver: &'a Person,
    pub people: &'a [Person],
    /// What the client loses, in its own words.
    pub impact: &'a str,
    pub case_url: String,
    /// Where the receiver answers without signing in.
    pub link: Option<String>,
    pub now: Timestamp,
}

/// Subject and text of one message.
pub fn letter(kind: MessageKind, told: &Told<'_>) -> (String, String) {
    let (what, body) = match kind {
        MessageKind::Page => ("acknowledge now", asked(told)),
        MessageKind::Notice => ("please acknowledge", asked(told)),
        MessageKind::Escalation => ("nobody has acknowledged", escalated(told)),
        MessageKind::Informed => ("for your information", informed(told)),
        MessageKind::Stabilised => ("it is back", stabilised(told)),
        MessageKind::HandOff => ("handed to you", handed(told)),
        MessageKind::Invitation => ("retrospective", invited(told)),
        MessageKind::InvitationCancelled => ("retrospective called off", called_off(told)),
        MessageKind::WrittenRetrospective => ("your answers in writing", written(told)),
        MessageKind::RetrospectiveOverdue => ("retrospective overdue", overdue(told)),
    };
    let case = told.case;
    let drill = if case.drill.is_some() { "Drill: " } else { "" };
    let subject = format!("{drill}{} {}: {what}", case.label(), case.title);
    (subject.chars().take(200).collect(), format!("{}\n\n{body}\n", head(told)))
}

fn head(told: &Told<'_>) -> String {
    let place = told.site.map_or_else(|| told.client.to_owned(), |site| format!("{}, {site}", told.client));
    let mut head = format!("{}  {}\n{place}", told.case.label(), told.case.title);
    if let Some(name) = &told.case.drill {
        head.push_str(&format!("\nThis is a drill ({name}): made-up readings, real work."));
    }
    head
}

fn asked(told: &Told<'_>) -> String {
    let responder = told.case.responder.as_ref();
    let why = responder.map(|one| {
        let due = local(one.acknowledge_due, told.receiver);
        format!("You are asked as {}. Acknowledge by {due}.", one.reason)
    });
    let parts =
        [Some(closeness(told)), Some(meaning(told)), why, Some(answer(told)), Some(steps::first(told.case))];
    join(parts)
}

fn escalated(told: &Told<'_>) -> String {
    let why = told.case.responder.as_ref().map(|one| {
        let due = local(one.acknowledge_due, told.receiver);
        format!("{} was asked to acknowledge by {due} and has not. You are asked next.", one.name)
    });
    join([why, Some(closeness(told)), Some(meaning(told)), Some(answer(told)), Some(steps::first(told.case))])
}

fn informed(told: &Told<'_>) -> String {
    let who = told.case.responder.as_ref().map(|one| {
        let due = local(one.acknowledge_due, told.receiver);
        format!("{} was paged and is to acknowledge by {due}. Nothing is asked of you now.", one.name)
    });
    join([Some(closeness(told)), Some(meaning(told)), who, Some(format!("The case:\n{}", told.case_url))])
}

fn stabilised(told: &Told<'_>) -> String {
    let case = told.case;
    let peak = case
        .measures
        .proximity_peak
        .map(|peak| format!("It came as close as {}; 1 is failure.", number(peak)));
    let drill = case
        .drill
        .as_ref()
        .map(|_| "It was a drill: nothing had to be stopped, and nothing counts as luck.".to_owned());
    let proposed = case.proposed.filter(|_| drill.is_none()).map(|verdict| {
        let by = case.stopped_by.map_or_else(|| "not known".to_owned(), |by| words(by.as_str()));
        format!(
            "Proposed: {}. What stopped it: {by}. Luck: {}. Confirm or correct it on the page.",
            words(verdict.as_str()),
            case.luck
        )
    });
    let when = match (case.retrospective.form, case.retrospective.slot) {
        (RetroForm::Meeting, Some(slot)) => {
            format!("The retrospective is at {}.", local(slot.start, told.receiver))
        }
        _ => {
            format!("The retrospective is in writing, due {}.", local(case.retrospective.due, told.receiver))
        }
    };
    let silent = case.mitigations.is_empty() && case.drill.is_none();
    let action = silent.then(|| {
        "Nobody has said yet what was done. If somebody acted, write it down: without it this counts as luck.".to_owned()
    });
    join([
        peak,
        Some(reasons(case)),
        drill,
        proposed,
        action,
        Some(when),
        Some(format!("The case:\n{}", told.case_url)),
    ])
}

fn handed(told: &Told<'_>) -> String {
    let offer = told.case.hand_off.as_ref().map(|offer| {
        let giver = told.case.responder.as_ref().map_or("nobody", |one| one.name.as_str());
        format!(
            "{giver} hands this case to you; it stays with {giver} until you accept, by {}.\n\n\
             State: {}\nRisks: {}\nNext step: {}",
            local(offer.until, told.receiver),
            offer.state,
            if offer.risks.is_empty() { "none named" } else { &offer.risks },
            offer.next_step
        )
    });
    join([offer, Some(closeness(told)), Some(format!("Accept it on the page:\n{}", told.case_url))])
}

fn invited(told: &Told<'_>) -> String {
    let when = told.case.retrospective.slot.map(|slot| {
        let until = span_of(slot);
        format!("The retrospective of this near miss: {}, {until}.", local(slot.start, told.receiver))
    });
    let due = told.case.retrospective.due;
    let why = match told.case.retrospective.form {
        RetroForm::Meeting => {
            format!("It is due by {}; {}.", local(due, told.receiver), told.case.retrospective.reason)
        }
        RetroForm::Written => format!(
            "The written answers are due by {}, before the meeting ({}).",
            local(due, told.receiver),
            told.case.retrospective.reason
        ),
    };
    join([when, Some(why), Some(roles_of(told)), Some(questions()), Some(page(told))])
}

fn called_off(told: &Told<'_>) -> String {
    join([
        Some("This was a false alarm: the retrospective is called off.".to_owned()),
        Some(format!("The case:\n{}", told.case_url)),
    ])
}

fn written(told: &Told<'_>) -> String {
    let due = local(told.case.retrospective.due, told.receiver);
    let why =
        format!("This retrospective is held in writing, due {due}: {}.", told.case.retrospective.reason);
    let part = "Each role gives its line, or \"nothing from me, because ...\".".to_owned();
    join([Some(why), Some(part), Some(roles_of(told)), Some(questions()), Some(page(told))])
}

fn overdue(told: &Told<'_>) -> String {
    let due = local(told.case.retrospective.due, told.receiver);
    let missing: Vec<String> = told.case.unanswered().iter().map(ToString::to_string).collect();
    let silent: Vec<&str> = told.case.silent_roles().iter().map(|role| role.title()).collect();
    let list = |words: String| if words.is_empty() { "none".to_owned() } else { words };
    join([
        Some(format!("The retrospective of this near miss was due {due} and is not held.")),
        Some(format!(
            "Unanswered questions: {}. No part yet from: {}.",
            list(missing.join(", ")),
            list(silent.join(", "))
        )),
        Some(questions()),
        Some(page(told)),
    ])
}

fn page(told: &Told<'_>) -> String {
    format!("The page, pre-filled with timeline, curve and evidence:\n{}/retrospective", told.case_url)
}

fn answer(told: &Told<'_>) -> String {
    match &told.link {
        Some(link) => format!("Acknowledge here:\n{link}\nThe case:\n{}", told.case_url),
        None => format!("Acknowledge on the page:\n{}", told.case_url),
    }
}

fn reasons(case: &Case) -> String {
    case.measures.reasons.join("\n")
}

fn words(word: &str) -> String {
    word.replace('_', " ")
}

/// The parts that have something to say, a line between them.
fn join<const N: usize>(parts: [Option<String>; N]) -> String {
    let told: Vec<String> = parts.into_iter().flatten().filter(|part| !part.trim().is_empty()).collect();
    told.join("\n\n")
}

#[cfg(test)]
pub(super) mod tests;

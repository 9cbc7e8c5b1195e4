//! The four questions of the framework, what the evidence already says to each, and who has spoken.

use nearmiss_case::Case;
use nearmiss_case::case::Run;
use nearmiss_case::words::{ActionState, LuckClass, StoppedBy, TaskState};
use nearmiss_case::{title, verdict};
use nearmiss_shared::bar;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::{Category, Physical, Role};

use crate::pages::part::closeness::is_running;
use crate::pages::when::{self, When};
use crate::pages::words::{self, Said};

pub(crate) use nearmiss_case::retrospective::QUESTIONS;

/// One question with its answer and its draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub number: usize,
    pub text: &'static str,
    /// What stands in the field.
    pub value: String,
    /// Who answered, and when.
    pub answered: Option<String>,
    /// What the evidence says.
    pub draft: String,
}

/// `from_draft` puts the draft into the field of every question that is not answered.
pub(crate) fn questions(case: &Case, impact: &str, from_draft: bool, now: Timestamp) -> Vec<Question> {
    let drafts = drafts(case, impact);
    let pairs = QUESTIONS.into_iter().zip(drafts).zip(&case.retrospective.answers);
    pairs
        .enumerate()
        .map(|(index, ((text, draft), answer))| Question {
            number: index + 1,
            text,
            value: match answer {
                Some(answer) => answer.text.clone(),
                None if from_draft => to_start_from(index, &draft),
                None => String::new(),
            },
            answered: answer.as_ref().map(|one| format!("{}, {}", one.by, when::relative(one.at, now))),
            draft,
        })
        .collect()
}

/// The evidence, and what only a person can add to it.
fn to_start_from(index: usize, draft: &str) -> String {
    if index == 0 { format!("{draft}\nRoot cause: not found yet.") } else { draft.to_owned() }
}

/// What the evidence says to each question.
pub(crate) fn drafts(case: &Case, impact: &str) -> [String; 4] {
    [almost_failed(case), stopped(case), would_have_happened(case, impact), unnecessary(case)]
}

fn almost_failed(case: &Case) -> String {
    let measures = &case.measures;
    let mut lines = vec![format!(
        "On {}: {} ({}).",
        case.host_name,
        title::what(&case.signal, &case.subject),
        case.signal
    )];
    if let Some(peak) = measures.proximity_peak {
        let margin = measures.margin_minimum.map_or_else(String::new, |left| {
            format!(", {} before failure", words::value(left, &measures.unit))
        });
        lines.push(format!("Closest: {} of 1{margin}.", bar::number(peak)));
    }
    lines.extend(measures.reasons.iter().map(|reason| format!("{}.", reason.trim_end_matches('.'))));
    lines.join("\n")
}

fn stopped(case: &Case) -> String {
    let mut lines = Vec::new();
    match case.stopped_by {
        _ if case.physical == Physical::Receding => {
            lines.push(format!("It is {}.", when::humane(&verdict::propose(case).1)));
        }
        _ if is_running(case.physical) => lines.push("It is still running.".to_owned()),
        _ if case.drill.is_some() => lines.push(
            "A drill: its readings were made up, so nothing had to be stopped. Who answered, and how soon, is what it shows."
                .to_owned(),
        ),
        Some(StoppedBy::Unknown) | None => {
            lines.push("Not known: the evidence does not show what stopped it.".to_owned());
        }
        Some(by) => lines.push(format!("Stopped by {}.", by.said())),
    }
    for one in &case.mitigations {
        lines.push(format!(
            "{}, {}: {} ({}{}).",
            when::short(one.at),
            one.by,
            one.text,
            one.kind.said().to_lowercase(),
            one.run.as_ref().map(|run| ended(run, &case.measures.unit)).unwrap_or_default()
        ));
    }
    if case.luck != LuckClass::None {
        let part = if case.luck == LuckClass::Main { "the main thing" } else { "a part of it" };
        lines.push(format!("Luck was {part}:"));
    }
    lines.extend(case.luck_hits.iter().map(|hit| format!("{}: {}.", hit.rule, hit.evidence)));
    lines.join("\n")
}

/// How a command ended, and what it did to the signal.
fn ended(run: &Run, unit: &str) -> String {
    let exit = match run.exit.as_str() {
        "0" => String::new(),
        exit => format!(", ended with {exit}"),
    };
    match (run.before, run.after) {
        (Some(before), Some(after)) => {
            format!("{exit}; {} → {}", words::value(before, unit), words::value(after, unit))
        }
        _ => exit,
    }
}

fn would_have_happened(case: &Case, impact: &str) -> String {
    let mut lines = Vec::new();
    if impact.is_empty() {
        lines.push("What this client loses is not entered: say it in business words.".to_owned());
    } else {
        lines.push(format!("{impact}."));
    }
    if let Some(left) = case.measures.failure_at_open {
        let at = case.opened_at.plus(nearmiss_shared::time::Span::from_millis((left * 1000.0) as i64));
        lines.push(format!(
            "Failure was predicted for {} ({} after it came near).",
            when::exact(at),
            when::span(left)
        ));
        lines.extend(slack(case, left));
    }
    lines.join("\n")
}

/// B of the specification: predicted time over the time it took to turn.
fn slack(case: &Case, predicted: f64) -> Option<String> {
    let taken = case.turned_at()?.since(case.episodes.last()?.opened_at).as_seconds();
    (taken > 0.0).then(|| {
        let slack = predicted / taken;
        let verdict = if slack > 1.0 { "it turned in time" } else { "only a change of trend saved it" };
        format!("It turned after {}: slack {slack:.1}, {verdict}.", when::span(taken))
    })
}

fn unnecessary(case: &Case) -> String {
    let by_rule = case.luck_hits.iter().map(|hit| match hit.rule.as_str() {
        "L1" => "Train: whoever answers writes down what was done. Automate: the action that would have stopped it.",
        "L2" => "Harden: an alert early enough that the first action comes before the turn.",
        "L5" => "Harden: more margin, or an earlier approach level; the response took longer than the time left.",
        "L9" => "Train: the alert reached nobody who answered; test the rota and its channels.",
        "L12" => "Harden: close the gap in the readings, so that the next turn is seen.",
        _ => "Name one action that makes this luck unnecessary.",
    });
    let mut lines: Vec<&str> = by_rule.collect();
    lines.push(match case.category {
        Category::Capacity => {
            "Automate: rotate or remove what grew; block a deploy below a share of free space."
        }
        Category::Disk => {
            "Automate: simulate a disk failure monthly. Harden: replace the aging drive, add redundancy."
        }
        Category::Service => {
            "Automate: a health check that restarts before the limit. Harden: fix the crash."
        }
        Category::Login => "Harden: multi-factor sign-in, network segmentation, a lockout that is tested.",
        Category::Certificate => "Automate: renewal, and a check that the new one is served.",
        Category::Backup => "Automate: a restore that is tested on a schedule.",
        _ => "Automate, harden or train: one action with an owner, an end and the proof that will be asked.",
    });
    lines.join("\n")
}

/// A role's say.
#[derive(Clone, Debug)]
pub(crate) struct Say {
    pub role: Role,
    pub title: &'static str,
    pub open: usize,
    pub notes: Vec<String>,
}

pub(crate) fn says(case: &Case) -> Vec<Say> {
    let say = |role: Role| {
        let own = || case.tasks.iter().filter(move |task| task.role == role);
        let mut notes: Vec<String> =
            own().filter(|task| !task.note.is_empty()).map(|task| task.note.clone()).collect();
        // One line may have closed several tasks.
        notes.dedup();
        Say {
            role,
            title: role.title(),
            open: own().filter(|task| task.state == TaskState::Open).count(),
            notes,
        }
    };
    Role::FOUR.into_iter().map(say).collect()
}

/// An action of the fourth question.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub index: usize,
    pub kind: String,
    pub text: String,
    pub owner: &'static str,
    pub due: When,
    pub overdue: bool,
    pub proof: String,
    pub open: bool,
    pub state: String,
}

pub(crate) fn actions(case: &Case, now: Timestamp) -> Vec<Step> {
    let numbered = case.actions.iter().enumerate();
    numbered
        .map(|(index, action)| Step {
            index,
            kind: action.kind.to_string(),
            text: action.text.clone(),
            owner: action.owner.title(),
            due: When::new(action.due, now),
            overdue: action.state == ActionState::Open && action.due < now,
            proof: action.proof.clone(),
            open: action.state == ActionState::Open,
            state: action.state.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::sample;
    use nearmiss_case::luck::RuleHit;

    #[test]
    fn the_questions_are_the_frameworks_and_come_with_what_the_evidence_says() {
        let mut case = sample::case(1);
        case.physical = Physical::Recovered;
        case.stopped_by = Some(StoppedBy::Luck);
        case.luck = LuckClass::Main;
        case.luck_hits.push(RuleHit {
            rule: "L1".into(),
            evidence: "nobody was on it".into(),
            on: Vec::new(),
        });
        let asked = questions(&case, "Calibration records are down", false, sample::NOW);
        assert_eq!(asked[1].text, "What stopped it? (Human action, monitoring, luck?)");
        assert!(
            asked[0].draft.contains("/srv filling") && asked[0].draft.contains("10.0 % before failure"),
            "{}",
            asked[0].draft
        );
        assert!(asked[1].draft.contains("L1: nobody was on it"));
        assert!(!asked[0].draft.contains("Root cause"), "{}", asked[0].draft);
        case.drill = Some("disk-full".into());
        let drill = &questions(&case, "", false, sample::NOW)[1].draft;
        assert!(drill.starts_with("A drill:") && !drill.contains("Stopped by"), "{drill}");
        assert!(asked[2].draft.contains("predicted for Tue 24 Nov 2026, 06:30 UTC"));
        assert!(asked[3].draft.starts_with("Train: whoever answers"));
        assert!(asked.iter().all(|question| question.value.is_empty()), "nothing is put into anyone's mouth");
        assert!(questions(&case, "", true, sample::NOW).iter().all(|question| !question.value.is_empty()));
    }

    #[test]
    fn every_role_has_its_say() {
        let says = says(&sample::case(1));
        assert_eq!(
            says.iter().map(|say| say.title).collect::<Vec<_>>(),
            ["Sysadmin", "DevOps Engineer", "Security Lead", "BC Lead"]
        );
        assert!(says.iter().all(|say| say.open > 0 && say.notes.is_empty()));
    }
}

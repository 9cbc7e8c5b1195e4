//! `GET|PUT /api/v1/cases/{id}/retrospective`: the four questions, their answers and drafts, each role's part.
//!
//! PUT takes any of `{answers: {"1": text, …}, parts: {role: text}, held: true}`, in that order; each is its own move,
//! so what came before a refusal is kept.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use nearmiss_case::Case;
use nearmiss_case::engine::Command;
use nearmiss_shared::vocabulary::Role;
use serde::Deserialize;
use serde_json::{Value, json};

use super::moved::{self, Body};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;
use crate::pages::{QUESTIONS, drafts};

#[derive(Debug, Deserialize)]
pub(super) struct Written {
    #[serde(default)]
    answers: BTreeMap<usize, String>,
    #[serde(default)]
    parts: BTreeMap<Role, String>,
    #[serde(default)]
    held: bool,
}

pub(super) async fn get(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let row = moved::case(&app, &principal, &id).await?;
    let impact = app.store.settings(row.scope()).await?.impact;
    Ok(Json(told(&row.case, &impact)))
}

pub(super) async fn put(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    Body(body): Body<Written>,
) -> Result<Json<Value>, Problem> {
    let row = moved::case(&app, &principal, &id).await?;
    let mut case = row.case.clone();
    for command in commands(body) {
        case = app.command(&principal, row.scope(), case.id, command).await?;
    }
    let impact = app.store.settings(row.scope()).await?.impact;
    Ok(Json(told(&case, &impact)))
}

fn commands(body: Written) -> Vec<Command> {
    let answers = body.answers.into_iter().map(|(question, text)| Command::Answer { question, text });
    let parts = body.parts.into_iter().map(|(role, note)| Command::Part { role, note });
    answers.chain(parts).chain(body.held.then_some(Command::Held)).collect()
}

fn told(case: &Case, impact: &str) -> Value {
    let retrospective = &case.retrospective;
    let asked = QUESTIONS.iter().zip(drafts(case, impact)).zip(&retrospective.answers).enumerate();
    let questions: Vec<Value> = asked
        .map(|(index, ((text, draft), answer))| {
            json!({
                "number": index + 1,
                "question": text,
                "answer": answer.as_ref().map(|one| &one.text),
                "by": answer.as_ref().map(|one| &one.by),
                "at": answer.as_ref().map(|one| one.at),
                "draft": draft,
            })
        })
        .collect();
    let silent = case.silent_roles();
    let roles = Role::FOUR.map(|role| json!({"role": role, "given": !silent.contains(&role)}));
    json!({
        "due": retrospective.due,
        "form": retrospective.form,
        "scheduled_at": retrospective.slot.map(|slot| slot.start),
        "held_at": retrospective.held_at,
        "reason": retrospective.reason,
        "questions": questions,
        "roles": roles,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::sample;

    #[test]
    fn four_questions_four_roles() {
        let told = told(&sample::case(1), "");
        assert_eq!(told["questions"].as_array().map(Vec::len), Some(4));
        assert_eq!(told["questions"][3]["number"], 4);
        assert_eq!(told["questions"][0]["answer"], Value::Null);
        assert_eq!(told["roles"][3], json!({"role": "bc_lead", "given": false}));
    }

    #[test]
    fn what_is_written_comes_before_held() {
        let body = r#"{"held": true, "parts": {"devops": "nothing from me, because"}, "answers": {"2": "b", "1": "a"}}"#;
        let commands = commands(serde_json::from_str(body).unwrap());
        assert_eq!(commands[0], Command::Answer { question: 1, text: "a".into() });
        assert_eq!((commands.len(), commands.last()), (4, Some(&Command::Held)));
    }
}

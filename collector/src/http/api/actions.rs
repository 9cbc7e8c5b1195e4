//! `POST /api/v1/cases/{id}/actions`: what was done, noted, or will be done, told apart by `kind`:
//!
//! - `failover`, `restart`, `isolate`, `other`: `{kind, text, at?}`, a mitigation, done now or then;
//! - `note`: `{kind, text}`;
//! - `automate`, `harden`, `train`: `{kind, text, owner, due, proof}`, an action of the fourth question;
//! - `verify`: `{kind, action, proof}`, the action of that index is done;
//! - `task`: `{kind, task, text, waived?}`, a role's task ends with its line.

use axum::Json;
use axum::extract::{Path, State};
use nearmiss_case::engine::Command;
use nearmiss_case::words::{ActionKind, MitigationKind};
use nearmiss_shared::identity::TaskId;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Role;
use serde::Deserialize;

use super::case_json::CaseJson;
use super::moved::{self, Body};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

#[derive(Debug, Deserialize)]
pub(super) struct Act {
    kind: String,
    #[serde(default)]
    text: String,
    at: Option<Timestamp>,
    owner: Option<Role>,
    due: Option<Timestamp>,
    #[serde(default)]
    proof: String,
    action: Option<usize>,
    task: Option<TaskId>,
    #[serde(default)]
    waived: bool,
}

pub(super) async fn post(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    Body(body): Body<Act>,
) -> Result<Json<CaseJson>, Problem> {
    let row = moved::case(&app, &principal, &id).await?;
    moved::give(&app, &principal, &row, command(body)?).await
}

fn command(act: Act) -> Result<Command, Problem> {
    if let Ok(what) = act.kind.parse::<MitigationKind>() {
        return Ok(Command::Mitigate { what, text: act.text, on_host: false, done_at: act.at });
    }
    if let Ok(kind) = act.kind.parse::<ActionKind>() {
        let (owner, due) = (need(act.owner, "owner")?, need(act.due, "due")?);
        return Ok(Command::AddAction { kind, text: act.text, owner, due, proof: act.proof });
    }
    match act.kind.as_str() {
        "note" => Ok(Command::Note { text: act.text }),
        "verify" => Ok(Command::VerifyAction { index: need(act.action, "action")?, proof: act.proof }),
        "task" => Ok(Command::Task { id: need(act.task, "task")?, note: act.text, waived: act.waived }),
        other => Err(Problem::bad_request(format!(
            "kind: `{other}` is none of failover, restart, isolate, other, note, automate, harden, train, verify, task"
        ))),
    }
}

fn need<T>(value: Option<T>, name: &str) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::bad_request(format!("{name} is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Command, Problem> {
        command(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn the_kind_says_what_is_meant() {
        let done = read(r#"{"kind": "restart", "text": "nginx"}"#).unwrap();
        assert!(matches!(done, Command::Mitigate { what: MitigationKind::Restart, on_host: false, .. }));
        let planned = r#"{"kind": "harden", "text": "x", "owner": "devops", "due": "2026-12-01T00:00:00Z", "proof": "y"}"#;
        assert!(matches!(read(planned).unwrap(), Command::AddAction { owner: Role::Devops, .. }));
        assert!(matches!(
            read(r#"{"kind": "verify", "action": 0, "proof": "y"}"#).unwrap(),
            Command::VerifyAction { .. }
        ));
        assert!(
            read(r#"{"kind": "harden", "text": "x"}"#).unwrap_err().detail().contains("owner is missing")
        );
        assert!(read(r#"{"kind": "pray"}"#).unwrap_err().detail().contains("`pray` is none of"));
    }
}

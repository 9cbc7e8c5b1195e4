//! `POST /api/v1/cases/{id}/verdict`, one of:
//!
//! - `{verdict, reason?}` confirms what it was;
//! - `{false_alarm, reason, evidence}`: nothing was approaching; `false_alarm` is one of sensor, threshold, planned_work, duplicate;
//! - `{ruling, reason}` is the Security Lead's word on a login, patch or misconfiguration case;
//! - `{stopped_by, luck, reason, evidence?}` says what stopped it in place of what the rules propose;
//! - `{outcome, barriers, reason?}` confirms the risk class, or chooses another.

use axum::Json;
use axum::extract::{Path, State};
use nearmiss_case::engine::Command;
use nearmiss_case::erc::{Barriers, Outcome};
use nearmiss_case::words::{FalseAlarmCode, LuckClass, Ruling, StoppedBy, Verdict};
use serde::Deserialize;

use super::case_json::CaseJson;
use super::moved::{self, Body};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

#[derive(Deserialize)]
pub(super) struct Judgement {
    verdict: Option<Verdict>,
    ruling: Option<Ruling>,
    false_alarm: Option<FalseAlarmCode>,
    stopped_by: Option<StoppedBy>,
    luck: Option<LuckClass>,
    /// A bundle of the case where luck is lowered; of a false alarm, whatever shows it.
    evidence: Option<String>,
    outcome: Option<Outcome>,
    barriers: Option<Barriers>,
    #[serde(default)]
    reason: String,
}

pub(super) async fn post(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    Body(body): Body<Judgement>,
) -> Result<Json<CaseJson>, Problem> {
    let row = moved::case(&app, &principal, &id).await?;
    moved::give(&app, &principal, &row, command(body)?).await
}

fn command(body: Judgement) -> Result<Command, Problem> {
    let Judgement { verdict, ruling, false_alarm, stopped_by, luck, evidence, outcome, barriers, reason } =
        body;
    match (verdict, ruling, false_alarm, stopped_by.zip(luck), outcome.zip(barriers)) {
        (Some(verdict), None, None, None, None) => Ok(Command::Confirm { verdict, reason }),
        (None, Some(ruling), None, None, None) => Ok(Command::Rule { ruling, reason }),
        (None, None, Some(code), None, None) => {
            Ok(Command::FalseAlarm { code, reason, evidence: evidence.unwrap_or_default() })
        }
        (None, None, None, Some((stopped_by, luck)), None) => {
            let bundle = |text: String| {
                text.parse()
                    .map_err(|_| Problem::bad_request(format!("evidence: `{text}` is no bundle's id")))
            };
            Ok(Command::Luck { stopped_by, luck, reason, evidence: evidence.map(bundle).transpose()? })
        }
        (None, None, None, None, Some((outcome, barriers))) => {
            Ok(Command::Classify { outcome, barriers, reason })
        }
        _ => Err(Problem::bad_request(
            "one of these is given: verdict; ruling; false_alarm; stopped_by with luck; outcome with barriers",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_judged_at_a_time() {
        let read = |text: &str| command(serde_json::from_str(text).unwrap());
        let luck =
            read(r#"{"stopped_by": "coincidence", "luck": "main", "reason": "the nightly job"}"#).unwrap();
        assert!(matches!(luck, Command::Luck { luck: LuckClass::Main, evidence: None, .. }));
        let risk = read(r#"{"outcome": "minor", "barriers": "limited", "reason": "a test host"}"#).unwrap();
        assert!(matches!(risk, Command::Classify { outcome: Outcome::Minor, .. }));
        for wrong in [
            "{}",
            r#"{"stopped_by": "coincidence"}"#,
            r#"{"verdict": "averted", "ruling": "no_compromise"}"#,
            r#"{"verdict": "averted", "outcome": "minor", "barriers": "limited"}"#,
        ] {
            assert!(read(wrong).unwrap_err().detail().contains("one of these"), "{wrong}");
        }
    }
}

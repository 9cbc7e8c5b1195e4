//! `POST /api/v1/cases/{id}/hand-off`: `{to, state, risks?, next_step, until}` offers it to a person (id or e-mail);
//! `{"accept": true}` by the receiver takes it.

use axum::Json;
use axum::extract::{Path, State};
use nearmiss_case::engine::Command;
use nearmiss_case::person::Person;
use nearmiss_shared::identity::PersonId;
use nearmiss_shared::time::Timestamp;
use serde::Deserialize;

use super::case_json::CaseJson;
use super::moved::{self, Body};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum HandOff {
    Accept {
        accept: bool,
    },
    Offer {
        to: String,
        state: String,
        #[serde(default)]
        risks: String,
        next_step: String,
        until: Timestamp,
    },
}

pub(super) async fn post(
    State(app): State<App>,
    Caller(principal): Caller,
    Path(id): Path<String>,
    Body(body): Body<HandOff>,
) -> Result<Json<CaseJson>, Problem> {
    let row = moved::case(&app, &principal, &id).await?;
    let command = match body {
        HandOff::Accept { accept: true } => Command::AcceptHandOff,
        HandOff::Accept { accept: false } => return Err(Problem::bad_request("accept is true or absent")),
        HandOff::Offer { to, state, risks, next_step, until } => {
            let to = receiver(&app.store.people(row.scope()).await?, &to)?;
            Command::HandOff { to, state, risks, next_step, until }
        }
    };
    moved::give(&app, &principal, &row, command).await
}

fn receiver(people: &[Person], to: &str) -> Result<PersonId, Problem> {
    let found = people.iter().find(|person| person.email == to || person.id.to_string() == to);
    found
        .map(|person| person.id)
        .ok_or_else(|| Problem::bad_request("to: nobody of that id or e-mail is known here"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::sample;

    #[test]
    fn a_receiver_is_named_by_id_or_address() {
        let people = sample::people();
        assert_eq!(receiver(&people, "2@falcon.example"), Ok(people[1].id));
        assert_eq!(receiver(&people, &people[2].id.to_string()), Ok(people[2].id));
        assert!(receiver(&people, "nobody").is_err());
    }
}

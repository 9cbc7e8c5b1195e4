//! `GET /api/v1/cases?state=open|closed|all&client=&host=&category=&cursor=&limit=`: newest first, page by page.

use axum::Json;
use axum::extract::{Query, State};
use nearmiss_store::cases::{CaseFilter, CaseState};
use serde::{Deserialize, Serialize};

use super::case_json::CaseJson;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::problem::Problem;

const LIMIT: u32 = 50;
const MOST: u32 = 200;

/// Filters as they are written in the address; an empty one does not filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filters {
    state: String,
    client: String,
    host: String,
    category: String,
    cursor: String,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct Cases {
    items: Vec<CaseJson>,
    /// The cursor of the next page; null on the last.
    next: Option<String>,
}

pub(super) async fn get(
    State(app): State<App>,
    Caller(principal): Caller,
    Query(filters): Query<Filters>,
) -> Result<Json<Cases>, Problem> {
    let filter = filters.read()?;
    let wanted = CaseFilter { limit: filter.limit + 1, ..filter.clone() };
    let mut rows = app.store.cases(&principal.scopes(), &wanted).await?;
    let more = rows.len() > filter.limit as usize;
    rows.truncate(filter.limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.case.id.to_string());
    let items = rows.iter().map(|row| CaseJson::new(&row.case, &row.client_name, row.site_name.as_deref()));
    Ok(Json(Cases { items: items.collect(), next }))
}

impl Filters {
    fn read(self) -> Result<CaseFilter, Problem> {
        let state = match self.state.as_str() {
            "" | "open" => CaseState::Open,
            "closed" => CaseState::Closed,
            "all" => CaseState::All,
            other => {
                return Err(Problem::bad_request(format!("state: `{other}` is none of open, closed, all")));
            }
        };
        let category = given(self.category).map(|word| word.parse()).transpose();
        let after = given(self.cursor).map(|cursor| cursor.parse()).transpose();
        Ok(CaseFilter {
            state,
            client: given(self.client),
            host: given(self.host),
            category: category.map_err(|fault| Problem::bad_request(format!("category: {fault}")))?,
            after: after
                .map_err(|_| Problem::bad_request("cursor: take it from `next` of the page before"))?,
            limit: self.limit.unwrap_or(LIMIT).clamp(1, MOST),
        })
    }
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::vocabulary::Category;

    use super::*;

    #[test]
    fn filters_are_read_or_named_as_wrong() {
        let filter =
            Filters { category: "disk".into(), limit: Some(9_999), ..Filters::default() }.read().unwrap();
        assert_eq!((filter.category, filter.limit), (Some(Category::Disk), MOST));
        assert!(matches!(filter.state, CaseState::Open));
        for wrong in [
            Filters { state: "half".into(), ..Filters::default() },
            Filters { category: "discs".into(), ..Filters::default() },
            Filters { cursor: "x".into(), ..Filters::default() },
        ] {
            assert_eq!(wrong.read().unwrap_err().status(), axum::http::StatusCode::BAD_REQUEST);
        }
    }
}

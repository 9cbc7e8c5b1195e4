//! Problem details (RFC 9457): what went wrong in words for the caller, never an internal error's text.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nearmiss_store::StoreError;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::error;

use crate::service::ServiceError;

/// One problem. Unless a rule of the house was broken, its type is `about:blank` and its title the status' own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    #[serde(serialize_with = "number")]
    status: StatusCode,
    detail: String,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// The media type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";
/// The type of a move that a rule of the case engine forbids; the title names the rule.
const FORBIDDEN_MOVE: &str = "urn:nearmiss:problem:forbidden-move";

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Problem").to_owned();
        Self { kind: "about:blank", title, status, detail: detail.into(), more: Map::new() }
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing at this address that you may see")
    }

    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// An extension member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    pub const fn status(&self) -> StatusCode {
        self.status
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut answer = (status, Json(self)).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

/// The text of the store's fault is for the log alone.
impl From<StoreError> for Problem {
    fn from(fault: StoreError) -> Self {
        error!(%fault, "a request failed in the store");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the collector could not do this; its log says why")
    }
}

impl From<ServiceError> for Problem {
    fn from(fault: ServiceError) -> Self {
        match fault {
            ServiceError::NotFound => Self::not_found(),
            ServiceError::Forbidden(why) => Self::forbidden(why),
            ServiceError::Refused(refusal) => {
                let mut problem = Self::conflict(refusal.why);
                problem.kind = FORBIDDEN_MOVE;
                refusal.rule.clone_into(&mut problem.title);
                problem
            }
            ServiceError::Store(fault) => fault.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_and_nothing_of_the_inside() {
        let fault = StoreError::Row {
            table: "case_file",
            column: "document",
            id: "secret".to_owned(),
            why: "inside".to_owned(),
        };
        let text = serde_json::to_string(&Problem::from(fault)).unwrap();
        assert!(!text.contains("case_file") && !text.contains("inside"), "{text}");
        let skew = Problem::unauthorized("created is off").with("server_time", "2026-11-23T18:12:57.250Z");
        assert_eq!(
            serde_json::to_value(skew).unwrap(),
            serde_json::json!({
                "type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "created is off",
                "server_time": "2026-11-23T18:12:57.250Z",
            })
        );
    }

    #[test]
    fn a_forbidden_move_names_its_rule() {
        let refusal =
            nearmiss_case::Refusal { rule: "close needs four answers", why: "unanswered: 2".to_owned() };
        let problem = Problem::from(ServiceError::Refused(refusal));
        assert_eq!((problem.status(), problem.title()), (StatusCode::CONFLICT, "close needs four answers"));
    }
}

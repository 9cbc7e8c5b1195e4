//! What went wrong, as a page in plain words. Nothing of the inside is told: a fault of ours is logged once, here.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use nearmiss_store::StoreError;

use super::shell::Shell;
use crate::service::ServiceError;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum PageFault {
    /// Not there, or not this caller's to see: the same answer.
    NotFound,
    Forbidden(String),
    /// A rule of the case forbids the move.
    Refused {
        rule: String,
        why: String,
    },
    /// A form that says something we do not understand.
    Form(String),
    /// A link that has ended.
    Gone(String),
    Inside(String),
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage {
    shell: Shell,
    heading: String,
    text: String,
    rule: Option<String>,
    go_back: bool,
}

impl PageFault {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Refused { .. } => StatusCode::CONFLICT,
            Self::Form(_) => StatusCode::BAD_REQUEST,
            Self::Gone(_) => StatusCode::GONE,
            Self::Inside(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn page(&self) -> FaultPage {
        let (heading, text, rule, go_back) = match self {
            Self::NotFound => {
                ("Not here", "Nothing you may see has this address.".to_owned(), None, false)
            }
            Self::Forbidden(why) => ("Not yours to do", why.clone(), None, true),
            Self::Refused { rule, why } => ("That is not possible now", why.clone(), Some(rule.clone()), true),
            Self::Form(why) => ("The form was not understood", why.clone(), None, true),
            Self::Gone(why) => ("This link has ended", why.clone(), None, false),
            Self::Inside(_) => (
                "A fault on our side",
                "Nothing was changed. The fault is in the collector's log; try again, and tell whoever runs it."
                    .to_owned(),
                None,
                true,
            ),
        };
        FaultPage { shell: Shell::plain(heading), heading: heading.to_owned(), text, rule, go_back }
    }
}

impl IntoResponse for PageFault {
    fn into_response(self) -> Response {
        if let Self::Inside(why) = &self {
            tracing::error!(why, "a page could not be made");
        }
        let body = self.page().render().unwrap_or_else(|_| "A fault on our side.".to_owned());
        (self.status(), Html(body)).into_response()
    }
}

impl From<askama::Error> for PageFault {
    fn from(fault: askama::Error) -> Self {
        Self::Inside(fault.to_string())
    }
}

impl From<StoreError> for PageFault {
    fn from(fault: StoreError) -> Self {
        Self::Inside(fault.to_string())
    }
}

impl From<ServiceError> for PageFault {
    fn from(fault: ServiceError) -> Self {
        match fault {
            ServiceError::NotFound => Self::NotFound,
            ServiceError::Forbidden(why) => Self::Forbidden(why),
            ServiceError::Refused(refusal) => {
                Self::Refused { rule: refusal.rule.to_owned(), why: refusal.why }
            }
            ServiceError::Store(fault) => fault.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_rule_and_an_inner_fault_tells_nothing() {
        let refused =
            PageFault::Refused { rule: "close needs four answers".into(), why: "unanswered: 2 <b>".into() };
        let page = refused.page().render().unwrap();
        assert!(page.contains("close needs four answers") && page.contains("2 &#60;b&#62;"), "{page}");
        let inside = PageFault::Inside("table person has no column x".into()).page().render().unwrap();
        assert!(!inside.contains("column"));
    }
}

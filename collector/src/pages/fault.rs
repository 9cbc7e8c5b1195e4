//! What went wrong, as a page in plain words. Nothing of the inside is told: a fault of ours is logged once, here.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use nearmiss_store::StoreError;

use super::shell::Shell;
use super::when;
use super::words::sentence;
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
    /// A form beyond all bounds.
    TooLong,
    /// A link that has ended.
    Gone(String),
    Inside(String),
    /// What went wrong on the page of a case: there is a way back, and what was typed is not lost.
    At(Box<PageFault>, Box<Place>),
}

/// Where somebody was, and what they had typed there.
#[derive(Debug)]
pub(crate) struct Place {
    pub shell: Shell,
    pub href: String,
    /// `NM-0042`.
    pub label: String,
    pub typed: Vec<String>,
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage {
    shell: Shell,
    heading: String,
    text: String,
    rule: Option<String>,
    go_back: bool,
    place: Option<(String, String)>,
    typed: Vec<String>,
}

impl PageFault {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Refused { .. } => StatusCode::CONFLICT,
            Self::Form(_) => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Gone(_) => StatusCode::GONE,
            Self::Inside(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::At(fault, _) => fault.status(),
        }
    }

    /// The same fault, with the way back to where it happened.
    pub(crate) fn at(self, place: Place) -> Self {
        Self::At(Box::new(self), Box::new(place))
    }

    fn why(&self) -> &Self {
        if let Self::At(fault, _) = self { fault.why() } else { self }
    }

    fn page(&self) -> FaultPage {
        let page = self.why().plain_page();
        let Self::At(_, place) = self else { return page };
        FaultPage {
            shell: Shell { title: page.heading.clone(), ..place.shell.clone() },
            go_back: false,
            place: Some((place.href.clone(), place.label.clone())),
            typed: place.typed.clone(),
            ..page
        }
    }

    fn plain_page(&self) -> FaultPage {
        let (heading, text, rule, go_back) = match self {
            Self::NotFound => {
                ("Not here", "Nothing you may see has this address.".to_owned(), None, false)
            }
            Self::Forbidden(why) => ("Not yours to do", why.clone(), None, true),
            Self::Refused { rule, why } => {
                ("That is not possible now", sentence(&when::humane(why)), Some(plain(rule)), true)
            }
            Self::Form(why) => ("The form was not understood", why.clone(), None, true),
            Self::TooLong => {
                ("The form was too long", "Nothing was changed.".to_owned(), None, true)
            }
            Self::Gone(why) => ("This link has ended", why.clone(), None, false),
            Self::Inside(_) | Self::At(..) => (
                "A fault on our side",
                "Nothing was changed. The fault is in the collector's log; try again, and tell whoever runs it."
                    .to_owned(),
                None,
                true,
            ),
        };
        FaultPage {
            shell: Shell::plain(heading),
            heading: heading.to_owned(),
            text,
            rule,
            go_back,
            place: None,
            typed: Vec::new(),
        }
    }
}

/// A rule's name as a person would say it; most are said so already.
fn plain(rule: &str) -> String {
    match rule {
        "BECAME_INCIDENT is sticky" => "what has reached its failure limit stays an incident",
        "AVERTED needs evidence of absence" => {
            "averted is only what the evidence shows to have stayed short of failure"
        }
        "FALSE_ALARM has a code and evidence" => "a false alarm says what was wrong and what shows it",
        "DRILL is announced before it opens" => {
            "a drill is announced before it begins; a real signal is none"
        }
        "close needs four answers" => "a case is closed when all four questions are answered",
        "close needs all four roles" => "a case is closed when each of the four roles has given its part",
        "close needs the retrospective" => "a case is closed after its retrospective",
        "close needs every action done or accepted" => "a case is closed when every action is done",
        "close needs a confirmed verdict" => "a case is closed when its verdict is confirmed",
        other => other,
    }
    .to_owned()
}

impl IntoResponse for PageFault {
    fn into_response(self) -> Response {
        if let Self::Inside(why) = self.why() {
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
        assert!(
            page.contains("all four questions are answered") && page.contains("Unanswered: 2 &#60;b&#62;"),
            "{page}"
        );
        let inside = PageFault::Inside("table person has no column x".into()).page().render().unwrap();
        assert!(!inside.contains("column"));
    }

    #[test]
    fn what_went_wrong_on_a_case_leads_back_to_it_and_keeps_what_was_typed() {
        let place = Place {
            shell: Shell::plain("a case"),
            href: "/cases/NM-0042#verdict".into(),
            label: "NM-0042".into(),
            typed: vec!["swapped the <fan>".into()],
        };
        let refused = PageFault::Refused { rule: "a rule".into(), why: "no".into() }.at(place);
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        let page = refused.page().render().unwrap();
        assert!(
            page.contains("href=\"/cases/NM-0042#verdict\"") && page.contains("Back to NM-0042"),
            "{page}"
        );
        assert!(page.contains("swapped the &#60;fan&#62;"), "{page}");
    }
}

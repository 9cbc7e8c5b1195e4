//! The fields of a posted form: trimmed and bounded. The session's token was checked before.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::Form;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use nearmiss_shared::time::{Span, Timestamp};

use super::PageFault;

/// A form of a page that needs no sign-in; one that cannot be read is answered with a page.
pub(crate) struct PageForm(pub Fields);

impl<S: Send + Sync> FromRequest<S> for PageForm {
    type Rejection = PageFault;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageFault> {
        match Form::<Fields>::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(fault) if fault.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(PageFault::TooLong),
            Err(_) => Err(PageFault::Form("It did not come as a form of this page.".to_owned())),
        }
    }
}

/// More than this of one field is not read by anybody.
const LONGEST: usize = 20_000;

/// Fields by name.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// The trimmed text; empty when absent.
    pub(crate) fn text(&self, name: &str) -> String {
        let text = self.0.get(name).map_or("", |text| text.trim());
        text.chars().take(LONGEST).collect::<String>().replace("\r\n", "\n")
    }

    /// Whatever was written in a field of words: what a person would not like to write again.
    pub(crate) fn typed(&self) -> Vec<String> {
        const WORDS: [&str; 8] =
            ["comment", "text", "note", "reason", "state", "risks", "next_step", "proof"];
        let is_words = |name: &str| WORDS.contains(&name) || name.starts_with("answer-");
        let names = self.0.keys().filter(|name| is_words(name));
        names.map(|name| self.text(name)).filter(|text| !text.is_empty()).collect()
    }

    /// The text as it came: a password may begin with a space.
    pub(crate) fn raw(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|text| !text.is_empty())
    }

    /// A member of a closed set or an id.
    pub(crate) fn word<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<T, PageFault> {
        self.text(name)
            .parse()
            .map_err(|fault: T::Err| PageFault::Form(format!("{}: {fault}", name.replace('_', " "))))
    }

    /// The end of a day written `2026-12-24`, in UTC.
    pub(crate) fn day(&self, name: &str) -> Result<Timestamp, PageFault> {
        let text = self.text(name);
        format!("{text}T23:59:59Z")
            .parse()
            .map_err(|_| PageFault::Form(format!("`{text}` is no day such as 2026-12-24")))
    }

    /// So many minutes before `now`, at most a week; `None` for none.
    pub(crate) fn minutes_ago(&self, name: &str, now: Timestamp) -> Result<Option<Timestamp>, PageFault> {
        if !self.is_set(name) {
            return Ok(None);
        }
        let minutes: u16 = self.word(name)?;
        Ok((minutes > 0).then(|| now.minus(Span::from_minutes(i64::from(minutes.min(10_080))))))
    }

    /// `now` and this many hours, at most 90 days.
    pub(crate) fn hours(&self, name: &str, now: Timestamp) -> Result<Timestamp, PageFault> {
        let hours: u16 = self.word(name)?;
        Ok(now.plus(Span::from_hours(i64::from(hours.min(2_160)))))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn a_field_is_trimmed_and_a_day_ends_at_its_end() {
        let form =
            fields(&[("text", "  swapped\r\nsdb "), ("until", "2026-12-24"), ("for", "4"), ("bad", "soon")]);
        assert_eq!(form.text("text"), "swapped\nsdb");
        assert_eq!(form.day("until").unwrap().to_string(), "2026-12-24T23:59:59.000Z");
        let now = Timestamp::from_millis(0);
        assert_eq!(form.hours("for", now).unwrap(), Timestamp::from_millis(4 * 3_600_000));
        assert!(matches!(form.day("bad"), Err(PageFault::Form(_))));
        assert!(matches!(form.hours("bad", now), Err(PageFault::Form(_))));
        assert_eq!(form.text("absent"), "");
        let secret =
            fields(&[("password", "p"), ("form_token", "t"), ("reason", " why "), ("answer-1", "so")]);
        assert_eq!(secret.typed(), ["so", "why"], "no secret is shown");
    }
}

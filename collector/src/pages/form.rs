//! The fields of a posted form: trimmed and bounded. The session's token was checked before.

use std::collections::BTreeMap;
use std::str::FromStr;

use nearmiss_shared::time::{Span, Timestamp};

use super::PageFault;

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
    }
}

//! A case by its id or its number (`NM-0042`, `42`), among the caller's clients; another client's is not there.

use nearmiss_shared::action::CaseNumber;
use nearmiss_shared::identity::CaseId;
use nearmiss_store::cases::CaseRow;
use nearmiss_store::{Principal, StoreError};

use crate::app::App;

/// What an address calls a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseName {
    Id(CaseId),
    Number(u64),
}

impl CaseName {
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Ok(id) = text.parse() {
            return Some(Self::Id(id));
        }
        text.parse().ok().map(|CaseNumber(number)| Self::Number(number))
    }
}

/// The case this text names, if the caller may see it.
pub(crate) async fn case(
    app: &App,
    principal: &Principal,
    text: &str,
) -> Result<Option<CaseRow>, StoreError> {
    let scopes = principal.scopes();
    match CaseName::read(text) {
        Some(CaseName::Id(id)) => app.store.case(&scopes, id).await,
        Some(CaseName::Number(number)) => app.store.case_by_number(&scopes, number).await,
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_named_by_id_or_number() {
        let id = "019ab000-0000-7000-8000-000000000001";
        assert_eq!(CaseName::read(id), Some(CaseName::Id(id.parse().unwrap())));
        assert_eq!(CaseName::read("NM-0042"), Some(CaseName::Number(42)));
        assert_eq!(CaseName::read("42"), Some(CaseName::Number(42)));
        for text in ["", "NM-", "x", "NM-+4", "99999999999999999999999"] {
            assert_eq!(CaseName::read(text), None, "{text}");
        }
    }
}

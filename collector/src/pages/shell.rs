//! The frame around a page: title, rail, who is signed in, the token its forms carry.

use nearmiss_store::Principal;

use super::asset;

/// What the base template needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shell {
    pub title: String,
    /// Which entry of the rail this page is.
    pub here: &'static str,
    pub name: String,
    pub form_token: String,
    /// How many rows wait for this person.
    pub needed: usize,
}

impl Shell {
    /// Around a page of somebody signed in.
    pub(crate) fn new(
        title: impl Into<String>,
        here: &'static str,
        principal: &Principal,
        needed: usize,
    ) -> Self {
        Self {
            title: title.into(),
            here,
            name: principal.name.clone(),
            form_token: principal.form_token.clone(),
            needed,
        }
    }

    /// Around a page that needs no sign-in.
    pub(crate) fn plain(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        !self.name.is_empty()
    }

    /// Whether changes are shown as they come.
    pub(crate) fn is_live(&self) -> bool {
        self.is_signed_in()
    }

    pub(crate) fn style(&self) -> String {
        asset::STYLE.address()
    }

    pub(crate) fn script(&self) -> String {
        asset::SCRIPT.address()
    }

    pub(crate) fn mark(&self) -> String {
        asset::MARK.address()
    }
}

//! What makes two events one case: `v1|provider|client|scope|signal|subject`, length-prefixed, no measured value in it.

use std::fmt;

use nearmiss_shared::identity::{ClientId, ProviderId};
use serde::{Deserialize, Serialize};

/// The key of a case. One open case a key is a unique index in the database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseKey(String);

impl CaseKey {
    /// `scope` is the host's enrolment id, `endpoint` for a remote target, or an inbound alert's sender.
    pub fn new(provider: ProviderId, client: ClientId, scope: &str, signal: &str, subject: &str) -> Self {
        let mut key = String::from("v1");
        for part in [&provider.to_string(), &client.to_string(), scope, signal, subject] {
            key.push_str(&format!("|{}:{part}", part.len()));
        }
        Self(key)
    }
}

impl fmt::Display for CaseKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearmiss_shared::time::Timestamp;

    #[test]
    fn separators_inside_names_make_no_two_keys_one() {
        let provider = ProviderId::from_parts(Timestamp::from_millis(1), [1; 10]);
        let client = ClientId::from_parts(Timestamp::from_millis(1), [2; 10]);
        let key = |signal, subject| CaseKey::new(provider, client, "h", signal, subject);
        assert_ne!(key("a|1:b", "c"), key("a", "b|1:c"));
        assert_eq!(key("a", "b"), key("a", "b"));
    }
}

//! The ids and nonces that the agent makes.

use nearmiss_runtime::random::random;
use nearmiss_shared::identity::{BundleId, StoreId};
use nearmiss_shared::time::Timestamp;

/// The id of a new agent store.
pub fn store(at: Timestamp) -> StoreId {
    StoreId::from_parts(at, random())
}

/// The id of a bundle that will be frozen.
pub fn bundle(at: Timestamp) -> BundleId {
    BundleId::from_parts(at, random())
}

/// What makes a signed request unlike every other: 128 random bits.
pub fn nonce() -> String {
    hex::encode(random::<16>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_requests_are_alike() {
        assert_ne!(nonce(), nonce());
    }
}

//! Passwords: argon2id, never inside a database transaction, and as slow for an unknown person as for a known one.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::ids;

/// A shorter one is refused.
pub const LEAST_LETTERS: usize = 8;
/// A longer one is nobody's password, and slow to hash.
pub const MOST_BYTES: usize = 1024;

/// A text that cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPassword {
    #[error("a password has at least {LEAST_LETTERS} letters")]
    TooShort,
    #[error("a password has at most {MOST_BYTES} bytes")]
    TooLong,
    #[error("the password cannot be hashed")]
    Hash,
}

/// The PHC string to store. Takes about 20 ms and 19 MiB: run it through [`crate::tasks::blocking`] in the server.
pub fn hash(password: &str) -> Result<String, NoPassword> {
    if password.chars().count() < LEAST_LETTERS {
        return Err(NoPassword::TooShort);
    }
    if password.len() > MOST_BYTES {
        return Err(NoPassword::TooLong);
    }
    let hashed: Result<PasswordHash, _> =
        Argon2::default().hash_password_with_salt(password.as_bytes(), &ids::random::<16>());
    hashed.map(|hash| hash.to_string()).map_err(|_| NoPassword::Hash)
}

/// Whether `password` is the one of `stored`. Without a stored one it takes as long and is false.
pub fn verify(password: &str, stored: Option<&str>) -> bool {
    if password.len() > MOST_BYTES {
        return false;
    }
    match stored.and_then(|text| PasswordHash::new(text).ok()) {
        Some(hash) => Argon2::default().verify_password(password.as_bytes(), &hash).is_ok(),
        None => {
            // The time it takes must not tell who is known.
            drop(hash(&format!("{password}, of nobody")));
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_its_own_and_no_other() {
        let stored = hash("correct horse").unwrap();
        assert!(stored.starts_with("$argon2id$"), "{stored}");
        assert!(verify("correct horse", Some(&stored)));
        assert!(!verify("correct horsf", Some(&stored)));
        assert!(!verify("correct horse", Some("no hash")));
        assert!(!verify("correct horse", None));
        assert_ne!(stored, hash("correct horse").unwrap(), "each has its own salt");
    }

    #[test]
    fn what_cannot_be_a_password_is_refused() {
        assert_eq!(hash("short"), Err(NoPassword::TooShort));
        assert_eq!(hash(&"x".repeat(2000)), Err(NoPassword::TooLong));
        assert!(!verify(&"x".repeat(2000), None));
    }
}

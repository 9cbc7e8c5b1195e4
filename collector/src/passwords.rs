//! Passwords: argon2id, never inside a database transaction, and as slow for an unknown person as for a known one.
//!
//! A check takes 19 MiB and a processor: so few run at once, and so few wait for their turn, that strangers cannot
//! exhaust either.

pub mod attempts;

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use nearmiss_runtime::random::random;
use nearmiss_runtime::tasks;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

/// Checks that run at once.
const AT_ONCE: usize = 2;
/// Checks that wait for their turn; more are sent away.
const WAITING: usize = 32;

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

/// The PHC string to store. Takes about 20 ms and 19 MiB: run it through [`nearmiss_runtime::tasks::blocking`] in the server.
pub fn hash(password: &str) -> Result<String, NoPassword> {
    if password.chars().count() < LEAST_LETTERS {
        return Err(NoPassword::TooShort);
    }
    if password.len() > MOST_BYTES {
        return Err(NoPassword::TooLong);
    }
    let hashed: Result<PasswordHash, _> =
        Argon2::default().hash_password_with_salt(password.as_bytes(), &random::<16>());
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

/// Where checks wait for their turn.
#[derive(Debug)]
pub struct Gate {
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self { running: Arc::new(Semaphore::new(AT_ONCE)), waiting: Semaphore::new(WAITING) }
    }
}

impl Gate {
    /// The right to check one password; `None` when too many wait for it already.
    pub async fn turn(&self) -> Option<Turn> {
        let _place = self.waiting.try_acquire().ok()?;
        Arc::clone(&self.running).acquire_owned().await.ok().map(|permit| Turn { _permit: permit })
    }
}

/// The right to check one password.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    /// As [`verify`], apart from the tasks that must not wait. The turn lasts until the check has ended, even where
    /// nobody waits for its answer any more.
    pub fn verify(self, password: String, stored: Option<String>) -> JoinHandle<bool> {
        tasks::blocking("password", move || {
            let right = verify(&password, stored.as_deref());
            drop(self);
            right
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn few_checks_run_at_once_and_few_wait() {
        let gate = Gate::default();
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE {
            turns.push(gate.turn().await.unwrap());
        }
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(gate.turn())).collect();
        for turn in &mut waiting {
            assert!(turn.as_mut().now_or_never().is_none(), "every turn is taken");
        }
        assert!(gate.turn().await.is_none(), "so many wait already");

        let check = turns.remove(0).verify("correct horse".to_owned(), None);
        let next = waiting.remove(0).await.unwrap();
        assert!(!check.await.unwrap(), "its turn ends with the check");
        assert!(waiting[0].as_mut().now_or_never().is_none());
        drop((next, turns));
        assert!(waiting.remove(0).await.is_some());
    }

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

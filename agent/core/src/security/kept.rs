//! Texts of any length as they are remembered and told: a long one by its start and a hash of the whole, so that whatever is
//! changed in it shows, however far behind.

use sha2::{Digest, Sha256};

/// A longer text is told by its start.
const MOST_LETTERS: usize = 200;
/// Letters of a hash: 64 bits are too many to find another text for.
const HASH_LETTERS: usize = 16;

/// The text itself, or the start of a long one and its hash: at most 200 letters.
pub(super) fn kept(text: &str) -> String {
    if text.chars().nth(MOST_LETTERS).is_none() {
        return text.to_owned();
    }
    let hash = hash(text);
    let start: String = text.chars().take(MOST_LETTERS - HASH_LETTERS - 4).collect();
    format!("{start}... {hash}")
}

/// The start of the text's SHA-256, in hexadecimal.
pub(super) fn hash(text: &str) -> String {
    let start = Sha256::digest(text).first_chunk().copied().unwrap_or_default();
    format!("{:0HASH_LETTERS$x}", u64::from_be_bytes(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_behind_the_start_of_a_long_text_shows() {
        let whole = "x".repeat(MOST_LETTERS);
        assert_eq!(kept(&whole), whole);
        let (one, other) = (kept(&whole.repeat(2)), kept(&format!("{whole}{whole}y")));
        assert_ne!(one, other);
        assert_eq!((one.len(), &one[..180]), (MOST_LETTERS, &whole[..180]));
    }
}

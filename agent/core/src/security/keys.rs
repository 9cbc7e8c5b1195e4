//! Keys that may log in, from an authorized_keys file (sshd(8)): by fingerprint, as `ssh-keygen -l` prints it, never the key.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

const MOST: usize = 500;
const MOST_LETTERS: usize = 80;

/// The keys of a file: fingerprint, and the key's comment. A line that holds none is left out.
pub fn keys(text: &str) -> Vec<(String, String)> {
    text.lines().filter_map(key).take(MOST).collect()
}

fn key(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    // Options may go before the type, and blanks may be in them.
    let kind = words.iter().position(|word| is_type(word)).filter(|_| !line.starts_with('#'))?;
    let blob = STANDARD.decode(words.get(kind + 1)?).ok()?;
    let comment = words.get(kind + 2..).unwrap_or_default().join(" ");
    let comment: String = comment.chars().filter(|letter| !letter.is_control()).take(MOST_LETTERS).collect();
    Some((format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob))), comment))
}

fn is_type(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| word.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_by_fingerprint_whatever_stands_around_them() {
        // A made-up key: what is hashed is the blob.
        let blob = STANDARD.encode(b"\\0\\0\\0\\x0bssh-ed25519 made up");
        let text = format!(
            "# ssh-ed25519 AAAA comment\nssh-ed25519 {blob} sana@lab one\ncommand=\"/bin/x y\",no-pty ssh-ed25519 {blob}\nssh-rsa notbase64!\n\n"
        );
        let found = keys(&text);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].0.len(), found[0].1.as_str()), (50, "sana@lab one"));
        assert_eq!(found[1], (found[0].0.clone(), String::new()));
    }
}

//! Keys that may log in, from an authorized_keys file (sshd(8), AUTHORIZED_KEYS FILE FORMAT): by fingerprint, as
//! `ssh-keygen -l` prints it, never the key; and what their options allow, by name, since their values may hold secrets.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

use super::Inventory;
use super::kept::{hash, kept};

const MOST_LETTERS: usize = 80;
/// Between what the lines of the same key say.
const AND: &str = "; ";
/// Options that allow more than a key without them, or take back a part of `restrict`; any other allows less.
const FREE: [&str; 9] = [
    "agent-forwarding",
    "cert-authority",
    "environment",
    "no-touch-required",
    "port-forwarding",
    "pty",
    "tunnel",
    "user-rc",
    "x11-forwarding",
];

/// The keys of a file by their fingerprint: the names of their options with a hash of all they say, and the comment. A line
/// that holds none is left out; a key that has several has all they say.
pub fn keys(text: &str) -> Inventory {
    let mut found = Inventory::new();
    for (key, what) in text.lines().filter_map(key) {
        add_key(&mut found, key, &what);
    }
    found
}

/// Adds a key to others. What it is here goes behind what it was elsewhere: sshd takes the first that lets it in.
pub fn add_key(found: &mut Inventory, key: String, what: &str) {
    match found.get_mut(&key) {
        Some(before) if before.split(AND).any(|one| one == what) => {}
        Some(before) => *before = kept(&format!("{before}{AND}{what}")),
        None => drop(found.insert(key, what.to_owned())),
    }
}

/// Whether a key that is known lacks a restriction that it had, or is allowed what it was not; see [`super::Weaker`].
pub fn is_freer(_: &str, old: Option<&str>, new: Option<&str>) -> bool {
    let (Some(old), Some(new)) = (old, new) else { return false };
    let ((old_bounds, old_free), (bounds, free)) = (allowed(old), allowed(new));
    !old_bounds.is_subset(&bounds) || !free.is_subset(&old_free)
}

fn key(line: &str) -> Option<(String, String)> {
    const BLANK: [char; 2] = [' ', '\t'];
    // To sshd, a line ends there.
    let line = line.split('\0').next().unwrap_or_default().trim();
    if line.starts_with('#') {
        return None;
    }
    let (options, rest) = match blob(line) {
        Some(_) => ("", line),
        None => line.split_at(end_of_options(line)),
    };
    let rest = rest.trim_start_matches(BLANK);
    let blob = blob(rest)?;
    let comment = rest.splitn(3, BLANK).nth(2).unwrap_or_default();
    // What stands for options and for a further line is none of its letters.
    let is_plain = |letter: &char| !letter.is_control() && !"[];".contains(*letter);
    let comment: String = comment.trim().chars().filter(is_plain).take(MOST_LETTERS).collect();
    let what = format!("{} {comment}", told(options)).trim().to_owned();
    Some((format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob))), what))
}

/// The key itself, where the text begins with its type.
fn blob(text: &str) -> Option<Vec<u8>> {
    let (kind, rest) = text.split_once([' ', '\t'])?;
    let is_type = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| kind.starts_with(start));
    let word = rest.trim_start_matches([' ', '\t']).split([' ', '\t']).next().filter(|_| is_type)?;
    // sshd passes over blanks of any kind in it.
    let letters: String =
        word.chars().filter(|letter| !letter.is_ascii_whitespace() && *letter != '\x0b').collect();
    STANDARD.decode(letters).ok()
}

/// Where the first blank outside of quotes is.
fn end_of_options(line: &str) -> usize {
    let (mut is_quoted, mut last) = (false, ' ');
    let end = line.find(|letter| {
        is_quoted ^= letter == '"' && last != '\\';
        last = letter;
        !is_quoted && (letter == ' ' || letter == '\t')
    });
    end.unwrap_or(line.len())
}

/// The names of options and a hash of what they say; nothing where there are none.
fn told(options: &str) -> String {
    if options.is_empty() {
        return String::new();
    }
    let (mut is_quoted, mut last) = (false, ' ');
    let each = options.split(|letter| {
        is_quoted ^= letter == '"' && last != '\\';
        last = letter;
        !is_quoted && letter == ','
    });
    let name = |option: &str| {
        let name = option.split('=').next().unwrap_or(option).to_ascii_lowercase();
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').take(24).collect()
    };
    let names: BTreeSet<String> = each.map(name).collect();
    let names = names.into_iter().take(20).collect::<Vec<_>>().join(" ");
    format!("[{names}: {}]", hash(options))
}

/// What bounds a key on each of its lines, and what it is allowed on any.
fn allowed(what: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let (mut bounds, mut free) = (None::<BTreeSet<&str>>, BTreeSet::new());
    for line in what.split(AND) {
        let names = line.strip_prefix('[').and_then(|rest| rest.split(':').next()).unwrap_or_default();
        let (more, less): (BTreeSet<&str>, BTreeSet<&str>) =
            names.split_ascii_whitespace().partition(|name| FREE.contains(name));
        free.extend(more);
        bounds = Some(bounds.map_or_else(|| less.clone(), |bounds| &bounds & &less));
    }
    (bounds.unwrap_or_default(), free)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A made-up key: what is hashed is the blob.
    fn key_blob() -> String {
        STANDARD.encode(b"\0\0\0\x0bssh-ed25519 made up")
    }

    /// What one line says of its key.
    fn what(line: &str) -> String {
        let found = keys(&line.replace("KEY", &format!("ssh-ed25519 {}", key_blob())));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        found.into_values().next().unwrap()
    }

    #[test]
    fn keys_are_told_by_fingerprint_and_never_themselves() {
        let (blob, other) = (key_blob(), STANDARD.encode(b"another"));
        let text = format!(
            "# ssh-ed25519 {blob} comment\nssh-ed25519 {blob} sana@lab one\n\nssh-rsa notbase64!\nssh-rsa {other}\r\n"
        );
        let found = keys(&text);
        assert_eq!(found.len(), 2);
        let (key, comment) = found.iter().find(|(_, what)| !what.is_empty()).unwrap();
        assert_eq!((key.len(), comment.as_str()), (50, "sana@lab one"));
        assert!(found.keys().all(|key| !key.contains(&blob)));
    }

    #[test]
    fn a_key_is_found_whatever_its_options_hold() {
        for line in [
            "command=\"/bin/x y\",no-pty KEY sana",
            "command=\"/bin/sh -c ssh-x\" KEY sana",
            "command=\"ssh-ed25519 AAAA\"\tKEY sana",
            "command=\"say \\\" ssh-rsa AAAA\",no-pty  KEY sana",
            "environment=\"A=#1\",from=\"10.0.0.0/8,!10.0.0.9\" KEY sana",
        ] {
            let what = what(line);
            assert!(what.starts_with('[') && what.ends_with("] sana"), "{line}: {what}");
        }
        assert!(
            what("from=\"a,b\",No-PTY,command=\"/bin/secret\" KEY").starts_with("[command from no-pty: ")
        );
        let torn = format!("ssh-ed25519 {}\x0b{}\0 x", &key_blob()[..8], &key_blob()[8..]);
        assert_eq!(
            keys(&torn).into_keys().next(),
            keys(&format!("ssh-ed25519 {}", key_blob())).into_keys().next()
        );
    }

    #[test]
    fn whoever_is_less_bound_than_before_shows() {
        let bound = what("command=\"/bin/backup\",restrict KEY x");
        for (line, is_less) in [
            ("KEY x", true),
            ("restrict KEY x", true),
            ("command=\"/bin/backup\",restrict,pty KEY x", true),
            ("KEY x\ncommand=\"/bin/backup\",restrict KEY x", true),
            ("command=\"/bin/sh\",restrict KEY x", false),
            ("command=\"/bin/backup\",restrict,no-pty KEY x", false),
            ("KEY [command restrict: 0123456789abcdef] x", true),
        ] {
            let now = what(line);
            assert_ne!(now, bound, "{line}");
            assert_eq!(is_freer("", Some(&bound), Some(&now)), is_less, "{line}: {now}");
        }
        assert_eq!(what("restrict KEY x\nrestrict KEY x"), what("restrict KEY x"));
        assert!(!is_freer("", None, Some("x")));
    }
}

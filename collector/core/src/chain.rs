//! The timeline's hash chain, one a case.
//!
//! An entry's hash covers case, sequence, time, actor, kind, the previous hash and a salted commitment to its payload.
//! Payload and salt lie apart: erasing them leaves a chain that still verifies.

use nearmiss_shared::identity::CaseId;
use nearmiss_shared::time::Timestamp;
use sha2::{Digest, Sha256};

/// What an entry's hash covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub case: CaseId,
    pub sequence: u64,
    pub at: Timestamp,
    pub actor: String,
    pub kind: String,
    pub commitment: String,
    /// The hash before; empty for the first entry.
    pub previous: String,
    pub hash: String,
}

/// SHA-256 of salt and payload, 64 hexadecimal digits.
pub fn commitment(salt: &[u8; 16], payload: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(payload.as_bytes());
    hex::encode(hash.finalize())
}

/// Seals one entry onto the chain that ends in `previous`.
pub fn seal(
    case: CaseId,
    sequence: u64,
    at: Timestamp,
    actor: &str,
    kind: &str,
    commitment: String,
    previous: &str,
) -> Sealed {
    let hash = digest(case, sequence, at, actor, kind, &commitment, previous);
    Sealed {
        case,
        sequence,
        at,
        actor: actor.to_owned(),
        kind: kind.to_owned(),
        commitment,
        previous: previous.to_owned(),
        hash,
    }
}

fn digest(
    case: CaseId,
    sequence: u64,
    at: Timestamp,
    actor: &str,
    kind: &str,
    commitment: &str,
    previous: &str,
) -> String {
    let mut hash = Sha256::new();
    let (case, sequence, at) = (case.to_string(), sequence.to_string(), at.to_string());
    for part in ["v1", &case, &sequence, &at, actor, kind, commitment, previous] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// A payload with its salt, or `None` where it was erased.
pub type Payload = Option<([u8; 16], String)>;

/// Every fault of a case's chain, first entry first; empty when it is whole.
pub fn verify(entries: &[(Sealed, Payload)]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut previous = "";
    for (index, (entry, payload)) in entries.iter().enumerate() {
        let number = index as u64 + 1;
        if entry.sequence != number {
            faults.push(format!("entry {number}: number {} stands here", entry.sequence));
        }
        if entry.previous != previous {
            faults.push(format!("entry {number}: does not follow the entry before it"));
        }
        let expected = digest(
            entry.case,
            entry.sequence,
            entry.at,
            &entry.actor,
            &entry.kind,
            &entry.commitment,
            &entry.previous,
        );
        if entry.hash != expected {
            faults.push(format!("entry {number}: differs from its hash"));
        }
        if payload.as_ref().is_some_and(|(salt, text)| commitment(salt, text) != entry.commitment) {
            faults.push(format!("entry {number}: its text was changed"));
        }
        previous = &entry.hash;
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Vec<(Sealed, Payload)> {
        let case = CaseId::from_parts(Timestamp::from_millis(1), [1; 10]);
        let mut entries: Vec<(Sealed, Payload)> = Vec::new();
        for sequence in 1..=4u8 {
            let salt = [sequence; 16];
            let text = format!("text {sequence}");
            let previous = entries.last().map_or(String::new(), |(entry, _)| entry.hash.clone());
            let at = Timestamp::from_millis(i64::from(sequence));
            let sealed =
                seal(case, sequence.into(), at, "system", "note", commitment(&salt, &text), &previous);
            entries.push((sealed, Some((salt, text))));
        }
        entries
    }

    #[test]
    fn a_whole_chain_verifies_and_so_does_one_with_an_erased_text() {
        assert_eq!(verify(&chain()), Vec::<String>::new());
        let mut erased = chain();
        erased[1].1 = None;
        assert_eq!(verify(&erased), Vec::<String>::new());
    }

    #[test]
    fn a_change_a_deletion_and_a_swap_are_found_where_they_are() {
        let mut changed = chain();
        changed[2].1 = Some(([3; 16], "other".to_owned()));
        assert_eq!(verify(&changed), ["entry 3: its text was changed"]);
        let mut moved = chain();
        moved[1].0.at = Timestamp::from_millis(99);
        assert_eq!(verify(&moved), ["entry 2: differs from its hash"]);
        let mut cut = chain();
        cut.remove(1);
        assert!(verify(&cut)[0].starts_with("entry 2:"));
        let mut swapped = chain();
        swapped.swap(1, 2);
        assert!(!verify(&swapped).is_empty());
    }
}

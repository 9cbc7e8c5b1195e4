//! Where every case's chain stood at one moment, to be held where nobody can rewrite it.
//!
//! A chain proves that nothing within it was changed; whoever rewrites a whole chain, cuts its end or removes a case with it leaves
//! chains that are whole. Against a checkpoint that lies elsewhere each of these shows, and which case it is. The root is the one
//! number to write down: a Merkle root over all heads (SHA-256, leaves and nodes told apart as in RFC 6962, 2.1).

use std::collections::BTreeMap;

use nearmiss_shared::identity::{CaseId, ClientId};
use nearmiss_shared::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::chain::Sealed;

const VERSION: u32 = 1;

/// The heads of all chains of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub v: u32,
    pub at: Timestamp,
    /// 64 hexadecimal digits.
    pub root: String,
    /// By case, in order of their ids.
    pub heads: BTreeMap<CaseId, Head>,
}

/// The last entry of one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub client: ClientId,
    /// `NM-0042`
    pub label: String,
    pub entries: u64,
    pub hash: String,
}

impl Checkpoint {
    pub fn new(at: Timestamp, heads: BTreeMap<CaseId, Head>) -> Self {
        Self { v: VERSION, at, root: root(&heads), heads }
    }

    /// Why this is no checkpoint of ours that can be relied on; `None` where it is.
    pub fn fault(&self) -> Option<String> {
        if self.v != VERSION {
            return Some(format!("version {} is not known here", self.v));
        }
        let root = root(&self.heads);
        (root != self.root).then(|| format!("its root is {root} by its heads, and {} as written", self.root))
    }

    /// What differs from what stood then in the chain of this case; nothing where the case came later.
    pub fn compare(&self, case: CaseId, chain: &[Sealed]) -> Option<String> {
        let head = self.heads.get(&case)?;
        let place = usize::try_from(head.entries).ok()?.checked_sub(1)?;
        match chain.get(place) {
            None => {
                let missing = head.entries - chain.len() as u64;
                Some(format!("its last {missing} of {} entries of {} are gone", head.entries, self.at))
            }
            Some(entry) if entry.hash != head.hash => {
                Some(format!("its first {} entries are not those of {}", head.entries, self.at))
            }
            Some(_) => None,
        }
    }
}

/// Leaves are heads in order; a node without a neighbour is taken up as it is.
fn root(heads: &BTreeMap<CaseId, Head>) -> String {
    let leaf = |(case, head): (&CaseId, &Head)| {
        let mut hash = Sha256::new();
        hash.update([0]);
        for part in
            [&case.to_string(), &head.client.to_string(), &head.label, &head.entries.to_string(), &head.hash]
        {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().to_vec()
    };
    let mut level: Vec<Vec<u8>> = heads.iter().map(leaf).collect();
    while level.len() > 1 {
        let node = |pair: &[Vec<u8>]| match pair {
            [left, right] => {
                let mut hash = Sha256::new();
                hash.update([1]);
                hash.update(left);
                hash.update(right);
                hash.finalize().to_vec()
            }
            alone => alone.concat(),
        };
        level = level.chunks(2).map(node).collect();
    }
    level.first().map_or_else(|| hex::encode(Sha256::digest([])), hex::encode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::{commitment, seal};

    fn case(number: u8) -> CaseId {
        CaseId::from_parts(Timestamp::from_millis(1), [number; 10])
    }

    fn chain(case: CaseId, texts: &[&str]) -> Vec<Sealed> {
        let mut entries: Vec<Sealed> = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let previous = entries.last().map_or(String::new(), |entry| entry.hash.clone());
            let at = Timestamp::from_millis(index as i64);
            let payload = commitment(&[7; 16], text);
            entries.push(seal(case, index as u64 + 1, at, "system", "note", payload, &previous));
        }
        entries
    }

    fn checkpoint(chains: &[&[Sealed]]) -> Checkpoint {
        let client = ClientId::from_parts(Timestamp::from_millis(1), [2; 10]);
        let head = |chain: &&[Sealed]| {
            let last = chain.last().unwrap();
            let head =
                Head { client, label: "NM-0001".into(), entries: last.sequence, hash: last.hash.clone() };
            (last.case, head)
        };
        Checkpoint::new(Timestamp::from_millis(9), chains.iter().map(head).collect())
    }

    #[test]
    fn what_grew_since_is_whole_and_what_was_cut_or_rewritten_is_not() {
        let then = chain(case(1), &["a", "b", "c"]);
        let held = checkpoint(&[&then]);
        let compare = |texts: &[&str]| held.compare(case(1), &chain(case(1), texts));
        assert_eq!(compare(&["a", "b", "c"]), None);
        assert_eq!(compare(&["a", "b", "c", "d"]), None);
        let cut = compare(&["a"]).unwrap();
        assert!(cut.starts_with("its last 2 of 3 entries of"), "{cut}");
        assert!(compare(&[]).unwrap().starts_with("its last 3 of 3 entries"));
        // A chain that was made anew as a whole verifies by itself.
        assert!(compare(&["a", "x", "c", "d"]).unwrap().starts_with("its first 3 entries are not those of"));
        assert_eq!(held.compare(case(2), &chain(case(2), &["z"])), None, "it came later");
    }

    #[test]
    fn the_root_changes_with_whatever_a_head_says() {
        let chains: Vec<Vec<Sealed>> = (1..=5).map(|number| chain(case(number), &["a", "b"])).collect();
        let whole: Vec<&[Sealed]> = chains.iter().map(Vec::as_slice).collect();
        let held = checkpoint(&whole);
        assert_eq!(held.fault(), None);
        let mut roots = vec![held.root.clone(), checkpoint(&whole[..4]).root, checkpoint(&[]).root];
        for change in [
            (|head: &mut Head| head.entries += 1) as fn(&mut Head),
            |head| head.hash.replace_range(..1, "x"),
            |head| head.label = "NM-0009".into(),
        ] {
            let mut changed = held.clone();
            change(changed.heads.get_mut(&case(5)).unwrap());
            assert!(changed.fault().unwrap().contains("as written"));
            roots.push(root(&changed.heads));
        }
        roots.sort();
        roots.dedup();
        assert_eq!(roots.len(), 6);
        assert!(Checkpoint { v: 2, ..held }.fault().unwrap().contains("version 2"));
    }
}

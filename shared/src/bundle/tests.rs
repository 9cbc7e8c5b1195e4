//! A sealed bundle verifies; changing any byte of it does not.

use super::*;
use crate::identity::BundleId;
use crate::time::Timestamp;
use crate::vocabulary::Category;

fn key() -> HostKey {
    HostKey::from_seed([3; 32])
}

fn item(name: &str, outcome: ItemOutcome, bytes: &[u8]) -> ItemDraft {
    let at = Timestamp::from_millis(1_795_457_577_000);
    ItemDraft {
        name: name.to_owned(),
        method: "read".to_owned(),
        started: at,
        ended: at,
        outcome,
        redactions: Vec::new(),
        bytes: bytes.to_vec(),
    }
}

fn draft() -> BundleDraft {
    let at = Timestamp::from_millis(1_795_457_577_000);
    BundleDraft {
        bundle: BundleId::from_parts(at, [1; 10]),
        host_id: None,
        hostname: "lab-srv-07".to_owned(),
        boot_id: "b".to_owned(),
        clock_offset_ms: None,
        tool_version: "0.1.0".to_owned(),
        category: Category::Capacity,
        signal: "filesystem.free".to_owned(),
        subject: "/srv".to_owned(),
        trigger: "approached".to_owned(),
        started: at,
        ended: at,
        previous: None,
        drill: None,
        items: vec![
            item("mounts.txt", ItemOutcome::Got, b"/dev/loop0 /srv ext4 rw 0 0\n"),
            item("open-files.txt", ItemOutcome::TimedOut, b""),
            item("curve.csv", ItemOutcome::Got, b"t_ms,value\n0,0.149\n"),
        ],
    }
}

#[test]
fn a_sealed_bundle_verifies_and_opens_again() {
    let sealed = seal(&draft(), &key()).unwrap();
    let verification = verify(&sealed.file, Some(&key().public()));
    assert_eq!(verification, Verification { valid: true, problems: vec![], key: key().public().to_hex() });
    let opened = open(&sealed.file).unwrap();
    assert_eq!(opened.manifest, sealed.manifest);
    assert_eq!(opened.items[1].1, b"t_ms,value\n0,0.149\n");
    assert_eq!(opened.manifest.items[1].outcome, ItemOutcome::TimedOut);
    assert_eq!(opened.manifest.items[1].sha256, None);
}

#[test]
fn the_same_draft_gives_the_same_bytes() {
    assert_eq!(seal(&draft(), &key()).unwrap().sha256, seal(&draft(), &key()).unwrap().sha256);
}

#[test]
fn changing_any_byte_is_found() {
    let sealed = seal(&draft(), &key()).unwrap();
    for position in 0..sealed.file.len() {
        let mut changed = sealed.file.clone();
        changed[position] ^= 1;
        let verification = verify(&changed, Some(&key().public()));
        assert!(!verification.valid, "byte {position} of {} was changed unseen", sealed.file.len());
    }
}

#[test]
fn bytes_added_or_cut_are_found() {
    let sealed = seal(&draft(), &key()).unwrap();
    let mut longer = sealed.file.clone();
    longer.extend([0; 512]);
    assert!(!verify(&longer, None).valid);
    for length in (0..sealed.file.len()).step_by(97) {
        assert!(!verify(&sealed.file[..length], None).valid, "cut to {length}");
    }
}

#[test]
fn another_hosts_key_is_found() {
    let sealed = seal(&draft(), &key()).unwrap();
    let other = HostKey::from_seed([4; 32]).public();
    let verification = verify(&sealed.file, Some(&other));
    assert!(verification.problems.iter().any(|problem| problem.contains("another key")), "{verification:?}");
}

#[test]
fn names_that_climb_are_refused() {
    for name in ["../etc/passwd", "/etc/passwd", "a//b", "", "with space"] {
        let bad = BundleDraft { items: vec![item(name, ItemOutcome::Got, b"x")], ..draft() };
        assert!(seal(&bad, &key()).is_err(), "{name}");
    }
}

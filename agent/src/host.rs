//! What this host says of itself: its name, its zone, and the names of its users.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use nearmiss_agent_core::rule::Here;

/// This host as rules are resolved for it.
pub fn here(labels: BTreeMap<String, String>) -> Here {
    Here { name: name(), labels, zone: TimeZone::system() }
}

/// The host's name, empty when the kernel does not tell.
pub fn name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// A user's name by its number, from the local accounts; the number where none has it.
pub fn user(uid: u32) -> String {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&accounts, uid).unwrap_or_else(|| uid.to_string())
}

/// The account `uid`, and before it the one that signed in as whom process `pid` was started: `sana as root`.
pub fn person(uid: u32, pid: Option<i32>) -> String {
    let signed_in = pid.and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/loginuid")).ok());
    match signed_in.as_deref().and_then(|text| signed_in_as(text, uid)) {
        Some(other) => format!("{} as {}", user(other), user(uid)),
        None => user(uid),
    }
}

/// A login uid (proc(5), `/proc/PID/loginuid`) that is set and another account's.
fn signed_in_as(text: &str, uid: u32) -> Option<u32> {
    text.trim().parse().ok().filter(|login| *login != u32::MAX && *login != uid)
}

/// `name:password:uid:...` a line (passwd(5)).
fn named(accounts: &str, uid: u32) -> Option<String> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_number() {
        let accounts = "root:x:0:0::/root:/bin/sh\nbroken\nsana:x:1000:1000::/home/sana:/bin/sh\n";
        assert_eq!(named(accounts, 1000).as_deref(), Some("sana"));
        assert_eq!(named(accounts, 7), None);
    }

    #[test]
    fn who_signed_in_is_named_beside_who_acts() {
        assert_eq!(signed_in_as("1000\n", 0), Some(1000));
        for (text, uid) in [("4294967295", 0), ("0", 0), ("1000", 1000), ("", 0), ("x", 0)] {
            assert_eq!(signed_in_as(text, uid), None, "{text}");
        }
        assert_eq!(person(0, None), user(0));
    }
}

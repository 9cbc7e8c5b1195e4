//! A case's title: what nearly fails, in plain words. No measured value: it must not change from event to event.

use crate::facts::EventFacts;

/// `cal-db-1: /srv filling`.
pub fn title(facts: &EventFacts) -> String {
    format!("{}: {}", facts.host_name, what(&facts.signal, &facts.subject))
}

/// What nearly fails, without the host.
pub fn what(signal: &str, subject: &str) -> String {
    let drill = subject.starts_with("drill:");
    let thing = if drill { "rehearsal" } else { subject };
    match signal {
        "filesystem.free" => format!("{thing} filling"),
        "filesystem.inodes_free" => format!("{thing} running out of inodes"),
        "filesystem.read_only" => format!("{thing} turned read-only"),
        "disk.attribute" => format!("drive {thing} reports an attribute failing"),
        "disk.verdict" => format!("drive {thing} says it is failing"),
        "disk.outlook" => format!("drive {thing} predicted to fail"),
        "disk.redundancy" => format!("array {thing} without its redundancy"),
        "disk.filesystem_errors" => format!("{thing} reads damaged data"),
        "disk.temperature" => format!("drive {thing} is hot"),
        "disk.wear" => format!("drive {thing} is worn"),
        "disk.spare" => format!("drive {thing} runs out of spare"),
        "service.restarts_left" => format!("{thing} restarting toward its start limit"),
        "service.active" | "service.running" => format!("{thing} not running"),
        _ => other(signal, thing),
    }
}

fn other(signal: &str, subject: &str) -> String {
    let (table, name) = signal.split_once('.').unwrap_or(("", signal));
    let words = name.replace(['_', '-'], " ");
    match (table, subject) {
        ("disk", _) => format!("drive {subject}: {words}"),
        ("log", _) => format!("{words} from {subject}"),
        (_, "") => words,
        _ => format!("{subject}: {words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_plain_words() {
        for (signal, subject, expected) in [
            ("filesystem.free", "/var", "/var filling"),
            ("disk.pending_sectors", "M S1", "drive M S1: pending sectors"),
            ("disk.outlook", "M S1", "drive M S1 predicted to fail"),
            ("log.failed-logins", "10.0.0.9", "failed logins from 10.0.0.9"),
            ("host.memory_available", "", "memory available"),
            ("disk.attribute", "drill:disk-failure", "drive rehearsal reports an attribute failing"),
        ] {
            assert_eq!(what(signal, subject), expected);
        }
    }
}

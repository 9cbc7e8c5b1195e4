//! Which signals of one subject show that the failure of another has come: the consequence probes of domain.md 1.4.
//!
//! A signal that is near and whose consequence is seen has failed, whatever its own level; while the consequence
//! lasts the failure has not ended.

/// Signal, and the signals of the same subject that are its consequence.
const CONSEQUENCES: &[(&str, &[&str])] = &[
    ("filesystem.free", &["filesystem.read_only", "filesystem.inodes_free"]),
    ("filesystem.inodes_free", &["filesystem.read_only", "filesystem.free"]),
    ("service.restarts_left", &["service.active"]),
    ("container.restarts_left", &["container.running"]),
    ("container.health_left", &["container.running"]),
    ("power.runtime_left", &["power.status"]),
    ("power.charge", &["power.status"]),
];

/// The signals whose failure is a failure of `signal` too, on the same subject.
pub fn of(signal: &str) -> &'static [&'static str] {
    CONSEQUENCES.iter().find(|(of, _)| *of == signal).map_or(&[], |(_, consequences)| consequences)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::spec;

    #[test]
    fn every_name_is_a_signal_and_no_signal_is_its_own_consequence() {
        for (signal, consequences) in CONSEQUENCES {
            assert!(spec(signal).is_some(), "{signal}");
            assert!(consequences.iter().all(|other| spec(other).is_some() && other != signal), "{signal}");
        }
        assert_eq!(of("disk.wear"), [""; 0]);
    }
}

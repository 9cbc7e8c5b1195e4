//! Who is, and was, signed in on this host, and who of them may become root.

pub mod logind;
pub mod utmp;

use std::collections::BTreeSet;

use nearmiss_shared::time::Timestamp;

/// One person on one terminal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    pub user: String,
    pub tty: String,
    /// A name or address; empty for the host's own console.
    pub from: String,
    pub since: Timestamp,
    /// `None` while it lasts, as far as these records tell.
    pub until: Option<Timestamp>,
    pub pid: i32,
}

impl Session {
    /// Whether it lasted at `instant` or began later.
    pub fn reaches(&self, instant: Timestamp) -> bool {
        self.until.is_none_or(|until| until >= instant)
    }
}

/// The groups whose members may become root (Debian, Red Hat, older ones).
pub(crate) const PRIVILEGED_GROUPS: [&str; 3] = ["sudo", "wheel", "admin"];

/// Who is or may become root, from passwd(5) and group(5): user id 0, and members of the groups that may.
pub fn privileged(passwd: &str, group: &str) -> BTreeSet<String> {
    let groups: Vec<Vec<&str>> = fields(group)
        .filter(|fields| fields.first().is_some_and(|name| PRIVILEGED_GROUPS.contains(name)))
        .collect();
    let ids: BTreeSet<&str> = groups.iter().filter_map(|fields| fields.get(2).copied()).collect();
    let members = groups.iter().filter_map(|fields| fields.get(3)).flat_map(|names| names.split(','));
    let own = fields(passwd).filter_map(|fields| {
        let may = fields.get(2) == Some(&"0") || fields.get(3).is_some_and(|group| ids.contains(group));
        fields.first().filter(|_| may).copied()
    });
    members.chain(own).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn fields(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(':').collect())
}

/// What somebody else wrote, as it may be told: no control character, at most `most` letters.
fn clean(text: &str, most: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_become_root_is_privileged() {
        let passwd = "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nsana:x:1000:1000::/h:/bin/sh\n\
                      dawud:x:1001:27::/h:/bin/sh\nviewer:x:1002:100::/h:/bin/sh\nbroken\n";
        let group = "root:x:0:\nsudo:x:27:sana\nwheel:x:10:ldap-admin, other\nusers:x:100:viewer\nx\n";
        let names: Vec<String> = privileged(passwd, group).into_iter().collect();
        assert_eq!(names, ["dawud", "ldap-admin", "other", "root", "sana", "toor"]);
        assert!(privileged("", "").is_empty());
    }
}

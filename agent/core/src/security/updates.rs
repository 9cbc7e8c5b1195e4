//! Security updates that wait, as apt-get(8) and dnf(8) print them without changing anything, and which kernel is newer.

use std::cmp::Ordering;

const MOST: usize = 5_000;

/// A package that waits for a security update.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Update {
    pub package: String,
    /// The version that waits.
    pub version: String,
}

/// Of `apt-get --simulate dist-upgrade`: lines `Inst NAME [OLD] (NEW ORIGIN:RELEASE/ARCHIVE, ... [ARCH])`, of which one origin
/// or archive is for security.
pub fn apt(text: &str) -> Vec<Update> {
    let update = |line: &str| {
        let (package, rest) = line.strip_prefix("Inst ")?.split_once(' ')?;
        let (_, new) = rest.split_once('(')?;
        let (version, origins) = new.split_once(')')?.0.split_once(' ')?;
        let is_security = origins.to_ascii_lowercase().contains("security");
        (is_security && !package.is_empty())
            .then(|| Update { package: package.to_owned(), version: version.to_owned() })
    };
    sorted(text.lines().take(MOST).filter_map(update))
}

/// Of `dnf --cacheonly updateinfo list --security`: lines `ADVISORY SEVERITY/Sec. NAME-VERSION-RELEASE.ARCH`; later versions of
/// dnf put a type before the severity and a date behind.
pub fn dnf(text: &str) -> Vec<Update> {
    let update = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let is_security = words.iter().any(|word| word.ends_with("/Sec.") || *word == "security");
        let package =
            words.iter().skip(1).find(|word| word.matches('-').count() >= 2 && word.contains('.'))?;
        let (rest, release) = package.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        (is_security && !name.is_empty())
            .then(|| Update { package: name.to_owned(), version: format!("{version}-{release}") })
    };
    sorted(text.lines().take(MOST).filter_map(update))
}

fn sorted(updates: impl Iterator<Item = Update>) -> Vec<Update> {
    let mut updates: Vec<Update> = updates.collect();
    updates.sort();
    updates.dedup_by(|one, other| one.package == other.package);
    updates
}

/// Which of two kernel releases (`6.1.0-37-amd64`) is newer: numbers as numbers, the rest as text.
pub fn kernel_order(one: &str, other: &str) -> Ordering {
    let parts = |release: &str| -> Vec<(u64, String)> {
        let part = |part: &str| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            let rest = part.get(digits.len()..).unwrap_or_default().to_owned();
            (digits.parse().unwrap_or(0), rest)
        };
        release.split(['.', '-', '+', '_']).map(part).collect()
    };
    parts(one).cmp(&parts(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apt_would_install_for_security_is_told() {
        let text = "NOTE: This is only a simulation!\nInst bash [5.2.15-2+b8] (5.2.15-2+b13 Debian:12.15/oldstable [amd64])\n\
                    Inst libgcrypt20 [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])\n\
                    Inst linux-image-6.1.0-50-amd64 (6.1.170-1 Debian-Security:12/oldstable-security [amd64])\n\
                    Inst libssl3 [3.0.2-0ubuntu1.1] (3.0.2-0ubuntu1.19 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [amd64])\n\
                    Conf unzip (6.0-28+deb12u1 Debian-Security:12/oldstable-security [amd64])\n";
        let told: Vec<String> =
            apt(text).into_iter().map(|update| format!("{} {}", update.package, update.version)).collect();
        assert_eq!(
            told,
            [
                "libgcrypt20 1.10.1-3+deb12u1",
                "libssl3 3.0.2-0ubuntu1.19",
                "linux-image-6.1.0-50-amd64 6.1.170-1"
            ]
        );
    }

    #[test]
    fn what_dnf_lists_for_security_is_told_by_either_of_its_versions() {
        let four = "RHSA-2026:1234 Important/Sec. openssl-libs-1:3.0.7-25.el9_3.x86_64\nRHBA-2026:1 bugfix bash-5.1.8-6.el9.x86_64\n";
        let five = "Name                 Type     Severity   Package                     Issued\n\
                    FEDORA-2026-0a1b2c3d security Important  openssl-libs-3.2.1-2.fc40.x86_64 2026-06-25 01:12:12\n";
        for (text, version) in [(four, "1:3.0.7-25.el9_3.x86_64"), (five, "3.2.1-2.fc40.x86_64")] {
            assert_eq!(
                dnf(text),
                [Update { package: "openssl-libs".to_owned(), version: version.to_owned() }]
            );
        }
    }

    #[test]
    fn kernels_are_ordered_by_their_numbers() {
        assert_eq!(kernel_order("6.1.0-9-amd64", "6.1.0-37-amd64"), Ordering::Less);
        assert_eq!(kernel_order("6.12.1", "6.9.12"), Ordering::Greater);
        assert_eq!(kernel_order("6.1.0-37-amd64", "6.1.0-37-amd64"), Ordering::Equal);
    }
}

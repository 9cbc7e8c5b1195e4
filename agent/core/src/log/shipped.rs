//! The log rules a bare install has.

/// A rules file; a rule of the same name in `rules.d` replaces one of these.
pub const SHIPPED_RULES: &str = r#"
# Guessed passwords, by address, each attempt once: sshd has a line of its own beside PAM's, and names an unknown user in one
# more. An sshd that takes only keys is guessed at in vain: that is no near-miss.
[[log]]
name = "failed-logins"
pattern = '(?:Failed password for .*? from |(?:\(pam_unix\)|pam_[a-z]+\((?:login|vsftpd|proftpd|dovecot|smtp|cockpit|gdm)[^)]*\)).*?authentication failure;.*? rhost=)(?P<address>[0-9A-Za-z.:-]+)'
by = "address"
count = 20
window = "10m"
# A few failures are somebody's slip. After more, whoever got in from there may have guessed.
then = 'Accepted (?:password|keyboard-interactive/pam) for .*? from (?P<address>[0-9A-Za-z.:-]+)'
then_after = 5
category = "login"
source = "20 failures from one address in 10 minutes"

# A full filesystem as programs complain of it.
[[log]]
name = "no-space-left"
pattern = 'No space left on device'
count = 10
window = "10m"
category = "capacity"

# The kernel's word that a read or write failed for good.
[[log]]
name = "disk-errors"
pattern = '(?:I/O error|blk_update_request: I/O error|critical medium error).*?dev (?P<device>[a-z0-9]+)'
by = "device"
count = 10
window = "1h"
category = "disk"
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Matcher;
    use crate::rule::RuleSet;

    #[test]
    fn the_shipped_rules_match_the_usual_wordings() {
        let rules = RuleSet::parse(&[("shipped".to_owned(), SHIPPED_RULES.to_owned())]).unwrap();
        let matcher = Matcher::new(&rules.log_rules()).unwrap();
        for (line, rule, by) in [
            (
                "sshd(pam_unix)[19939]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4 ",
                "failed-logins",
                Some("218.188.2.4"),
            ),
            (
                "sshd[1]: Failed password for invalid user x from 10.0.0.9 port 2 ssh2",
                "failed-logins",
                Some("10.0.0.9"),
            ),
            (
                "sshd[1]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.0.9 user=x",
                "",
                None,
            ),
            ("sshd[1]: Invalid user x from 10.0.0.9 port 2", "", None),
            (
                "dovecot[1]: pam_unix(dovecot:auth): authentication failure; logname= uid=0 tty=dovecot ruser=x rhost=10.0.0.9",
                "failed-logins",
                Some("10.0.0.9"),
            ),
            ("kernel: I/O error, dev sda, sector 5 op 0x0:(READ)", "disk-errors", Some("sda")),
            ("cp: error writing 'x': No space left on device", "no-space-left", None),
        ] {
            let found = matcher.matches("/var/log/syslog", line.as_bytes());
            let told: Vec<(&str, Option<&str>)> =
                found.iter().map(|one| (one.rule.name.as_str(), one.by.as_deref())).collect();
            let wanted: Vec<(&str, Option<&str>)> =
                Some((rule, by)).filter(|_| !rule.is_empty()).into_iter().collect();
            assert_eq!(told, wanted, "{line}");
        }
    }
}

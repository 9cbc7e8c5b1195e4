//! Secrets are taken out before anything leaves the host.
//!
//! By form, not by place: private keys, keys and tokens of well-known shape, credentials in URLs and headers,
//! and whatever is assigned to a name that says it is secret. Each stretch becomes `[redacted:KIND]`; the
//! manifest tells kind, count and the place of the first one. What has none of these forms is not found.

use std::sync::LazyLock;

use nearmiss_shared::bundle::Redaction;
use regex::bytes::Regex;

/// Kind and form. Where a form has a group, only the group is the secret.
const FORMS: &[(&str, &str)] = &[
    (
        "private_key",
        r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    ),
    ("aws_key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b"),
    ("token", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    (
        "token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeprs]-[A-Za-z0-9-]{10,}|sk_(?:live|test)_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{20,}|AIza[0-9A-Za-z_-]{35})",
    ),
    ("token", r"(?i)\b(?:bearer|basic|digest)\s+([A-Za-z0-9._~+/=-]{8,})"),
    ("url_credentials", r"[A-Za-z][A-Za-z0-9+.-]*://([^\s/:@]*:[^\s/]+)@"),
    (
        "password",
        r#"(?i)(?:pass(?:word|wd|phrase)|pwd)[A-Za-z0-9_-]*["']?\s*[:=]\s*("[^"\r\n]*"|'[^'\r\n]*'|[^\s,;&"']+)"#,
    ),
    (
        "token",
        r#"(?i)(?:secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|session[_-]?id|cookie)[A-Za-z0-9_-]*["']?\s*[:=]\s*("[^"\r\n]*"|'[^'\r\n]*'|[^\s,;&"']+)"#,
    ),
    ("password", r"(?i)\s--?(?:password|passwd|passphrase)[ =]+(\S+)"),
    ("token", r"(?i)\s--?(?:token|secret|api-?key|access-?key)[ =]+(\S+)"),
];

static PATTERNS: LazyLock<Vec<(&str, Regex)>> =
    LazyLock::new(|| FORMS.iter().filter_map(|(kind, form)| Some((*kind, Regex::new(form).ok()?))).collect());

/// The bytes without their secrets, and what was taken out.
pub fn redact(bytes: &[u8]) -> (Vec<u8>, Vec<Redaction>) {
    let spans = secrets(bytes);
    let mut clean = Vec::with_capacity(bytes.len());
    let mut redactions: Vec<Redaction> = Vec::new();
    let mut copied = 0;
    for (start, end, kind) in spans {
        clean.extend_from_slice(bytes.get(copied..start).unwrap_or_default());
        match redactions.iter_mut().find(|redaction| redaction.kind == kind) {
            Some(redaction) => redaction.count += 1,
            None => {
                let offset = clean.len() as u64;
                redactions.push(Redaction { kind: kind.to_owned(), count: 1, offset });
            }
        }
        clean.extend_from_slice(format!("[redacted:{kind}]").as_bytes());
        copied = end;
    }
    clean.extend_from_slice(bytes.get(copied..).unwrap_or_default());
    (clean, redactions)
}

/// Where the secrets are, in order; of those that overlap, the union under the first one's kind.
fn secrets(bytes: &[u8]) -> Vec<(usize, usize, &'static str)> {
    let mut found: Vec<(usize, usize, &'static str)> = Vec::new();
    for (kind, pattern) in PATTERNS.iter() {
        for captures in pattern.captures_iter(bytes) {
            if let Some(secret) = captures.get(1).or_else(|| captures.get(0)) {
                found.push((secret.start(), secret.end(), kind));
            }
        }
    }
    found.sort_by_key(|(start, end, _)| (*start, usize::MAX - *end));
    let mut merged: Vec<(usize, usize, &'static str)> = Vec::new();
    for (start, end, kind) in found {
        match merged.last_mut() {
            Some((_, last_end, _)) if start < *last_end => *last_end = end.max(*last_end),
            _ => merged.push((start, end, kind)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        String::from_utf8(redact(text.as_bytes()).0).unwrap()
    }

    #[test]
    fn every_form_of_secret_is_taken_out() {
        assert_eq!(PATTERNS.len(), FORMS.len(), "every form compiles");
        // Put together here, so that no scanner takes this file for a leak.
        let aws = ["AKIA", "IOSFODNN7EXAMPLE"].concat();
        let github = ["ghp", "_", &"a1B2".repeat(9)].concat();
        let jwt = ["eyJhbGciOiJFZERTQSJ9", "eyJzdWIiOiJuZWFyIn0", "c2lnbmF0dXJl"].join(".");
        let key = format!("-----BEGIN OPENSSH {0}-----\nAAAA\n-----END OPENSSH {0}-----", "PRIVATE KEY");
        for (text, expected) in [
            (format!("key {aws} used"), "key [redacted:aws_key] used".to_owned()),
            (format!("push with {github}"), "push with [redacted:token]".to_owned()),
            (format!("cookie was {jwt}."), "cookie was [redacted:token].".to_owned()),
            (format!("a\n{key}\nb"), "a\n[redacted:private_key]\nb".to_owned()),
            ("Authorization: Bearer abcdef123456".into(), "Authorization: Bearer [redacted:token]".into()),
            ("GET https://bob:hunter2@db/x".into(), "GET https://[redacted:url_credentials]@db/x".into()),
            ("db_password = \"two words\"; ok".into(), "db_password = [redacted:password]; ok".into()),
            ("{\"api_key\": \"abc\"}".into(), "{\"api_key\": [redacted:token]}".into()),
            (
                "mysqldump --password hunter2 -u x".into(),
                "mysqldump --password [redacted:password] -u x".into(),
            ),
            ("?token=abc&page=2".into(), "?token=[redacted:token]&page=2".into()),
        ] {
            assert_eq!(clean(&text), expected);
        }
    }

    #[test]
    fn what_is_evidence_stays() {
        for text in [
            "sshd[19939]: Failed password for root from 218.188.2.4 port 4311 ssh2",
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=10.0.0.1",
            "  5 Reallocated_Sector_Ct   0x0033   100   100   036    Pre-fail  Always       -       0",
            "https://collector.example/api?page=2 200",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn kind_count_and_first_place_are_told() {
        let (text, redactions) = redact(b"\xff password=a\npassword=bb token: ccc\n");
        assert_eq!(
            text,
            b"\xff password=[redacted:password]\npassword=[redacted:password] token: [redacted:token]\n"
        );
        let told: Vec<_> =
            redactions.iter().map(|item| (item.kind.as_str(), item.count, item.offset)).collect();
        assert_eq!(told, [("password", 2, 11), ("token", 1, 67)]);
        assert_eq!(&text[67..83], b"[redacted:token]");
    }

    #[test]
    fn a_cut_private_key_is_taken_out_to_its_end() {
        let text = format!("x -----BEGIN RSA {}-----\nMIIE\n", "PRIVATE KEY");
        assert_eq!(clean(&text), "x [redacted:private_key]");
    }
}

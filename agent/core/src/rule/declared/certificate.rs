//! What a `[[certificate]]` rule looks at: what an address serves, or files.

use nearmiss_shared::fault::Reader;
use nearmiss_shared::time::Span;
use serde::Serialize;
use toml_edit::{Item, TableLike};

use super::{alone, endpoint, path};
use crate::rule::parse::At;

pub(super) const KEYS: &[&str] = &["target", "server_name", "ca_file", "timeout"];

/// Where certificates are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateRule {
    /// What a server shows to whoever asks for `server_name`. Authorities of `ca_file` are trusted beside the system's.
    Served { host: String, port: u16, server_name: String, ca_file: Option<String>, timeout: Span },
    /// PEM or DER files: a path or a glob.
    Files(String),
}

impl CertificateRule {
    /// Reads it; `None` where the rule names no target and so only judges.
    pub(super) fn read(reader: &mut Reader<'_>, entry: &dyn TableLike, at: At) -> Option<Self> {
        alone(reader, entry, at, "target", KEYS);
        let server_name = reader.string(entry, "server_name");
        let ca_file = reader.parsed(entry, "ca_file", |text| {
            text.starts_with('/').then(|| text.to_owned()).ok_or("an absolute path is expected")
        });
        let patience = endpoint::timeout(reader, entry, Span::from_seconds(10));
        let target = reader.parsed(entry, "target", target)?;
        match target {
            Self::Files(pattern) => {
                for key in KEYS.iter().skip(1).filter(|key| entry.contains_key(key)) {
                    let at = entry.get(key).and_then(Item::span);
                    reader.fault(at, format!("`{key}` of files"), "only a host:port has it");
                }
                Some(Self::Files(pattern))
            }
            Self::Served { host, port, server_name: asked, .. } => {
                let server_name = server_name.unwrap_or(asked);
                Some(Self::Served { host, port, server_name, ca_file, timeout: patience })
            }
        }
    }

    /// `host:port`, or the path or glob of the files.
    pub fn subject(&self) -> String {
        match self {
            Self::Served { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Served { host, port, .. } => format!("{host}:{port}"),
            Self::Files(pattern) => pattern.clone(),
        }
    }

    /// The glob of its subjects: files are named one by one.
    pub(super) fn subjects(&self) -> String {
        match self {
            Self::Served { .. } => globset::escape(&self.subject()),
            Self::Files(pattern) => pattern.clone(),
        }
    }
}

fn target(text: &str) -> Result<CertificateRule, &'static str> {
    const EXPECTED: &str =
        "\"host:port\", or the path of files such as \"/etc/ssl/portal/*.pem\", is expected";
    if text.starts_with('/') {
        return path(text).map(CertificateRule::Files);
    }
    let (host, port) = text.rsplit_once(':').ok_or(EXPECTED)?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = port.parse().ok().filter(|port| *port > 0).ok_or(EXPECTED)?;
    if host.is_empty() || host.contains(['/', '@', ' ']) {
        return Err(EXPECTED);
    }
    let (host, server_name) = (host.to_owned(), host.to_owned());
    Ok(CertificateRule::Served { host, port, server_name, ca_file: None, timeout: Span::ZERO })
}

#[cfg(test)]
mod tests {
    use crate::rule::RuleSet;

    fn parse(text: &str) -> Result<RuleSet, Vec<String>> {
        RuleSet::parse(&[("r.toml".to_owned(), text.to_owned())])
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_rule_judges_the_address_or_every_file_that_it_names() {
        let rules = parse(
            "[[certificate]]\nname = \"mail\"\ntarget = \"mail.example:465\"\n\
             [[certificate]]\nname = \"files\"\ntarget = \"/srv/tls/*.pem\"\napproach = 40\n",
        )
        .unwrap();
        let named = |subject| rules.judge("certificate.days_left", subject, None).unwrap().rule.name;
        assert_eq!(named("mail.example:465"), "mail");
        assert_eq!(named("/srv/tls/a.pem"), "files");
        assert_eq!(named("/etc/letsencrypt/live/x/fullchain.pem"), "certificate");
    }

    #[test]
    fn faults_say_what_would_be_right() {
        let faults = parse(
            "[[certificate]]\nname = \"a\"\ntarget = \"portal\"\n\
             [[certificate]]\nname = \"b\"\ntarget = \"/x/[\"\n\
             [[certificate]]\nname = \"c\"\ntarget = \"/x.pem\"\nserver_name = \"x\"\n\
             [[certificate]]\nname = \"d\"\ntimeout = \"1s\"\n",
        )
        .unwrap_err();
        for expected in [
            "r.toml:3: `target` is \"portal\"; \"host:port\", or the path",
            "r.toml:6: `target` is \"/x/[\"; an absolute path or a glob",
            "r.toml:10: `server_name` of files",
            "r.toml:11: `timeout` without `target`",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{expected}\nin {faults:#?}");
        }
    }
}

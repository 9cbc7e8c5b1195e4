//! What an `[[endpoint]]` rule asks: an address, and what a good answer is.

use nearmiss_shared::fault::Reader;
use nearmiss_shared::time::Span;
use serde::Serialize;
use toml_edit::{Item, TableLike, Value};
use url::Url;

use super::alone;
use crate::proximity::Limits;
use crate::rule::parse::At;

pub(super) const KEYS: &[&str] =
    &["target", "status", "contains", "method", "timeout", "attempts", "insecure_tls", "consequence_for"];

/// What is asked, and what a good answer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndpointRule {
    pub target: Target,
    /// First and last of each range of statuses that are well; of HTTP only.
    pub status: Vec<(u16, u16)>,
    /// The answer's first part must hold this text.
    pub contains: Option<String>,
    pub method: Method,
    /// No answer by then is a failure; also the limit of latency.
    pub timeout: Span,
    /// Failures in a row that count as down.
    pub attempts: u32,
    /// Takes any certificate: for private addresses whose certificate nobody vouches for.
    pub insecure_tls: bool,
    /// The unit that has failed when this endpoint is down, whatever systemd says of it.
    pub consequence_for: Option<String>,
}

/// Where a question goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A connection is enough of an answer.
    Tcp {
        host: String,
        port: u16,
    },
    Http(Url),
}

/// What is asked of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    Get,
    Head,
}

impl Target {
    /// `tcp://host:port`, `http://...` or `https://...`.
    ///
    /// # Errors
    /// What is expected instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "\"tcp://host:port\", \"http://...\" or \"https://...\" is expected";
        let url = Url::parse(text).map_err(|_| EXPECTED)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address without credentials: rules are read by everyone on the host");
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(EXPECTED)?;
        match (url.scheme(), url.port()) {
            ("tcp", Some(port)) => Ok(Self::Tcp { host: bare(host).to_owned(), port }),
            ("http" | "https", _) => Ok(Self::Http(url)),
            _ => Err(EXPECTED),
        }
    }

    /// `host:port`, and the path where it is not `/`; a query stays unsaid, since it may hold a token.
    pub fn subject(&self) -> String {
        match self {
            Self::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port } => format!("{host}:{port}"),
            Self::Http(url) => {
                let path = Some(url.path()).filter(|path| *path != "/").unwrap_or_default();
                let port = url.port_or_known_default().unwrap_or_default();
                format!("{}:{port}{path}", url.host_str().unwrap_or_default())
            }
        }
    }
}

/// An IPv6 address as sockets want it.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl EndpointRule {
    /// Reads it; `None` where the rule names no target and so only judges.
    pub(super) fn read(reader: &mut Reader<'_>, entry: &dyn TableLike, at: At) -> Option<Self> {
        let target = reader.parsed(entry, "target", Target::parse);
        let status = status(reader, entry);
        let contains = reader.string(entry, "contains");
        let method = reader.parsed(entry, "method", |text| match text {
            "GET" => Ok(Method::Get),
            "HEAD" => Ok(Method::Head),
            _ => Err("\"GET\" or \"HEAD\" is expected"),
        });
        if contains.is_some() && method == Some(Method::Head) {
            let at = entry.get("contains").and_then(Item::span);
            reader.fault(at, "`contains` of an answer to HEAD", "which has no body: leave out `method`");
        }
        let timeout = timeout(reader, entry, Span::from_seconds(5));
        let attempts = reader.integer(entry, "attempts", 1..101).and_then(|count| u32::try_from(count).ok());
        let insecure_tls = reader.boolean(entry, "insecure_tls").unwrap_or(false);
        let consequence_for = reader.string(entry, "consequence_for");
        alone(reader, entry, at, "target", KEYS);
        let target = target?;
        if matches!(target, Target::Tcp { .. }) {
            for key in ["status", "contains", "method"].into_iter().filter(|key| entry.contains_key(key)) {
                let at = entry.get(key).and_then(Item::span);
                reader.fault(at, format!("`{key}` of a tcp:// target"), "only http:// and https:// have it");
            }
        }
        Some(Self {
            target,
            status,
            contains,
            method: method.unwrap_or(Method::Get),
            timeout,
            attempts: attempts.unwrap_or(3),
            insecure_tls,
            consequence_for,
        })
    }

    /// Of the time an answer takes: slow from half of the timeout on.
    pub fn latency_levels(&self) -> Limits {
        let timeout = self.timeout.as_seconds();
        Limits::new(0.0, timeout * 0.5, timeout * 0.8, timeout)
    }

    /// Of the failures left: near when one more or two fifths of them are left.
    pub fn attempts_levels(&self) -> Limits {
        let attempts = f64::from(self.attempts);
        let approach = if self.attempts == 1 { 0.5 } else { (attempts * 2.0 / 5.0).max(1.0) };
        Limits::new(attempts, approach, approach / 2.0, 0.0)
    }

    pub(super) fn levels(&self, signal: &str) -> Limits {
        if signal == "endpoint.attempts_left" { self.attempts_levels() } else { self.latency_levels() }
    }

    /// Whether this status is a good answer.
    pub fn expects(&self, status: u16) -> bool {
        self.status.iter().any(|(first, last)| (*first..=*last).contains(&status))
    }
}

/// A remote question's patience: at most a minute.
pub(super) fn timeout(reader: &mut Reader<'_>, entry: &dyn TableLike, shipped: Span) -> Span {
    let Some(timeout) = reader.span(entry, "timeout", false) else { return shipped };
    if timeout > Span::from_minutes(1) {
        let at = entry.get("timeout").and_then(Item::span);
        reader.fault(at, format!("`timeout` is {timeout}"), "at most a minute is expected");
    }
    timeout
}

/// `[200, "300-399"]`.
fn status(reader: &mut Reader<'_>, entry: &dyn TableLike) -> Vec<(u16, u16)> {
    const SHIPPED: (u16, u16) = (200, 399);
    let Some(item) = entry.get("status") else { return vec![SHIPPED] };
    let ranges: Option<Vec<_>> = item.as_array().map(|array| array.iter().map(range).collect());
    match ranges.and_then(|ranges| ranges.into_iter().collect::<Option<Vec<_>>>()) {
        Some(ranges) if !ranges.is_empty() => ranges,
        _ => {
            reader.fault(
                item.span(),
                "`status` is no list of statuses",
                "such as [200, 204] or [\"200-299\", 401]",
            );
            vec![SHIPPED]
        }
    }
}

fn range(value: &Value) -> Option<(u16, u16)> {
    let (first, last) = match value {
        Value::Integer(whole) => (*whole.value(), *whole.value()),
        Value::String(text) => {
            let (first, last) = text.value().split_once('-')?;
            (first.trim().parse().ok()?, last.trim().parse().ok()?)
        }
        _ => return None,
    };
    let known = 100..1000;
    (known.contains(&first) && known.contains(&last) && first <= last)
        .then(|| Some((u16::try_from(first).ok()?, u16::try_from(last).ok()?)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{Declared, RuleSet};

    fn parse(text: &str) -> Result<RuleSet, Vec<String>> {
        RuleSet::parse(&[("r.toml".to_owned(), text.to_owned())])
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_subject_is_host_port_and_path_without_a_query() {
        for (target, subject) in [
            ("tcp://db.example:5432", "db.example:5432"),
            ("tcp://[::1]:25", "[::1]:25"),
            ("http://portal.example", "portal.example:80"),
            ("https://portal.example/health?token=x", "portal.example:443/health"),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
            ("https://[::1]/", "[::1]:443"),
        ] {
            assert_eq!(Target::parse(target).unwrap().subject(), subject);
        }
        for wrong in ["portal.example", "tcp://db.example", "ftp://x/", "https://user:secret@x/", "http://"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rule_judges_what_it_declares_by_its_own_timeout() {
        let rules = parse(
            "[[endpoint]]\nname = \"portal\"\ntarget = \"https://p.example/h\"\ntimeout = \"2s\"\n\
             status = [200, \"300-302\"]\n",
        )
        .unwrap();
        let judgement = rules.judge("endpoint.latency", "p.example:443/h", None).unwrap();
        assert_eq!((judgement.rule.name.as_str(), judgement.limits().unwrap().limit), ("portal", 2.0));
        let other = rules.judge("endpoint.latency", "other.example:443", None).unwrap();
        assert_eq!((other.rule.name.as_str(), other.limits().unwrap().limit), ("endpoint", 5.0));
        let (_, declared) = rules.declared().next().unwrap();
        let Declared::Endpoint(endpoint) = declared else { panic!("{declared:?}") };
        let expected: Vec<u16> = (100..600).filter(|status| endpoint.expects(*status)).collect();
        assert_eq!(expected, [200, 300, 301, 302]);
    }

    #[test]
    fn levels_of_attempts_follow_each_other_however_few_there_are() {
        let rule = |attempts| EndpointRule {
            target: Target::parse("tcp://h:1").unwrap(),
            status: Vec::new(),
            contains: None,
            method: Method::Get,
            timeout: Span::from_seconds(5),
            attempts,
            insecure_tls: false,
            consequence_for: None,
        };
        for (attempts, near_at) in [(1, 0.5), (2, 1.0), (3, 1.2), (10, 4.0)] {
            let levels = rule(attempts).attempts_levels();
            assert!(levels.are_ordered(), "{levels:?}");
            assert_eq!(levels.approach, near_at);
        }
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults = parse(
            "[[endpoint]]\nname = \"a\"\ntarget = \"tcp://h:1\"\nstatus = [200]\ntimeout = \"2h\"\n\
             [[endpoint]]\nname = \"b\"\ncontains = \"ok\"\nmethod = \"HEAD\"\nstatus = [\"200-100\"]\n",
        )
        .unwrap_err();
        for expected in [
            "r.toml:4: `status` of a tcp:// target",
            "r.toml:5: `timeout` is 2h; at most a minute",
            "r.toml:6: `status` without `target`",
            "r.toml:8: `contains` of an answer to HEAD",
            "r.toml:10: `status` is no list of statuses",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{expected}\nin {faults:#?}");
        }
        assert_eq!(faults.len(), 5, "{faults:#?}");
    }
}

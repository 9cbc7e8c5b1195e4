//! What may stand in `collector.toml`, and what each value must be.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::str::FromStr;

use lettre::message::Mailbox;
use nearmiss_case::words::MessageKind;
use serde::{Deserialize, Deserializer, de};
use toml_edit::{Item, TableLike};

use nearmiss_shared::fault::{Fault, Reader};

/// How the connection to the mail server is kept from others' eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secure {
    /// `smtp://`: not at all; allowed to this machine only.
    Plain,
    /// `smtp+starttls://`
    StartTls,
    /// `smtps://`
    Tls,
}

/// `smtp://HOST[:PORT]`, `smtps://HOST[:PORT]`, `smtp+starttls://HOST[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    pub secure: Secure,
    pub host: String,
    pub port: u16,
}

const SCHEMES: [(&str, Secure, u16); 3] =
    [("smtp", Secure::Plain, 25), ("smtps", Secure::Tls, 465), ("smtp+starttls", Secure::StartTls, 587)];

impl FromStr for MailServer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "smtps://HOST[:PORT] or smtp+starttls://HOST[:PORT] is expected";
        let url: reqwest::Url = text.parse().map_err(|_| EXPECTED)?;
        let known = SCHEMES.iter().find(|(scheme, ..)| *scheme == url.scheme());
        let (_, secure, port) = known.ok_or(EXPECTED)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(EXPECTED)?.to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err("put the name into `username` and the password into `password_file`");
        }
        if *secure == Secure::Plain && !is_loopback(&host) {
            return Err("smtp:// is allowed to this machine only; use smtps:// or smtp+starttls://");
        }
        Ok(Self { secure: *secure, host, port: url.port().unwrap_or(*port) })
    }
}

impl<'de> Deserialize<'de> for MailServer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// `postgres://USER@HOST[:PORT]/DATABASE`, with libpq's parameters behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUrl(pub(super) reqwest::Url);

impl FromStr for DatabaseUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "postgres://USER@HOST[:PORT]/DATABASE is expected";
        let url: reqwest::Url = text.parse().map_err(|_| EXPECTED)?;
        if url.password().is_some() {
            return Err("put the password into `password_file`");
        }
        let is_known = matches!(url.scheme(), "postgres" | "postgresql");
        let has_all = url.has_host() && url.path().len() > 1;
        if is_known && has_all { Ok(Self(url)) } else { Err(EXPECTED) }
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Every fault of this text.
pub(super) fn faults(file: &str, text: &str) -> Vec<Fault> {
    let mut reader = Reader::new(file, text);
    if let Some(document) = reader.document() {
        walk(&mut reader, document.as_table());
    }
    reader.faults
}

fn walk(reader: &mut Reader<'_>, root: &dyn TableLike) {
    reader.only(root, "this file", &["data", "server", "database", "mail", "webhook"]);
    reader.parsed(root, "data", not_empty);
    if let Some(server) = reader.table(root, "server") {
        reader.only(server, "[server]", &["listen", "public_url"]);
        reader.parsed(server, "listen", |text| {
            text.parse::<SocketAddr>().map_err(|_| "ADDRESS:PORT is expected, such as \"127.0.0.1:8321\"")
        });
        reader.parsed(server, "public_url", web_address);
    }
    if let Some(database) = reader.table(root, "database") {
        let at = root.get("database").and_then(Item::span);
        reader.only(database, "[database]", &["url", "password_file"]);
        reader.required(database, at, "url", DatabaseUrl::from_str);
        reader.string(database, "password_file");
    }
    if let Some(table) = reader.table(root, "mail") {
        let at = root.get("mail").and_then(Item::span);
        mail(reader, table, at);
    }
    let mut names = Vec::new();
    for (webhook, at) in reader.tables(root, "webhook") {
        let Some(name) = hook(reader, webhook, at.clone()) else { continue };
        if names.contains(&name) {
            reader.fault(at, format!("webhook `{name}` stands here twice"), "one [[webhook]] a name");
        }
        names.push(name);
    }
}

fn mail(reader: &mut Reader<'_>, table: &dyn TableLike, at: Option<Range<usize>>) {
    reader.only(table, "[mail]", &["server", "from", "username", "password_file"]);
    reader.required(table, at.clone(), "server", MailServer::from_str);
    reader.required(table, at.clone(), "from", |text| {
        text.parse::<Mailbox>().map_err(|_| "an address is expected, such as \"nearmiss@provider.example\"")
    });
    let given = |text: Option<String>| text.is_some_and(|text| !text.is_empty());
    let named = given(reader.string(table, "username"));
    let password = given(reader.string(table, "password_file"));
    if named != password {
        let missing = if named { "password_file" } else { "username" };
        reader.fault(at, format!("`{missing}` is missing"), "`username` and `password_file` go together");
    }
}

/// The receiver's name: messages are addressed by it.
fn hook(reader: &mut Reader<'_>, table: &dyn TableLike, at: Option<Range<usize>>) -> Option<String> {
    reader.only(table, "[[webhook]]", &["name", "url", "secret_file", "kinds"]);
    let name = reader.required(table, at.clone(), "name", |text| not_empty(text).map(|()| text.to_owned()));
    reader.required(table, at.clone(), "url", web_address);
    reader.required(table, at, "secret_file", not_empty);
    for kind in reader.strings(table, "kinds").unwrap_or_default() {
        if let Err(fault) = kind.parse::<MessageKind>() {
            let place = table.get("kinds").and_then(Item::span);
            reader.fault(place, format!("`{kind}` is no kind of message"), fault.to_string());
        }
    }
    name
}

fn not_empty(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() { Err("something is expected here") } else { Ok(()) }
}

/// `https://`, or `http://` as far as the reader of the configuration wants it: a proxy may end TLS.
fn web_address(text: &str) -> Result<(), &'static str> {
    let url: Result<reqwest::Url, _> = text.parse();
    let fits = url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
    if fits { Ok(()) } else { Err("https://HOST[:PORT][/PATH] is expected") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_mail_goes_to_this_machine_only() {
        for (text, fits) in [
            ("smtp://127.0.0.1:2525", true),
            ("smtp://[::1]", true),
            ("smtp://localhost", true),
            ("smtp://mail.example", false),
            ("smtps://mail.example", true),
            ("smtp+starttls://mail.example:2587", true),
            ("smtps://user:secret@mail.example", false),
            ("https://mail.example", false),
            ("mail.example", false),
        ] {
            assert_eq!(text.parse::<MailServer>().is_ok(), fits, "{text}");
        }
        assert_eq!("smtps://mail.example".parse::<MailServer>().unwrap().port, 465);
    }
}

//! The file of `account apply`: who is who. All faults at once, with file and line.
//!
//! `[provider] name`, `[[client]] name, sites, ...`, `[[person]] name, email, timezone, hours, ...` with a table
//! `[person.roles]` of client names and roles.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use jiff::tz::TimeZone;
use lettre::Address;
use nearmiss_case::context::ClientSettings;
use nearmiss_case::hours::Hours;
use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Role;
use nearmiss_store::accounts::{Accounts, ClientAccount, PersonAccount};
use toml_edit::{Item, TableLike};

use nearmiss_shared::fault::{Faults, Reader};

const CLIENT_KEYS: &[&str] = &[
    "name",
    "sites",
    "acknowledge_paged",
    "acknowledge_working",
    "retrospective_within",
    "holidays",
    "impact",
];
const PERSON_KEYS: &[&str] =
    &["name", "email", "timezone", "hours", "owner", "dispatcher", "on_call", "deputy", "roles"];

/// Reads the file.
pub(crate) fn parse(file: &str, text: &str) -> Result<Accounts, Faults> {
    let mut reader = Reader::new(file, text);
    let accounts = match reader.document() {
        Some(document) => walk(&mut reader, document.as_table()),
        None => Accounts::default(),
    };
    if reader.faults.is_empty() { Ok(accounts) } else { Err(Faults(reader.faults)) }
}

fn walk(reader: &mut Reader<'_>, root: &dyn TableLike) -> Accounts {
    reader.only(root, "this file", &["provider", "client", "person"]);
    let mut accounts = Accounts::default();
    match reader.table(root, "provider") {
        Some(table) => {
            reader.only(table, "[provider]", &["name"]);
            let at = root.get("provider").and_then(Item::span);
            accounts.provider = reader.required(table, at, "name", text).unwrap_or_default();
        }
        None => reader.fault(None, "`provider` is missing", "a table [provider] with a `name` is expected"),
    }
    for (table, at) in reader.tables(root, "client") {
        let client = client(reader, table, at.clone());
        if accounts.clients.iter().any(|known| known.name == client.name) {
            reader.fault(at, format!("client `{}` stands here twice", client.name), "one [[client]] a name");
        }
        accounts.clients.push(client);
    }
    let clients: Vec<String> = accounts.clients.iter().map(|client| client.name.clone()).collect();
    for (table, at) in reader.tables(root, "person") {
        let Some(person) = person(reader, table, at.clone(), &clients) else { continue };
        if accounts.people.iter().any(|known| known.email.eq_ignore_ascii_case(&person.email)) {
            reader.fault(at, format!("`{}` stands here twice", person.email), "one [[person]] an address");
        }
        accounts.people.push(person);
    }
    accounts
}

fn client(reader: &mut Reader<'_>, table: &dyn TableLike, at: Option<Range<usize>>) -> ClientAccount {
    reader.only(table, "[[client]]", CLIENT_KEYS);
    let defaults = ClientSettings::default();
    let mut span = |key, default| reader.parsed(table, key, positive).unwrap_or(default);
    let settings = ClientSettings {
        acknowledge_paged: span("acknowledge_paged", defaults.acknowledge_paged),
        acknowledge_working: span("acknowledge_working", defaults.acknowledge_working),
        retrospective_within: span("retrospective_within", defaults.retrospective_within),
        holidays: holidays(reader, table),
        impact: reader.string(table, "impact").unwrap_or_default(),
    };
    ClientAccount {
        name: reader.required(table, at, "name", text).unwrap_or_default(),
        sites: reader.strings(table, "sites").unwrap_or_default(),
        settings,
    }
}

fn holidays(reader: &mut Reader<'_>, table: &dyn TableLike) -> Vec<String> {
    let days = reader.strings(table, "holidays").unwrap_or_default();
    for day in days.iter().filter(|day| jiff::civil::Date::from_str(day).is_err()) {
        let at = table.get("holidays").and_then(Item::span);
        reader.fault(at, format!("`{day}` is no day"), "days are written as \"2026-12-25\"");
    }
    days
}

fn person(
    reader: &mut Reader<'_>,
    table: &dyn TableLike,
    at: Option<Range<usize>>,
    clients: &[String],
) -> Option<PersonAccount> {
    reader.only(table, "[[person]]", PERSON_KEYS);
    let name = reader.required(table, at.clone(), "name", text);
    let email = reader.required(table, at.clone(), "email", address);
    let timezone = reader.required(table, at.clone(), "timezone", zone);
    let hours = reader.required(table, at, "hours", Hours::from_str);
    let on_call = named(reader, table, "on_call", clients);
    let deputy = named(reader, table, "deputy", clients);
    let owner = reader.boolean(table, "owner").unwrap_or(false);
    let dispatcher = reader.boolean(table, "dispatcher").unwrap_or(false);
    let roles = roles(reader, table, clients);
    Some(PersonAccount {
        name: name?,
        email: email?,
        timezone: timezone?,
        hours: hours?,
        owner,
        dispatcher,
        on_call,
        deputy,
        roles,
    })
}

fn named(reader: &mut Reader<'_>, table: &dyn TableLike, key: &str, clients: &[String]) -> Vec<String> {
    let names = reader.strings(table, key).unwrap_or_default();
    for name in names.iter().filter(|name| !clients.contains(name)) {
        let at = table.get(key).and_then(Item::span);
        reader.fault(at, format!("`{name}` is no client of this file"), known(clients));
    }
    names
}

fn roles(reader: &mut Reader<'_>, person: &dyn TableLike, clients: &[String]) -> BTreeMap<String, Vec<Role>> {
    let mut roles = BTreeMap::new();
    let Some(table) = reader.table(person, "roles") else { return roles };
    for (client, item) in table.iter() {
        if !clients.iter().any(|known| known == client) {
            let at = table.key(client).and_then(|key| key.span());
            reader.fault(at, format!("`{client}` is no client of this file"), known(clients));
        }
        let mut held = Vec::new();
        for word in reader.strings(table, client).unwrap_or_default() {
            match word.parse::<Role>() {
                Ok(Role::Owner | Role::Dispatcher) => {
                    let what = format!("`{word}` is a role at the provider");
                    reader.fault(item.span(), what, format!("`{word} = true` in [[person]] is expected"));
                }
                Ok(role) => held.push(role),
                Err(fault) => reader.fault(item.span(), fault.to_string(), "a role is expected"),
            }
        }
        roles.insert(client.to_owned(), held);
    }
    roles
}

fn known(clients: &[String]) -> String {
    format!("known clients: {}", clients.join(", "))
}

fn text(text: &str) -> Result<String, &'static str> {
    let trimmed = text.trim();
    if trimmed.is_empty() { Err("a name is expected") } else { Ok(trimmed.to_owned()) }
}

fn address(text: &str) -> Result<String, &'static str> {
    let known: Result<Address, _> = text.trim().parse();
    known.map(|address| address.to_string().to_lowercase()).map_err(|_| "an e-mail address is expected")
}

fn zone(text: &str) -> Result<String, &'static str> {
    let known = TimeZone::get(text).map(|_| text.to_owned());
    known.map_err(|_| "an IANA time zone is expected, such as \"Asia/Karachi\"")
}

fn positive(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|fault: nearmiss_shared::time::NotASpan| fault.to_string())?;
    if span > Span::ZERO { Ok(span) } else { Err("a span longer than nothing is expected".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stories_people_are_read() {
        let text = include_str!("../../../tests/src/lab/people.toml");
        let accounts = parse("people.toml", text).unwrap();
        assert_eq!(accounts.provider, "Provider");
        assert_eq!((accounts.clients.len(), accounts.people.len()), (2, 6));
        let bilal = accounts.people.iter().find(|person| person.name == "Bilal Continuity").unwrap();
        assert_eq!(bilal.roles["Falcon MRO"], [Role::BcLead, Role::AccountManager]);
        assert!(accounts.people.last().unwrap().owner);
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let text = "[[client]]\nname = \"A\"\nsite = [\"x\"]\nacknowledge_paged = \"soon\"\nholidays = [\"xmas\"]\n\
                    [[client]]\nname = \"A\"\n[[person]]\nname = \"P\"\nemail = \"p\"\ntimezone = \"Mars\"\n\
                    hours = \"never\"\non_call = [\"B\"]\n[person.roles]\nB = [\"king\"]\nA = [\"owner\"]\n";
        let told = parse("p.toml", text).unwrap_err().to_string();
        for fault in [
            "p.toml:1: `provider` is missing",
            "p.toml:3: unknown key `site`",
            "p.toml:4: `acknowledge_paged` is \"soon\"",
            "p.toml:5: `xmas` is no day",
            "p.toml:6: client `A` stands here twice",
            "p.toml:10: `email` is \"p\"",
            "p.toml:11: `timezone` is \"Mars\"",
            "p.toml:12: `hours` is \"never\"",
            "p.toml:13: `B` is no client of this file",
            "p.toml:15: `B` is no client of this file",
            "p.toml:15: `king` is no Role",
            "p.toml:16: `owner` is a role at the provider",
        ] {
            assert!(told.contains(fault), "{fault} is not in:\n{told}");
        }
    }
}

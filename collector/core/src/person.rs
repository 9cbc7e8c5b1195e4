//! People of a client and who of them is on call.

use jiff::tz::TimeZone;
use nearmiss_shared::identity::PersonId;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::vocabulary::Role;
use serde::{Deserialize, Serialize};

use crate::hours::Hours;

/// Somebody who can be asked to act on a client's cases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub name: String,
    pub email: String,
    /// At this client, and at the provider.
    pub roles: Vec<Role>,
    /// IANA name; an unknown one reads as UTC.
    pub timezone: String,
    pub hours: Hours,
    /// Holds the pager of this client.
    pub on_call: bool,
    /// Stands in for this person's roles.
    pub deputy: bool,
}

impl Person {
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.timezone).unwrap_or(TimeZone::UTC)
    }

    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    pub fn works_at(&self, instant: Timestamp) -> bool {
        self.hours.contains(instant, &self.zone())
    }
}

/// Who answers, and why that person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<'a> {
    pub person: &'a Person,
    pub reason: &'static str,
}

impl Eq for Person {}

/// The first responder at `now`: the on-call sysadmin, one who works now first; then any sysadmin, then whoever is on
/// call, then the provider's dispatcher or owner, then anybody.
pub fn first_responder(people: &[Person], now: Timestamp) -> Option<Chosen<'_>> {
    let find = |fits: &dyn Fn(&Person) -> bool, reason| {
        let mut fitting = people.iter().filter(|person| fits(person));
        let working = people.iter().find(|person| fits(person) && person.works_at(now));
        working.or_else(|| fitting.next()).map(|person| Chosen { person, reason })
    };
    find(&|person| person.on_call && person.has(Role::Sysadmin) && !person.deputy, "on-call sysadmin")
        .or_else(|| find(&|person| person.has(Role::Sysadmin) && !person.deputy, "sysadmin of the client"))
        .or_else(|| find(&|person| person.on_call, "on call for the client"))
        .or_else(|| find(&is_provider, "no sysadmin: provider dispatcher"))
        .or_else(|| find(&|_| true, "nobody else is known"))
}

/// The next to be paged when `level` levels were not answered: deputy, then dispatcher; the last one repeats.
pub fn escalate_to(people: &[Person], level: usize, first: PersonId) -> Option<Chosen<'_>> {
    let others = || people.iter().filter(move |person| person.id != first);
    let deputy = others().find(|person| person.has(Role::Sysadmin));
    let dispatcher = others()
        .find(|person| person.has(Role::Dispatcher))
        .or_else(|| others().find(|person| is_provider(person)));
    let ladder: Vec<Chosen<'_>> = deputy
        .map(|person| Chosen { person, reason: "deputy" })
        .into_iter()
        .chain(dispatcher.map(|person| Chosen { person, reason: "provider dispatcher" }))
        .collect();
    let last = ladder.last().cloned();
    let again =
        || people.iter().find(|person| person.id == first).map(|person| Chosen { person, reason: "again" });
    ladder.into_iter().nth(level).or(last).or_else(again)
}

fn is_provider(person: &Person) -> bool {
    person.has(Role::Dispatcher) || person.has(Role::Owner)
}

/// Who holds `role`: the holder who is no deputy first.
pub fn holder(people: &[Person], role: Role) -> Option<&Person> {
    let holds = |person: &&Person| person.has(role);
    people.iter().filter(holds).find(|person| !person.deputy).or_else(|| people.iter().find(holds))
}

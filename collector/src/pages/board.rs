//! What the lists of cases are made of: the caller's cases with their clients' names and freshest readings.

use std::collections::BTreeMap;

use nearmiss_shared::identity::CaseId;
use nearmiss_store::cases::{CaseFilter, CaseRow, CaseState};
use nearmiss_store::hosts::MarginRow;
use nearmiss_store::{ClientScope, Principal};

use super::PageFault;
use super::fault::Place;
use super::form::Fields;
use super::now::view::{self, Viewer};
use super::part::closeness::Reading;
use super::part::row::Listed;
use super::shell::Shell;
use crate::app::App;

/// Open cases beyond this are not sorted into one page; the list of cases pages through them.
const MOST: u32 = 500;

/// Readings by client, host, signal and subject.
type Readings = BTreeMap<(String, String, String, String), Reading>;

/// Who looks, in the words of the view models.
pub(super) fn viewer(principal: &Principal) -> Viewer {
    let roles =
        principal.grants.iter().map(|grant| (grant.client_name.clone(), grant.roles.clone())).collect();
    Viewer { person: principal.id, roles }
}

/// The caller's scopes, or the one of the client asked for; another's client is as unknown as none.
pub(super) fn scopes(principal: &Principal, client: &str) -> Vec<ClientScope> {
    if client.is_empty() {
        return principal.scopes();
    }
    principal.named(client).map(|grant| grant.scope()).into_iter().collect()
}

/// Every open case of these clients with its freshest reading.
pub(super) async fn open(
    app: &App,
    principal: &Principal,
    scopes: &[ClientScope],
) -> Result<Vec<Listed>, PageFault> {
    page(app, principal, scopes, &filter(CaseState::Open, None, MOST)).await
}

/// A page of all cases, newest first.
pub(super) async fn page(
    app: &App,
    principal: &Principal,
    scopes: &[ClientScope],
    filter: &CaseFilter,
) -> Result<Vec<Listed>, PageFault> {
    let rows = app.store.cases(scopes, filter).await?;
    let readings = by_signal(app.store.margins(scopes).await?);
    Ok(rows.into_iter().map(|row| listed(row, principal, &readings)).collect())
}

pub(super) fn filter(state: CaseState, after: Option<CaseId>, limit: u32) -> CaseFilter {
    CaseFilter { state, client: None, host: None, category: None, after, limit }
}

/// One case with the reading of its signal, if the host told one.
pub(super) async fn with_reading(
    app: &App,
    principal: &Principal,
    row: CaseRow,
) -> Result<Listed, PageFault> {
    let readings = by_signal(app.store.margins(&[row.scope()]).await?);
    Ok(listed(row, principal, &readings))
}

fn listed(row: CaseRow, principal: &Principal, readings: &Readings) -> Listed {
    let case = row.case;
    let key = (row.client_name.clone(), case.host_name.clone(), case.signal.clone(), case.subject.clone());
    let may_act = principal.actor(case.client).is_some();
    Listed { reading: readings.get(&key).copied(), client: row.client_name, may_act, case }
}

fn by_signal(margins: Vec<MarginRow>) -> Readings {
    let pair = |row: MarginRow| {
        let reading = Reading {
            value: row.value,
            proximity: row.proximity,
            failure: row.time_to_failure_seconds,
            at: row.at,
        };
        ((row.client_name, row.host_name, row.signal, row.subject), reading)
    };
    margins.into_iter().map(pair).collect()
}

/// The frame of a page that is not Now: its rail still says how many rows wait.
pub(super) async fn shell(
    app: &App,
    principal: &Principal,
    title: impl Into<String>,
    here: &'static str,
) -> Result<Shell, PageFault> {
    let rows = app.store.cases(&principal.scopes(), &filter(CaseState::Open, None, MOST)).await?;
    let viewer = viewer(principal);
    let list = rows.into_iter().map(|row| listed(row, principal, &Readings::new()));
    let needed = list.filter(|listed| viewer.needed_for(listed).is_some()).count();
    Ok(Shell::new(title, here, principal, needed))
}

/// A fault of a form of this case, on a page that leads back to it.
pub(super) async fn fault_at(
    app: &App,
    principal: &Principal,
    fault: PageFault,
    href: String,
    label: String,
    form: &Fields,
) -> PageFault {
    match shell(app, principal, "", "cases").await {
        Ok(shell) => fault.at(Place { shell, href, label, typed: form.typed() }),
        Err(_) => fault,
    }
}

/// The filters every list has in its address.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Filters {
    pub client: String,
    pub who: String,
    pub state: String,
    pub cursor: String,
}

/// A client in the list of choices.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub name: String,
    pub chosen: bool,
}

pub(super) fn choices(principal: &Principal, chosen: &str) -> Vec<Choice> {
    let choice = |name: &String| Choice { name: name.clone(), chosen: name == chosen };
    let mut names: Vec<Choice> = principal.grants.iter().map(|grant| choice(&grant.client_name)).collect();
    names.sort_by(|one, other| one.name.cmp(&other.name));
    names
}

/// Keeps what concerns the viewer when the filter says `mine`.
pub(super) fn mine(mut list: Vec<Listed>, filters: &Filters, viewer: &view::Viewer) -> Vec<Listed> {
    if filters.who == "mine" {
        list.retain(|listed| viewer.is_concerned(listed));
    }
    list
}

//! Who watches the watcher: silent hosts, messages that did not arrive, evidence that does not verify.

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_store::ClientScope;
use nearmiss_store::cases::CaseState;
use nearmiss_store::hosts::HostRow;
use nearmiss_store::outbox::OutboxView;

use crate::app::App;
use crate::pages::PageFault;
use crate::pages::board;
use crate::pages::when;
use crate::pages::words::count;

/// Three intervals of an agent's status.
pub(crate) const SILENT_AFTER: Span = Span::from_seconds(90);
/// How many names stand in the strip before it only counts.
const NAMED: usize = 5;
/// A message not sent within this is told of.
const ON_ITS_WAY: Span = Span::from_seconds(60);
/// Evidence of so many cases is looked at.
const CASES: u32 = 200;

/// One thing that is not as it should be, and which ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub id: &'static str,
    pub words: String,
    pub details: Vec<String>,
    pub more: usize,
}

/// The strip.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strip {
    pub troubles: Vec<Trouble>,
    /// What is as it should be.
    pub fine: Vec<String>,
}

/// Reads the strip of these clients.
pub(in crate::pages) async fn load(
    app: &App,
    scopes: &[ClientScope],
    now: Timestamp,
) -> Result<Strip, PageFault> {
    let mut strip = Strip::default();
    strip.add_hosts(&app.store.hosts(scopes).await?, now);
    let mut messages = app.store.undelivered(scopes).await?;
    messages.retain(|message| is_late(message, now));
    strip.add_messages(&messages, now);
    let cases = app.store.cases(scopes, &board::filter(CaseState::All, None, CASES)).await?;
    let broken = cases.iter().flat_map(|row| {
        let bad = row.case.evidence.iter().filter(|item| item.signature_valid == Some(false));
        bad.map(|_| format!("{} on {}", row.case.label(), row.case.host_name))
    });
    strip.add_evidence(broken.collect());
    Ok(strip)
}

impl Strip {
    fn add_hosts(&mut self, hosts: &[HostRow], now: Timestamp) {
        if hosts.is_empty() {
            self.fine.push("no host is enrolled yet".to_owned());
            return;
        }
        let silent: Vec<String> = hosts.iter().filter_map(|host| silence(host, now)).collect();
        if silent.is_empty() {
            self.fine.push(format!("{} reporting", count(hosts.len(), "agent", "agents")));
        } else {
            self.push("silent", format!("{} silent", count(silent.len(), "agent", "agents")), silent);
        }
    }

    fn add_messages(&mut self, messages: &[OutboxView], now: Timestamp) {
        if messages.is_empty() {
            self.fine.push("messages delivered".to_owned());
            return;
        }
        let told = |message: &OutboxView| {
            let why = if message.detail.is_empty() { String::new() } else { format!(": {}", message.detail) };
            let age = when::relative(message.created_at, now);
            format!(
                "{} by {}, {age}, {}{why}",
                message.kind.replace('_', " "),
                message.channel,
                message.state
            )
        };
        let words = format!("{} not delivered", count(messages.len(), "message", "messages"));
        self.push("undelivered", words, messages.iter().map(told).collect());
    }

    fn add_evidence(&mut self, broken: Vec<String>) {
        if broken.is_empty() {
            self.fine.push("evidence verified".to_owned());
        } else {
            let words = format!("{} that does not verify", count(broken.len(), "bundle", "bundles"));
            self.push("evidence", words, broken);
        }
    }

    fn push(&mut self, id: &'static str, words: String, mut details: Vec<String>) {
        let more = details.len().saturating_sub(NAMED);
        details.truncate(NAMED);
        self.troubles.push(Trouble { id, words, details, more });
    }
}

/// A message that was queued just now is on its way, not late.
fn is_late(message: &OutboxView, now: Timestamp) -> bool {
    message.attempts > 0 || now.since(message.created_at) > ON_ITS_WAY
}

/// `lab-srv-07 of Apex Lab: silent for 14 min`.
fn silence(host: &HostRow, now: Timestamp) -> Option<String> {
    let seen = host.last_seen_at.unwrap_or(host.enrolled_at);
    let length = now.since(seen);
    let planned =
        if host.maintenance_until.is_some_and(|until| until > now) { ", in maintenance" } else { "" };
    (length > SILENT_AFTER).then(|| {
        let age = when::span(length.as_seconds());
        let never = if host.last_seen_at.is_none() { "never heard, enrolled" } else { "last heard" };
        format!("{} of {}: {never} {age} ago{planned}", host.name, host.client_name)
    })
}

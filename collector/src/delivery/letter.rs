//! One outbox row with all that its text needs, read when it is sent.

use nearmiss_case::Case;
use nearmiss_case::person::Person;
use nearmiss_case::words::MessageKind;
use nearmiss_shared::time::Timestamp;
use nearmiss_store::StoreError;
use nearmiss_store::cases::CaseRow;
use nearmiss_store::outbox::OutboxRow;
use serde_json::{Value, json};
use tracing::error;

use super::invitation;
use super::mail::Letter;
use super::render::{Told, letter};
use crate::app::App;

/// See the module.
pub(super) struct Letters {
    kind: MessageKind,
    row: CaseRow,
    people: Vec<Person>,
    /// Set for messages to a person.
    receiver: Option<Person>,
    impact: String,
}

impl Letters {
    /// `None` when the case or the receiver is gone. The error is for the board: it says no more than where to look.
    pub(super) async fn load(app: &App, row: &OutboxRow) -> Result<Option<Self>, &'static str> {
        Self::read(app, row).await.map_err(|fault| {
            error!(%fault, message = %row.id, "a message cannot be written");
            "the case cannot be read; the collector's log says why"
        })
    }

    async fn read(app: &App, row: &OutboxRow) -> Result<Option<Self>, StoreError> {
        let Ok(kind) = row.kind.parse() else { return Ok(None) };
        let Some(case) = app.store.case(&[row.scope()], row.case).await? else { return Ok(None) };
        let people = app.store.people(row.scope()).await?;
        let receiver = people.iter().find(|person| Some(person.id) == row.person).cloned();
        if row.person.is_some() && receiver.is_none() {
            return Ok(None);
        }
        let impact = app.store.settings(row.scope()).await?.impact;
        Ok(Some(Self { kind, row: case, people, receiver, impact }))
    }

    pub(super) const fn kind(&self) -> MessageKind {
        self.kind
    }

    pub(super) const fn case(&self) -> &Case {
        &self.row.case
    }

    fn case_url(&self, app: &App) -> String {
        format!("{}/cases/{}", app.public_url, self.row.case.label())
    }

    /// `None` for a message to nobody.
    pub(super) fn mail(
        &self,
        app: &App,
        row: &OutboxRow,
        link: Option<&str>,
        now: Timestamp,
    ) -> Option<Letter> {
        let told = Told {
            case: &self.row.case,
            client: &self.row.client_name,
            site: self.row.site_name.as_deref(),
            receiver: self.receiver.as_ref()?,
            people: &self.people,
            impact: &self.impact,
            case_url: self.case_url(app),
            link: link.map(|secret| format!("{}/a/{secret}", app.public_url)),
            now,
        };
        let (subject, text) = letter(self.kind, &told);
        let organizer = app.config.mail.as_ref().map(|mail| mail.from.as_str()).unwrap_or_default();
        Some(Letter {
            to_name: told.receiver.name.clone(),
            to_address: told.receiver.email.clone(),
            subject,
            text,
            calendar: invitation::of(self.kind, &told, organizer),
            id: row.dedup.clone(),
            at: now,
            urgent: row.urgent,
        })
    }

    pub(super) fn hook(&self, app: &App, row: &OutboxRow) -> Value {
        let case = &self.row.case;
        json!({
            "type": format!("nearmiss.{}", self.kind),
            "timestamp": row.created_at,
            "data": {
                "case": case.label(),
                "id": case.id,
                "title": case.title,
                "client": self.row.client_name,
                "site": self.row.site_name,
                "host": case.host_name,
                "category": case.category,
                "signal": case.signal,
                "subject": case.subject,
                "drill": case.drill,
                "track": case.track,
                "state": case.workflow,
                "physical": case.physical,
                "proximity": case.measures.proximity_now,
                "reasons": case.measures.reasons,
                "responder": case.responder.as_ref().map(|one| one.name.as_str()),
                "acknowledge_due": case.responder.as_ref().map(|one| one.acknowledge_due),
                "retrospective_due": case.retrospective.due,
                "url": self.case_url(app),
            }
        })
    }
}

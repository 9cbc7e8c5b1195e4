//! A host's report each half minute: where its signals stand, the last minutes of its episodes, answers to requests.

use std::collections::BTreeMap;

use nearmiss_case::engine::{Command, Input};
use nearmiss_case::key::CaseKey;
use nearmiss_case::{Actor, Case, apply};
use nearmiss_shared::action::CaseNumber;
use nearmiss_shared::signature::Proof;
use nearmiss_shared::time::Timestamp;
use nearmiss_shared::wire::v1::{
    EpisodeMinute, OpenCase, Request, RequestAnswer, RequestOutcome, Resting, SignalStatus, Status,
    StatusAnswer,
};
use nearmiss_store::curve::CurvePoint;
use nearmiss_store::hosts::MarginRow;
use nearmiss_store::{HostScope, StoreError, Unit};

use super::convert::cut;
use super::{IngestFault, admit};
use crate::app::App;
use crate::counters::Count;
use crate::maintenance;
use crate::moves::{World, Writer};

/// The agent lists 20 signals; more than this is no agent.
const MOST_SIGNALS: usize = 100;
const MOST_MINUTES: usize = 2_000;
const MOST_ANSWERS: usize = 100;
/// A host is told the names of so many of its open cases.
const MOST_CASES: usize = 50;

impl App {
    /// Takes a report in and gives what the host is asked.
    pub async fn status(
        &self,
        host: &HostScope,
        status: Status,
        proof: &Proof,
    ) -> Result<StatusAnswer, IngestFault> {
        let now = self.clock.now();
        let mut unit = self.store.begin().await?;
        admit(&mut unit, host, proof, now).await?;
        let margins: Vec<MarginRow> =
            status.signals.iter().take(MOST_SIGNALS).filter_map(|signal| margin(host, signal)).collect();
        let document = serde_json::to_string(&status).unwrap_or_default();
        unit.host_seen(host, now, &cut(&status.agent_version, 40), &document, &margins).await?;
        curves(&mut unit, host, status.minutes).await?;
        for answer in status.answers.iter().take(MOST_ANSWERS) {
            self.answered(&mut unit, host, answer, now).await?;
        }
        let cases = unit.open_cases_of_host(host.client(), host.host()).await?;
        unit.commit().await?;
        self.counters.add(Count::StatusReports, 1);
        self.shown();
        let requests = self.store.requests_for(host, now).await?;
        let requests = requests.into_iter().map(|row| Request {
            id: row.id,
            kind: row.kind,
            data: row.data,
            expires: row.expires_at,
        });
        let cases = cases.into_iter().take(MOST_CASES).map(open_case);
        Ok(StatusAnswer { requests: requests.collect(), server_time: now, cases: cases.collect() })
    }

    /// What became of a request is a line of the case that asked; maintenance is the host's own.
    async fn answered(
        &self,
        unit: &mut Unit,
        host: &HostScope,
        answer: &RequestAnswer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let outcome = match answer.outcome {
            RequestOutcome::Done => "done",
            RequestOutcome::Refused => "refused",
            RequestOutcome::Expired => "expired",
        };
        let detail = cut(&answer.detail, 500);
        let Some(asked) = unit.request_answered(host, answer.id, outcome, &detail).await? else {
            return Ok(());
        };
        if asked.kind == maintenance::KIND {
            let done = answer.outcome == RequestOutcome::Done;
            return self.maintenance_answered(unit, host, asked.data, done, &detail, now).await;
        }
        let Some(case) = asked.case else { return Ok(()) };
        let Some(case) = unit.case(host.client(), case).await? else { return Ok(()) };
        let world = World::load(unit, host.client(), now).await?;
        let context = world.context(Actor::Host { name: host.name().to_owned() });
        let command = Command::Note { text: format!("what the host was asked: {outcome}. {detail}") };
        let Ok(outcome) = apply(case, Input::Command(command), &context, now) else { return Ok(()) };
        let writer = Writer { config: &self.config, scope: host.client(), now };
        writer.save(unit, outcome, &format!("request {}", answer.id)).await.map(drop)
    }
}

fn open_case(case: Case) -> OpenCase {
    OpenCase {
        case: CaseNumber(case.number),
        acknowledged: case.is_acknowledged(),
        signal: case.signal,
        subject: case.subject,
    }
}

/// Numbers that are none are left out: a report is never refused for one of its signals.
fn margin(host: &HostScope, signal: &SignalStatus) -> Option<MarginRow> {
    let numbers =
        [signal.value, signal.normal, signal.approach, signal.critical, signal.limit, signal.proximity];
    if numbers.iter().flatten().any(|number| !number.is_finite()) {
        return None;
    }
    Some(MarginRow {
        host_name: host.name().to_owned(),
        client_name: String::new(),
        heard_at: None,
        signal: cut(&signal.signal, 100),
        subject: cut(&signal.subject, 1024),
        category: signal.category,
        value: signal.value,
        unit: cut(&signal.unit, 100),
        normal: signal.normal,
        approach: signal.approach,
        critical: signal.critical,
        limit: signal.limit,
        ordinal: signal.ordinal,
        proximity: signal.proximity,
        time_to_failure_seconds: signal.time_to_failure_seconds.filter(|seconds| seconds.is_finite()),
        state: signal.state,
        at: signal.at,
        resting: signal.resting.clone().map(|rest| Resting { why: cut(&rest.why, 200), ..rest }),
    })
}

/// The minutes of each episode go to the open case of their signal.
async fn curves(unit: &mut Unit, host: &HostScope, minutes: Vec<EpisodeMinute>) -> Result<(), StoreError> {
    let (scope, id) = (host.client(), host.host().to_string());
    let mut by_signal: BTreeMap<(String, String), Vec<CurvePoint>> = BTreeMap::new();
    for minute in minutes.into_iter().take(MOST_MINUTES) {
        if [minute.min, minute.max, minute.last].iter().all(|value| value.is_finite()) {
            let point = point(&minute);
            by_signal.entry((minute.signal, minute.subject)).or_default().push(point);
        }
    }
    for ((signal, subject), points) in by_signal {
        let key = CaseKey::new(scope.provider(), scope.client(), &id, &signal, &subject);
        if let Some(case) = unit.case_of_key(scope, &key).await?.filter(Case::is_open) {
            unit.add_minutes(scope, case.id, &points).await?;
        }
    }
    Ok(())
}

fn point(minute: &EpisodeMinute) -> CurvePoint {
    CurvePoint {
        minute: minute.minute,
        min: minute.min,
        max: minute.max,
        last: minute.last,
        closest: minute.closest.filter(|closest| closest.is_finite()),
        samples: minute.samples,
        expected: minute.expected,
    }
}

//! A case as the API tells it: the names of the contract, and nothing of the engine's own form.

use nearmiss_case::Case;
use nearmiss_case::case::{EvidenceRef, Task};
use nearmiss_case::erc;
use nearmiss_case::luck::RuleHit;
use nearmiss_shared::time::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// `Case` of the contract. Fields may be added, never renamed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CaseJson {
    id: String,
    number: u64,
    label: String,
    client: String,
    site: Option<String>,
    host: String,
    category: &'static str,
    signal: String,
    subject: String,
    title: String,
    opened_at: Timestamp,
    received_at: Timestamp,
    learned_late: bool,
    draft: bool,
    track: &'static str,
    state: &'static str,
    physical: &'static str,
    verdict: Value,
    control: Option<&'static str>,
    stopped_by: Value,
    drill: Option<String>,
    /// Cases are not grouped yet.
    group: Option<String>,
    proximity: Value,
    margin: Value,
    time_to_failure_seconds: Value,
    responder: Option<Value>,
    hand_off: Option<Value>,
    accepted_until: Option<Timestamp>,
    ruling: Option<&'static str>,
    retrospective: Value,
    tasks: Vec<Value>,
    mitigations: Vec<Value>,
    actions: Vec<Value>,
    evidence: Vec<Value>,
    erc: Value,
    luck: Value,
}

impl CaseJson {
    /// `client` and `site` are the names people gave them.
    pub(crate) fn new(case: &Case, client: &str, site: Option<&str>) -> Self {
        Self {
            id: case.id.to_string(),
            number: case.number,
            label: case.label(),
            client: client.to_owned(),
            site: site.map(str::to_owned),
            host: case.host_name.clone(),
            category: case.category.as_str(),
            signal: case.signal.clone(),
            subject: case.subject.clone(),
            title: case.title.clone(),
            opened_at: case.opened_at,
            received_at: case.received_at,
            learned_late: case.learned_late,
            draft: case.draft,
            track: case.track.as_str(),
            state: case.workflow.as_str(),
            physical: case.physical.as_str(),
            verdict: json!({"proposed": case.proposed, "confirmed": case.confirmed}),
            control: case.control.map(|control| control.as_str()),
            stopped_by: json!({"main": case.stopped_by, "contributing": []}),
            drill: case.drill.clone(),
            group: None,
            proximity: proximity(case),
            margin: margin(case),
            time_to_failure_seconds: json!({
                "at_open": case.measures.failure_at_open,
                "minimum": case.measures.failure_minimum,
            }),
            responder: responder(case),
            hand_off: hand_off(case),
            accepted_until: case.accepted_until,
            ruling: case.ruling.map(|ruling| ruling.as_str()),
            retrospective: retrospective(case),
            tasks: case.tasks.iter().map(task).collect(),
            mitigations: mitigations(case),
            actions: actions(case),
            evidence: case.evidence.iter().map(evidence).collect(),
            erc: erc(case),
            luck: json!({
                "class": case.luck,
                "rules": case.luck_hits.iter().map(rule).collect::<Vec<_>>(),
                "said": case.luck_said,
            }),
        }
    }
}

fn proximity(case: &Case) -> Value {
    let measures = &case.measures;
    json!({
        "at_open": measures.proximity_open,
        "peak": measures.proximity_peak,
        "now": measures.proximity_now,
    })
}

fn margin(case: &Case) -> Value {
    let measures = &case.measures;
    json!({
        "value": measures.value,
        "unit": measures.unit,
        "limit": measures.limit,
        "minimum": measures.margin_minimum,
    })
}

fn responder(case: &Case) -> Option<Value> {
    let responder = case.responder.as_ref()?;
    Some(json!({
        "id": responder.person,
        "name": responder.name,
        "role": responder.role,
        "reason": responder.reason,
        "paged": responder.paged,
        "acknowledge_due": responder.acknowledge_due,
        "acknowledged_at": responder.acknowledged_at,
        "acknowledged_by": responder.acknowledged_by,
    }))
}

fn hand_off(case: &Case) -> Option<Value> {
    let offer = case.hand_off.as_ref()?;
    Some(json!({
        "to": offer.to_name,
        "state": offer.state,
        "risks": offer.risks,
        "next_step": offer.next_step,
        "until": offer.until,
    }))
}

fn retrospective(case: &Case) -> Value {
    let retrospective = &case.retrospective;
    json!({
        "due": retrospective.due,
        "form": retrospective.form,
        "scheduled_at": retrospective.slot.map(|slot| slot.start),
        "held_at": retrospective.held_at,
        "reason": retrospective.reason,
        "unanswered": case.unanswered(),
    })
}

fn task(task: &Task) -> Value {
    json!({
        "id": task.id,
        "role": task.role,
        "title": task.title,
        "due": task.due,
        "state": task.state,
        "note": task.note,
    })
}

fn mitigations(case: &Case) -> Vec<Value> {
    let said = case.mitigations.iter();
    said.map(|one| {
        json!({
            "at": one.at,
            "by": one.by,
            "kind": one.kind,
            "text": one.text,
            "on_host": one.on_host,
            "run": one.run,
        })
    })
    .collect()
}

/// What will make luck unnecessary; `index` is what a verification names.
fn actions(case: &Case) -> Vec<Value> {
    let numbered = case.actions.iter().enumerate();
    numbered
        .map(|(index, action)| {
            json!({
                "index": index,
                "kind": action.kind,
                "text": action.text,
                "owner": action.owner,
                "due": action.due,
                "proof": action.proof,
                "state": action.state,
            })
        })
        .collect()
}

fn evidence(reference: &EvidenceRef) -> Value {
    json!({
        "id": reference.bundle,
        "sha256": reference.sha256,
        "bytes": reference.bytes,
        "signature_valid": reference.signature_valid,
    })
}

fn erc(case: &Case) -> Value {
    let (outcome, barriers) = case.erc.cell();
    json!({
        "proposed": case.erc.value,
        "confirmed": case.erc.confirmed.as_ref().map(|said| said.value),
        "said": case.erc.confirmed,
        "outcome": case.erc.outcome,
        "barriers": case.erc.barriers,
        "reasons": case.erc.reasons,
        "colour": erc::colour(outcome, barriers),
        "colours": erc::COLOURS,
        "serious": erc::is_serious(case),
    })
}

fn rule(hit: &RuleHit) -> Value {
    json!({"rule": hit.rule, "evidence": hit.evidence, "on": hit.on})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::sample;

    /// Every name the contract gives a case, by path.
    const CONTRACT: &str = "id number client site host category signal subject title opened_at received_at \
        learned_late track state physical verdict.proposed verdict.confirmed control stopped_by.main \
        stopped_by.contributing drill draft group proximity.at_open proximity.peak proximity.now margin.value \
        margin.unit margin.limit margin.minimum time_to_failure_seconds.at_open time_to_failure_seconds.minimum \
        responder.name responder.role responder.reason responder.acknowledge_due responder.acknowledged_at \
        retrospective.due retrospective.form retrospective.scheduled_at retrospective.held_at tasks.0.id \
        tasks.0.role tasks.0.title tasks.0.due tasks.0.state evidence.0.id evidence.0.sha256 evidence.0.bytes \
        evidence.0.signature_valid erc.proposed erc.confirmed luck.class luck.rules.0.rule luck.rules.0.evidence";

    fn told() -> Value {
        let mut case = sample::case(42);
        case.luck_hits.push(RuleHit {
            rule: "L1".into(),
            evidence: "nobody was on it".into(),
            on: Vec::new(),
        });
        serde_json::to_value(CaseJson::new(&case, "Falcon MRO", Some("Hangar 2"))).unwrap()
    }

    #[test]
    fn a_case_has_every_name_of_the_contract() {
        let told = told();
        for path in CONTRACT.split_whitespace() {
            let pointer = format!("/{}", path.replace('.', "/"));
            assert!(told.pointer(&pointer).is_some(), "{path} is missing: {told}");
        }
    }

    #[test]
    fn words_numbers_and_nulls_are_as_the_contract_writes_them() {
        let told = told();
        assert_eq!(told["number"], 42);
        assert_eq!(told["state"], "opened");
        assert_eq!(told["physical"], "approached");
        assert_eq!(told["received_at"], "2026-11-24T06:00:00.000Z");
        assert_eq!(told["responder"]["name"], "Sana Sysadmin");
        assert_eq!(told["responder"]["acknowledged_at"], Value::Null);
        assert_eq!(told["verdict"]["proposed"], Value::Null);
        assert_eq!(told["evidence"][0]["signature_valid"], Value::Null);
        assert_eq!(told["retrospective"]["form"], "meeting");
        assert_eq!(told["luck"]["class"], "none");
        assert!(told["erc"]["proposed"].is_u64());
    }
}

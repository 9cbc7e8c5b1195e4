//! A transition as the event that tells of it, and the events that are about the host rather than a signal.

use std::collections::BTreeMap;

use nearmiss_agent_core::evaluator::{Measures, Transition};
use nearmiss_agent_core::reading::Stamp;
use nearmiss_shared::identity::{BundleId, EventId, EventParts, HostId, StoreId};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Category, EventKind, Physical};
use nearmiss_shared::wire::v1::{self as wire, Event, RuleRef};

/// What is the same for every event of a host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    /// The nil id on a host that is not enrolled: its events go nowhere.
    pub(super) host: HostId,
    pub(super) store: StoreId,
    pub(super) observing: bool,
}

/// Something done on the host, or lost by it: it belongs to no signal.
#[derive(Clone, Debug)]
pub struct Remark {
    pub kind: EventKind,
    pub reasons: Vec<String>,
    pub labels: BTreeMap<String, String>,
    /// A bundle to be frozen with it, by the recipe of this category.
    pub snapshot: Option<(BundleId, Category)>,
}

impl Remark {
    pub fn new(kind: EventKind, reasons: Vec<String>, labels: BTreeMap<String, String>) -> Self {
        Self { kind, reasons, labels, snapshot: None }
    }
}

/// A remark that is on the disk.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    pub id: EventId,
    pub at: Timestamp,
}

pub(super) fn of_transition(transition: &Transition, source: Source, bundle: Option<BundleId>) -> Event {
    let id = EventId::of(EventParts {
        host: source.host,
        store: source.store,
        rule: &transition.rule.name,
        kind: &transition.kind,
        signal: &transition.signal,
        subject: &transition.subject,
        episode: Some(transition.episode),
        sequence: transition.sequence,
    });
    Event {
        id,
        episode: Some(transition.episode),
        sequence: transition.sequence,
        kind: transition.kind.clone(),
        observed_at: transition.at.wall,
        boot_ms: boot_ms(transition.at),
        category: transition.category,
        signal: transition.signal.clone(),
        subject: transition.subject.clone(),
        labels: transition.labels.clone(),
        rule: transition.rule.clone(),
        state: transition.to,
        value: transition.value,
        unit: transition.unit.to_owned(),
        normal: transition.normal,
        approach: transition.approach,
        critical: transition.critical,
        limit: transition.limit,
        ordinal: transition.ordinal,
        proximity: transition.proximity,
        rate_per_hour: transition.rate_per_hour,
        time_to_failure_seconds: transition.time_to_failure_seconds,
        hold_seconds: Some(transition.hold.as_seconds()),
        measures: transition.measures.map(measures),
        samples: transition.samples.clone(),
        reasons: transition.reasons.clone(),
        bundle,
        drill: transition.drill.clone(),
        observing: source.observing,
        not_spooled: false,
    }
}

pub(super) fn of_remark(remark: Remark, source: Source, sequence: u64, at: Stamp) -> Event {
    let id = EventId::of(EventParts {
        host: source.host,
        store: source.store,
        rule: "",
        kind: &remark.kind,
        signal: "",
        subject: "",
        episode: None,
        sequence,
    });
    Event {
        id,
        episode: None,
        sequence,
        kind: remark.kind,
        observed_at: at.wall,
        boot_ms: boot_ms(at),
        // Every event has a category; the collector takes none of its meaning from one that names no signal.
        category: remark.snapshot.map_or(Category::Service, |(_, category)| category),
        signal: String::new(),
        subject: String::new(),
        labels: remark.labels,
        rule: RuleRef { name: String::new(), hash: String::new() },
        state: Physical::Normal,
        value: None,
        unit: String::new(),
        normal: None,
        approach: None,
        critical: None,
        limit: None,
        ordinal: false,
        proximity: None,
        rate_per_hour: None,
        time_to_failure_seconds: None,
        hold_seconds: None,
        measures: None,
        samples: Vec::new(),
        reasons: remark.reasons,
        bundle: remark.snapshot.map(|(bundle, _)| bundle),
        drill: None,
        observing: source.observing,
        not_spooled: false,
    }
}

fn measures(measured: Measures) -> wire::Measures {
    let seconds = |span: Option<Span>| span.map(Span::as_seconds);
    let (samples_received, samples_expected) = measured.coverage.unzip();
    wire::Measures {
        margin: measured.margin,
        margin_minimum: measured.minimum_margin,
        relative_margin: measured.relative_margin,
        peak_proximity: measured.peak_proximity,
        peak_at: measured.peak_at,
        time_to_failure_at_open_seconds: seconds(measured.failure_at_open),
        time_to_failure_minimum_seconds: seconds(measured.failure_minimum),
        predicted_failure_at: measured.predicted_failure_at,
        detection_delay_seconds: seconds(measured.detection_delay),
        time_to_turn_seconds: seconds(measured.time_to_turn),
        time_to_recovery_seconds: seconds(measured.time_to_recovery),
        slack: measured.slack,
        warning_lead_seconds: seconds(measured.warning_lead),
        outage_seconds: seconds(measured.outage),
        samples_received,
        samples_expected,
        dark_seconds: measured.dark.as_seconds(),
        longest_gap_seconds: measured.longest_gap.as_seconds(),
        exposure_seconds: seconds(measured.exposure),
        silent: measured.silent,
    }
}

fn boot_ms(at: Stamp) -> u64 {
    u64::try_from(at.boot_ms).unwrap_or(0)
}

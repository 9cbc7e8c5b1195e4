//! The pipeline's steps: each takes one input, judges, commits once, and then tells.

use nearmiss_agent_core::consequence;
use nearmiss_agent_core::evaluator::{Baseline, Transition};
use nearmiss_agent_core::reading::{Measure, Reading};
use nearmiss_shared::identity::HostId;
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::EventKind;
use nearmiss_shared::wire::v1::{self as wire, Event};
use tracing::{error, info, warn};

use super::event::{Source, of_remark, of_transition};
use super::minutes::Sample;
use super::watched::Watched;
use super::{Committed, Input, Pipeline, Remark, Written};
use crate::follower::Followed;
use crate::ids;
use crate::store::{StoreFault, Work};
use nearmiss_agent_probe::NotApplicable;

/// Events that wait for the collector, and those in quarantine, have this much room each.
const SPOOL_BYTES: u64 = 64 * 1024 * 1024;
/// Signals of a host are bounded: log keys come from outside.
const MOST_SIGNALS: usize = 20_000;

impl Pipeline {
    pub(super) async fn take(&mut self, input: Input) {
        match input {
            Input::Looked(looked) => {
                self.excuse(looked.not_applicable);
                let transitions = self.judge(&looked.readings);
                self.finish(transitions, Work::default()).await;
            }
            Input::Followed(followed) => self.followed(followed).await,
            Input::Baseline(baseline, reply) => drop(reply.send(self.baseline(baseline).await)),
            Input::Remark(remark, reply) => drop(reply.send(self.remark(remark).await)),
            Input::View(reply) => drop(reply.send(self.view())),
            Input::Status(reply) => drop(reply.send(self.status())),
            Input::Told(signals, minutes) => self.told(signals, &minutes),
            Input::Maintenance(window) => self.maintenance = window,
            Input::KeepHistory(reply) => {
                self.keep_history().await;
                // Whoever asked may have gone.
                reply.send(()).unwrap_or_default();
            }
        }
    }

    fn excuse(&mut self, excuses: Vec<NotApplicable>) {
        for excuse in excuses {
            let NotApplicable { probe, why, holds } = excuse;
            let key = (probe.to_owned(), why);
            if holds {
                info!(probe, why = key.1, "not applicable");
                self.not_applicable.insert(key);
            } else {
                info!(probe, was = key.1, "applicable again");
                self.not_applicable.remove(&key);
            }
        }
    }

    fn judge(&mut self, readings: &[Reading]) -> Vec<Transition> {
        self.parts.counters.add("readings", readings.len() as u64);
        readings.iter().flat_map(|reading| self.judge_one(reading)).collect()
    }

    fn judge_one(&mut self, reading: &Reading) -> Vec<Transition> {
        let key = (reading.signal.clone(), reading.subject.clone());
        if !self.signals.contains_key(&key) {
            if self.signals.len() >= MOST_SIGNALS {
                self.parts.counters.add("signals_refused", 1);
                return Vec::new();
            }
            let Some(watched) = Watched::first_seen(&self.parts.rules, reading) else { return Vec::new() };
            self.signals.insert(key.clone(), watched);
        }
        let joined = self.consequence(&key, reading);
        self.record(&key, reading);
        let Some(watched) = self.signals.get_mut(&key) else { return Vec::new() };
        let transitions = watched.observe(&self.parts.rules, joined.as_ref().unwrap_or(reading));
        match watched.standing().filter(|_| watched.state.is_open()) {
            Some((_, proximity)) => {
                if let Some(value) = watched.state.value() {
                    self.minutes.record(Sample {
                        signal: &reading.signal,
                        subject: &reading.subject,
                        episode: watched.state.episode(),
                        at: reading.at.wall,
                        value,
                        proximity,
                        interval: watched.judgement().interval,
                    });
                }
            }
            None => self.minutes.close(&reading.signal, &reading.subject),
        }
        transitions
    }

    /// The reading of a signal that runs an episode, as a consequence, while one of its subject's other signals says
    /// that it came: a filesystem that was filling and turned read-only has failed.
    fn consequence(&self, key: &(String, String), reading: &Reading) -> Option<Reading> {
        let Measure::Value(value) = reading.measure else { return None };
        let (signal, subject) = key;
        self.signals.get(key).filter(|watched| watched.state.is_open())?;
        let came = consequence::of(signal).iter().find_map(|other| {
            let other = self.signals.get(&((*other).to_owned(), subject.clone()))?;
            other.failure().map(|why| (other.state.signal(), why))
        });
        let (other, why) = came?;
        let measure = Measure::Consequence { value: Some(value), reason: format!("{why} ({other})") };
        Some(Reading { measure, ..reading.clone() })
    }

    async fn followed(&mut self, followed: Followed) {
        self.excuse(followed.not_applicable);
        self.parts.counters.add("log_lines", followed.lines);
        self.parts.counters.add("log_lines_cut", followed.cut_lines);
        let transitions = self.judge(&followed.readings);
        let mut work = Work::default();
        for reading in &followed.readings {
            work.states.extend(
                self.signals.get(&(reading.signal.clone(), reading.subject.clone())).map(Watched::stored),
            );
        }
        self.owed
            .extend(followed.checkpoints.into_iter().map(|checkpoint| (checkpoint.key, checkpoint.data)));
        if let Some(gap) = followed.gap {
            warn!(gap, "log lines were missed");
            let event = self.event_of(Remark::new(EventKind::Gap, vec![gap], Default::default()));
            work.sequence = Some(self.sequence);
            work.events.push(event);
        }
        self.finish(transitions, work).await;
    }

    /// Lets time pass for every signal.
    pub(super) async fn tick(&mut self) {
        let now = self.now();
        let transitions = self.signals.values_mut().flat_map(|watched| watched.tick(now)).collect();
        self.finish(transitions, Work::default()).await;
    }

    /// Writes every state that changed without an event, and what was read meanwhile.
    pub(super) async fn flush(&mut self) {
        self.keep_history().await;
        let forgotten: Vec<_> = self
            .signals
            .iter()
            .filter(|(_, watched)| watched.is_forgettable())
            .map(|(key, _)| key.clone())
            .collect();
        let states = self.signals.values().filter(|watched| watched.dirty).map(Watched::stored).collect();
        let work = Work { states, forgotten: forgotten.clone(), ..Work::default() };
        if (self.behind || !work.is_empty()) && self.commit(work).await.is_ok() {
            forgotten.iter().for_each(|key| drop(self.signals.remove(key)));
        }
        self.tell_lost().await;
        self.parts.reserve.refill();
    }

    /// Events that outgrew their room: in memory while nothing could be written, in the spool while nobody took them.
    async fn tell_lost(&mut self) {
        if self.behind {
            return;
        }
        let trimmed = self.parts.store.trim_spool(SPOOL_BYTES).await.unwrap_or_else(|fault| {
            warn!(%fault, "the spool cannot be trimmed");
            0
        });
        let lost = self.parts.outbox.take_lost() + trimmed;
        if lost > 0 {
            let reasons =
                vec![format!("{lost} events were dropped, the oldest first: none was taken for long")];
            drop(self.remark(Remark::new(EventKind::Loss, reasons, Default::default())).await);
        }
    }

    async fn baseline(&mut self, baseline: wire::Baseline) -> Result<(), String> {
        let now = self.now();
        let wire::Baseline { signal, subject, value, until, reason, person } = baseline;
        let watched = self.signals.get_mut(&(signal, subject)).ok_or("this host watches no such signal")?;
        let transitions = watched.accept(Baseline { value, until, reason, person }, now);
        let work = Work { states: vec![watched.stored()], ..Work::default() };
        self.finish(transitions, work).await;
        Ok(())
    }

    async fn remark(&mut self, remark: Remark) -> Result<Written, StoreFault> {
        let event = self.event_of(remark);
        let written = Written { id: event.id, at: event.observed_at };
        let work = Work { events: vec![event], sequence: Some(self.sequence), ..Work::default() };
        self.commit(work).await.map(|()| written)
    }

    fn event_of(&mut self, remark: Remark) -> Event {
        self.sequence += 1;
        of_remark(remark, self.source(), self.sequence, self.now())
    }

    /// Commits a step with the events of its transitions. A failure was told and is made good with the next step.
    async fn finish(&mut self, transitions: Vec<Transition>, mut work: Work) {
        if transitions.is_empty() && work.is_empty() && self.owed.is_empty() {
            return;
        }
        let source = self.source();
        for transition in &transitions {
            info!(
                kind = %transition.kind, signal = transition.signal, subject = transition.subject,
                proximity = transition.proximity, reasons = ?transition.reasons, "transition"
            );
            let bundle = transition.freezes().then(|| ids::bundle(transition.at.wall));
            let mut event = of_transition(transition, source, bundle);
            if let Some((until, reason)) = self.maintenance_of(&transition.signal, &transition.subject) {
                event.labels.insert("maintenance".to_owned(), format!("until {until}: {reason}"));
            }
            work.events.push(event);
            let key = (transition.signal.clone(), transition.subject.clone());
            work.states.extend(self.signals.get(&key).map(Watched::stored));
        }
        drop(self.commit(work).await);
    }

    /// Commits a step together with all that earlier steps could not write, so that the disk never holds a part.
    async fn commit(&mut self, mut work: Work) -> Result<(), StoreFault> {
        let new = std::mem::take(&mut work.events);
        let unwritten = self.parts.outbox.unwritten();
        work.enrolled = self.parts.identity.enrolment.is_some();
        work.events = unwritten.waiting.into_iter().chain(new.iter().cloned()).collect();
        work.settled = unwritten.settled;
        work.checkpoints = self.owed.clone().into_iter().collect();
        if self.behind {
            work.states.extend(self.signals.values().filter(|watched| watched.dirty).map(Watched::stored));
            work.sequence = Some(self.sequence);
        }
        let written = self.write(&work).await;
        self.behind = written.is_err();
        match &written {
            Ok(()) => {
                self.parts.outbox.written(work.events.iter().chain(&work.settled));
                self.tell(&work);
            }
            Err(fault) => {
                error!(%fault, "nothing could be written; events go out from memory");
                self.parts.outbox.keep_unspooled(new);
                self.parts.outbox.events.notify_one();
            }
        }
        written
    }

    /// Writes; where the disk is full, with the bytes of the history, and then with the reserve's.
    async fn write(&mut self, work: &Work) -> Result<(), StoreFault> {
        let now = self.now().wall;
        let mut written = self.parts.store.commit(work, now).await;
        while written.as_ref().is_err_and(StoreFault::is_full) && self.forget_half().await {
            written = self.parts.store.commit(work, now).await;
        }
        if written.as_ref().is_err_and(StoreFault::is_full) && self.parts.reserve.give_up() {
            warn!("the disk is full: the reserve is given up");
            return self.parts.store.commit(work, now).await;
        }
        written
    }

    fn tell(&mut self, work: &Work) {
        work.checkpoints.iter().for_each(|(key, _)| drop(self.owed.remove(key)));
        for stored in &work.states {
            let key = (stored.state.signal().to_owned(), stored.state.subject().to_owned());
            if let Some(watched) = self.signals.get_mut(&key) {
                watched.dirty = false;
            }
        }
        for event in work.events.iter().chain(&work.settled) {
            self.parts.counters.add("events", 1);
            // Nobody listening is the usual case.
            drop(self.committed.send(Committed {
                kind: event.kind.clone(),
                signal: event.signal.clone(),
                subject: event.subject.clone(),
            }));
        }
        if !work.events.is_empty() {
            self.parts.outbox.events.notify_one();
        }
        if work.events.iter().chain(&work.settled).any(|event| event.bundle.is_some()) {
            self.parts.outbox.freeze.notify_one();
        }
    }

    fn source(&self) -> Source {
        let enrolment = self.parts.identity.enrolment.as_ref();
        let host = enrolment.map_or_else(nil_host, |enrolment| enrolment.host);
        Source { host, store: self.parts.identity.store, observing: self.is_observing() }
    }

    /// A new host learns for a while: as long as both its configuration and its collector want.
    pub(super) fn is_observing(&self) -> bool {
        self.observes_until().is_some_and(|until| self.now().wall < until)
    }

    pub(super) fn observes_until(&self) -> Option<Timestamp> {
        let identity = &self.parts.identity;
        let (since, theirs) = match &identity.enrolment {
            Some(enrolment) => {
                (enrolment.enrolled_at, i64::try_from(enrolment.observe_seconds).unwrap_or(i64::MAX))
            }
            None => (identity.since, i64::MAX),
        };
        let length = self.parts.observe.min(Span::from_seconds(theirs));
        (length > Span::ZERO).then(|| since.plus(length))
    }
}

/// The nil UUID.
fn nil_host() -> HostId {
    HostId::from_parts(Timestamp::from_millis(0), [0; 10])
}

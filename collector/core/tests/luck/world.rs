//! A signal that grows, what turns it, and what agent and people would record of it.

use std::collections::BTreeMap;

use nearmiss_case::context::ClientSettings;
use nearmiss_case::engine::Opening;
use nearmiss_case::facts::Range;
use nearmiss_case::key::CaseKey;
use nearmiss_case::person::Person;
use nearmiss_case::words::MitigationKind;
use nearmiss_case::{Actor, Case, Command, Context, EventFacts, Input, apply, open};
use nearmiss_shared::identity::{
    CaseId, ClientId, EventId, EventParts, HostId, PersonId, ProviderId, StoreId, TaskId,
};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Category, EventKind, Physical, Role};

/// What truly turned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// An alert, a person, the right command, recorded by the host.
    Command,
    /// The same, told in the collector's page some minutes later, with when it was.
    Told,
    /// The right command, whose effect takes some minutes.
    Slow,
    /// A person saw it before any alert came out.
    Noticed,
    /// It turned by itself.
    ByItself,
    /// A cron job that nobody registered.
    Job,
    /// Somebody did something else; a job turned it at another time.
    Unrelated,
    /// It turned by itself; somebody acted on the alert afterwards.
    Afterwards,
    /// The trend broke before the predicted failure; then somebody acted, long after it.
    Overdue,
    /// It turned while nothing was read.
    Unseen,
    /// A person at the console who wrote nothing down.
    Silent,
}

impl Cause {
    pub(crate) const ALL: [Self; 11] = [
        Self::Command,
        Self::Told,
        Self::Slow,
        Self::Noticed,
        Self::ByItself,
        Self::Job,
        Self::Unrelated,
        Self::Afterwards,
        Self::Overdue,
        Self::Unseen,
        Self::Silent,
    ];

    pub(crate) const fn was_controlled(self) -> bool {
        matches!(self, Self::Command | Self::Told | Self::Slow | Self::Noticed | Self::Silent)
    }

    /// Whether anything of the cause was recorded at all: else no rule can know it.
    pub(crate) const fn is_on_record(self) -> bool {
        !matches!(self, Self::Silent)
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Command => "a person's command on the host",
            Self::Told => "a person, told in the page later",
            Self::Slow => "a person's command with a slow effect",
            Self::Noticed => "a person, before any alert",
            Self::ByItself => "nothing: it turned by itself",
            Self::Job => "a job that nobody registered",
            Self::Unrelated => "such a job, and an unrelated action",
            Self::Afterwards => "nothing, and an action afterwards",
            Self::Overdue => "an action after the predicted failure",
            Self::Unseen => "not seen: the host was silent",
            Self::Silent => "a person at the console, unrecorded",
        }
    }
}

/// Numbers that look random and are the same for the same seed (xorshift64).
struct Dice(u64);

impl Dice {
    fn new(cause: Cause, seed: u64) -> Self {
        let mut dice = Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((cause as u64 + 1) << 32));
        for _ in 0..16 {
            dice.unit();
        }
        dice
    }

    /// From 0 to 1.
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// About normal: the sum of twelve.
    fn noise(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// Free space of a filesystem, as a share: normal, near, full.
const NORMAL: f64 = 0.5;
const NEAR: f64 = 0.15;
const FULL: f64 = 0.0;
/// Back, where it is not near any more by a margin.
const BACK: f64 = 0.18;
const START: Timestamp = Timestamp::from_millis(1_795_500_000_000);
/// Minutes between two samples, and for how long it must stay back.
const STEP: f64 = 0.25;
const HOLD: f64 = 30.0;

/// What happened, in minutes since it came near.
struct Story {
    /// When it began to turn.
    turn: f64,
    /// What was done, when it began and ended.
    action: Option<(f64, f64)>,
    /// Nothing was read from the one to the other.
    silence: Option<(f64, f64)>,
    /// A person signed in on the host.
    session: Option<f64>,
    /// When the alert came out.
    heard: f64,
    /// Somebody answered the alert.
    answered: Option<f64>,
}

/// The course: free space by minute, from an hour before it came near.
struct Course {
    samples: Vec<(f64, f64)>,
    /// Minutes from near to full, had it gone on.
    left: f64,
}

/// One life of a case of this cause, through the engine.
pub(crate) fn live(cause: Cause, seed: u64) -> Case {
    let mut dice = Dice::new(cause, seed);
    let left = (60.0_f64.ln() + dice.unit() * (600.0_f64 / 60.0).ln()).exp();
    let story = story(cause, left, &mut dice);
    let course = course(&story, left, cause, &mut dice);
    Desk::new(cause, seed).tell(&story, &course, &mut dice)
}

fn story(cause: Cause, left: f64, dice: &mut Dice) -> Story {
    let turn = left * dice.between(0.15, 0.75);
    let answered = Some(dice.between(1.0, 10.0_f64.min(turn * 0.8)));
    let quiet = Story { turn, action: None, silence: None, session: None, heard: 0.2, answered: None };
    let length = dice.between(0.05, 2.0);
    match cause {
        Cause::Command | Cause::Told => {
            let begun = turn - dice.between(0.0, 0.7);
            Story { action: Some((begun, begun + length)), answered, ..quiet }
        }
        Cause::Slow => {
            let begun = turn - dice.between(2.0, 7.0);
            let answered = answered.map(|at| at.min(begun * 0.9));
            Story { action: Some((begun, begun + length)), answered, ..quiet }
        }
        Cause::Noticed => {
            let begun = turn - dice.between(0.0, 0.7);
            Story { action: Some((begun, begun + length)), heard: turn + dice.between(2.0, 8.0), ..quiet }
        }
        Cause::ByItself | Cause::Job => quiet,
        Cause::Unrelated => {
            // At any time in which it was near.
            let begun = dice.between(1.0, turn);
            Story { action: Some((begun, begun + length)), answered: Some(begun * 0.5), ..quiet }
        }
        Cause::Afterwards => {
            let begun = turn + dice.between(20.0, 90.0);
            Story { action: Some((begun, begun + length)), answered: Some(begun - 1.0), ..quiet }
        }
        Cause::Overdue => {
            let turn = left * dice.between(1.2, 2.5);
            Story { turn, action: Some((turn - 0.5, turn - 0.4)), answered, ..quiet }
        }
        Cause::Unseen => {
            let from = turn - dice.between(30.0, 60.0).min(turn * 0.7);
            Story { silence: Some((from, turn + dice.between(20.0, 60.0))), ..quiet }
        }
        Cause::Silent => Story { session: Some(turn - dice.between(2.0, 20.0)), ..quiet },
    }
}

fn course(story: &Story, left: f64, cause: Cause, dice: &mut Dice) -> Course {
    let (sigma, pace) = (dice.between(0.0001, 0.002), (NEAR - FULL) / left);
    // Deleting frees at once; a service that was mended drains. Growth may go on after what was deleted.
    let falls = dice.unit() < 0.6;
    let (target, drain) = (dice.between(0.22, 0.45), dice.between(0.004, 0.02));
    let again = if dice.unit() < 0.3 { 0.2 } else { 0.0 };
    let slack = if cause == Cause::Overdue { left * 0.7 } else { f64::INFINITY };
    let mut samples = Vec::new();
    let mut minute = -60.0;
    while minute < story.turn + 6.0 * HOLD {
        // A trend that breaks lets it creep on far slower.
        let grown = |minute: f64| minute.min(slack) + (minute - slack).max(0.0) * 0.05;
        let before = NEAR - pace * grown(minute.min(story.turn));
        let since = (minute - story.turn).max(0.0);
        let gained = match falls {
            true if since > 0.0 => target - before - again * pace * since,
            false => (drain * since).min(target - before),
            _ => 0.0,
        };
        let free = (before + gained).clamp(0.004, NORMAL) + sigma * dice.noise();
        samples.push((minute, free));
        minute += STEP;
    }
    if let Some((from, to)) = story.silence {
        samples.retain(|(minute, _)| *minute < from || *minute > to);
    }
    Course { samples, left }
}

/// The collector's side of the story.
struct Desk {
    cause: Cause,
    seed: u64,
    people: Vec<Person>,
    settings: ClientSettings,
    sequence: u64,
    case: Option<Case>,
}

/// What comes to the collector, and when.
enum Told {
    Signal(EventKind, Physical, f64),
    Answer,
    Begun(f64),
    Ended(f64, f64),
    Page(f64),
    Login(f64),
}

impl Desk {
    fn new(cause: Cause, seed: u64) -> Self {
        let person = Person {
            id: PersonId::from_parts(START, [1; 10]),
            name: "Sana".to_owned(),
            email: "sana@example.org".to_owned(),
            roles: vec![Role::Sysadmin, Role::Devops, Role::SecurityLead, Role::BcLead],
            timezone: "UTC".to_owned(),
            hours: "always".parse().unwrap(),
            on_call: true,
            deputy: false,
        };
        Self {
            cause,
            seed,
            people: vec![person],
            settings: ClientSettings::default(),
            sequence: 0,
            case: None,
        }
    }

    fn tell(mut self, story: &Story, course: &Course, dice: &mut Dice) -> Case {
        let mut told = signals(course);
        // A network that was down, or an agent that started late: the alert of somebody who saw it before.
        told.iter_mut().for_each(|(at, _)| *at = at.max(story.heard));
        told.extend(story.answered.map(|at| (at, Told::Answer)));
        told.extend(story.session.map(|at| (story.heard.max(at), Told::Login(at))));
        if let Some((begun, ended)) = story.action {
            match self.cause {
                Cause::Told => {
                    let remembered = begun + dice.between(-1.0, 1.0);
                    told.push((ended + dice.between(1.0, 15.0), Told::Page(remembered)));
                }
                _ => {
                    told.push((begun.max(story.heard + 0.01), Told::Begun(begun)));
                    told.push((ended.max(story.heard + 0.02), Told::Ended(begun, ended)));
                }
            }
        }
        told.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (at, what) in told {
            self.take(at, what, course);
        }
        self.case.unwrap()
    }

    fn take(&mut self, minute: f64, what: Told, course: &Course) {
        let now = at(minute);
        let host = Actor::Host { name: "lab-srv-07".to_owned() };
        let input = match what {
            Told::Signal(kind, state, seen) => {
                let facts = self.facts(kind, state, seen, course);
                if self.case.is_none() {
                    return self.open(&facts, now);
                }
                (Input::Event(Box::new(facts)), host)
            }
            Told::Answer => {
                (Input::Command(Command::Acknowledge { comment: String::new(), expires: None }), self.sana())
            }
            Told::Page(begun) => {
                let (what, text) = (MitigationKind::Other, "removed old images".to_owned());
                let done_at = Some(at(begun).min(now));
                (Input::Command(Command::Mitigate { what, text, on_host: false, done_at }), self.sana())
            }
            Told::Begun(begun) => (self.action(begun, course, &[("action", "mitigation_begun")]), host),
            Told::Ended(begun, ended) => {
                let begun = at(begun).to_string();
                let labels = [("action", "mitigation_ended"), ("begun", begun.as_str()), ("exit", "0")];
                (self.action(ended, course, &labels), host)
            }
            Told::Login(since) => {
                let since = at(since).to_string();
                let labels =
                    [("action", "login"), ("user", "root"), ("tty", "tty1"), ("since", since.as_str())];
                (self.action(minute, course, &labels), host)
            }
        };
        let (input, actor) = input;
        let case = self.case.clone().unwrap();
        let context =
            Context { people: &self.people, settings: &self.settings, busy: &[], meetings: &[], actor };
        // Who answers when it is over is refused, and nothing is recorded.
        if let Ok(outcome) = apply(case, input, &context, now) {
            self.case = Some(outcome.case);
        }
    }

    fn sana(&self) -> Actor {
        let person = &self.people[0];
        Actor::Person { id: person.id, name: person.name.clone(), roles: person.roles.clone() }
    }

    fn action(&mut self, minute: f64, course: &Course, labels: &[(&str, &str)]) -> Input {
        let mut facts = self.facts(EventKind::Action, Physical::Approached, minute, course);
        facts.samples.clear();
        facts.labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        facts.labels.insert("program".to_owned(), "cleanup".to_owned());
        facts.labels.insert("person".to_owned(), "root".to_owned());
        facts.reasons = vec!["cleanup".to_owned()];
        Input::Event(Box::new(facts))
    }

    fn open(&mut self, facts: &EventFacts, now: Timestamp) {
        let (provider, client) =
            (ProviderId::from_parts(START, [5; 10]), ClientId::from_parts(START, [6; 10]));
        let mut number = 0;
        let opening = Opening {
            id: CaseId::from_parts(START, [4; 10]),
            number: self.seed + 1,
            provider,
            client,
            site: None,
            key: CaseKey::new(provider, client, "h", &facts.signal, &facts.subject),
            received_at: now,
            task_ids: &mut || {
                number += 1;
                TaskId::from_parts(START, [number; 10])
            },
        };
        let actor = Actor::Host { name: "lab-srv-07".to_owned() };
        let context =
            Context { people: &self.people, settings: &self.settings, busy: &[], meetings: &[], actor };
        self.case = Some(open(facts, opening, &context).case);
    }

    /// As an agent tells it: the samples before it, thinned to 200.
    fn facts(&mut self, kind: EventKind, state: Physical, minute: f64, course: &Course) -> EventFacts {
        self.sequence += 1;
        let host = HostId::from_parts(START, [7; 10]);
        let (signal, subject, rule) = ("filesystem.free", "/srv", "filesystem");
        let store = StoreId::from_parts(START, [8; 10]);
        let sequence = self.sequence;
        let parts =
            EventParts { host, store, rule, kind: &kind, signal, subject, episode: Some(1), sequence };
        let before: Vec<(f64, f64)> = {
            let read = course.samples.iter().filter(|(at, _)| *at <= minute && *at > minute - 60.0);
            read.copied().collect()
        };
        let every = before.len().div_ceil(200).max(1);
        let value = before.last().map(|(_, value)| *value);
        let near = kind == EventKind::Approached;
        EventFacts {
            id: EventId::of(parts),
            kind,
            episode: 1,
            sequence,
            observed_at: at(minute),
            host,
            host_name: "lab-srv-07".to_owned(),
            category: Category::Capacity,
            signal: signal.to_owned(),
            subject: subject.to_owned(),
            labels: BTreeMap::new(),
            rule: rule.to_owned(),
            state,
            value,
            unit: "ratio".to_owned(),
            normal: Some(NORMAL),
            approach: Some(NEAR),
            limit: Some(FULL),
            ordinal: false,
            proximity: value.map(|value| (NORMAL - value) / (NORMAL - FULL)),
            tick: (NORMAL - NEAR) / (NORMAL - FULL),
            // A forecast is wrong by some.
            time_to_failure: near.then(|| {
                let estimate = course.left * 60.0 * (0.9 + 0.2 * ((self.seed % 10) as f64 / 10.0));
                Range { estimate, low: Some(estimate * 0.8), high: Some(estimate * 1.3) }
            }),
            hold: Some(HOLD * 60.0),
            slack: None,
            coverage: None,
            samples: before.iter().step_by(every).map(|(minute, value)| (at(*minute), *value)).collect(),
            reasons: vec!["free space".to_owned()],
            bundle: None,
            drill: None,
            observing: false,
            maintenance: false,
        }
    }
}

/// What the agent says of the course: near, dark and seen again, back, back for good.
fn signals(course: &Course) -> Vec<(f64, Told)> {
    let mut told = vec![(0.2, Told::Signal(EventKind::Approached, Physical::Approached, 0.2))];
    let (mut last, mut back): (f64, Option<f64>) = (0.2, None);
    for (minute, free) in course.samples.iter().filter(|(minute, _)| *minute > 0.2) {
        if minute - last > 5.0 {
            told.push((last + 1.0, Told::Signal(EventKind::Dark, Physical::Dark, last + 1.0)));
            told.push((*minute, Told::Signal(EventKind::Gap, Physical::Approached, *minute)));
        }
        last = *minute;
        match back {
            None if *free > BACK => {
                told.push((*minute, Told::Signal(EventKind::Receding, Physical::Receding, *minute)));
                back = Some(*minute);
            }
            Some(since) if *free > BACK && minute - since >= HOLD => {
                told.push((*minute, Told::Signal(EventKind::Recovered, Physical::Recovered, *minute)));
                return told;
            }
            Some(_) if *free < NEAR => {
                told.push((*minute, Told::Signal(EventKind::Approached, Physical::Approached, *minute)));
                back = None;
            }
            _ => {}
        }
    }
    told
}

fn at(minute: f64) -> Timestamp {
    START.plus(Span::from_millis((minute * 60_000.0) as i64))
}

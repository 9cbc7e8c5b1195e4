//! One near-miss case: everything known of it. The stored form carries a version; timers and tasks live here and are
//! projected to rows.

use nearmiss_shared::action::CaseNumber;
use nearmiss_shared::identity::{BundleId, CaseId, ClientId, HostId, PersonId, ProviderId, SiteId, TaskId};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::{Category, Physical, Role};
use serde::{Deserialize, Serialize};

use crate::context::Slot;
use crate::erc::ErcProposal;
use crate::key::CaseKey;
use crate::luck::RuleHit;
use crate::words::{
    ActionKind, ActionState, Control, LuckClass, MitigationKind, RetroForm, Ruling, StoppedBy, TaskState,
    TimerKind, Track, Verdict, Workflow,
};

pub const CASE_VERSION: u32 = 1;

/// A case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub v: u32,
    pub id: CaseId,
    /// Shown as `NM-0042`; rises per provider.
    pub number: u64,
    pub provider: ProviderId,
    pub client: ClientId,
    pub site: Option<SiteId>,
    pub host: HostId,
    pub host_name: String,
    pub key: CaseKey,
    pub category: Category,
    pub signal: String,
    pub subject: String,
    pub title: String,
    /// When it came near, by the host's clock.
    pub opened_at: Timestamp,
    /// When the collector heard of it: clocks that bind people start here.
    pub received_at: Timestamp,
    pub learned_late: bool,
    pub draft: bool,
    pub drill: Option<String>,
    pub track: Track,
    pub workflow: Workflow,
    pub physical: Physical,
    pub proposed: Option<Verdict>,
    pub confirmed: Option<Verdict>,
    pub control: Option<Control>,
    pub stopped_by: Option<StoppedBy>,
    pub measures: Measures,
    pub episodes: Vec<Episode>,
    /// The newest sequence of the signal that was applied; an older one cannot undo it.
    pub sequence: u64,
    pub responder: Option<Responder>,
    /// How many levels of the escalation were paged without an answer.
    pub escalation: usize,
    pub hand_off: Option<HandOff>,
    pub tasks: Vec<Task>,
    pub retrospective: Retrospective,
    pub mitigations: Vec<Mitigation>,
    /// Privileged people seen signed in on the host about this time.
    #[serde(default)]
    pub logins: Vec<Login>,
    pub actions: Vec<Action>,
    pub ruling: Option<Ruling>,
    pub erc: ErcProposal,
    pub luck: LuckClass,
    pub luck_hits: Vec<RuleHit>,
    /// What a person said of it; it stands before what the rules propose.
    #[serde(default)]
    pub luck_said: Option<LuckSaid>,
    pub evidence: Vec<EvidenceRef>,
    pub accepted_until: Option<Timestamp>,
    pub timers: Vec<Timer>,
}

/// How close it came, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    pub proximity_open: Option<f64>,
    pub proximity_peak: Option<f64>,
    pub proximity_now: Option<f64>,
    /// Proximity of the approach level, for the bar's tick.
    pub tick: f64,
    pub value: Option<f64>,
    pub unit: String,
    pub approach: Option<f64>,
    pub limit: Option<f64>,
    pub ordinal: bool,
    /// The smallest distance to the limit, in the unit.
    pub margin_minimum: Option<f64>,
    /// Seconds: estimate at open, smallest seen.
    pub failure_at_open: Option<f64>,
    pub failure_minimum: Option<f64>,
    /// The newest estimate with its soonest bound, for the order of lists.
    pub failure_now: Option<f64>,
    /// Seconds that the rule asks the signal to stay back.
    #[serde(default)]
    pub hold: Option<f64>,
    /// Of the newest episode, as its host measured them.
    #[serde(default)]
    pub slack: Option<f64>,
    #[serde(default)]
    pub coverage: Option<(u64, u64)>,
    pub reasons: Vec<String>,
    /// Closeness as it was read, oldest first: what an action did is seen in it. Of ordinal signals, nothing.
    #[serde(default)]
    pub course: Vec<(Timestamp, f64)>,
}

/// Points of the course that are kept; the oldest go first.
const MOST_POINTS: usize = 400;

impl Measures {
    /// Takes points into the course; one that is known already changes nothing.
    pub(crate) fn went(&mut self, points: impl Iterator<Item = (Timestamp, f64)>) {
        self.course.extend(points);
        self.course.sort_by_key(|(at, _)| *at);
        self.course.dedup_by_key(|(at, _)| *at);
        let excess = self.course.len().saturating_sub(MOST_POINTS);
        self.course.drain(..excess);
    }

    /// Takes one point into the closest that was seen: the highest proximity, the smallest margin.
    pub(crate) fn nearer(&mut self, proximity: Option<f64>, value: Option<f64>, limit: Option<f64>) {
        if let Some(proximity) = proximity {
            self.proximity_peak = Some(self.proximity_peak.map_or(proximity, |peak| peak.max(proximity)));
        }
        if let (Some(value), Some(limit)) = (value, limit) {
            let past = proximity.is_some_and(|proximity| proximity >= 1.0);
            let left = if past { 0.0 } else { (limit - value).abs() };
            self.margin_minimum = Some(self.margin_minimum.map_or(left, |least| least.min(left)));
        }
    }
}

/// From one approach to the next, or to normal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    pub number: u64,
    pub opened_at: Timestamp,
    pub turned_at: Option<Timestamp>,
    pub recovered_at: Option<Timestamp>,
    pub breached_at: Option<Timestamp>,
    /// The host went down without an orderly shutdown: whether anything failed is for a person to say.
    #[serde(default)]
    pub crashed_at: Option<Timestamp>,
    /// The subject was taken out of service.
    #[serde(default)]
    pub retired_at: Option<Timestamp>,
    /// Seconds without samples.
    pub dark_seconds: f64,
    pub dark_since: Option<Timestamp>,
    /// When it was heard of again after a silence.
    #[serde(default)]
    pub seen_again_at: Option<Timestamp>,
    /// Seconds in which no independent barrier was left.
    #[serde(default)]
    pub exposed_seconds: f64,
    #[serde(default)]
    pub exposed_since: Option<Timestamp>,
}

/// Who answers for the case now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Responder {
    pub person: PersonId,
    pub name: String,
    pub role: Role,
    /// Why this person.
    pub reason: String,
    pub paged: bool,
    pub acknowledge_due: Timestamp,
    pub acknowledged_at: Option<Timestamp>,
    /// The account that acknowledged on the host itself, such as `root on lab-srv-07`: it is nobody who signed in here.
    #[serde(default)]
    pub acknowledged_by: Option<String>,
}

/// The case changes hands; it stays with the giver until the receiver accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOff {
    pub to: PersonId,
    pub to_name: String,
    pub state: String,
    pub risks: String,
    pub next_step: String,
    pub until: Timestamp,
}

/// One role's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub id: TaskId,
    pub role: Role,
    pub person: Option<PersonId>,
    pub title: String,
    pub due: Timestamp,
    pub state: TaskState,
    /// What the role had to say when it was done or waived.
    pub note: String,
}

/// The four questions and when they are answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retrospective {
    pub due: Timestamp,
    pub form: RetroForm,
    pub slot: Option<Slot>,
    /// Why this slot or form.
    pub reason: String,
    pub invited_at: Option<Timestamp>,
    /// RFC 5545 SEQUENCE of the invitation.
    pub invitation_sequence: u32,
    pub held_at: Option<Timestamp>,
    pub answers: [Option<Answer>; 4],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub text: String,
    pub by: String,
    pub at: Timestamp,
}

/// A person's word on what stopped it and whether that was luck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LuckSaid {
    pub stopped_by: StoppedBy,
    pub luck: LuckClass,
    pub reason: String,
    /// What it rests on; none is asked where luck is raised.
    pub evidence: Option<BundleId>,
    pub by: String,
    pub at: Timestamp,
}

/// Something done to stop it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mitigation {
    pub at: Timestamp,
    pub by: String,
    pub kind: MitigationKind,
    pub text: String,
    /// On the host by the sysadmin, or here.
    pub on_host: bool,
    /// How it ended, where it was a command that the host told of.
    #[serde(default)]
    pub run: Option<Run>,
}

/// The end of a command that was run on the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub ended_at: Timestamp,
    /// An exit code, or `signal 9`.
    pub exit: String,
    /// The case's own signal before and after it, in its unit.
    pub before: Option<f64>,
    pub after: Option<f64>,
}

/// A privileged account seen signed in: a fact, whatever was done with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    pub user: String,
    pub tty: String,
    /// Empty for the host's own console.
    pub from: String,
    /// When it signed in, by the host's clock.
    pub since: Timestamp,
}

/// What will make luck unnecessary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    pub kind: ActionKind,
    pub text: String,
    pub owner: Role,
    pub due: Timestamp,
    /// The proof that will be asked.
    pub proof: String,
    pub state: ActionState,
}

/// A bundle that belongs to the case; its hash is known once it is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRef {
    pub bundle: BundleId,
    pub sha256: Option<String>,
    pub bytes: Option<u64>,
    pub signature_valid: Option<bool>,
}

/// A running clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    pub kind: TimerKind,
    pub due: Timestamp,
}

impl Case {
    /// `NM-0042`.
    pub fn label(&self) -> String {
        CaseNumber(self.number).to_string()
    }

    /// Whether the case holds its key: not closed, and not moved to the register of standing hazards.
    pub fn is_open(&self) -> bool {
        self.workflow != Workflow::Closed && self.physical != Physical::Standing
    }

    /// Whether the signal was back for good, as far as anybody could know: nobody need answer any more.
    pub const fn is_settled(&self) -> bool {
        use Workflow::{ActionsOpen, Closed, RetroHeld, Stabilised, Verified};
        matches!(self.workflow, Stabilised | RetroHeld | ActionsOpen | Verified | Closed)
    }

    pub fn episode(&mut self) -> Option<&mut Episode> {
        self.episodes.last_mut()
    }

    /// Whether somebody has answered.
    pub fn is_acknowledged(&self) -> bool {
        self.responder.as_ref().is_some_and(|responder| responder.acknowledged_at.is_some())
    }

    /// When the first sustained recession of the newest episode began.
    pub fn turned_at(&self) -> Option<Timestamp> {
        let episode = self.episodes.last()?;
        episode.turned_at.or(episode.recovered_at)
    }

    /// When a signal that is back is judged at the soonest; not known of an older agent's rule.
    pub fn judged_at(&self) -> Option<Timestamp> {
        let hold = Span::from_millis((self.measures.hold? * 1000.0) as i64);
        self.turned_at().map(|turned| turned.plus(hold))
    }

    pub(crate) fn set_timer(&mut self, kind: TimerKind, due: Timestamp) {
        self.clear_timer(kind);
        self.timers.push(Timer { kind, due });
        self.timers.sort_by_key(|timer| timer.due);
    }

    pub(crate) fn clear_timer(&mut self, kind: TimerKind) {
        self.timers.retain(|timer| timer.kind != kind);
    }

    /// The unanswered questions of the retrospective, 1 to 4.
    pub fn unanswered(&self) -> Vec<usize> {
        let answers = self.retrospective.answers.iter().enumerate();
        answers.filter(|(_, answer)| answer.is_none()).map(|(index, _)| index + 1).collect()
    }

    /// The roles that have not given their part.
    pub fn silent_roles(&self) -> Vec<Role> {
        let silent = |role: &Role| {
            let mut own = self.tasks.iter().filter(|task| task.role == *role).peekable();
            own.peek().is_none() || own.any(|task| task.state == TaskState::Open)
        };
        Role::FOUR.into_iter().filter(silent).collect()
    }
}

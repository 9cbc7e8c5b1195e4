//! One timer unit: how late its job is.

use super::{Activity, Moment, TIMER_OVERDUE, retired};
use crate::proximity::Limits;
use crate::reading::{Measure, Reading};

/// What a timer's period is taken for until it is known: the usual one.
const DAY_MS: i64 = 86_400_000;
/// No job counts as late before this.
const LEEWAY_MS: i64 = 60_000;

/// A timer's SubState, as far as it is told apart here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerState {
    /// `waiting`: the next time is known.
    Waiting,
    /// `running`: the job it started has not ended.
    Running,
    /// `elapsed`, `dead`: it starts nothing any more.
    Over,
    /// `failed`.
    Failed,
}

impl From<&str> for TimerState {
    fn from(word: &str) -> Self {
        match word {
            "waiting" => Self::Waiting,
            "running" => Self::Running,
            "failed" => Self::Failed,
            _ => Self::Over,
        }
    }
}

/// One timer unit as systemd tells it (org.freedesktop.systemd1(5), systemd.timer(5)); times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    pub name: String,
    pub state: TimerState,
    /// What it starts.
    pub unit: String,
    /// The next time on the wall clock, the randomised delay included; `None` where the timer has none.
    pub next_wall_ms: Option<i64>,
    /// The same on CLOCK_MONOTONIC.
    pub next_monotonic_ms: Option<i64>,
    pub last_wall_ms: Option<i64>,
    pub last_monotonic_ms: Option<i64>,
    /// AccuracySec=: a job that starts within this is on time.
    pub accuracy_ms: i64,
    /// How the job stands, where it is not watched itself: one fact is told once.
    pub job: Option<Job>,
}

/// The unit that a timer starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub activity: Activity,
    pub result: String,
}

/// What is remembered of a timer from one look to the next.
#[derive(Clone, Debug, Default)]
pub struct TimerWatched {
    /// From one run to the next, as last seen.
    period_ms: Option<i64>,
    was_up: bool,
}

impl TimerWatched {
    /// A timer that was up before the agent's own restart.
    pub const fn expected(&mut self) {
        self.was_up = true;
    }

    pub const fn was_up(&self) -> bool {
        self.was_up
    }

    /// The reading of one look; none for a timer that starts nothing.
    pub fn judge(&mut self, timer: &Timer, now: Moment) -> Option<Reading> {
        if timer.state == TimerState::Over {
            return std::mem::take(&mut self.was_up).then(|| {
                retired(TIMER_OVERDUE, &timer.name, now.at, "the timer was stopped or has had its last run")
            });
        }
        self.was_up = true;
        self.period_ms = period(timer).or(self.period_ms);
        let late = self.late_ms(timer, now) as f64 / 1000.0;
        let measure = match (&timer.job, timer.state) {
            (_, TimerState::Failed) => {
                let reason = format!("{} failed: {} is not started any more", timer.name, timer.unit);
                Measure::Consequence { value: None, reason }
            }
            (Some(job), _) if job.activity == Activity::Failed => Measure::Trigger {
                value: Some(late),
                reason: format!("the last run of {} failed: {}", timer.unit, job.result),
            },
            _ => Measure::Value(late),
        };
        let mut reading = Reading::of(TIMER_OVERDUE, &timer.name, now.at, measure);
        reading.limits = limits(self.period_ms.unwrap_or(DAY_MS));
        Some(reading.label("unit", timer.unit.clone()))
    }

    /// The timer is gone.
    pub fn gone(&self, name: &str, now: Moment) -> Option<Reading> {
        self.was_up.then(|| retired(TIMER_OVERDUE, name, now.at, "the timer is not loaded any more"))
    }

    /// How far the next run is behind its time. While a run goes on, the next one is due a period after it began.
    fn late_ms(&self, timer: &Timer, now: Moment) -> i64 {
        let late = if timer.state == TimerState::Running {
            let period = self.period_ms.unwrap_or(DAY_MS);
            timer.last_monotonic_ms.map_or(0, |last| now.monotonic_ms - last - period)
        } else {
            let wall = timer.next_wall_ms.map(|next| now.wall_ms - next);
            let monotonic = timer.next_monotonic_ms.map(|next| now.monotonic_ms - next);
            wall.into_iter().chain(monotonic).max().unwrap_or(0)
        };
        late.saturating_sub(timer.accuracy_ms).max(0)
    }
}

/// From the last run to the next.
fn period(timer: &Timer) -> Option<i64> {
    let between = |next: Option<i64>, last: Option<i64>| Some(next? - last?).filter(|&period| period > 0);
    let waiting = timer.state == TimerState::Waiting;
    let wall = between(timer.next_wall_ms, timer.last_wall_ms);
    let monotonic = between(timer.next_monotonic_ms, timer.last_monotonic_ms);
    wall.into_iter().chain(monotonic).min().filter(|_| waiting)
}

/// Near when a tenth of the period late, but not before a minute; failed when a whole run was missed.
fn limits(period_ms: i64) -> Option<Limits> {
    let period = period_ms.max(1_000) as f64 / 1000.0;
    let approach = (period / 10.0).max(LEEWAY_MS as f64 / 1000.0).min(period / 2.0);
    Some(Limits::new(0.0, approach, period / 2.0, period)).filter(Limits::are_ordered)
}

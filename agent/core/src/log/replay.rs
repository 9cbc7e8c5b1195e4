//! A recorded log judged by the code that judges live: matcher, windows and evaluator, by the log's own time.
//!
//! Time goes on with the lines and never back: a line that is late counts when it was written down. After the last
//! line nothing is known, so nothing more happens. What is kept is bounded as it is live: windows by the windows' own
//! bounds, signals by [`MOST_SIGNALS`]; a signal of which nothing came is forgotten when its count is back at nothing.

use std::collections::BTreeMap;

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Physical;

use super::{Matcher, Records, Source, Windows};
use crate::evaluator::{SignalState, Summary, Tally, Transition};
use crate::reading::{Reading, Stamp};
use crate::rule::{Judgement, RuleSet};

/// Signals of one log: their keys come from outside.
pub const MOST_SIGNALS: usize = 20_000;
/// Counts fall at whole seconds, which is as fine as most logs tell the time.
const STEP_MS: i64 = 1_000;

/// One count that is judged.
#[derive(Debug)]
struct Counted {
    state: SignalState,
    judgement: Judgement,
    tally: Tally,
}

/// A log as it is read.
#[derive(Debug)]
pub struct LogReplay {
    rules: RuleSet,
    matcher: Matcher,
    windows: Windows,
    signals: BTreeMap<(String, String), Counted>,
    /// By log, where its lines make records.
    records: BTreeMap<String, Option<Records>>,
    now: Option<Timestamp>,
    /// When something falls or ends next; sooner does no harm.
    wake_ms: i64,
    told: LogSummary,
}

/// What came of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogSummary {
    pub lines: u64,
    /// Lines that matched, by rule.
    pub matches: BTreeMap<String, u64>,
    /// What came of each rule; those of which nothing came are not there.
    pub rules: BTreeMap<String, Summary>,
    /// Lines that are older than one before them.
    pub late: u64,
    /// Counts that were not judged for want of room.
    pub refused: u64,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl LogSummary {
    /// All rules together.
    pub fn all(&self) -> Summary {
        let mut all = Summary::default();
        self.rules.values().for_each(|summary| all.add(summary));
        all
    }
}

impl LogReplay {
    /// # Errors
    /// The patterns together are too large.
    pub fn new(rules: RuleSet) -> Result<Self, regex::Error> {
        let matcher = Matcher::new(&rules.log_rules())?;
        let matches = matcher.names().map(|name| (name.to_owned(), 0)).collect();
        let told = LogSummary { matches, ..LogSummary::default() };
        let (windows, signals, records) = Default::default();
        Ok(Self { rules, matcher, windows, signals, records, now: None, wake_ms: i64::MAX, told })
    }

    /// Judges the next line of the log named `source`, which was written `at`; without a time it is of the line
    /// before it. A record is judged when its last line was written.
    pub fn line(&mut self, source: &str, line: &[u8], at: Option<Timestamp>) -> Vec<Transition> {
        if !self.records.contains_key(source) {
            self.records.insert(source.to_owned(), self.matcher.records(source));
        }
        let mut ended = Vec::new();
        if let Some(Some(records)) = self.records.get_mut(source) {
            let mut end = |begins: &str, record: &[u8]| ended.push((begins.to_owned(), record.to_vec()));
            records.feed(&[line, b"\n"].concat(), 0, &mut end);
        }
        let mut moves = Vec::new();
        for (begins, record) in ended {
            self.text(Source::record(source, &begins), source, record.trim_ascii_end(), &mut moves);
        }
        self.told.lines += 1;
        if let Some(at) = at {
            self.told.late += u64::from(self.now.is_some_and(|now| at < now));
            let now = self.now.map_or(at, |now| now.max(at));
            self.pass(now, &mut moves);
            self.now = Some(now);
            self.told.from.get_or_insert(now);
            self.told.until = Some(now);
        }
        self.text(source.into(), source, line, &mut moves);
        moves
    }

    /// Judges the records that nothing has ended yet: no line is left.
    pub fn end(&mut self) -> Vec<Transition> {
        let mut ended = Vec::new();
        for (name, records) in &mut self.records {
            let Some(records) = records else { continue };
            records.end(&mut |begins, record| ended.push((name.clone(), begins.to_owned(), record.to_vec())));
        }
        let mut moves = Vec::new();
        for (name, begins, record) in ended {
            self.text(Source::record(&name, &begins), &name, record.trim_ascii_end(), &mut moves);
        }
        moves
    }

    /// Counts what a line or record matches, now.
    fn text(&mut self, source: Source<'_>, name: &str, text: &[u8], moves: &mut Vec<Transition>) {
        // The matches borrow the matcher while the windows and signals change.
        let mut readings = Vec::new();
        for found in self.matcher.matches(source, text) {
            if let Some(matches) =
                self.told.matches.get_mut(&found.rule.name).filter(|_| found.then.is_none())
            {
                *matches += found.times;
            }
            let Some(now) = self.now else { continue };
            let falls = now.plus(found.log.window).as_millis();
            self.wake_ms = self.wake_ms.min(falls);
            readings.extend(self.windows.record(&found, name, stamp(now)));
        }
        for reading in readings {
            self.judge(&reading, moves);
        }
    }

    /// What came of it, after the last line.
    pub fn finish(mut self) -> LogSummary {
        let signals = std::mem::take(&mut self.signals);
        for ((signal, _), counted) in signals {
            self.add(&signal, &counted.tally.summary);
        }
        self.told
    }

    /// The closeness at which an approach opens, of the signal a transition is of.
    pub fn approach(&self, transition: &Transition) -> Option<f64> {
        let judgement = self.rules.judge(&transition.signal, &transition.subject, None);
        judgement.map(|judgement| judgement.approach())
    }

    /// Lets time pass until `now`, in the order in which things fall and end.
    fn pass(&mut self, now: Timestamp, moves: &mut Vec<Transition>) {
        while self.wake_ms <= now.as_millis() {
            let step = self.wake_ms.div_euclid(STEP_MS).saturating_add(1).saturating_mul(STEP_MS);
            let due = if self.wake_ms.rem_euclid(STEP_MS) == 0 { self.wake_ms } else { step };
            self.tick(Timestamp::from_millis(due.min(now.as_millis())), moves);
        }
    }

    fn tick(&mut self, at: Timestamp, moves: &mut Vec<Transition>) {
        for reading in self.windows.tick(stamp(at)) {
            self.judge(&reading, moves);
        }
        for counted in self.signals.values_mut() {
            for transition in counted.state.tick(&counted.judgement, stamp(at)) {
                counted.tally.moved(&transition);
                moves.push(transition);
            }
        }
        self.forget_quiet();
        let holds = self.signals.values().filter_map(|counted| counted.state.next_wake(&counted.judgement));
        let next = holds.chain(self.windows.next_wake()).min().unwrap_or(i64::MAX);
        self.wake_ms = next.max(at.as_millis().saturating_add(1));
    }

    fn judge(&mut self, reading: &Reading, moves: &mut Vec<Transition>) {
        let key = (reading.signal.clone(), reading.subject.clone());
        if !self.signals.contains_key(&key) {
            if self.signals.len() >= MOST_SIGNALS {
                self.told.refused += 1;
                return;
            }
            let Some(judgement) = self.rules.judge(&key.0, &key.1, None) else { return };
            let state = SignalState::new(&key.0, &key.1);
            self.signals.insert(key.clone(), Counted { state, judgement, tally: Tally::default() });
        }
        let Some(Counted { state, judgement, tally }) = self.signals.get_mut(&key) else { return };
        let moved = state.observe(judgement, reading);
        tally.judged(state, judgement, reading.at.wall, &moved);
        self.wake_ms = self.wake_ms.min(state.next_wake(judgement).unwrap_or(i64::MAX));
        moves.extend(moved);
    }

    fn forget_quiet(&mut self) {
        let is_quiet = |counted: &Counted| {
            let Counted { state, judgement, .. } = counted;
            let normal = state.episode() == 0 && state.physical() == Physical::Normal;
            normal && state.proximity(judgement).is_some_and(|proximity| proximity <= 0.0)
        };
        let quiet = self.signals.iter().filter(|(_, counted)| is_quiet(counted));
        let quiet: Vec<(String, String)> = quiet.map(|(key, _)| key.clone()).collect();
        for key in quiet {
            if let Some(counted) = self.signals.remove(&key) {
                self.add(&key.0, &counted.tally.summary);
            }
        }
    }

    fn add(&mut self, signal: &str, summary: &Summary) {
        let rule = signal.strip_prefix(super::LOG_PREFIX).unwrap_or(signal);
        self.told.rules.entry(rule.to_owned()).or_default().add(summary);
    }
}

/// The wall clock of the log is all the time there is.
fn stamp(at: Timestamp) -> Stamp {
    Stamp { wall: at, boot_ms: at.as_millis() }
}

/// How much of a log's time was told.
impl LogSummary {
    pub fn length(&self) -> Span {
        self.from.zip(self.until).map_or(Span::ZERO, |(from, until)| until.since(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "[[log]]\nname = \"r\"\npattern = 'bad (?P<who>\\S+)'\nby = \"who\"\ncount = 4\nwindow = \"1m\"\n\
                        hold = \"10m\"\n";

    fn replay(lines: &[(&str, Option<i64>)]) -> (Vec<String>, LogSummary) {
        let rules = RuleSet::parse(&[("r.toml".to_owned(), RULE.to_owned())]).unwrap();
        let mut replay = LogReplay::new(rules).unwrap();
        let mut told = Vec::new();
        for (line, second) in lines {
            let at = second.map(|second| Timestamp::from_millis(second * 1000));
            for transition in replay.line("auth.log", line.as_bytes(), at) {
                let second = transition.at.wall.as_seconds();
                let value = transition.value.unwrap_or(f64::NAN);
                told.push(format!("{second} {} {} {value}", transition.subject, transition.to));
            }
        }
        (told, replay.finish())
    }

    #[test]
    fn an_attack_opens_and_ends_by_the_logs_own_time() {
        let (told, summary) = replay(&[
            ("bad a", Some(0)),
            ("fine", Some(1)),
            ("bad a", Some(10)),
            ("bad b", Some(11)),
            ("a line without a time", None),
            ("fine", Some(5000)),
        ]);
        // Near at half of the count; the first match falls out after a minute, the hold lasts ten.
        assert_eq!(told, ["10 a approached 2", "60 a receding 1", "660 a recovered 0"]);
        assert_eq!((summary.lines, summary.matches["r"]), (6, 3));
        assert_eq!((summary.all().episodes, summary.all().peak_proximity), (1, Some(0.5)));
        assert_eq!(summary.length(), Span::from_seconds(5000));
    }

    #[test]
    fn a_record_is_judged_when_its_last_line_was_written() {
        let rule = "[[log]]\nname = \"r\"\nmatch = \"app.log\"\npattern = 'ERROR.*Timeout'\nbegins = '^\\d'\ncount = 2\n";
        let rules = RuleSet::parse(&[("r.toml".to_owned(), rule.to_owned())]).unwrap();
        let mut replay = LogReplay::new(rules).unwrap();
        let mut moves = Vec::new();
        for (second, line) in
            [(1, "1 ERROR"), (2, " at x"), (3, " Timeout"), (60, "2 fine"), (61, "3 ERROR"), (62, "Timeout")]
        {
            moves.extend(replay.line(
                "app.log",
                line.as_bytes(),
                Some(Timestamp::from_millis(second * 1000)),
            ));
        }
        moves.extend(replay.end());
        let told: Vec<(i64, String)> =
            moves.iter().map(|one| (one.at.wall.as_seconds(), one.to.to_string())).collect();
        assert_eq!(told, [(3, "approached".to_owned()), (62, "approached".to_owned())]);
        assert_eq!(replay.finish().lines, 6);
    }

    #[test]
    fn time_never_goes_back_and_late_lines_are_counted() {
        let (told, summary) = replay(&[("bad a", Some(100)), ("bad a", Some(90)), ("fine", Some(95))]);
        assert_eq!(told, ["100 a approached 2"]);
        assert_eq!(summary.late, 2);
    }

    #[test]
    fn before_the_first_time_nothing_can_be_judged_but_is_counted() {
        let (told, summary) = replay(&[("bad a", None), ("bad a", None), ("bad a", Some(1))]);
        assert_eq!((told.len(), summary.matches["r"]), (0, 3));
    }

    #[test]
    fn a_log_of_a_year_in_a_line_is_passed_in_few_steps_and_quiet_keys_are_forgotten() {
        let rules = RuleSet::parse(&[("r.toml".to_owned(), RULE.to_owned())]).unwrap();
        let mut replay = LogReplay::new(rules).unwrap();
        for key in 0..3_000 {
            replay.line("a", format!("bad {key}").as_bytes(), Some(Timestamp::from_millis(key * 10)));
        }
        replay.line("a", b"fine", Some(Timestamp::from_millis(31_536_000_000)));
        assert_eq!(replay.signals.len(), 0);
        assert_eq!(replay.finish().all().peak_proximity, Some(0.25));
    }
}

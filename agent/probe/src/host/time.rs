//! The host's clock: whichever daemon keeps it is asked how far off it is.
//!
//! A question is a program to run, so it is asked once a minute and not at every look.

use std::time::Duration;

use nearmiss_agent_core::reading::{Measure, Reading, Stamp};
use nearmiss_agent_core::timekeeper::{Keeper, Standing};
use nearmiss_shared::time::Span;

use crate::command::Program;

const OFFSET: &str = "host.clock_offset";
const UNSYNCHRONISED: &str = "host.clock_unsynchronised";
const PATIENCE: Duration = Duration::from_secs(3);
const MAX_BYTES: u64 = 16 * 1024;

/// What is remembered of the clock from one question to the next.
#[derive(Debug)]
pub(super) struct Clockwatch {
    interval: Span,
    asked: Option<Stamp>,
    /// Who answered last.
    keeper: Option<Keeper>,
    /// Since when the clock follows nothing.
    free_since: Option<Stamp>,
    /// An offset was told: when it is not known any more, that is told too.
    told: bool,
    excuse: Option<String>,
}

impl Clockwatch {
    pub(super) const fn new(interval: Span) -> Self {
        Self { interval, asked: None, keeper: None, free_since: None, told: false, excuse: None }
    }

    /// Asks, where it is time to; the readings, and why there are none as long as that holds.
    pub(super) async fn look(&mut self, at: Stamp) -> (Vec<Reading>, Option<String>) {
        if self.asked.is_some_and(|asked| at.since(asked) < self.interval) {
            return (Vec::new(), self.excuse.clone());
        }
        self.asked = Some(at);
        let answer = self.ask().await;
        self.excuse = answer.is_none().then(|| {
            "no chronyd, ntpd or systemd-timesyncd answers: install one that keeps the clock (apt-get install \
             chrony); on a container the host's own agent watches it"
                .to_owned()
        });
        (self.judge(answer, at), self.excuse.clone())
    }

    /// The one who answered last first.
    async fn ask(&mut self) -> Option<(Keeper, Standing)> {
        let last = self.keeper;
        let others = Keeper::ALL.into_iter().filter(|&keeper| Some(keeper) != last);
        for keeper in last.into_iter().chain(others) {
            let mut program = Program::new(keeper.question().iter().copied());
            (program.patience, program.max_bytes) = (PATIENCE, MAX_BYTES);
            let Ok(ended) = program.run().await else { continue };
            if let Some(standing) = keeper.read(&String::from_utf8_lossy(&ended.text)) {
                self.keeper = Some(keeper);
                return Some((keeper, standing));
            }
        }
        None
    }

    fn judge(&mut self, answer: Option<(Keeper, Standing)>, at: Stamp) -> Vec<Reading> {
        let by = answer.or(self.keeper.map(|keeper| (keeper, Standing::Unsynchronised)));
        // Nobody ever answered: nothing is known, and nothing is missed.
        let Some((keeper, standing)) = by else { return Vec::new() };
        let mut readings = Vec::new();
        let free = match standing {
            Standing::Followed { offset } => {
                self.told = true;
                self.free_since = None;
                readings.push(Reading::value(OFFSET, "", at, offset.abs()).label("daemon", keeper.name()));
                Span::ZERO
            }
            Standing::Unsynchronised => {
                if self.told {
                    let why = match answer {
                        Some(_) => {
                            format!("{} has no source: how far off the clock is, is not known", keeper.name())
                        }
                        None => format!("{} does not answer any more", keeper.name()),
                    };
                    readings.push(Reading::of(OFFSET, "", at, Measure::Invalid { why }));
                }
                at.since(*self.free_since.get_or_insert(at))
            }
        };
        readings
            .push(Reading::value(UNSYNCHRONISED, "", at, free.as_seconds()).label("daemon", keeper.name()));
        readings
    }
}

#[cfg(test)]
mod tests {
    use nearmiss_shared::time::Timestamp;

    use super::*;

    fn at(seconds: i64) -> Stamp {
        Stamp { wall: Timestamp::from_millis(seconds * 1000), boot_ms: seconds * 1000 }
    }

    fn measures(readings: &[Reading]) -> Vec<(&str, &Measure)> {
        readings.iter().map(|reading| (reading.signal.as_str(), &reading.measure)).collect()
    }

    #[test]
    fn an_offset_counts_in_both_directions_and_a_lost_source_runs_up_time() {
        let mut watch = Clockwatch::new(Span::from_seconds(60));
        assert_eq!(watch.judge(None, at(0)), []);
        let free = Some((Keeper::Chrony, Standing::Unsynchronised));
        assert_eq!(measures(&watch.judge(free, at(60))), [(UNSYNCHRONISED, &Measure::Value(0.0))]);
        let followed = Some((Keeper::Chrony, Standing::Followed { offset: -2.5 }));
        let readings = watch.judge(followed, at(120));
        assert_eq!(
            measures(&readings),
            [(OFFSET, &Measure::Value(2.5)), (UNSYNCHRONISED, &Measure::Value(0.0))]
        );
        watch.keeper = Some(Keeper::Chrony);
        for (answer, now, told) in [(free, 180, "has no source"), (None, 240, "does not answer")] {
            let readings = watch.judge(answer, at(now));
            assert!(
                matches!(&readings[0].measure, Measure::Invalid { why } if why.contains(told)),
                "{readings:?}"
            );
            assert_eq!(readings[1].measure, Measure::Value((now - 180) as f64));
        }
    }
}

//! Services: units that fail, run out of restarts or do not feed their watchdog, timers whose jobs are late; elsewhere
//! processes that must run.
//!
//! systemd tells of changes by itself, so a unit that crashes fast is seen crashing. What is known of each unit is
//! kept from that; a look asks only whether systemd still answers and what it does not tell, and everything is asked
//! anew now and then. Without systemd only the processes named in the configuration are watched.

use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use nearmiss_agent_core::config::ServiceConfig;
use nearmiss_agent_core::reading::Stamp;
use nearmiss_agent_core::service::{Choice, Moment};
use nearmiss_shared::time::Span;

use crate::{Clock, Excuses, Known, Probe, Readings};

mod kept;
mod news;
mod processes;
mod systemd;
mod units;

use processes::Processes;
use systemd::Systemd;
use units::Units;

const NAME: &str = "service";
/// Where systemd says that it is the one that runs (sd_booted(3)).
const BOOTED: &str = "/run/systemd/system";
/// Every unit is asked about anew this often, whatever was told: a change that was missed is found by then.
const PASS: Span = Span::from_minutes(10);
/// What is told between two looks is gathered this long, doubled each time until the next look: a storm of changes
/// costs no more than this.
const GATHER: Duration = Duration::from_millis(20);
const GATHER_LONGEST: Duration = Duration::from_secs(1);

/// Watches units, and processes where there are no units.
#[derive(Debug)]
pub struct ServiceProbe {
    interval: Span,
    /// The bus to ask; the system's own when `None`.
    address: Option<String>,
    systemd: Option<Systemd>,
    /// Why no unit is watched, or the units.
    units: Result<Units, String>,
    passed: Option<Stamp>,
    gather: Duration,
    processes: Processes,
    excuses: Excuses,
}

impl ServiceProbe {
    pub fn new(config: &ServiceConfig, interval: Span) -> Self {
        let choice = Choice::of(&config.units);
        Self {
            interval,
            address: None,
            systemd: None,
            units: choice.map(Units::new).map_err(|fault| format!("[probe.service] units: {fault}")),
            passed: None,
            gather: GATHER,
            processes: Processes::new(&config.processes),
            excuses: Excuses::new(NAME),
        }
    }

    /// Looks at everything once.
    async fn look(&mut self, clock: &Clock) -> Readings {
        let mut readings = Vec::new();
        let mut excuses = Vec::new();
        self.gather = GATHER;
        if self.address.is_some() || Path::new(BOOTED).exists() {
            let asked = self.ask(clock).await;
            let now = moment(clock);
            match (&mut self.units, asked) {
                (Err(why), _) => excuses.push(why.clone()),
                (Ok(units), Ok(())) => {
                    readings.extend(units.all(now));
                    excuses.extend(units.excuse());
                }
                (Ok(units), Err(fault)) => {
                    self.systemd = None;
                    let why = format!("systemd does not answer on the system bus: {fault}");
                    readings.extend(units.unread(&why, now));
                    excuses.push(why);
                }
            }
        } else if self.processes.is_empty() {
            excuses.push(
                "there is no systemd here: name the processes that must run in [probe.service] processes"
                    .to_owned(),
            );
        }
        readings.extend(self.processes.look(clock.stamp()));
        Readings { readings, not_applicable: self.excuses.news(excuses) }
    }

    /// Brings what is known of the units up to date.
    async fn ask(&mut self, clock: &Clock) -> Result<(), zbus::Error> {
        let Ok(units) = &mut self.units else { return Ok(()) };
        if let Some(systemd) = &self.systemd
            && !systemd.is_the_same().await?
        {
            self.systemd = None;
        }
        if self.systemd.is_none() {
            self.systemd = Some(Systemd::connect(self.address.as_deref()).await?);
            units.outdate();
        }
        let Some(systemd) = &mut self.systemd else { return Ok(()) };
        while let Some(told) = systemd.changed().now_or_never() {
            let gone = || zbus::Error::Failure("the bus is gone".to_owned());
            units.take(told.ok_or_else(gone)?, moment(clock));
        }
        let now = moment(clock);
        if units.is_outdated() || self.passed.is_none_or(|passed| now.at.since(passed) >= PASS) {
            units.pass(systemd, now).await?;
            self.passed = Some(now.at);
        } else {
            units.ask(systemd).await?;
        }
        units.refresh(systemd, moment(clock)).await
    }

    /// Waits for a change or a watchdog that is late to be fed. A bus that goes away is told by the next look.
    async fn listen(&mut self, clock: &Clock) -> Readings {
        loop {
            if self.heard(clock).await.is_err() {
                self.systemd = None;
            }
            let (Some(_), Ok(units)) = (&self.systemd, &mut self.units) else {
                return std::future::pending().await;
            };
            let readings = units.news(moment(clock));
            if !readings.is_empty() {
                return Readings { readings, not_applicable: Vec::new() };
            }
        }
    }

    /// Takes in the next change and all that comes right behind it.
    async fn heard(&mut self, clock: &Clock) -> Result<(), zbus::Error> {
        let gone = || zbus::Error::Failure("the bus is gone".to_owned());
        let (Some(systemd), Ok(units)) = (&mut self.systemd, &mut self.units) else { return Err(gone()) };
        while !units.has_news() {
            let hungry = units.hungry_at().map(|at| at - clock.monotonic_ms());
            tokio::select! {
                told = systemd.changed() => units.take(told.ok_or_else(gone)?, moment(clock)),
                () = tokio::time::sleep(wait(hungry)), if hungry.is_some() => {
                    units.look_at_hungry(systemd, moment(clock)).await?;
                }
            }
        }
        let gathered = tokio::time::sleep(self.gather);
        tokio::pin!(gathered);
        loop {
            tokio::select! {
                () = &mut gathered => break,
                told = systemd.changed() => units.take(told.ok_or_else(gone)?, moment(clock)),
            }
        }
        self.gather = (self.gather * 2).min(GATHER_LONGEST);
        units.ask(systemd).await
    }
}

impl Probe for ServiceProbe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn interval(&self) -> Span {
        self.interval
    }

    fn expect(&mut self, known: &Known) {
        if let Ok(units) = &mut self.units {
            units.expect(known);
        }
    }

    fn read<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.look(clock))
    }

    fn between<'a>(&'a mut self, clock: &'a Clock) -> BoxFuture<'a, Readings> {
        Box::pin(self.listen(clock))
    }
}

/// Now, on all clocks. systemd goes by the host's own wall clock, whatever a test makes of ours.
fn moment(clock: &Clock) -> Moment {
    Moment {
        at: clock.stamp(),
        monotonic_ms: clock.monotonic_ms(),
        wall_ms: Clock::real().wall().as_millis(),
    }
}

fn wait(milliseconds: Option<i64>) -> Duration {
    Duration::from_millis(u64::try_from(milliseconds.unwrap_or(0)).unwrap_or(0))
}

#[cfg(test)]
mod tests;

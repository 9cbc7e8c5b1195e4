//! A connection to systemd over the system bus (org.freedesktop.systemd1(5)). Read only.

use std::time::Duration;

use futures_util::future::try_join_all;
use nearmiss_agent_core::service::{Activity, Job, Timer, TimerState, Unit, Watchdog};
use zbus::names::OwnedUniqueName;
use zbus::{Connection, Message, OwnedObjectPath, OwnedVariant};

use super::news::{News, Stream};

pub(super) const SYSTEMD: &str = "org.freedesktop.systemd1";
pub(super) const MANAGER: &str = "org.freedesktop.systemd1.Manager";
pub(super) const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
pub(super) const UNITS_PATH: &str = "/org/freedesktop/systemd1/unit";
pub(super) const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const SERVICE: &str = "org.freedesktop.systemd1.Service";
const TIMER: &str = "org.freedesktop.systemd1.Timer";

/// How long one answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A unit that systemd has loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loaded {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) activity: Activity,
}

/// `ListUnits` answers with these: name, description, load, active, sub, followed, path, job id, job type, job path.
type Listed = (String, String, String, String, String, String, OwnedObjectPath, u32, String, OwnedObjectPath);

#[derive(Debug)]
pub(super) struct Systemd {
    bus: Connection,
    news: Stream,
}

impl Systemd {
    /// Connects to the bus at `address`, the system's own when `None`, and asks to be told of changes.
    ///
    /// # Errors
    /// There is no bus, or systemd does not answer on it.
    pub(super) async fn connect(address: Option<&str>) -> Result<Self, zbus::Error> {
        let builder = match address {
            Some(address) => zbus::connection::Builder::address(address),
            None => zbus::connection::Builder::system(),
        };
        let bus = builder.method_timeout(PATIENCE).build().await?;
        let owner = owner(&bus).await?;
        let news = Stream::open(&bus, owner).await?;
        // Without a subscriber systemd tells nobody of its units' changes.
        bus.call_method(Some(SYSTEMD), MANAGER_PATH, Some(MANAGER), "Subscribe", &()).await?;
        Ok(Self { bus, news })
    }

    /// Whether the systemd that this connection was made to still answers; another one (daemon-reexec) does not tell
    /// us of changes.
    ///
    /// # Errors
    /// Nobody answers.
    pub(super) async fn is_the_same(&self) -> Result<bool, zbus::Error> {
        Ok(owner(&self.bus).await? == *self.news.owner())
    }

    #[cfg(test)]
    pub(super) fn bus_name(&self) -> String {
        self.bus.unique_name().map(ToString::to_string).unwrap_or_default()
    }

    /// The next change; `None` when the bus is gone. Loses nothing when dropped.
    pub(super) async fn changed(&mut self) -> Option<News> {
        self.news.next().await
    }

    /// The units that are loaded.
    ///
    /// # Errors
    /// systemd does not answer.
    pub(super) async fn loaded(&self) -> Result<Vec<Loaded>, zbus::Error> {
        let answer =
            self.bus.call_method(Some(SYSTEMD), MANAGER_PATH, Some(MANAGER), "ListUnits", &()).await?;
        let listed: Vec<Listed> = answer.body().deserialize()?;
        let loaded = listed.into_iter().filter(|(_, _, load, ..)| load == "loaded");
        Ok(loaded
            .map(|(name, _, _, active, _, _, path, ..)| Loaded {
                name,
                path: path.to_string(),
                activity: Activity::from(active.as_str()),
            })
            .collect())
    }

    /// A service, where it is one to watch: `always`, or it starts by itself, or it has failed.
    ///
    /// # Errors
    /// systemd does not answer, or the unit is gone.
    pub(super) async fn unit(
        &self,
        name: &str,
        path: &str,
        always: bool,
    ) -> Result<Option<Unit>, zbus::Error> {
        let asked = [(UNIT, "ActiveState"), (UNIT, "UnitFileState"), (SERVICE, "Restart")];
        let values = &mut self.ask(path, &asked).await?;
        let (active, file, restart) = (text(values)?, text(values)?, text(values)?);
        let activity = Activity::from(active.as_str());
        let restarts_itself = restart != "no";
        let enabled = file.starts_with("enabled") || file == "generated";
        let kept_up = restarts_itself && !file.starts_with("disabled");
        if !(always || enabled || kept_up || activity == Activity::Failed) {
            return Ok(None);
        }
        let asked = [
            (SERVICE, "Result"),
            (SERVICE, "NRestarts"),
            (UNIT, "ConditionTimestampMonotonic"),
            (UNIT, "StartLimitBurst"),
            (UNIT, "StartLimitIntervalUSec"),
            (SERVICE, "RestartUSec"),
            (SERVICE, "WatchdogUSec"),
            (SERVICE, "WatchdogTimestampMonotonic"),
        ];
        let values = &mut self.ask(path, &asked).await?;
        Ok(Some(Unit {
            name: name.to_owned(),
            activity,
            result: text(values)?,
            restarts: count(values)?,
            restarts_itself,
            started_ms: milliseconds(long(values)?),
            burst: count(values)?,
            interval_ms: milliseconds(long(values)?).unwrap_or(0),
            pause_ms: milliseconds(long(values)?).unwrap_or(0),
            watchdog: watchdog(milliseconds(long(values)?), milliseconds(long(values)?)),
        }))
    }

    /// When a unit last fed its watchdog, in milliseconds of CLOCK_MONOTONIC.
    ///
    /// # Errors
    /// systemd does not answer, or the unit is gone.
    pub(super) async fn fed(&self, path: &str) -> Result<Option<i64>, zbus::Error> {
        let values = &mut self.ask(path, &[(SERVICE, "WatchdogTimestampMonotonic")]).await?;
        Ok(milliseconds(long(values)?))
    }

    /// # Errors
    /// systemd does not answer, or the timer is gone.
    pub(super) async fn timer(&self, name: &str, path: &str) -> Result<Timer, zbus::Error> {
        let asked = [
            (UNIT, "SubState"),
            (TIMER, "Unit"),
            (TIMER, "NextElapseUSecRealtime"),
            (TIMER, "NextElapseUSecMonotonic"),
            (TIMER, "LastTriggerUSec"),
            (TIMER, "LastTriggerUSecMonotonic"),
            (TIMER, "AccuracyUSec"),
        ];
        let values = &mut self.ask(path, &asked).await?;
        Ok(Timer {
            name: name.to_owned(),
            state: TimerState::from(text(values)?.as_str()),
            unit: text(values)?,
            next_wall_ms: milliseconds(long(values)?),
            next_monotonic_ms: milliseconds(long(values)?),
            last_wall_ms: milliseconds(long(values)?),
            last_monotonic_ms: milliseconds(long(values)?),
            accuracy_ms: milliseconds(long(values)?).unwrap_or(0),
            job: None,
        })
    }

    /// How a service that is not watched itself stands.
    ///
    /// # Errors
    /// systemd does not answer, or it is no service.
    pub(super) async fn job(&self, unit: &str) -> Result<Job, zbus::Error> {
        let asked = [(UNIT, "ActiveState"), (SERVICE, "Result")];
        let values = &mut self.ask(&path_of(unit), &asked).await?;
        Ok(Job { activity: Activity::from(text(values)?.as_str()), result: text(values)? })
    }

    /// Some properties of one object, last one first, asked for all at once.
    async fn ask(&self, path: &str, asked: &[(&str, &str)]) -> Result<Vec<OwnedVariant>, zbus::Error> {
        let one = |(interface, name): (&str, &str)| {
            let call = (interface.to_owned(), name.to_owned());
            async move {
                let answer =
                    self.bus.call_method(Some(SYSTEMD), path, Some(PROPERTIES), "Get", &call).await?;
                answer.body().deserialize::<OwnedVariant>()
            }
        };
        let mut values = try_join_all(asked.iter().map(|&asked| one(asked))).await?;
        values.reverse();
        Ok(values)
    }
}

/// Who speaks for systemd on this bus. Anybody may send a signal in its name: only this one's are believed.
async fn owner(bus: &Connection) -> Result<OwnedUniqueName, zbus::Error> {
    let peer = Some("org.freedesktop.DBus.Peer");
    let answer = bus.call_method(Some(SYSTEMD), MANAGER_PATH, peer, "Ping", &()).await?;
    sender(&answer).ok_or_else(|| zbus::Error::Failure("an answer from nobody".to_owned()))
}

pub(super) fn sender(message: &Message) -> Option<OwnedUniqueName> {
    message.header().sender().map(|sender| sender.to_owned().into())
}

/// The object path of a unit: every byte that is no letter or digit, and a digit at the beginning, is escaped.
fn path_of(unit: &str) -> String {
    let escaped: String = unit
        .bytes()
        .enumerate()
        .map(|(index, byte)| match byte {
            b'0'..=b'9' if index > 0 => char::from(byte).to_string(),
            b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
            _ => format!("_{byte:02x}"),
        })
        .collect();
    format!("{UNITS_PATH}/{escaped}")
}

/// A watchdog by its patience and its last feeding, where there is one.
fn watchdog(patience_ms: Option<i64>, fed_ms: Option<i64>) -> Option<Watchdog> {
    Some(Watchdog { patience_ms: patience_ms?, fed_ms: fed_ms.unwrap_or(0) })
}

/// Of microseconds; 0 and the greatest number are "never".
pub(super) fn milliseconds(microseconds: u64) -> Option<i64> {
    let milliseconds = i64::try_from(microseconds).ok()? / 1000;
    (milliseconds > 0).then_some(milliseconds)
}

fn next<T>(values: &mut Vec<OwnedVariant>) -> Result<T, zbus::Error>
where
    T: TryFrom<OwnedVariant>,
    T::Error: Into<zbus::Error>,
{
    let value = values.pop().ok_or_else(|| zbus::Error::Failure("an answer is missing".to_owned()))?;
    T::try_from(value).map_err(Into::into)
}

fn text(values: &mut Vec<OwnedVariant>) -> Result<String, zbus::Error> {
    next(values)
}

fn count(values: &mut Vec<OwnedVariant>) -> Result<u32, zbus::Error> {
    next(values)
}

fn long(values: &mut Vec<OwnedVariant>) -> Result<u64, zbus::Error> {
    next(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_units_path_is_escaped_as_systemd_does_it() {
        assert_eq!(path_of("apt-daily.timer"), format!("{UNITS_PATH}/apt_2ddaily_2etimer"));
        assert_eq!(path_of("9p@1.service"), format!("{UNITS_PATH}/_39p_401_2eservice"));
    }

    #[test]
    fn never_is_no_time() {
        assert_eq!(milliseconds(0), None);
        assert_eq!(milliseconds(u64::MAX), None);
        assert_eq!(milliseconds(1_500_000), Some(1_500));
    }
}

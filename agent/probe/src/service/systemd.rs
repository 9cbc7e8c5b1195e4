//! What systemd says of its units, over the system bus (org.freedesktop.systemd1(5)). Read only.

use std::time::Duration;

use globset::{Glob, GlobSet, GlobSetBuilder};
use zbus::{Connection, OwnedObjectPath, OwnedVariant};

const SYSTEMD: &str = "org.freedesktop.systemd1";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const SERVICE: &str = "org.freedesktop.systemd1.Service";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";

/// Units asked about at most.
const MAX_UNITS: usize = 500;
/// How long one answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// One service unit as systemd tells it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) name: String,
    /// `active`, `failed`, `inactive`, ...
    pub(super) active: String,
    /// `success`, `exit-code`, `start-limit-hit`, ...
    pub(super) result: String,
    pub(super) restarts: u32,
    pub(super) burst: u32,
    pub(super) interval_ms: i64,
}

/// `ListUnits` answers with these: name, description, load, active, sub, followed, path, job id, job type, job path.
type Listed = (String, String, String, String, String, String, OwnedObjectPath, u32, String, OwnedObjectPath);

/// A connection to systemd.
#[derive(Debug)]
pub(super) struct Systemd {
    bus: Connection,
    wanted: GlobSet,
    /// Whether only enabled units are wanted: so it is unless the configuration names units.
    only_enabled: bool,
}

impl Systemd {
    /// Connects to the bus at `address`, the system's own when `None`.
    ///
    /// # Errors
    /// There is no bus, or it does not answer.
    pub(super) async fn connect(address: Option<&str>, units: &[String]) -> Result<Self, zbus::Error> {
        let builder = match address {
            Some(address) => zbus::connection::Builder::address(address),
            None => zbus::connection::Builder::system(),
        };
        let mut wanted = GlobSetBuilder::new();
        for unit in units {
            if let Ok(glob) = Glob::new(unit) {
                wanted.add(glob);
            }
        }
        let wanted = wanted.build().unwrap_or_else(|_| GlobSet::empty());
        let only_enabled = units.iter().all(|unit| unit == "*.service");
        Ok(Self { bus: builder.method_timeout(PATIENCE).build().await?, wanted, only_enabled })
    }

    /// The wanted service units that are loaded.
    ///
    /// # Errors
    /// systemd does not answer. A unit that vanishes meanwhile is left out.
    pub(super) async fn units(&self) -> Result<Vec<Unit>, zbus::Error> {
        let answer =
            self.bus.call_method(Some(SYSTEMD), MANAGER_PATH, Some(MANAGER), "ListUnits", &()).await?;
        let listed: Vec<Listed> = answer.body().deserialize()?;
        let mut units = Vec::new();
        for (name, _, load, active, _, _, path, ..) in listed {
            if !name.ends_with(".service") || load != "loaded" || !self.wanted.is_match(&name) {
                continue;
            }
            if units.len() == MAX_UNITS {
                break;
            }
            units.extend(self.unit(name, active, &path).await.ok().flatten());
        }
        Ok(units)
    }

    async fn unit(
        &self,
        name: String,
        active: String,
        path: &OwnedObjectPath,
    ) -> Result<Option<Unit>, zbus::Error> {
        if self.only_enabled && active != "failed" {
            let state: String = self.property(path, UNIT, "UnitFileState").await?;
            if !state.starts_with("enabled") {
                return Ok(None);
            }
        }
        let interval: u64 = self.property(path, UNIT, "StartLimitIntervalUSec").await?;
        Ok(Some(Unit {
            restarts: self.property(path, SERVICE, "NRestarts").await?,
            burst: self.property(path, UNIT, "StartLimitBurst").await?,
            interval_ms: i64::try_from(interval / 1000).unwrap_or(i64::MAX),
            result: self.property(path, SERVICE, "Result").await?,
            name,
            active,
        }))
    }

    async fn property<T>(&self, path: &OwnedObjectPath, interface: &str, name: &str) -> Result<T, zbus::Error>
    where
        T: TryFrom<OwnedVariant>,
        T::Error: Into<zbus::Error>,
    {
        let properties = Some("org.freedesktop.DBus.Properties");
        let answer = self.bus.call_method(Some(SYSTEMD), path, properties, "Get", &(interface, name)).await?;
        let value: OwnedVariant = answer.body().deserialize()?;
        T::try_from(value).map_err(Into::into)
    }
}

//! Who is signed in, asked of systemd-logind over the system bus (org.freedesktop.login1(5)). Anybody may ask.

use std::collections::BTreeMap;
use std::time::Duration;

use nearmiss_agent_core::login::Session;
use nearmiss_agent_core::login::logind::Told;
use zbus::{Connection, OwnedObjectPath, OwnedVariant};

const LOGIND: &str = "org.freedesktop.login1";
const MANAGER_PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// How long one answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Sessions that are asked about.
const MOST_SESSIONS: usize = 200;

/// `ListSessions` answers with these: id, user id, user, seat, path.
type Listed = (String, u32, String, String, OwnedObjectPath);
type Properties = BTreeMap<String, OwnedVariant>;

/// The people who are signed in, by the bus at `address`, the system's own when `None`.
///
/// # Errors
/// There is no bus, or logind does not answer on it.
pub(crate) async fn sessions(address: Option<&str>) -> Result<Vec<Session>, zbus::Error> {
    let builder = match address {
        Some(address) => zbus::connection::Builder::address(address),
        None => zbus::connection::Builder::system(),
    };
    let bus = builder.method_timeout(PATIENCE).build().await?;
    let answer = bus.call_method(Some(LOGIND), MANAGER_PATH, Some(MANAGER), "ListSessions", &()).await?;
    let listed: Vec<Listed> = answer.body().deserialize()?;
    let mut sessions = Vec::new();
    for (.., path) in listed.into_iter().take(MOST_SESSIONS) {
        // One that ended meanwhile has no properties any more.
        if let Ok(properties) = properties(&bus, &path).await {
            sessions.extend(told(&properties).session());
        }
    }
    Ok(sessions)
}

async fn properties(bus: &Connection, path: &OwnedObjectPath) -> Result<Properties, zbus::Error> {
    let answer = bus.call_method(Some(LOGIND), path.as_str(), Some(PROPERTIES), "GetAll", &SESSION).await?;
    answer.body().deserialize()
}

fn told(properties: &Properties) -> Told {
    let text = |name| property::<String>(properties, name).unwrap_or_default();
    Told {
        class: text("Class"),
        name: text("Name"),
        tty: text("TTY"),
        display: text("Display"),
        service: text("Service"),
        remote_host: text("RemoteHost"),
        timestamp: property(properties, "Timestamp").unwrap_or(0),
        leader: property(properties, "Leader").unwrap_or(0),
    }
}

fn property<T: TryFrom<OwnedVariant>>(properties: &Properties, name: &str) -> Option<T> {
    properties.get(name)?.try_clone().ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bus_that_is_not_there_is_a_fault() {
        assert!(sessions(Some("unix:path=/nonexistent")).await.is_err());
    }
}

//! Maintenance windows, announced or configured: watching goes on, every event carries the fact, and nobody is paged.

use nearmiss_agent_core::rule::RuleSet;
use nearmiss_agent_core::rule::maintenance::{Occurrence, Window};
use nearmiss_shared::action::{HostAction, label};
use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::wire::v1::Maintenance;
use serde::{Deserialize, Serialize};

use crate::action;
use crate::pipeline::{Handle, Input, Remark};
use crate::store::{Store, StoreFault};

/// A longer window is a mistake.
const LONGEST: Span = Span::from_days(7);
/// What the store keeps the window under.
const KEY: &str = "maintenance";

/// Begins a window; what was done, in words.
///
/// # Errors
/// It is too long or over already, or cannot be kept.
pub async fn enter(
    store: &Store,
    pipeline: &Handle,
    window: &Maintenance,
    now: Timestamp,
) -> Result<String, String> {
    let length = window.until.since(now);
    if length > LONGEST || length <= Span::ZERO {
        return Err(format!("a window ends within {LONGEST} from now; {} does not", window.until));
    }
    store.set(KEY, &(window.until, window.reason.clone())).await.map_err(|fault| fault.to_string())?;
    pipeline.send(Input::Maintenance(Some((window.until, window.reason.clone())))).await;
    let told = format!("maintenance until {}: {}", window.until, window.reason);
    pipeline.remark(remark(told.clone(), window.until, &window.person)).await?;
    Ok(told)
}

/// Ends the window that is open; what was done, in words.
///
/// # Errors
/// None is open, or its end cannot be kept.
pub async fn end(store: &Store, pipeline: &Handle, person: &str, now: Timestamp) -> Result<String, String> {
    let told = |fault: StoreFault| fault.to_string();
    let open: Option<(Timestamp, String)> = store.value(KEY).await.map_err(told)?;
    let open = open.filter(|(until, _)| *until > now);
    let (until, reason) = open.ok_or("no maintenance is announced on this host")?;
    store.set(KEY, &(now, reason.clone())).await.map_err(told)?;
    pipeline.send(Input::Maintenance(None)).await;
    let said = format!("maintenance ended, announced until {until}: {reason}");
    pipeline.remark(remark(said.clone(), now, person)).await?;
    Ok(said)
}

fn remark(told: String, until: Timestamp, person: &str) -> Remark {
    let labels = [(label::UNTIL, until.to_string())];
    action::remark(HostAction::Maintenance, person, vec![told], labels)
}

/// A configured window, as `status` tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowTold {
    pub name: String,
    pub reason: String,
    pub from: Timestamp,
    pub until: Timestamp,
    /// It is open; otherwise it is the next one.
    pub running: bool,
    /// Globs over signals and subject; empty when it is about the whole host.
    pub limited_to: Vec<String>,
}

/// The configured windows that are open, the one that ends first in front, and after them the next one to begin.
pub fn windows(rules: &RuleSet, now: Timestamp) -> Vec<WindowTold> {
    let told = |window: &Window, open: Occurrence, running| WindowTold {
        name: window.name.clone(),
        reason: window.reason.clone(),
        from: open.from,
        until: open.until,
        running,
        limited_to: window.limited_to(),
    };
    let all = || rules.windows().iter();
    let mut windows: Vec<WindowTold> =
        all().filter_map(|window| Some(told(window, window.running(now)?, true))).collect();
    windows.sort_by_key(|window| window.until);
    let next = all().filter_map(|window| Some(told(window, window.next(now)?, false)));
    windows.extend(next.min_by_key(|window| window.from));
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_windows_come_first_and_then_the_next_one() {
        let window = |name: &str, from: &str, until: &str| {
            format!(
                "[[maintenance]]\nname = \"{name}\"\nfrom = \"{from}\"\nuntil = \"{until}\"\nzone = \"UTC\"\n"
            )
        };
        let text = [
            window("evening", "20:00", "22:00"),
            window("long", "10:00", "18:00"),
            window("short", "11:00", "13:00"),
            window("noon", "14:00", "15:00"),
        ];
        let rules = RuleSet::parse(&[("m.toml".to_owned(), text.concat())]).unwrap();
        let windows = windows(&rules, "2026-11-25T12:00:00Z".parse().unwrap());
        let told: Vec<(&str, bool)> =
            windows.iter().map(|window| (window.name.as_str(), window.running)).collect();
        assert_eq!(told, [("short", true), ("long", true), ("noon", false)]);
    }
}

//! Containers as the Docker Engine API tells of them (v1.40 and later; Podman answers in the same words).
//!
//! Read from `/containers/json` and `/containers/{id}/json`. Labels and environments may hold secrets: of both only
//! the names that Compose gives a container are kept.

use std::collections::BTreeMap;

use nearmiss_shared::time::{Span, Timestamp};
use serde::{Deserialize, Deserializer};

/// Letters of a name or a reason that are kept.
const MAX_TEXT: usize = 200;
/// Retries of a health check that names none (Dockerfile reference, HEALTHCHECK).
const RETRIES: u32 = 3;
/// A runtime that means to start a container anew has done so by then.
const RESTART_GRACE: Span = Span::from_seconds(10);
/// Labels that say what a container is part of.
const PARTS: [(&str, &str); 2] =
    [("com.docker.compose.project", "project"), ("com.docker.compose.service", "service")];

/// One container now.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    pub name: String,
    pub phase: Phase,
    /// How often it was started anew, as the runtime counts.
    pub restarts: u32,
    pub policy: Policy,
    pub health: Option<Health>,
    /// When it ended last.
    pub finished: Option<Timestamp>,
    /// What it is part of: `project` and `service` of Compose.
    pub labels: BTreeMap<String, String>,
}

/// Where it is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Running, paused, or between two starts.
    Up,
    /// Created, or being removed.
    Idle,
    Ended {
        code: i64,
        out_of_memory: bool,
        error: String,
    },
}

/// What the runtime does when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Never,
    /// Started anew at most this often.
    Times(u32),
    Always,
}

/// A health check that runs in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    pub unhealthy: bool,
    /// Failures in a row.
    pub failing: u32,
    /// So many in a row are unhealthy.
    pub retries: u32,
}

impl Phase {
    /// Whether it ended though nobody asked it to: neither well, nor by the signals of a stop (SIGINT, SIGTERM, and
    /// SIGKILL, unless that was for want of memory).
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Ended { out_of_memory: true, .. })
            || matches!(self, Self::Ended { code, .. } if !matches!(code, 0 | 130 | 137 | 143))
    }
}

impl Container {
    /// Whether it ended just now and its policy lets it start again: runtimes take a moment, and some call it exited
    /// meanwhile. One that stays down was given up, or stopped by hand.
    pub fn awaits_restart(&self, now: Timestamp) -> bool {
        let may_start = match self.policy {
            Policy::Never => false,
            Policy::Times(most) => self.restarts < most,
            Policy::Always => true,
        };
        let since = self.finished.map(|finished| now.since(finished));
        may_start
            && self.phase.is_failure()
            && since.is_some_and(|since| since >= Span::ZERO && since < RESTART_GRACE)
    }
}

/// The ids of the containers that a list tells of. `None` when it is no list.
pub fn ids(body: &[u8]) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Listed {
        #[serde(rename = "Id")]
        id: String,
    }
    let listed: Vec<Listed> = serde_json::from_slice(body).ok()?;
    let is_id = |id: &String| {
        !id.is_empty() && id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    Some(listed.into_iter().map(|listed| listed.id).filter(is_id).collect())
}

/// What the runtime says of one container. `None` when that is no container.
pub fn inspected(body: &[u8]) -> Option<Container> {
    let Inspected { name, restart_count, state, host_config, config } = serde_json::from_slice(body).ok()?;
    let RestartPolicy { name: policy, maximum } = host_config.restart_policy;
    let policy = match (policy.as_str(), u32::try_from(maximum).unwrap_or(0)) {
        ("" | "no", _) => Policy::Never,
        ("on-failure", times) if times > 0 => Policy::Times(times),
        _ => Policy::Always,
    };
    let retries = config.healthcheck.map(|check| u32::try_from(check.retries).unwrap_or(0));
    // A container without a check has an empty status in Podman and no health at all in Docker.
    let checked = state.health.filter(|health| !matches!(health.status.as_str(), "" | "none"));
    let health = checked.map(|health| Health {
        unhealthy: health.status == "unhealthy",
        failing: u32::try_from(health.failing_streak).unwrap_or(0),
        retries: retries.filter(|retries| *retries > 0).unwrap_or(RETRIES),
    });
    let phase = match state.status.as_str() {
        "running" | "paused" | "restarting" => Phase::Up,
        "exited" | "dead" | "stopped" => {
            Phase::Ended { code: state.exit_code, out_of_memory: state.oom_killed, error: cut(&state.error) }
        }
        _ => Phase::Idle,
    };
    let part = |(label, name): &(&str, &str)| Some(((*name).to_owned(), cut(config.labels.get(*label)?)));
    let labels = PARTS.iter().filter_map(part).collect();
    let restarts = u32::try_from(restart_count).unwrap_or(0);
    let finished = state.finished_at.parse().ok();
    let name = cut(name.trim_start_matches('/'));
    (!name.is_empty()).then_some(Container { name, phase, restarts, policy, health, finished, labels })
}

fn cut(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(MAX_TEXT).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    name: String,
    #[serde(default)]
    restart_count: i64,
    state: State,
    #[serde(default)]
    host_config: HostConfig,
    #[serde(default)]
    config: Config,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    status: String,
    #[serde(default)]
    exit_code: i64,
    #[serde(default, rename = "OOMKilled")]
    oom_killed: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    finished_at: String,
    health: Option<Checked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Checked {
    #[serde(default)]
    status: String,
    #[serde(default)]
    failing_streak: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostConfig {
    #[serde(default)]
    restart_policy: RestartPolicy,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RestartPolicy {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "MaximumRetryCount")]
    maximum: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    healthcheck: Option<Healthcheck>,
    #[serde(default, deserialize_with = "or_none")]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Healthcheck {
    #[serde(default)]
    retries: i64,
}

/// No labels are `null` in some versions.
fn or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests;

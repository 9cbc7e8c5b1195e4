//! One runtime behind its socket, by the Docker Engine API, which Podman speaks too.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use nearmiss_agent_core::container::{Container, ids, inspected};
use rustix::fs::{Access, access};

use crate::fetch::Fetch;

/// Where Docker and Podman listen when they run as the system's.
const USUAL: [&str; 2] = ["/var/run/docker.sock", "/run/podman/podman.sock"];
pub(super) const NONE: &str = "no container runtime is here: neither Docker's nor Podman's socket. Another one's is named in \
                               a [[container]] rule: socket = \"...\"";

/// Containers of one runtime that are asked about.
const MAX_CONTAINERS: usize = 200;
const MAX_LIST: usize = 8 * 1024 * 1024;
const MAX_CONTAINER: usize = 1024 * 1024;
/// All of one look.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Runtime {
    path: String,
    fetch: Fetch,
}

/// What a runtime tells.
#[derive(Debug)]
pub(super) enum Told {
    Containers(Vec<Container>),
    /// There is no such socket.
    Absent,
    /// It is there and the agent may not use it.
    Unreadable(String),
    Silent(String),
}

impl Runtime {
    /// The usual ones and those the rules declare.
    pub(super) fn all(declared: &BTreeSet<&str>) -> Vec<Self> {
        let paths: BTreeSet<&str> = USUAL.into_iter().chain(declared.iter().copied()).collect();
        let runtime = |path: &str| Self { path: path.to_owned(), fetch: Fetch::over_socket(path) };
        paths.into_iter().map(runtime).collect()
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn is_there(&self) -> bool {
        Path::new(&self.path).exists()
    }

    pub(super) async fn containers(&mut self) -> Told {
        if !self.is_there() {
            return Told::Absent;
        }
        if access(&self.path, Access::READ_OK | Access::WRITE_OK).is_err() {
            return Told::Unreadable(format!(
                "{} may not be used by the agent's user: add it to the socket's group (for Docker that is as good as \
                 root), or switch this off with [probe.container] enabled = false",
                self.path
            ));
        }
        match tokio::time::timeout(PATIENCE, self.ask()).await {
            Ok(Ok(containers)) => Told::Containers(containers),
            Ok(Err(why)) => Told::Silent(why),
            Err(_) => Told::Silent(format!("{} gave no answer in {} s", self.path, PATIENCE.as_secs())),
        }
    }

    /// A container that goes away between the two questions is left out.
    async fn ask(&mut self) -> Result<Vec<Container>, String> {
        let list = self.get("containers/json?all=1", MAX_LIST).await?;
        let listed = ids(&list).ok_or_else(|| format!("{} tells no list of containers", self.path))?;
        let mut containers = Vec::new();
        for id in listed.into_iter().take(MAX_CONTAINERS) {
            let told = self.get(&format!("containers/{id}/json"), MAX_CONTAINER).await.ok();
            containers.extend(told.and_then(|told| inspected(&told)));
        }
        Ok(containers)
    }

    async fn get(&mut self, what: &str, most: usize) -> Result<Vec<u8>, String> {
        self.fetch.get(&format!("http://localhost/{what}"), "application/json", most).await
    }
}

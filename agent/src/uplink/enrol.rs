//! Enrolment: a new host shows its token and its public key; the collector answers who it is from now on.

use nearmiss_shared::bundle::sha256_hex;
use nearmiss_shared::wire::v1::{Enrol, Enrolled, VERSION};

use super::{Client, UplinkFault};
use crate::store::{Enrolment, Identity};
use nearmiss_agent_probe::Clock;

/// Requests of a host that no collector knows yet are addressed to this.
const AUDIENCE: &str = "enrol";

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Application {
    pub url: String,
    pub token: String,
    pub hostname: String,
    /// Name or id of the host whose history this one continues.
    pub replace: Option<String>,
    pub insecure: bool,
    pub ca_file: String,
}

/// Asks the collector to take this host.
///
/// # Errors
/// It cannot be reached, or refuses.
pub async fn enrol(
    application: Application,
    identity: &Identity,
    clock: &Clock,
) -> Result<Enrolment, UplinkFault> {
    let Application { url, token, hostname, replace, insecure, ca_file } = application;
    let client = Client::new(&url, identity.key.clone(), AUDIENCE, insecure, &ca_file, clock.clone())?;
    let enrol = Enrol {
        v: VERSION,
        token,
        hostname,
        machine: machine(),
        public_key: identity.key.public().to_hex(),
        replace,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let answer: Enrolled = client.post("/agent/v1/enrol", &enrol).await?;
    Ok(Enrolment {
        url: url.trim().trim_end_matches('/').to_owned(),
        host: answer.host_id,
        audience: answer.audience,
        client: answer.client,
        site: answer.site,
        enrolled_at: clock.wall(),
        observe_seconds: answer.observe_seconds,
    })
}

/// A stable identity of the machine that gives nothing of it away; the empty string where it has none.
fn machine() -> String {
    let id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    match id.trim() {
        "" => String::new(),
        id => sha256_hex(format!("nearmiss machine {id}").as_bytes()),
    }
}

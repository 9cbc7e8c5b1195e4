//! One question to one endpoint.

use std::sync::OnceLock;

use nearmiss_agent_core::endpoint::Answered;
use nearmiss_agent_core::rule::{EndpointMethod, EndpointRule, EndpointTarget};
use reqwest::header::LOCATION;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Method, Response, Url};
use tokio::net::TcpStream;

use crate::{Clock, words};

/// An answer's text is searched this far.
const MAX_BODY: usize = 256 * 1024;
/// Redirects of one host to itself that are followed.
const MAX_REDIRECTS: usize = 3;

/// The clients, made when a rule first needs them: each holds the system's certificate authorities.
#[derive(Debug, Default)]
pub(super) struct Asker {
    careful: OnceLock<Result<Client, String>>,
    trusting: OnceLock<Result<Client, String>>,
}

impl Asker {
    /// How long the answer took, or in plain words why there was no good one.
    pub(super) async fn ask(&self, rule: &EndpointRule, clock: &Clock) -> Result<Answered, String> {
        let asked = clock.boot_ms();
        let patience = rule.timeout.to_duration();
        let answer = tokio::time::timeout(patience, self.answer(rule)).await;
        let elsewhere = answer.map_err(|_| format!("no answer in {}", rule.timeout))??;
        let milliseconds = clock.boot_ms().saturating_sub(asked);
        Ok(Answered { seconds: milliseconds as f64 / 1000.0, elsewhere })
    }

    async fn answer(&self, rule: &EndpointRule) -> Result<Option<String>, String> {
        match &rule.target {
            EndpointTarget::Tcp { host, port } => {
                let connected = TcpStream::connect((host.as_str(), *port)).await;
                connected.map(|_| None).map_err(|fault| words::plain(&fault))
            }
            EndpointTarget::Http(url) => self.http(rule, url).await,
        }
    }

    async fn http(&self, rule: &EndpointRule, url: &Url) -> Result<Option<String>, String> {
        let cell = if rule.insecure_tls { &self.trusting } else { &self.careful };
        let client = cell.get_or_init(|| client(rule.insecure_tls)).as_ref().map_err(Clone::clone)?;
        let method = match rule.method {
            EndpointMethod::Get => Method::GET,
            EndpointMethod::Head => Method::HEAD,
        };
        let response = client.request(method, url.clone()).send().await;
        let response = response.map_err(|fault| words::plain(&fault))?;
        let status = response.status();
        if !rule.expects(status.as_u16()) {
            return Err(format!("status {status}"));
        }
        let elsewhere = elsewhere(&response);
        match &rule.contains {
            Some(text) if !holds(response, text.as_bytes()).await? => {
                Err(format!("status {status}, but the answer does not contain {text:?}"))
            }
            _ => Ok(elsewhere),
        }
    }
}

fn client(insecure: bool) -> Result<Client, String> {
    let client = Client::builder()
        .user_agent(concat!("nearmiss-agent/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        // Every question makes its own connection: that it can be made is half of the answer.
        .pool_max_idle_per_host(0)
        .redirect(Policy::custom(follow))
        .tls_danger_accept_invalid_certs(insecure);
    client.build().map_err(|fault| format!("no HTTP client can be made: {}", words::plain(&fault)))
}

/// Follows a host to itself; where it points elsewhere, its own answer counts.
fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let same = attempt.previous().first().is_some_and(|asked| asked.host_str() == attempt.url().host_str());
    let many = attempt.previous().len() > MAX_REDIRECTS;
    match (same, many) {
        (false, _) => attempt.stop(),
        (true, true) => attempt.error(format!("more than {MAX_REDIRECTS} redirects")),
        (true, false) => attempt.follow(),
    }
}

/// The host that an answer points to without having been followed.
fn elsewhere(response: &Response) -> Option<String> {
    let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection())?;
    let url = response.url().join(location.to_str().ok()?).ok()?;
    url.host_str().map(str::to_owned)
}

/// Whether the first part of the answer holds `text`.
async fn holds(mut response: Response, text: &[u8]) -> Result<bool, String> {
    let mut body: Vec<u8> = Vec::new();
    while body.len() < MAX_BODY {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend(chunk.iter().take(MAX_BODY - body.len())),
            Ok(None) => break,
            Err(fault) => return Err(format!("the answer broke off: {}", words::plain(&fault))),
        }
    }
    Ok(text.is_empty() || body.windows(text.len()).any(|part| part == text))
}

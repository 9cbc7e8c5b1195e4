//! One GET of an exporter's page, bounded in time and bytes; no redirect is followed and no proxy asked.

use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::redirect::Policy;

const CONNECT: Duration = Duration::from_secs(5);
const TOTAL: Duration = Duration::from_secs(10);
/// An exporter that serves more is not read.
pub(super) const MAX_BODY: usize = 8 * 1024 * 1024;
const ACCEPTED: &str = "text/plain;version=0.0.4,application/openmetrics-text;q=0.5,*/*;q=0.1";

/// A way to one exporter.
#[derive(Debug)]
pub(super) struct Exporter {
    url: String,
    http: Option<reqwest::Client>,
}

impl Exporter {
    /// Nothing is asked yet.
    pub(super) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), http: None }
    }

    /// What it serves now, or why that cannot be read.
    pub(super) async fn scrape(&mut self) -> Result<Vec<u8>, String> {
        let http = match self.http.take() {
            Some(http) => http,
            None => client().map_err(|fault| format!("no HTTP client can be made: {}", cause(&fault)))?,
        };
        let asked = http.get(&self.url).header(ACCEPT, ACCEPTED);
        self.http = Some(http);
        let unread = |fault: reqwest::Error| format!("{} does not answer: {}", self.url, cause(&fault));
        let mut answer = asked.send().await.map_err(unread)?;
        if !answer.status().is_success() {
            return Err(format!("{} answers {}", self.url, answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unread)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(format!("{} serves more than {MAX_BODY} bytes", self.url));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder().connect_timeout(CONNECT).timeout(TOTAL);
    builder.redirect(Policy::none()).no_proxy().build()
}

/// The innermost reason: the outer ones only name the address again.
fn cause(fault: &dyn std::error::Error) -> String {
    let mut cause = fault;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

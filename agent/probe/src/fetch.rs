//! One GET, bounded in time and bytes; no redirect is followed and no proxy asked.

use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::redirect::Policy;

const CONNECT: Duration = Duration::from_secs(5);
const TOTAL: Duration = Duration::from_secs(10);

/// A way to one server; connections are kept between two looks.
#[derive(Debug)]
pub(crate) struct Fetch {
    /// The Unix socket to connect to, whatever an address says.
    socket: Option<String>,
    http: Option<reqwest::Client>,
}

impl Fetch {
    pub(crate) const fn over_tcp() -> Self {
        Self { socket: None, http: None }
    }

    pub(crate) fn over_socket(path: &str) -> Self {
        Self { socket: Some(path.to_owned()), http: None }
    }

    /// What it serves at `url`, or why that cannot be read; at most `most` bytes.
    pub(crate) async fn get(&mut self, url: &str, accepted: &str, most: usize) -> Result<Vec<u8>, String> {
        let http = match self.http.take() {
            Some(http) => http,
            None => {
                self.client(url).map_err(|fault| format!("no HTTP client can be made: {}", cause(&fault)))?
            }
        };
        let asked = http.get(url).header(ACCEPT, accepted);
        self.http = Some(http);
        let server = self.socket.as_deref().unwrap_or(url);
        let unread = |fault: reqwest::Error| format!("{server} does not answer: {}", cause(&fault));
        let mut answer = asked.send().await.map_err(unread)?;
        if !answer.status().is_success() {
            return Err(format!("{server} answers {}", answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unread)? {
            if body.len() + chunk.len() > most {
                return Err(format!("{server} serves more than {most} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// A server that is asked without TLS needs none of this host's certificate authorities.
    fn client(&self, url: &str) -> Result<reqwest::Client, reqwest::Error> {
        let builder = reqwest::Client::builder().connect_timeout(CONNECT).timeout(TOTAL);
        let builder = builder.redirect(Policy::none()).no_proxy();
        let builder = if url.starts_with("https:") { builder } else { builder.tls_certs_only([]) };
        match &self.socket {
            Some(path) => builder.unix_socket(path.as_str()).build(),
            None => builder.build(),
        }
    }
}

/// The innermost reason: the outer ones only name the address again.
fn cause(fault: &dyn std::error::Error) -> String {
    let mut cause = fault;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

//! A signed-in person without a browser, and a live stream read line by line.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::StatusCode;

use super::{Collector, PASSWORD};

/// A person's session.
pub struct Visitor {
    url: String,
    cookie: String,
    http: reqwest::Client,
}

impl Visitor {
    /// Signs in with the password every seeded person has.
    pub async fn sign_in(collector: &Collector, email: &str) -> Result<Self> {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let form = format!("email={}&password={}", email.replace('@', "%40"), PASSWORD.replace(' ', "+"));
        let answer = http
            .post(format!("{}/sign-in", collector.url()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await?;
        ensure!(answer.status().is_redirection(), "sign in: {}", answer.status());
        let cookie = answer.headers().get("set-cookie").context("no cookie")?.to_str()?;
        ensure!(cookie.contains("HttpOnly") && cookie.contains("SameSite"), "a careless cookie: {cookie}");
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(Self { url: collector.url().to_owned(), cookie, http })
    }

    /// The answer's status and text.
    pub async fn get(&self, path: &str) -> Result<(StatusCode, String)> {
        let request = self.http.get(format!("{}{path}", self.url)).header("cookie", &self.cookie);
        let answer = request.send().await?;
        Ok((answer.status(), answer.text().await?))
    }
}

/// Server-sent events of one connection.
pub struct Stream {
    answer: reqwest::Response,
    text: String,
}

impl Stream {
    pub(super) fn of(answer: reqwest::Response) -> Self {
        Self { answer, text: String::new() }
    }

    /// The next message that contains `word`; `None` when none came within `patience` or the stream ended.
    pub async fn next_with(&mut self, word: &str, patience: Duration) -> Option<String> {
        tokio::time::timeout(patience, async {
            loop {
                while let Some((message, rest)) = self.text.split_once("\n\n") {
                    let (message, rest) = (message.to_owned(), rest.to_owned());
                    self.text = rest;
                    if message.contains(word) {
                        return Some(message);
                    }
                }
                let piece = self.answer.chunk().await.ok()??;
                self.text.push_str(&String::from_utf8_lossy(&piece));
            }
        })
        .await
        .ok()
        .flatten()
    }
}

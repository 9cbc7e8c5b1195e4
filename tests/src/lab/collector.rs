//! The collector under test and the ways in: bearer token, signed-in session.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use reqwest::StatusCode;
use serde_json::Value;

use super::visitor::Stream;
use super::{CLIENT, PASSWORD, PEOPLE, nearmiss};
use crate::process::{Process, run};
use crate::wait::until;

/// A running collector.
pub struct Collector {
    folder: PathBuf,
    config: PathBuf,
    url: String,
    process: Process,
}

impl Collector {
    pub(super) async fn start(folder: &Path, clock: &Path, mail_port: u16) -> Result<Self> {
        ensure!(clock.exists(), "the clock file is missing");
        let config = folder.join("collector.toml");
        let people = folder.join("people.toml");
        fs::write(&people, PEOPLE)?;
        fs::write(
            &config,
            format!(
                "data = \"{}\"\n[server]\nlisten = \"127.0.0.1:0\"\n[mail]\nserver = \"smtp://127.0.0.1:{mail_port}\"\nfrom = \"nearmiss@provider.example\"\n{}",
                folder.join("collector").display(),
                database(folder)?
            ),
        )?;
        let folder = folder.to_owned();
        let ask = |arguments: &[&str], input: &str| run_collector(&folder, &config, arguments, input);
        ask(&["account", "apply", &people.to_string_lossy()], "")?;
        for line in PEOPLE.lines() {
            if let Some(email) = line.strip_prefix("email = ") {
                ask(&["account", "password", email.trim_matches('"')], PASSWORD)?;
            }
        }
        let (process, url) = serve(&folder, &config).await?;
        Ok(Self { folder, config, url, process })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs `nearmiss-collector ARGUMENTS --config ...` and gives what it printed.
    pub fn run(&self, arguments: &[&str], input: &str) -> Result<String> {
        run_collector(&self.folder, &self.config, arguments, input)
    }

    /// A new API token of `client`.
    pub fn client(&self, client: &str) -> Result<Client> {
        let token = self.run(&["token", "create", "--kind", "api", "--client", client], "")?;
        Ok(Client { url: self.url.clone(), token: token.trim().to_owned(), http: reqwest::Client::new() })
    }

    /// A new enrolment token of `client`, for one host.
    pub fn enrolment_token(&self, client: &str) -> Result<String> {
        let token =
            self.run(&["token", "create", "--kind", "enrol", "--client", client, "--hosts", "1"], "")?;
        Ok(token.trim().to_owned())
    }

    /// Ends it without a chance to tidy up.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill().map(drop)
    }

    /// Asks it to stop and expects a clean end.
    pub fn stop(&mut self) -> Result<()> {
        let status = self.process.stop()?;
        ensure!(status.success(), "the collector ended with {status}: {}", self.process.log());
        Ok(())
    }

    /// Starts it again on the same address, so that agents find it.
    pub async fn start_again(&mut self) -> Result<()> {
        let listen = self.url.trim_start_matches("http://").to_owned();
        let text = fs::read_to_string(&self.config)?.replace("127.0.0.1:0", &listen);
        fs::write(&self.config, text)?;
        (self.process, self.url) = serve(&self.folder, &self.config).await?;
        Ok(())
    }

    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// The table of a database of this collector's own on the PostgreSQL that `NEARMISS_TEST_POSTGRES` names; without that nothing,
/// which is a file.
fn database(folder: &Path) -> Result<String> {
    let Ok(server) = std::env::var("NEARMISS_TEST_POSTGRES") else { return Ok(String::new()) };
    let own: String = folder.to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
    let name = format!("story_{}_{own}", std::process::id()).to_lowercase();
    run("createdb", ["--maintenance-db", &server, &name])?;
    let mut url: reqwest::Url = server.parse()?;
    url.set_path(&name);
    Ok(format!("[database]\nurl = \"{url}\"\n"))
}

async fn serve(folder: &Path, config: &Path) -> Result<(Process, String)> {
    let address = folder.join("collector/collector.address");
    drop(fs::remove_file(&address));
    let mut command = nearmiss("nearmiss-collector", folder);
    command.arg("serve").arg("--config").arg(config);
    let process = Process::start(command, &folder.join("collector.log"))?;
    let url = until("the collector's address", async || fs::read_to_string(&address).ok()).await;
    let url = url.trim().to_owned();
    until("the collector to be ready", async || {
        reqwest::get(format!("{url}/readyz")).await.ok().filter(|answer| answer.status().is_success())
    })
    .await;
    Ok((process, url))
}

fn run_collector(folder: &Path, config: &Path, arguments: &[&str], input: &str) -> Result<String> {
    let mut child = nearmiss("nearmiss-collector", folder)
        .args(arguments)
        .arg("--config")
        .arg(config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    let (said, complaint) = (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "nearmiss-collector {arguments:?}: {said}{complaint}");
    Ok(said)
}

/// A caller of the API with a bearer token.
#[derive(Clone)]
pub struct Client {
    url: String,
    token: String,
    http: reqwest::Client,
}

impl Client {
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The answer's status and body.
    pub async fn get(&self, path: &str) -> Result<(StatusCode, Vec<u8>)> {
        let answer = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token).send().await?;
        Ok((answer.status(), answer.bytes().await?.to_vec()))
    }

    /// The answer as JSON; an error unless it is a success.
    pub async fn json(&self, path: &str) -> Result<Value> {
        let (status, body) = self.get(path).await?;
        ensure!(status.is_success(), "GET {path}: {status} {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }

    /// Posts JSON; the answer's status and JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Result<(StatusCode, Value)> {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(body);
        let answer = request.send().await?;
        Ok((answer.status(), answer.json().await.unwrap_or(Value::Null)))
    }

    /// The live stream of this token, open and waiting.
    pub async fn stream(&self) -> Result<Stream> {
        let request = self.http.get(format!("{}/live", self.url)).bearer_auth(&self.token);
        let answer = request.header("accept", "text/event-stream").send().await?;
        ensure!(answer.status().is_success(), "GET /live: {}", answer.status());
        Ok(Stream::of(answer))
    }

    /// The first case of this client that `fits`, as soon as there is one.
    pub async fn case_where(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        until(what, async || {
            let cases = self.json("/api/v1/cases?state=all&limit=100").await.ok()?;
            cases["items"].as_array()?.iter().find(|case| fits(case)).cloned()
        })
        .await
    }

    /// All cases of [`CLIENT`].
    pub async fn cases(&self) -> Result<Vec<Value>> {
        let cases = self.json("/api/v1/cases?state=all&limit=100").await?;
        Ok(cases["items"].as_array().cloned().unwrap_or_default())
    }
}

/// The client every agent of a story is enrolled at.
pub(super) const HOME: &str = CLIENT;

//! QEMU's own controls: a line of JSON a question, a line an answer, and events in between.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

pub(super) struct Qmp {
    stream: BufReader<UnixStream>,
    /// Told while an answer was waited for.
    events: Vec<Value>,
}

impl Qmp {
    pub(super) async fn new(stream: UnixStream) -> Result<Self> {
        let mut qmp = Self { stream: BufReader::new(stream), events: Vec::new() };
        qmp.read().await.context("no greeting")?;
        qmp.ask("qmp_capabilities", json!({})).await?;
        Ok(qmp)
    }

    pub(super) async fn ask(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let question = json!({"execute": command, "arguments": arguments});
        self.stream.get_mut().write_all(format!("{question}\n").as_bytes()).await?;
        loop {
            let answer = self.read().await?;
            match (&answer["return"], &answer["error"]) {
                (Value::Null, Value::Null) => self.events.push(answer),
                (Value::Null, error) => bail!("{command}: {error}"),
                (done, _) => return Ok(done.clone()),
            }
        }
    }

    /// Waits for an event whose data are `wanted`, unless it came already.
    pub(super) async fn event(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        let is_it = |event: &Value| event["event"] == name && wanted(&event["data"]);
        while !self.events.iter().any(is_it) {
            let event = self.read().await?;
            self.events.push(event);
        }
        self.events.retain(|event| !is_it(event));
        Ok(())
    }

    async fn read(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        Ok(serde_json::from_str(&line)?)
    }
}

//! The guest's shell on a serial port: a line goes in, what it prints comes out, then a mark with its exit code.

use anyhow::{Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// What the guest's first program prints when it takes lines, and before an exit code.
pub(super) const READY: &str = "guest-is-ready";
pub(super) const ENDED: &str = "line-ended-with";

pub(super) struct Shell(BufReader<UnixStream>);

impl Shell {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self(BufReader::new(stream))
    }

    pub(super) async fn ready(&mut self) -> Result<()> {
        while !self.line().await?.contains(READY) {}
        Ok(())
    }

    pub(super) async fn run(&mut self, line: &str) -> Result<(i32, String)> {
        self.0.get_mut().write_all(format!("{line}\n").as_bytes()).await?;
        let mut told = String::new();
        loop {
            let line = self.line().await?;
            // What a program printed last may have no end of line.
            let Some((last, code)) = line.split_once(ENDED) else {
                told.push_str(&line);
                continue;
            };
            told.push_str(last);
            return Ok((code.trim().parse()?, told));
        }
    }

    async fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        if self.0.read_until(b'\n', &mut line).await? == 0 {
            bail!("the guest is gone");
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}

//! Whole-system benches: what the built programs cost, beside a peer or a limit measured in the same run.
//!
//! Nothing here asserts: a figure that misses its goal is printed as such.

mod cost;
mod figure;
mod footprint;
mod idle;
mod latency;
mod rsyslog;
mod scan;
mod smart;

use std::time::Duration;

use anyhow::{Result, bail};

use figure::Figure;

/// The benches by name.
const NAMES: [&str; 4] = ["idle", "latency", "scan", "smart"];

struct Wanted {
    json: bool,
    window: Duration,
    names: Vec<String>,
}

fn wanted() -> Result<Wanted> {
    let mut wanted = Wanted { json: false, window: Duration::from_secs(120), names: Vec::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => wanted.json = true,
            "--seconds" => {
                let seconds = words.next().and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
                let Some(seconds) = seconds else { bail!("--seconds wants a whole number of seconds") };
                wanted.window = Duration::from_secs(seconds);
            }
            "list" => wanted.names.push(word),
            name if NAMES.contains(&name) => wanted.names.push(word),
            other => bail!("there is no bench `{other}`; there are: {}", NAMES.join(", ")),
        }
    }
    if wanted.names.is_empty() {
        wanted.names = NAMES.map(str::to_owned).to_vec();
    }
    Ok(wanted)
}

#[tokio::main]
async fn main() -> Result<()> {
    let wanted = wanted()?;
    let mut figures: Vec<Figure> = Vec::new();
    for name in &wanted.names {
        match name.as_str() {
            "list" => figure::say(&NAMES.join("\n"))?,
            "latency" => figures.extend(latency::measure().await?),
            "scan" => figures.extend(scan::measure()?),
            "smart" => figures.extend(smart::measure()?),
            _ => figures.extend(idle::measure(wanted.window).await?),
        }
    }
    figure::print(&figures, wanted.json)
}

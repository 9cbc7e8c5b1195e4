//! `history`: what this host recorded of itself. All signals in a line each; one as a curve, as CSV, as JSON.

mod plot;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use nearmiss_agent_core::history::{Hour, Readings, Series, thin};
use nearmiss_agent_core::margin::number;
use nearmiss_agent_core::signal;
use nearmiss_shared::time::Timestamp;
use serde_json::json;

use super::arguments;
use super::past::{self, Recorded};
use super::{Config, Ended, Exit, Failure, columns};
use crate::history::Outline;
use crate::host;
use crate::output::{self, Terminal};
use crate::settings::Settings;

use plot::Plot;

pub(super) async fn run(file: &Config, options: &arguments::History) -> Ended {
    let settings = file.load()?;
    let Some(signal) = &options.signal else {
        if !options.range.is_open() {
            return Err(Failure::usage("--since and --until are for one signal: say which"));
        }
        return list(&settings, options.json).await;
    };
    let recorded = past::recorded(&settings, signal, options.subject.as_deref(), options.range).await?;
    if options.hours { hours(&settings, &recorded, options) } else { readings(&settings, &recorded, options) }
}

fn readings(settings: &Settings, recorded: &Recorded, options: &arguments::History) -> Ended {
    let samples = &recorded.samples;
    if options.json {
        return lines(samples.iter().map(|one| json!({"at": one.at, "value": one.value}).to_string()));
    }
    if options.csv {
        let rows = samples.iter().map(|one| format!("{},{}", one.at, one.value));
        return lines(std::iter::once("timestamp,value".to_owned()).chain(rows));
    }
    let points: Vec<Hour> = samples.iter().map(|one| Hour { at: one.at, ..Hour::of(*one) }).collect();
    lines(curve(settings, recorded, &points).into_iter())?;
    match recorded.hours.first() {
        Some(first) => {
            let since = plot::when(&zone(), first.at);
            lines(std::iter::once(format!("Hours before that, since {since}: --hours shows them too.")))
        }
        None => Ok(Exit::Fine),
    }
}

fn hours(settings: &Settings, recorded: &Recorded, options: &arguments::History) -> Ended {
    let hours = every_hour(recorded);
    if options.json {
        return lines(hours.iter().map(|hour| json!(hour).to_string()));
    }
    if options.csv {
        return lines(
            std::iter::once("timestamp,value,min,max,samples".to_owned()).chain(hours.iter().map(csv)),
        );
    }
    lines(curve(settings, recorded, &hours).into_iter())
}

fn lines(lines: impl Iterator<Item = String>) -> Ended {
    for line in lines {
        output::line(&line)?;
    }
    Ok(Exit::Fine)
}

fn zone() -> TimeZone {
    host::here(BTreeMap::new()).zone
}

/// Hours of readings that are gone, and of those that are there.
fn every_hour(recorded: &Recorded) -> Vec<Hour> {
    let mut hours = recorded.hours.clone();
    let readings = Readings::from([(Series::default(), recorded.samples.clone())]);
    thin(&readings).into_values().flatten().for_each(|hour| hour.add(&mut hours));
    hours
}

fn csv(hour: &Hour) -> String {
    let Hour { at, samples, min, mean, max } = hour;
    format!("{at},{mean},{min},{max},{samples}")
}

/// The unit of a signal; what brings its own (a plugin's value) is told without.
fn unit(signal: &str) -> &'static str {
    signal::spec(signal).map_or("", |spec| spec.unit)
}

/// What was recorded of one signal, for a person.
fn curve(settings: &Settings, recorded: &Recorded, points: &[Hour]) -> Vec<String> {
    let judgement = settings.rules.judge(&recorded.signal, &recorded.subject, None);
    let limits = judgement.and_then(|judgement| judgement.limits());
    let unit = unit(&recorded.signal);
    let plot = Plot {
        unit,
        zone: zone(),
        terminal: Terminal::of_output(),
        approach: limits.map(|limits| limits.approach),
        falls: limits.is_some_and(|limits| limits.limit < limits.normal),
    };
    let mut lines = vec![recorded.name()];
    lines.extend(plot.lines(points));
    lines.push(summary(points, unit));
    lines.extend(plot.past_approach(points));
    lines
}

/// `5760 readings over 1d; least 8.1 %, mean 30.2 %, largest 41.2 %, last 8.4 %.`
fn summary(points: &[Hour], unit: &str) -> String {
    let Some((first, last)) = points.first().zip(points.last()) else {
        return "No single reading is kept of that time.".to_owned();
    };
    let whole = points.iter().skip(1).fold(*first, |whole, point| whole.and(*point));
    let told = |value| number(value, unit);
    format!(
        "{} readings over {}; least {}, mean {}, largest {}, last {}.",
        whole.samples,
        last.at.since(first.at),
        told(whole.min),
        told(whole.mean),
        told(whole.max),
        told(last.mean),
    )
}

async fn list(settings: &Settings, as_json: bool) -> Ended {
    let past = past::of(settings).await;
    let unreadable = |fault| {
        Failure::unreachable(format!("the history in {} cannot be read: {fault}", settings.state.display()))
    };
    let found = past.outline(None).map_err(unreadable)?;
    past::tell_damage(found.damaged);
    if found.items.is_empty() && !as_json {
        let why = format!("nothing is recorded in {}", settings.state.display());
        return Err(Failure::unreachable(why));
    }
    if as_json {
        return lines(found.items.iter().map(|(series, outline)| of(series, outline).to_string()));
    }
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    rows.extend(found.items.iter().map(|(series, outline)| row(series, outline)));
    lines(columns::lines(&rows, Terminal::of_output()).into_iter())
}

const HEAD: [&str; 8] = ["signal", "subject", "readings", "since", "hours since", "least", "mean", "largest"];

fn row((signal, subject): &Series, outline: &Outline) -> Vec<String> {
    let nothing = || "-".to_owned();
    let when = |at: Option<Timestamp>| at.map_or_else(nothing, |at| plot::when(&zone(), at));
    let told =
        |of: fn(&Hour) -> f64| outline.whole.map_or_else(nothing, |whole| number(of(&whole), unit(signal)));
    vec![
        signal.clone(),
        subject.clone(),
        outline.readings.to_string(),
        when(outline.from),
        when(outline.hourly_from),
        told(|whole| whole.min),
        told(|whole| whole.mean),
        told(|whole| whole.max),
    ]
}

fn of((signal, subject): &Series, outline: &Outline) -> serde_json::Value {
    let whole = outline.whole;
    json!({
        "signal": signal, "subject": subject, "unit": unit(signal), "readings": outline.readings,
        "from": outline.from, "until": outline.until, "hours_from": outline.hourly_from,
        "min": whole.map(|whole| whole.min), "mean": whole.map(|whole| whole.mean),
        "max": whole.map(|whole| whole.max),
    })
}

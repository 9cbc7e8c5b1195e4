//! `check`: this host's margins, most urgent first.
//!
//! The running daemon is asked, since it knows rates and times; without one every probe looks once. Nothing is
//! needed: no daemon, no configuration file, no collector.

pub(super) mod look;
pub(super) mod row;
mod table;
mod words;

use nearmiss_agent_core::margin::Margin;
use nearmiss_agent_core::ordinal;
use nearmiss_agent_core::proximity::Limits;
use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Physical;

use super::arguments::{Check, Level};
use super::{Config, Ended, Exit, Failure};
use crate::control::{Answer, CheckTold, Question, ask};
use crate::output::{self, Terminal};
use crate::settings::Settings;
use nearmiss_agent_probe::Clock;

use table::{Source, Table};

pub(super) async fn run(file: &Config, options: &Check) -> Ended {
    let settings = file.load()?;
    match options.watch {
        Some(each) => watch(&settings, options, each).await,
        None => once(&settings, options).await,
    }
}

async fn once(settings: &Settings, options: &Check) -> Ended {
    let (told, source) = margins(settings).await?;
    if options.json {
        output::json(&told)?;
    } else {
        for line in (Table { told: &told, source, all: options.all }).lines(Terminal::of_output()) {
            output::line(&line)?;
        }
    }
    let fails = options.fail_on.is_some_and(|level| told.signals.iter().any(|margin| reaches(margin, level)));
    Ok(if fails { Exit::No } else { Exit::Fine })
}

/// Draws the table anew until Ctrl-C.
async fn watch(settings: &Settings, options: &Check, each: Span) -> Ended {
    if Terminal::of_output().height.is_none() {
        return Err(Failure::usage("--watch draws on a terminal; for a program there is --json"));
    }
    loop {
        let (told, source) = margins(settings).await?;
        let lines = Table { told: &told, source, all: options.all }.lines(Terminal::of_output());
        output::screen(&lines)?;
        tokio::time::sleep(each.to_duration()).await;
    }
}

async fn margins(settings: &Settings) -> Result<(CheckTold, Source), Failure> {
    match ask(&settings.control, &Question::Check).await {
        Ok(Answer::Done(value)) => {
            let mut told: CheckTold = serde_json::from_value(value).map_err(Failure::unreachable)?;
            told.signals.iter_mut().for_each(Margin::complete);
            Ok((told, Source::Agent))
        }
        // A socket that is another user's, or an agent that stops: one look is better than none.
        Ok(Answer::Refused(_)) | Err(_) => {
            let told = look::once(&settings.config, &settings.rules, &Clock::from_environment()).await;
            Ok((told, Source::Look))
        }
    }
}

/// Past approach, or in an episode.
fn is_near(margin: &Margin) -> bool {
    reaches(margin, Level::Approach)
}

/// Whether a signal is past this level, or in a state that says it was and is not back.
fn reaches(margin: &Margin, level: Level) -> bool {
    let states: &[Physical] = match level {
        Level::Approach => &[Physical::Approached, Physical::Breached, Physical::Standing],
        Level::Critical | Level::Breached => &[Physical::Breached],
    };
    let from = match level {
        Level::Approach => Some(margin.tick),
        Level::Critical => critical(margin),
        // A count that never falls has no failure limit.
        Level::Breached => Some(1.0).filter(|_| !margin.ordinal),
    };
    let near = margin.proximity.zip(from).is_some_and(|(proximity, from)| proximity >= from);
    near || states.contains(&margin.state)
}

/// Closeness at the critical level.
fn critical(margin: &Margin) -> Option<f64> {
    if margin.ordinal {
        return Some(ordinal::CRITICAL);
    }
    let limits = Limits::new(margin.normal?, margin.approach?, margin.critical?, margin.limit?);
    Some(limits.proximity(margin.critical?))
}

#[cfg(test)]
mod tests {
    use super::row::tests::margin;
    use super::*;

    #[test]
    fn a_level_is_reached_by_closeness_or_by_state() {
        let at = |near, state| Margin { state, ..margin("filesystem.free", "/srv", near) };
        let normal = Physical::Normal;
        for (margin, approach, critical, breached) in [
            (at(None, normal), false, false, false),
            (at(Some(0.5), normal), false, false, false),
            (at(Some(0.75), normal), true, false, false),
            (at(Some(0.95), normal), true, true, false),
            (at(Some(1.0), normal), true, true, true),
            (at(Some(0.3), Physical::Standing), true, false, false),
            (at(Some(0.3), Physical::Breached), true, true, true),
            (Margin { ordinal: true, limit: None, tick: 0.5, ..at(Some(0.85), normal) }, true, true, false),
        ] {
            let reached =
                [Level::Approach, Level::Critical, Level::Breached].map(|level| reaches(&margin, level));
            assert_eq!(reached, [approach, critical, breached], "{margin:?}");
        }
    }
}

//! `check`: this host's margins, most urgent first.
//!
//! The running daemon is asked, since it knows rates and times; without one every probe looks once. Nothing is
//! needed: no daemon, no configuration file, no collector.

mod look;
pub(super) mod row;
mod table;
mod words;

use nearmiss_agent_core::margin::Margin;
use nearmiss_shared::vocabulary::Physical;

use super::arguments::Check;
use super::{Config, Ended, Exit, Failure};
use crate::control::{Answer, CheckTold, Question, ask};
use crate::output::{self, Terminal};
use crate::settings::Settings;
use nearmiss_agent_probe::Clock;

use table::{Source, Table};

pub(super) async fn run(file: &Config, options: &Check) -> Ended {
    let settings = file.load()?;
    let (told, source) = margins(&settings).await?;
    if options.json {
        output::json(&told)?;
    } else {
        let table = Table { told: &told, source, all: options.all };
        for line in table.lines(Terminal::of_output()) {
            output::line(&line)?;
        }
    }
    let fails = options.fail_on.is_some() && told.signals.iter().any(is_near);
    Ok(if fails { Exit::No } else { Exit::Fine })
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
    let open = matches!(margin.state, Physical::Approached | Physical::Breached | Physical::Standing);
    open || margin.proximity.is_some_and(|proximity| proximity >= margin.tick)
}

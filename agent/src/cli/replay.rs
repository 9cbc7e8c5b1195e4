//! `replay`: recorded history judged by the code that judges live, by one set of rules or by two side by side.
//!
//! Transitions are told as they are found, in the order of their time, so that a history of any length can be read;
//! the summary follows. What in the history cannot be read is told with its line, counted, and left out.

mod drives;
mod log;
mod series;
mod summary;
mod timeline;

use std::path::Path;

use nearmiss_agent_core::rule::RuleSet;
use serde_json::Value;

use super::{Config, Failure};
use crate::settings::{self, SHIPPED};

pub(super) use drives::run as drives;
pub(super) use log::run as log;
pub(super) use series::run as series;

/// What the rule sets that judge are called.
const PROPOSED: &str = "proposed";
const CURRENT: &str = "current";
/// Names this host's own rules where a file may stand; [`SHIPPED`] names the agent's.
const CONFIGURED: &str = "configured";

/// The rules that are named: a file, `configured` for this host's, or `shipped`.
pub(super) fn rules(file: &Config, named: &str) -> Result<RuleSet, Failure> {
    Ok(match named {
        CONFIGURED => file.load()?.rules,
        SHIPPED => settings::shipped_rules()?,
        path => settings::rules_file(Path::new(path))?,
    })
}

/// The fields of `more` beside those of `into`.
fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}

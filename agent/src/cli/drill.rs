//! `drill NAME`: a rehearsal through the running agent.

use super::{Config, Ended, Failure, tell};
use crate::control::Question;
use crate::drill::check_name;

pub(super) async fn run(file: &Config, name: String, abort: bool) -> Ended {
    check_name(&name).map_err(Failure::usage)?;
    tell(file, Question::Drill { name, abort }).await
}

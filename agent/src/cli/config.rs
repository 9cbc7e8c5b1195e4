//! `config check`: every fault of the configuration and the rules at once.

use serde_json::json;

use super::{Config, Ended, Exit, Failure};
use crate::output;
use crate::settings::SettingsFault;

pub(super) fn check(file: &Config, as_json: bool) -> Ended {
    let problems = match file.load() {
        Ok(settings) if as_json => {
            output::json(&json!({"valid": true, "file": settings.file, "problems": []}))?;
            return Ok(Exit::Fine);
        }
        Ok(settings) => {
            output::line(&format!("{} and its rules are sound", settings.file.display()))?;
            output::line(&format!(
                "state in {}, control socket {}",
                settings.state.display(),
                settings.control.display()
            ))?;
            return Ok(Exit::Fine);
        }
        Err(SettingsFault::Faults(faults)) => faults.0.iter().map(ToString::to_string).collect(),
        Err(fault) => vec![fault.to_string()],
    };
    if as_json {
        output::json(&json!({"valid": false, "problems": problems}))?;
        return Ok(Exit::Usage);
    }
    let count = match problems.len() {
        1 => "1 fault".to_owned(),
        count => format!("{count} faults"),
    };
    for problem in &problems {
        output::line(problem)?;
    }
    Err(Failure::usage(count))
}

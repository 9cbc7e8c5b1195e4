//! What is taken for which category, the most telling first: earlier items get the room.

use std::time::Duration;

use nearmiss_shared::time::{Span, Timestamp};
use nearmiss_shared::vocabulary::Category;

use nearmiss_agent_core::smart;
use nearmiss_agent_probe::Captures;
use nearmiss_agent_probe::command::Program;

use super::step::{Step, Taken};
use super::{Recipe, capacity, host};

/// What a program prints beyond this is not read.
const MAX_OUTPUT_BYTES: u64 = 4 * 1024 * 1024;
/// Longer than any bundle takes.
const MAX_TIME: Duration = Duration::from_secs(60);

/// The properties of a unit that may be taken: never its environment or command lines.
const UNIT_PROPERTIES: &str = "--property=Id,Description,LoadState,ActiveState,SubState,Result,NRestarts,\
StartLimitBurst,StartLimitIntervalUSec,Restart,RestartUSec,ExecMainPID,ExecMainCode,ExecMainStatus,\
ExecMainStartTimestamp,ExecMainExitTimestamp,ActiveEnterTimestamp,InactiveEnterTimestamp,StateChangeTimestamp,\
MemoryCurrent,MemoryMax,TasksCurrent,WatchdogTimestamp,UnitFileState,FragmentPath,Requires,Wants,After";

pub(super) fn steps(recipe: &Recipe, captures: &Captures, now: Timestamp) -> Vec<Step> {
    let mut steps = vec![curve(recipe)];
    steps.extend(day_before(recipe, now));
    if recipe.signal.starts_with("log.") || recipe.category == Category::Login {
        steps.push(lines(recipe, captures));
    }
    steps.extend(match recipe.category {
        Category::Capacity if recipe.signal.starts_with("filesystem.") => capacity::steps(&recipe.subject),
        Category::Disk => disk(recipe, captures),
        Category::Service => service(&recipe.subject),
        Category::Login => vec![output_of("sessions.txt", &["who", "--all"])],
        _ => Vec::new(),
    });
    steps.extend(host::steps());
    steps
}

/// The standard output of `argv`, as an item; the bundle's own time is the limit.
fn output_of(name: &'static str, argv: &[&str]) -> Step {
    let mut program = Program::new(argv.iter().copied());
    (program.patience, program.max_bytes) = (MAX_TIME, MAX_OUTPUT_BYTES);
    Step::new(name, program.line(), async move { printed(&program).await })
}

async fn printed(program: &Program) -> Taken {
    let ended = program.run().await.map_err(|fault| fault.to_string())?;
    if !ended.status.success() && ended.text.is_empty() {
        return Err(format!("`{}` ended with {}: {}", program.line(), ended.status, ended.said()));
    }
    Ok(ended.text)
}

/// The signal's own curve.
fn curve(recipe: &Recipe) -> Step {
    let mut text = String::from("milliseconds,value\n");
    for (at, value) in &recipe.samples {
        text.push_str(&format!("{at},{value}\n"));
    }
    let method = format!("samples of {} before the trigger", recipe.signal);
    Step::ready("signal.csv", method, Ok(text.into_bytes()))
}

/// What the agent recorded of the signal in the day before, as `replay series` reads it. A drive that may be failing is
/// not asked for it: the history may lie on it.
fn day_before(recipe: &Recipe, now: Timestamp) -> Option<Step> {
    let past =
        recipe.history.clone().filter(|_| recipe.category != Category::Disk && recipe.drill.is_none())?;
    let (signal, subject) = (recipe.signal.clone(), recipe.subject.clone());
    let since = now.minus(Span::from_days(1));
    let method = format!("the agent's history of {signal}: the day before, up to the last minute written");
    let step = Step::blocking("history.csv", method, move || {
        let found = past.readings(&signal, &subject, Some(since)).map_err(|fault| fault.to_string())?;
        let samples = found.items.iter().filter(|sample| sample.at >= since);
        let lines = samples.map(|sample| format!("{},{}\n", sample.at, sample.value));
        Ok(std::iter::once("timestamp,value\n".to_owned()).chain(lines).collect::<String>().into_bytes())
    });
    Some(step.keeping_last())
}

fn lines(recipe: &Recipe, captures: &Captures) -> Step {
    let lines = captures.lines(&recipe.signal, &recipe.subject);
    let taken = lines.ok_or_else(|| "no matched line is in memory".to_owned());
    Step::ready("matched-lines.txt", "lines that the rule matched, by arrival", taken).keeping_last()
}

/// The drive's own report as the probe got it last: the device is not read again.
fn disk(recipe: &Recipe, captures: &Captures) -> Vec<Step> {
    let report = captures.report(&recipe.subject);
    let method = report.as_ref().map_or_else(
        || "smartctl, by the probe".to_owned(),
        |report| format!("{}, by the probe at {}", report.method, report.at),
    );
    let taken = report.map(|report| report.text).ok_or_else(|| "the probe has no report of it".to_owned());
    let mut steps = reports(method, taken);
    steps.push(output_of("kernel.log", &["dmesg"]).keeping_last());
    steps.push(host::file("mdstat.txt", "/proc/mdstat"));
    steps
}

/// What smartctl printed, as it printed it; where that was JSON also the text inside, which is what people read.
fn reports(method: String, taken: Result<Vec<u8>, String>) -> Vec<Step> {
    match taken {
        Ok(json) if json.starts_with(b"{") => {
            let text = smart::printed(&json).into_bytes();
            vec![
                Step::ready("smartctl.txt", "the lines of text in smartctl.json", Ok(text)),
                Step::ready("smartctl.json", method, Ok(json)),
            ]
        }
        taken => vec![Step::ready("smartctl.txt", method, taken)],
    }
}

fn service(unit: &str) -> Vec<Step> {
    // A unit's name goes to programs as an argument: it must not be taken for an option.
    if unit.is_empty() || unit.starts_with('-') {
        return Vec::new();
    }
    let journal = ["journalctl", "--no-pager", "--output=short-iso", "--lines=500", "--unit", unit];
    vec![
        output_of("unit.txt", &["systemctl", "show", "--no-pager", UNIT_PROPERTIES, "--", unit]),
        output_of("journal.txt", &journal).keeping_last(),
    ]
}

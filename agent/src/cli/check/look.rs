//! One look of every probe, judged without a past: levels, but no rates.

use nearmiss_agent_core::config::AgentConfig;
use nearmiss_agent_core::evaluator::SignalState;
use nearmiss_agent_core::margin::Margin;
use nearmiss_agent_core::reading::Reading;
use nearmiss_agent_core::rule::RuleSet;

use crate::control::{CheckTold, Excuse};
use crate::host;
use nearmiss_agent_probe::Captures;
use nearmiss_agent_probe::Clock;

pub(in crate::cli) async fn once(config: &AgentConfig, rules: &RuleSet, clock: &Clock) -> CheckTold {
    let looks = nearmiss_agent_probe::all(config, rules, &Captures::default())
        .into_iter()
        .map(|mut probe| async move { probe.read(clock).await });
    let mut signals = Vec::new();
    let mut not_applicable: Vec<Excuse> = Vec::new();
    for looked in futures_util::future::join_all(looks).await {
        signals.extend(looked.readings.iter().filter_map(|reading| judged(rules, reading)));
        not_applicable.extend(looked.not_applicable.into_iter().map(Excuse::from));
    }
    if config.probe.log.enabled {
        let why = "matches are counted by the running agent: start it with `nearmiss-agent run`";
        not_applicable.push(Excuse { probe: "log".to_owned(), why: why.to_owned() });
    }
    signals.sort_by(|one: &Margin, other| one.urgency().order(&other.urgency()));
    not_applicable.sort();
    CheckTold {
        host: host::name(),
        at: clock.wall(),
        signals,
        not_applicable,
        cases: Vec::new(),
        looking: Vec::new(),
    }
}

fn judged(rules: &RuleSet, reading: &Reading) -> Option<Margin> {
    let judgement = rules.judge(&reading.signal, &reading.subject, reading.limits)?;
    let mut state = SignalState::new(&reading.signal, &reading.subject);
    state.observe(&judgement, reading);
    Some(state.margin(&judgement, reading.at))
}

//! A host with nothing wrong stays on the page, report after report.

use std::cell::RefCell;
use std::collections::BTreeSet;

use nearmiss_tests::lab::{AgentSettings, CLIENT, Client, Lab};
use nearmiss_tests::wait::until;

const CONFIG: &str = "[collector]\nstatus_interval = \"200ms\"\n[probe.disk]\nenabled = false\n[probe.service]\n\
                      enabled = false\n[probe.log]\nenabled = false\n";

/// Signal and subject of every margin the collector shows.
async fn shown(api: &Client) -> Option<BTreeSet<(String, String)>> {
    let margins = api.json("/api/v1/margins").await.ok()?;
    let name = |margin: &serde_json::Value, key: &str| margin[key].as_str().unwrap_or_default().to_owned();
    Some(margins["items"].as_array()?.iter().map(|one| (name(one, "signal"), name(one, "subject"))).collect())
}

#[tokio::test]
async fn the_margins_of_a_quiet_host_stay_after_many_reports() {
    let lab = Lab::start().await.unwrap();
    let rules = "[[filesystem]]\nname = \"quick\"\ninterval = \"200ms\"\n".to_owned();
    let mut agent = lab.agent(AgentSettings { config: CONFIG.to_owned(), rules }).await.unwrap();
    agent.start().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let root = ("filesystem.free".to_owned(), "/".to_owned());
    until("the root filesystem's margin", async || shown(&api).await.filter(|shown| shown.contains(&root)))
        .await;

    let contacts = RefCell::new(BTreeSet::new());
    until("five more reports", async || {
        let status = agent.json(&["status", "--json"]).ok()?;
        contacts.borrow_mut().extend(status["last_contact"].as_str().map(str::to_owned));
        (contacts.borrow().len() > 5).then_some(())
    })
    .await;
    let shown = shown(&api).await.unwrap();
    let watched = agent.json(&["check", "--json"]).unwrap();
    for signal in watched["signals"].as_array().unwrap() {
        let own = (signal["signal"].as_str().unwrap(), signal["subject"].as_str().unwrap());
        // Other stories' mounts come and go on this machine.
        if !own.1.contains("nearmiss-story") && !signal["proximity"].is_null() {
            assert!(shown.contains(&(own.0.to_owned(), own.1.to_owned())), "{own:?} is gone from {shown:?}");
        }
    }
}

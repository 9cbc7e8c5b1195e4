//! Acknowledging on the page, in a real browser, while another page looks on.

use std::time::Duration;

use chromiumoxide::page::Page;
use nearmiss_tests::browser::{TestBrowser, picture, text};
use nearmiss_tests::lab::{CLIENT, Client, Lab, PASSWORD, RawHost};
use nearmiss_tests::wait::until;

/// Types `text` into the field and sees that it stands there.
async fn fill(page: &Page, field: &str, text: &str) {
    let input = page.find_element(field).await.unwrap();
    input.click().await.unwrap().type_str(text).await.unwrap();
    until(&format!("{field} to hold what was typed"), async || {
        let value: String = page.find_element(field).await.ok()?.string_property("value").await.ok()??;
        (value == text).then_some(())
    })
    .await;
}

async fn signed_in(browser: &TestBrowser, lab: &Lab, email: &str) -> Page {
    let page = browser.open(&format!("{}/sign-in", lab.collector.url())).await.unwrap();
    fill(&page, "input[name=email]", email).await;
    fill(&page, "input[name=password]", PASSWORD).await;
    page.find_element("form[action='/sign-in'] button").await.unwrap().click().await.unwrap();
    until("the page Now after signing in", async || {
        text(&page).await.filter(|text| text.contains("Needs you"))
    })
    .await;
    page
}

async fn case_of(api: &Client, subject: &str) -> String {
    let case = api.case_where(subject, |case| case["subject"] == subject).await;
    case["id"].as_str().unwrap().to_owned()
}

/// Whether the case's timeline says that somebody else was paged.
async fn escalated(api: &Client, case: &str) -> bool {
    let timeline = api.json(&format!("/api/v1/cases/{case}/timeline")).await.unwrap();
    timeline["items"].as_array().unwrap().iter().any(|entry| entry["kind"] == "escalated")
}

#[tokio::test]
async fn browser_acknowledging_stops_the_clock_and_another_page_shows_it_without_reloading() {
    let lab = Lab::start_at("2026-11-24T06:00:00Z").await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let host = RawHost::enrol(&lab, "cal-db-1", 7).await.unwrap();
    let now = lab.now().unwrap();
    host.tell(vec![host.approach("/srv", now, 0.5), host.approach("/var", now, 0.5)], now).await.unwrap();
    let id = case_of(&api, "/srv").await;
    let unanswered = case_of(&api, "/var").await;

    let browser = TestBrowser::start(lab.path()).await.unwrap();
    let watching = signed_in(&browser, &lab, "sana@falcon.example").await;
    let case_address = format!("{}/cases/{id}", lab.collector.url());
    watching.goto(&case_address).await.unwrap();
    let before = text(&watching).await.unwrap();
    assert!(before.contains("/srv filling") && before.contains("Acknowledge"), "{before}");
    // A mark that a reload would wipe out.
    watching.evaluate("window.notReloaded = true").await.unwrap();

    let acting = browser.open(&case_address).await.unwrap();
    let button = acting.find_element("form[action$='/acknowledge'] button").await.unwrap();
    button.click().await.unwrap();
    until("the acknowledgement", async || {
        let case = api.json(&format!("/api/v1/cases/{id}")).await.ok()?;
        case["responder"]["acknowledged_at"].as_str().map(str::to_owned)
    })
    .await;

    let seen = until("the other page to show it", async || {
        text(&watching).await.filter(|text| text.to_lowercase().contains("acknowledged"))
    })
    .await;
    assert!(seen.contains("Sana Sysadmin"), "{seen}");
    let kept: bool = watching.evaluate("window.notReloaded === true").await.unwrap().into_value().unwrap();
    assert!(kept, "the page was reloaded");

    // An hour later the clock of the case that nobody answered has rung, and this one's has not.
    lab.set_clock("2026-11-24T07:00:00Z").unwrap();
    until("the escalation of the other case", async || escalated(&api, &unanswered).await.then_some(()))
        .await;
    assert!(!escalated(&api, &id).await, "acknowledged, and escalated all the same");
    if let Some(folder) = std::env::var_os("NEARMISS_PICTURES") {
        picture(&watching, &std::path::Path::new(&folder).join("case.png")).await.unwrap();
    }
    tokio::time::timeout(Duration::from_secs(10), browser.stop()).await.unwrap().unwrap();
}

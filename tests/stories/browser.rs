//! Acknowledging on the page, in a real browser, while another page looks on.

use std::time::Duration;

use chromiumoxide::page::Page;
use nearmiss_tests::browser::{TestBrowser, picture, text};
use nearmiss_tests::lab::{CLIENT, Lab, PASSWORD, RawHost};
use nearmiss_tests::wait::until;
use reqwest::StatusCode;

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

#[tokio::test]
async fn browser_acknowledging_stops_the_clock_and_another_page_shows_it_without_reloading() {
    let lab = Lab::start_at("2026-11-24T06:00:00Z").await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    let host = RawHost::enrol(&lab, "cal-db-1", 7).await.unwrap();
    let now = lab.now().unwrap();
    let request = host.batch(vec![host.approach("/srv", now, 0.5)], now, "soon").unwrap();
    assert_eq!(host.send(&request).await.unwrap().0, StatusCode::OK);
    let case = api.cases().await.unwrap().remove(0);
    let id = case["id"].as_str().unwrap();

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

    // The clock is stopped: an hour later nobody was paged.
    lab.set_clock("2026-11-24T07:00:00Z").unwrap();
    let receding =
        host.event(nearmiss_shared::vocabulary::EventKind::Receding, "/srv", 2, lab.now().unwrap());
    let request = host.batch(vec![receding], lab.now().unwrap(), "an hour later").unwrap();
    assert_eq!(host.send(&request).await.unwrap().0, StatusCode::OK);
    let timeline = api.json(&format!("/api/v1/cases/{id}/timeline")).await.unwrap().to_string();
    assert!(timeline.contains("receding") && !timeline.contains("\"escalated\""), "{timeline}");
    if let Some(folder) = std::env::var_os("NEARMISS_PICTURES") {
        picture(&watching, &std::path::Path::new(&folder).join("case.png")).await.unwrap();
    }
    tokio::time::timeout(Duration::from_secs(10), browser.stop()).await.unwrap().unwrap();
}

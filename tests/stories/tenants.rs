//! No client sees another's case, timeline, evidence or event stream.

use std::time::Duration;

use nearmiss_shared::bundle::{BundleDraft, ItemDraft, ItemOutcome, seal};
use nearmiss_shared::identity::BundleId;
use nearmiss_shared::vocabulary::Category;
use nearmiss_tests::lab::{CLIENT, Lab, OTHER_CLIENT, RawHost, Visitor};
use reqwest::StatusCode;

#[tokio::test]
async fn a_viewer_of_another_client_gets_404_and_a_silent_stream() {
    let lab = Lab::start().await.unwrap();
    let host = RawHost::enrol(&lab, "lab-srv-07", 7).await.unwrap();
    let now = lab.now().unwrap();
    let bundle = BundleId::from_parts(now, [5; 10]);
    let mut event = host.approach("/srv", now, 3.0);
    event.bundle = Some(bundle);
    host.tell(vec![event], now).await.unwrap();
    host.deliver_bundle(&seal(&draft(&host, bundle, now), &host.key).unwrap(), now).await.unwrap();

    let own = lab.collector.client(CLIENT).unwrap();
    let case = own.cases().await.unwrap().remove(0);
    let id = case["id"].as_str().unwrap();
    let number = case["number"].as_u64().unwrap();
    assert_eq!(case["evidence"][0]["signature_valid"], true, "{case}");

    let paths = [
        format!("/api/v1/cases/{id}"),
        format!("/api/v1/cases/{id}/timeline"),
        format!("/api/v1/cases/{id}/retrospective"),
        format!("/api/v1/evidence/{bundle}"),
    ];
    let stranger = lab.collector.client(OTHER_CLIENT).unwrap();
    let viewer = Visitor::sign_in(&lab.collector, "vera@apex.example").await.unwrap();
    for path in &paths {
        assert_eq!(own.get(path).await.unwrap().0, StatusCode::OK, "{path} for its own client");
        let (status, body) = stranger.get(path).await.unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND, "{path} for a token of another client");
        assert!(!String::from_utf8_lossy(&body).contains("/srv"), "{path} tells of the case");
        assert_eq!(viewer.get(path).await.unwrap().0, StatusCode::NOT_FOUND, "{path} for a viewer");
    }
    for page in
        [format!("/cases/{id}"), format!("/cases/NM-{number:04}"), format!("/cases/{id}/retrospective")]
    {
        assert_eq!(viewer.get(&page).await.unwrap().0, StatusCode::NOT_FOUND, "{page}");
    }
    assert!(stranger.cases().await.unwrap().is_empty());
    let (status, now_page) = viewer.get("/").await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(!now_page.contains("/srv"), "the page Now tells of another client: {now_page}");
}

#[tokio::test]
async fn a_change_is_told_to_its_own_client_alone() {
    let lab = Lab::start().await.unwrap();
    let host = RawHost::enrol(&lab, "lab-srv-07", 7).await.unwrap();
    let mut own = lab.collector.client(CLIENT).unwrap().stream().await.unwrap();
    let mut other = lab.collector.client(OTHER_CLIENT).unwrap().stream().await.unwrap();

    let now = lab.now().unwrap();
    host.tell(vec![host.approach("/srv", now, 3.0)], now).await.unwrap();
    let told = own.next_with("change", Duration::from_secs(20)).await.expect("the own client's change");
    assert!(told.contains("case"), "{told}");
    // The same cursor serves both streams: what the other was going to hear it has heard by now, a poll later.
    assert_eq!(
        other.next_with("change", Duration::from_secs(4)).await,
        None,
        "another client's change was told"
    );
}

fn draft(host: &RawHost, bundle: BundleId, now: nearmiss_shared::time::Timestamp) -> BundleDraft {
    BundleDraft {
        bundle,
        host_id: Some(host.id),
        hostname: "lab-srv-07".to_owned(),
        boot_id: "a boot".to_owned(),
        clock_offset_ms: Some(0),
        tool_version: "0.0.0".to_owned(),
        category: Category::Capacity,
        signal: "filesystem.free".to_owned(),
        subject: "/srv".to_owned(),
        trigger: "approached".to_owned(),
        started: now,
        ended: now,
        previous: None,
        drill: None,
        items: vec![ItemDraft {
            name: "mounts.txt".to_owned(),
            method: "read /proc/mounts".to_owned(),
            started: now,
            ended: now,
            outcome: ItemOutcome::Got,
            redactions: Vec::new(),
            bytes: b"/dev/sda1 /srv ext4 rw 0 0\n".to_vec(),
        }],
    }
}

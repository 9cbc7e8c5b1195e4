//! Bundles.

use nearmiss_case::case::EvidenceRef;
use nearmiss_shared::identity::BundleId;

use super::world::*;
use crate::evidence::NewEvidence;

#[tokio::test]
async fn a_bundle_is_recorded_once_and_never_replaced() {
    let world = world().await;
    let host = enrolled(&world, world.falcon, "lab-1").await;
    let bundle = BundleId::from_parts(MORNING, [3; 10]);
    let evidence = |sha256: &str, problems: &[&str]| NewEvidence {
        bundle,
        case: None,
        sha256: sha256.to_owned(),
        bytes: 7,
        signature_valid: problems.is_empty(),
        problems: problems.iter().map(|problem| (*problem).to_owned()).collect(),
        stored_at: MORNING,
    };
    let mut unit = world.store.begin().await.unwrap();
    unit.insert_evidence(&host, evidence("a", &["cut short"])).await.unwrap();
    unit.insert_evidence(&host, evidence("a", &[])).await.unwrap();
    unit.savepoint().await.unwrap();
    let fault = unit.insert_evidence(&host, evidence("b", &[])).await.unwrap_err();
    assert!(fault.is_conflict(), "{fault}");
    unit.undo().await.unwrap();
    assert!(unit.evidence_of_host(&host, bundle).await.unwrap().is_some());
    unit.commit().await.unwrap();
    let found = world.store.evidence(&[world.apex, world.falcon], None, bundle).await.unwrap().unwrap();
    assert_eq!((found.sha256.as_str(), found.bytes, found.signature_valid), ("a", 7, false));
    assert_eq!(found.problems, ["cut short"]);
    assert!(world.store.evidence(&[world.apex], None, bundle).await.unwrap().is_none());
}

#[tokio::test]
async fn a_bundle_finds_the_case_of_its_host_that_waits_for_it() {
    let world = world().await;
    let (host, other) =
        (enrolled(&world, world.falcon, "lab-1").await, enrolled(&world, world.falcon, "lab-2").await);
    let mut case = stored(&world, world.falcon, "/srv", 1).await;
    case.host = host.host();
    let bundle = BundleId::from_parts(MORNING, [3; 10]);
    case.evidence.push(EvidenceRef { bundle, sha256: None, bytes: None, signature_valid: None });
    let mut unit = world.store.begin().await.unwrap();
    assert!(unit.case_of_bundle(&host, bundle).await.unwrap().is_none());
    unit.save_case(world.falcon, &case, MORNING).await.unwrap();
    assert_eq!(unit.case_of_bundle(&host, bundle).await.unwrap().unwrap().id, case.id);
    assert!(unit.case_of_bundle(&other, bundle).await.unwrap().is_none());
}

#[tokio::test]
async fn two_hosts_of_a_client_may_call_a_bundle_alike() {
    let world = world().await;
    let hosts =
        [enrolled(&world, world.falcon, "lab-1").await, enrolled(&world, world.falcon, "lab-2").await];
    let case = stored(&world, world.falcon, "/srv", 1).await;
    let bundle = BundleId::from_parts(MORNING, [3; 10]);
    let mut unit = world.store.begin().await.unwrap();
    for (host, sha256, case) in [(&hosts[0], "a", None), (&hosts[1], "b", Some(case.id))] {
        let evidence = NewEvidence {
            bundle,
            case,
            sha256: sha256.to_owned(),
            bytes: 1,
            signature_valid: true,
            problems: Vec::new(),
            stored_at: MORNING,
        };
        unit.insert_evidence(host, evidence).await.unwrap();
    }
    unit.commit().await.unwrap();
    for (host, sha256) in [(None, "b"), (Some(&hosts[0]), "a"), (Some(&hosts[1]), "b")] {
        let host = host.map(crate::HostScope::host);
        let found = world.store.evidence(&[world.falcon], host, bundle).await.unwrap().unwrap();
        assert_eq!(found.sha256, sha256, "{host:?}");
    }
}

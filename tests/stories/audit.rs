//! Whoever rewrites the record is found by what a checkpoint elsewhere says, and it says where.

use std::fs;

use nearmiss_tests::lab::{CLIENT, Lab, RawHost};
use nearmiss_tests::process::run;
use serde_json::json;

/// What somebody with the database in their hands may do, as SQL, and what is said of it.
const TAMPERING: [(&str, &str, &str); 4] = [
    (
        "an entry was changed",
        "UPDATE entry SET at = at + 1 WHERE sequence = 2 AND case_id = (SELECT case_id FROM case_file WHERE number = 1)",
        "NM-0001 of Falcon MRO: entry 2: differs from its hash",
    ),
    (
        "the tail was cut",
        "DELETE FROM entry_payload WHERE sequence > 2; DELETE FROM entry WHERE sequence > 2",
        "NM-0001 of Falcon MRO: its last",
    ),
    (
        "a text was changed",
        "UPDATE entry_payload SET payload = replace(payload, 'checked', 'ignored')",
        "its text was changed",
    ),
    ("a case vanished", "PRAGMA foreign_keys = OFF; DELETE FROM case_file WHERE number = 2", "NM-0002"),
];

#[tokio::test]
async fn a_checkpoint_held_elsewhere_finds_what_was_changed_cut_or_removed() {
    if std::env::var_os("NEARMISS_TEST_POSTGRES").is_some() {
        // The tampering is done to a file.
        return;
    }
    let mut lab = Lab::start().await.unwrap();
    let host = RawHost::enrol(&lab, "lab-srv-07", 7).await.unwrap();
    let now = lab.now().unwrap();
    host.tell(vec![host.approach("/srv", now, 2.0), host.approach("/var", now, 2.0)], now).await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    for number in [1, 2] {
        let path = format!("/api/v1/cases/NM-000{number}/actions");
        api.post(&path, &json!({"kind": "note", "text": "checked the pump"})).await.unwrap();
    }
    lab.collector.stop().unwrap();
    let checkpoint = lab.path().join("checkpoint.json");
    fs::write(&checkpoint, lab.collector.run(&["audit", "checkpoint"], "").unwrap()).unwrap();
    let verify = ["audit", "verify", "--checkpoint", &checkpoint.to_string_lossy()];
    let said = lab.collector.run(&verify, "").unwrap();
    assert!(
        said.contains("2 cases") && said.contains("0 faults") && said.contains("in 1 checkpoint"),
        "{said}"
    );

    let database = lab.path().join("collector/collector.db");
    let whole = fs::read(&database).unwrap();
    for (what, sql, told) in TAMPERING {
        fs::write(&database, &whole).unwrap();
        let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])";
        run("python3", ["-c", script, &database.to_string_lossy(), sql]).unwrap();
        let said = lab.collector.run(&verify, "").unwrap_err().to_string();
        assert!(said.contains(told), "{what}: {said}");
    }
}

//! Answers of Podman 4.3.1 (Docker API 1.41) as Debian 12 has it, cut to some of their fields; and hostile ones.

use proptest::prelude::*;

use super::*;

const CRASHING: &str = r#"{"Id": "7aa9a28f1a779f44c0b60ae6cb9f867b771a34b282d2e9582d67e33abbacb5e8", "Name": "/crash", "RestartCount": 4, "State": {"Status": "running", "Running": true, "Paused": false, "Restarting": false, "OOMKilled": false, "Dead": false, "Pid": 18367, "ExitCode": 0, "Error": "", "StartedAt": "2026-11-25T05:01:20.921138036Z", "FinishedAt": "2026-11-25T05:01:20.423729954Z", "Health": {"Status": "", "FailingStreak": 0, "Log": null}}, "HostConfig": {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 5}, "NetworkMode": "none"}, "Config": {"Env": ["TERM=xterm"], "Labels": {"com.docker.compose.project": "shop"}, "Healthcheck": null}}"#;

const SICK: &str = r#"{"Id": "45d5bd511116a2c5479fc5f6095f542bab3d06615f4c60402716f411cd900d17", "Name": "/sick", "RestartCount": 0, "State": {"Status": "running", "Running": true, "Paused": false, "Restarting": false, "OOMKilled": false, "Dead": false, "Pid": 18144, "ExitCode": 0, "Error": "", "StartedAt": "2026-11-25T05:01:15.966641702Z", "FinishedAt": "0001-01-01T00:00:00Z", "Health": {"Status": "starting", "FailingStreak": 2, "Log": [{"Start": "2026-11-25T05:01:16.158563788Z", "End": "2026-11-25T05:01:16.30834066Z", "ExitCode": 1, "Output": ""}]}}, "HostConfig": {"RestartPolicy": {"Name": "", "MaximumRetryCount": 0}, "NetworkMode": "none"}, "Config": {"Env": ["TERM=xterm"], "Labels": {}, "Healthcheck": {"Test": ["CMD-SHELL", "/bin/busybox false"], "Timeout": 30000000000, "Retries": 3}}}"#;

const FAILED: &str = r#"{"Id": "a823c97cd9f188b4041e741afee4caf9c055b4d9e13609e86ce695cf85e37d1d", "Name": "/bad", "RestartCount": 0, "State": {"Status": "exited", "Running": false, "Paused": false, "Restarting": false, "OOMKilled": false, "Dead": false, "Pid": 0, "ExitCode": 7, "Error": "", "StartedAt": "2026-11-25T05:01:17.276046975Z", "FinishedAt": "2026-11-25T05:01:17.28372996Z", "Health": {"Status": "", "FailingStreak": 0, "Log": null}}, "HostConfig": {"RestartPolicy": {"Name": "", "MaximumRetryCount": 0}, "NetworkMode": "none"}, "Config": {"Env": ["TERM=xterm"], "Labels": {}, "Healthcheck": null}}"#;

#[test]
fn what_podman_says_is_read() {
    let crashing = inspected(CRASHING.as_bytes()).unwrap();
    let labels = BTreeMap::from([("project".to_owned(), "shop".to_owned())]);
    let expected = Container {
        name: "crash".to_owned(),
        phase: Phase::Up,
        restarts: 4,
        policy: Policy::Times(5),
        health: None,
        finished: "2026-11-25T05:01:20.423729954Z".parse().ok(),
        labels,
    };
    assert_eq!(crashing, expected);
    let sick = inspected(SICK.as_bytes()).unwrap();
    assert_eq!(sick.health, Some(Health { unhealthy: false, failing: 2, retries: 3 }));
    assert_eq!(sick.policy, Policy::Never);
    let failed = inspected(FAILED.as_bytes()).unwrap();
    assert_eq!(failed.phase, Phase::Ended { code: 7, out_of_memory: false, error: String::new() });
    assert!(failed.phase.is_failure());
}

#[test]
fn between_two_starts_it_is_up_and_one_that_stays_down_is_not() {
    let down = CRASHING.replace("\"running\"", "\"exited\"").replace("\"ExitCode\": 0", "\"ExitCode\": 3");
    let ended =
        |restarts: u32, policy: Policy| Container { restarts, policy, ..inspected(down.as_bytes()).unwrap() };
    let finished = ended(0, Policy::Never).finished.unwrap();
    for (restarts, policy, seconds, awaits) in [
        (4, Policy::Times(5), 1, true),
        (5, Policy::Times(5), 1, false),
        (4, Policy::Times(5), 10, false),
        (90, Policy::Always, 1, true),
        (0, Policy::Never, 1, false),
        (0, Policy::Always, -1, false),
    ] {
        let now = finished.plus(Span::from_seconds(seconds));
        assert_eq!(ended(restarts, policy).awaits_restart(now), awaits, "{restarts} {policy:?} {seconds}");
    }
}

#[test]
fn docker_leaves_out_what_a_container_has_not() {
    let docker = r#"{"Id":"a1","Name":"/web","RestartCount":2,"State":{"Status":"restarting","Running":true,
        "OOMKilled":false,"ExitCode":1,"Error":""},"HostConfig":{"RestartPolicy":{"Name":"unless-stopped",
        "MaximumRetryCount":0}},"Config":{"Labels":null}}"#;
    let web = inspected(docker.as_bytes()).unwrap();
    assert_eq!((web.phase, web.policy, web.health), (Phase::Up, Policy::Always, None));
    assert_eq!(ids(br#"[{"Id":"a1","Names":["/web"]},{"Id":"../x"}]"#), Some(vec!["a1".to_owned()]));
    assert_eq!(ids(br#"{"message":"no"}"#), None);
}

#[test]
fn an_end_that_was_asked_for_is_no_failure() {
    for (code, out_of_memory, failed) in [
        (0, false, false),
        (143, false, false),
        (137, false, false),
        (137, true, true),
        (1, false, true),
        (139, false, true),
    ] {
        let ended = Phase::Ended { code, out_of_memory, error: String::new() };
        assert_eq!(ended.is_failure(), failed, "{code} {out_of_memory}");
    }
    assert!(!Phase::Up.is_failure());
}

proptest! {
    #[test]
    fn any_bytes_are_read_within_bounds(bytes in proptest::collection::vec(any::<u8>(), 0..500), at in 0usize..600) {
        let mut body = CRASHING.as_bytes().to_vec();
        let at = at.min(body.len());
        body.splice(at..(at + bytes.len() / 50).min(body.len()), bytes.iter().copied().take(4));
        for body in [&body, &bytes] {
            ids(body);
            if let Some(container) = inspected(body) {
                prop_assert!(container.name.chars().count() <= MAX_TEXT);
            }
        }
    }
}

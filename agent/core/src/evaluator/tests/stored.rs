//! The stored form: what is read back goes on where it stopped, also what earlier versions wrote.

use super::*;

#[test]
fn a_stored_state_goes_on_where_it_stopped() {
    let mut bench = Bench::filesystem();
    bench.values(&[0.14, 0.14]);
    let text = serde_json::to_string(&bench.state).unwrap();
    bench.state = serde_json::from_str(&text).unwrap();
    bench.values(&[0.14]);
    assert_eq!(bench.kinds(), ["approached"]);
}

/// As the first released agent wrote each state.
const FIRST: [(Physical, &str); 8] = [
    (Physical::Normal, r#"{"at":"normal"}"#),
    (Physical::Watch, r#"{"at":"watch","count":2}"#),
    (Physical::Approached, r#"{"at":"approached","since":S,"step":0}"#),
    (Physical::Receding, r#"{"at":"receding","quiet_since":S}"#),
    (Physical::Recovered, r#"{"at":"recovered","since":S,"count":1}"#),
    (Physical::Breached, r#"{"at":"breached","since":S,"quiet_since":null}"#),
    (Physical::Standing, r#"{"at":"standing","entry":0.72,"quiet_since":null}"#),
    (
        Physical::Dark,
        r#"{"at":"dark","previous":{"at":"approached","since":S,"step":1},"since":S,"crashed":false}"#,
    ),
];

#[test]
fn every_state_of_the_first_version_is_read_and_judged_on() {
    for (state, phase) in FIRST {
        let text = format!(
            r#"{{"v":1,"signal":"filesystem.free","subject":"/srv","phase":{phase},"episode":1,"sequence":4,
               "samples":[{{"at":S,"value":0.14}}],"baseline":null,"seen":S,"why_unread":null,"reasons":[],
               "forecast_count":0,"labels":{{}},"drill":null}}"#
        );
        let text = text.replace('S', r#"{"wall":"2026-11-23T18:12:57.000Z","boot_ms":1000000}"#);
        let mut bench = Bench::filesystem();
        bench.state = serde_json::from_str(&text).unwrap();
        assert_eq!(bench.at(), state);
        bench.values(&[0.0]);
        assert_eq!(bench.at(), Physical::Breached, "{state}");
        let again = serde_json::to_string(&bench.state).unwrap();
        assert_eq!(serde_json::from_str::<SignalState>(&again).unwrap(), bench.state, "{state}");
    }
}

//! Series as an exporter of the tests' own serves them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Serves `answers` one after the other, each on a connection of its own.
async fn served(answers: Vec<String>, rules: &str) -> (Box<dyn Probe>, impl Future<Output = ()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let serve = async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /metrics HTTP/1.1\r\n"));
            drop(stream.write_all(answer.as_bytes()).await);
        }
    };
    let rules = rules.replace("URL", &url);
    let rules = RuleSet::parse(&[("m.toml".to_owned(), rules)]).unwrap();
    let mut probes = probes(&rules, Span::from_seconds(30));
    assert_eq!(probes.len(), 1, "one request serves both rules");
    (probes.remove(0), serve)
}

fn page(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

const RULES: &str = "[[metrics]]\nname = \"space\"\nurl = \"URL\"\nselect = 'avail{type=\"ext4\"}'\nper = 'size'\n\
                     normal = 0.5\napproach = 0.2\nlimit = 0\n\
                     [[metrics]]\nname = \"queue\"\nurl = \"URL\"\nselect = 'queue'\nunit = \"jobs\"\n\
                     normal = 0\napproach = 5\nlimit = 10\n";

/// Subject and measure of every reading.
fn told(readings: &Readings) -> Vec<String> {
    let told = |reading: &Reading| match &reading.measure {
        Measure::Value(value) => format!("{} = {value}", reading.subject),
        Measure::Invalid { why } => format!("{}: {why}", reading.subject),
        Measure::Retired { .. } => format!("{} retired", reading.subject),
        other => format!("{}: {other:?}", reading.subject),
    };
    readings.readings.iter().map(told).collect()
}

#[tokio::test]
async fn each_series_is_a_subject_with_its_ratio_and_what_goes_is_retired() {
    let two = "avail{type=\"ext4\",at=\"/\"} 20\navail{type=\"ext4\",at=\"/srv\"} 30\navail{type=\"xfs\",at=\"/x\"} 1\n\
               size{type=\"ext4\",at=\"/\"} 100\nsize{type=\"ext4\",at=\"/srv\"} 40\nqueue 3\n";
    let one = "avail{type=\"ext4\",at=\"/\"} 10\nsize{type=\"ext4\",at=\"/\"} 100\nqueue NaN\n";
    let refusal = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (mut probe, serve) = served(vec![page(two), page(one), refusal.to_owned(), page("")], RULES).await;
    let clock = Clock::real();
    let looks = async {
        let first = probe.read(&clock).await;
        assert_eq!(told(&first), ["space{at=\"/\"} = 0.2", "space{at=\"/srv\"} = 0.75", "queue = 3"]);
        assert_eq!(
            (first.readings[0].labels["unit"].as_str(), first.readings[2].labels["unit"].as_str()),
            ("ratio", "jobs")
        );
        let second = probe.read(&clock).await;
        let expected = [
            "space{at=\"/\"} retired",
            "space{at=\"/srv\"} retired",
            "space = 0.1",
            "queue: the exporter says NaN",
        ];
        assert_eq!(told(&second), expected);
        let third = told(&probe.read(&clock).await);
        assert!(third.iter().all(|line| line.ends_with("answers 503 Service Unavailable")), "{third:?}");
        let fourth = told(&probe.read(&clock).await);
        assert_eq!(fourth[1], "queue: no series of it matches queue");
    };
    tokio::join!(serve, looks);
    let dark = told(&probe.read(&clock).await);
    assert!(dark[0].starts_with("space: http://127.0.0.1:") && dark[0].contains("refused"), "{dark:?}");
}

#[tokio::test]
async fn labels_named_by_the_rule_keep_the_subjects_and_too_many_are_said_once() {
    let rules = "[[metrics]]\nname = \"q\"\nurl = \"URL\"\nselect = 'queue'\nby = [\"name\"]\nnormal = 0\n\
                 approach = 5\nlimit = 10\n";
    let single = "queue{name=\"a\",shard=\"1\"} 1\n";
    let twins =
        "queue{name=\"a\",shard=\"1\"} 1\nqueue{name=\"a\",shard=\"2\"} 2\nqueue{name=\"b\",shard=\"1\"} 3\n";
    let many: String = (0..60).map(|number| format!("queue{{name=\"{number}\"}} 1\n")).collect();
    let (mut probe, serve) = served(vec![page(single), page(twins), page(&many), page(&many)], rules).await;
    let clock = Clock::real();
    let looks = async {
        assert_eq!(told(&probe.read(&clock).await), ["q{name=\"a\"} = 1"]);
        let twins = told(&probe.read(&clock).await);
        assert!(twins[0].starts_with("q{name=\"a\"}: more than one series"), "{twins:?}");
        assert_eq!(twins[1], "q{name=\"b\"} = 3");
        let many = probe.read(&clock).await;
        assert_eq!(many.readings.len(), 2 + MAX_SUBJECTS);
        assert!(many.not_applicable[0].why.starts_with("`q` selects 60 series: 50 are watched"));
        assert_eq!(probe.read(&clock).await.not_applicable, []);
    };
    tokio::join!(serve, looks);
}

#[tokio::test]
async fn a_page_without_end_is_not_read() {
    let endless = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x 1\n".repeat(MAX_BODY / 4 + 1));
    let (mut probe, serve) = served(vec![endless], RULES).await;
    let clock = Clock::real();
    let (readings, ()) = tokio::join!(probe.read(&clock), serve);
    assert!(told(&readings)[0].contains("serves more than"), "{readings:?}");
}

//! Log lines by the shipped rules, their times, and recorded series.

use std::sync::OnceLock;

use jiff::tz::TimeZone;
use nearmiss_agent_core::drive_stats::{Line, Reader, Replay};
use nearmiss_agent_core::log::{self, FirstYear, LogClock, Matcher, journal, shipped_packs};
use nearmiss_agent_core::outlook::Sensitivity;
use nearmiss_agent_core::rule::RuleSet;
use nearmiss_agent_core::series::SeriesReader;

use crate::Target;

pub(crate) const LINES: Target = Target {
    name: "log-lines",
    run: lines,
    seeds: &[
        "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; rhost=218.188.2.4\n",
        "2026-11-25T08:00:00.123+01:00 host sshd[1]: Failed password for invalid user a from 1.2.3.4 port 1 ssh2\n",
    ],
    corpus: Some("logs"),
};

fn lines(bytes: &[u8]) {
    static MATCHER: OnceLock<Matcher> = OnceLock::new();
    let matcher = MATCHER.get_or_init(|| {
        let rules = RuleSet::parse(&shipped_packs()).expect("the shipped rules");
        Matcher::new(&rules.log_rules()).expect("the shipped patterns")
    });
    let mut clock = LogClock::new(TimeZone::UTC, FirstYear::Is(2026));
    let mut alone = 0;
    for line in log::lines(bytes) {
        let _time = clock.read(line);
        alone += matcher.matches("/var/log/auth.log", line).len();
    }
    let mut together = 0;
    matcher.scan("/var/log/auth.log", bytes, &mut |_| together += 1);
    assert_eq!(together, alone, "a block is its lines");
}

pub(crate) const JOURNAL: Target = Target {
    name: "journal-entry",
    run: |bytes| {
        if let Some(entry) = journal::entry(bytes) {
            assert!(entry.source.starts_with("journal:") && entry.lines.ends_with(b"\n"), "{entry:?}");
        }
    },
    seeds: &[
        r#"{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1795608591314000","MESSAGE":"Failed password for x","_PID":"12"}"#,
        r#"{"__CURSOR":"s","MESSAGE":[111,255],"SYSLOG_IDENTIFIER":["a","b"],"_TRANSPORT":"kernel"}"#,
    ],
    corpus: None,
};

pub(crate) const DRIVES: Target = Target {
    name: "drive-stats",
    run: |bytes| {
        let mut reader = Reader::default();
        let mut replay = Replay::new(Sensitivity::High);
        for line in bytes.split(|byte| *byte == b'\n') {
            if let Line::Row(row) = reader.line(line) {
                let _in_order = replay.row(row);
            }
        }
        let told = replay.summary();
        assert!(
            told.failed + told.healthy == told.drives && told.warned_before_failure <= told.failed,
            "{told:?}"
        );
    },
    seeds: &["date,serial_number,model,failure,smart_5_raw\n2013-04-10,S,M,0,1\n2013-04-11,S,M,1,99\n"],
    corpus: None,
};

pub(crate) const SERIES: Target = Target {
    name: "series",
    run: |bytes| {
        let mut reader = SeriesReader::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            let _line = reader.line(line);
        }
    },
    seeds: &["timestamp,value\n2026-11-25T08:00:00Z,0.5\n1763980000,0.4\n"],
    corpus: None,
};

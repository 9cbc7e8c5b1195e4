//! The journal of a real systemd: what its units say is matched, each line once, also what they said while the agent was down.

use nearmiss_tests::systemd::Systemd;
use serde_json::Value;

use crate::systemd::{AGENT, AGENT_UNIT, margin_where};

const CONFIG: &str = "state = \"/var/lib/nearmiss\"\n[observe]\nfor = \"0s\"\n[probe.filesystem]\nenabled = false\n\
    [probe.disk]\nenabled = false\n[probe.host]\nenabled = false\n[probe.service]\nenabled = false\n\
    [probe.log]\npaths = [\"/var/log/none-such\"]\n";
const RULES: &str = "[[log]]\nname = \"wrong-pin\"\nmatch = \"journal:gate.service\"\npattern = 'wrong PIN (?P<badge>\\d+)'\n\
    by = \"badge\"\ncount = 100\nwindow = \"1h\"\ncategory = \"login\"\n\
    [[log]]\nname = \"alarms\"\njournal = { PRIORITY = \"[0-3]\", SYSLOG_IDENTIFIER = \"gate\" }\npattern = '(?P<door>west|east) forced'\n\
    by = \"door\"\ncount = 100\nwindow = \"1h\"\ncategory = \"login\"\n";
/// It says what is in a file, a line of it at a time, and ends.
const GATE: &str = "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/cat /run/said\n\
    StandardOutput=journal\nSyslogIdentifier=gate\n";
const ALONE: &str = "[Unit]\nDefaultDependencies=no\n";

/// A systemd with a journal of its own that listens to nothing but its units.
async fn with_journal(folder: &std::path::Path) -> Systemd {
    let systemd = Systemd::boot(folder).await.unwrap();
    for unit in ["systemd-journald.service", "systemd-journald.socket"] {
        systemd.write(&format!("/etc/systemd/system/{unit}.d/story.conf"), ALONE).unwrap();
    }
    // Their places are shared with the machine.
    for socket in ["systemd-journald-dev-log.socket", "systemd-journald-audit.socket"] {
        systemd.must(&["systemctl", "mask", socket]).unwrap();
    }
    systemd.write("/etc/nearmiss/agent.toml", CONFIG).unwrap();
    systemd.write("/etc/nearmiss/rules.d/story.toml", RULES).unwrap();
    systemd.units(&[(AGENT, AGENT_UNIT), ("gate.service", GATE)]).unwrap();
    systemd.must(&["systemctl", "start", "systemd-journald.socket", "systemd-journald.service"]).unwrap();
    systemd
}

fn says(systemd: &Systemd, badge: u32, times: usize) {
    said(systemd, &format!("wrong PIN {badge}\nopened for 1\n").repeat(times));
}

fn said(systemd: &Systemd, lines: &str) {
    systemd.write("/run/said", lines).unwrap();
    systemd.must(&["systemctl", "start", "gate.service"]).unwrap();
}

fn counted(margin: &Value) -> f64 {
    margin["value"].as_f64().unwrap_or(0.0)
}

#[tokio::test]
async fn what_units_say_is_counted_once_also_over_a_kill_and_what_was_said_meanwhile() {
    if let Some(why) = Systemd::is_impossible() {
        eprintln!("skipped: {why}");
        return;
    }
    let folder = tempfile::Builder::new().prefix("nearmiss-story-").tempdir().unwrap();
    let systemd = with_journal(folder.path()).await;
    says(&systemd, 7, 3);
    systemd.must(&["systemctl", "start", AGENT]).unwrap();

    // Said before the agent came: not its to judge.
    says(&systemd, 7, 5);
    let margin = margin_where(&systemd, "log.wrong-pin", "7", |margin| counted(margin) >= 5.0).await;
    assert_eq!(counted(&margin), 5.0, "{margin}");

    systemd.must(&["systemctl", "kill", "--signal=KILL", AGENT]).unwrap();
    systemd.must(&["systemctl", "stop", AGENT]).unwrap();
    says(&systemd, 7, 20);
    systemd.must(&["systemctl", "start", AGENT]).unwrap();
    says(&systemd, 8, 1);
    margin_where(&systemd, "log.wrong-pin", "8", |margin| counted(margin) >= 1.0).await;
    let margin = margin_where(&systemd, "log.wrong-pin", "7", |margin| counted(margin) >= 25.0).await;
    assert_eq!(counted(&margin), 25.0, "{margin}");

    // A field that is not printed unless a rule asks: what systemd reads of the prefix of a line (sd-daemon(3)).
    said(&systemd, "<2>west forced\n<6>west forced: drill\n<6>west forced: drill\n<3>east forced\n");
    for door in ["west", "east"] {
        let margin = margin_where(&systemd, "log.alarms", door, |margin| counted(margin) >= 1.0).await;
        assert_eq!(counted(&margin), 1.0, "{margin}");
    }
}

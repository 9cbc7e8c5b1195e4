//! What an attacker changes on a host, on a whole system of its own: each change is near, named, and remembered.

use nearmiss_tests::systemd::Systemd;
use serde_json::Value;

use crate::systemd::{AGENT, AGENT_UNIT, margin_where};

const CONFIG: &str = "state = \"/var/lib/nearmiss\"\n[observe]\nfor = \"0s\"\n[probe.filesystem]\nenabled = false\n\
    [probe.disk]\nenabled = false\n[probe.host]\nenabled = false\n[probe.service]\nenabled = false\n[probe.log]\nenabled = false\n";
const RULES: &str = "[[security]]\nname = \"story\"\ninterval = \"200ms\"\nhold = \"300ms\"\n";
const DOOR: &str = "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/usr/bin/python3 -m http.server 8099 --directory /run\n";

const SIGNALS: [(&str, &str); 5] = [
    ("security.new_listeners", "open ports"),
    ("security.sshd_drift", "/etc/ssh/sshd_config"),
    ("security.sudo_drift", "/etc/sudoers"),
    ("security.privileged_users", "accounts"),
    ("security.authorised_keys", "authorized_keys"),
];

async fn near(systemd: &Systemd, signal: &str) -> Value {
    let subject = SIGNALS.iter().find(|(name, _)| *name == signal).unwrap().1;
    margin_where(systemd, signal, subject, |margin| margin["state"] == "approached").await
}

#[tokio::test]
async fn a_door_a_key_and_a_right_that_the_host_did_not_have_are_near_until_a_person_accepts_them() {
    if let Some(why) = Systemd::is_impossible() {
        eprintln!("skipped: {why}");
        return;
    }
    let folder = tempfile::Builder::new().prefix("nearmiss-story-").tempdir().unwrap();
    let systemd = Systemd::boot(folder.path()).await.unwrap();
    systemd.write("/etc/ssh/sshd_config", "PermitRootLogin no\n").unwrap();
    systemd.write("/etc/sudoers", "root ALL=(ALL:ALL) ALL\n").unwrap();
    systemd.write("/root/.ssh/authorized_keys", "").unwrap();
    systemd.write("/etc/nearmiss/agent.toml", CONFIG).unwrap();
    systemd.write("/etc/nearmiss/rules.d/story.toml", RULES).unwrap();
    systemd.units(&[(AGENT, AGENT_UNIT), ("door.service", DOOR)]).unwrap();
    systemd.must(&["systemctl", "start", AGENT]).unwrap();
    for (signal, subject) in SIGNALS {
        margin_where(&systemd, signal, subject, |margin| margin["state"] == "normal").await;
    }

    // A real server, a real key, a real member of a real group.
    systemd.must(&["systemctl", "start", "door.service"]).unwrap();
    systemd
        .must(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "mallory@elsewhere", "-f", "/run/key"])
        .unwrap();
    systemd.must(&["sh", "-c", "cat /run/key.pub >>/root/.ssh/authorized_keys"]).unwrap();
    systemd.must(&["sh", "-c", "useradd mallory && usermod -aG sudo mallory"]).unwrap();
    systemd.write("/etc/ssh/sshd_config", "# nothing to see here\nPermitRootLogin yes\n").unwrap();
    systemd.write("/etc/sudoers.d/mallory", "mallory ALL=(ALL) NOPASSWD: ALL\n").unwrap();
    let fingerprint = systemd.must(&["ssh-keygen", "-l", "-f", "/run/key.pub"]).unwrap();
    let fingerprint = fingerprint.split(' ').nth(1).unwrap();
    for (signal, category, reason) in [
        ("security.new_listeners", "misconfiguration", "tcp 0.0.0.0:8099 (python3) is new".to_owned()),
        (
            "security.sshd_drift",
            "misconfiguration",
            "permitrootlogin no -> yes, which guards less".to_owned(),
        ),
        (
            "security.sudo_drift",
            "misconfiguration",
            "mallory ALL=(ALL) NOPASSWD: ALL is new, which guards less".to_owned(),
        ),
        ("security.privileged_users", "login", "mallory in group sudo is new".to_owned()),
        ("security.authorised_keys", "login", format!("root {fingerprint} mallory@elsewhere is new")),
    ] {
        let margin = near(&systemd, signal).await;
        assert_eq!(
            (margin["category"].as_str(), margin["reasons"][0].as_str()),
            (Some(category), Some(reason.as_str()))
        );
    }

    // What the host had is remembered over a kill.
    systemd.must(&["systemctl", "kill", "--signal=KILL", AGENT]).unwrap();
    near(&systemd, "security.sshd_drift").await;

    let now = systemd.must(&["date", "-u", "+%Y-%m-%dT%H:%M:%SZ"]).unwrap();
    systemd.write("/etc/nearmiss/rules.d/story.toml", &format!("{RULES}accepted = \"{now}\"\n")).unwrap();
    systemd.must(&["systemctl", "restart", AGENT]).unwrap();
    for (signal, subject) in SIGNALS {
        margin_where(&systemd, signal, subject, |margin| {
            margin["state"] != "approached" && margin["value"] == 0.0
        })
        .await;
    }
}

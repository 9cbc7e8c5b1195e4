//! The host itself: the kernel kills a process for want of memory, and chrony says that the clock is off.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nearmiss_tests::lab::{Agent, AgentSettings};
use nearmiss_tests::process::installed;
use nearmiss_tests::wait::until;
use serde_json::Value;

use crate::systemd::{booted_with, margin_where};

const HOST_ALONE: &str = "[probe.filesystem]\nenabled = false\n[probe.disk]\nenabled = false\n[probe.service]\n\
    enabled = false\n[probe.log]\nenabled = false\n";
const LIMIT: &str = "16777216";

/// A control group that may use 16 MiB of memory, and what limits it; removed when it is dropped.
struct Confined {
    group: PathBuf,
}

impl Confined {
    /// `None` where neither hierarchy controls memory, or it is not ours to use.
    fn new(name: &str) -> Option<Self> {
        let candidates =
            [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        candidates.iter().find_map(|(root, limit)| {
            let confined = Self { group: Path::new(root).join(name) };
            fs::create_dir(&confined.group).ok()?;
            // Swap would take what does not fit.
            let _no_swap_control = fs::write(confined.group.join("memory.swap.max"), "0");
            fs::write(confined.group.join(limit), LIMIT).ok().map(|()| confined)
        })
    }

    /// Uses up more memory than there is, which ends by the kernel's hand.
    fn exhaust(&self) {
        let script = format!(
            "echo $$ >{}/cgroup.procs; exec python3 -c 'held = b\"x\" * (256 << 20)'",
            self.group.display()
        );
        let status = Command::new("sh").args(["-c", &script]).status().unwrap();
        assert!(!status.success(), "the kernel let it have its memory");
    }
}

impl Drop for Confined {
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.group));
    }
}

#[tokio::test]
async fn a_process_that_the_kernel_kills_for_want_of_memory_is_near_at_once() {
    let folder = tempfile::Builder::new().prefix("nearmiss-story-").tempdir().unwrap();
    let Some(confined) = Confined::new(&folder.path().file_name().unwrap().to_string_lossy()) else {
        eprintln!("skipped: no control group limits memory here, or not for this user");
        return;
    };
    let rules = "[[host]]\nname = \"quick\"\ninterval = \"200ms\"\n".to_owned();
    let settings = AgentSettings { config: HOST_ALONE.to_owned(), rules };
    let mut agent = Agent::alone(folder.path(), settings).unwrap();
    agent.start().await.unwrap();
    agent.margin_where("host.oom_kills", "", |margin| margin["value"] == 0.0).await;
    confined.exhaust();
    let near = agent.margin_where("host.oom_kills", "", |margin| margin["state"] == "approached").await;
    assert_eq!(near["category"], "capacity", "{near}");
    let trigger = "for want of memory";
    assert!(near["reasons"][0].as_str().unwrap().contains(trigger), "{near}");
}

#[tokio::test]
async fn a_clock_that_chrony_says_is_off_is_near_and_one_that_nobody_keeps_is_dark() {
    let (Some(chronyd), Some(chronyc)) = (installed("chronyd"), installed("chronyc")) else {
        eprintln!("skipped: chrony is not here");
        return;
    };
    let config = "state = \"/var/lib/nearmiss\"\n[observe]\nfor = \"0s\"\n".to_owned() + HOST_ALONE;
    let rules = "[[host]]\nname = \"quick\"\nsignal = \"host.clock_offset\"\ninterval = \"200ms\"\n";
    // -x: it measures, and leaves the clock alone.
    let unit = "[Unit]\nDefaultDependencies=no\n[Service]\nRuntimeDirectory=chrony\nRuntimeDirectoryMode=0750\n\
                ExecStart=/usr/local/bin/chronyd -x -n -u root -f /etc/chrony.story\n";
    let Some(world) = booted_with(&config, rules, &[("chronyd.service", unit)]).await else { return };
    let systemd = &world.systemd;
    for program in [&chronyd, &chronyc] {
        systemd.install(program).unwrap();
    }
    systemd.write("/etc/chrony.story", "local stratum 10\nmanual\npidfile /run/chrony/pid\n").unwrap();
    let offset = async |is: &dyn Fn(&Value) -> bool| margin_where(systemd, "host.clock_offset", "", is).await;
    until("word of the clock that nobody keeps", async || {
        let excuses = systemd.check().ok()?["not_applicable"].to_string();
        excuses.contains("no chronyd, ntpd or systemd-timesyncd answers").then_some(())
    })
    .await;

    systemd.must(&["systemctl", "start", "chronyd.service"]).unwrap();
    let right = offset(&|margin| margin["value"] == 0.0).await;
    assert_eq!((&right["category"], &right["limit"]), (&"time".into(), &300.0.into()), "{right}");

    systemd
        .must(&["sh", "-c", "chronyc settime \"$(date -u -d '+40 seconds' '+%b %d, %Y %H:%M:%S')\""])
        .unwrap();
    let off = offset(&|margin| margin["state"] == "approached").await;
    assert!((35.0..45.0).contains(&off["value"].as_f64().unwrap()), "{off}");

    systemd.must(&["systemctl", "stop", "chronyd.service"]).unwrap();
    let why = |margin: &Value| margin["reasons"].to_string().contains("chronyd does not answer any more");
    offset(&|margin| margin["state"] == "dark" && why(margin)).await;
}

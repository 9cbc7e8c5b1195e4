//! What a sysadmin does on the host itself: acknowledge, note, mitigate, with and without a collector or a daemon.

use std::io::{BufRead, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Output, Stdio};

use nearmiss_shared::action::CaseNumber;
use nearmiss_tests::lab::{Agent, AgentSettings, CLIENT, Client, Lab, RawHost};
use nearmiss_tests::loopfs::LoopFilesystem;
use nearmiss_tests::process::program;
use nearmiss_tests::wait::until;
use serde_json::Value;

use crate::filesystem::quick_rule;

struct Story {
    // In the order of their ends: who writes, what is mounted, and the folder that all of it lies in.
    agent: Agent,
    api: Client,
    disk: LoopFilesystem,
    lab: Lab,
    /// The address of its case.
    path: String,
    /// And what people call it.
    number: String,
}

/// A filesystem that came near, and a host that knows the name of its case.
async fn a_filling_filesystem() -> Story {
    let lab = Lab::start().await.unwrap();
    let disk = LoopFilesystem::ext4(lab.path(), 32).unwrap();
    let settings = quick_rule(&disk.subject());
    let config = format!("[collector]\nstatus_interval = \"200ms\"\n{}", settings.config);
    let mut agent = lab.agent(AgentSettings { config, ..settings }).await.unwrap();
    agent.start().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    disk.fill_to_free(0.10).unwrap();
    let subject = disk.subject();
    let case = api.case_where("a case about the mount", |case| case["subject"] == subject.as_str()).await;
    let number = CaseNumber(case["number"].as_u64().unwrap()).to_string();
    until("the host to know its name", async || {
        let status = agent.json(&["status", "--json"]).ok()?;
        status["cases"].as_array()?.iter().any(|one| one["case"] == number.as_str()).then_some(())
    })
    .await;
    let path = format!("/api/v1/cases/{}", case["id"].as_str().unwrap());
    Story { lab, disk, agent, api, path, number }
}

impl Story {
    async fn case_when(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        until(what, async || self.api.json(&self.path).await.ok().filter(&holds)).await
    }

    async fn timeline(&self) -> Vec<Value> {
        let timeline = self.api.json(&format!("{}/timeline", self.path)).await.unwrap();
        timeline["items"].as_array().unwrap().clone()
    }

    /// What fills the filesystem.
    fn ballast(&self) -> String {
        let entries = std::fs::read_dir(self.disk.path()).unwrap().flatten();
        let mut paths = entries.map(|entry| entry.path().to_string_lossy().into_owned());
        paths.find(|path| path.contains("ballast-")).unwrap()
    }
}

fn words(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn acknowledged_and_cleaned_up_on_the_host_it_was_stopped_by_a_person_in_time() {
    let story = a_filling_filesystem().await;
    let output = story.agent.run(&["ack", &story.number, "on", "it"]).unwrap();
    assert!(output.status.success(), "{:?}", words(&output));
    let case = story.case_when("the acknowledgement", |case| case["state"] == "acknowledged").await;
    let responder = &case["responder"];
    assert!(responder["acknowledged_at"].is_string(), "{case}");
    assert!(responder["acknowledged_by"].as_str().unwrap().contains(" on "), "a host's account: {case}");
    assert_eq!(responder["name"], "Sana Sysadmin", "who was asked stays asked");

    let bundles = case["evidence"].as_array().unwrap().len();
    let rm = ["mitigate", "--case", &story.number, "--", "rm", &story.ballast()];
    let output = story.agent.run(&rm).unwrap();
    let (out, told) = words(&output);
    assert!(output.status.success() && out.is_empty(), "{out} {told}");
    assert!(told.contains("a snapshot was taken before it"), "{told}");
    assert!(told.contains(&format!("recorded for {}", story.number)) && told.contains(" → "), "{told}");

    let averted = |case: &Value| case["verdict"]["proposed"] == "averted";
    let case = story.case_when("the proposal averted", averted).await;
    assert_eq!(case["stopped_by"]["main"], "monitored_response", "{case}");
    assert_eq!(case["luck"]["class"], "none", "{case}");
    let done = &case["mitigations"][0];
    assert_eq!((&done["text"], &done["run"]["exit"]), (&"ran rm".into(), &"0".into()), "{case}");
    let (before, after) = (done["run"]["before"].as_f64().unwrap(), done["run"]["after"].as_f64().unwrap());
    assert!(before < 0.15 && after > 0.5, "{done}");
    assert!(case["evidence"].as_array().unwrap().len() >= bundles + 2, "one before, one after: {case}");
    let timeline = story.timeline().await;
    let place = |kind: &str| timeline.iter().position(|entry| entry["kind"] == kind);
    assert!(place("mitigated").unwrap() < place("receding").unwrap(), "{timeline:?}");
    assert!(place("mitigation_ended").is_some(), "{timeline:?}");
    let path = story.ballast_free();
    assert!(!timeline.iter().any(|entry| entry.to_string().contains(&path)), "arguments are left out");
}

impl Story {
    /// What a recorded argument would have begun with.
    fn ballast_free(&self) -> String {
        format!("{}/ballast-", self.disk.path().display())
    }
}

#[tokio::test]
async fn what_is_done_while_the_collector_is_away_arrives_in_order_and_once() {
    let mut story = a_filling_filesystem().await;
    story.lab.collector.stop().unwrap();
    until("the host to notice", async || {
        let status = story.agent.json(&["status", "--json"]).ok()?;
        status["contact_fault"].is_string().then_some(())
    })
    .await;
    let number = story.number.as_str();
    for (verb, code) in [
        (&["ack", number][..], 0),
        (&["note", "--case", number, "the nightly export"], 0),
        (&["mitigate", "--case", number, "--what", "restart", "--", "sh", "-c", "exit 3"], 3),
    ] {
        let output = story.agent.run(verb).unwrap();
        let (out, told) = words(&output);
        assert_eq!(output.status.code(), Some(code), "{verb:?} {out} {told}");
        assert!((out + &told).contains("waits in the spool"), "{verb:?} {told}");
    }
    story.lab.collector.start_again().await.unwrap();
    story.case_when("all of it", |case| case["mitigations"][0]["run"]["exit"] == "3").await;
    // Sent twice, it would be there twice by the next thing that arrives.
    assert!(story.agent.run(&["note", "--case", number, "back again"]).unwrap().status.success());
    let timeline = until("the last note", async || {
        let timeline = story.timeline().await;
        timeline.iter().any(|entry| entry["text"] == "back again").then_some(timeline)
    })
    .await;
    let kinds: Vec<&str> = timeline.iter().filter_map(|entry| entry["kind"].as_str()).collect();
    let done: Vec<&str> = kinds
        .into_iter()
        .filter(|kind| ["acknowledged", "note", "mitigated", "mitigation_ended"].contains(kind))
        .collect();
    assert_eq!(done, ["acknowledged", "note", "mitigated", "mitigation_ended", "note"], "{timeline:?}");
    let case = story.api.json(&story.path).await.unwrap();
    assert_eq!(case["state"], "mitigating", "{case}");
    assert_eq!(case["mitigations"][0]["kind"], "restart", "{case}");
}

#[tokio::test]
async fn another_hosts_case_is_refused_and_what_was_done_for_it_is_a_note_where_the_person_sees_it() {
    let story = a_filling_filesystem().await;
    let other = RawHost::enrol(&story.lab, "lab-2", 9).await.unwrap();
    let now = story.lab.now().unwrap();
    other.tell(vec![other.approach("/srv", now, 2.0)], now).await.unwrap();
    let foreign = story.api.case_where("the other's case", |case| case["host"] == "lab-2").await;
    let output = story.agent.run(&["ack", &foreign["number"].to_string()]).unwrap();
    let (_, told) = words(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("is no case of this host"), "{told}");
    let status = words(&story.agent.run(&["status"]).unwrap()).0;
    assert!(status.contains("is no case of this host"), "{status}");
    let path = format!("/api/v1/cases/{}", foreign["id"].as_str().unwrap());
    let foreign = story.api.json(&path).await.unwrap();
    assert!(foreign["responder"]["acknowledged_at"].is_null(), "{foreign}");

    // What was done is done: it is a note, and the person hears where and what to do.
    let number = foreign["number"].to_string();
    let output = story.agent.run(&["mitigate", "--case", &number, "--", "true"]).unwrap();
    let (_, told) = words(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("is none of this host's open cases"), "{told}");
    assert!(told.contains(&format!("recorded as a note on {}", story.number)), "{told}");
    assert!(told.contains(&format!("nearmiss-agent note --case {}", story.number)), "{told}");
    until("the note", async || {
        story.timeline().await.iter().any(|entry| entry["kind"] == "note").then_some(())
    })
    .await;
    let own = story.api.json(&story.path).await.unwrap();
    assert_eq!(own["mitigations"], serde_json::json!([]), "{own}");
}

/// utmp(5) as util-linux writes it: root on a terminal of the process `pid`, since half a minute before `now`.
fn utmp(folder: &std::path::Path, pid: u32, now: nearmiss_shared::time::Timestamp) -> std::path::PathBuf {
    let since = now.minus(nearmiss_shared::time::Span::from_seconds(30)).to_string();
    let since = since.trim_end_matches('Z').replace('.', ",");
    let record = format!(
        "[7] [{pid:05}] [ts/7] [root    ] [pts/7       ] [10.0.0.5            ] [10.0.0.5       ] [{since}000+00:00]\n"
    );
    let file = folder.join("utmp");
    let mut child = Command::new("utmpdump")
        .arg("-r")
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(&file).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), record.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    file
}

#[tokio::test]
async fn root_was_signed_in_so_what_went_back_by_itself_is_not_called_luck() {
    let lab = Lab::start().await.unwrap();
    let disk = LoopFilesystem::ext4(lab.path(), 32).unwrap();
    let settings = quick_rule(&disk.subject());
    let records = utmp(lab.path(), std::process::id(), lab.now().unwrap());
    let config =
        format!("{}[sessions]\nutmp = \"{}\"\nwtmp = \"/nonexistent\"\n", settings.config, records.display());
    let mut agent = lab.agent(AgentSettings { config, ..settings }).await.unwrap();
    agent.start().await.unwrap();
    let api = lab.collector.client(CLIENT).unwrap();
    disk.fill_to_free(0.10).unwrap();
    let subject = disk.subject();
    let case = api.case_where("a case about the mount", |case| case["subject"] == subject.as_str()).await;
    let path = format!("/api/v1/cases/{}", case["id"].as_str().unwrap());
    let line = until("the login on its timeline", async || {
        let timeline = api.json(&format!("{path}/timeline")).await.ok()?;
        timeline["items"].as_array()?.iter().find(|entry| entry["kind"] == "login_observed").cloned()
    })
    .await;
    assert!(line["text"].as_str().unwrap().contains("root is signed in on pts/7 from 10.0.0.5"), "{line}");
    disk.free().unwrap();
    let case = until("a verdict", async || {
        api.json(&path).await.ok().filter(|case| case["verdict"]["proposed"] == "averted")
    })
    .await;
    assert_eq!(
        (&case["stopped_by"]["main"], &case["luck"]["class"]),
        (&"unknown".into(), &"none".into()),
        "{case}"
    );
    assert_eq!(case["mitigations"], serde_json::json!([]), "a login is no action: {case}");
}

#[tokio::test]
async fn doctor_says_what_is_wrong_with_and_without_everything() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = |arguments: &[&str]| {
        let mut doctor = Command::new(program("nearmiss-agent"));
        doctor.env("NEARMISS_AGENT__STATE", folder.path().join("state")).env("NO_COLOR", "1");
        doctor.arg("doctor").args(arguments).output().unwrap()
    };
    let bare = doctor(&["--json"]);
    assert_eq!(bare.status.code(), Some(0), "a bare machine has nothing that fails: {:?}", words(&bare));
    let told: Value = serde_json::from_slice(&bare.stdout).unwrap();
    let of = |told: &Value, name: &str| -> Value {
        let checks = told["checks"].as_array().unwrap();
        checks
            .iter()
            .find(|check| check["name"] == name)
            .unwrap_or_else(|| panic!("no {name}: {told}"))
            .clone()
    };
    assert_eq!(
        (&of(&told, "agent")["status"], &of(&told, "enrolment")["status"]),
        (&"warn".into(), &"warn".into())
    );
    assert!(of(&told, "agent")["do"].as_str().unwrap().contains("nearmiss-agent run"), "{told}");
    assert_eq!(of(&told, "filesystem")["status"], "ok", "{told}");

    let mut story = a_filling_filesystem().await;
    let well = story.agent.json(&["doctor", "--json"]).unwrap();
    for name in ["configuration", "agent", "enrolment", "collector", "clock", "spool", "reserve"] {
        assert_eq!(of(&well, name)["status"], "ok", "{name}: {well}");
    }
    story.lab.collector.stop().unwrap();
    let output = story.agent.run(&["doctor"]).unwrap();
    let (out, _) = words(&output);
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(out.starts_with("fail  collector"), "the most serious first: {out}");
    std::fs::write(story.agent.folder().join("conf.toml"), "stat = 1\n").unwrap();
    let broken = story.agent.folder().join("conf.toml");
    let output = doctor(&["--json", "--config", &broken.to_string_lossy()]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &of(&told, "configuration")["status"]),
        (Some(1), &"fail".into()),
        "{told}"
    );
}

/// `nearmiss-agent mitigate ... -- COMMAND` where no agent runs, leading a process group of its own.
fn without_an_agent(folder: &std::path::Path, command: &[&str]) -> Command {
    let file = folder.join("agent.toml");
    std::fs::write(&file, format!("state = \"{}\"\n", folder.join("state").display())).unwrap();
    let mut mitigate = Command::new(program("nearmiss-agent"));
    mitigate.arg("--config").arg(file).args(["mitigate", "--case", "NM-0042", "--"]).args(command);
    mitigate.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    mitigate
}

#[tokio::test]
async fn a_person_is_never_held_up_when_no_agent_runs() {
    let folder = tempfile::tempdir().unwrap();
    let output = without_an_agent(folder.path(), &["sh", "-c", "echo done; exit 7"]).output().unwrap();
    let (out, told) = words(&output);
    assert_eq!((out.as_str(), output.status.code()), ("done\n", Some(7)), "{told}");
    assert!(told.contains("NOTHING IS RECORDED"), "{told}");
    let output = without_an_agent(folder.path(), &["no-such-program-here"]).output().unwrap();
    assert_eq!(output.status.code(), Some(127), "{:?}", words(&output));
}

#[tokio::test]
async fn ctrl_c_is_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    let command = ["sh", "-c", "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done"];
    let mut child = without_an_agent(folder.path(), &command).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    let group = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process_group(group, rustix::process::Signal::INT).unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "caught");
    let status = child.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(5), None));
}

//! A real prometheus-node-exporter is scraped: a file in its textfile folder moves a margin, and its end is dark.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use nearmiss_tests::lab::{Agent, AgentSettings};
use nearmiss_tests::process::Process;
use nearmiss_tests::wait::until;

use crate::plugins::QUIET;

const EXPORTER: &str = "/usr/bin/prometheus-node-exporter";

fn rules(port: u16) -> String {
    let url = format!("http://127.0.0.1:{port}/metrics");
    format!(
        "[[metrics]]\nname = \"queue\"\nurl = \"{url}\"\nselect = 'story_queue_jobs{{queue=~\"mail|print\"}}'\n\
         unit = \"jobs\"\nnormal = 0\napproach = 700\nlimit = 1000\n\
         interval = \"300ms\"\nconfirm = 2\nhold = \"1s\"\n\
         [[metrics]]\nname = \"space\"\nurl = \"{url}\"\nselect = 'node_filesystem_avail_bytes{{mountpoint=\"/\"}}'\n\
         per = 'node_filesystem_size_bytes'\nnormal = 1\napproach = 0.0002\nlimit = 0.0001\ninterval = \"300ms\"\n"
    )
}

/// Its page on a free port, with no collectors but two.
async fn exporter(folder: &Path) -> (Process, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(EXPORTER);
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    command.arg("--collector.disable-defaults").args(["--collector.textfile", "--collector.filesystem"]);
    command.arg(format!("--collector.textfile.directory={}", folder.display()));
    let exporter = Process::start(command, &folder.join("exporter.log")).unwrap();
    until("the exporter", async || TcpStream::connect(("127.0.0.1", port)).ok()).await;
    (exporter, port)
}

/// As a job writes its metrics: whole or not at all.
fn write_queue(folder: &Path, jobs: u32) {
    let part = folder.join("queue.part");
    fs::write(
        &part,
        format!("story_queue_jobs{{queue=\"mail\"}} {jobs}\nstory_queue_jobs{{queue=\"other\"}} 9\n"),
    )
    .unwrap();
    fs::rename(part, folder.join("queue.prom")).unwrap();
}

#[tokio::test]
async fn a_file_of_the_exporter_moves_a_margin_until_approached_and_a_dead_exporter_is_dark() {
    if !Path::new(EXPORTER).exists() {
        eprintln!("skipped: no {EXPORTER}: apt-get install prometheus-node-exporter");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    write_queue(folder.path(), 120);
    let (mut exporter, port) = exporter(folder.path()).await;
    let settings = AgentSettings { config: QUIET.to_owned(), rules: rules(port) };
    let mut agent = Agent::alone(folder.path(), settings).unwrap();
    agent.start().await.unwrap();

    let queue = agent.margin_where("metrics.value", "queue", |margin| margin["value"] == 120.0).await;
    assert_eq!((queue["unit"].as_str(), queue["state"].as_str()), (Some("jobs"), Some("normal")), "{queue}");
    assert_eq!(queue["proximity"], 0.12, "{queue}");
    let space = agent.margin_where("metrics.value", "space", |margin| margin["value"].is_number()).await;
    let free = space["value"].as_f64().unwrap();
    assert!(free > 0.0 && free < 1.0 && space["unit"] == "ratio", "{space}");

    write_queue(folder.path(), 850);
    let near = agent.margin_where("metrics.value", "queue", |margin| margin["state"] == "approached").await;
    assert!(near["reasons"].to_string().contains("850 jobs"), "{near}");
    write_queue(folder.path(), 30);
    agent.margin_where("metrics.value", "queue", |margin| margin["state"] == "receding").await;

    exporter.stop().unwrap();
    let dark = agent.margin_where("metrics.value", "queue", |margin| margin["state"] == "dark").await;
    assert!(dark["reasons"].to_string().contains("does not answer"), "{dark}");
}

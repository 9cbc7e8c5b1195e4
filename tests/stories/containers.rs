//! A real Podman with real containers: one that crashes runs out of restarts, one that is sick out of checks.
//!
//! Podman runs in a mount namespace of its own with a cgroup2 tree, so that it starts on machines that mix both
//! kinds of cgroups; nothing of it is left on the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nearmiss_tests::lab::{Agent, AgentSettings};
use nearmiss_tests::process::{Process, run};
use nearmiss_tests::wait::until;

use crate::plugins::QUIET;

/// Everything after it runs in that namespace.
const NAMESPACE: &str = "mount --make-rprivate / && (umount -R /sys/fs/cgroup; true) && \
                         mount -t cgroup2 none /sys/fs/cgroup && exec \"$@\"";
/// A container without network and cgroup, and with limits that need no right to be raised.
const PLAIN: [&str; 8] = [
    "--network",
    "none",
    "--cgroups",
    "disabled",
    "--ulimit",
    "nofile=1024:1024",
    "--ulimit",
    "nproc=1024:1024",
];

struct Podman {
    folder: PathBuf,
    /// The service that answers at the socket.
    service: Process,
}

impl Podman {
    /// `None` where it cannot run, with the reason said.
    async fn start(folder: &Path) -> Option<Self> {
        let missing = ["podman", "crun", "busybox"].into_iter().find(|name| run("which", [name]).is_err());
        if let Some(missing) = missing {
            eprintln!("skipped: no {missing}: apt-get install podman crun busybox-static");
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: a mount namespace for podman needs root");
            return None;
        }
        let mut command = podman(folder);
        command.args(["system", "service", "-t", "0", &format!("unix://{}", socket(folder))]);
        let service = Process::start(command, &folder.join("podman.log")).unwrap();
        let podman = Self { folder: folder.to_owned(), service };
        until("podman's socket", async || Path::new(&socket(folder)).exists().then_some(())).await;
        podman.import();
        Some(podman)
    }

    /// An image that holds a busybox and nothing else.
    fn import(&self) {
        let bin = self.folder.join("rootfs/bin");
        fs::create_dir_all(&bin).unwrap();
        let busybox = String::from_utf8(run("which", ["busybox"]).unwrap().stdout).unwrap();
        fs::copy(busybox.trim(), bin.join("busybox")).unwrap();
        let (tar, rootfs) = (self.folder.join("rootfs.tar"), self.folder.join("rootfs"));
        run("tar", ["-C".as_ref(), rootfs.as_os_str(), "-cf".as_ref(), tar.as_os_str(), ".".as_ref()])
            .unwrap();
        self.ask(&["import", &tar.display().to_string(), "lab:1"]);
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        podman(&self.folder).args(arguments).output().unwrap()
    }

    /// Runs `script` in a container of this name.
    fn run(&self, name: &str, options: &[&str], script: &str) {
        let mut arguments = vec!["run", "-d", "--name", name];
        arguments.extend(PLAIN.iter().chain(options).chain(&["lab:1", "/bin/busybox", "sh", "-c", script]));
        let output = self.ask(&arguments);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        self.ask(&["rm", "-fa", "-t", "0"]);
        drop(self.service.kill());
    }
}

fn socket(folder: &Path) -> String {
    folder.join("podman.sock").display().to_string()
}

/// Podman with a store of its own.
fn podman(folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", NAMESPACE, "sh", "podman", "--storage-driver", "vfs"]);
    command.arg("--root").arg(folder.join("store")).arg("--runroot").arg(folder.join("run"));
    command.args(["--cgroup-manager", "cgroupfs", "--events-backend", "file", "--runtime", "crun"]);
    command
}

#[tokio::test]
async fn a_crashing_container_runs_out_of_restarts_and_a_sick_one_out_of_checks() {
    let folder = tempfile::Builder::new().prefix("nm").tempdir().unwrap();
    let Some(podman) = Podman::start(folder.path()).await else { return };
    podman.run("steady", &["--label", "com.docker.compose.project=shop"], "/bin/busybox sleep 600");
    let sick =
        ["--health-cmd", "/bin/busybox false", "--health-retries", "3", "--health-interval", "disable"];
    podman.run("sick", &sick, "/bin/busybox sleep 600");
    let rules = format!(
        "[[container]]\nname = \"story\"\nsocket = \"{}\"\ninterval = \"300ms\"\nhold = \"1s\"\n",
        socket(folder.path())
    );
    let mut agent = Agent::alone(folder.path(), AgentSettings { config: QUIET.to_owned(), rules }).unwrap();
    agent.start().await.unwrap();
    let steady = agent.margin_where("container.running", "steady", |margin| margin["value"] == 1.0).await;
    assert_eq!(
        (steady["state"].as_str(), steady["category"].as_str()),
        (Some("normal"), Some("service")),
        "{steady}"
    );

    podman.run("crash", &["--restart", "on-failure:5"], "/bin/busybox sleep 1; exit 3");
    let near = agent
        .margin_where("container.restarts_left", "crash", |margin| margin["state"] == "approached")
        .await;
    assert!(near["value"].as_f64().is_some_and(|left| left <= 2.0) && near["limit"] == -1.0, "{near}");

    podman.ask(&["healthcheck", "run", "sick"]);
    podman.ask(&["healthcheck", "run", "sick"]);
    let near =
        agent.margin_where("container.health_left", "sick", |margin| margin["state"] == "approached").await;
    assert_eq!(near["value"], 1.0, "{near}");
    podman.ask(&["healthcheck", "run", "sick"]);
    let failed =
        agent.margin_where("container.health_left", "sick", |margin| margin["state"] == "breached").await;
    assert!(failed["reasons"].to_string().contains("unhealthy"), "{failed}");

    let ended =
        agent.margin_where("container.running", "crash", |margin| margin["state"] == "breached").await;
    assert!(ended["reasons"].to_string().contains("ended with status 3"), "{ended}");
    podman.ask(&["stop", "-t", "0", "steady"]);
    until("a container that was stopped on purpose to be no signal", async || {
        agent.margin("container.running", "steady").is_none().then_some(())
    })
    .await;
}

//! Debian's Monitoring Plugins, run for real: what they look at moves, and the host's margins move with it.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use nearmiss_tests::lab::{Agent, AgentSettings};
use nearmiss_tests::process::{Process, run};
use nearmiss_tests::wait::until;

const PLUGINS: &str = "/usr/lib/nagios/plugins";
/// No probe but the declared ones.
pub(crate) const QUIET: &str = "[probe.filesystem]\nenabled = false\n[probe.disk]\nenabled = false\n[probe.service]\n\
                                enabled = false\n[probe.log]\nenabled = false\n[probe.host]\nenabled = false\n";

fn rule(name: &str, command: &str) -> String {
    let argv: Vec<String> = command.split(' ').map(|word| format!("{word:?}")).collect();
    format!(
        "[[plugin]]\nname = \"{name}\"\ncommand = [{}]\ninterval = \"300ms\"\nconfirm = 1\nhold = \"1s\"\n",
        argv.join(", ").replacen('"', &format!("\"{PLUGINS}/"), 1)
    )
}

fn are_installed() -> bool {
    let installed = Path::new(PLUGINS).join("check_disk").exists();
    if !installed {
        eprintln!("skipped: no {PLUGINS}: apt-get install monitoring-plugins-standard");
    }
    installed
}

async fn agent(folder: &Path, rules: Vec<String>) -> Agent {
    let settings = AgentSettings { config: QUIET.to_owned(), rules: rules.concat() };
    let mut agent = Agent::alone(folder, settings).unwrap();
    agent.start().await.unwrap();
    agent
}

/// A filesystem in memory that ends with it.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(at: PathBuf) -> Self {
        fs::create_dir(&at).unwrap();
        let size = ["-t", "tmpfs", "-o", "size=16m", "nearmiss-story"].map(Path::new);
        run("mount", size.into_iter().chain([at.as_path()])).unwrap();
        Self(at)
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        drop(run("umount", ["-l".as_ref(), self.0.as_os_str()]));
    }
}

#[tokio::test]
async fn check_disk_on_a_filling_filesystem_moves_until_approached_and_back() {
    if !are_installed() {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: mounting a filesystem needs root");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = Tmpfs::mount(folder.path().join("disk"));
    let mount = disk.0.display().to_string();
    let check = format!("check_disk -w 20% -c 5% -p {mount}");
    let agent = agent(folder.path(), vec![rule("disk", &check)]).await;
    let subject = format!("disk/{mount}");

    let margin = agent.margin_where("plugin.value", &subject, |margin| margin["proximity"].is_number()).await;
    assert_eq!(
        (margin["unit"].as_str(), margin["state"].as_str()),
        (Some("bytes"), Some("normal")),
        "{margin}"
    );
    let limit = margin["limit"].as_f64().unwrap() / f64::from(16 * 1024 * 1024);
    assert!((limit - 0.95).abs() < 0.01, "used space fails at 95 %: {margin}");

    let fill = disk.0.join("fill");
    fs::write(&fill, vec![0; 7 * 1024 * 1024]).unwrap();
    let half = |margin: &serde_json::Value| margin["proximity"].as_f64().is_some_and(|near| near > 0.4);
    let margin = agent.margin_where("plugin.value", &subject, half).await;
    assert_eq!(margin["state"], "normal", "{margin}");
    fs::write(&fill, vec![0; 14 * 1024 * 1024]).unwrap();
    agent.margin_where("plugin.value", &subject, |margin| margin["state"] == "approached").await;
    let warned = agent.margin_where("plugin.state", "disk", |margin| margin["state"] == "approached").await;
    assert!(warned.to_string().contains("DISK WARNING"), "{warned}");
    fs::remove_file(&fill).unwrap();
    for (signal, subject) in [("plugin.value", subject.as_str()), ("plugin.state", "disk")] {
        let back = ["receding", "recovered"];
        agent
            .margin_where(signal, subject, |margin| back.iter().any(|state| margin["state"] == *state))
            .await;
    }
}

/// A file server on a free port.
async fn file_server(folder: &Path) -> (Process, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("python3");
    command.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]).current_dir(folder);
    let server = Process::start(command, &folder.join("server.log")).unwrap();
    until("the file server", async || TcpStream::connect(("127.0.0.1", port)).ok()).await;
    (server, port)
}

#[tokio::test]
async fn the_usual_plugins_tell_their_margins_and_a_stopped_server_is_the_failure() {
    if !are_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.tar");
    File::create(&file).unwrap();
    let (mut server, port) = file_server(folder.path()).await;
    let agent = agent(
        folder.path(),
        vec![
            rule("load", "check_load -w 900,900,900 -c 1000,1000,1000"),
            rule("processes", "check_procs -w 90000 -c 100000"),
            rule("users", "check_users -w 500 -c 1000"),
            rule("swap", "check_swap -w 20% -c 10% -n ok"),
            rule("http", &format!("check_http -H 127.0.0.1 -p {port} -w 5 -c 9")),
            rule("tcp", &format!("check_tcp -H 127.0.0.1 -p {port} -w 5 -c 9")),
            rule("age", &format!("check_file_age -w 600 -c 900 -f {}", file.display())),
            rule("dummy", "check_dummy 3 nobody-knows"),
        ],
    )
    .await;
    for subject in
        ["load/load1", "load/load15", "processes/procs", "users/users", "http/time", "tcp/time", "age/age"]
    {
        let margin = agent.margin_where("plugin.value", subject, |margin| margin["value"].is_number()).await;
        assert_eq!(margin["state"], "normal", "{margin}");
    }
    for name in ["load", "processes", "users", "swap", "http", "tcp", "age"] {
        let margin = agent.margin_where("plugin.state", name, |margin| margin["value"] == 0.0).await;
        assert_eq!(margin["category"], "service", "{margin}");
    }
    let unknown =
        |margin: &serde_json::Value| margin["value"].is_null() && margin.to_string().contains("nobody-knows");
    agent.margin_where("plugin.state", "dummy", unknown).await;

    run("touch", ["-d".as_ref(), "11 minutes ago".as_ref(), file.as_os_str()]).unwrap();
    let age = agent.margin_where("plugin.value", "age/age", |margin| margin["state"] == "approached").await;
    assert_eq!((age["unit"].as_str(), age["limit"].as_f64()), (Some("seconds"), Some(900.0)), "{age}");
    server.stop().unwrap();
    for name in ["http", "tcp"] {
        let failed = agent.margin_where("plugin.state", name, |margin| margin["state"] == "breached").await;
        assert!(failed["reasons"].to_string().contains("refused"), "{failed}");
    }
}

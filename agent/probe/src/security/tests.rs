//! A host's files in a temporary folder, this machine's own sockets, and its own package manager.

use std::fs;
use std::net::TcpListener;

use super::*;

const TCP: &str =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

/// A host with the usual files.
struct World {
    root: tempfile::TempDir,
    probe: SecurityProbe,
    clock: Clock,
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let probe = SecurityProbe::at(root.path().to_owned(), &RuleSet::default(), Span::from_minutes(1));
        let world = Self { root, probe, clock: Clock::real() };
        world.write("etc/passwd", "root:x:0:0::/root:/bin/bash\nsana:x:1000:1000::/home/sana:/bin/bash\n");
        world.write("etc/group", "root:x:0:\nsudo:x:27:sana\n");
        world.write("etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n");
        world.write("etc/ssh/sshd_config.d/site.conf", "PasswordAuthentication no\n");
        world.write("etc/sudoers", "root ALL=(ALL:ALL) ALL\n");
        world.write("home/sana/.ssh/authorized_keys", "");
        world.write("proc/sys/kernel/osrelease", "6.1.0-37-amd64\n");
        world.listen(&[22]);
        world
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn listen(&self, ports: &[u16]) {
        let line = |port: &u16| {
            format!(
                "   0: 00000000:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 {port} 1 0 100 0 0 10 0\n"
            )
        };
        let lines: String = ports.iter().map(line).collect();
        self.write("proc/net/tcp", &format!("{TCP}{lines}"));
        self.write("proc/net/udp", TCP);
    }

    async fn look(&mut self) -> BTreeMap<String, String> {
        let readings = self.probe.read(&self.clock).await.readings;
        let said = |reading: Reading| match reading.measure {
            Measure::Value(value) => (reading.signal, value.to_string()),
            Measure::Trigger { reason, .. } => (reading.signal, reason),
            other => panic!("{other:?}"),
        };
        readings.into_iter().map(said).collect()
    }
}

#[tokio::test]
async fn whatever_an_attacker_changes_is_near_and_named() {
    let mut world = World::new();
    let first = world.look().await;
    assert!(first.len() == 5 && first.values().all(|said| said == "0"), "{first:?}");

    world.write("etc/ssh/sshd_config.d/site.conf", "PasswordAuthentication yes\n");
    world.write("etc/sudoers.d/x", "sana ALL=(ALL) NOPASSWD: ALL\n");
    world.write("etc/group", "root:x:0:\nsudo:x:27:sana,mallory\n");
    let blob = "c3NoLWVkMjU1MTkgbWFkZSB1cA==";
    world.write("home/sana/.ssh/authorized_keys", &format!("ssh-ed25519 {blob} mallory@elsewhere\n"));
    let changed = world.look().await;
    for (signal, said) in [
        ("security.sshd_drift", "passwordauthentication no -> yes, which guards less"),
        ("security.sudo_drift", "sana ALL=(ALL) NOPASSWD: ALL is new, which guards less"),
        ("security.privileged_users", "mallory in group sudo is new"),
        ("security.new_listeners", "0"),
    ] {
        assert_eq!(changed[signal], said);
    }
    let key = &changed["security.authorised_keys"];
    assert!(key.starts_with("sana SHA256:") && key.ends_with(" mallory@elsewhere is new"), "{key}");
    assert!(!key.contains(blob));
}

#[tokio::test]
async fn a_known_key_without_its_bounds_is_near_and_one_that_is_gone_is_not() {
    let mut world = World::new();
    let key = "ssh-ed25519 c3NoLWVkMjU1MTkgbWFkZSB1cA== backup@nas\n";
    let file = "home/sana/.ssh/authorized_keys";
    world.write(file, &format!("command=\"/usr/bin/rsync --token s3cret\",restrict {key}"));
    world.look().await;
    world.write(file, key);
    let said = &world.look().await["security.authorised_keys"];
    assert!(said.contains(" [command restrict: ") && !said.contains("s3cret"), "{said}");
    assert!(said.ends_with("] backup@nas -> backup@nas, which guards less"), "{said}");
    world.write(file, "");
    assert_eq!(world.look().await["security.authorised_keys"], "0");
}

#[tokio::test]
async fn what_stands_behind_padding_is_not_passed_over() {
    let mut world = World::new();
    world.look().await;
    let padding = "# nothing to see\n".repeat(200_000);
    let keys = "home/sana/.ssh/authorized_keys";
    world.write("etc/sudoers", &format!("root ALL=(ALL:ALL) ALL\n{padding}sana ALL=(ALL) NOPASSWD: ALL\n"));
    world.write(keys, &format!("{padding}ssh-ed25519 c3NoLWVkMjU1MTkgbWFkZSB1cA== x\n"));
    let changed = world.look().await;
    let told = &changed["security.sudo_drift"];
    assert!(told.starts_with("/etc/sudoers (too large to be read) of 34"), "{told}");
    let told = &changed["security.authorised_keys"];
    assert!(told.starts_with(&format!("/{keys} (too large to be read) of 34")), "{told}");
}

#[tokio::test]
async fn a_port_counts_when_it_is_there_a_second_time_and_the_kernels_choice_is_one() {
    let mut world = World::new();
    world.look().await;
    world.listen(&[22, 8080]);
    assert_eq!(world.look().await["security.new_listeners"], "0");
    world.listen(&[22]);
    assert_eq!(world.look().await["security.new_listeners"], "0", "it went away");
    world.listen(&[22, 8080, 40_000, 40_001]);
    world.look().await;
    let told = &world.look().await["security.new_listeners"];
    assert_eq!(told, "tcp 0.0.0.0 port of the kernel's choice is new; tcp 0.0.0.0:8080 is new");
}

#[test]
fn the_program_that_holds_a_socket_is_found() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = fs::read_to_string("/proc/net/tcp").unwrap();
    let sockets =
        nearmiss_agent_core::security::listening(nearmiss_agent_core::security::Protocol::Tcp, &text);
    let ours = sockets.iter().find(|socket| socket.address.port() == port).unwrap();
    let holders = sockets::holders(std::path::Path::new("/"), &BTreeMap::from([(ours.name(), ours.inode)]));
    let own = fs::read_to_string("/proc/self/comm").unwrap();
    assert_eq!(holders[&ours.inode], own.trim());
}

#[test]
fn what_only_root_may_read_is_watched_from_outside() {
    let world = World::new();
    let host = Host::at(world.root.path().to_owned());
    let (name, what) = host.outside("/etc/sudoers", "read by root only").unwrap();
    assert_eq!(name, "/etc/sudoers (read by root only)");
    assert!(what.starts_with("of 23 bytes, written 20"), "{what}");
    world.write("etc/sudoers", "root ALL=(ALL:ALL) ALL\nx ALL=ALL\n");
    assert_ne!(host.outside("/etc/sudoers", "read by root only").unwrap().1, what);
    assert_eq!(host.outside("/etc/none", ""), None);
}

#[tokio::test]
async fn a_reboot_is_due_by_the_distributions_mark_or_by_the_kernel_that_does_not_run() {
    let mut world = World::new();
    assert_eq!(world.look().await.get(REBOOT), None, "no kernel of its own");
    world.write("boot/vmlinuz-6.1.0-37-amd64", "");
    assert_eq!(world.look().await[REBOOT], "0");
    world.write("boot/vmlinuz-6.1.0-50-amd64", "");
    let kernel = world.root.path().join("boot/vmlinuz-6.1.0-50-amd64");
    let now = Duration::from_millis(world.clock.wall().as_millis().unsigned_abs());
    let nine_days_ago = std::time::UNIX_EPOCH + now - Duration::from_secs(9 * 86_400);
    fs::File::open(&kernel).unwrap().set_modified(nine_days_ago).unwrap();
    assert!(world.look().await[REBOOT].starts_with("9.0"));
    world.write("run/reboot-required", "*** System restart required ***\n");
    world.write("run/reboot-required.pkgs", "libc6\n");
    let reading = world.probe.read(&world.clock).await.readings.pop().unwrap();
    assert_eq!((reading.signal.as_str(), reading.labels["said"].as_str()), (REBOOT, "for libc6"));
}

#[tokio::test]
async fn this_machines_own_package_manager_is_asked_and_since_when_updates_wait_is_kept() {
    let mut updates = updates::Updates::at(PathBuf::from("/"));
    let (clock, mut excuses) = (Clock::real(), Vec::new());
    let Some(reading) = updates.look(&clock, &mut excuses).await.pop() else {
        assert_eq!(excuses.len(), 1);
        return;
    };
    match &reading.measure {
        Measure::Value(_) => {
            let known =
                Known { signal: reading.signal.clone(), labels: reading.labels.clone(), ..Known::default() };
            let mut again = updates::Updates::at(PathBuf::from("/"));
            again.expect(&known);
            let later = again.look(&clock, &mut excuses).await.pop().unwrap();
            assert_eq!(later.labels, reading.labels);
        }
        Measure::Invalid { why } => assert!(why.contains("package lists are"), "{why}"),
        other => panic!("{other:?}"),
    }
}

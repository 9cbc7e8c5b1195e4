//! Which sockets wait for other hosts, and which programs hold them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use nearmiss_agent_core::security::{Protocol, Socket, listening};

const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// Processes whose open files are looked at.
const MOST_PROCESSES: usize = 10_000;
/// The kernel's own choice of ports, where it does not say it (ip-sysctl).
const CHOSEN: (u16, u16) = (32_768, 60_999);

/// Sockets that other hosts may reach, by name, with their inodes. Ports that the kernel chose are one thing, since they are
/// others after every start; of UDP they are clients.
///
/// # Errors
/// The kernel's list cannot be read.
pub(super) fn open(root: &Path) -> io::Result<BTreeMap<String, u64>> {
    let (first, last) = chosen(root);
    let mut found = BTreeMap::new();
    for (file, protocol) in
        [("tcp", Protocol::Tcp), ("tcp6", Protocol::Tcp), ("udp", Protocol::Udp), ("udp6", Protocol::Udp)]
    {
        let text = match text(&root.join("proc/net").join(file)) {
            // A kernel without IPv6 has no such file.
            Err(fault) if fault.kind() == io::ErrorKind::NotFound && file.ends_with('6') => continue,
            text => text?,
        };
        for socket in listening(protocol, &text).into_iter().filter(Socket::is_open) {
            let by_kernel = (first..=last).contains(&socket.address.port());
            let name = match (by_kernel, protocol) {
                (false, _) => socket.name(),
                (true, Protocol::Tcp) => format!("tcp {} port of the kernel's choice", socket.address.ip()),
                (true, Protocol::Udp) => continue,
            };
            found.insert(name, socket.inode);
        }
    }
    Ok(found)
}

fn chosen(root: &Path) -> (u16, u16) {
    let text = text(&root.join("proc/sys/net/ipv4/ip_local_port_range")).unwrap_or_default();
    let mut ports = text.split_ascii_whitespace().filter_map(|port| port.parse().ok());
    ports.next().zip(ports.next()).unwrap_or(CHOSEN)
}

/// The programs that hold these sockets, by inode; as far as this user may see.
pub(super) fn holders(root: &Path, inodes: &BTreeMap<String, u64>) -> BTreeMap<u64, String> {
    let wanted: BTreeSet<u64> = inodes.values().copied().collect();
    let mut found = BTreeMap::new();
    let processes = fs::read_dir(root.join("proc")).into_iter().flatten().flatten();
    let is_process = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let processes = processes.filter(|entry| entry.file_name().to_str().is_some_and(is_process));
    for process in processes.take(MOST_PROCESSES) {
        for file in fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten() {
            let Ok(target) = fs::read_link(file.path()) else { continue };
            let inode = target
                .to_str()
                .and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let Some(inode) = inode.filter(|inode| wanted.contains(inode)) {
                let name = text(&process.path().join("comm")).unwrap_or_default();
                found.insert(inode, name.trim().to_owned());
            }
        }
    }
    found
}

fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

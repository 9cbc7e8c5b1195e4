//! Sockets that wait for anybody, from `/proc/net/{tcp,tcp6,udp,udp6}` (proc_pid_net(5), the kernel's
//! `Documentation/networking/proc_net_tcp.rst`).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Which of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Tcp,
    Udp,
}

/// A socket that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    pub protocol: Protocol,
    pub address: SocketAddr,
    /// By which `/proc/PID/fd` names it.
    pub inode: u64,
}

/// TCP_LISTEN of the kernel; an unconnected UDP socket has TCP_CLOSE.
const LISTEN: &str = "0A";
const UNCONNECTED: &str = "07";
/// Lines that are read.
const MOST_LINES: usize = 100_000;

impl Socket {
    /// Whether other hosts may reach it.
    pub fn is_open(&self) -> bool {
        let ip = self.address.ip().to_canonical();
        !ip.is_loopback()
    }

    /// As people write it: `tcp 0.0.0.0:22`.
    pub fn name(&self) -> String {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        format!("{protocol} {}", self.address)
    }
}

/// The sockets of one of the files that wait: listening ones of TCP, unconnected ones of UDP. A line that is none is left out.
pub fn listening(protocol: Protocol, text: &str) -> Vec<Socket> {
    let wanted = match protocol {
        Protocol::Tcp => LISTEN,
        Protocol::Udp => UNCONNECTED,
    };
    let socket = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, remote, state, _, _, _, _, _, inode, ..] = fields.as_slice() else { return None };
        let remote = address(remote)?;
        let waits = *state == wanted && remote.port() == 0 && remote.ip().is_unspecified();
        let socket = Socket { protocol, address: address(local)?, inode: inode.parse().ok()? };
        waits.then_some(socket)
    };
    text.lines().skip(1).take(MOST_LINES).filter_map(socket).collect()
}

/// `0100007F:0016`: the address in words of 32 bits in the host's order, and the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(ip.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let bytes: Vec<u8> = [word(0)?, word(8)?, word(16)?, word(24)?].concat();
            IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

    fn line(local: &str, remote: &str, state: &str) -> String {
        format!(
            "   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0\n"
        )
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn waiting_sockets_are_told_and_connections_are_not() {
        let none = "00000000:0000";
        let text = [
            HEAD,
            &line("00000000:0016", none, "0A"),
            &line("0100007F:1538", none, "0A"),
            &line("0A00000A:0016", "0B00000A:D431", "01"),
            "nonsense\n",
        ]
        .concat();
        let found = listening(Protocol::Tcp, &text);
        let told: Vec<(String, bool)> =
            found.iter().map(|socket| (socket.name(), socket.is_open())).collect();
        assert_eq!(told, [("tcp 0.0.0.0:22".to_owned(), true), ("tcp 127.0.0.1:5432".to_owned(), false)]);
        assert_eq!(found[0].inode, 4711);

        let six = "00000000000000000000000000000000";
        let text = [
            HEAD,
            &line(&format!("{six}:0202"), &format!("{six}:0000"), "07"),
            &line("00000000000000000000000001000000:0035", &format!("{six}:0000"), "07"),
            &line("0000000000000000FFFF00000100007F:0035", &format!("{six}:0000"), "07"),
        ]
        .concat();
        let found = listening(Protocol::Udp, &text);
        let told: Vec<(String, bool)> =
            found.iter().map(|socket| (socket.name(), socket.is_open())).collect();
        assert_eq!(told[0], ("udp [::]:514".to_owned(), true));
        assert_eq!((told[1].1, told[2].1), (false, false), "loopback, also mapped: {told:?}");
    }
}

//! What a host says of its doors, keys, rights and updates: files that an attacker may have written.

use nearmiss_agent_core::security::{self, Directives, Protocol};

use super::text;
use crate::Target;

pub(crate) const HOST: Target = Target {
    name: "security",
    run: host,
    seeds: &[
        "  sl  local_address rem_address   st\n   0: 00000000:0016 00000000:0000 0A 0:0 00:0 0 0 0 4711 1 0\n",
        "Include /etc/ssh/x/*.conf\nPermitRootLogin=no # x\nMatch User \"a b\"\n  Port 22\nMatch all\n",
        "Defaults env_reset\nann ALL=(ALL) \\\n NOPASSWD: ALL # x\n#includedir /etc/sudoers.d\n",
        "root:x:0:0::/root:/bin/sh\nsudo:x:27:ann,bob\n",
        "no-pty,command=\"a b\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ann@host\n",
        "Inst libssl3 [3.0.1] (3.0.2 Debian-Security:12/stable-security [amd64])\n",
        "RHSA-2026:1234 Important/Sec. openssl-libs-1:3.0.7-25.el9_3.x86_64\n",
    ],
    corpus: None,
};

fn host(bytes: &[u8]) {
    let text = text(bytes);
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        for socket in security::listening(protocol, &text) {
            assert!(socket.name().contains(&socket.address.port().to_string()));
        }
    }
    let told = |text: &str| {
        let mut directives = Directives::default();
        directives.read(text);
        directives.inventory()
    };
    // What stands in a comment is not said.
    let commented: String = text.lines().map(|line| format!("# {line}\n")).collect();
    assert!(told(&commented).is_empty());
    let (directives, _) = (told(&text), security::includes(&text));
    assert!(directives.keys().all(|name| !name.is_empty()));
    assert!(security::sudo_rules(&text).keys().all(|rule| !rule.contains('\n')));
    let accounts = security::accounts(&text);
    drop(security::privileged(&accounts, &text));
    assert!(
        security::keys(&text).iter().all(|(print, comment)| print.len() == 50 && !comment.contains('\n'))
    );
    for update in security::apt(&text).into_iter().chain(security::dnf(&text)) {
        assert!(!update.package.is_empty());
    }
    if let Some((one, other)) = text.split_once('\n') {
        assert_eq!(security::kernel_order(one, other), security::kernel_order(other, one).reverse());
    }
}

//! Who may become root: accounts of uid 0 and members of privileged groups, from passwd(5) and group(5).

use super::Inventory;
use crate::login::PRIVILEGED_GROUPS;

const MOST: usize = 20_000;
/// Groups beside those of sudo and su whose members can make themselves root: by a container's runtime, by the raw disk, or by
/// what they may read.
const AS_GOOD: [&str; 6] = ["root", "docker", "lxd", "libvirt", "disk", "shadow"];
/// Shells that let nobody in.
const NO_LOGIN: [&str; 4] = ["nologin", "false", "sync", "halt"];

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub home: String,
    shell: String,
}

impl Account {
    /// Whether its shell lets somebody in.
    pub fn has_shell(&self) -> bool {
        let shell = self.shell.rsplit('/').next().unwrap_or(&self.shell);
        !NO_LOGIN.contains(&shell)
    }
}

/// The accounts of a passwd file; a line that is none is left out.
pub fn accounts(passwd: &str) -> Vec<Account> {
    let account = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, shell] = fields.as_slice() else { return None };
        let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
        Some(Account {
            name: (*name).to_owned(),
            uid,
            gid,
            home: (*home).to_owned(),
            shell: (*shell).to_owned(),
        })
    };
    passwd.lines().take(MOST).filter_map(account).collect()
}

/// Every account of uid 0, and every member of a privileged group.
pub fn privileged(accounts: &[Account], group: &str) -> Inventory {
    let root = accounts.iter().filter(|account| account.uid == 0);
    let mut found: Inventory =
        root.map(|account| (format!("{} (uid 0)", account.name), String::new())).collect();
    for line in group.lines().take(MOST) {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, gid, members] = fields.as_slice() else { continue };
        if !PRIVILEGED_GROUPS.contains(name) && !AS_GOOD.contains(name) {
            continue;
        }
        let by_group = accounts.iter().filter(|account| account.uid != 0 && Ok(account.gid) == gid.parse());
        let listed = members.split(',').filter(|member| !member.is_empty());
        let all =
            by_group.map(|account| account.name.as_str()).chain(listed).filter(|member| *member != "root");
        found.extend(all.map(|member| (format!("{member} in group {name}"), String::new())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_become_root_is_told() {
        let accounts = accounts(
            "root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nsana:x:1000:1000::/home/sana:/bin/bash\n\
             daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nkid:x:1001:27::/home/kid:/bin/zsh\nbroken:x\n",
        );
        assert_eq!(accounts.len(), 5);
        assert!(accounts[0].has_shell() && !accounts[3].has_shell());
        let told: Vec<String> =
            privileged(&accounts, "root:x:0:\nsudo:x:27:sana,root\nusers:x:100:kid\ndocker:x:999:ci\n")
                .into_keys()
                .collect();
        assert_eq!(
            told,
            ["ci in group docker", "kid in group sudo", "root (uid 0)", "sana in group sudo", "toor (uid 0)"]
        );
    }
}

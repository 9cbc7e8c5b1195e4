//! `/proc/self/mountinfo` (proc_pid_mountinfo(5)): what is mounted where, and whether its superblock is writable.

use std::collections::BTreeMap;

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// `major:minor` of the filesystem; the same for bind mounts of it.
    pub device_number: String,
    /// The part of the filesystem that is mounted; `/` unless it is a bind mount of a folder.
    pub root: String,
    pub point: String,
    pub kind: String,
    pub source: String,
    /// From the *superblock*: a sandbox's read-only bind says `ro` in the mount options only.
    pub read_only: bool,
}

/// Filesystems that hold no data of a person: kernel views, and images that are full by design.
const PSEUDO: &[&str] = &[
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fuse.gvfsd-fuse",
    "fuse.lxcfs",
    "fuse.portal",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "ramfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tracefs",
    "iso9660",
    "udf",
    "erofs",
    "cramfs",
];

/// What is mounted below these holds the kernel's views together (a tmpfs at `/sys/fs/cgroup`), whatever its kind.
const KERNEL: &[&str] = &["/proc/", "/sys/"];

/// Network filesystems: asking them for space can hang for as long as their server is away.
const NETWORK: &[&str] =
    &["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs", "fuse.glusterfs"];

impl Mount {
    /// Whether its filling up can hurt anybody.
    pub fn is_watchable(&self) -> bool {
        let kernel = KERNEL.iter().any(|folder| self.point.starts_with(folder));
        !kernel && !PSEUDO.contains(&self.kind.as_str()) && !NETWORK.contains(&self.kind.as_str())
    }
}

/// Every mount that can be watched, one for each filesystem: of several mounts of one device the one of its root with
/// the shortest path. Of mounts over one another only the topmost can be seen. Lines that are not understood are
/// skipped.
pub fn watchable(text: &str) -> Vec<Mount> {
    let topmost: BTreeMap<String, Mount> =
        parse(text).into_iter().map(|mount| (mount.point.clone(), mount)).collect();
    let mut mounts: Vec<Mount> = topmost.into_values().filter(Mount::is_watchable).collect();
    mounts.sort_by(|left, right| {
        (&left.device_number, left.root != "/", left.point.len(), &left.point).cmp(&(
            &right.device_number,
            right.root != "/",
            right.point.len(),
            &right.point,
        ))
    });
    mounts.dedup_by(|later, first| later.device_number == first.device_number);
    mounts.sort_by(|left, right| left.point.cmp(&right.point));
    mounts
}

/// Every mount of the file.
pub fn parse(text: &str) -> Vec<Mount> {
    text.lines().filter_map(mount).collect()
}

fn mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let before: Vec<&str> = before.split(' ').collect();
    let mut after = after.split(' ');
    let kind = after.next()?.to_owned();
    let source = unescape(after.next()?);
    let superblock = after.next()?;
    Some(Mount {
        device_number: (*before.get(2)?).to_owned(),
        root: unescape(before.get(3)?),
        point: unescape(before.get(4)?),
        kind,
        source,
        read_only: superblock.split(',').any(|option| option == "ro"),
    })
}

/// Undoes the kernel's octal escapes of space, tab, newline and backslash.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'\\').then(|| after.get(..3)).flatten().and_then(octal);
        if let Some(code) = code {
            bytes.push(code);
            rest = &after[3..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn octal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro
23 22 0:21 / /proc rw,nosuid - proc proc rw
30 22 7:3 / /srv/lab\\040data ro,relatime shared:9 - ext4 /dev/loop3 rw
31 22 254:0 /var/lib/x /mnt/bind rw - ext4 /dev/vda1 rw
32 22 7:9 / /snap/core ro - squashfs /dev/loop9 ro
33 22 8:1 / /data rw - xfs /dev/sda1 ro,attr2
34 22 0:50 / /net rw - nfs4 filer:/x rw
36 22 0:27 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,size=4096k,nr_inodes=1024
37 22 0:28 / /system rw - tmpfs tmpfs rw
35 22 0:33 / /run rw,nosuid,nodev - tmpfs tmpfs rw,size=1024k
";

    #[test]
    fn each_real_filesystem_is_watched_once() {
        let points: Vec<String> = watchable(REAL).into_iter().map(|mount| mount.point).collect();
        assert_eq!(points, ["/", "/data", "/run", "/srv/lab data", "/system"]);
    }

    #[test]
    fn what_is_mounted_over_cannot_be_seen() {
        let over = "36 22 0:60 / /shm rw - tmpfs below rw\n37 36 0:61 / /shm rw - tmpfs above rw\n";
        let sources: Vec<String> = watchable(over).into_iter().map(|mount| mount.source).collect();
        assert_eq!(sources, ["above"]);
    }

    #[test]
    fn read_only_is_the_superblocks_word() {
        let read_only: Vec<bool> = watchable(REAL).into_iter().map(|mount| mount.read_only).collect();
        assert_eq!(read_only, [false, true, false, false, false]);
    }

    #[test]
    fn odd_lines_are_skipped() {
        assert!(parse("\n22 1\n - \na b c d e f g\n").is_empty());
        assert_eq!(unescape("a\\04"), "a\\04");
        assert_eq!(unescape("tab\\011\\134x"), "tab\t\\x");
    }
}

//! ZFS: `zpool status -P` (zpool-status(8)).
//!
//! The configuration is a tree by indentation. A pool survives what its weakest top-level vdev survives; logs, caches
//! and spares hold no data of it.

use super::{Array, Health};

const MAX_LINES: usize = 10_000;

/// One line of the tree.
struct Vdev<'a> {
    depth: usize,
    name: &'a str,
    state: &'a str,
    remark: &'a str,
}

/// One pool's section of the text.
#[derive(Default)]
struct Section<'a> {
    name: &'a str,
    state: &'a str,
    scan: &'a str,
    errors: &'a str,
    tree: Vec<Vdev<'a>>,
}

/// Every pool of the text.
pub fn pools(text: &str) -> Vec<Array> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in text.lines().take(MAX_LINES) {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix("pool: ") {
            sections.push(Section { name: name.trim(), ..Section::default() });
            continue;
        }
        let Some(section) = sections.last_mut() else { continue };
        match trimmed.split_once(": ") {
            Some(("state", state)) => section.state = state.trim(),
            Some(("scan", scan)) => section.scan = scan.trim(),
            Some(("errors", errors)) => section.errors = errors.trim(),
            _ => section.tree.extend(vdev(line)),
        }
    }
    sections.iter().map(Section::judge).collect()
}

/// `\t    sdb     FAULTED      3     0     0  too many errors`: the tree stands behind a tab, two blanks a level.
fn vdev(line: &str) -> Option<Vdev<'_>> {
    let line = line.strip_prefix('\t')?;
    let name = line.trim_start();
    let depth = (line.len() - name.len()) / 2;
    let mut words = name.split_ascii_whitespace();
    let name = words.next().filter(|name| *name != "NAME")?;
    let state = words.next().unwrap_or_default();
    let counters: Vec<&str> = words.by_ref().take(3).collect();
    let remark = counters.last().and_then(|last| line.rsplit_once(last)).map_or("", |(_, rest)| rest.trim());
    Some(Vdev { depth, name, state, remark })
}

/// Whether a vdev of this state still holds data that can be read.
fn works(state: &str) -> bool {
    matches!(state, "ONLINE" | "DEGRADED")
}

impl Section<'_> {
    fn judge(&self) -> Array {
        let groups = self.groups();
        let designed = groups.iter().map(Group::designed).min().unwrap_or(0);
        let left = groups.iter().map(Group::left).min().unwrap_or(0);
        let level = groups.iter().min_by_key(|group| group.left()).map_or("stripe", |group| group.level);
        Array {
            subject: format!("zfs {}", self.name),
            level: level.to_owned(),
            designed,
            health: self.health(left),
            members: groups.iter().flat_map(|group| &group.working).map(|name| (*name).to_owned()).collect(),
            remarks: self.remarks(),
        }
    }

    fn health(&self, left: u32) -> Health {
        match self.state {
            "ONLINE" | "DEGRADED" if self.errors.starts_with("Permanent errors") || self.lost_data() => {
                Health::Lost { why: format!("data are damaged: {}", self.errors) }
            }
            "ONLINE" | "DEGRADED" => Health::Survives(left),
            "" => Health::Unknown { why: "the pool says no state".to_owned() },
            state => Health::Lost { why: format!("the pool is {state}") },
        }
    }

    /// `errors: 4 data errors, use '-v' for a list`.
    fn lost_data(&self) -> bool {
        self.errors.contains("data errors, use") && !self.errors.starts_with("No ")
    }

    fn remarks(&self) -> Vec<String> {
        let leaf = |vdev: &&Vdev<'_>| vdev.depth > 0 && !works(vdev.state) && !vdev.state.is_empty();
        let told = |vdev: &Vdev<'_>| match vdev.remark {
            "" => format!("{} is {}", vdev.name, vdev.state),
            remark => format!("{} is {}: {remark}", vdev.name, vdev.state),
        };
        let spare = |vdev: &&Vdev<'_>| vdev.state != "AVAIL" && vdev.state != "INUSE";
        let mut remarks: Vec<String> = self.tree.iter().filter(leaf).filter(spare).map(told).collect();
        remarks.extend(self.scan.starts_with("resilver in progress").then(|| "resilvering".to_owned()));
        remarks
    }

    /// The top-level vdevs that hold the pool's data.
    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut holds_data = false;
        for (index, vdev) in self.tree.iter().enumerate() {
            match vdev.depth {
                0 => holds_data = vdev.name == self.name || ["special", "dedup"].contains(&vdev.name),
                1 if holds_data => groups.push(Group::new(vdev, &self.below(index))),
                _ => {}
            }
        }
        groups
    }

    /// The direct children of the vdev at `index`, each as whether it works: a vdev that is being replaced works while
    /// one of its halves does, which its own state says.
    fn below(&self, index: usize) -> Vec<&Vdev<'_>> {
        let depth = self.tree.get(index).map_or(0, |vdev| vdev.depth);
        let below = self.tree.iter().skip(index + 1).take_while(|vdev| vdev.depth > depth);
        below.filter(|vdev| vdev.depth == depth + 1).collect()
    }
}

/// A top-level vdev.
struct Group<'a> {
    level: &'a str,
    children: u32,
    working: Vec<&'a str>,
}

impl<'a> Group<'a> {
    fn new(vdev: &'a Vdev<'_>, below: &[&'a Vdev<'_>]) -> Self {
        let level = vdev.name.split(['-', ':']).next().unwrap_or_default();
        if below.is_empty() {
            let working = if works(vdev.state) { vec![vdev.name] } else { Vec::new() };
            return Self { level: "single drive", children: 1, working };
        }
        let children = u32::try_from(below.len()).unwrap_or(u32::MAX);
        let working = below.iter().filter(|child| works(child.state)).map(|child| child.name).collect();
        Self { level, children, working }
    }

    fn designed(&self) -> u32 {
        match self.level {
            "mirror" => self.children.saturating_sub(1),
            "raidz" | "raidz1" | "draid" | "draid1" => 1,
            "raidz2" | "draid2" => 2,
            "raidz3" | "draid3" => 3,
            _ => 0,
        }
    }

    fn left(&self) -> u32 {
        let working = u32::try_from(self.working.len()).unwrap_or(u32::MAX);
        self.designed().saturating_sub(self.children.saturating_sub(working))
    }
}

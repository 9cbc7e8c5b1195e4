//! Every parser of outside input under arbitrary bytes, each target with what must hold beside "no panic".
//!
//! The targets are plain functions: `tests/run` gives them to libFuzzer with coverage, and an ordinary test runs their
//! seeds and every input that ever broke one (`regressions/TARGET/`).

mod target;

/// One group of parsers that read inputs of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub name: &'static str,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
    /// Small inputs to begin with, written by hand.
    pub seeds: &'static [&'static str],
    /// A folder of the corpus with more of them, where it is there.
    pub corpus: Option<&'static str>,
}

pub use target::TARGETS;

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_target_stands_its_seeds_and_what_broke_it_once() {
        let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
        assert_eq!(names.len(), TARGETS.len(), "two targets of a name");
        for target in TARGETS {
            target.seeds.iter().for_each(|seed| (target.run)(seed.as_bytes()));
        }
        let regressions = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
        for folder in std::fs::read_dir(regressions).into_iter().flatten().flatten() {
            let name = folder.file_name().to_string_lossy().into_owned();
            let target = target(&name).unwrap_or_else(|| panic!("no target is called {name}"));
            for input in std::fs::read_dir(folder.path()).unwrap().flatten() {
                (target.run)(&std::fs::read(input.path()).unwrap());
            }
        }
    }
}

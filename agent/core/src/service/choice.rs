//! Which units are watched, of what the configuration names.

use globset::{Glob, GlobSet, GlobSetBuilder};

/// What is watched where the configuration names nothing: see [`Choice::of`].
const SHIPPED: [&str; 2] = ["*.service", "*.timer"];

/// A choice of units by globs; one that begins with `!` takes units out again.
#[derive(Clone, Debug)]
pub struct Choice {
    within: GlobSet,
    without: GlobSet,
    /// Whether the configuration named units itself: then they are watched whatever else is true of them.
    pub named: bool,
}

impl Choice {
    /// Units by these globs. With exclusions alone it is the shipped choice without those: every service and timer
    /// that starts by itself.
    ///
    /// # Errors
    /// The first glob that is none.
    pub fn of(globs: &[String]) -> Result<Self, globset::Error> {
        let (without, mut within): (Vec<&str>, Vec<&str>) =
            globs.iter().map(String::as_str).partition(|glob| glob.starts_with('!'));
        let named = within.iter().any(|glob| !SHIPPED.contains(glob));
        if within.is_empty() {
            within = SHIPPED.to_vec();
        }
        let without = without.iter().map(|glob| glob.trim_start_matches('!'));
        Ok(Self { within: set(within.into_iter())?, without: set(without)?, named })
    }

    /// Whether a unit of this name is neither chosen nor taken out: nobody said anything of it.
    pub fn leaves(&self, unit: &str) -> bool {
        !self.within.is_match(unit) && !self.without.is_match(unit)
    }

    /// Whether a unit of this name is one of them.
    pub fn wants(&self, unit: &str) -> bool {
        self.within.is_match(unit) && !self.without.is_match(unit)
    }
}

fn set<'a>(globs: impl Iterator<Item = &'a str>) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(Glob::new(glob)?);
    }
    set.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_name_units_and_an_exclamation_mark_takes_them_out() {
        for (globs, unit, wanted, named) in [
            (&["*.service", "*.timer"][..], "cron.service", true, false),
            (&["*.service", "!cron.service"], "cron.service", false, false),
            (&["!cron.service"], "nginx.service", true, false),
            (&["!cron.service"], "backup.timer", true, false),
            (&["!cron.service"], "cron.service", false, false),
            (&["web@*.service"], "web@1.service", true, true),
            (&["web@*.service"], "nginx.service", false, true),
            (&[], "backup.timer", true, false),
        ] {
            let globs: Vec<String> = globs.iter().map(|&glob| glob.to_owned()).collect();
            let choice = Choice::of(&globs).unwrap();
            assert_eq!((choice.wants(unit), choice.named), (wanted, named), "{globs:?} {unit}");
        }
        assert!(Choice::of(&["!web[".to_owned()]).is_err());
    }
}

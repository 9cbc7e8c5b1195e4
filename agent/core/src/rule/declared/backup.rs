//! What a `[[backup]]` rule looks at: where backups lie, how old the newest may be, and what verifies it.

use nearmiss_shared::fault::Reader;
use nearmiss_shared::time::Span;
use serde::Serialize;
use toml_edit::{Item, TableLike};

use super::{alone, path};
use crate::proximity::Limits;
use crate::rule::parse::At;

pub(super) const KEYS: &[&str] =
    &["path", "rpo", "every", "min_bytes", "verify", "verify_interval", "verify_timeout"];

/// A place of backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupRule {
    /// A file, a folder, or a glob; the newest file counts.
    pub path: String,
    /// Recovery point objective: the failure limit of the newest backup's age.
    pub rpo: Span,
    /// From one backup to the next, as planned.
    pub every: Option<Span>,
    /// A smaller file is no backup.
    pub min_bytes: u64,
    pub verify: Option<Verify>,
}

/// A program that says whether the backups can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verify {
    pub argv: Vec<String>,
    pub every: Span,
    pub timeout: Span,
}

impl BackupRule {
    /// Reads it; `None` where the rule names no path and so only judges.
    pub(super) fn read(reader: &mut Reader<'_>, entry: &dyn TableLike, at: At) -> Option<Self> {
        alone(reader, entry, at.clone(), "path", KEYS);
        let named = reader.parsed(entry, "path", path);
        let rpo = reader.span(entry, "rpo", false);
        if entry.contains_key("path") && !entry.contains_key("rpo") {
            reader.fault(at, "[[backup]] has no `rpo`", "the most data that may be lost, such as \"26h\"");
        }
        let every = reader.span(entry, "every", false);
        if let Some((every, rpo)) = every.zip(rpo).filter(|(every, rpo)| every >= rpo) {
            let at = entry.get("every").and_then(Item::span);
            reader.fault(at, format!("a backup every {every} for an RPO of {rpo}"), "`every` must be less");
        }
        let min_bytes = reader.integer(entry, "min_bytes", 0..i64::MAX);
        let verify = Verify::read(reader, entry);
        Some(Self {
            path: named?,
            rpo: rpo?,
            every,
            min_bytes: min_bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(1),
            verify,
        })
    }

    /// Of the newest backup's age in hours. Where the pace is known, near begins a third of the way from a missed
    /// backup to the RPO; else at four fifths of the RPO.
    pub fn age_levels(&self) -> Limits {
        self.levels_after(Span::ZERO)
    }

    /// Of the age in hours of the last backup that was verified: verifying may take its interval longer.
    pub fn verified_levels(&self) -> Limits {
        self.levels_after(self.verify.as_ref().map_or(Span::ZERO, |verify| verify.every))
    }

    fn levels_after(&self, grace: Span) -> Limits {
        let (rpo, grace) = (self.rpo.as_hours(), grace.as_hours());
        let (approach, critical) = match self.every.map(Span::as_hours) {
            Some(every) => (every + (rpo - every) / 3.0, every + (rpo - every) * 2.0 / 3.0),
            None => (rpo * 0.8, rpo * 0.92),
        };
        Limits::new(0.0, approach + grace, critical + grace, rpo + grace)
    }

    pub(super) fn levels(&self, signal: &str) -> Option<Limits> {
        match signal {
            "backup.age" => Some(self.age_levels()),
            "backup.verified_age" => Some(self.verified_levels()),
            _ => None,
        }
    }
}

impl Verify {
    fn read(reader: &mut Reader<'_>, entry: &dyn TableLike) -> Option<Self> {
        let argv = reader.strings(entry, "verify");
        let every = reader.span(entry, "verify_interval", false).unwrap_or(Span::from_days(1));
        let timeout = reader.span(entry, "verify_timeout", false).unwrap_or(Span::from_hours(1));
        if argv.as_ref().is_some_and(Vec::is_empty) {
            let at = entry.get("verify").and_then(Item::span);
            reader.fault(at, "`verify` is empty", "a program and its arguments are expected");
        }
        let beside = ["verify_interval", "verify_timeout"].into_iter().find(|key| entry.contains_key(key));
        if let Some(key) = beside.filter(|_| !entry.contains_key("verify")) {
            let at = entry.get(key).and_then(Item::span);
            reader.fault(at, format!("`{key}` without `verify`"), "a program and its arguments are expected");
        }
        Some(Self { argv: argv?, every, timeout })
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::RuleSet;

    fn parse(text: &str) -> Result<RuleSet, Vec<String>> {
        RuleSet::parse(&[("r.toml".to_owned(), text.to_owned())])
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_rpo_is_the_limit_and_the_planned_pace_is_never_near() {
        let rules = parse(
            "[[backup]]\nname = \"plain\"\npath = \"/b/plain\"\nrpo = \"50h\"\n\
             [[backup]]\nname = \"planned\"\npath = \"/b/*.tar\"\nrpo = \"27h\"\nevery = \"24h\"\n\
             verify = [\"true\"]\nverify_interval = \"2d\"\n",
        )
        .unwrap();
        for (signal, subject, rule, approach, limit) in [
            ("backup.age", "/b/plain", "plain", 40.0, 50.0),
            ("backup.age", "/b/*.tar", "planned", 25.0, 27.0),
            ("backup.size_ratio", "/b/*.tar", "planned", 0.5, 0.0),
            ("backup.age", "/b/a.tar", "backup", 38.4, 48.0),
        ] {
            let judgement = rules.judge(signal, subject, None).unwrap();
            let levels = judgement.limits().unwrap();
            assert_eq!(
                (judgement.rule.name.as_str(), levels.approach, levels.limit),
                (rule, approach, limit)
            );
        }
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults = parse(
            "[[backup]]\nname = \"a\"\npath = \"relative\"\n\
             [[backup]]\nname = \"b\"\npath = \"/b\"\nrpo = \"24h\"\nevery = \"24h\"\nverify = []\n\
             [[backup]]\nname = \"c\"\nrpo = \"24h\"\nverify_timeout = \"1h\"\n",
        )
        .unwrap_err();
        for expected in [
            "r.toml:1: [[backup]] has no `rpo`",
            "r.toml:3: `path` is \"relative\"; an absolute path or a glob",
            "r.toml:8: a backup every 1d for an RPO of 1d",
            "r.toml:9: `verify` is empty",
            "r.toml:10: `rpo` without `path`",
            "r.toml:13: `verify_timeout` without `verify`",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{expected}\nin {faults:#?}");
        }
    }
}

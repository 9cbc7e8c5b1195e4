//! `config check`: every fault of the configuration and the rules at once. `config show`: the rules as resolved.

mod show;

use serde_json::json;

use super::{Config, Ended, Exit, Failure};
use crate::follower::unfollowed;
use crate::output;
use crate::settings::{SHIPPED, Settings, SettingsFault};

pub(super) use show::run as show;

pub(super) fn check(file: &Config, as_json: bool) -> Ended {
    let problems = match file.load() {
        Ok(settings) => return sound(&settings, as_json),
        Err(SettingsFault::Faults(faults)) => faults.0.iter().map(ToString::to_string).collect(),
        Err(fault) => vec![fault.to_string()],
    };
    if as_json {
        output::json(&json!({"valid": false, "problems": problems}))?;
        return Ok(Exit::Usage);
    }
    let count = match problems.len() {
        1 => "1 fault".to_owned(),
        count => format!("{count} faults"),
    };
    for problem in &problems {
        output::line(problem)?;
    }
    Err(Failure::usage(count))
}

fn sound(settings: &Settings, as_json: bool) -> Ended {
    let notes = notes(settings);
    if as_json {
        output::json(&json!({"valid": true, "file": settings.file, "problems": [], "notes": notes}))?;
        return Ok(Exit::Fine);
    }
    let (state, control) = (settings.state.display(), settings.control.display());
    output::line(&format!("{} and its rules are sound", settings.file.display()))?;
    output::line(&format!("state in {state}, control socket {control}"))?;
    for note in notes {
        output::line(&format!("note: {note}"))?;
    }
    Ok(Exit::Fine)
}

/// What is no fault and yet hardly meant: rules that decide nothing on this host.
fn notes(settings: &Settings) -> Vec<String> {
    let idle = settings.rules.idle().into_iter().map(|(rule, over)| {
        let (name, place) = (&rule.name, &rule.place);
        format!(
            "{place}: rule `{name}` judges nothing: `{}` at {} comes later and covers it",
            over.name, over.place
        )
    });
    let own = settings.rules.rules().iter().filter(|rule| !rule.place.starts_with(SHIPPED));
    let off = own.filter(|rule| !settings.config.probe.is_enabled(rule.table)).map(|rule| {
        let (name, place, table) = (&rule.name, &rule.place, rule.table);
        format!("{place}: rule `{name}` judges nothing: [probe.{table}] is switched off")
    });
    let log = &settings.config.probe.log;
    let followed = if log.enabled { unfollowed(log, &settings.rules) } else { Vec::new() };
    let unread = followed.into_iter().filter(|rule| !rule.place.starts_with(SHIPPED)).map(|rule| {
        let (name, place) = (&rule.name, &rule.place);
        let glob = rule.subject.as_ref().map_or("", |glob| glob.glob().glob());
        format!(
            "{place}: rule `{name}` judges nothing: no file that is followed fits `{glob}`; `match` chooses among them, and \
             [probe.log] programs names more"
        )
    });
    idle.chain(off).chain(unread).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn log_rules_for_files_that_nobody_follows_are_noted() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name).display().to_string();
        std::fs::create_dir_all(folder.path().join("web")).unwrap();
        std::fs::create_dir(folder.path().join("rules.d")).unwrap();
        std::fs::write(place("web/a.log"), "").unwrap();
        let config = format!("[probe.log]\npaths = [\"{}\", \"{}\"]\n", place("auth.log"), place("w*/*.log"));
        std::fs::write(place("agent.toml"), config).unwrap();
        let rule = |name: &str, glob: &str| {
            format!("[[log]]\nname = \"{name}\"\nmatch = \"{glob}\"\npattern = 'x'\n")
        };
        let rules = [
            rule("plain", &place("other.log")),
            rule("there", &place("web/a*")),
            rule("later", &place("auth.*")),
            rule("any", "*.log"),
            rule("unit", "journal:*"),
            rule("nobody", &place("app/*.log")),
        ];
        std::fs::write(place("rules.d/a.toml"), rules.concat()).unwrap();
        let notes = notes(&Settings::load(Some(Path::new(&place("agent.toml")))).unwrap());
        let [note] = notes.as_slice() else { panic!("{notes:?}") };
        assert!(
            note.contains("a.toml:21: rule `nobody` judges nothing: no file that is followed fits"),
            "{note}"
        );
    }

    #[test]
    fn rules_that_decide_nothing_are_noted_with_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.toml");
        std::fs::write(&file, "[probe.disk]\nenabled = false\n").unwrap();
        std::fs::create_dir(folder.path().join("rules.d")).unwrap();
        let rules = "[[filesystem]]\nname = \"srv\"\nmatch = \"/srv\"\n[[disk]]\nname = \"drives\"\n\
                     [[filesystem]]\nname = \"all\"\n";
        std::fs::write(folder.path().join("rules.d/a.toml"), rules).unwrap();
        let notes = notes(&Settings::load(Some(&file)).unwrap());
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].ends_with("a.toml:6 comes later and covers it"), "{notes:?}");
        assert!(
            notes[1].ends_with("rule `drives` judges nothing: [probe.disk] is switched off"),
            "{notes:?}"
        );
    }
}

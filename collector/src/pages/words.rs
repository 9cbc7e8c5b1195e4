//! What the closed sets are called on a page: plain words, no underscores.

use nearmiss_case::words::{MitigationKind, RetroForm, Ruling, StoppedBy, Verdict, Workflow};
use nearmiss_shared::vocabulary::{Category, Physical, Role};

/// A closed set's member as people write it.
pub(crate) trait Said {
    fn said(&self) -> &'static str;
}

impl Said for Physical {
    fn said(&self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Watch => "watched",
            Self::Approached => "approaching failure",
            Self::Receding => "receding",
            Self::Recovered => "recovered",
            Self::Breached => "failed",
            Self::Dark => "no data",
            Self::Standing => "standing hazard",
            Self::Restored => "restored",
        }
    }
}

impl Said for Workflow {
    fn said(&self) -> &'static str {
        match self {
            Self::Opened => "open",
            Self::Acknowledged => "acknowledged",
            Self::Mitigating => "being worked on",
            Self::Stabilised => "stable",
            Self::RetroHeld => "retrospective held",
            Self::ActionsOpen => "actions open",
            Self::Verified => "actions verified",
            Self::Closed => "closed",
            Self::Reopened => "open again",
        }
    }
}

impl Said for Verdict {
    fn said(&self) -> &'static str {
        match self {
            Self::Averted => "averted",
            Self::BecameIncident => "became an incident",
            Self::FalseAlarm => "false alarm",
            Self::Undetermined => "undetermined",
            Self::StandingHazard => "standing hazard",
            Self::Drill => "drill",
        }
    }
}

impl Said for StoppedBy {
    fn said(&self) -> &'static str {
        match self {
            Self::Automation => "automation",
            Self::Redundancy => "redundancy",
            Self::DesignMargin => "a design margin",
            Self::PreventiveControl => "a preventive control",
            Self::MonitoredResponse => "a monitored response",
            Self::HumanVigilance => "human vigilance",
            Self::External => "something outside our control",
            Self::Coincidence => "coincidence",
            Self::Luck => "luck",
            Self::Unknown => "not known",
        }
    }
}

impl Said for MitigationKind {
    fn said(&self) -> &'static str {
        match self {
            Self::Failover => "Failed over",
            Self::Restart => "Restarted",
            Self::Isolate => "Isolated",
            Self::Other => "Something else",
        }
    }
}

impl Said for Ruling {
    fn said(&self) -> &'static str {
        match self {
            Self::Precursor => "An attack precursor",
            Self::NoCompromise => "No compromise found",
            Self::CannotTell => "Cannot tell",
        }
    }
}

impl Said for Role {
    fn said(&self) -> &'static str {
        self.title()
    }
}

/// What reaching the limit is called.
pub(crate) fn failure_verb(category: Category) -> &'static str {
    match category {
        Category::Capacity => "full",
        Category::Certificate => "expires",
        _ => "fails",
    }
}

/// A value with its unit: ratios as percent.
pub(crate) fn value(value: f64, unit: &str) -> String {
    match unit {
        "ratio" => format!("{:.1} %", value * 100.0),
        "percent" => format!("{value:.1} %"),
        "celsius" => format!("{value:.0} °C"),
        "flag" => if value >= 0.5 { "yes" } else { "no" }.to_owned(),
        "bytes" => bytes(value),
        _ if value.fract() == 0.0 => format!("{value:.0} {unit}").trim_end().to_owned(),
        _ => format!("{value:.2} {unit}").trim_end().to_owned(),
    }
}

/// `8.1 GB`.
pub(crate) fn bytes(count: f64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut rest = count;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if rest.abs() < 1000.0 {
            break;
        }
        rest /= 1000.0;
        unit = next;
    }
    if unit == "B" { format!("{rest:.0} B") } else { format!("{rest:.1} {unit}") }
}

/// A meeting is held; a review in writing is finished.
pub(crate) const fn held(form: RetroForm, on_time: bool) -> &'static str {
    match (form, on_time) {
        (RetroForm::Meeting, true) => "Held on time",
        (RetroForm::Meeting, false) => "Held late",
        (RetroForm::Written, true) => "Finished in writing, on time",
        (RetroForm::Written, false) => "Finished in writing, late",
    }
}

/// Begins with a capital letter.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `2 agents`, `1 agent`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_a_page_has_an_underscore() {
        let said = Physical::ALL
            .iter()
            .map(Said::said)
            .chain(Verdict::ALL.iter().map(Said::said))
            .chain(StoppedBy::ALL.iter().map(Said::said))
            .chain(Workflow::ALL.iter().map(Said::said))
            .chain(Ruling::ALL.iter().map(Said::said));
        for word in said {
            assert!(!word.contains('_') && !word.is_empty(), "{word}");
        }
    }

    #[test]
    fn values_carry_their_units() {
        assert_eq!(value(0.081, "ratio"), "8.1 %");
        assert_eq!(value(3.0, "sectors"), "3 sectors");
        assert_eq!(value(0.25, "s"), "0.25 s");
        assert_eq!(value(2.0, ""), "2");
        assert_eq!(value(8_120_000_000.0, "bytes"), "8.1 GB");
        assert_eq!(bytes(512.0), "512 B");
    }
}

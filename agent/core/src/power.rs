//! What an uninterruptible power supply says of itself, by NUT's `upsc` or apcupsd's `apcaccess`.
//!
//! Names and units of NUT are those of its variable list (docs/nut-names, RFC 9271); of apcupsd those of the manual's
//! "Status report fields". What cannot be read is left out.

mod judge;

use std::collections::BTreeMap;

pub use judge::{Full, judge};

/// Letters of a name or a model that are kept.
const MAX_TEXT: usize = 60;
/// Lines of one report that are read.
const MAX_LINES: usize = 500;

/// One supply now. `None` is "not told".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ups {
    /// As it is called by its server, where the report says so.
    pub name: Option<String>,
    pub model: Option<String>,
    /// The words of its status as it says them.
    pub status: String,
    pub on_battery: bool,
    /// The battery is low, or the supply is about to switch its load off.
    pub failing: bool,
    /// The battery is worn out or missing.
    pub bad_battery: bool,
    /// The server has lost the supply.
    pub lost: bool,
    pub runtime_seconds: Option<f64>,
    pub charge_percent: Option<f64>,
    /// Below this charge the supply calls its battery low.
    pub low_charge_percent: Option<f64>,
}

/// The supplies that `upsc -l` lists, one a line.
pub fn listed(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).take(MAX_LINES);
    lines.filter(|line| !line.is_empty() && !line.contains(char::is_whitespace)).map(str::to_owned).collect()
}

/// What `upsc NAME` prints: `variable: value` a line. `None` when it tells no status.
pub fn of_nut(text: &str) -> Option<Ups> {
    let told = fields(text, ": ");
    let status = (*told.get("ups.status")?).to_owned();
    let is = |word: &str| status.split_ascii_whitespace().any(|said| said == word);
    let number = |key: &str| told.get(key)?.parse().ok().filter(|number: &f64| number.is_finite());
    let maker = told.get("ups.mfr").or_else(|| told.get("device.mfr"));
    let model = told.get("ups.model").or_else(|| told.get("device.model"));
    let model: Vec<&str> = maker.into_iter().chain(model).copied().collect();
    Some(Ups {
        name: None,
        model: Some(cut(&model.join(" "))).filter(|model| !model.is_empty()),
        on_battery: is("OB"),
        failing: is("LB") || is("FSD"),
        bad_battery: is("RB"),
        lost: is("OFF") || is("NOCOMM"),
        runtime_seconds: number("battery.runtime"),
        charge_percent: number("battery.charge"),
        low_charge_percent: number("battery.charge.low"),
        status: cut(&status),
    })
}

/// What `apcaccess` prints: `FIELD : value UNIT` a line. `None` when it tells no status.
pub fn of_apcupsd(text: &str) -> Option<Ups> {
    let told = fields(text, ":");
    let status = (*told.get("STATUS")?).to_owned();
    let is = |word: &str| status.split_ascii_whitespace().any(|said| said == word);
    let number = |key: &str, unit: &str| {
        let (number, said) = told.get(key)?.split_once(' ')?;
        number.parse().ok().filter(|number: &f64| said.trim() == unit && number.is_finite())
    };
    let text = |key: &str| told.get(key).map(|text| cut(text)).filter(|text| !text.is_empty());
    Some(Ups {
        name: text("UPSNAME"),
        model: text("MODEL"),
        on_battery: is("ONBATT"),
        failing: is("LOWBATT") || is("SHUTTING"),
        bad_battery: is("REPLACEBATT") || is("NOBATT"),
        lost: is("COMMLOST"),
        runtime_seconds: number("TIMELEFT", "Minutes").map(|minutes| minutes * 60.0),
        charge_percent: number("BCHARGE", "Percent"),
        low_charge_percent: number("MBATTCHG", "Percent"),
        status: cut(&status),
    })
}

fn fields<'t>(text: &'t str, between: &str) -> BTreeMap<&'t str, &'t str> {
    let lines = text.lines().take(MAX_LINES).filter_map(|line| line.split_once(between));
    lines.map(|(name, value)| (name.trim(), value.trim())).collect()
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests;

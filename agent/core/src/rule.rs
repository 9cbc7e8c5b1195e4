//! Rules: what is watched, how near is near, and how long is long enough.
//!
//! A rule is a table of its probe in a TOML file; everything but `name` (and a log rule's `pattern`) has a shipped
//! default. The last rule that matches a signal's subject wins; keys it leaves out keep the default. A rule may be
//! for some hosts only, so that one `rules.d` serves a whole fleet: see [`Here`].

mod declared;
pub mod maintenance;
mod parse;
mod scope;
mod set;

use globset::GlobMatcher;
use nearmiss_shared::time::Span;
use nearmiss_shared::vocabulary::Category;
use nearmiss_shared::wire::v1::RuleRef;
use serde::Serialize;

use crate::margin::number;
use crate::proximity::Limits;
use crate::signal::{Scale, Table};

pub use declared::{
    BackupRule, CertificateRule, ContainerRule, Declared, EndpointMethod, EndpointRule, EndpointTarget,
    IntegrityMode, IntegrityRule, LogRule, MetricsRule, PluginRule, PowerRule, SecurityRule, Supply, Verify,
};
pub use scope::{Here, Scope};
pub use set::{DRILL_PREFIX, Resolved, RuleSet};

/// How far below approach a signal must fall to be receding, in proximity.
pub const HYSTERESIS: f64 = 0.05;
/// How long an approach may stand still before it is a standing hazard.
pub const STANDING_AFTER: Span = Span::from_hours(72);
/// After this long back at normal, the next approach is a new case.
pub const REOPEN: Span = Span::from_hours(24);

/// One rule as written. `None` is "the default".
#[derive(Clone, Debug)]
pub struct Rule {
    pub name: String,
    pub table: Table,
    /// `file:line`, or what was said instead of a file.
    pub place: String,
    /// The hosts it is for.
    pub scope: Scope,
    /// False switches what the rule matches off: it is judged by nothing.
    pub enabled: bool,
    /// One signal of the table; the table's main one when absent.
    pub signal: Option<String>,
    /// Glob over the subject; for logs over the file path or `journal:UNIT`.
    pub subject: Option<GlobMatcher>,
    pub normal: Option<f64>,
    pub approach: Option<f64>,
    pub critical: Option<f64>,
    pub limit: Option<f64>,
    pub interval: Option<Span>,
    pub confirm: Option<u32>,
    pub hold: Option<Span>,
    /// Hysteresis in proximity.
    pub clear: Option<f64>,
    pub reopen: Option<Span>,
    pub horizon: Option<Span>,
    pub category: Option<Category>,
    pub evidence: Option<String>,
    pub source: Option<String>,
    /// Whether a trend alone may open an episode.
    pub forecast: Option<bool>,
    /// It is shown without levels and opens nothing.
    pub hazard: bool,
    /// The thing to look at, where the rule names one.
    pub declared: Option<Declared>,
}

/// A rule resolved for one signal: what the evaluator judges by.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub rule: RuleRef,
    pub scale: Scale,
    pub unit: &'static str,
    pub category: Category,
    /// `None` for signals that speak only when something happens; they never go dark.
    pub interval: Option<Span>,
    pub confirm: u32,
    pub hold: Span,
    pub hysteresis: f64,
    pub reopen: Span,
    pub forecast: bool,
    /// A condition that stands: told, never near.
    pub hazard: bool,
    pub horizon: Span,
    pub response: Span,
    pub source: String,
}

impl Judgement {
    /// The proximity of the approach level.
    pub fn approach(&self) -> f64 {
        match self.scale {
            Scale::Limited(limits) => limits.proximity(limits.approach),
            Scale::Ordinal(_) => crate::ordinal::APPROACH,
        }
    }

    /// The proximity of the critical level.
    pub fn critical(&self) -> f64 {
        match self.scale {
            Scale::Limited(limits) => limits.proximity(limits.critical),
            Scale::Ordinal(_) => crate::ordinal::CRITICAL,
        }
    }

    /// Below this a signal recedes.
    pub fn reset(&self) -> f64 {
        self.approach() - self.hysteresis
    }

    pub fn limits(&self) -> Option<Limits> {
        match self.scale {
            Scale::Limited(limits) => Some(limits),
            Scale::Ordinal(_) => None,
        }
    }

    /// `50.0 % > 15.0 % > 5.0 % > 0.0 %`: normal, approach, critical and limit as people read them.
    pub fn told_levels(&self) -> String {
        match self.limits() {
            Some(limits) if self.unit == "flag" => format!("failed when {}", number(limits.limit, self.unit)),
            Some(limits) => {
                let levels = [limits.normal, limits.approach, limits.critical, limits.limit];
                levels.map(|level| number(level, self.unit)).join(" > ")
            }
            None => format!("ordinal, near {:.2}, critical {:.2}", self.approach(), self.critical()),
        }
    }

    /// Hash of everything that decides, so that later edits cannot rewrite history: the levels and times, the
    /// category (failed logins never breach), what `declared` counts or asks for, and where the limit comes from.
    /// Not of name, place, order and comments, nor of what only chooses subjects.
    fn hash(&self, declared: Option<&Declared>) -> String {
        #[derive(Serialize)]
        struct Deciding<'a> {
            declared: Option<&'a Declared>,
            category: Category,
            limits: Option<Limits>,
            ordinal: Option<(crate::ordinal::Family, u32)>,
            interval: Option<Span>,
            confirm: u32,
            hold: Span,
            hysteresis: f64,
            reopen: Span,
            forecast: bool,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            hazard: bool,
            horizon: Span,
            source: &'a str,
        }
        let ordinal = match self.scale {
            Scale::Ordinal(family) => Some((family, crate::ordinal::TABLE_VERSION)),
            Scale::Limited(_) => None,
        };
        let deciding = Deciding {
            declared,
            category: self.category,
            limits: self.limits(),
            ordinal,
            interval: self.interval,
            confirm: self.confirm,
            hold: self.hold,
            hysteresis: self.hysteresis,
            reopen: self.reopen,
            forecast: self.forecast,
            hazard: self.hazard,
            horizon: self.horizon,
            source: &self.source,
        };
        let text = serde_json::to_vec(&deciding).unwrap_or_default();
        nearmiss_shared::bundle::sha256_hex(&text).chars().take(16).collect()
    }
}

#[cfg(test)]
mod tests;

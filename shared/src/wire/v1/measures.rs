//! How close an episode came, in numbers.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The measured quantities of an episode as of its event. What does not exist yet, or cannot be measured, is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measures {
    /// Distance to the limit in the signal's unit, now and at its least; 0 past it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_minimum: Option<f64>,
    /// What is left of the way from normal to the limit, 0..1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative_margin: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_proximity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_failure_at_open_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_failure_minimum_seconds: Option<f64>,
    /// Predicted at open, never observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted_failure_at: Option<Timestamp>,
    /// From the first sample past approach to open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detection_delay_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_turn_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_to_recovery_seconds: Option<f64>,
    /// Time to failure at open over the time to turn; at 1 or below only a change of trend saved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack: Option<f64>,
    /// From open to failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning_lead_seconds: Option<f64>,
    /// From failure to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage_seconds: Option<f64>,
    /// Samples that were read, and that were due, since open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples_received: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples_expected: Option<u64>,
    /// Without samples since open, in all and at most in one stretch.
    pub dark_seconds: f64,
    pub longest_gap_seconds: f64,
    /// Time with no independent barrier left; absent where nothing measures redundancy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_seconds: Option<f64>,
    /// The failure came with no approach before it.
    pub silent: bool,
}

//! Where a signal stands, with only what that state needs.

use nearmiss_shared::vocabulary::Physical;
use serde::{Deserialize, Serialize};

use crate::reading::Stamp;

/// A state of the table and its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub(crate) enum Phase {
    Normal,
    /// Past approach, not confirmed.
    Watch(Unconfirmed),
    /// `step` is the highest level told: 0 approach, 1 critical; for ordinals the table's step. `early`: opened by
    /// its trend, and approach was not reached since.
    Approached {
        since: Stamp,
        step: usize,
        #[serde(default)]
        early: bool,
    },
    /// `quiet_since` is the first sample of the unbroken stretch below reset.
    Receding {
        quiet_since: Stamp,
    },
    /// What comes near again is confirmed like the first time.
    Recovered {
        since: Stamp,
        #[serde(flatten)]
        again: Unconfirmed,
    },
    /// `quiet_since` is set while the signal is back below reset. `inferred`: from an unclean restart, not seen.
    Breached {
        since: Stamp,
        quiet_since: Option<Stamp>,
        #[serde(default)]
        inferred: bool,
    },
    /// `entry` is the proximity it stood at.
    Standing {
        entry: f64,
        quiet_since: Option<Stamp>,
    },
    /// No valid sample; `crashed` when the host came back without an orderly shutdown.
    Dark {
        previous: Box<Phase>,
        since: Stamp,
        crashed: bool,
    },
}

/// Samples past approach in a row, not enough of them yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unconfirmed {
    pub(crate) count: u32,
    /// The first of them.
    #[serde(default)]
    pub(crate) near_since: Option<Stamp>,
}

impl Unconfirmed {
    /// With one more, taken `at`.
    pub(super) fn and(self, at: Stamp) -> Self {
        Self { count: self.count + 1, near_since: self.near_since.or(Some(at)) }
    }
}

impl Phase {
    /// As the specification names it.
    pub(super) const fn physical(&self) -> Physical {
        match self {
            Self::Normal => Physical::Normal,
            Self::Watch(_) => Physical::Watch,
            Self::Approached { .. } => Physical::Approached,
            Self::Receding { .. } => Physical::Receding,
            Self::Recovered { .. } => Physical::Recovered,
            Self::Breached { .. } => Physical::Breached,
            Self::Standing { .. } => Physical::Standing,
            Self::Dark { .. } => Physical::Dark,
        }
    }

    /// Nothing came of it yet: no episode, no case.
    pub(super) const fn is_quiet(&self) -> bool {
        matches!(self, Self::Normal | Self::Watch(_))
    }

    /// A failure that would be told as the end of what is near.
    pub(super) const fn is_near(&self) -> bool {
        matches!(self, Self::Approached { .. } | Self::Receding { .. } | Self::Standing { .. })
    }

    /// This phase at the first sample after a silence: what nobody watched neither held nor confirmed anything.
    pub(super) fn seen_again(self, at: Stamp) -> Self {
        match self {
            Self::Watch(_) => Self::Watch(Unconfirmed::default()),
            Self::Receding { .. } => Self::Receding { quiet_since: at },
            Self::Recovered { since, .. } => Self::Recovered { since, again: Unconfirmed::default() },
            Self::Standing { entry, .. } => Self::Standing { entry, quiet_since: None },
            same => same,
        }
    }

    /// Applies `change` to every instant this phase holds.
    pub(super) fn stamps(&mut self, change: &impl Fn(&mut Stamp)) {
        match self {
            Self::Normal => {}
            Self::Watch(unconfirmed) => unconfirmed.near_since.iter_mut().for_each(change),
            Self::Approached { since, .. } => change(since),
            Self::Recovered { since, again } => {
                change(since);
                again.near_since.iter_mut().for_each(change);
            }
            Self::Receding { quiet_since } => change(quiet_since),
            Self::Breached { since, quiet_since, .. } => {
                change(since);
                quiet_since.iter_mut().for_each(change);
            }
            Self::Standing { quiet_since, .. } => quiet_since.iter_mut().for_each(change),
            Self::Dark { previous, since, .. } => {
                change(since);
                previous.stamps(change);
            }
        }
    }
}

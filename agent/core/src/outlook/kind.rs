//! How the drives of a model fare: a batch that fails says something of those that still run.

use std::collections::BTreeMap;

/// So many drives of a model must have failed before it says anything of the others.
const LEAST_FAILED: u32 = 2;
/// And this part of them.
const LEAST_PART: f64 = 0.05;

/// Every model that was seen: drives of it, and those of them that failed.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    models: BTreeMap<String, (u32, u32)>,
}

impl Kinds {
    /// A drive of `model` is there.
    pub fn seen(&mut self, model: &str) {
        self.models.entry(model.to_owned()).or_default().0 += 1;
    }

    /// A drive of `model` failed.
    pub fn failed(&mut self, model: &str) {
        self.models.entry(model.to_owned()).or_default().1 += 1;
    }

    /// In words, when the model is one to be warned of.
    pub fn warning(&self, model: &str) -> Option<String> {
        let (seen, failed) = *self.models.get(model)?;
        let part = f64::from(failed) / f64::from(seen.max(1));
        (failed >= LEAST_FAILED && part >= LEAST_PART)
            .then(|| format!("{failed} of {seen} drives of this model have failed"))
    }
}

//! What to do first, by category: short, and nothing that makes it worse.

use nearmiss_case::Case;
use nearmiss_shared::vocabulary::Category;

const fn steps(category: Category) -> [&'static str; 2] {
    match category {
        Category::Disk => [
            "Check that the newest backup is sound before touching the drive; do not load it further.",
            "Find the drive by its serial number and plan the swap.",
        ],
        Category::Capacity => [
            "Look in the evidence for who wrote most recently, and stop that first.",
            "Make room by moving or removing what is known to be disposable.",
        ],
        Category::Service => [
            "Read the unit's last lines in the evidence before restarting it again.",
            "Fail over or isolate it if its start limit is near.",
        ],
        Category::Certificate => [
            "Renew it, and see why the renewal did not happen by itself.",
            "Check every place that serves the old one.",
        ],
        Category::Backup => [
            "Run a backup now and verify that it can be read.",
            "Say which data is older than the recovery point allows.",
        ],
        Category::Login => [
            "Look at sources and accounts in the evidence; block the source, keep the logs.",
            "Tell the Security Lead: it may be the start of an attack.",
        ],
        Category::Patch | Category::Misconfiguration => [
            "Say what deviates and since when; keep the state as it is until it is recorded.",
            "Tell the Security Lead.",
        ],
        Category::Time => [
            "Check the time source before setting the clock by hand.",
            "Say what depends on this clock: certificates, logs, tickets.",
        ],
        Category::Power => [
            "Find what draws the power or the heat, and what can be shut down in order.",
            "Check that an orderly shutdown still fits into the time left.",
        ],
        Category::Integrity => [
            "Stop what writes to the records; do not restore over them yet.",
            "Compare with the newest sound copy.",
        ],
    }
}

/// Two steps, and the one that every case needs.
pub(super) fn first(case: &Case) -> String {
    let [one, two] = steps(case.category);
    format!(
        "What to do first:\n  1. {one}\n  2. {two}\n  3. Say on the case what you did: it is what stopped it."
    )
}

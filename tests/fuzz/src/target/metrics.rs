//! Prometheus text and selectors.

use nearmiss_agent_core::metrics::{Selector, read};

use super::text;
use crate::Target;

pub(crate) const EXPOSITION: Target = Target {
    name: "metrics-exposition",
    run: |bytes| {
        let selectors = ["queue_length", "x{a=\"b\",c!=\"d\"}", "y{z=~\"q.*\"}"];
        let selectors: Vec<Selector> =
            selectors.iter().filter_map(|text| Selector::parse(text).ok()).collect();
        let asked: Vec<&Selector> = selectors.iter().collect();
        assert_eq!(read(bytes, &asked).len(), asked.len());
    },
    seeds: &[
        "# TYPE queue_length gauge\nqueue_length{a=\"b\\\"c\"} 1e3 1763980000\nx{a=\"b\"} +Inf\ny{z=\"qq\"} NaN\n",
    ],
    corpus: None,
};

pub(crate) const SELECTOR: Target = Target {
    name: "metrics-selector",
    run: |bytes| {
        if let Ok(selector) = Selector::parse(&text(bytes)) {
            let again = Selector::parse(selector.as_str()).expect("what was read once is read again");
            assert_eq!(again.as_str(), selector.as_str());
        }
    },
    seeds: &["up{job=\"a\",instance!~\"b.*\"}", "{__name__=\"x\"}"],
    corpus: None,
};

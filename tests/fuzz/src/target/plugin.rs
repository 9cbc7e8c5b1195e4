//! Monitoring Plugins: output, performance data, ranges.

use nearmiss_agent_core::plugin::{self, Range, Said};

use super::text;
use crate::Target;

pub(crate) const OUTPUT: Target = Target {
    name: "plugin-output",
    run: |bytes| {
        drop(Said::parse(bytes));
        for value in plugin::values(&text(bytes)) {
            assert!(!value.label.is_empty(), "{value:?}");
        }
    },
    seeds: &["LOAD OK - 0.1 | load1=0.100;5.000;10.000;0; 'a b'=5%;@1:2;~:3\nlong\n| x=1s\n"],
    corpus: None,
};

pub(crate) const RANGE: Target = Target {
    name: "plugin-range",
    run: |bytes| {
        if let Some(range) = Range::parse(&text(bytes)) {
            let _alerts = (range.alerts(0.0), range.alerts(f64::MAX), range.scaled(1000.0).alerts(1.0));
        }
    },
    seeds: &["10", "10:", "~:10", "10:20", "@10:20"],
    corpus: None,
};

//! The fleet's margins: order, age, and the sentence when nothing approaches.

use nearmiss_shared::vocabulary::Category;

use super::*;
use crate::pages::sample::NOW;

fn closeness_of(proximity: f64, failure: Option<f64>) -> Closeness {
    Closeness {
        category: Category::Certificate,
        physical: Physical::Normal,
        proximity: Some(proximity),
        peak: None,
        tick: 0.7,
        ordinal: false,
        no_redundancy: false,
        failure,
    }
}

fn margin(what: &str, closeness: Closeness, stale: bool) -> Margin {
    Margin {
        client: "Apex Lab".into(),
        host: "lab-srv-03".into(),
        what: what.into(),
        signal: "certificate.days_left".into(),
        bar: closeness.bar(),
        failure: failure(&closeness),
        value: String::new(),
        levels: String::new(),
        state: "normal",
        stale,
        read: When::new(NOW, NOW),
        closeness,
    }
}

#[test]
fn when_nothing_approaches_the_closest_is_named() {
    let list = [
        margin("certificate", closeness_of(0.41, Some(23.0 * 86_400.0)), false),
        margin("/var filling", closeness_of(0.2, None), false),
        margin("old news", closeness_of(0.6, None), true),
    ];
    assert_eq!(
        calm(&list),
        "Nothing is approaching failure. Closest: lab-srv-03 certificate, 0.41, expires in 23 d."
    );
    assert_eq!(
        calm(&[]),
        "Nothing is approaching failure. No host has told a reading in the last 90 seconds."
    );
}

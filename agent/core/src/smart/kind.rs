//! smartctl's `-d`: how a drive is spoken to, where smartctl cannot tell by itself.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1};
use nom::character::complete::{char, digit1, u32};
use nom::combinator::opt;
use nom::sequence::preceded;

/// What is tried on a USB bridge that smartctl does not know, the most common first (smartctl(8), `-d`). `usbcypress` is
/// left out: its commands do harm on a bridge of another maker.
const BRIDGES: [&str; 7] =
    ["sat", "sntasmedia", "sntjmicron", "sntrealtek", "usbjmicron", "usbprolific", "usbsunplus"];

/// Controllers whose members share a device and are told apart by the numbers behind the name.
const CONTROLLERS: [&str; 11] = [
    "megaraid",
    "sssraid",
    "cciss",
    "3ware",
    "areca",
    "aacraid",
    "hpt",
    "intelliprop",
    "jmb39x",
    "jms56x",
    "marvell",
];

/// Whether smartctl's words mean that it does not know how to speak with the device: another type may.
pub fn is_kind_unknown(said: &str) -> bool {
    const WORDS: [&str; 4] = [
        "Unknown USB bridge",
        "Unsupported USB bridge",
        "Unable to detect device type",
        "specify device type with the -d option",
    ];
    WORDS.iter().any(|words| said.contains(words))
}

/// What to try on such a device, in order: what worked before, what the scan says, then what bridges speak.
pub fn kinds<'a>(worked: Option<&'a str>, scanned: &'a str) -> Vec<&'a str> {
    let mut kinds = Vec::new();
    for kind in worked.into_iter().chain([scanned]).chain(BRIDGES) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// Whether this type names one member behind a RAID controller: `megaraid,4`, `areca,3/1`; `sat,12` is none.
pub fn is_member(kind: &str) -> bool {
    // SATA drives behind a SAS controller: `sat+megaraid,4`.
    let kind = kind.rsplit('+').next().unwrap_or(kind);
    let mut member = (take_till1(|letter| letter == ','), char(','), digit1);
    let parsed: nom::IResult<&str, _> = member.parse(kind);
    parsed.is_ok_and(|(_, (controller, _, _))| CONTROLLERS.contains(&controller.trim_end_matches("-q")))
}

/// Whether the smartctl that prints this of itself knows `--json=o`: 7.0 and newer.
pub fn gives_json(version: &str) -> bool {
    let words = alt((tag("smartctl version "), tag("smartctl ")));
    let mut number = preceded((words, opt(tag("pre-"))), u32);
    let parsed: nom::IResult<&str, u32> = number.parse(version);
    parsed.is_ok_and(|(_, major)| major >= 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_worked_is_tried_first_and_none_twice() {
        assert_eq!(kinds(None, "scsi")[..3], ["scsi", "sat", "sntasmedia"]);
        assert_eq!(kinds(Some("usbjmicron"), "sat")[..3], ["usbjmicron", "sat", "sntasmedia"]);
        assert_eq!(kinds(Some("usbjmicron"), "sat").len(), BRIDGES.len());
    }

    #[test]
    fn members_of_a_controller_are_known_by_their_type() {
        for (kind, member) in [
            ("megaraid,4", true),
            ("sat+megaraid,11", true),
            ("areca,3/1", true),
            ("aacraid,0,0,2", true),
            ("jmb39x-q,1", true),
            ("cciss,0", true),
            ("sat", false),
            ("sat,12", false),
            ("sntjmicron,1", false),
            ("megaraid", false),
            ("auto", false),
        ] {
            assert_eq!(is_member(kind), member, "{kind}");
        }
    }

    #[test]
    fn json_beside_the_text_comes_with_version_seven() {
        for (line, json) in [
            ("smartctl version 5.38 [x86_64] Copyright (C) 2002-8", false),
            ("smartctl 6.6 2017-11-05 r4594 [x86_64-linux]", false),
            ("smartctl 7.0 2018-12-30 r4883 [x86_64-linux]", true),
            ("smartctl pre-7.5 2024-08-12 r5612 [x86_64-linux]", true),
            ("smartctl 10.1 2035-01-01", true),
            ("bash: smartctl: command not found", false),
        ] {
            assert_eq!(gives_json(line), json, "{line}");
        }
    }
}

//! `chronyc -c tracking` (chronyc(1)): one line of comma-separated fields, in the order of `chronyc tracking`.

use super::Standing;

/// Reference ID, its name, stratum, reference time, system time, ... leap status.
const FIELDS: usize = 14;
const SYSTEM_TIME: usize = 4;
const LEAP: usize = 13;

/// `None` when the text is no such line.
pub fn parse(text: &str) -> Option<Standing> {
    let fields: Vec<&str> = text.lines().next()?.trim().split(',').collect();
    let stratum: u32 = fields.get(2)?.parse().ok()?;
    let offset: f64 = fields.get(SYSTEM_TIME)?.parse().ok()?;
    if fields.len() < FIELDS || !offset.is_finite() {
        return None;
    }
    let follows = stratum > 0 && fields.get(LEAP)? != &"Not synchronised";
    Some(if follows { Standing::Followed { offset } } else { Standing::Unsynchronised })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_real_chronyd_are_read() {
        for (line, standing) in [
            (
                "7F7F0101,,10,1795581321.893577070,39.881996155,-39.881996155,39.881996155,0.000,0.000,0.000,\
                 0.000000000,0.000000000,0.0,Normal\n",
                Some(Standing::Followed { offset: 39.881996155 }),
            ),
            (
                "7F7F0101,,10,1795581282.062065729,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,\
                 0.000000000,0.000000000,0.0,Normal\n",
                Some(Standing::Followed { offset: 0.0 }),
            ),
            (
                "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,\
                 1.000000000,0.0,Not synchronised\n",
                Some(Standing::Unsynchronised),
            ),
            ("506 Cannot talk to daemon\n", None),
            ("", None),
            ("a,b,c,d,e", None),
            ("7F7F0101,,10,1,NaN,0,0,0,0,0,0,0,0,Normal", None),
        ] {
            assert_eq!(parse(line), standing, "{line}");
        }
    }
}

//! `ntpq -c rv` (ntpq(8)): the system's variables, `name=value` with commas between, broken into lines.

use super::Standing;

/// The stratum of a clock that follows nothing (RFC 5905, section 7.3).
const NONE: u32 = 16;

/// `None` when the text has no such variables.
pub fn parse(text: &str) -> Option<Standing> {
    let variable = |name: &str| {
        text.split([',', '\n']).find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let stratum: u32 = variable("stratum")?.parse().ok()?;
    // Told in milliseconds.
    let offset: f64 = variable("offset")?.parse().ok()?;
    let unset = variable("leap").is_some_and(|leap| leap == "11" || leap == "3");
    Some(if stratum >= NONE || unset || !offset.is_finite() {
        Standing::Unsynchronised
    } else {
        Standing::Followed { offset: offset / 1000.0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_a_real_ntpsec_without_a_source_are_read() {
        let text = "associd=0 status=c016 leap_alarm, sync_unspec, 1 event, restart,\n\
            leap=11, stratum=16, precision=-23, rootdelay=0.0, rootdisp=0.135,\n\
            refid=INIT, reftime=00000000.00000000 2036-02-07T06:28:16.000Z, tc=0, peer=0,\n\
            offset=0.0, frequency=0.0, sys_jitter=0.0, clk_jitter=0.000119,\n\
            clock=eeb0e514.b3114e1e 2026-11-25T04:39:48.699Z, processor=\"x86_64\",\n\
            system=\"Linux/6.18.44-fc-v782\", version=\"ntpd ntpsec-1.2.2\", clk_wander=0.0,\n\
            mintc=0\n";
        assert_eq!(parse(text), Some(Standing::Unsynchronised));
        assert_eq!(parse("***Socket error; probably ntpd is not running\n\n"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn an_offset_is_told_in_milliseconds() {
        let text = "leap=00, stratum=3, offset=-1500.25\n";
        assert_eq!(parse(text), Some(Standing::Followed { offset: -1.50025 }));
    }
}

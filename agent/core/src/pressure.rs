//! Pressure stall information (`/proc/pressure/*`, the kernel's accounting/psi document).

/// Percent of time that tasks were stalled, over the last 10, 60 and 300 seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stall {
    pub avg10: f64,
    pub avg60: f64,
    pub avg300: f64,
}

/// The `some` and `full` lines; a kernel that has no `full` for a resource gives zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressure {
    pub some: Stall,
    pub full: Stall,
}

/// `None` when the text is no pressure file.
pub fn parse(text: &str) -> Option<Pressure> {
    let mut pressure = Pressure::default();
    let mut found = false;
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let target = match words.next() {
            Some("some") => &mut pressure.some,
            Some("full") => &mut pressure.full,
            _ => continue,
        };
        for word in words {
            let (name, value) = word.split_once('=')?;
            match name {
                "avg10" => target.avg10 = value.parse().ok()?,
                "avg60" => target.avg60 = value.parse().ok()?,
                "avg300" => target.avg300 = value.parse().ok()?,
                _ => {}
            }
        }
        found = true;
    }
    found.then_some(pressure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_file_is_read() {
        let text = "some avg10=1.25 avg60=0.50 avg300=0.10 total=123\nfull avg10=0.75 avg60=0.00 avg300=0.00 total=9\n";
        let pressure = parse(text).unwrap();
        assert_eq!((pressure.some.avg10, pressure.full.avg10), (1.25, 0.75));
        assert_eq!(parse("some avg10=x"), None);
        assert_eq!(parse(""), None);
    }
}

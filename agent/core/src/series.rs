//! A recorded series as text: `timestamp,value` a line, with or without a head.
//!
//! Timestamps are RFC 3339 instants, or numbers of seconds or milliseconds since 1970 (from 1e11 on, which is the year
//! 5138 in seconds and 1973 in milliseconds, they are milliseconds). Fields may be quoted and parted by comma,
//! semicolon or tab. A head names its columns; where it says `timestamp` (or `time`) and `value`, those are read.
//! Nothing is skipped in silence: what is no sample and no head is told.

use nearmiss_shared::time::Timestamp;

/// Of what cannot be read, this much is told.
const TOLD_LETTERS: usize = 40;
/// A number of this size and more counts milliseconds.
const MILLISECONDS_FROM: f64 = 1e11;
/// About the year 9999.
const LATEST_MS: f64 = 2.5e14;

/// What one line is.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    Sample(Timestamp, f64),
    /// Empty, a remark that begins with `#`, or the head.
    Nothing,
    /// Why it is no sample.
    Fault(String),
}

/// Reads a series line by line, oldest first.
#[derive(Clone, Debug, Default)]
pub struct SeriesReader {
    /// Which fields hold timestamp and value; set by the first line that is not empty.
    columns: Option<(usize, usize)>,
    last: Option<Timestamp>,
}

impl SeriesReader {
    /// Reads the next line, without its end.
    pub fn line(&mut self, line: &[u8]) -> Line {
        let Ok(text) = std::str::from_utf8(line) else { return Line::Fault("it is no text".to_owned()) };
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() || text.starts_with('#') {
            return Line::Nothing;
        }
        let fields = fields(text);
        let Some((at, value)) = self.columns else {
            self.columns = Some(columns(&fields).unwrap_or((0, 1)));
            let is_head =
                fields.first().is_none_or(|field| instant(field).is_err()) && number(&fields, 1).is_err();
            return if is_head { Line::Nothing } else { self.sample(&fields, 0, 1) };
        };
        self.sample(&fields, at, value)
    }

    fn sample(&mut self, fields: &[&str], at: usize, value: usize) -> Line {
        let read = instant(fields.get(at).copied().unwrap_or_default())
            .and_then(|at| Ok((at, number(fields, value)?)));
        match read {
            Err(why) => Line::Fault(why),
            Ok((at, _)) if self.last.is_some_and(|last| at <= last) => {
                Line::Fault(format!("{at} is not later than the sample before it"))
            }
            Ok((at, value)) => {
                self.last = Some(at);
                Line::Sample(at, value)
            }
        }
    }
}

fn fields(text: &str) -> Vec<&str> {
    let separator = [',', ';', '\t'].into_iter().find(|separator| text.contains(*separator));
    text.split(separator.unwrap_or(',')).map(|field| field.trim().trim_matches('"').trim()).collect()
}

/// The columns that a head names.
fn columns(fields: &[&str]) -> Option<(usize, usize)> {
    let named = |names: &[&str]| {
        fields.iter().position(|field| names.iter().any(|name| field.eq_ignore_ascii_case(name)))
    };
    named(&["timestamp", "time"]).zip(named(&["value"]))
}

fn instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(number) = text.parse::<f64>() {
        let milliseconds = if number.abs() < MILLISECONDS_FROM { number * 1000.0 } else { number };
        return if milliseconds.is_finite() && milliseconds.abs() < LATEST_MS {
            Ok(Timestamp::from_millis(milliseconds.round() as i64))
        } else {
            Err(format!("`{}` lies beyond all time", told(text)))
        };
    }
    text.parse().map_err(|_| {
        let told = told(text);
        format!("`{told}` is neither an RFC 3339 instant such as 2026-11-23T18:12:57Z nor seconds since 1970")
    })
}

fn number(fields: &[&str], column: usize) -> Result<f64, String> {
    let Some(text) = fields.get(column) else { return Err("it has no value".to_owned()) };
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| format!("`{}` is no number", told(text)))
}

fn told(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(TOLD_LETTERS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<Line> {
        let mut reader = SeriesReader::default();
        text.lines().map(|line| reader.line(line.as_bytes())).collect()
    }

    fn sample(milliseconds: i64, value: f64) -> Line {
        Line::Sample(Timestamp::from_millis(milliseconds), value)
    }

    #[test]
    fn every_usual_way_to_write_a_series_is_read() {
        for text in [
            "1970-01-01T00:00:01Z,0.5",
            "1970-01-01T05:00:01+05:00;0.5",
            "1970-01-01T00:00:01.000Z\t0.5\r",
            "\"1970-01-01T00:00:01Z\",\"0.5\"",
            "1, 0.5",
            "1.0,5e-1",
            "\u{feff}1,0.5",
        ] {
            assert_eq!(read(text), [sample(1000, 0.5)], "{text}");
        }
        assert_eq!(read("1700000000,1"), [sample(1_700_000_000_000, 1.0)]);
        assert_eq!(read("1700000000123,1"), [sample(1_700_000_000_123, 1.0)]);
    }

    #[test]
    fn a_head_is_no_sample_and_may_name_its_columns() {
        assert_eq!(read("when,free\n1,2"), [Line::Nothing, sample(1000, 2.0)]);
        assert_eq!(read("host,Value,Time\na,2,1"), [Line::Nothing, sample(1000, 2.0)]);
        assert_eq!(read("\n# a remark\n1,2"), [Line::Nothing, Line::Nothing, sample(1000, 2.0)]);
    }

    #[test]
    fn what_is_no_sample_is_told_and_the_next_one_is_read() {
        let read = read("1,2\nsoon,3\n2,\n3\n4,NaN\n5,inf\n1e300,1\n1,9\n2026-11-24 10:00:00,1\n6,7");
        let faults: Vec<&str> = read
            .iter()
            .filter_map(|line| match line {
                Line::Fault(why) => Some(why.as_str()),
                _ => None,
            })
            .collect();
        let expected = [
            "`soon` is neither an RFC 3339 instant",
            "`` is no number",
            "it has no value",
            "`NaN` is no number",
            "`inf` is no number",
            "`1e300` lies beyond all time",
            "1970-01-01T00:00:01.000Z is not later than the sample before it",
            "`2026-11-24 10:00:00` is neither",
        ];
        assert_eq!(faults.len(), expected.len(), "{faults:#?}");
        assert!(
            faults.iter().zip(expected).all(|(fault, expected)| fault.starts_with(expected)),
            "{faults:#?}"
        );
        assert_eq!((&read[0], &read[9]), (&sample(1000, 2.0), &sample(6000, 7.0)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_samples_in_order_or_faults(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let mut reader = SeriesReader::default();
            let mut last = None;
            for line in lines {
                if let Line::Sample(at, value) = reader.line(&line) {
                    prop_assert!(value.is_finite() && last.is_none_or(|last| at > last));
                    last = Some(at);
                }
            }
        }

        #[test]
        fn what_was_written_is_read(at in 0..4_000_000_000_i64, value in -1e12..1e12_f64) {
            prop_assert_eq!(read(&format!("{at},{value}")), vec![sample(at * 1000, value)]);
            let at = Timestamp::from_millis(at);
            prop_assert_eq!(read(&format!("{at},{value}")), vec![Line::Sample(at, value)]);
        }
    }
}

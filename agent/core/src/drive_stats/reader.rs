//! One CSV file of drive statistics, a line at a time. Columns are found by the names in its head.

use csv_core::ReadRecordResult;

use super::{Day, Row};
use crate::outlook::Counts;

/// Fields and bytes of one line that are looked at.
const MAX_FIELDS: usize = 512;
const MAX_BYTES: usize = 16 * 1024;

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The names of the columns.
    Head,
    Row(Row),
    Blank,
    /// Neither, and why.
    Bad(&'static str),
}

/// Where the columns stand.
#[derive(Clone, Debug)]
struct Columns {
    date: usize,
    serial: usize,
    model: usize,
    failure: usize,
    /// ATA id and place of every raw value.
    raw: Vec<(u8, usize)>,
}

/// Reads the lines of one file in their order.
#[derive(Clone, Debug)]
pub struct Reader {
    columns: Option<Columns>,
    record: Record,
    /// The date read last: all rows of a file share it.
    date: Option<(String, Day)>,
}

/// The fields of one line, one behind the other.
#[derive(Clone, Debug)]
struct Record {
    /// Its tables are made once; it starts anew with each line.
    csv: csv_core::Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
}

impl Default for Reader {
    fn default() -> Self {
        let (csv, bytes, ends) = (csv_core::Reader::new(), vec![0; MAX_BYTES], vec![0; MAX_FIELDS]);
        let record = Record { csv, bytes, ends, fields: 0 };
        Self { columns: None, record, date: None }
    }
}

impl Reader {
    /// Takes one line without its end.
    pub fn line(&mut self, line: &[u8]) -> Line {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            return Line::Blank;
        }
        if self.record.read(line).is_none() {
            return Line::Bad("a record of CSV is expected");
        }
        let Some(columns) = &self.columns else {
            self.columns = Columns::of(&self.record);
            return match self.columns {
                Some(_) => Line::Head,
                None => Line::Bad("a head with date, serial_number, model and failure is expected"),
            };
        };
        columns.row(&self.record, &mut self.date).map_or_else(Line::Bad, Line::Row)
    }
}

impl Record {
    /// Takes a line apart as RFC 4180 has it; `None` where it is no record, or too long.
    fn read(&mut self, line: &[u8]) -> Option<()> {
        self.csv.reset();
        let (result, read, written, fields) = self.csv.read_record(line, &mut self.bytes, &mut self.ends);
        if result != ReadRecordResult::InputEmpty || read < line.len() {
            return None;
        }
        // The end of the input ends the record.
        let (bytes, ends) = (self.bytes.get_mut(written..)?, self.ends.get_mut(fields..)?);
        let (result, _, _, last) = self.csv.read_record(&[], bytes, ends);
        self.fields = fields + last;
        matches!(result, ReadRecordResult::Record).then_some(())
    }

    fn field(&self, place: usize) -> Option<&str> {
        let ends = self.ends.get(..self.fields)?;
        let start = place.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied())?;
        std::str::from_utf8(self.bytes.get(start..*ends.get(place)?)?).ok()
    }
}

impl Columns {
    fn of(head: &Record) -> Option<Self> {
        let place = |name: &str| (0..head.fields).find(|place| head.field(*place) == Some(name));
        let raw = (0..head.fields).filter_map(|place| {
            let name = head.field(place)?;
            let id = name.strip_prefix("smart_")?.strip_suffix("_raw")?.parse().ok()?;
            Some((id, place))
        });
        Some(Self {
            date: place("date")?,
            serial: place("serial_number")?,
            model: place("model")?,
            failure: place("failure")?,
            raw: raw.collect(),
        })
    }

    fn row(&self, record: &Record, last: &mut Option<(String, Day)>) -> Result<Row, &'static str> {
        let field = |place: usize| record.field(place).filter(|field| !field.is_empty());
        let day = field(self.date)
            .and_then(|date| day(date, last))
            .ok_or("a date such as 2026-11-25 is expected")?;
        let serial = field(self.serial).ok_or("a serial number is expected")?.to_owned();
        let failed = match field(self.failure) {
            Some("0") => false,
            Some("1") => true,
            _ => return Err("failure is 0 or 1"),
        };
        // A raw value holds 48 bits; more is none.
        let raw = |id: u8| {
            let (_, place) = self.raw.iter().find(|(known, _)| *known == id)?;
            field(*place)?.parse::<u64>().ok().filter(|raw| *raw < 1 << 48)
        };
        let model = field(self.model).unwrap_or("unknown").to_owned();
        Ok(Row { day, serial, model, failed, counts: Counts::of(raw) })
    }
}

/// Days since 1970 of `2026-11-25`.
fn day(text: &str, last: &mut Option<(String, Day)>) -> Option<Day> {
    if let Some((_, day)) = last.as_ref().filter(|(known, _)| known == text) {
        return Some(*day);
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    let day = jiff::civil::date(1970, 1, 1).until(date).ok()?.get_days();
    *last = Some((text.to_owned(), day));
    Some(day)
}

/// `2026-11-25` of days since 1970.
pub fn date(day: Day) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.saturating_add(jiff::Span::new().try_days(day).unwrap_or_default()).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn columns_are_found_by_name_and_bad_rows_are_told() {
        let mut reader = Reader::default();
        assert!(matches!(reader.line(b"date,serial"), Line::Bad(_)));
        let head =
            b"date,serial_number,model,capacity_bytes,failure,smart_5_normalized,smart_5_raw,smart_197_raw";
        assert_eq!(reader.line(head), Line::Head);
        let Line::Row(row) = reader.line(b"2013-04-10,S1,\"ACME, 4000\",1,1,100,12,3\r") else { panic!() };
        assert_eq!((row.serial.as_str(), row.model.as_str(), row.failed), ("S1", "ACME, 4000", true));
        let expected = Counts::of(|id| match id {
            5 => Some(12),
            197 => Some(3),
            _ => None,
        });
        assert_eq!((row.counts, date(row.day).as_str()), (expected, "2013-04-10"));
        let Line::Row(short) = reader.line(b"2013-04-10,S1,M,1,0") else { panic!() };
        assert_eq!(short.counts, Counts::default(), "what is not told is none");
        for bad in [&b"13-04,S1,M,1,0"[..], b"2013-04-10,,M,1,0", b"2013-04-10,S1,M,1,yes", b"\xff\xfe,a"] {
            assert!(matches!(reader.line(bad), Line::Bad(_)), "{bad:?}");
        }
        assert_eq!(reader.line(b"  "), Line::Blank);
    }

    proptest! {
        #[test]
        fn whatever_the_line_nothing_panics(lines in proptest::collection::vec(".{0,200}", 0..8)) {
            let mut reader = Reader::default();
            let _ = reader.line(b"date,serial_number,model,failure,smart_5_raw");
            for line in lines {
                let _ = reader.line(line.as_bytes());
            }
        }
    }
}

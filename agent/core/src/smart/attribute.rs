//! One row of the ATA attribute table, in the old and the brief format, and its raw value by kind.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_until1, take_while1};
use nom::character::complete::{char, hex_digit1, space0, space1, u8 as byte, u16 as word};
use nom::combinator::{map, recognize, rest, value, verify};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};
use serde::Serialize;

/// When the normalised value was at or below its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum WhenFailed {
    #[serde(rename = "-")]
    Never,
    #[serde(rename = "now")]
    Now,
    #[serde(rename = "past")]
    Past,
}

/// One attribute. Id, value, worst, threshold and when-failed are the same in every version of smartctl; the name
/// and the form of the raw value are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub id: u8,
    pub name: String,
    pub value: Option<u16>,
    pub worst: Option<u16>,
    /// `None` where smartctl prints `---`.
    pub threshold: Option<u16>,
    pub when_failed: WhenFailed,
    pub prefailure: bool,
    pub raw: String,
    /// The raw value is all there: false where the line was cut or wrapped and its rest may stand elsewhere.
    pub whole: bool,
}

/// The table's heading, in every version's columns.
pub(super) fn is_heading(line: &str) -> bool {
    line.starts_with("ID#") && line.contains("ATTRIBUTE_NAME")
        || line.starts_with("Attribute") && line.contains("Threshold Raw Value")
}

/// The legend of the brief table's flags.
pub(super) fn is_legend(line: &str) -> bool {
    line.trim_start().starts_with('|')
}

/// Flags column: hex in the old table, letters in the brief one. True for a pre-failure attribute.
fn flags(input: &str) -> IResult<&str, bool> {
    let hex = map(preceded(tag("0x"), hex_digit1), |digits: &str| {
        u16::from_str_radix(digits, 16).is_ok_and(|flags| flags & 1 == 1)
    });
    let letters = map(
        verify(take_while1(|letter: char| "POSRCK-+".contains(letter)), |text: &str| text.len() >= 6),
        |text: &str| text.starts_with('P'),
    );
    alt((hex, letters)).parse(input)
}

/// A normalised value; `---` where the drive gives none.
fn level(input: &str) -> IResult<&str, Option<u16>> {
    alt((map(word, Some), value(None, tag("---")))).parse(input)
}

fn when_failed(input: &str) -> IResult<&str, WhenFailed> {
    alt((
        value(WhenFailed::Now, alt((tag("FAILING_NOW"), tag("NOW")))),
        value(WhenFailed::Past, alt((tag("In_the_past"), tag("Past")))),
        value(WhenFailed::Never, recognize(char('-'))),
    ))
    .parse(input)
}

/// TYPE and UPDATED of the old table.
fn kind(input: &str) -> IResult<&str, ()> {
    let kind = alt((tag("Pre-fail"), tag("Old_age")));
    let updated = alt((tag("Always"), tag("Offline")));
    value((), (terminated(kind, space1), terminated(updated, space1))).parse(input)
}

fn name(input: &str) -> IResult<&str, &str> {
    take_while1(|letter: char| !letter.is_whitespace()).parse(input)
}

/// A row: of the old and the brief table, or of the first versions' one.
pub(super) fn row(input: &str) -> IResult<&str, Attribute> {
    alt((columns, first_columns)).parse(input)
}

/// `  5 Reallocated_Sector_Ct   0x0033   100   100   036    Pre-fail  Always       -       12`. The rest of the line
/// is the raw value, whatever its shape.
fn columns(input: &str) -> IResult<&str, Attribute> {
    let id = preceded(space0, byte);
    let (input, (id, name, (prefailure, levels))) =
        (id, preceded(space1, name), flags_and_levels).parse(input)?;
    let (input, _) = (space1, nom::combinator::opt(kind)).parse(input)?;
    let (input, (when_failed, raw)) = (when_failed, raw).parse(input)?;
    Ok((input, Attribute::new(id, name, prefailure, levels, when_failed, raw)))
}

/// `(  5)Reallocated Sector Ct   0x0033   100   100   036       12`, as 5.0 prints it: whether the value ever fell
/// below its threshold follows from the numbers.
fn first_columns(input: &str) -> IResult<&str, Attribute> {
    let id = delimited(char('('), preceded(space0, byte), char(')'));
    let name = map(take_until1(" 0x"), str::trim_end);
    let (input, (id, name, (prefailure, levels), raw)) = (id, name, flags_and_levels, raw).parse(input)?;
    let below =
        |level: Option<u16>| level.zip(levels[2]).is_some_and(|(level, limit)| level <= limit && limit > 0);
    let when_failed = match (below(levels[0]), below(levels[1])) {
        (true, _) => WhenFailed::Now,
        (false, true) => WhenFailed::Past,
        (false, false) => WhenFailed::Never,
    };
    Ok((input, Attribute::new(id, name, prefailure, levels, when_failed, raw)))
}

/// FLAG, VALUE, WORST and THRESH.
fn flags_and_levels(input: &str) -> IResult<&str, (bool, [Option<u16>; 3])> {
    let level = || preceded(space1, level);
    let levels = map((level(), level(), level()), |(value, worst, threshold)| [value, worst, threshold]);
    (preceded(space1, flags), levels).parse(input)
}

fn raw(input: &str) -> IResult<&str, &str> {
    preceded(space1, verify(rest, |raw: &str| !raw.trim().is_empty())).parse(input)
}

/// Attributes whose raw value counts events.
const COUNTS: [u8; 9] = [5, 10, 184, 187, 188, 196, 197, 198, 199];
/// Attributes in which Seagate packs errors (high 16 bits of 48) over operations (low 32).
const PACKED: [u8; 3] = [1, 7, 195];

impl Attribute {
    fn new(
        id: u8,
        name: &str,
        prefailure: bool,
        [value, worst, threshold]: [Option<u16>; 3],
        when_failed: WhenFailed,
        raw: &str,
    ) -> Self {
        let (name, raw) = (name.to_owned(), raw.trim().to_owned());
        Self { id, name, value, worst, threshold, when_failed, prefailure, raw, whole: true }
    }

    /// The first number of the raw value, hexadecimal or decimal.
    fn number(&self) -> Option<u64> {
        if !self.whole {
            return None;
        }
        if let Some(hex) = self.raw.strip_prefix("0x") {
            let digits: String = hex.chars().take_while(char::is_ascii_hexdigit).collect();
            return u64::from_str_radix(&digits, 16).ok();
        }
        let digits: String = self.raw.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    }

    /// The event count decoded from the raw value, where the attribute has one. `seagate` unpacks 1, 7 and 195.
    pub fn count(&self, seagate: bool) -> Option<u64> {
        if PACKED.contains(&self.id) {
            return self.number().filter(|_| seagate).map(|raw| raw >> 32);
        }
        if !COUNTS.contains(&self.id) {
            return None;
        }
        let words: Vec<&str> = self.raw.split_ascii_whitespace().collect();
        match (self.id, self.number()?) {
            // Three 16-bit words, printed apart or packed: the lowest counts the commands.
            (188, _) if words.len() == 3 => words.last().and_then(|word| word.parse().ok()),
            (188, packed) if packed > 0xffff => Some(packed & 0xffff),
            // `0 (2000 0)` and a packed number alike: the low 32 bits hold more than any drive has sectors to give.
            (_, raw) if raw > 0xffff_ffff => Some(raw & 0xffff),
            (_, raw) => Some(raw),
        }
    }

    /// Degrees: the low byte, in tenths where the raw value only makes sense so.
    pub(super) fn celsius(&self) -> Option<i64> {
        if let Some(negative) = self.raw.strip_prefix('-').filter(|_| self.whole) {
            let digits: String = negative.chars().take_while(char::is_ascii_digit).collect();
            return digits.parse::<i64>().ok().map(|degrees| -degrees);
        }
        let raw = self.number()?;
        let low = (raw & 0xff) as i64;
        match raw {
            200..=1000 if raw % 10 == 0 => Some((raw / 10) as i64),
            _ => Some(if low > 127 { low - 256 } else { low }),
        }
    }

    /// Whole hours of attribute 9: `N`, `Nh+Nm`, `Nh+Nm+N.Ns`.
    pub(super) fn hours(&self) -> Option<u64> {
        self.number()
    }
}

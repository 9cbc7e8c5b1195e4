//! One row of the ATA attribute table, in the old and the brief format, and its raw value by kind.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, hex_digit1, space0, space1, u8 as byte, u16 as word};
use nom::combinator::{map, recognize, rest, value, verify};
use nom::sequence::{preceded, terminated};
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

/// A whole row. The rest of the line is the raw value, whatever its shape.
pub(super) fn row(input: &str) -> IResult<&str, Attribute> {
    let mut head = (
        preceded(space0, byte),
        preceded(space1, name),
        preceded(space1, flags),
        preceded(space1, level),
        preceded(space1, level),
        preceded(space1, level),
    );
    let (input, (id, name, prefailure, value, worst, threshold)) = head.parse(input)?;
    let (input, _) = space1(input)?;
    let (input, _) = nom::combinator::opt(kind).parse(input)?;
    let (input, when_failed) = when_failed(input)?;
    let (input, raw) = preceded(space1, rest).parse(input)?;
    let attribute = Attribute {
        id,
        name: name.to_owned(),
        value,
        worst,
        threshold,
        when_failed,
        prefailure,
        raw: raw.trim().to_owned(),
    };
    Ok((input, attribute))
}

/// Attributes whose raw value counts events.
const COUNTS: [u8; 9] = [5, 10, 184, 187, 188, 196, 197, 198, 199];
/// Attributes in which Seagate packs errors (high 16 bits of 48) over operations (low 32).
const PACKED: [u8; 3] = [1, 7, 195];

impl Attribute {
    /// The first number of the raw value, hexadecimal or decimal.
    fn number(&self) -> Option<u64> {
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
        if let Some(negative) = self.raw.strip_prefix('-') {
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

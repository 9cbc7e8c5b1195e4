//! Numbers as smartctl prints them: grouped by the locale of whoever ran it, with a unit behind, or absent.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::character::complete::{digit1, hex_digit1, one_of, satisfy, space0};
use nom::combinator::{eof, map_opt, opt, peek, recognize, value};
use nom::multi::{many0_count, many1_count};
use nom::sequence::{pair, preceded, terminated};
use nom::{IResult, Parser};

/// Between groups of digits: `4,000`, `4.000`, `4'000`, `4 000`, a no-break space, or what was one before the bytes
/// were read as UTF-8.
const SEPARATORS: &str = ".,' \u{2019}\u{a0}\u{202f}\u{fffd}";

/// What a label can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held<T> {
    Number(T),
    /// The drive gives none: `-`, `?`, `<not available>`, nothing.
    Absent,
    /// Something that is no such number.
    Garbled,
}

impl<T> Held<T> {
    fn of(value: &str, parse: impl Fn(&str) -> IResult<&str, T>) -> Self {
        if matches!(value, "" | "-" | "?" | "N/A" | "<not available>") {
            return Self::Absent;
        }
        parse(value).map_or(Self::Garbled, |(_, number)| Self::Number(number))
    }
}

/// Behind a number: the end, a blank, a percent sign, or the minutes after hours.
fn ended(input: &str) -> IResult<&str, ()> {
    peek(value((), alt((eof, recognize(satisfy(|next| next.is_whitespace() || "%:]".contains(next)))))))
        .parse(input)
}

/// A separator and a whole group of digits; Indian locales group by two.
fn group(input: &str) -> IResult<&str, &str> {
    let digits = terminated(
        take_while_m_n(2, 3, |letter: char| letter.is_ascii_digit()),
        nom::combinator::not(satisfy(|next| next.is_ascii_digit())),
    );
    preceded(one_of(SEPARATORS), digits).parse(input)
}

/// `0`, `5%`, `4.000.787.030.016 bytes`, `11,836,935 [6 TB]`, `65535 (device log ...)`.
fn grouped(input: &str) -> IResult<&str, u64> {
    let head = take_while_m_n(1, 3, |letter: char| letter.is_ascii_digit());
    let many = recognize(pair(head, many1_count(group)));
    let digits = terminated(alt((terminated(many, ended), digit1)), ended);
    map_opt(digits, |digits: &str| {
        let plain: String = digits.chars().filter(char::is_ascii_digit).collect();
        plain.parse().ok()
    })
    .parse(input)
}

/// The whole part of `10239.55`.
fn decimal(input: &str) -> IResult<&str, u64> {
    let fraction = opt(pair(one_of(".,"), digit1));
    map_opt(terminated(terminated(digit1, fraction), ended), |digits: &str| digits.parse().ok()).parse(input)
}

fn degrees(input: &str) -> IResult<&str, i64> {
    let number = recognize(pair(opt(tag("-")), digit1));
    map_opt(terminated(number, ended), |digits: &str| digits.parse().ok()).parse(input)
}

fn flags(input: &str) -> IResult<&str, u64> {
    let digits = terminated(preceded(tag("0x"), hex_digit1), ended);
    map_opt(digits, |digits| u64::from_str_radix(digits, 16).ok()).parse(input)
}

pub(super) fn whole(value: &str) -> Held<u64> {
    Held::of(value, grouped)
}

pub(super) fn hours(value: &str) -> Held<u64> {
    Held::of(value, decimal)
}

/// Degrees Celsius: `36 C`, `40 Celsius`, `? Celsius`.
pub(super) fn celsius(value: &str) -> Held<i64> {
    Held::of(value.strip_prefix('?').map_or(value, |_| "?"), degrees)
}

/// The upper of two, degrees Celsius: `-41/85 Celsius`, ` 0/ 0 Celsius`.
pub(super) fn upper_celsius(value: &str) -> Held<i64> {
    Held::of(value, |value| preceded((opt(tag("-")), digit1, tag("/"), space0), degrees).parse(value))
}

pub(super) fn hex(value: &str) -> Held<u64> {
    Held::of(value, flags)
}

/// Every blank-separated column of a counter's row is a number, whole or with decimals.
pub(super) fn columns(input: &str) -> IResult<&str, usize> {
    let column = pair(digit1, many0_count(pair(one_of(".,"), digit1)));
    let blank = satisfy(char::is_whitespace);
    terminated(many1_count(preceded(many0_count(blank), recognize(column))), eof).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_locales_digits_are_one_number_and_half_a_number_is_none() {
        for (text, held) in [
            ("4,000,787,030,016 bytes [4.00 TB]", Held::Number(4_000_787_030_016)),
            ("4.000.787.030.016 bytes", Held::Number(4_000_787_030_016)),
            ("4 000 787 030 016 bytes", Held::Number(4_000_787_030_016)),
            ("4\u{fffd}000\u{fffd}787\u{fffd}030\u{fffd}016 bytes", Held::Number(4_000_787_030_016)),
            ("14'000'519'643'136 bytes [14.0 TB]", Held::Number(14_000_519_643_136)),
            ("40,00,78,70,30,016 bytes", Held::Number(4_000_787_030_016)),
            ("600127266816 bytes", Held::Number(600_127_266_816)),
            ("65535 (device log contains only the most recent 4 errors)", Held::Number(65535)),
            ("5%", Held::Number(5)),
            ("0", Held::Number(0)),
            ("-", Held::Absent),
            ("", Held::Absent),
            ("<not available>", Held::Absent),
            ("300,$00,000,000 bytes [300 GB]", Held::Garbled),
            ("4,00x", Held::Garbled),
            ("99999999999999999999999", Held::Garbled),
            ("twelve", Held::Garbled),
        ] {
            assert_eq!(whole(text), held, "{text}");
        }
    }

    #[test]
    fn degrees_hours_and_flags() {
        for (text, held) in [
            ("36 C", Held::Number(36)),
            ("-3 Celsius", Held::Number(-3)),
            ("? Celsius", Held::Absent),
            ("4x C", Held::Garbled),
        ] {
            assert_eq!(celsius(text), held, "{text}");
        }
        assert_eq!(hours("10239.55"), Held::Number(10239));
        assert_eq!(hours("37350:15"), Held::Number(37350));
        assert_eq!(hex("0x04"), Held::Number(4));
        assert_eq!(hex("04"), Held::Garbled);
    }
}

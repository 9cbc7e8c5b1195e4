//! Linux md: `/proc/mdstat` (md(4), the kernel's `drivers/md/md.c`).
//!
//! ```text
//! md0 : active raid1 sdb1[1] sda1[0](F)
//!       976630464 blocks super 1.2 [2/1] [_U]
//!       [==>..................]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec
//! ```

use nom::branch::alt;
use nom::bytes::complete::{tag, take_until, take_while1};
use nom::character::complete::{char, one_of, space0, space1, u32 as number};
use nom::combinator::{map, opt, value};
use nom::multi::many0;
use nom::sequence::{delimited, preceded, separated_pair, terminated};
use nom::{IResult, Parser};

use super::{Array, Health};

/// Arrays looked at, at most.
const MAX_ARRAYS: usize = 256;

/// Every array of the text. `state` gives sysfs's `md/array_state` of an array, where it can be read.
pub fn arrays(text: &str, state: impl Fn(&str) -> Option<String>) -> Vec<Array> {
    let mut arrays: Vec<(Head<'_>, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        match (head(line), arrays.last_mut()) {
            (Ok((_, found)), _) => arrays.push((found, Vec::new())),
            (Err(_), Some((_, details))) if line.starts_with(' ') => details.push(line.trim()),
            _ => {}
        }
    }
    arrays.into_iter().take(MAX_ARRAYS).map(|(head, details)| head.judge(&details, &state)).collect()
}

/// The first line of an array.
struct Head<'a> {
    name: &'a str,
    active: bool,
    level: &'a str,
    members: Vec<Member<'a>>,
}

struct Member<'a> {
    device: &'a str,
    /// `F` faulty, `S` spare, `W` write-mostly, `J` journal, `R` replacement.
    flags: Vec<char>,
}

fn word(input: &str) -> IResult<&str, &str> {
    take_while1(|letter: char| letter.is_ascii_alphanumeric() || "_-.!/:".contains(letter)).parse(input)
}

fn member(input: &str) -> IResult<&str, Member<'_>> {
    let slot = delimited(char('['), number, char(']'));
    let flags = many0(delimited(char('('), one_of("FSWJRX"), char(')')));
    map((terminated(word, slot), flags), |(device, flags)| Member { device, flags }).parse(input)
}

fn head(input: &str) -> IResult<&str, Head<'_>> {
    let active = alt((value(true, tag("active")), value(false, tag("inactive"))));
    let mode = opt(preceded(space1, delimited(char('('), take_until(")"), char(')'))));
    let start = (terminated(word, (space0, char(':'), space0)), terminated(active, mode));
    let level = opt(preceded(space1, terminated(word, nom::combinator::not(char('[')))));
    let members = many0(preceded(space1, member));
    map((start, level, members), |((name, active), level, members)| Head {
        name,
        active,
        level: level.unwrap_or("unknown"),
        members,
    })
    .parse(input)
}

/// `[2/1]`: members that there should be, and those that work.
fn counts(line: &str) -> Option<(u32, u32)> {
    line.match_indices('[').find_map(|(at, _)| {
        let pair = delimited(char('['), separated_pair(number, char('/'), number), char(']'));
        let parsed: IResult<&str, (u32, u32)> = { pair }.parse(line.get(at..)?);
        parsed.ok().map(|(_, counts)| counts)
    })
}

/// `2 near-copies`, `2 far-copies`, `3 offset-copies` of raid10.
fn copies(line: &str) -> Option<u32> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    words.windows(2).find_map(|pair| match pair {
        [count, kind] if kind.ends_with("-copies") => count.parse().ok(),
        _ => None,
    })
}

/// `recovery = 12.6%`, `resync=DELAYED`, `check =  3.1%`.
fn progress(line: &str) -> Option<String> {
    let action = alt((tag("recovery"), tag("resync"), tag("reshape"), tag("check"), tag("repair")));
    let told = take_while1(|letter: char| letter.is_ascii_alphanumeric() || ".%".contains(letter));
    let mut parsed = preceded(
        many0(nom::character::complete::none_of("abcdefghijklmnopqrstuvwxyz")),
        (action, preceded((space0, char('='), space0), told)),
    );
    let parsed: IResult<&str, (&str, &str)> = parsed.parse(line);
    parsed.ok().map(|(_, (action, how_far))| format!("{action} at {how_far}"))
}

impl Head<'_> {
    fn judge(&self, details: &[&str], state: &impl Fn(&str) -> Option<String>) -> Array {
        let (total, working) = details.iter().find_map(|line| counts(line)).unwrap_or((0, 0));
        let copies = details.iter().find_map(|line| copies(line)).unwrap_or(2);
        let designed = match self.level {
            "raid1" => total.saturating_sub(1),
            "raid4" | "raid5" => 1,
            "raid6" => 2,
            "raid10" => copies.saturating_sub(1),
            _ => 0,
        };
        let faulty: Vec<&str> = self.with('F').collect();
        let mut remarks: Vec<String> = faulty.iter().map(|device| format!("{device} is faulty")).collect();
        let missing = total.saturating_sub(working);
        if missing > 0 {
            remarks.push(format!("{missing} of {total} members do not work"));
        }
        remarks.extend(details.iter().find_map(|line| progress(line)));
        Array {
            subject: self.name.to_owned(),
            level: self.level.to_owned(),
            designed,
            health: self.health(designed, missing, state(self.name).as_deref()),
            members: self.present(),
            remarks,
        }
    }

    fn health(&self, designed: u32, missing: u32, state: Option<&str>) -> Health {
        match (self.active, state) {
            (_, Some("broken")) => Health::Lost { why: "the kernel calls the array broken".to_owned() },
            (false, _) => Health::Unknown { why: "the array is not started".to_owned() },
            // A striped mirror survives as many as fall on different pairs; the kernel says when it does not.
            (true, _) if missing > designed && self.level != "raid10" && designed > 0 => {
                Health::Lost { why: format!("{missing} members are gone, and it survives {designed}") }
            }
            (true, _) => Health::Survives(designed.saturating_sub(missing)),
        }
    }

    fn with(&self, flag: char) -> impl Iterator<Item = &str> {
        self.members.iter().filter(move |member| member.flags.contains(&flag)).map(|member| member.device)
    }

    /// Members that hold data now: no faulty ones, no spares.
    fn present(&self) -> Vec<String> {
        let holds = |member: &&Member<'_>| !member.flags.iter().any(|flag| "FSJ".contains(*flag));
        self.members.iter().filter(holds).map(|member| member.device.to_owned()).collect()
    }
}

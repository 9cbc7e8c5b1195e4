//! What `smartctl --scan-open` prints: a drive a line, how it is spoken to, and what could not be opened.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_until1, take_while1};
use nom::character::complete::{char, space0, space1};
use nom::combinator::{map, opt, rest};
use nom::sequence::{preceded, separated_pair, terminated};
use nom::{IResult, Parser};

/// Lines looked at, at most.
const MAX_LINES: usize = 1024;

/// One drive that answers: where it is, and smartctl's `-d` for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    pub device: String,
    pub kind: String,
}

/// A whole scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    pub drives: Vec<Scanned>,
    /// Device and smartctl's words why it could not be opened.
    pub refused: Vec<(String, String)>,
}

enum Line<'a> {
    Drive(&'a str, &'a str),
    Refused(&'a str, &'a str),
}

/// Reads a scan. Lines that are neither are smartctl's remarks, and no drive.
pub fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    for line in text.lines().take(MAX_LINES) {
        match alt((refused, drive)).parse(line.trim_end()) {
            Ok((_, Line::Drive(device, kind))) => {
                scan.drives.push(Scanned { device: device.to_owned(), kind: kind.to_owned() });
            }
            Ok((_, Line::Refused(device, why))) => scan.refused.push((device.to_owned(), why.to_owned())),
            Err(_) => {}
        }
    }
    scan
}

fn word(input: &str) -> IResult<&str, &str> {
    take_while1(|letter: char| !letter.is_whitespace() && letter != '#').parse(input)
}

/// `/dev/bus/0 -d megaraid,4 # /dev/bus/0 [megaraid_disk_04], SCSI device`.
fn drive(input: &str) -> IResult<&str, Line<'_>> {
    let remark = opt((space1, char('#'), rest));
    let address = separated_pair(word, (space1, tag("-d"), space1), word);
    map(terminated(address, (remark, nom::combinator::eof)), |(device, kind)| Line::Drive(device, kind))
        .parse(input)
}

/// `# /dev/sdb -d scsi # /dev/sdb, SCSI device open failed: Permission denied`.
fn refused(input: &str) -> IResult<&str, Line<'_>> {
    let device = preceded((char('#'), space0), word);
    let why = preceded((take_until1("open failed: "), tag("open failed: ")), rest);
    map((device, why), |(device, why)| Line::Refused(device, why)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_names_drives_their_type_and_those_it_may_not_open() {
        let text = "/dev/sda -d sat # /dev/sda [SAT], ATA device\n\
                    /dev/bus/0 -d megaraid,4 # /dev/bus/0 [megaraid_disk_04], SCSI device\n\
                    /dev/nvme0 -d nvme\n\
                    # /dev/sdb -d scsi # /dev/sdb, SCSI device open failed: Permission denied\n\
                    # scan_smart_devices: glob(3) aborted matching pattern /dev/sd[a-z]\n\n";
        let scan = scan(text);
        let told: Vec<(&str, &str)> =
            scan.drives.iter().map(|drive| (drive.device.as_str(), drive.kind.as_str())).collect();
        assert_eq!(told, [("/dev/sda", "sat"), ("/dev/bus/0", "megaraid,4"), ("/dev/nvme0", "nvme")]);
        assert_eq!(scan.refused, [("/dev/sdb".to_owned(), "Permission denied".to_owned())]);
    }
}

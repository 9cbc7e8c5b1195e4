//! A real ATA drive's answers as smartctl recorded them (`-r ioctl,2`), which a real smartctl reads back (`smartctl -a -`); and
//! the same drive later: with a higher count, or another one of its model in its place.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, ensure};

const IDENTITY: &str = "IDENTIFY DEVICE";
const ATTRIBUTES: &str = "SMART READ ATTRIBUTE VALUES";
/// Bytes of one answer.
const SECTOR: usize = 512;
/// Where the table of attributes stands in its sector (ATA8-ACS, SMART READ DATA): 30 rows of 12 bytes.
const TABLE: Range<usize> = 2..362;
const ROW: usize = 12;
/// Words 10 to 19 of IDENTIFY DEVICE, two letters a word, the second first.
const SERIAL: Range<usize> = 20..40;

/// The text of a recording.
#[derive(Clone, Debug)]
pub struct Dump(String);

impl Dump {
    pub fn read(path: &Path) -> Result<Self> {
        Ok(Self(fs::read_to_string(path).with_context(|| path.display().to_string())?))
    }

    pub fn write(&self, path: &Path) -> Result<()> {
        // As a whole: somebody may be reading it.
        let part = path.with_extension("part");
        fs::write(&part, &self.0)?;
        fs::rename(&part, path)?;
        Ok(())
    }

    /// The raw value of the ATA attribute `id`; `None` where the drive has none.
    pub fn raw(&self, id: u8) -> Option<u64> {
        let sector = self.sector(ATTRIBUTES).ok()?;
        let raw = sector.get(row(&sector, id)?)?;
        Some(raw.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The drive with this raw value.
    pub fn with_raw(&self, id: u8, value: u32) -> Result<Self> {
        let mut sector = self.sector(ATTRIBUTES)?;
        let raw = row(&sector, id).with_context(|| format!("the drive has no attribute {id}"))?;
        let bytes = value.to_le_bytes();
        sector
            .get_mut(raw)
            .context("a short sector")?
            .iter_mut()
            .zip(bytes.iter().chain(&[0, 0]))
            .for_each(|(byte, new)| *byte = *new);
        self.with_sector(ATTRIBUTES, sector)
    }

    /// Another drive of its model.
    pub fn with_serial(&self, serial: &str) -> Result<Self> {
        ensure!(serial.len() <= SERIAL.len(), "a serial number has {} letters at most", SERIAL.len());
        let mut sector = self.sector(IDENTITY)?;
        let padded = format!("{serial:<width$}", width = SERIAL.len());
        let swapped = padded.as_bytes().chunks(2).flat_map(|word| word.iter().rev());
        sector[SERIAL].iter_mut().zip(swapped).for_each(|(byte, letter)| *byte = *letter);
        self.with_sector(IDENTITY, sector)
    }

    fn lines(&self, command: &str) -> Result<Range<usize>> {
        let start = format!("===== [{command}] DATA START (BASE-16) =====\n");
        let from = self.0.find(&start).with_context(|| format!("no answer to {command}"))? + start.len();
        let rest = self.0.get(from..).unwrap_or_default();
        let length = rest.find("=====").with_context(|| format!("no end of {command}"))?;
        Ok(from..from + length)
    }

    /// `000-015: 01 00 05 33 ... |................|`
    fn sector(&self, command: &str) -> Result<Vec<u8>> {
        let text = self.0.get(self.lines(command)?).unwrap_or_default();
        let hex = text.lines().filter_map(|line| line.split_once(": ")?.1.split_once(" |"));
        let bytes = hex.flat_map(|(hex, _)| hex.split_whitespace()).map(|byte| u8::from_str_radix(byte, 16));
        let sector = bytes.collect::<Result<Vec<u8>, _>>()?;
        ensure!(sector.len() == SECTOR, "{command} answered {} bytes", sector.len());
        Ok(sector)
    }

    fn with_sector(&self, command: &str, mut sector: Vec<u8>) -> Result<Self> {
        // The bytes of a sector sum up to nothing.
        let sum = sector[..SECTOR - 1].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        sector[SECTOR - 1] = sum.wrapping_neg();
        let text: String = sector
            .chunks(16)
            .enumerate()
            .map(|(index, bytes)| {
                let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let from = index * 16;
                format!("{from:03}-{:03}: {} |................|\n", from + 15, hex.join(" "))
            })
            .collect();
        let mut dump = self.0.clone();
        dump.replace_range(self.lines(command)?, &text);
        Ok(Self(dump))
    }
}

/// Where the raw value of attribute `id` stands.
fn row(sector: &[u8], id: u8) -> Option<Range<usize>> {
    let rows = sector.get(TABLE)?.chunks(ROW);
    let index = rows.into_iter().position(|row| row.first() == Some(&id))?;
    let start = TABLE.start + index * ROW + 5;
    Some(start..start + 6)
}

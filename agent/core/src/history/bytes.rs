//! Numbers in as few bytes as they need: LEB128 for whole ones, the bytes that changed for others.

/// The widest number that is written: a 64-bit one beside a flag.
const MOST_BITS: u32 = 70;

/// Seven bits a byte, the lowest first; all but the last have the top bit set (LEB128).
pub(super) fn put(into: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        into.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Small numbers of either sign as small ones without.
pub(super) const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

pub(super) const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// The bits in which `value` differs from `before`: how many of its bytes are nothing at either end, and those between.
pub(super) fn put_change(into: &mut Vec<u8>, before: f64, value: f64) {
    let changed = before.to_bits() ^ value.to_bits();
    let (ahead, behind) = match changed {
        0 => (8, 0),
        bits => ((bits.leading_zeros() / 8) as usize, (bits.trailing_zeros() / 8) as usize),
    };
    into.push((ahead << 4 | behind) as u8);
    into.extend(changed.to_be_bytes().iter().take(8 - behind).skip(ahead));
}

/// Reads from the front of what is left; `None` when that is not what was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn number(&mut self) -> Option<u128> {
        let mut number = 0;
        for shift in (0..MOST_BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn whole(&mut self) -> Option<u64> {
        u64::try_from(self.number()?).ok()
    }

    pub(super) fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(super) fn change(&mut self, before: f64) -> Option<f64> {
        let head = self.byte()?;
        let (ahead, behind) = (usize::from(head >> 4), usize::from(head & 0xf));
        let length = 8_usize.checked_sub(ahead + behind)?;
        let mut changed = [0; 8];
        changed.get_mut(ahead..ahead + length)?.copy_from_slice(self.take(length)?);
        Some(f64::from_bits(before.to_bits() ^ u64::from_be_bytes(changed)))
    }
}

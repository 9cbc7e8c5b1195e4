//! `/proc/meminfo` (proc_meminfo(5)) and `/proc/sys/fs/file-nr` (proc_sys_fs(5)) as fractions that are left.

/// Memory as the kernel counts it, in kibibytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub total: u64,
    pub available: u64,
    pub swap_total: u64,
    pub swap_free: u64,
}

impl Memory {
    /// The part of memory that can still be had without swapping, 0..1.
    pub fn available_part(&self) -> Option<f64> {
        part(self.available, self.total)
    }

    /// The part of swap that is free; `None` on a host without swap.
    pub fn swap_part(&self) -> Option<f64> {
        part(self.swap_free, self.swap_total)
    }
}

fn part(left: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| left as f64 / all as f64)
}

/// `None` when the total is missing.
pub fn parse(text: &str) -> Option<Memory> {
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let rest = line.strip_prefix(name)?.strip_prefix(':')?;
            rest.split_ascii_whitespace().next()?.parse().ok()
        })
    };
    Some(Memory {
        total: field("MemTotal")?,
        available: field("MemAvailable").or_else(|| field("MemFree"))?,
        swap_total: field("SwapTotal").unwrap_or(0),
        swap_free: field("SwapFree").unwrap_or(0),
    })
}

/// The part of file handles that is free, of `allocated unused maximum`.
pub fn file_handles_free(text: &str) -> Option<f64> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<u64>);
    let (allocated, _, maximum) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    // A limit that was lowered below what is in use leaves nothing.
    (maximum > 0).then(|| (1.0 - allocated as f64 / maximum as f64).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_file_is_read() {
        let text = "MemTotal:       24626560 kB\nMemFree:        20316980 kB\nMemAvailable:   23641498 kB\n\
                    SwapTotal:             0 kB\nSwapFree:              0 kB\n";
        let memory = parse(text).unwrap();
        assert!((memory.available_part().unwrap() - 0.96).abs() < 0.001);
        assert_eq!(memory.swap_part(), None);
        assert_eq!(parse("nothing"), None);
    }

    #[test]
    fn file_handles_are_a_part() {
        assert_eq!(file_handles_free("1000\t0\t4000\n"), Some(0.75));
        assert_eq!(file_handles_free("4000 0 1000"), Some(0.0));
        assert_eq!(file_handles_free("1 2"), None);
    }
}

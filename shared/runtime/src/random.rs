//! The one place that draws random numbers.

/// `N` random bytes from the kernel.
#[expect(clippy::disallowed_methods, reason = "this is the one place that draws random numbers")]
pub fn random<const N: usize>() -> [u8; N] {
    const { assert!(N <= 256, "getrandom(2) gives up to 256 bytes at once without fail") };
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .expect("getrandom(2) blocks until the pool is seeded and then gives up to 256 bytes without fail");
    bytes
}

/// A fraction in 0..1, so that those who lost something together do not come back together.
pub fn jitter() -> f64 {
    f64::from(u16::from_be_bytes(random())) / 65_536.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(random::<16>(), random::<16>());
        assert!((0.0..1.0).contains(&jitter()));
    }
}

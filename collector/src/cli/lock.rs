//! One collector on one data folder: two would run every clock and send every message twice.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::Failure;

/// Held as long as it lives; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(data: &Path) -> Result<Self, Failure> {
        let file = File::options().write(true).create(true).truncate(false).open(data.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                let place = data.display();
                Err(Failure::Unreadable(format!(
                    "another collector runs on {place}: stop it, or give this one its own"
                )))
            }
            Err(TryLockError::Error(fault)) => Err(fault.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_collector_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        assert!(matches!(Lock::take(folder.path()), Err(Failure::Unreadable(_))));
        drop(first);
        assert!(Lock::take(folder.path()).is_ok());
    }
}

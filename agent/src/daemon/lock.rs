//! One agent on one state folder: two would judge the same readings twice.

use std::fs::File;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::DaemonFault;

/// Held as long as it lives; the kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(folder: &Path) -> Result<Self, DaemonFault> {
        let path = folder.join("lock");
        let fault = |fault| DaemonFault::File { path: path.display().to_string(), fault };
        std::fs::DirBuilder::new().recursive(true).mode(0o750).create(folder).map_err(fault)?;
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(fault)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(DaemonFault::Taken(folder.display().to_string())),
            Err(errno) => Err(fault(errno.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_agent_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let first = Lock::take(&state).unwrap();
        assert!(matches!(Lock::take(&state), Err(DaemonFault::Taken(_))));
        drop(first);
        assert!(Lock::take(&state).is_ok());
    }
}

//! Making sure that what a dead runner began to start is either known, or never starts.

use std::fs::{File, TryLockError};
use std::time::Duration;

use jiff::Timestamp;

use super::{AttemptDir, AttemptError, EXIT, Exit, ExitCause, ExitStatus, LOCK};

impl AttemptDir {
    /// Makes sure that nothing of the attempt starts any more, where nothing has: a shim that a
    /// dead runner started may still be on its way. Returns when that is so, or who was started
    /// is known.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub(in crate::run) fn fence(&self, now: Timestamp) -> Result<(), AttemptError> {
        while self.is_on_its_way()? {
            let path = self.file(LOCK);
            let lock = File::create(&path).map_err(AttemptError::io("make", &path))?;
            match lock.try_lock() {
                // The shim looks for an exit once it has the lock.
                Ok(()) if self.started()?.is_none() => {
                    let reason = "its runner died before it was started".to_owned();
                    self.write(
                        EXIT,
                        &Exit {
                            status: ExitStatus::NotStarted(reason),
                            cause: ExitCause::Own,
                            at: now,
                            leftovers: 0,
                            unkillable: 0,
                        },
                    )?;
                }
                Ok(()) => {}
                // It lives, and is about to write who it is.
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
                Err(TryLockError::Error(error)) => {
                    return Err(AttemptError::io("lock", &path)(error));
                }
            }
        }
        Ok(())
    }

    /// Whether a worker may still be started. A shim tells first who it is, and then who the
    /// worker is.
    fn is_on_its_way(&self) -> Result<bool, AttemptError> {
        if self.read_exit()?.is_some() {
            return Ok(false);
        }
        match self.started()? {
            Some(started) => Ok(started.worker.is_none() && self.is_alive()?),
            None => Ok(true),
        }
    }
}

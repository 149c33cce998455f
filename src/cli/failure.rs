//! How a command ends.

use crate::ops::Error;
use crate::store::StoreError;

/// The exit code of a command that did what it should, or why it did not.
pub(crate) type Outcome = Result<u8, Failure>;

/// Why a command did not do what it should.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It could not.
    Error(Error),
    /// Its output could not be written.
    Output(std::io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

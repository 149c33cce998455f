//! `tk worker-shim`, for the runner alone.

use std::path::PathBuf;

use super::{Outcome, Session};
use crate::run::shim;

/// Supervise one worker; started by the runner
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The attempt's folder
    attempt: PathBuf,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        Ok(shim::shim_main(&session.context, &self.attempt))
    }
}

//! `tk demo-worker`, for the sample of `tk demo` alone.

use super::{Outcome, Session};
use crate::run::demo;

/// Play a ticket of the sample; started by the run of `tk demo`
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        demo::work(&session.context)?;
        Ok(0)
    }
}

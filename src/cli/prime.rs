//! `tk prime`

use super::{Failure, Outcome, Session};
use crate::ops::{self, ErrorCode};
use crate::ui;

/// Tell an agent how to use tk here
///
/// Few words, the rules first, the same every time: for a hook that begins a session, or for
/// a prompt. Outside a project it prints nothing and the exit code is 0.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk prime
  tk prime --json")]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let told = session.in_project(|project| {
            let prime = ops::prime(project);
            if session.screen.is_json() {
                session.screen.document(&prime)?;
            } else {
                session.screen.text(&ui::prime::text(&prime))?;
            }
            Ok(0)
        });
        match told {
            Err(Failure::Error(error))
                if matches!(
                    error.code,
                    ErrorCode::NoRepository | ErrorCode::NotInitialised
                ) =>
            {
                Ok(0)
            }
            told => told,
        }
    }
}

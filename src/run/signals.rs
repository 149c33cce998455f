//! Ctrl-C, SIGTERM, `tk stop` and `tk retry`, as one stream.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::folder::RunDir;
use crate::git::signals_are_handled;
use crate::ops::{Error, ErrorCode, Result};

/// What is asked of a run from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Stop everything.
    Stop,
    /// Stop some tickets, and try others again.
    Tickets {
        stop: Vec<String>,
        retry: Vec<String>,
    },
}

/// What asks a run to stop from outside.
#[derive(Debug)]
pub(super) struct Signals {
    dir: Option<RunDir>,
    look: Signal,
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Takes the signals over from the system's defaults. Needs a runtime.
    pub(super) fn new() -> Result<Self> {
        signals_are_handled();
        let take = |kind| {
            signal(kind).map_err(|error| {
                Error::new(
                    ErrorCode::Failed,
                    format!("signals cannot be handled: {error}"),
                )
            })
        };
        Ok(Self {
            dir: None,
            look: take(SignalKind::user_defined1())?,
            interrupt: take(SignalKind::interrupt())?,
            terminate: take(SignalKind::terminate())?,
            hang_up: take(SignalKind::hangup())?,
        })
    }

    /// Tells in which run's folder wishes about single tickets are left.
    pub(super) fn listen_in(&mut self, dir: RunDir) {
        self.dir = Some(dir);
    }

    /// Waits for the next wish to stop.
    pub(super) async fn next(&mut self) -> Wish {
        tokio::select! {
            Some(()) = self.interrupt.recv() => Wish::Stop,
            Some(()) = self.terminate.recv() => Wish::Stop,
            Some(()) = self.hang_up.recv() => Wish::Stop,
            // `tk stop ID` and `tk retry ID` leave their wish in the run's folder and send this
            // signal. A wish
            // that cannot be read stops the run: better too much than nothing.
            Some(()) = self.look.recv() => {
                let Some(dir) = &self.dir else {
                    return Wish::Tickets { stop: Vec::new(), retry: Vec::new() };
                };
                match (dir.take_stops(), dir.take_retries()) {
                    (Ok(stop), Ok(retry)) => Wish::Tickets { stop, retry },
                    _ => Wish::Stop,
                }
            }
            else => std::future::pending().await,
        }
    }
}

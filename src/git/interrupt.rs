//! Signals while `git` talks to a remote: what it started there ends with this program.
//!
//! `git` has a process group of its own, so that Ctrl-C in the terminal does not cut a merge in
//! half. While a remote is waited for nothing is cut, and a connection that hangs would outlive
//! whoever asked for it. Runs handle signals themselves, and say so.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use wait_timeout::ChildExt;

use super::command::end;

/// How soon a signal is heeded.
const HEED: Duration = Duration::from_millis(50);

/// The signals that end a program which does nothing about them.
const SIGNALS: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];

/// Whether somebody else handles them.
static HANDLED: AtomicBool = AtomicBool::new(false);

static WATCH: OnceLock<Watch> = OnceLock::new();

/// Leaves the signals to whoever says this, from now on.
pub fn signals_are_handled() {
    HANDLED.store(true, Ordering::SeqCst);
}

#[derive(Debug, Default)]
struct Watch {
    /// How many wait for a remote.
    waiting: AtomicUsize,
    /// Whether nobody does, so that a signal does what it always does.
    usual: Arc<AtomicBool>,
    /// The signal that came.
    came: Arc<AtomicUsize>,
}

/// While it lives, signals are kept for whoever waits.
#[derive(Debug)]
pub(super) struct Waiting(&'static Watch);

impl Waiting {
    /// Begins to keep them; nothing where somebody else handles them.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub(super) fn begin() -> io::Result<Option<Self>> {
        if HANDLED.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let watch = match WATCH.get() {
            Some(watch) => watch,
            None => {
                let watch = Watch::default();
                for signal in SIGNALS {
                    flag::register_conditional_default(signal, Arc::clone(&watch.usual))?;
                    let number = usize::try_from(signal).unwrap_or_default();
                    flag::register_usize(signal, Arc::clone(&watch.came), number)?;
                }
                WATCH.get_or_init(|| watch)
            }
        };
        watch.waiting.fetch_add(1, Ordering::SeqCst);
        watch.usual.store(false, Ordering::SeqCst);
        Ok(Some(Self(watch)))
    }

    /// Waits for the program until the deadline; nothing where it has not ended by then. If a
    /// signal comes that ends this program, both end by it.
    ///
    /// # Errors
    /// When the program cannot be waited for or ended.
    pub(super) fn wait(
        &self,
        child: &mut Child,
        deadline: Instant,
    ) -> io::Result<Option<ExitStatus>> {
        loop {
            let rest = deadline.saturating_duration_since(Instant::now());
            if let Some(status) = child.wait_timeout(rest.min(HEED))? {
                return Ok(Some(status));
            }
            if let Some(signal) = self.signal() {
                end(child)?;
                low_level::emulate_default_handler(signal)?;
            }
            if rest.is_zero() {
                return Ok(None);
            }
        }
    }

    /// The signal that came meanwhile, if one did.
    fn signal(&self) -> Option<i32> {
        let came = i32::try_from(self.0.came.load(Ordering::SeqCst)).ok();
        came.filter(|signal| *signal != 0)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.0.waiting.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.usual.store(true, Ordering::SeqCst);
        }
    }
}

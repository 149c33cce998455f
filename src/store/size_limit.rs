//! The limit that a shell or a service manager may set on the size of files.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::Signal;

/// A write beyond the limit fails from now on and is told, as one on a full disk is. Without
/// this the system would end the process in the middle of it, by a signal. Programs that are
/// started get the signal as ever.
pub fn report_size_limit() {
    // That the signal cannot be had is no reason not to work.
    let seen = Arc::new(AtomicBool::new(false));
    let _ = signal_hook::flag::register(Signal::XFSZ.as_raw(), seen);
}

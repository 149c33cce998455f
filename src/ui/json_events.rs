//! A run's events for programs: one JSON object a line on standard output.

use std::io::Write;

use super::screen::json_line;
use crate::run::Reporter;
use crate::wire::Event;

/// Writes events to standard output as they come.
#[derive(Clone, Copy, Debug)]
pub struct JsonEvents;

impl Reporter for JsonEvents {
    fn event(&mut self, event: &Event) {
        // A reader that has gone does not end the run: its events are in the journal.
        let _gone = write(event);
    }

    fn tell(&mut self, text: &str) {
        anstream::eprintln!("{text}");
    }
}

/// Writes one event as a line.
///
/// # Errors
/// When standard output cannot be written, a broken pipe included.
pub fn write(event: &Event) -> std::io::Result<()> {
    let line = json_line(event)?;
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.flush()
}

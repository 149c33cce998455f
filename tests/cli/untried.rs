//! What this machine does not allow to be tried.

/// Says, past the test harness that keeps what passing tests say to itself, what could not be
/// tried on this machine.
pub(crate) fn could_not(what: &str) {
    use std::io::Write;
    let said = format!("NOT TRIED: {what}\n");
    std::io::stderr().write_all(said.as_bytes()).unwrap();
}

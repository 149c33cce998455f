//! Names of files in messages.

use std::fmt::{self, Write};
use std::path::Path;

/// A path for a message: on one line, whatever characters it has.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'p>(pub &'p Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.to_string_lossy().chars() {
            if c.is_control() {
                write!(f, "{}", c.escape_debug())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_line() {
        let path = Path::new("/o'd \"q\"/größer\nerror: spoofed\u{1b}[2J");
        let shown = "/o'd \"q\"/größer\\nerror: spoofed\\u{1b}[2J";
        assert_eq!(Shown(path).to_string(), shown);
    }
}

//! What a program said and how it ended.

use std::fmt;

/// The output of a finished program, with the sandbox's folder shown as `$ROOT`.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
    /// The exit code; 128 and the signal's number where a signal ended it.
    pub(crate) code: i32,
}

impl Output {
    /// Standard output, where the program went well; a failed test where it did not.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self}");
        self.stdout
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }
}

/// Standard output, then what else there is under headings: made for inline snapshots.
impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let block = |text: &str| match text {
            "" => String::new(),
            text if text.ends_with('\n') => text.to_owned(),
            text => format!("{text}\n"),
        };
        f.write_str(&block(&self.stdout))?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", block(&self.stderr))?;
        }
        if self.code != 0 {
            writeln!(f, "--- exit {}", self.code)?;
        }
        Ok(())
    }
}

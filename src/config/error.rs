//! What is wrong with a configuration file, and where.

use std::fmt;

/// Why a configuration file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The file, as it was named.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The key with its tables, such as `run.parallel`; absent where the text is not TOML.
    pub key: Option<String>,
    /// What is wrong and what was expected.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

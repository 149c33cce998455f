//! `tk.error.v1` and `tk.warning.v1`: what goes to standard error under `--json`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// An error, on one line.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ErrorDocument {
    /// `tk.error.v1`.
    pub schema: &'static str,
    /// What went wrong.
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ErrorBody {
    /// The stable code, such as `TICKET_NOT_FOUND`.
    #[schemars(extend("pattern" = "^[A-Z]+(_[A-Z]+)*$"))]
    pub code: &'static str,
    /// What is wrong, where, what was expected.
    pub message: String,
    /// What to do; null where there is nothing to advise.
    pub hint: Option<String>,
    /// Whether the same command may succeed later by itself.
    pub retryable: bool,
    /// The process's exit code.
    pub exit_code: u8,
    /// Facts: what was given, near matches.
    pub context: Map<String, Value>,
}

/// Something a person should know though the command went on, on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WarningDocument {
    /// `tk.warning.v1`.
    pub schema: &'static str,
    /// What it is.
    pub warning: String,
}

impl ErrorDocument {
    /// The document of that error.
    #[must_use]
    pub const fn new(error: ErrorBody) -> Self {
        Self {
            schema: "tk.error.v1",
            error,
        }
    }
}

impl WarningDocument {
    /// The document of that warning.
    #[must_use]
    pub const fn new(warning: String) -> Self {
        Self {
            schema: "tk.warning.v1",
            warning,
        }
    }
}

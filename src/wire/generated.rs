//! The documents of the commands that write what is generated.

use schemars::JsonSchema;
use serde::Serialize;

/// `tk completions --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CompletionsDocument {
    /// `tk.completions.v1`.
    pub schema: &'static str,
    /// The shell.
    pub shell: &'static str,
    /// The script that the shell is to read.
    pub script: String,
}

/// `tk demo --prepare-only --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DemoDocument {
    /// `tk.demo.v1`.
    pub schema: &'static str,
    /// The folder of the sample repository.
    pub path: String,
}

/// `tk man --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ManDocument {
    /// `tk.man.v1`.
    pub schema: &'static str,
    /// The folder.
    pub path: String,
    /// The pages written into it, by name.
    pub files: Vec<String>,
}

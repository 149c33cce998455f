//! `tk.settings.v1` and `tk.prime.v1`: how this project is set up.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// `tk config --json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SettingsDocument {
    /// `tk.settings.v1`.
    pub schema: &'static str,
    /// The settings, in the order of the file that `tk init` writes.
    pub settings: Vec<Setting>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Setting {
    /// Its key with its tables, such as `run.parallel`.
    pub key: String,
    /// Its value; null where there is none and no default, such as a limit.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
    /// The file that sets it.
    pub path: Option<String>,
    /// The line there, from 1.
    pub line: Option<usize>,
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Nobody has set it.
    Default,
    /// A file sets it.
    File,
}

/// `tk prime --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PrimeDocument {
    /// `tk.prime.v1`.
    pub schema: &'static str,
    /// What holds here, the most important first.
    pub rules: Vec<String>,
    /// What to call for what.
    pub commands: Vec<PrimeCommand>,
}

/// A command worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PrimeCommand {
    /// The command.
    pub run: &'static str,
    /// What it does.
    pub what: &'static str,
}

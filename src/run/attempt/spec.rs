//! What is to be started in an attempt folder, and within which bounds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// More than any worker has to say: what goes on after that fills the disk.
pub const MOST_OUTPUT: u64 = 256 << 20;

const fn most_output() -> u64 {
    MOST_OUTPUT
}

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The folder it works in.
    pub cwd: PathBuf,
    /// Variables to set, over those of the runner.
    pub env: BTreeMap<String, String>,
    /// Variables of the runner that it must not see.
    #[serde(default)]
    pub unset: Vec<String>,
    /// What it reads.
    pub stdin: Stdin,
    /// How long it may take to end after an interrupt, before it is killed.
    pub grace_ms: u64,
    /// How long it may go on after its input was closed, before it is killed.
    pub close_ms: u64,
    /// How long it may run in all, before it is interrupted.
    #[serde(default)]
    pub limit_ms: Option<u64>,
    /// How many bytes it may write to either of its outputs, before it is interrupted.
    #[serde(default = "most_output")]
    pub max_output: u64,
}

/// What a worker reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stdin {
    /// What the runner writes while it runs.
    Pipe,
    /// A file's content.
    File(PathBuf),
    /// Nothing.
    Empty,
}

impl Spec {
    /// A program that reads nothing, in the folder `cwd`, with the usual times: 10 s after an
    /// interrupt, 30 s after the close of its input.
    #[must_use]
    pub fn new(argv: Vec<String>, cwd: PathBuf) -> Self {
        Self {
            argv,
            cwd,
            env: BTreeMap::new(),
            unset: Vec::new(),
            stdin: Stdin::Empty,
            grace_ms: 10_000,
            close_ms: 30_000,
            limit_ms: None,
            max_output: MOST_OUTPUT,
        }
    }

    pub(in crate::run) const fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms)
    }

    pub(in crate::run) const fn close_grace(&self) -> Duration {
        Duration::from_millis(self.close_ms)
    }
}

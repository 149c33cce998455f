//! One finding, and how it is mended.

use std::path::{Path, PathBuf};

use crate::model::TicketId;
use crate::ops::Result;
use crate::store::StoreError;
use crate::wire::{Finding, FindingKind, Severity};

/// How a finding is mended. Whatever it does, it first makes sure that it is still right.
type Mend<'a> = Box<dyn Fn() -> Result<()> + 'a>;

/// A finding, with the way to mend it where there is a safe one.
pub(super) struct Found<'a> {
    pub(super) finding: Finding,
    /// The files that mending changes or removes.
    changes: Vec<PathBuf>,
    mend: Option<Mend<'a>>,
}

impl<'a> Found<'a> {
    pub(super) fn new(kind: FindingKind, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            finding: Finding {
                kind,
                severity,
                ticket: None,
                path: None,
                paths: Vec::new(),
                line: None,
                branch: None,
                run: None,
                message: message.into(),
                hint: String::new(),
                command: None,
                fixable: false,
                fixed: false,
                failure: None,
            },
            changes: Vec::new(),
            mend: None,
        }
    }

    pub(super) fn ticket(mut self, id: &TicketId) -> Self {
        self.finding.ticket = Some(id.to_string());
        self
    }

    pub(super) fn path(mut self, path: impl Into<String>) -> Self {
        self.finding.path = Some(path.into());
        self
    }

    /// The files, where there are several.
    pub(super) fn paths(mut self, paths: Vec<String>) -> Self {
        self.finding.paths = paths;
        self
    }

    pub(super) fn line(mut self, line: usize) -> Self {
        self.finding.line = Some(line);
        self
    }

    pub(super) fn branch(mut self, branch: &str) -> Self {
        self.finding.branch = Some(branch.to_owned());
        self
    }

    pub(super) fn run(mut self, run: &str) -> Self {
        self.finding.run = Some(run.to_owned());
        self
    }

    /// What to do, in words.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.finding.hint = hint.into();
        self
    }

    /// The command that does it, which is the hint as well unless one is given.
    pub(super) fn command(mut self, command: impl Into<String>) -> Self {
        let command = command.into();
        self.finding.hint = format!("`{command}`");
        self.finding.command = Some(command);
        self
    }

    /// A file that mending changes or removes, of which a copy is kept.
    pub(super) fn changes(mut self, path: impl Into<PathBuf>) -> Self {
        self.changes.push(path.into());
        self
    }

    /// `tk doctor --fix` mends it that way.
    pub(super) fn mended_by(mut self, mend: impl Fn() -> Result<()> + 'a) -> Self {
        if self.finding.hint.is_empty() {
            self = self.command("tk doctor --fix");
        }
        self.finding.fixable = true;
        self.mend = Some(Box::new(mend));
        self
    }

    /// The files that mending it changes or removes, where it can be mended.
    pub(super) fn changed(&self) -> impl Iterator<Item = &Path> {
        let changed = self.mend.iter().flat_map(|_| &self.changes);
        changed.map(PathBuf::as_path)
    }

    /// Mends it where there is a way, and there is a copy of each file that it changes: else
    /// `trouble` tells why there is none. Says in the finding what came of it.
    pub(super) fn mend<'t>(&mut self, trouble: &dyn Fn(&Path) -> Option<&'t StoreError>) {
        let Some(mend) = &self.mend else {
            return;
        };
        let trouble = self.changed().find_map(trouble);
        if let Some(trouble) = trouble {
            self.finding.failure = Some(trouble.to_string());
            return;
        }
        match mend() {
            Ok(()) => self.finding.fixed = true,
            Err(error) => {
                if let Some(hint) = error.hints.into_iter().next() {
                    // Mending again alone is no way.
                    self.finding.hint = hint;
                    self.finding.command = None;
                }
                self.finding.failure = Some(error.message);
            }
        }
    }
}

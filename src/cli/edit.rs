//! `tk edit`

use std::io::IsTerminal;

use super::changed::report;
use super::targets::TargetArg;
use super::{Outcome, Session};
use crate::git::Editor;
use crate::ops::{self, EditRequest, Error, ErrorCode, Project, Result};
use crate::wire::ChangeResult;

/// Edit a ticket's file in your editor
///
/// Opens a copy in $VISUAL, else $EDITOR, else git's: $GIT_EDITOR, `core.editor`; else vi. What
/// you leave there becomes the ticket, byte for byte, by the same rules as `tk update`:
/// transitions, blockers, gates, edges. Only people may.
///
/// What cannot be a ticket, or is not allowed, changes nothing and is kept: the message names
/// the line and the file, and `tk edit` of the ticket goes on there. Where the ticket was
/// changed meanwhile, both changes are merged; what was changed differently stands in the kept
/// edit, between marker lines. To leave a ticket alone, leave its text alone.
///
/// A file that is no ticket, because of a slip or of a merge that left both sides in it, is
/// opened to be mended. What can be read of it counts as what the ticket was; what the file
/// said is kept beside the edits.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk edit k7m
  EDITOR='sed -i s/x4d/p2q/' tk edit k7m
  tk edit k7m --fresh         # leave aside what was kept of an earlier edit")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// Begin with the ticket as it stands, though an earlier edit was kept
    #[arg(long)]
    fresh: bool,
    /// Close although blockers or children are open
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let targets = self.target.targets();
        let request = EditRequest {
            fresh: self.fresh,
            force: self.force,
        };
        session.in_project(|project| {
            project.require_human("edit")?;
            let editor = editor(session, project)?;
            let editing = ops::begin_edit(project, &targets, &request)?;
            let ended = editor.open(editing.path(), &session.context.cwd);
            let command = editor.command();
            let failed = match ended {
                Ok(status) if status.success() => None,
                Ok(status) => Some(format!("the editor `{command}` failed: {status}")),
                Err(error) => Some(format!("the editor `{command}` cannot be started: {error}")),
            };
            let failed = failed.map(|message| Error::new(ErrorCode::Failed, message));
            let changed = editing.finish(failed)?;
            report(session, project, "edit", &changed, word)
        })
    }
}

/// The editor of whoever gives the command.
fn editor(session: &Session, project: &Project) -> Result<Editor> {
    let context = &session.context;
    if let Some(command) = context.var("VISUAL").or_else(|| context.var("EDITOR")) {
        return Ok(Editor::new(command));
    }
    // git lets the variable go before its setting.
    let command = match context.var("GIT_EDITOR") {
        Some(command) => Some(command.to_owned()),
        None => project.repo.setting("core.editor")?,
    };
    if let Some(command) = command {
        return Ok(Editor::new(command));
    }
    if std::io::stdin().is_terminal() {
        return Ok(Editor::new("vi"));
    }
    Err(Error::new(
        ErrorCode::InvalidArgument,
        "nobody says which editor, and there is no terminal for vi",
    )
    .hint("`VISUAL`, `EDITOR`, `GIT_EDITOR` or git's setting `core.editor` names one"))
}

fn word(result: &ChangeResult) -> String {
    match (result.changed, result.closed, result.awaiting) {
        (false, ..) => "unchanged".to_owned(),
        (true, Some(false), Some(awaiting)) => format!("awaiting {awaiting}"),
        (true, ..) => "edited".to_owned(),
    }
}

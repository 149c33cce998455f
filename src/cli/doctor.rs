//! `tk doctor`

use super::{Outcome, Session};
use crate::ops::{self, ErrorCode};
use crate::run;
use crate::ui;

/// Find what is wrong, and mend what is safe to mend
///
/// Looks at the tickets (references to nothing and to themselves, cycles, files that cannot be
/// read, merges that are not settled, closed epics with open children), at the configuration
/// and the agents, at what killed programs have left (claims, files, worktrees, branches,
/// interrupted runs, workers that live on), and at what git was told. Each finding comes with what to do about it.
/// Looking changes nothing. Exit code 1 where something is wrong; a note is not.
///
/// --fix completes the set-up, and removes claims that hold nothing, unfinished files, and
/// worktrees and branches whose work has landed, after a backup in `refs/tk/backup/`. There it puts
/// away, too, the branch of an attempt that another one has followed; `tk restore` brings it back.
/// It ends workers whose runner is dead, their work and sessions kept. It gives back
/// on remotes what this clone has left there, and names files that hold tickets as tickets are
/// named (`K7M.toml` becomes `k7m.toml`), where that name is free. In tickets
/// it takes out references to themselves, and to nothing where nothing depends on them (never a
/// blocker, never a parent), and what their labels and edges have more than once; it ends lines as
/// git is told to; it settles merges that were committed with their marks, or with a key twice,
/// where the rules of the merge do; and it notes how an attempt ended where a run could not. It keeps a copy of each file
/// that it changes, moves there what is a folder where a claim or the record for `tk undo` should
/// be, and says where. What somebody has to decide it leaves, with what to do. It
/// never removes other work that is nowhere else: that is named, with the command that goes on with
/// it or lands it. Only people may mend.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk doctor
  tk doctor --json
  tk doctor --fix")]
pub(super) struct Args {
    /// Mend what can be mended without a loss
    #[arg(long)]
    fix: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project_anyway(|project, trouble| {
            let context = &session.context;
            let runs = run::RunsOf { context, project };
            let found = ops::doctor(project, trouble.as_ref(), &runs, self.fix)?;
            if session.screen.is_json() {
                session.screen.document(&found)?;
            } else if !found.findings.is_empty() || !session.screen.is_quiet() {
                session.screen.text(&ui::doctor::report(&found, self.fix))?;
            }
            Ok(if found.healthy {
                0
            } else {
                ErrorCode::No.exit_code()
            })
        })
    }
}

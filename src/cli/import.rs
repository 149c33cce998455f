//! `tk import`

use std::path::PathBuf;

use clap::ValueHint;

use super::{Outcome, Session, text};
use crate::ops::{self, Error, ErrorCode, ImportRequest};
use crate::port::{Files, ImportFormat};
use crate::store::LARGEST_ARCHIVE;
use crate::ui;

/// Import tickets of another tracker, or of an export
///
/// Makes a ticket of each that is not here already, all of them or none: nothing is written
/// where anything cannot be read, unless with --skip-invalid. Importing again makes only what
/// is new: a ticket that is here stays as it is, whatever has changed there. Tells what did not
/// fit; --json tells it of every ticket. Only people may import.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk import beads .beads/issues.jsonl
  tk import ticks ../other --dry-run
  tk import github issues.json --skip-invalid
  tk export --all | tk import jsonl -

PATH is a file, or a folder: that of the files, or the repository they are in. Of beads,
taskwarrior, github and jsonl, which are one file, `-` is standard input, and a pipe may be named as
in <(gh issue list …). For taskwarrior it is what `task export` prints, for GitHub what
`gh issue list --state all --limit 10000 --json number,title,body,state,url` prints, with
stateReason, labels, assignees, author, createdAt, closedAt, comments, milestone, issueType,
parent, subIssues, blockedBy and blocking if wanted; or what `gh api --paginate` prints of
`repos/OWNER/NAME/issues?state=all`, which has no comments, and pull requests, which are left out.

Ids are kept where they are ids here and free; GitHub's are gh-12, those of taskwarrior the
first part of the uuid, and others are made new, with the references to them: from where the ticket
comes from, so that every clone that imports it gives it the same. An id that a ticket
names which came from elsewhere, or was made here, is not free. Each file says under
[[imported]] where its ticket comes from and when it was filed there, as in origin = \"beads:bd-12\"
and filed_at = \"2026-11-20T08:38:50Z\". By both it is known again, whatever created_at says by then:
what was filed at another time is of another repository. What has no place in a ticket is kept there
too, lists and objects within as JSON. What comes from tk export is known again by its id and the
time it was filed.

A status or type that is not configured here becomes the usual one, a closed one of what was
closed there, and is kept as it was. Edges to what is not there are kept, and tk doctor names them.
Those that would make tickets wait for one another, also an epic for its own parts, are left out and
told; of an export of tk's only where they wait as things stand. A time without an offset is taken to
be in UTC. Where a due day is told as a time, it is the day that is written there, of taskwarrior the
one in the machine's time zone (TZ), and the time is kept under [[imported]]. What was deleted there
is left out.

Of Backlog.md, tasks in folders within are read as well. Those in completed and archive are
closed, whatever their status, and those in drafts await approval. So does what could not start
there: what is blocked, by its status, what has a gate that is unknown here, and issues of beads
that are deferred without a day, pinned, ephemeral, templates, or of a type such as gate and message,
which are no work. A recurring task of taskwarrior comes again here where
it is the last of its template, and the template is left out. Its project is a label here, as in
project:home.

A JSONL export may say which commands runs are to execute: read one of somebody else before you
import it.")]
pub(super) struct Args {
    /// What it is
    #[arg(value_name = "FORMAT")]
    format: ImportFormat,
    /// Where it is (`-`: standard input, not for ticks, ticket and backlog)
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    path: PathBuf,
    /// Leave out what cannot be read, and import the rest
    #[arg(long)]
    skip_invalid: bool,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            project.require_human("import")?;
            let one_file = matches!(self.format.files(), Files::One(_));
            let stream = self.path.to_str().filter(|path| is_stream(path));
            let bytes = match stream {
                Some(path) if one_file => Some(text::read_bytes(session, path, LARGEST_ARCHIVE)?),
                Some(path) => return Err(needs_files(self.format, path).into()),
                None => None,
            };
            let request = ImportRequest {
                format: self.format,
                path: self.path,
                bytes,
                skip_invalid: self.skip_invalid,
                dry_run: self.dry_run,
            };
            let done = ops::import(project, &session.context, &request)?;
            let screen = &session.screen;
            if screen.is_json() {
                screen.document(&done)?;
            } else {
                screen.text(&ui::import::report(&done, session.verbose()))?;
            }
            Ok(0)
        })
    }
}

/// Whether the path names what is open already: standard input, or a pipe that the shell has made
/// for the command. Such a path is a link, which is followed nowhere else.
fn is_stream(path: &str) -> bool {
    let folders = ["/dev/fd/", "/proc/self/fd/"];
    matches!(path, "-" | "/dev/stdin") || folders.iter().any(|folder| path.starts_with(folder))
}

fn needs_files(format: ImportFormat, path: &str) -> Error {
    let name = format.as_str();
    let what = if path == "-" { "standard input" } else { path };
    let message = format!("{what} is no archive of `{name}`, which is a folder of files");
    Error::new(ErrorCode::InvalidArgument, message)
        .hint("expected the path of that folder, or of the repository it is in")
}

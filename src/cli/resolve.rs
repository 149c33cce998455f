//! `tk resolve`

use std::cell::Cell;
use std::io::IsTerminal;

use super::heard::Heard;
use super::{Outcome, Session};
use crate::ops::{self, Choice, Error, ErrorCode, Project, Question, Result};
use crate::ui;
use crate::ui::screen::Screen;
use crate::wire::{Resolution, ResolveDocument};

/// The exit code after Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Settle merges of tickets that git has left
///
/// In a clone without tk's merge driver, or where both sides gave a key another value, git leaves
/// tickets unmerged. This merges each by its keys, from the three versions that git keeps, and
/// stages it. What the rules do not settle stays marked, in its key alone, unless you say which
/// side is right: for all with --ours or --theirs, one by one with -i. As everywhere in git, ours
/// is what is checked out; in a rebase, what is rebased onto.
///
/// Where somebody has committed the marks, nothing but the file tells the sides: it is settled from
/// them alike, and a copy is kept. So it is where a merge without the driver has left a key twice,
/// and no mark: from the two sides of that merge. Marks within the texts of a ticket, which it can be
/// read with, may be somebody's own: they are settled where the ticket is named.
///
/// One id that two branches gave to different tickets becomes two: the one made later gets a new
/// id, and what its branch says of it follows. What you have settled in a file yourself is taken
/// as it is. Works in the working tree where it is called. Exit code 1 where something is left.
/// Ctrl-C ends the questions (130): what was answered before is settled. Only people may.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk resolve                    # by the rules
  tk resolve -i                 # ask about the rest
  tk resolve k7m --theirs")]
pub(super) struct Args {
    /// Tickets; all that are unmerged unless some are named
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Ask about what the rules do not settle
    #[arg(short, long, conflicts_with_all = ["ours", "theirs"])]
    interactive: bool,
    /// Where the rules do not settle it, take what is checked out
    #[arg(long, conflicts_with = "theirs")]
    ours: bool,
    /// Where the rules do not settle it, take what comes in
    #[arg(long)]
    theirs: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let chosen = match (self.ours, self.theirs) {
            (true, _) => Some(Choice::Ours),
            (_, true) => Some(Choice::Theirs),
            _ => None,
        };
        let heard = self.interactive.then(Heard::begin).transpose();
        let heard = heard.map_err(unheard)?;
        let mut asking = heard.as_ref();
        // Whether anything is left that can be chosen.
        let is_open = Cell::new(false);
        let mut answer = |question: &Question<'_>| -> Result<Option<Choice>> {
            let Some(heard) = asking else {
                is_open.set(is_open.get() || chosen.is_none());
                return Ok(chosen);
            };
            let answered = ask(heard, question)?;
            asking = asking.filter(|_| answered != Answer::Stop);
            is_open.set(is_open.get() || !matches!(answered, Answer::Choice(_)));
            Ok(match answered {
                Answer::Choice(choice) => Some(choice),
                Answer::Leave | Answer::Stop => None,
            })
        };
        session.in_project_amid_merge(|project| {
            let done = ops::settle(project, &self.ids, &mut answer)?;
            if session.screen.is_json() {
                session.screen.document(&done)?;
            } else {
                session.screen.text(&ui::resolve::report(&done))?;
            }
            if heard.as_ref().is_some_and(Heard::is_over) {
                project.hint("stopped by Ctrl-C: what was answered before is settled");
                return Ok(INTERRUPTED);
            }
            if let Some(chosen) = chosen {
                warn_of_edited(project, &done, chosen);
            }
            if is_open.get() {
                project.hint("`tk resolve -i` asks about the rest, `--ours` and `--theirs` choose");
            } else if !done.others.is_empty() {
                project.hint("what is no ticket is settled in an editor, then by `git add`");
            }
            if done.remaining > 0 {
                return Ok(ErrorCode::No.exit_code());
            }
            Ok(0)
        })
    }
}

/// What has no marks any more is nobody's to choose: whoever has chosen a side is told, since it may
/// be git itself that has settled it, by what it recorded of another merge.
fn warn_of_edited(project: &Project, done: &ResolveDocument, chosen: Choice) {
    let option = match chosen {
        Choice::Ours => "--ours",
        Choice::Theirs => "--theirs",
    };
    for ticket in &done.tickets {
        if ticket.outcome == Resolution::AsEdited {
            let (id, path) = (&ticket.id, &ticket.path);
            project.warn(format!(
                "`{id}` is as it was edited since git stopped, by a person or by git's rerere, and \
                 not by {option}: `git checkout --merge {path}` brings its conflict back"
            ));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Choice(Choice),
    Leave,
    Stop,
}

fn unheard(error: std::io::Error) -> Error {
    Error::new(ErrorCode::Failed, format!("cannot ask: {error}"))
}

fn ask(heard: &Heard, question: &Question<'_>) -> Result<Answer> {
    let shown = ui::resolve::question(question);
    loop {
        let text = shown.clone();
        let typed = heard.answer(move || Screen::ask(&text)).map_err(unheard)?;
        let Some(typed) = typed else {
            return Ok(Answer::Stop);
        };
        return Ok(match typed.trim() {
            "o" | "ours" => Answer::Choice(Choice::Ours),
            "t" | "theirs" => Answer::Choice(Choice::Theirs),
            "l" | "leave" => Answer::Leave,
            // The end of what is typed, too.
            "q" | "quit" => Answer::Stop,
            "" if typed.is_empty() || !std::io::stdin().is_terminal() => Answer::Stop,
            _ => continue,
        });
    }
}

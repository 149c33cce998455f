//! `tk log`

use super::{Outcome, Session};
use crate::model::{likeliest, printable};
use crate::ops::{Error, ErrorCode, Result};
use crate::run::history;
use crate::ui::{events, json_events};
use crate::wire::{Event, EventKind};

/// Replay the events of a run, or of one ticket in its last run
///
/// Without an argument, the newest run. As `tk run` prints them: what a worker does meanwhile (its
/// thoughts, words, commands, reads and edits), its sessions and costs, the beginning of checks, and
/// what a red check or a worker that crashed has printed are told only with -v, where --kind names
/// them, and in JSON. Times are those of UTC.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk log                            # what the newest run did
  tk log x4d -v                     # all of it, with what red checks have printed
  tk log x4d --kind check_failed    # why x4d was sent back
  tk log -f                         # follow a live run")]
pub(super) struct Args {
    /// A run's id, the epic of one, or a ticket
    #[arg(value_name = "RUN|ID")]
    what: Option<String>,
    /// Go on until the run ends
    #[arg(short, long)]
    follow: bool,
    /// Only events of these kinds
    #[arg(long, value_name = "KIND", value_delimiter = ',', long_help = kinds_help())]
    kind: Vec<String>,
}

fn kinds_help() -> String {
    format!(
        "Only events of these kinds: {}",
        EventKind::names().join(", ")
    )
}

/// The kinds that are meant.
fn kinds(given: &[String]) -> Result<Vec<String>> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let names = EventKind::names();
    let known = |word: &String| {
        let name = word.trim().to_lowercase().replace('-', "_");
        if names.contains(&name) {
            return Ok(name);
        }
        let shown = printable(word);
        let expected = names.join(", ");
        let message = format!("unknown kind of event `{shown}`: expected one of {expected}");
        let error = Error::new(ErrorCode::InvalidArgument, message).with("given", word.as_str());
        let error = error.with("known", names.clone());
        Err(match likeliest(&name, names.iter().map(String::as_str)) {
            Some(like) => error.hint(format!("did you mean `{like}`?")),
            None => error,
        })
    };
    given.iter().map(known).collect()
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        session.in_project(|project| {
            let kinds = kinds(&self.kind)?;
            let found = history::find(project, self.what.as_deref())?;
            history::replay(&found, self.follow, |event| {
                Self::show(session, &kinds, event)
            })
        })
    }

    fn show(session: &Session, kinds: &[String], event: &Event) -> Outcome {
        let wanted = kinds.is_empty() || kinds.contains(&event.kind.name());
        let in_detail = session.verbose() || !kinds.is_empty();
        let screen = &session.screen;
        if wanted && screen.is_json() {
            json_events::write(event)?;
        } else if wanted && in_detail {
            let (line, more) = (events::line(event, None), events::more(event));
            screen.text(&format!("{line}\n{more}"))?;
        } else if wanted && !events::is_detail(&event.kind) {
            screen.text(&format!("{}\n", events::line(event, screen.line_width())))?;
        }
        Ok(0)
    }
}

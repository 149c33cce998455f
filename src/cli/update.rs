//! `tk update`

use super::changed::{plainly, report};
use super::targets::ChosenArgs;
use super::{Failure, Outcome, Session, text};
use crate::ops::{self, UpdateRequest};
use crate::wire::ChangeResult;

/// Change fields of tickets
///
/// An empty value clears a field. Lists are replaced as a whole by their option; labels can
/// also be added and removed one by one. A status goes through the configured transitions and
/// the human gates, as `tk close` does. Several tickets are changed together or not at all;
/// --query changes those that fit an expression, and --dry-run shows what would change.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk update k7m --status in_progress
  tk update k7m -p 0 --owner dana@example.com --add-label urgent --note \"customer waits\"
  tk update k7m x4d --parent auth
  tk update k7m --defer 3d
  tk update k7m --due \"\"
  tk update --query 'label:api and not has:owner' --owner ann --dry-run
  tk update k7m --met 1 --subtask-done 2")]
pub(super) struct Args {
    #[command(flatten)]
    targets: ChosenArgs,
    /// The title
    #[arg(long)]
    title: Option<String>,
    /// What it is about (`-`: standard input, `@FILE`: from a file)
    #[arg(short, long, value_name = "TEXT")]
    description: Option<String>,
    /// The type
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The status
    #[arg(short, long)]
    status: Option<String>,
    /// The priority: 0 (highest) to 4, or critical, high, medium, low, backlog
    #[arg(short, long)]
    priority: Option<String>,
    /// Who is responsible
    #[arg(short, long)]
    owner: Option<String>,
    /// The epic it is a part of
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// The labels, in place of those there are
    #[arg(short, long = "label", value_name = "LABEL")]
    labels: Option<Vec<String>>,
    /// One more label
    #[arg(long, value_name = "LABEL")]
    add_label: Vec<String>,
    /// A label to go; one with commas in it is taken whole where it is there
    #[arg(long, value_name = "LABEL")]
    remove_label: Vec<String>,
    /// The blockers, in place of those there are
    #[arg(short, long, value_name = "ID")]
    blocked_by: Option<Vec<String>>,
    /// Preferred after these, in place of those there are
    #[arg(long, value_name = "ID")]
    after: Option<Vec<String>>,
    /// Worth reading beside it, in place of those there are
    #[arg(long, value_name = "ID")]
    related: Option<Vec<String>>,
    /// The human gate before it closes: approval, review, content
    #[arg(short, long, value_name = "GATE")]
    requires: Option<String>,
    /// What a person owes it: work, input, approval, review, content, escalation, checkpoint
    #[arg(short, long, value_name = "KIND")]
    awaiting: Option<String>,
    /// How long it will take
    #[arg(long, value_name = "DURATION")]
    estimate: Option<String>,
    /// The day (of UTC) it should be done by: 2026-11-20, tomorrow, 3d
    #[arg(long, value_name = "DAY")]
    due: Option<String>,
    /// Put off until that day (of UTC) or time, or for so long: 2026-11-20, tomorrow, 3d, 4h
    #[arg(long = "defer", value_name = "TIME")]
    defer_until: Option<String>,
    /// Come again once it is closed: daily, weekly, monthly, yearly, 3d, 2w, 1mo, 1y, 1mo@31
    #[arg(long, value_name = "HOW-OFTEN")]
    repeat: Option<String>,
    /// The agent to run it with
    #[arg(long)]
    agent: Option<String>,
    /// The model to run it with
    #[arg(long)]
    model: Option<String>,
    /// Never run together with other tickets of that lock
    #[arg(long, value_name = "NAME")]
    lock: Option<String>,
    /// A pull request's address
    #[arg(long, value_name = "URL")]
    pr: Option<String>,
    /// The ticket during whose work it was found
    #[arg(long, value_name = "ID")]
    discovered_from: Option<String>,
    /// The ticket it repeats
    #[arg(long, value_name = "ID")]
    duplicate_of: Option<String>,
    /// The commands that must pass, in place of those there are
    #[arg(long = "check", value_name = "CMD")]
    checks: Option<Vec<String>>,
    /// Files it will change, in place of those there are
    #[arg(long, value_name = "GLOB")]
    touches: Option<Vec<String>>,
    /// What must be true, in place of what there is
    #[arg(long, value_name = "TEXT")]
    acceptance: Option<Vec<String>>,
    /// The steps, in place of those there are
    #[arg(long = "subtask", value_name = "TITLE")]
    subtasks: Option<Vec<String>>,
    /// The acceptance item of that number is met
    #[arg(long, value_name = "N")]
    met: Vec<usize>,
    /// The subtask of that number is done
    #[arg(long, value_name = "N")]
    subtask_done: Vec<usize>,
    /// Add a note (`-`: standard input, `@FILE`: from a file)
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Why it is closed: where the status closes it, or it is closed already
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Close although blockers or children are open
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let (targets, request) = self.request(session)?;
        session.in_project(|project| {
            let changed = ops::update(project, &targets, &request)?;
            report(session, project, "update", &changed, word)
        })
    }

    fn request(self, session: &Session) -> Result<(ops::Targets, UpdateRequest), Failure> {
        let request = UpdateRequest {
            title: self.title,
            description: text::read_some(session, self.description)?,
            kind: self.kind,
            status: self.status,
            priority: self.priority,
            owner: self.owner,
            parent: self.parent,
            labels: self.labels,
            add_labels: self.add_label,
            remove_labels: self.remove_label,
            blocked_by: self.blocked_by,
            after: self.after,
            related: self.related,
            requires: self.requires,
            awaiting: self.awaiting,
            estimate: self.estimate,
            due: self.due,
            defer_until: self.defer_until,
            repeat: self.repeat,
            agent: self.agent,
            model: self.model,
            lock: self.lock,
            pr: self.pr,
            discovered_from: self.discovered_from,
            duplicate_of: self.duplicate_of,
            checks: self.checks,
            touches: self.touches,
            acceptance: self.acceptance,
            subtasks: self.subtasks,
            met: self.met,
            subtask_done: self.subtask_done,
            note: text::read_some(session, self.note)?,
            reason: self.reason,
            force: self.force,
        };
        Ok((self.targets.targets(session)?, request))
    }
}

fn word(result: &ChangeResult) -> String {
    match (result.closed, result.awaiting) {
        (Some(false), Some(awaiting)) => format!("awaiting {awaiting}"),
        _ => plainly("updated")(result),
    }
}

//! `tk new`

use clap::ValueHint;

use super::{Failure, Outcome, Session, new_file, text};
use crate::ops::{self, FromTemplate, NewTicket, Word};
use crate::store::LARGEST_FILE;
use crate::wire::{Detail, NewDocument};

/// File a ticket
///
/// Prints its id, and names tickets with a title that says nearly the same. With --file, files
/// many at once: all of them or none; with --from, those of a template.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk new \"Add login endpoint\" -t feature -p 1 -l api,auth --parent k7m
  tk new \"Deploy\" -b x4d -b k2p --check \"make smoke\" --requires approval
  tk new \"Long story\" -d - < story.md
  tk new \"Renew the certificate\" --defer 3d --due 1w
  tk new \"Weekly report\" --due 2026-11-27 --repeat weekly
  tk new --file plan.toml
  tk new \"Crash on save\" --from bug --var area=editor

A file has one [[ticket]] a ticket; or it is JSON Lines, one such object a line. Its keys are those
of a ticket's file that a new ticket can have: title, description, type, priority, labels, owner,
parent, blocked_by, after, related, acceptance, subtasks, checks, touches, requires, awaiting,
estimate, due, defer_until, repeat, agent, model, lock, pr, discovered_from and duplicate_of; and
`local`, a name that the others may use in place of its id. An acceptance item is a text, or a table
of text, check and met, a subtask one of title and done. Days and times are as on the command line.

A template, .ticks/templates/<name>.toml, is such a file, or has the keys of one ticket. In its
texts {{name}} stands for a variable: one of its table [variables], which says what it is unless
--var gives it (it must, where that is empty), or date, actor and title, which is the title on the
command line. Values are only ever a part of the text they stand in. Where another option says
something, the template does not; one of many tickets takes a title, where it uses it, and no
other. A name that there is not is answered with those that there are.

What comes after a ticket with --repeat has its owner, unless that is an agent, and an id that follows
from its own. It is put off as that one was, else until its due day, else for that span from now; what
is past by then is left out. An epic stays open while a child comes again. monthly@31 is honoured
without a date, and refused beside one of another day; a ticket's file has `1mo@31` for it, `1mo@31/`
where only the due day is the 31st, and `1mo@/31` where only the day until which it is put off is.")]
pub(super) struct Args {
    /// The title
    #[arg(required_unless_present_any = ["file", "from"], conflicts_with = "file")]
    title: Option<String>,
    /// Make them of that template of `.ticks/templates/`
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "file")]
    from: Option<String>,
    /// The value of one of the template's variables
    #[arg(long = "var", value_name = "KEY=VALUE", requires = "from")]
    variables: Vec<String>,
    /// File the tickets of this TOML or JSON Lines file (`-`: standard input)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, exclusive = false)]
    file: Option<String>,
    /// What it is about (`-`: standard input, `@FILE`: from a file)
    #[arg(short, long, value_name = "TEXT", conflicts_with = "file")]
    description: Option<String>,
    /// task, bug, feature, chore, epic, or what is configured
    #[arg(
        short = 't',
        long = "type",
        value_name = "TYPE",
        conflicts_with = "file"
    )]
    kind: Option<String>,
    /// From 0, the highest, to 4; 2 by default
    #[arg(short, long, conflicts_with = "file")]
    priority: Option<String>,
    /// A label; several by repeating, or with commas
    #[arg(short, long = "label", value_name = "LABEL", conflicts_with = "file")]
    labels: Vec<String>,
    /// Who is responsible
    #[arg(short, long, conflicts_with = "file")]
    owner: Option<String>,
    /// The epic it is a part of
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    parent: Option<String>,
    /// What must be done before; several by repeating, or with commas
    #[arg(short, long, value_name = "ID", conflicts_with = "file")]
    blocked_by: Vec<String>,
    /// Preferred after that, without waiting for it
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    after: Vec<String>,
    /// What must be true of the result
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    acceptance: Vec<String>,
    /// A step of the work
    #[arg(long = "subtask", value_name = "TITLE", conflicts_with = "file")]
    subtasks: Vec<String>,
    /// A shell command that must pass on the merged tree
    #[arg(long = "check", value_name = "CMD", conflicts_with = "file")]
    checks: Vec<String>,
    /// Files it is expected to change
    #[arg(long, value_name = "GLOB", conflicts_with = "file")]
    touches: Vec<String>,
    /// The human gate before it closes: approval, review, content
    #[arg(short, long, value_name = "GATE", conflicts_with = "file")]
    requires: Option<String>,
    /// What a person owes it: work, input, approval, review, content, escalation, checkpoint
    #[arg(short, long, value_name = "KIND", conflicts_with = "file")]
    awaiting: Option<String>,
    /// How long it will take, such as 2h or 1h30m
    #[arg(long, value_name = "DURATION", conflicts_with = "file")]
    estimate: Option<String>,
    /// The day (of UTC) it should be done by: 2026-11-20, tomorrow, 3d
    #[arg(long, value_name = "DAY", conflicts_with = "file")]
    due: Option<String>,
    /// Put off until that day (of UTC) or time, or for so long: 2026-11-20, tomorrow, 3d, 4h
    #[arg(long = "defer", value_name = "TIME", conflicts_with = "file")]
    defer_until: Option<String>,
    /// Come again once it is closed: daily, weekly, monthly, yearly, 3d, 2w, 1mo, 1y, 1mo@31
    #[arg(long, value_name = "HOW-OFTEN", conflicts_with = "file")]
    repeat: Option<String>,
    /// The agent to run it with
    #[arg(long, conflicts_with = "file")]
    agent: Option<String>,
    /// The model to run it with
    #[arg(long, conflicts_with = "file")]
    model: Option<String>,
    /// Never run together with other tickets of that lock
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    lock: Option<String>,
    /// The ticket during whose work it was found
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    discovered_from: Option<String>,
}

/// Where the tickets come from.
enum Source {
    Tickets(Vec<NewTicket>),
    Template(Box<FromTemplate>),
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let source = self.source(session)?;
        session.in_project(|project| {
            let requests = match source {
                Source::Tickets(tickets) => tickets,
                Source::Template(request) => ops::from_template(project, &request)?,
            };
            let mut made = ops::new(project, &session.context, &requests)?;
            if session.screen.is_json() {
                let similar = std::mem::take(&mut made.similar);
                let tickets = made.into_records(project);
                session.screen.document(&NewDocument {
                    schema: "tk.new.v1",
                    total: tickets.len(),
                    truncated: false,
                    tickets: tickets.iter().map(|t| t.fields(&Detail::Listed)).collect(),
                    similar,
                })?;
            } else {
                let ids = made.tickets().map(|ticket| format!("{}\n", ticket.id));
                session.screen.text(&ids.collect::<String>())?;
            }
            Ok(0)
        })
    }

    fn source(self, session: &Session) -> Result<Source, Failure> {
        if let Some(file) = &self.file {
            let text = text::read_file(session, file, LARGEST_FILE)?;
            return Ok(Source::Tickets(new_file::parse(file, &text)?));
        }
        let description = text::read_some(session, self.description)?;
        let given = NewTicket {
            title: self.title.unwrap_or_default(),
            description: description.unwrap_or_default(),
            kind: self.kind,
            priority: self.priority.map(Word),
            labels: self.labels,
            owner: self.owner,
            parent: self.parent,
            blocked_by: self.blocked_by,
            after: self.after,
            acceptance: self.acceptance.into_iter().map(From::from).collect(),
            subtasks: self.subtasks.into_iter().map(From::from).collect(),
            checks: self.checks,
            touches: self.touches,
            requires: self.requires,
            awaiting: self.awaiting,
            estimate: self.estimate,
            due: self.due.map(Word),
            defer_until: self.defer_until.map(Word),
            repeat: self.repeat,
            agent: self.agent,
            model: self.model,
            lock: self.lock,
            discovered_from: self.discovered_from,
            ..NewTicket::default()
        };
        Ok(match self.from {
            None => Source::Tickets(vec![given]),
            Some(name) => Source::Template(Box::new(FromTemplate {
                name,
                variables: self.variables,
                given,
            })),
        })
    }
}

//! `tk list`

use super::{Failure, Outcome, Session, query};
use crate::model::Outline;
use crate::ops::{self, Found, ListRequest, Listed, MANY_RECORDS, Page, SORT_KEYS};
use crate::ui;
use crate::ui::screen::Part;
use crate::wire::{Detail, TicketRecord, TicketsDocument};

/// List tickets
///
/// Open ones, unless a status or --all is named. Every filter narrows; of the words of one
/// filter, with commas or by repeating, one must fit; of labels, all. Words are taken as they
/// stand, without wildcards. That a ticket is blocked or ready is computed and no status: it
/// has options of its own. --query says all that in one expression, and more.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk list --parent auth --status open
  tk list -l api -p 0-1 --sort due
  tk list --parent auth --awaiting
  tk list --query 'type=bug priority<=1 (label:api or label:auth)'
  tk list --query 'updated>-7d and \"login\"'
  tk list --ready --json --fields id,title
  tk list --all --at HEAD~1")]
pub(super) struct Args {
    /// Closed ones too
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    of: Filters,
    /// That await a person; for that kind of thing only, if one is named
    #[arg(
        long,
        value_name = "KIND",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    awaiting: Option<Vec<String>>,
    /// That can be started now
    #[arg(long)]
    ready: bool,
    /// That have to wait
    #[arg(long, conflicts_with = "ready")]
    blocked: bool,
    /// Past their due day
    #[arg(long)]
    overdue: bool,
    /// That fit the expression
    #[arg(long, value_name = "EXPR", long_help = query::help())]
    query: Option<String>,
    /// Sort by that, the other way round after a `-`
    #[arg(long, value_name = "KEY", allow_hyphen_values = true, long_help = sort_help())]
    sort: Option<String>,
    /// As they were at that commit, branch or tag, at its time
    #[arg(long, value_name = "REV")]
    at: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

fn sort_help() -> String {
    let keys = SORT_KEYS.join(", ");
    format!(
        "Sort by that, the other way round after a `-`: {keys}. Of `updated` the newest is first; \
         what has no such value is last either way"
    )
}

/// How many tickets are shown, and what of them.
#[derive(Debug, clap::Args)]
pub(super) struct Shown {
    /// So many at most
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) limit: Option<u32>,
    /// Everything of each ticket, in JSON
    #[arg(long)]
    full: bool,
    /// Only these keys of each ticket
    #[arg(
        long,
        value_name = "KEYS",
        value_delimiter = ',',
        conflicts_with = "full"
    )]
    fields: Option<Vec<String>>,
}

impl Shown {
    /// How many tickets are told, and whether with long texts and commits, if `usual` is what is
    /// usually told of each.
    pub(super) fn page(&self, usual: Detail) -> ops::Result<Page> {
        let (limit, detail) = (self.limit, self.detail(usual)?);
        Ok(Page {
            limit: limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
            texts: TicketRecord::needs_texts(&detail),
            commits: TicketRecord::needs_commits(&detail),
        })
    }

    /// What is told of each ticket.
    pub(super) fn detail(&self, usual: Detail) -> ops::Result<Detail> {
        Ok(match &self.fields {
            Some(keys) => Detail::Chosen(ops::field_names(keys)?),
            None if self.full => Detail::Full,
            None => usual,
        })
    }

    /// Whether only some keys are wanted.
    pub(super) const fn chooses(&self) -> bool {
        self.fields.is_some()
    }

    /// Says that a limit has left some out.
    pub(super) fn tell_rest(
        &self,
        session: &Session,
        shown: usize,
        total: usize,
    ) -> std::io::Result<()> {
        tell_rest(session, shown, total)
    }

    /// Shows what was found, where `usual` is what is usually told of each.
    pub(super) fn show(
        &self,
        session: &Session,
        command: &str,
        usual: Detail,
        found: &Found<'_, &Outline>,
    ) -> Outcome {
        let (screen, shown, total) = (&session.screen, found.shown(), found.total());
        let detail = self.detail(usual)?;
        if screen.is_json() {
            let add = |part: &mut Part, listed: &Listed<'_>, _: &_| -> Result<_, Failure> {
                let record = listed.record();
                Ok(part.add(|json| record.write(&detail, json))?)
            };
            return found.in_parts(MANY_RECORDS, add, |parts| {
                let document = TicketsDocument::<TicketRecord> {
                    schema: format!("tk.{command}.v1"),
                    total,
                    truncated: shown < total,
                    tickets: Vec::new(),
                };
                screen.document_in_parts(&document, parts)?;
                Ok(0)
            });
        }
        let text = if self.chooses() {
            ui::list::fields(&found.each(|listed, _| listed.record().fields(&detail))?)
        } else {
            let rows = found.each(|listed, _| ui::list::Row::from(listed))?;
            ui::list::table(&rows, screen.line_width())
        };
        screen.text(&text)?;
        self.tell_rest(session, shown, total)?;
        Ok(0)
    }
}

/// Says that a limit has left some out.
pub(super) fn tell_rest(session: &Session, shown: usize, total: usize) -> std::io::Result<()> {
    if shown == total {
        return Ok(());
    }
    let text = format!("{shown} of {total} are shown");
    session.screen.notices(&[ops::Notice::Hint(text)])
}

/// Which tickets, by what they say.
#[derive(Debug, clap::Args)]
pub(super) struct Filters {
    /// Of these statuses only
    #[arg(short, long, value_name = "STATUS")]
    status: Vec<String>,
    /// Of these types only
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    kind: Vec<String>,
    /// Of these priorities only; 0-2 is a range
    #[arg(short, long)]
    priority: Vec<String>,
    /// With all of these labels; one with commas in it is taken whole where a ticket has it
    #[arg(short, long)]
    label: Vec<String>,
    /// Of these owners only; an empty one is nobody
    #[arg(short, long)]
    owner: Vec<String>,
    /// Descendants of that epic only
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
}

impl Filters {
    /// What they ask for, of open tickets.
    pub(super) fn request(self) -> ListRequest {
        ListRequest {
            statuses: self.status,
            types: self.kind,
            priorities: self.priority,
            labels: self.label,
            owners: self.owner,
            parent: self.parent,
            ..ListRequest::default()
        }
    }
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let request = ListRequest {
            all: self.all,
            awaiting: self.awaiting,
            ready: self.ready,
            blocked: self.blocked,
            overdue: self.overdue,
            query: self.query,
            sort: self.sort,
            page: self.shown.page(Detail::Listed)?,
            ..self.of.request()
        };
        session.in_project_at(self.at.as_deref(), |project| {
            ops::list(project, &request, |found| {
                self.shown.show(session, "list", Detail::Listed, found)
            })?
        })
    }
}

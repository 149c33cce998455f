//! `tk search`

use super::list::{Filters, Shown};
use super::query::QueryArg;
use super::{Outcome, Session};
use crate::ops::{self, ListRequest, Notice, Search, SearchRequest};
use crate::ui;
use crate::wire::{Detail, FoundTicket, SearchDocument, SnippetRecord, TicketRecord};

/// How many tickets are shown unless told otherwise.
const LIMIT: u32 = 20;

/// Find tickets by words
///
/// Looks in titles, ids, labels, acceptance, descriptions and notes, of closed tickets too; the
/// best come first. A word is also found as the beginning of a longer one, and one that no
/// ticket has, as a misspelt one; case and accents do not matter. Tickets must have all words,
/// unless none has. --query narrows, too, and does so alone where there is no word.
///
/// With an embeddings service in the configuration (`[search] embeddings_url`), what texts mean
/// counts 70 to 30 words, and tickets without any of the words are found, too. Where it does not
/// answer, and of tickets whose texts it refuses, only words count. The service is told the words
/// and what tickets say; its key is taken from the environment variable that
/// `embeddings_key_env` names.
#[derive(Debug, clap::Args)]
#[command(
    mut_arg("limit", |limit| limit.help("So many at most; 20, if nothing is said")),
    mut_arg("fields", |fields| fields.help(
        "Only these keys of each ticket; in JSON, `score` and `snippets` are always beside them"
    )),
    after_help = "Examples:
  tk search login
  tk search password reset -s open -t bug
  tk search authentcation --parent auth
  tk search login --query 'updated>-30d and not label:wontfix'
  tk search login -n 5 --json --fields id,title"
)]
pub(super) struct Args {
    /// What to look for
    #[arg(value_name = "WORD", required_unless_present = "query")]
    words: Vec<String>,
    #[command(flatten)]
    of: Filters,
    #[command(flatten)]
    query: QueryArg,
    #[command(flatten)]
    shown: Shown,
}

impl Args {
    pub(super) fn run(mut self, session: &Session) -> Outcome {
        let asked = self.shown.limit.is_some();
        self.shown.limit.get_or_insert(LIMIT);
        let request = SearchRequest {
            words: self.words,
            among: ListRequest {
                all: true,
                query: self.query.text().map(str::to_owned),
                page: self.shown.page(Detail::Listed)?,
                ..self.of.request()
            },
        };
        session.in_project(|project| {
            let found = ops::search(project, &session.context, &request)?;
            show(session, &self.shown, asked, found)
        })
    }
}

/// Shows them; where nobody `asked` for the limit, it is told however quiet the answer is to be.
fn show(session: &Session, shown: &Shown, asked: bool, found: Search) -> Outcome {
    let screen = &session.screen;
    let detail = shown.detail(Detail::Listed)?;
    let (total, count) = (found.total, found.tickets.len());
    if screen.is_json() {
        let tickets = found.tickets.into_iter().map(|found| FoundTicket {
            ticket: found.ticket.fields(&detail),
            score: found.score,
            snippets: found.snippets,
        });
        screen.document(&SearchDocument {
            schema: "tk.search.v1",
            total,
            truncated: count < total,
            all_words: found.all_words,
            by_meaning: found.by_meaning,
            warnings: found.warnings,
            tickets: tickets.collect(),
        })?;
        return Ok(0);
    }
    let (tickets, snippets): (Vec<TicketRecord>, Vec<Vec<SnippetRecord>>) = found
        .tickets
        .into_iter()
        .map(|found| (found.ticket, found.snippets))
        .unzip();
    let text = if shown.chooses() {
        let rows: Vec<_> = tickets.iter().map(|t| t.fields(&detail)).collect();
        ui::list::fields(&rows)
    } else {
        let width = screen.line_width();
        let rows: Vec<ui::list::Row> = tickets.iter().map(Into::into).collect();
        let table = ui::list::table_with(&rows, width, |place, room| {
            ui::search::title(&rows[place].title, &snippets[place], room)
        });
        let rows = table.lines().zip(&snippets);
        rows.map(|(row, snippets)| format!("{row}\n{}", ui::search::texts(snippets, width)))
            .collect()
    };
    screen.text(&text)?;
    if screen.is_quiet() && !asked && count < total {
        let text = format!("{count} of {total} are shown: `--limit` shows more");
        screen.notices(&[Notice::Warning(text)])?;
    } else {
        shown.tell_rest(session, count, total)?;
    }
    Ok(0)
}

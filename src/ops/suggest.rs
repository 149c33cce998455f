//! Words that would do where a person is typing one.

use std::collections::BTreeSet;

use super::{Project, Result};
use crate::model::{Category, is_shell_word};

/// The most tickets that are offered: more than anybody reads, and read in a moment.
const MOST_TICKETS: usize = 200;

/// The tickets looked into for words: the latest ones.
const MOST_LOOKED_INTO: usize = 1000;

/// What a word is to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A ticket.
    Ticket,
    /// A ticket that is closed.
    Closed,
    /// A label.
    Label,
    /// A person or agent who is responsible.
    Owner,
    /// A status.
    Status,
    /// A type.
    Type,
    /// An agent.
    Agent,
    /// A template.
    Template,
    /// A git remote.
    Remote,
    /// A branch or tag.
    Revision,
}

/// A word that would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The word, without anything that a shell would take for more than a word.
    pub word: String,
    /// What it means.
    pub about: Option<String>,
}

/// Words for `wanted` that begin with `begun`, the likeliest first. Never many, whatever the
/// project holds, so that whoever is typing does not wait.
///
/// # Errors
/// When `.ticks/` cannot be read.
pub fn suggest(project: &Project, wanted: Wanted, begun: &str) -> Result<Vec<Suggestion>> {
    let statuses = &project.config.statuses;
    let mut found = match wanted {
        Wanted::Ticket => return tickets(project, begun, |_| true),
        Wanted::Closed => {
            return tickets(project, begun, |ticket| statuses.is_done(&ticket.status));
        }
        Wanted::Label => of_tickets(project, |ticket| ticket.labels.into_iter().collect())?,
        Wanted::Owner => of_tickets(project, |ticket| ticket.owner.into_iter().collect())?,
        Wanted::Status => {
            let defs = statuses.all().iter();
            let shown = defs.map(|def| (def.id.to_string(), Some(def.name.clone())));
            shown.collect()
        }
        Wanted::Type => plain(project.config.types.clone()),
        Wanted::Agent => plain(project.store.agent_names()?),
        Wanted::Template => plain(project.store.template_names()?),
        Wanted::Remote => plain(project.repo.home_git().remotes()?),
        Wanted::Revision => plain(project.repo.git().branches_and_tags()?),
    };
    // It stands on the command line as it is: a stranger's label may be `$(rm -rf ~)`.
    found.retain(|(word, _)| word.starts_with(begun) && is_shell_word(word));
    let suggestion = |(word, about)| Suggestion { word, about };
    Ok(found.into_iter().map(suggestion).collect())
}

/// Open tickets first, each with its title, of those that fit.
fn tickets(
    project: &Project,
    begun: &str,
    fits: impl Fn(&crate::model::Ticket) -> bool,
) -> Result<Vec<Suggestion>> {
    let statuses = &project.config.statuses;
    let mut newest = project.store.newest(begun, MOST_TICKETS, &project.config)?;
    newest.retain(fits);
    // Stable: within a category the latest stay first.
    newest.sort_by_key(|ticket| statuses.category(&ticket.status));
    let suggestion = |ticket: &crate::model::Ticket| {
        let about = match statuses.category(&ticket.status) {
            Category::Open => ticket.title.clone(),
            Category::Active | Category::Done => format!("{} [{}]", ticket.title, ticket.status),
        };
        Suggestion {
            word: ticket.id.to_string(),
            about: Some(about),
        }
    };
    Ok(newest.iter().map(suggestion).collect())
}

fn of_tickets(
    project: &Project,
    words: impl Fn(crate::model::Ticket) -> Vec<String>,
) -> Result<Vec<(String, Option<String>)>> {
    let newest = project
        .store
        .newest("", MOST_LOOKED_INTO, &project.config)?;
    let found: BTreeSet<String> = newest.into_iter().flat_map(words).collect();
    Ok(plain(found))
}

fn plain(words: impl IntoIterator<Item = String>) -> Vec<(String, Option<String>)> {
    words.into_iter().map(|word| (word, None)).collect()
}

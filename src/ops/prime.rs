//! What an agent needs to know to use `tk` here: few words, the rules first.

use super::Project;
use crate::model::Statuses;
use crate::wire::{PrimeCommand, PrimeDocument};

/// Commands worth knowing, and what they do.
const COMMANDS: &[(&str, &str)] = &[
    ("tk next --claim --json", "take the ticket to do now"),
    ("tk show ID --json", "everything about a ticket"),
    (
        "tk ready, tk blocked",
        "what can be done, what cannot and why",
    ),
    ("tk list --parent EPIC", "filter (-s -t -l -o --awaiting)"),
    ("tk search WORDS", "find tickets, closed ones too"),
    ("tk note ID TEXT", "say what you found; `-` reads stdin"),
    ("tk ask ID TEXT", "ask a person; the ticket waits"),
    ("tk new TITLE -d TEXT -b ID", "file what you find"),
    ("tk update ID --met N", "tick acceptance item N"),
    ("tk release ID", "give it back"),
];

/// The rules and commands. The same words every time, so that prompts with them are cached.
#[must_use]
pub fn prime(project: &Project) -> PrimeDocument {
    let mut rules = vec![
        "Tickets are files in .ticks/: change them with `tk` only, never by hand.".to_owned(),
        "Agents set TK_ACTOR=agent:NAME. They may read, file, note, ask, claim, release and \
         tick acceptance. Only people close, approve, answer, block, delete and run."
            .to_owned(),
        "If TK_TICKET is set, a run started you for that ticket: commit your work; the run \
         checks, merges and closes."
            .to_owned(),
        "Unsure? `tk ask`, don't guess.".to_owned(),
        "--json everywhere. Exit 0 ok, 1 no, 2 usage, 3 no such id, 4 not allowed, 5 held."
            .to_owned(),
    ];
    let statuses = &project.config.statuses;
    if *statuses != Statuses::default() {
        let ids = statuses.all().iter().map(|def| def.id.as_str());
        rules.push(format!("Statuses: {}.", ids.collect::<Vec<_>>().join(", ")));
    }
    PrimeDocument {
        schema: "tk.prime.v1",
        rules,
        commands: COMMANDS
            .iter()
            .map(|(run, what)| PrimeCommand { run, what })
            .collect(),
    }
}

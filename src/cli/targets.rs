//! The tickets that a command changes.

use clap::Args;

use super::{Failure, Session, text};
use crate::ops::Targets;

/// The tickets to change.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// Ids, or unique beginnings or parts of them (`-`: from standard input)
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    #[command(flatten)]
    condition: Condition,
}

/// The tickets to change, by their ids or by what they are.
#[derive(Debug, Args)]
pub(crate) struct ChosenArgs {
    /// Ids, or unique beginnings or parts of them (`-`: from standard input)
    #[arg(
        value_name = "ID",
        required_unless_present = "query",
        conflicts_with = "query"
    )]
    ids: Vec<String>,
    /// In place of ids, those that fit the expression: what `tk list --query` shows
    #[arg(long, value_name = "EXPR")]
    query: Option<String>,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    condition: Condition,
}

/// One ticket to change.
#[derive(Debug, Args)]
pub(crate) struct TargetArg {
    /// Its id, or a unique beginning or part of it
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    condition: Condition,
}

#[derive(Debug, Args)]
struct Condition {
    /// Only if the ticket's etag still is that
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
}

impl TargetArgs {
    /// As the request's targets.
    pub(crate) fn targets(self, session: &Session) -> Result<Targets, Failure> {
        Ok(Targets {
            ids: ids(session, self.ids)?,
            if_match: self.condition.if_match,
            ..Targets::default()
        })
    }
}

impl ChosenArgs {
    /// As the request's targets.
    pub(crate) fn targets(self, session: &Session) -> Result<Targets, Failure> {
        Ok(Targets {
            ids: ids(session, self.ids)?,
            query: self.query,
            dry_run: self.dry_run,
            if_match: self.condition.if_match,
            ..Targets::default()
        })
    }
}

impl TargetArg {
    /// As the request's targets.
    pub(crate) fn targets(self) -> Targets {
        Targets {
            ids: vec![self.id],
            if_match: self.condition.if_match,
            ..Targets::default()
        }
    }
}

/// The ids, with those of standard input, between white space, in the place of `-`.
pub(super) fn ids(session: &Session, given: Vec<String>) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for word in given {
        if word == "-" {
            let words = text::read(session, &word)?;
            ids.extend(words.split_whitespace().map(str::to_owned));
        } else {
            ids.push(word);
        }
    }
    Ok(ids)
}

//! What a run is known by: its key, its id, its branches.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::git::WorkBranch;
use crate::model::TicketId;

/// What a run is about: the epic's id, or `t-` and 8 hex digits of the tickets' ids. The same
/// command has the same key, which is how it finds the run it goes on with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunKey(String);

impl RunKey {
    /// The key of an epic's run.
    #[must_use]
    pub fn epic(id: &TicketId) -> Self {
        Self(id.as_str().to_owned())
    }

    /// The key of a run over the tickets, in whatever order they are given.
    #[must_use]
    pub fn tickets(ids: &[TicketId]) -> Self {
        let mut sorted: Vec<&str> = ids.iter().map(TicketId::as_str).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let digest = Sha256::digest(sorted.join("\n").as_bytes());
        let hex: String = digest
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self(format!("t-{hex}"))
    }

    /// The key of a run that is on the disk, as its text.
    #[must_use]
    pub fn recorded(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The run's branch.
    #[must_use]
    pub fn run_branch(&self) -> String {
        format!("tk/run/{self}")
    }

    /// The branch of an attempt at a ticket.
    #[must_use]
    pub fn work_branch(&self, ticket: &TicketId, attempt: u32) -> String {
        WorkBranch::new(&self.0, ticket, attempt).to_string()
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A new run's id: 26 characters that sort by time.
#[must_use]
pub fn new_run_id(ctx: &Context) -> String {
    let millis = u64::try_from(ctx.now().as_millisecond()).unwrap_or(0);
    ulid::Ulid::from_parts(millis, ctx.random_u128()).to_string()
}

/// A title as a part of a name: small letters, digits and single dashes, 40 at most.
#[must_use]
pub fn slug(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= 40 {
            break;
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_tickets_does_not_matter() {
        let id = |text| TicketId::parse(text).unwrap();
        let key = RunKey::tickets(&[id("abc"), id("xyz")]);
        assert_eq!(key, RunKey::tickets(&[id("xyz"), id("abc"), id("abc")]));
        assert_eq!(key.as_str().len(), 10);
        assert_eq!(
            key.work_branch(&id("abc"), 2),
            format!("tk/work/{key}/abc@2")
        );
    }

    #[test]
    fn slugs_are_short_and_plain() {
        assert_eq!(slug("Authentication & Login!"), "authentication-login");
        assert_eq!(slug("../../etc"), "etc");
        assert_eq!(slug("日本"), "");
        assert!(slug(&"a b".repeat(50)).len() <= 40);
    }
}

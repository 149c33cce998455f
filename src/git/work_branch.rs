//! What an attempt at a ticket is named: its branch `tk/work/<key>/<ticket>`, with `@<attempt>` at
//! its end where it is not the first; its worktree as the last part of that.

use std::fmt;

use crate::model::TicketId;

/// The branch of an attempt at a ticket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkBranch {
    /// The key of the run.
    pub key: String,
    /// The ticket.
    pub ticket: TicketId,
    /// The number of the attempt, from 1.
    pub attempt: u32,
}

impl WorkBranch {
    /// Where they are among the references.
    pub const REFERENCES: &str = "refs/heads/tk/work/";

    /// The branch of that attempt in runs of the key.
    #[must_use]
    pub fn new(key: &str, ticket: &TicketId, attempt: u32) -> Self {
        Self {
            key: key.to_owned(),
            ticket: ticket.clone(),
            attempt: attempt.max(1),
        }
    }

    /// The attempt whose branch has that name; none where no attempt's has.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (key, last) = name.strip_prefix("tk/work/")?.split_once('/')?;
        let (ticket, attempt) = match last.split_once('@') {
            Some((ticket, attempt)) => (ticket, attempt.parse().ok()?),
            None => (last, 1),
        };
        let found = Self::new(key, &TicketId::parse(ticket).ok()?, attempt);
        // Spelt otherwise it is another branch.
        (found.to_string() == name).then_some(found)
    }

    /// The name of the folder of its worktree, for a ticket and an attempt in whatever run.
    #[must_use]
    pub fn folder(ticket: &TicketId, attempt: u32) -> String {
        match attempt {
            0 | 1 => ticket.to_string(),
            _ => format!("{ticket}@{attempt}"),
        }
    }
}

impl fmt::Display for WorkBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = Self::folder(&self.ticket, self.attempt);
        write!(f, "tk/work/{}/{last}", self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let id = TicketId::parse("bd-a3f8.1").unwrap();
        for attempt in [1, 2, 17] {
            let branch = WorkBranch::new("t-0315bc83", &id, attempt);
            assert_eq!(WorkBranch::parse(&branch.to_string()), Some(branch));
        }
        for other in ["abc@1", "abc@02", "abc@x", "abc@", "X", "a/b", ""] {
            let name = format!("tk/work/k7m/{other}");
            assert_eq!(WorkBranch::parse(&name), None, "{name}");
        }
    }
}

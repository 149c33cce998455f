//! What can be read of a file that is no ticket, so that a person can mend it by the rules that
//! hold for tickets.

use super::parse::parse;
use crate::model::{Config, Ticket, TicketId};

/// The most lines that are left out. A file with more that is wrong says nothing.
const MOST_WRONG: usize = 200;

/// What could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Legible {
    /// The ticket that the lines spell which are not wrong.
    pub ticket: Ticket,
    /// Whether its status is the file's own.
    pub has_status: bool,
}

/// Reads the text without the lines that keep it from being a ticket's, which are left out one
/// by one.
#[must_use]
pub fn legible(id: &TicketId, text: &str, config: &Config) -> Legible {
    // The first is for a title, where there is none.
    let mut lines: Vec<&str> = std::iter::once("").chain(text.lines()).collect();
    for _ in 0..MOST_WRONG {
        let wrong = match parse(id, &lines.join("\n"), config) {
            Ok(ticket) => {
                let has_status = lines.iter().copied().any(is_status);
                return Legible {
                    ticket,
                    has_status: has_status || !text.lines().any(is_status),
                };
            }
            Err(wrong) => wrong,
        };
        if wrong.key.as_deref() == Some("title") && lines[0].is_empty() {
            // Another one that is there is then the second, and left out.
            lines[0] = "title = \"?\"";
            continue;
        }
        let place = wrong.line.saturating_sub(1);
        match lines.get_mut(place) {
            Some(line) if place > 0 && !line.is_empty() => *line = "",
            _ => break,
        }
    }
    let (kind, status) = (config.default_type.clone(), config.statuses.initial());
    Legible {
        ticket: Ticket::new(id.clone(), "?".to_owned(), kind, status.clone()),
        has_status: false,
    }
}

fn is_status(line: &str) -> bool {
    let rest = line.trim_start().strip_prefix("status");
    rest.is_some_and(|rest| rest.trim_start().starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Legible {
        let id = TicketId::parse("abc").unwrap();
        legible(&id, text, &Config::default())
    }

    #[test]
    fn wrong_lines_are_left_out() {
        for (text, status, owner, has_status) in [
            (
                "title = \"x\"\nstatus = \"closed\"\npriority = 9\n",
                "closed",
                None,
                true,
            ),
            (
                "title = \"x\nstatus = \"closed\"\nowner = \"o\"\n",
                "closed",
                Some("o"),
                true,
            ),
            (
                "status = \"closed\"\nowner = \"o\"\n",
                "closed",
                Some("o"),
                true,
            ),
            ("title = 3\nowner = \"o\"\n", "open", Some("o"), true),
            (
                "title = \"x\"\nstatus = \"clsed\"\nowner = \"o\"\n",
                "open",
                Some("o"),
                false,
            ),
            (
                "<<<<<<< a\ntitle = \"x\"\n=======\ntitle = \"y\"\n>>>>>>> b\nowner = \"o\"\n",
                "open",
                Some("o"),
                true,
            ),
            (
                "title = \"x\"\nlabels = [\n  \"a\",\n  7,\n]\nowner = \"o\"\n",
                "open",
                Some("o"),
                true,
            ),
            (
                "title = \"x\"\nstatus = \"closed\"\n[[notes]\nowner = \"o\"\n",
                "closed",
                None,
                true,
            ),
        ] {
            let read = read(text);
            assert_eq!(read.ticket.status.as_str(), status, "{text}");
            if let Some(owner) = owner {
                assert_eq!(read.ticket.owner.as_deref(), Some(owner), "{text}");
            }
            assert_eq!(read.has_status, has_status, "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_a_ticket_of_which_nothing_is_known() {
        let odd = "\u{0}\n".repeat(1000) + "status = \"closed\"\n";
        let open = "description = \"\"\"\nstatus = \"closed\"\n";
        for text in ["", "\n\n", "\u{feff}", "x", "[[", &odd, open] {
            let read = read(text);
            assert_eq!(read.ticket.status.as_str(), "open", "{text}");
        }
        assert!(!read(&odd).has_status);
    }
}

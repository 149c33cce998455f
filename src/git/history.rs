//! Which commits are about a ticket.

use std::collections::{BTreeMap, BTreeSet};

use gix::bstr::ByteSlice;
use gix::objs::commit::message::BodyRef;
use gix::revision::walk::Sorting;
use gix::traverse::commit::simple::CommitTimeOrder;
use jiff::{SignedDuration, Timestamp};
use smol_str::SmolStr;

use super::command::Git;
use super::error::Result;
use super::id::CommitId;
use super::repo::{Repo, unreadable};
use super::tree::parse_id;
use crate::model::TicketId;

/// How many commits are looked at: a few milliseconds' worth.
const LOOKED_AT: usize = 2_000;

/// How far apart the clocks may be of who files a ticket and of who commits.
const APART: SignedDuration = SignedDuration::from_hours(24);

/// A commit that names a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketCommit {
    /// The commit.
    pub id: CommitId,
    /// The first line of its message.
    pub subject: String,
    /// Its author's name.
    pub author: String,
    /// When it was committed.
    pub at: Option<Timestamp>,
}

/// The commits that name tickets, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamingCommits {
    of: BTreeMap<SmolStr, Vec<TicketCommit>>,
    /// The tickets that are named by more than these.
    more: BTreeSet<SmolStr>,
    /// The time of the oldest commit that was looked at, where there are older ones.
    back_to: Option<Timestamp>,
}

impl NamingCommits {
    /// Those that name that ticket.
    #[must_use]
    pub fn of(&self, id: &TicketId) -> &[TicketCommit] {
        self.of.get(id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Whether more may name that ticket, which was filed then: those above the limit, and older
    /// ones than were looked at. None names a ticket before it is filed.
    #[must_use]
    pub fn may_miss(&self, id: &TicketId, filed: Option<Timestamp>) -> bool {
        let filed = filed.and_then(|filed| filed.checked_sub(APART).ok());
        let reaches = |back_to: Timestamp| filed.is_some_and(|filed| back_to < filed);
        self.more.contains(id.as_str()) || self.back_to.is_some_and(|at| !reaches(at))
    }
}

impl Repo {
    /// The commits with what git takes for a trailer `Ticket: <id>` that lead to `tip`, of each
    /// ticket the newest, at most `limit`, among the newest 2,000; those of one ticket `only`, or
    /// of all.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn commits_naming(
        &self,
        tip: CommitId,
        only: Option<&TicketId>,
        limit: usize,
    ) -> Result<NamingCommits> {
        let read = |error: gix::Error| unreadable("the history", &error);
        let newest_first = Sorting::ByCommitTime(CommitTimeOrder::NewestFirst);
        let walk = self
            .gix()?
            .rev_walk([tip.0])
            .sorting(newest_first)
            .all()
            .map_err(read)?;
        let mut found = NamingCommits::default();
        let mut oldest = None;
        for (number, info) in walk.enumerate() {
            if only.is_some_and(|id| found.more.contains(id.as_str())) {
                break;
            }
            let info = info.map_err(read)?;
            if number == LOOKED_AT {
                found.back_to = Some(oldest.unwrap_or(Timestamp::MAX));
                break;
            }
            let at = info.commit_time;
            oldest = at.and_then(|at| Timestamp::from_second(at).ok());
            let commit = info.object().map_err(read)?;
            let message = commit.message_raw().map_err(read)?;
            let named = match only {
                Some(id) if names_ticket(message, id) => BTreeSet::from([id.short()]),
                Some(_) => continue,
                None => tickets_named(message),
            };
            for id in named {
                if found.of.get(&id).map_or(0, Vec::len) == limit {
                    found.more.insert(id);
                    continue;
                }
                let commit = self.ticket_commit(&commit, message)?;
                found.of.entry(id).or_default().push(commit);
            }
        }
        Ok(found)
    }

    fn ticket_commit(&self, commit: &gix::Commit<'_>, message: &[u8]) -> Result<TicketCommit> {
        let read = |error: gix::Error| unreadable("the history", &error);
        let id = CommitId(commit.id);
        let author = commit.author().map_err(read)?.name;
        let is_utf8 = message.to_str().is_ok() && author.to_str().is_ok();
        let (author, subject) = if is_utf8 {
            (author.to_str_lossy().into_owned(), first_line(message))
        } else {
            // It may be in another encoding, which git knows.
            self.git().author_and_subject(id)?
        };
        Ok(TicketCommit {
            id,
            subject,
            author,
            at: Timestamp::from_second(commit.time().map_err(read)?.seconds).ok(),
        })
    }
}

impl Git {
    /// The name of the commit's author, and the first line of its message, in UTF-8.
    fn author_and_subject(&self, commit: CommitId) -> Result<(String, String)> {
        let format = "--format=%an%n%B";
        let answer = self.run(["log", "-1", format, &commit.to_string(), "--"])?;
        let (author, message) = answer.stdout.split_once_str("\n").unwrap_or_default();
        Ok((
            String::from_utf8_lossy(author).into_owned(),
            first_line(message),
        ))
    }

    /// The commits up to `tip` with a trailer `Ticket: <id>`, newest first; of those the ones
    /// that `which` of `git log` picks.
    ///
    /// # Errors
    /// When git fails.
    pub fn naming_ticket(
        &self,
        id: &TicketId,
        tip: CommitId,
        which: &[&str],
    ) -> Result<Vec<CommitId>> {
        let answer = self
            .call(["log", "-z", "--format=%H%n%B", "--fixed-strings"])
            .arg(format!("--grep=Ticket: {id}"))
            .args(which)
            .args([&tip.to_string(), "--"])
            .run()?;
        let mut found = Vec::new();
        for commit in answer.fields() {
            let (name, message) = commit.split_once_str("\n").unwrap_or((commit, b""));
            // Elsewhere in a message it may be anybody's word.
            if names_ticket(message, id) {
                found.push(parse_id(&answer, &String::from_utf8_lossy(name))?);
            }
        }
        Ok(found)
    }
}

fn first_line(message: &[u8]) -> String {
    let line = message.lines().next().unwrap_or_default();
    String::from_utf8_lossy(line).into_owned()
}

/// Whether the message has the trailer `Ticket: <id>`.
fn names_ticket(message: &[u8], id: &TicketId) -> bool {
    // Most commits are about something else, which is seen at once.
    message.find(id.as_str()).is_some() && tickets_named(message).contains(id.as_str())
}

/// What the message's trailers `Ticket: <id>` name, by git's rules. The first paragraph has none,
/// and lines that begin with `#` do not count.
fn tickets_named(message: &[u8]) -> BTreeSet<SmolStr> {
    let is_blank = |line: &&[u8]| line.trim().is_empty();
    let body = message
        .lines_with_terminator()
        .skip_while(is_blank)
        .skip_while(|line| !is_blank(line))
        .filter(|line| !line.starts_with(b"#"));
    let body = body.collect::<Vec<_>>().concat();
    let trailers = BodyRef::from_bytes(&body).trailers();
    let tickets = trailers.filter(|trailer| trailer.token.eq_ignore_ascii_case(b"Ticket"));
    let named = tickets.filter_map(|trailer| Some(SmolStr::new(trailer.value.to_str().ok()?)));
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trailer_names_a_ticket() {
        let id = TicketId::parse("k7m").unwrap();
        let signed = "Signed-off-by: Dana <dana@example.com>\n";
        let seven = "text\n".repeat(7);
        let rows: [(&str, bool); 24] = [
            ("Subject\n\nBody\n\nTicket: k7m\nRun: x\n", true),
            ("Subject\n\nTicket: k7m", true),
            ("Subject\n\nRun: x\nTicket:   k7m  \n\n", true),
            ("Ticket: k7m", false),
            ("Subject\nTicket: k7m", false),
            ("\n\nTicket: k7m", false),
            ("Subject\n\nTicket: k7m\n\nBody", false),
            ("Subject\n\nTicket: k7m2", false),
            ("Subject\n\nTicket: k7m k7m", false),
            ("Subject\n\nThe Ticket: k7m", false),
            // However it is spelt.
            ("Subject\n\nticket: k7m", true),
            ("Subject\n\nTICKET:k7m", true),
            ("Subject\n\nTicket : k7m", true),
            ("Subject\r\n\r\nBody\r\n\r\nTicket: k7m\r\nRun: x\r\n", true),
            ("Subject\n \nBody\n\t\nTicket: k7m", true),
            ("Subject\n\nTicket:\n  k7m\n", true),
            ("Subject\n\nRun: x\n Ticket: k7m\n", false),
            // Among other lines only where git wrote one of the trailers.
            ("Subject\n\nTicket: k7m\n---\nsome", false),
            ("Subject\n\nTicket: k7m\ntext", false),
            (&format!("Subject\n\nTicket: k7m\ntext\n{signed}"), true),
            (&format!("Subject\n\nTicket: k7m\n{seven}{signed}"), false),
            (
                "Subject\n\ntext\nTicket: k7m\n(cherry picked from commit 1a2b)",
                true,
            ),
            // What git's editor left.
            ("# Subject\n\nTicket: k7m\n# Conflicts:\n#\ta.txt", true),
            ("Subject\n\n#\nTicket: k7m\n#\n", true),
        ];
        for (message, expected) in rows {
            assert_eq!(
                names_ticket(message.as_bytes(), &id),
                expected,
                "{message:?}"
            );
        }
    }
}

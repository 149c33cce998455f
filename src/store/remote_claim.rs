//! What a claim says on a remote, as the message of a commit: a line for people, and one for
//! programs. It comes from whoever may push there, so nothing of it is believed unchecked.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Actor, Awaiting, NoteKind, Ticket, TicketId};

/// The form that this version writes, and reads.
const SCHEMA: &str = "tk.remote-claim.v1";

/// The largest fencing number: what every program that reads JSON can count to.
const LARGEST: u64 = (1 << 53) - 1;

/// The longest name of an actor, in characters.
const LONGEST: usize = 320;

/// Whether somebody holds the ticket, or has let go of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    /// Held until the lease has run out.
    Held,
    /// Let go of. It stays there, since it knows the number.
    Released,
}

/// A claim as it is on a remote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteClaim {
    schema: String,
    /// The ticket.
    ticket: String,
    /// Whether it is held.
    pub state: ClaimState,
    /// Who holds it, or did last.
    pub actor: String,
    /// Until when.
    pub lease_until: Timestamp,
    /// The fencing number: one more at every new holding of the ticket.
    pub number: u64,
    /// The holding itself, a random word: one actor may be in several clones.
    pub holding: String,
    /// Of what is let go of: why it is nobody else's to begin all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Kept>,
}

/// What became of a ticket in the clone that has let go of it, before others can know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// When it was closed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// What a person owes it there, where it was not closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting: Option<String>,
    /// When it was asked, where it awaits an answer: who knows that question knows what the ticket
    /// awaited, also when that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// Who closed it, or worked at it.
    pub by: String,
}

impl Kept {
    /// What is to be told of the ticket that `actor` lets go of; nothing where it is open.
    #[must_use]
    pub fn of(ticket: &Ticket, actor: &str) -> Option<Self> {
        let awaiting = ticket.awaiting.filter(|_| ticket.closed_at.is_none());
        let by = ticket.closed_by.as_deref().filter(|by| is_name(by));
        let asked = ticket
            .notes
            .iter()
            .filter(|note| note.kind == NoteKind::Question);
        let asked = asked.filter_map(|note| note.at);
        (ticket.closed_at.is_some() || awaiting.is_some()).then(|| Self {
            closed_at: ticket.closed_at,
            awaiting: awaiting.map(|it| it.as_str().to_owned()),
            asked_at: awaiting
                .filter(|it| *it == Awaiting::Input)
                .and(asked.max()),
            by: by.unwrap_or(actor).to_owned(),
        })
    }

    /// Whether it says something, and nothing that cannot be told.
    fn is_sound(&self) -> bool {
        let is_word = |it: &String| it.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let says_one = self.closed_at.is_some() != self.awaiting.is_some();
        says_one && self.awaiting.as_ref().is_none_or(is_word) && is_name(&self.by)
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = &self.by;
        match (self.closed_at, &self.awaiting) {
            (Some(at), _) => write!(f, "closed in another clone at {at} by {by}"),
            (None, awaiting) => write!(
                f,
                "worked at by {by} in another clone, where it awaits {}",
                awaiting.as_deref().unwrap_or("a person")
            ),
        }
    }
}

/// Whether somebody can be named so.
fn is_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.chars().count()) && Actor::new(name).as_str() == name
}

impl RemoteClaim {
    /// That `actor` holds the ticket until then.
    #[must_use]
    pub fn new(
        ticket: &TicketId,
        actor: &Actor,
        lease_until: Timestamp,
        number: u64,
        holding: &str,
    ) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            ticket: ticket.to_string(),
            state: ClaimState::Held,
            actor: actor.to_string(),
            lease_until,
            number,
            holding: holding.to_owned(),
            kept: None,
        }
    }

    /// The claim of that ticket that the commit's message says.
    ///
    /// # Errors
    /// When it says none, one of another ticket, or something that cannot be: why.
    pub fn parse(ticket: &TicketId, text: &str) -> Result<Self, String> {
        let line = text.lines().find(|line| line.starts_with('{'));
        let line = line.ok_or("expected a line of JSON")?;
        let claim: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let is_word = |c: char| c.is_ascii_alphanumeric();
        let wrong = if claim.schema != SCHEMA {
            "it is of another version"
        } else if claim.ticket != ticket.as_str() {
            "it is of another ticket"
        } else if !(1..=LARGEST).contains(&claim.number) {
            "its number is out of range"
        } else if claim.kept.as_ref().is_some_and(|kept| !kept.is_sound()) {
            "why it was let go of is not to be told"
        } else if !is_name(&claim.actor) {
            "nobody can be named so: expected at most 320 characters, and none that controls a terminal"
        } else if !(1..=64).contains(&claim.holding.len()) || !claim.holding.chars().all(is_word) {
            "its holding is no word"
        } else {
            return Ok(claim);
        };
        Err(wrong.to_owned())
    }

    /// The commit's message.
    #[must_use]
    pub fn text(&self) -> String {
        let what = match self.state {
            ClaimState::Held => "Claim of",
            ClaimState::Released => "No claim of",
        };
        let json = serde_json::json!(self);
        format!("{what} {}\n\n{json}\n", self.ticket)
    }

    /// The ticket.
    #[must_use]
    pub fn ticket(&self) -> Option<TicketId> {
        TicketId::parse(&self.ticket).ok()
    }

    /// The same holding, until then.
    #[must_use]
    pub fn until(&self, lease_until: Timestamp) -> Self {
        Self {
            lease_until,
            ..self.clone()
        }
    }

    /// Whether somebody holds the ticket at that time.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.state == ClaimState::Held && now < self.lease_until
    }

    /// Whether nobody else is to begin the ticket at that time, as far as the claim says.
    #[must_use]
    pub fn bars(&self, now: Timestamp) -> bool {
        self.holds(now) || self.kept.is_some()
    }

    /// The number of the next holding; none where there is none left.
    #[must_use]
    pub fn next_number(&self) -> Option<u64> {
        Some(self.number + 1).filter(|next| *next <= LARGEST)
    }

    /// The same holding, let go of; and why it is nobody else's to begin, if so.
    #[must_use]
    pub fn released(&self, kept: Option<Kept>) -> Self {
        Self {
            state: ClaimState::Released,
            kept,
            ..self.clone()
        }
    }
}

/// A claim on a remote, and which commit it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteHold {
    /// The remote's name.
    pub remote: String,
    /// The commit, 40 hexadecimal digits.
    pub commit: String,
    /// What it says.
    pub claim: RemoteClaim,
    /// The commit in whose history what it says became of the ticket is not, where that was looked
    /// for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim() -> (TicketId, RemoteClaim) {
        let id = TicketId::parse("abc").unwrap();
        let until = "2026-11-20T10:00:00Z".parse().unwrap();
        let claim = RemoteClaim::new(&id, &Actor::new("ann"), until, 7, "a1b2");
        (id, claim)
    }

    #[test]
    fn what_is_written_is_read() {
        let (id, claim) = claim();
        assert_eq!(RemoteClaim::parse(&id, &claim.text()), Ok(claim.clone()));
        let released = claim.released(None);
        assert_eq!(
            RemoteClaim::parse(&id, &released.text()),
            Ok(released.clone())
        );
        let before = "2026-11-20T09:59:59Z".parse().unwrap();
        // Of what says nothing of why it was let go of, as before there was that, anybody may begin.
        assert!(!released.text().contains("kept") && !released.bars(before));
        let kept = Kept {
            closed_at: None,
            awaiting: Some("review".to_owned()),
            asked_at: None,
            by: "ann".to_owned(),
        };
        let kept = claim.released(Some(kept));
        assert_eq!(RemoteClaim::parse(&id, &kept.text()), Ok(kept.clone()));
        assert!(kept.bars(before) && !kept.holds(before));
        for (from, to) in [("review", "\\u001b[2J"), ("\"by\":\"ann\"", "\"by\":\"\"")] {
            let hostile = kept.text().replace(from, to);
            assert_ne!(hostile, kept.text());
            assert!(RemoteClaim::parse(&id, &hostile).is_err(), "{hostile}");
        }
        // A newer form may say more.
        let more = kept.text().replace("{\"", "{\"more\":1,\"");
        assert_eq!(RemoteClaim::parse(&id, &more), Ok(kept));
        assert!(claim.holds(before) && !claim.holds(claim.lease_until) && !released.holds(before));
    }

    #[test]
    fn nothing_of_it_is_believed_unchecked() {
        let (id, claim) = claim();
        let text = claim.text();
        for (from, to) in [
            ("tk.remote-claim.v1", "tk.remote-claim.v2"),
            ("\"ticket\":\"abc\"", "\"ticket\":\"abd\""),
            ("\"number\":7", "\"number\":0"),
            ("\"number\":7", "\"number\":9007199254740992"),
            ("\"number\":7", "\"number\":-1"),
            ("\"number\":7", "\"number\":1e400"),
            ("\"ann\"", "\"\""),
            ("\"ann\"", "\" ann\""),
            ("\"ann\"", "\"ann\\u001b[2J\""),
            ("\"ann\"", "\"ann\\nerror\""),
            ("\"a1b2\"", "\"../a\""),
            ("\"a1b2\"", "\"\""),
            ("\"held\"", "\"owned\""),
            ("2026-11-20T", "soon"),
            ("{", "["),
        ] {
            let hostile = text.replace(from, to);
            assert_ne!(hostile, text, "{from}");
            assert!(RemoteClaim::parse(&id, &hostile).is_err(), "{hostile}");
        }
        let long = text.replace("ann", &"a".repeat(321));
        assert!(RemoteClaim::parse(&id, &long).is_err());
        let last = text.replace("\"number\":7", "\"number\":9007199254740991");
        let last = RemoteClaim::parse(&id, &last).unwrap();
        assert_eq!((claim.next_number(), last.next_number()), (Some(8), None));
    }
}

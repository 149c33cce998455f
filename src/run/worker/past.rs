//! What of a conversation with a worker is over when a runner takes it over from a dead one.

use jiff::Timestamp;

use crate::run::attempt::{AttemptDir, AttemptError};
use crate::run::left::Left;
use crate::wire::EventKind;

/// What was said and done of a conversation by a runner that died.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// Whether the session was not new.
    pub resumed: bool,
    /// Whether the worker's bill was taken: nothing is to follow but the verdict on it.
    pub is_over: bool,
    /// The events that are in the journal and were not met again yet.
    told: Told,
    /// The requests of the worker that were answered.
    answered: Vec<String>,
}

/// Events of a worker that are in the journal, in order.
#[derive(Debug, Default)]
struct Told(Vec<EventKind>);

impl Told {
    /// Whether the event was told, once more than it was asked for.
    fn take(&mut self, kind: &EventKind) -> bool {
        let at = self.0.iter().position(|told| told == kind);
        at.map(|at| self.0.remove(at)).is_some()
    }
}

impl Past {
    /// Nothing, of a worker that is started now.
    pub(super) fn none(resumed: bool) -> Self {
        Self {
            resumed,
            ..Self::default()
        }
    }

    pub(super) fn of(dir: &AttemptDir, left: &Left) -> Result<Self, AttemptError> {
        Ok(Self {
            resumed: left.resumed,
            is_over: left.reserved.is_none(),
            told: Told(left.told.clone()),
            answered: dir.answered()?,
        })
    }

    /// Whether the event was told before.
    pub(super) fn knows(&mut self, kind: &EventKind) -> bool {
        self.told.take(kind) || self.is_over
    }

    /// Whether the request needs no answer any more.
    pub(super) fn answered(&self, request: &str) -> bool {
        self.is_over || self.answered.iter().any(|answered| answered == request)
    }
}

/// What a dead runner had come to with the requests of a worker to people. They are put to
/// people one by one: only the last of those that were may still wait.
#[derive(Debug, Default)]
pub(super) struct PastRequests {
    /// What was asked, and was not met again yet.
    asked: Vec<EventKind>,
    /// When the last was asked.
    since: Option<Timestamp>,
    /// What was told of the last.
    told: Told,
}

/// How a request of a worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody was asked.
    New,
    /// It was asked then, and nothing was asked after it.
    Last(Timestamp),
    /// Another was asked after it.
    Over,
}

impl PastRequests {
    pub(super) fn of(left: &Left) -> Self {
        let is_ask = |kind: &EventKind| matches!(kind, EventKind::Ask { .. });
        let last = left.requests.iter().rposition(|(_, kind)| is_ask(kind));
        let Some(last) = last else {
            return Self::default();
        };
        let kinds = |of: &[(Timestamp, EventKind)]| -> Vec<EventKind> {
            of.iter().map(|(_, kind)| kind.clone()).collect()
        };
        let mut asked = kinds(&left.requests[..=last]);
        asked.retain(is_ask);
        Self {
            asked,
            since: Some(left.requests[last].0),
            told: Told(kinds(&left.requests[last + 1..])),
        }
    }

    /// How the request, which comes next of all, stands. Asked once for each.
    pub(super) fn meet(&mut self, ask: &EventKind) -> Standing {
        let Some(at) = self.asked.iter().position(|asked| asked == ask) else {
            return Standing::New;
        };
        self.asked.drain(..=at);
        match self.since {
            Some(since) if self.asked.is_empty() => Standing::Last(since),
            _ => Standing::Over,
        }
    }

    /// Whether the event about the last request was told before.
    pub(super) fn knows(&mut self, kind: &EventKind) -> bool {
        self.told.take(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(question: &str) -> EventKind {
        EventKind::Ask {
            question: question.to_owned(),
            options: Vec::new(),
        }
    }

    #[test]
    fn only_the_last_of_what_was_asked_may_still_wait() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let answer = || EventKind::Answer { text: "red".into() };
        let left = Left {
            attempt: 1,
            process: 1,
            resumed: false,
            reserved: None,
            told: Vec::new(),
            requests: vec![
                (at(1), ask("a")),
                (at(2), answer()),
                (at(3), ask("b")),
                (at(4), ask("a")),
                (at(5), answer()),
            ],
        };
        let mut past = PastRequests::of(&left);
        assert_eq!(past.meet(&ask("a")), Standing::Over);
        assert_eq!(past.meet(&ask("new")), Standing::New);
        assert_eq!(past.meet(&ask("b")), Standing::Over);
        assert_eq!(past.meet(&ask("a")), Standing::Last(at(4)));
        assert_eq!(past.meet(&ask("a")), Standing::New);
        assert_eq!(
            [past.knows(&answer()), past.knows(&answer())],
            [true, false]
        );
    }
}

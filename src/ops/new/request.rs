//! What a new ticket is asked to be.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::values::{self, invalid, printable};
use super::super::{Error, Result};
use super::forms::{NewAcceptance, NewSubtask, Word, items};

/// A ticket to be made, in words as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewTicket {
    /// A name that others of the same file may use for it.
    pub local: Option<String>,
    /// One line; must not be blank.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Its type; the default one if absent.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its priority.
    pub priority: Option<Word>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who is responsible.
    pub owner: Option<String>,
    /// The epic it is a part of.
    pub parent: Option<String>,
    /// What must be done before.
    pub blocked_by: Vec<String>,
    /// Soft order.
    pub after: Vec<String>,
    /// What is worth reading with it.
    pub related: Vec<String>,
    /// What must be true of the result.
    #[serde(deserialize_with = "items")]
    pub acceptance: Vec<NewAcceptance>,
    /// Its steps.
    #[serde(deserialize_with = "items")]
    pub subtasks: Vec<NewSubtask>,
    /// Commands that must pass.
    pub checks: Vec<String>,
    /// Globs of files it will change.
    pub touches: Vec<String>,
    /// The human gate.
    pub requires: Option<String>,
    /// What a person owes it.
    pub awaiting: Option<String>,
    /// How long it will take.
    pub estimate: Option<String>,
    /// When it should be done.
    pub due: Option<Word>,
    /// Until when it is put off.
    pub defer_until: Option<Word>,
    /// How often it comes again.
    pub repeat: Option<String>,
    /// The agent to run it with.
    pub agent: Option<String>,
    /// The model to run it with.
    pub model: Option<String>,
    /// Never together with others of that lock.
    pub lock: Option<String>,
    /// A pull request's address.
    pub pr: Option<String>,
    /// During whose work it was found.
    pub discovered_from: Option<String>,
    /// The ticket it repeats.
    pub duplicate_of: Option<String>,
    /// Where it is in the file that it comes from.
    #[serde(skip)]
    pub place: Option<Place>,
}

/// Where a ticket is in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// The line it begins at.
    pub line: usize,
    /// The lines of its keys.
    pub keys: BTreeMap<String, usize>,
    /// The keys whose values come from the command line.
    pub typed: Vec<&'static str>,
}

/// An error in a file of new tickets, with its place.
pub(crate) fn in_file(name: &str, line: usize, message: &str) -> Error {
    let error = invalid(format!("{name}:{line}: {message}"));
    let error = error.with("path", name).with("line", line);
    // Of an unknown key, the first word between backticks is what was given.
    let mut words = message.split('`').skip(1).step_by(2);
    match words
        .next()
        .filter(|_| message.starts_with("unknown field"))
    {
        Some(given) => values::suggest(error, given, words),
        None => error,
    }
}

/// The value that is given in place of the other, if it is.
trait PutOver {
    fn put_over(self, other: &mut Self) -> bool;
}

impl PutOver for String {
    fn put_over(self, other: &mut Self) -> bool {
        let given = !self.is_empty();
        if given {
            *other = self;
        }
        given
    }
}

impl<T> PutOver for Option<T> {
    fn put_over(self, other: &mut Self) -> bool {
        let given = self.is_some();
        if given {
            *other = self;
        }
        given
    }
}

impl<T> PutOver for Vec<T> {
    fn put_over(self, other: &mut Self) -> bool {
        let given = !self.is_empty();
        if given {
            *other = self;
        }
        given
    }
}

impl NewTicket {
    /// Puts what this one says in place of what the other says.
    pub(in crate::ops) fn put_over(self, other: &mut Self) {
        let mut typed = Vec::new();
        macro_rules! put {
            ($($field:ident: $key:literal),+ $(,)?) => {
                $(if self.$field.put_over(&mut other.$field) {
                    typed.push($key);
                })+
            };
        }
        put!(
            title: "title",
            description: "description",
            kind: "type",
            priority: "priority",
            labels: "labels",
            owner: "owner",
            parent: "parent",
            blocked_by: "blocked_by",
            after: "after",
            related: "related",
            acceptance: "acceptance",
            subtasks: "subtasks",
            checks: "checks",
            touches: "touches",
            requires: "requires",
            awaiting: "awaiting",
            estimate: "estimate",
            due: "due",
            defer_until: "defer_until",
            repeat: "repeat",
            agent: "agent",
            model: "model",
            lock: "lock",
            pr: "pr",
            discovered_from: "discovered_from",
            duplicate_of: "duplicate_of",
        );
        if let Some(place) = &mut other.place {
            place.typed = typed;
        }
    }

    /// Tells every text in it, and its key, so that it can be changed.
    pub(in crate::ops) fn each_text(
        &mut self,
        tell: &mut dyn FnMut(&str, &mut String) -> Result<()>,
    ) -> Result<()> {
        tell("title", &mut self.title)?;
        tell("description", &mut self.description)?;
        let mut words = [
            ("priority", &mut self.priority),
            ("due", &mut self.due),
            ("defer_until", &mut self.defer_until),
        ];
        for (key, word) in &mut words {
            if let Some(word) = word {
                tell(key, &mut word.0)?;
            }
        }
        let mut lines = [
            ("local", &mut self.local),
            ("type", &mut self.kind),
            ("owner", &mut self.owner),
            ("parent", &mut self.parent),
            ("requires", &mut self.requires),
            ("awaiting", &mut self.awaiting),
            ("estimate", &mut self.estimate),
            ("repeat", &mut self.repeat),
            ("agent", &mut self.agent),
            ("model", &mut self.model),
            ("lock", &mut self.lock),
            ("pr", &mut self.pr),
            ("discovered_from", &mut self.discovered_from),
            ("duplicate_of", &mut self.duplicate_of),
        ];
        for (key, line) in &mut lines {
            if let Some(line) = line {
                tell(key, line)?;
            }
        }
        let mut lists = [
            ("labels", &mut self.labels),
            ("blocked_by", &mut self.blocked_by),
            ("after", &mut self.after),
            ("related", &mut self.related),
            ("checks", &mut self.checks),
            ("touches", &mut self.touches),
        ];
        for (key, list) in &mut lists {
            for text in list.iter_mut() {
                tell(key, text)?;
            }
        }
        for item in &mut self.acceptance {
            tell("acceptance", &mut item.text)?;
            if let Some(check) = &mut item.check {
                tell("acceptance", check)?;
            }
        }
        for step in &mut self.subtasks {
            tell("subtasks", &mut step.title)?;
        }
        Ok(())
    }

    /// What messages call it, since its id is nothing that anybody gave: its local name, else its
    /// title.
    pub(super) fn name(&self) -> String {
        match &self.local {
            Some(local) => printable(local),
            None => format!("`{}`", printable(&self.title)),
        }
    }

    /// The result, whose error says where in the file the key is.
    pub(in crate::ops) fn at<T>(&self, key: &str, result: Result<T>) -> Result<T> {
        result.map_err(|mut error| {
            if let Some(place) = &self.place
                && !place.typed.contains(&key)
            {
                let line = *place.keys.get(key).unwrap_or(&place.line);
                error.message = format!("{}:{line}: {}", place.file, error.message);
                error = error.with("path", place.file.as_str()).with("line", line);
            }
            error
        })
    }
}

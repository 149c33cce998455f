//! Statuses, their categories, and which may follow which.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;

use smol_str::SmolStr;

/// A status by its id, such as `in_progress`. Which ids exist, `Statuses` knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusId(SmolStr);

impl StatusId {
    /// The status of that id. Dashes and spaces are read as underscores, capitals as small.
    #[must_use]
    pub fn new(id: &str) -> Self {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        if id.bytes().all(is_plain) {
            return Self(SmolStr::new(id));
        }
        Self(id.trim().to_lowercase().replace(['-', ' '], "_").into())
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for StatusId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StatusId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a status means to `tk`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Not begun.
    Open,
    /// Somebody works at it.
    Active,
    /// Over: a blocker in it blocks no more.
    Done,
}

impl Category {
    /// The word used in configuration and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Active => "active",
            Self::Done => "done",
        }
    }
}

/// One configured status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusDef {
    /// What ticket files say.
    pub id: StatusId,
    /// What people see.
    pub name: String,
    /// What it means.
    pub category: Category,
}

/// The statuses of a project, in the order of its board, and the allowed transitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses {
    defs: Vec<StatusDef>,
    initial: StatusId,
    transitions: Option<BTreeMap<StatusId, BTreeSet<StatusId>>>,
}

impl Statuses {
    /// Statuses whose ids are distinct, with at least one of each category used by a run
    /// (`open`, `active`, `done`), and `initial` among them; the configuration checks that.
    #[must_use]
    pub fn new(
        defs: Vec<StatusDef>,
        initial: StatusId,
        transitions: Option<BTreeMap<StatusId, BTreeSet<StatusId>>>,
    ) -> Self {
        Self {
            defs,
            initial,
            transitions,
        }
    }

    /// All statuses, in the order of the board.
    #[must_use]
    pub fn all(&self) -> &[StatusDef] {
        &self.defs
    }

    /// The status new and reopened tickets get.
    #[must_use]
    pub fn initial(&self) -> &StatusId {
        &self.initial
    }

    /// The status of that id, if it is configured.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&StatusDef> {
        self.defs.iter().find(|def| *def.id == *id)
    }

    /// The status that a person means: `done` is also the first of that category.
    #[must_use]
    pub fn named(&self, given: &str) -> Option<&StatusId> {
        let id = StatusId::new(given);
        match self.get(&id) {
            Some(def) => Some(&def.id),
            None if id.as_str() == Category::Done.as_str() => self.first(Category::Done),
            None => None,
        }
    }

    /// What the status means; one that is not configured counts as open.
    #[must_use]
    pub fn category(&self, id: &str) -> Category {
        self.category_of(id.as_bytes())
    }

    /// The same, of the bytes of the status's id.
    #[must_use]
    pub fn category_of(&self, id: &[u8]) -> Category {
        let mut defs = self.defs.iter();
        let found = defs.find(|def| def.id.as_str().as_bytes() == id);
        found.map_or(Category::Open, |def| def.category)
    }

    /// Whether work in this status is over.
    #[must_use]
    pub fn is_done(&self, id: &str) -> bool {
        self.category(id) == Category::Done
    }

    /// The first status of that category, if there is one.
    #[must_use]
    pub fn first(&self, category: Category) -> Option<&StatusId> {
        self.defs
            .iter()
            .find(|def| def.category == category)
            .map(|def| &def.id)
    }

    /// Whether a ticket may go from one status to the other. Staying is always allowed; so
    /// is everything where no transitions are configured.
    #[must_use]
    pub fn allows(&self, from: &StatusId, to: &StatusId) -> bool {
        from == to
            || self
                .transitions
                .as_ref()
                .is_none_or(|map| map.get(from).is_some_and(|next| next.contains(to)))
    }

    /// The statuses that may follow `from`.
    #[must_use]
    pub fn next(&self, from: &StatusId) -> Vec<&StatusId> {
        self.defs
            .iter()
            .map(|def| &def.id)
            .filter(|to| *to != from && self.allows(from, to))
            .collect()
    }

    /// The shortest chain of allowed transitions from `from` (not included) to the first
    /// status of `category` (included) that can be reached; empty where `from` has that
    /// category already, `None` where none can be reached.
    #[must_use]
    pub fn path(&self, from: &StatusId, category: Category) -> Option<Vec<StatusId>> {
        if self.category(from) == category {
            return Some(Vec::new());
        }
        let mut seen = BTreeSet::from([from.clone()]);
        let mut frontier = vec![vec![from.clone()]];
        while !frontier.is_empty() {
            let mut next = Vec::new();
            for path in frontier {
                let Some(last) = path.last() else { continue };
                for to in self.next(last) {
                    if !seen.insert(to.clone()) {
                        continue;
                    }
                    let mut longer = path.clone();
                    longer.push(to.clone());
                    if self.category(to) == category {
                        return Some(longer.split_off(1));
                    }
                    next.push(longer);
                }
            }
            frontier = next;
        }
        None
    }
}

impl Default for Statuses {
    fn default() -> Self {
        let def = |id: &str, name: &str, category| StatusDef {
            id: StatusId::new(id),
            name: name.to_owned(),
            category,
        };
        Self::new(
            vec![
                def("open", "Open", Category::Open),
                def("in_progress", "In progress", Category::Active),
                def("closed", "Closed", Category::Done),
            ],
            StatusId::new("open"),
            None,
        )
    }
}

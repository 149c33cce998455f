//! Who does something.

use std::fmt;

/// A person or an agent, as written into `created_by`, `closed_by`, `by` and `owner`.
///
/// An agent's name starts with `agent:`; every other name is a person's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor(String);

impl Actor {
    /// The actor of that name; surrounding white space is dropped and control characters
    /// are removed, since names end up in terminals and commit messages.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.trim().chars().filter(|c| !c.is_control()).collect())
    }

    /// The actor for the agent of that name.
    #[must_use]
    pub fn agent(name: &str) -> Self {
        Self::new(&format!("agent:{name}"))
    }

    /// Whether this is an agent, who may not pass human gates.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.0.starts_with("agent:")
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

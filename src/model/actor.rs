//! Who does something.

use std::fmt;

/// A person or an agent, as written into `created_by`, `closed_by`, `by` and `owner`.
///
/// An agent's name starts with `agent:`; every other name is a person's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Actor(String);

impl Actor {
    /// The actor of that name; control characters are removed, since names end up in terminals
    /// and commit messages, and then white space around it.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let visible: String = name.chars().filter(|c| !c.is_control()).collect();
        Self(visible.trim().to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_hides_no_agent() {
        for name in [
            "agent:zed",
            " agent:zed ",
            "\u{1} agent:zed",
            "\u{1}\t\u{2}agent:zed\n",
        ] {
            let actor = Actor::new(name);
            assert_eq!((actor.as_str(), actor.is_agent()), ("agent:zed", true));
            assert_eq!(Actor::new(actor.as_str()), actor);
        }
    }
}

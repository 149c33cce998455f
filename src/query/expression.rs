//! Conditions, put together.

use std::fmt;

use super::condition::Condition;

/// What a query says. Shown, it is a text that is read as the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// All of them; two at least.
    And(Vec<Self>),
    /// One of them; two at least.
    Or(Vec<Self>),
    Not(Box<Self>),
    Condition(Condition),
}

impl Expression {
    pub(super) fn each<'e>(&'e self, see: &mut impl FnMut(&'e Condition)) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.each(see)),
            Self::Not(part) => part.each(see),
            Self::Condition(condition) => see(condition),
        }
    }

    pub(super) fn any(&self, is: &impl Fn(&Condition) -> bool) -> bool {
        let mut found = false;
        self.each(&mut |condition| found |= is(condition));
        found
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Self::And(parts) => (parts, " and "),
            Self::Or(parts) => (parts, " or "),
            Self::Not(part) => {
                return match **part {
                    Self::And(_) | Self::Or(_) => write!(f, "not ({part})"),
                    _ => write!(f, "not {part}"),
                };
            }
            Self::Condition(condition) => return condition.fmt(f),
        };
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                f.write_str(word)?;
            }
            match (self, part) {
                (Self::And(_), Self::And(_) | Self::Or(_)) | (_, Self::Or(_)) => {
                    write!(f, "({part})")?;
                }
                _ => part.fmt(f)?,
            }
        }
        Ok(())
    }
}

//! A single condition.

use std::fmt;

use super::field::{Field, Flag, Kind};
use super::token::{Operator, quoted};
use super::value::Value;

/// One thing that is asked about a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// The words are somewhere in its texts.
    Says(String),
    Is(Flag),
    /// There is something in the field.
    Filled(Field),
    /// The field is as one of the values; for [`Operator::IsNot`], as none.
    Compared {
        field: Field,
        operator: Operator,
        values: Vec<Value>,
    },
}

impl Condition {
    pub(super) fn is_about_closing(&self) -> bool {
        match self {
            Self::Is(flag) => matches!(flag, Flag::Open | Flag::Active | Flag::Closed),
            Self::Filled(field) | Self::Compared { field, .. } => matches!(
                field,
                Field::Status | Field::Closed | Field::ClosedBy | Field::Reason
            ),
            Self::Says(_) => false,
        }
    }

    /// The labels that it asks for.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        let values: &[Value] = match self {
            Self::Compared {
                field: Field::Label,
                operator: Operator::Is,
                values,
            } => values,
            _ => &[],
        };
        values.iter().filter_map(|value| match value {
            Value::Word(label) => Some(label.as_str()),
            _ => None,
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, operator, values) = match self {
            Self::Says(words) => return f.write_str(&quoted(words)),
            Self::Is(flag) => return f.write_str(flag.name()),
            Self::Filled(field) => return write!(f, "has:{}", field.name()),
            Self::Compared {
                field,
                operator,
                values,
            } => (field, operator, values),
        };
        write!(f, "{}{operator}", field.name())?;
        for (number, value) in values.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(f, "{comma}{value}")?;
        }
        Ok(())
    }
}

impl Operator {
    /// The operator by which the field is compared: `:` is `=` but for texts, in which it looks
    /// for words.
    pub(super) fn for_kind(self, kind: Kind) -> Self {
        match self {
            Self::Has if kind != Kind::Text => Self::Is,
            other => other,
        }
    }
}

//! What may come next where somebody is still typing an expression.

use super::field::{Field, Flag, Kind};
use super::token::{Operator, Pieces, Token};
use crate::model::{Awaiting, Gate, Verdict};

/// What may stand at the end of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A condition: a field with its operator, or a word that stands alone.
    Condition,
    /// A field's name.
    Field,
    /// A value of that field.
    Value(Field),
}

/// Where the last piece of what has been typed begins, and what it may be; `None` in a text, and
/// in what cannot be read.
#[must_use]
pub fn unfinished(text: &str) -> Option<(usize, Expected)> {
    let mut pieces = Pieces::of(text);
    loop {
        let piece = pieces.take().ok()?;
        let ends = piece.at().end == text.len();
        match piece.token {
            Token::End => return Some((text.len(), Expected::Condition)),
            Token::Quoted | Token::Operator(_) if ends => return None,
            Token::Word | Token::And | Token::Or | Token::Not if ends => {
                return Some((piece.start, Expected::Condition));
            }
            Token::Word => {}
            _ => continue,
        }
        let Token::Operator(operator) = pieces.peek().ok()?.token else {
            continue;
        };
        let expected = match Field::named(piece.text) {
            Some(field) => Expected::Value(field),
            None if piece.text.eq_ignore_ascii_case("has") && operator == Operator::Has => {
                Expected::Field
            }
            None => return None,
        };
        loop {
            // The operator, or the comma.
            pieces.take().ok()?;
            let value = pieces.take_value().ok()?;
            if value.at().end == text.len() {
                let is_typed = value.token != Token::Quoted;
                return is_typed.then_some((value.start, expected));
            }
            if pieces.peek().ok()?.token != Token::Comma {
                break;
            }
        }
    }
}

impl Field {
    /// The name and the operator that is most used with it.
    #[must_use]
    pub fn compared(self) -> String {
        let operator = match self.kind() {
            Kind::Text => Operator::Has,
            _ => Operator::Is,
        };
        format!("{}{operator}", self.name())
    }

    /// The words that may be its value, if those are the same in every project.
    #[must_use]
    pub fn words(self) -> Vec<String> {
        let named = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        match self.kind() {
            Kind::Gate => Gate::ALL.iter().map(ToString::to_string).collect(),
            Kind::Awaiting => Awaiting::ALL.iter().map(ToString::to_string).collect(),
            Kind::Verdict => Verdict::ALL.iter().map(ToString::to_string).collect(),
            Kind::Priority => (0..=4).map(|number: u8| number.to_string()).collect(),
            Kind::Moment | Kind::Day => named(&["today", "yesterday", "tomorrow", "now"]),
            _ => Vec::new(),
        }
    }

    /// Whether its value names a ticket.
    #[must_use]
    pub fn names_tickets(self) -> bool {
        self.kind() == Kind::Ticket
    }
}

/// The words that may stand where a condition may, with what they mean.
#[must_use]
pub fn conditions() -> Vec<(String, &'static str)> {
    let fields = Field::ALL.iter();
    let fields = fields.map(|field| (field.compared(), field.about()));
    let flags = Flag::ALL.iter();
    let flags = flags.map(|flag| (flag.name().to_owned(), flag.about()));
    let others = [
        ("and", "both hold"),
        ("or", "one of them holds"),
        ("not", "it does not hold"),
        ("has:", "there is something in the field"),
    ];
    let others = others.map(|(word, about)| (word.to_owned(), about));
    fields.chain(flags).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_come_next() {
        let value = |name: &str| Expected::Value(Field::named(name).unwrap());
        for (text, expected) in [
            ("", Some((0, Expected::Condition))),
            ("pri", Some((0, Expected::Condition))),
            ("type=bug ", Some((9, Expected::Condition))),
            ("type=bug and (lab", Some((14, Expected::Condition))),
            ("type=", Some((5, value("type")))),
            ("type=bu", Some((5, value("type")))),
            ("type=bug,ta", Some((9, value("type")))),
            ("\"a b\" label:a", Some((12, value("label")))),
            ("priority<=", Some((10, value("priority")))),
            ("has:ow", Some((4, Expected::Field))),
            ("\"log", None),
            ("\"log\"", None),
            ("nonsense=", None),
            ("title:\"a", None),
        ] {
            assert_eq!(unfinished(text), expected, "{text}");
        }
    }
}

//! From text to an expression that can be evaluated.
//!
//! ```text
//! any       = all { "or" all }
//! all       = one { ["and"] one }
//! one       = "not" one | "(" any ")" | condition
//! condition = "words" | FLAG | "is:" FLAG | "has:" FIELD | FIELD OPERATOR value { "," value }
//! ```

use std::ops::Range;

use jiff::Timestamp;

use super::condition::Condition;
use super::expression::Expression;
use super::field::{Field, Flag, Kind};
use super::token::{Operator, Piece, Pieces, Token, joins};
use super::value::Value;
use super::{LONGEST, Query, QueryError};
use crate::model::{Config, printable};

/// How deep parentheses and `not`s may lie in each other: each level takes a part of the stack.
const DEEPEST: usize = 100;

const EVERY_FIELD: &str = "`tk list --help` shows every field";

pub(super) fn parse(text: &str, config: &Config, now: Timestamp) -> Result<Query, QueryError> {
    if text.len() > LONGEST {
        let mut places = (0..=LONGEST).rev();
        let start = places.find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let message = format!(
            "the query has {} bytes: expected at most {LONGEST}",
            text.len()
        );
        return Err(QueryError::new(start..start, message));
    }
    let mut parser = Parser {
        pieces: Pieces::of(text),
        config,
        now,
        depth: 0,
        tickets: Vec::new(),
    };
    let first = parser.pieces.peek()?;
    if first.token == Token::End {
        let message = "the query is empty: expected a condition such as `priority<=1`";
        return Err(QueryError::new(first.at(), message).hint(EVERY_FIELD));
    }
    let expression = parser.any()?;
    let rest = parser.pieces.take()?;
    if rest.token == Token::Close {
        return Err(QueryError::new(rest.at(), "no `(` opens what this closes"));
    }
    Ok(Query {
        expression,
        tickets: parser.tickets,
        now,
    })
}

struct Parser<'p> {
    pieces: Pieces<'p>,
    config: &'p Config,
    now: Timestamp,
    depth: usize,
    tickets: Vec<(String, Range<usize>)>,
}

impl<'p> Parser<'p> {
    fn any(&mut self) -> Result<Expression, QueryError> {
        let first = self.all()?;
        let mut parts = vec![first];
        while self.pieces.peek()?.token == Token::Or {
            self.pieces.take()?;
            parts.push(self.all()?);
        }
        Ok(only(parts, Expression::Or))
    }

    fn all(&mut self) -> Result<Expression, QueryError> {
        let first = self.one()?;
        let mut parts = vec![first];
        loop {
            match self.pieces.peek()?.token {
                Token::End | Token::Close | Token::Or => break,
                Token::And => {
                    self.pieces.take()?;
                }
                _ => {}
            }
            parts.push(self.one()?);
        }
        Ok(only(parts, Expression::And))
    }

    fn one(&mut self) -> Result<Expression, QueryError> {
        let piece = self.pieces.take()?;
        match piece.token {
            Token::Not => {
                let part = self.deeper(&piece, Self::one)?;
                Ok(Expression::Not(Box::new(part)))
            }
            Token::Open => {
                let inner = self.deeper(&piece, Self::any)?;
                match self.pieces.take()?.token {
                    Token::Close => Ok(inner),
                    _ => Err(QueryError::new(piece.at(), "nothing closes this `(`")),
                }
            }
            Token::Quoted => {
                let words = piece.says();
                if words.trim().is_empty() {
                    let message = "the text is blank: expected something to look for";
                    return Err(QueryError::new(piece.at(), message));
                }
                Ok(Expression::Condition(Condition::Says(words.into_owned())))
            }
            Token::Word => self.condition(&piece).map(Expression::Condition),
            Token::End => {
                let message = "a condition is missing: expected one such as `priority<=1`";
                Err(QueryError::new(piece.at(), message))
            }
            Token::Comma => {
                let message = "a `,` stands between values only: expected a condition";
                Err(QueryError::new(piece.at(), message))
            }
            Token::Operator(operator) => {
                let message = format!("`{operator}` needs a field before it");
                Err(QueryError::new(piece.at(), message).hint(EVERY_FIELD))
            }
            Token::And | Token::Or | Token::Close => {
                let message = format!("`{}` stands where a condition is expected", piece.text);
                Err(QueryError::new(piece.at(), message))
            }
        }
    }

    /// What `read` reads inside the piece.
    fn deeper<T>(
        &mut self,
        piece: &Piece<'_>,
        read: impl FnOnce(&mut Self) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        if self.depth == DEEPEST {
            let message = format!("this lies too deep: expected at most {DEEPEST} levels");
            return Err(QueryError::new(piece.at(), message));
        }
        self.depth += 1;
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    fn condition(&mut self, name: &Piece<'p>) -> Result<Condition, QueryError> {
        let Token::Operator(written) = self.pieces.peek()?.token else {
            return flag(name);
        };
        let operator = self.pieces.take()?;
        let word = name.text.to_lowercase();
        if matches!(word.as_str(), "has" | "is") {
            if !matches!(written, Operator::Has | Operator::Is) {
                let message = format!("`{word}` takes `:`, not `{written}`");
                return Err(QueryError::new(operator.at(), message));
            }
            let value = self.value(&operator)?;
            return match word.as_str() {
                "is" => flag(&value),
                _ => field(&value).map(Condition::Filled),
            };
        }
        if let Some(flag) = Flag::named(name.text)
            && Field::named(name.text).is_none()
        {
            let flag = flag.name();
            let message = format!("`{flag}` takes no value: expected `{flag}` or `not {flag}`");
            return Err(QueryError::new(operator.at(), message));
        }
        let field = field(name)?;
        let fitting = field.kind().operators();
        if !fitting.contains(&written) {
            let shown: Vec<&str> = fitting.iter().map(|operator| operator.as_str()).collect();
            let name = field.name();
            let message = format!(
                "`{name}` cannot be compared by `{written}`: expected one of {}",
                shown.join(" ")
            );
            let error = QueryError::new(operator.at(), message);
            return Err(error.hint(format!("such as `{}`", field.example())));
        }
        let mut values = Vec::new();
        loop {
            let piece = self.value(&operator)?;
            values.push(self.read(&piece, field, written)?);
            let next = self.pieces.peek()?;
            if next.token != Token::Comma {
                break;
            }
            self.pieces.take()?;
            let one_only = matches!(
                written,
                Operator::Less | Operator::AtMost | Operator::More | Operator::AtLeast
            );
            if one_only {
                let message = format!("`{written}` takes one value");
                return Err(QueryError::new(next.at(), message));
            }
        }
        let operator = written.for_kind(field.kind());
        Ok(Condition::Compared {
            field,
            operator,
            values,
        })
    }

    /// The piece that is a value behind that operator, or a comma.
    fn value(&mut self, operator: &Piece<'_>) -> Result<Piece<'p>, QueryError> {
        let value = self.pieces.take_value()?;
        let message = format!("a value is missing after `{}`", operator.text);
        if value.token == Token::Word && joins(value.text) {
            let word = printable(value.text);
            let hint = format!("where `{word}` itself is the value, quote it: `\"{word}\"`");
            return Err(QueryError::new(value.at(), message).hint(hint));
        }
        if value.token != Token::End {
            return Ok(value);
        }
        // What stands there instead is shown, if anything.
        let at = self.pieces.peek().map_or(value.at(), |next| next.at());
        Err(QueryError::new(at, message))
    }

    fn read(
        &mut self,
        piece: &Piece<'_>,
        field: Field,
        operator: Operator,
    ) -> Result<Value, QueryError> {
        let wrong = |message: String, hint: Option<String>| QueryError {
            message,
            hint,
            at: piece.at(),
        };
        let value = Value::read(&piece.says(), field, operator, self.config)
            .map_err(|(message, hint)| wrong(message, hint))?;
        match &value {
            Value::Ticket(word) => self.tickets.push((word.clone(), piece.at())),
            Value::When(when) => {
                let reached = match field.kind() {
                    Kind::Day => when.day(self.now).is_some(),
                    _ => when.extent(self.now).is_some() && when.equal(self.now).is_some(),
                };
                if !reached {
                    return Err(wrong(format!("`{when}` is beyond all time"), None));
                }
            }
            _ => {}
        }
        Ok(value)
    }
}

fn only(mut parts: Vec<Expression>, of: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    match (parts.len(), parts.pop()) {
        (1, Some(single)) => single,
        (_, last) => {
            parts.extend(last);
            of(parts)
        }
    }
}

fn field(piece: &Piece<'_>) -> Result<Field, QueryError> {
    let word = piece.says();
    if let Some(field) = Field::named(&word) {
        return Ok(field);
    }
    let shown = printable(&word);
    let error = QueryError::new(piece.at(), format!("unknown field `{shown}`"));
    let names = Field::ALL.iter().map(|field| field.name());
    let error = error.suggest(&word, names);
    Err(match error.hint {
        Some(_) => error,
        None => error.hint(EVERY_FIELD),
    })
}

fn flag(piece: &Piece<'_>) -> Result<Condition, QueryError> {
    let word = piece.says();
    if let Some(flag) = Flag::named(&word) {
        return Ok(Condition::Is(flag));
    }
    let shown = printable(&word);
    if let Some(field) = Field::named(&word) {
        let message = format!("`{shown}` alone says nothing: expected an operator and a value");
        let hint = format!("such as `{}`, or `has:{}`", field.example(), field.name());
        return Err(QueryError::new(piece.at(), message).hint(hint));
    }
    let names: Vec<&str> = Flag::ALL.iter().map(|flag| flag.name()).collect();
    let message = format!(
        "unknown word `{shown}`: expected one of {}",
        names.join(", ")
    );
    let error = QueryError::new(piece.at(), message).suggest(&word, names);
    Err(match error.hint {
        Some(_) => error,
        None => error.hint("between quotes it is looked for in the tickets' texts"),
    })
}

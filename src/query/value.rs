//! Values that fields are compared with, as people type them.

use std::fmt;
use std::str::FromStr;

use super::field::{Field, Kind};
use super::token::{Operator, is_plain_value, quoted};
use super::when::{EXPECTED, When, is_too_far};
use crate::model::{
    Awaiting, Config, Gate, InvalidWord, Priority, Span, Usd, Verdict, likeliest, printable,
};

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// That there is none.
    Nothing,
    /// A word or text; of a closed set as files have it.
    Word(String),
    /// A ticket, as it is named.
    Ticket(String),
    /// From the one to the other.
    Priorities(Priority, Priority),
    When(When),
    Length(Span),
    Money(Usd),
}

/// Why a value cannot be: what is wrong, and what may help.
pub(super) type Refused = (String, Option<String>);

impl Value {
    /// The value of that field that a text means.
    pub(super) fn read(
        given: &str,
        field: Field,
        operator: Operator,
        config: &Config,
    ) -> Result<Self, Refused> {
        let kind = field.kind();
        let in_order = !matches!(operator, Operator::Is | Operator::IsNot | Operator::Has);
        if given.trim().is_empty() {
            let looked_for = kind == Kind::Text && operator == Operator::Has;
            let needed = matches!(
                field,
                Field::Id | Field::Status | Field::Type | Field::Priority
            );
            if in_order || looked_for || needed {
                let field = field.name();
                let message = format!("the {field} is blank: expected something to look for");
                return Err((message, None));
            }
            return Ok(Self::Nothing);
        }
        let shown = printable(given);
        let word = given.trim();
        match kind {
            Kind::Text => Ok(Self::Word(given.to_owned())),
            Kind::Free => Ok(Self::Word(word.to_owned())),
            Kind::Ticket => Ok(Self::Ticket(word.to_owned())),
            Kind::Status => match config.statuses.named(word) {
                Some(id) => Ok(Self::Word(id.as_str().to_owned())),
                None => {
                    let all = config.statuses.all().iter().map(|def| def.id.as_str());
                    Err(unknown("status", word, all.collect()))
                }
            },
            Kind::Type => {
                let all: Vec<&str> = config.types.iter().map(String::as_str).collect();
                let word = word.to_lowercase();
                match all.contains(&word.as_str()) {
                    true => Ok(Self::Word(word)),
                    false => Err(unknown("type", &word, all)),
                }
            }
            Kind::Gate => one_of::<Gate>(word),
            Kind::Awaiting => one_of::<Awaiting>(word),
            Kind::Verdict => one_of::<Verdict>(word),
            Kind::Priority => priorities(word, in_order),
            Kind::Moment | Kind::Day => When::parse(word).map(Self::When).ok_or_else(|| {
                let wrong = match is_too_far(word) {
                    true => format!("`{shown}` is too far away: expected at most `3660d`"),
                    false => format!("`{shown}` is no time: expected one such as {EXPECTED}"),
                };
                (wrong, None)
            }),
            Kind::Length => match word.parse() {
                Ok(span) => Ok(Self::Length(span)),
                Err(_) => {
                    let expected = "expected one like `45m`, `2h`, `1h30m` or `3d`";
                    Err((
                        format!("`{shown}` is not a length of time: {expected}"),
                        None,
                    ))
                }
            },
            Kind::Money => match Usd::parse(word) {
                Ok(amount) => Ok(Self::Money(amount)),
                Err(_) => {
                    let expected = "expected a number such as `2.50`";
                    Err((
                        format!("`{shown}` is not an amount in dollars: {expected}"),
                        None,
                    ))
                }
            },
        }
    }
}

fn unknown(what: &str, word: &str, known: Vec<&str>) -> Refused {
    let expected = known.join(", ");
    let shown = printable(word);
    let message = format!("unknown {what} `{shown}`: expected one of {expected}");
    let flag = super::Flag::named(word).map(super::Flag::name);
    let near = likeliest(&word.to_lowercase(), known);
    let hint = match (flag, near) {
        (Some(flag), _) => Some(format!("that is computed: `{flag}`, without `{what}`")),
        (None, Some(near)) => Some(format!("did you mean `{near}`?")),
        (None, None) => None,
    };
    (message, hint)
}

fn one_of<T: FromStr<Err = InvalidWord> + fmt::Display>(word: &str) -> Result<Value, Refused> {
    match word.parse::<T>() {
        Ok(known) => Ok(Value::Word(known.to_string())),
        Err(error) => {
            let near = likeliest(&word.to_lowercase(), error.expected.split(", "));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            Err((error.to_string(), hint))
        }
    }
}

/// A priority or, where nothing is put in order, a range such as `0-2`.
fn priorities(word: &str, in_order: bool) -> Result<Value, Refused> {
    let one = |word: &str| {
        let priority = word.parse::<Priority>();
        priority.map_err(|error| (error.to_string(), None))
    };
    let range = word.split_once('-');
    let Some((from, to)) = range.filter(|(from, to)| !from.is_empty() && !to.is_empty()) else {
        let priority = one(word)?;
        return Ok(Value::Priorities(priority, priority));
    };
    let (from, to) = (one(from)?, one(to)?);
    let shown = printable(word);
    if in_order {
        let message = format!("the range `{shown}` is neither more nor less than another");
        return Err((
            message,
            Some(format!("`priority={shown}` is what is in it")),
        ));
    }
    if from > to {
        let message = format!("the range `{shown}` is reversed: expected `{to}-{from}`");
        return Err((message, None));
    }
    Ok(Value::Priorities(from, to))
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("\"\""),
            Self::Word(text) | Self::Ticket(text) if is_plain_value(text) => f.write_str(text),
            Self::Word(text) | Self::Ticket(text) => f.write_str(&quoted(text)),
            Self::Priorities(from, to) if from == to => from.fmt(f),
            Self::Priorities(from, to) => write!(f, "{from}-{to}"),
            Self::When(when) => when.fmt(f),
            Self::Length(span) => span.fmt(f),
            Self::Money(amount) => amount.fmt(f),
        }
    }
}

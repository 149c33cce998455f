//! Values that a file of new tickets may hold in more than one form.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use toml::value::Datetime;

/// A value that may be a text, a number or a date. What else there is becomes a text, too, so that
/// it is told like any other that the key does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(pub String);

/// An acceptance item: a text, or a table as in a ticket's file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAcceptance {
    /// What must be true.
    pub text: String,
    /// The command that tells.
    #[serde(default)]
    pub check: Option<String>,
    /// Whether it is.
    #[serde(default)]
    pub met: bool,
}

/// A subtask: its title, or a table as in a ticket's file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSubtask {
    /// What is to be done.
    pub title: String,
    /// Whether it is.
    #[serde(default)]
    pub done: bool,
}

impl From<String> for NewAcceptance {
    fn from(text: String) -> Self {
        Self {
            text,
            check: None,
            met: false,
        }
    }
}

impl From<String> for NewSubtask {
    fn from(title: String) -> Self {
        Self { title, done: false }
    }
}

/// A list of texts or tables.
pub(super) fn items<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + From<String>,
{
    let items = Vec::<TextOrTable<T>>::deserialize(from)?;
    Ok(items.into_iter().map(|item| item.0).collect())
}

struct TextOrTable<T>(T);

impl<'de, T: Deserialize<'de> + From<String>> Deserialize<'de> for TextOrTable<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Item<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + From<String>> Visitor<'de> for Item<T> {
            type Value = T;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a string or a table")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
                Ok(T::from(text.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        from.deserialize_any(Item(PhantomData)).map(Self)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyWord)
    }
}

struct AnyWord;

impl<'de> Visitor<'de> for AnyWord {
    type Value = Word;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a string, a number or a date")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Word, E> {
        Ok(Word(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Word, E> {
        Ok(Word(flag.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Word, E> {
        Ok(Word(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Word, E> {
        Ok(Word(number.to_string()))
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Word, E> {
        Ok(Word(number.to_string()))
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Word, E> {
        Ok(Word(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Word, E> {
        // With its point, and without hundreds of digits.
        Ok(Word(format!("{number:?}")))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Word, M::Error> {
        match Datetime::deserialize(MapAccessDeserializer::new(map)) {
            Ok(time) => Ok(Word(time.to_string())),
            Err(_) => Err(M::Error::invalid_type(Unexpected::Map, &self)),
        }
    }
}

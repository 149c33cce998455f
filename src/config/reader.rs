//! Reading a TOML table key by key, with the place of everything that is wrong.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;

use crate::model::escaped;

/// The least likeness at which a known key is offered for an unknown one.
const LIKENESS: f64 = 0.75;

/// A file's text and name, for the places in errors.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
}

impl<'a> Source<'a> {
    /// The file's top table.
    pub(super) fn parse(self) -> Result<Spanned<DeTable<'a>>, ConfigError> {
        DeTable::parse(self.text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            let mut wrong = self.error(&at, None, format!("not TOML: {}", error.message()));
            if let Some(at) = self.marker() {
                let line = self.error(&(at..at), None, String::new()).line;
                wrong.hint = Some(format!(
                    "a merge left both versions, from line {line} on: keep what is right of them, \
                     and none of git's marks"
                ));
            }
            wrong
        })
    }

    /// Where git has put the first of its marks, if it has left both versions of a merge.
    fn marker(self) -> Option<usize> {
        let text = self.text;
        let mut found = text.match_indices("<<<<<<<").map(|(at, _)| at);
        found.find(|at| *at == 0 || text[..*at].ends_with('\n'))
    }

    /// An error at that place.
    pub(super) fn error(
        self,
        at: &Range<usize>,
        key: Option<String>,
        message: String,
    ) -> ConfigError {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        ConfigError {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            key,
            message,
            hint: None,
        }
    }
}

/// A table being read: knows which keys were asked for, so that the others can be refused.
pub(super) struct Section<'a, 't> {
    source: Source<'a>,
    name: String,
    place: Range<usize>,
    table: &'t DeTable<'a>,
    known: Vec<&'static str>,
}

impl<'a, 't> Section<'a, 't> {
    /// The table of that name (empty for the top of the file).
    pub(super) fn new(
        source: Source<'a>,
        name: impl Into<String>,
        place: Range<usize>,
        table: &'t DeTable<'a>,
    ) -> Self {
        Self {
            source,
            name: name.into(),
            place,
            table,
            known: Vec::new(),
        }
    }

    /// The key's value by way of `read`; an error naming `expected` where that gives nothing.
    pub(super) fn get<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&DeValue<'a>) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match read(value.get_ref()) {
            Some(found) => Ok(Some(found)),
            None => Err(self.wrong(value, key, expected)),
        }
    }

    /// The key's table.
    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Self>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::Table(table) => {
                let name = self.path_of(key);
                Ok(Some(Self::new(self.source, name, value.span(), table)))
            }
            _ => Err(self.wrong(value, key, "a table")),
        }
    }

    /// The key's tables, where it is an array of them.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(Vec::new());
        };
        let wrong = || self.wrong(value, key, "tables, each under a line such as `[[status]]`");
        let DeValue::Array(items) = value.get_ref() else {
            return Err(wrong());
        };
        items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::Table(table) => {
                    let name = self.path_of(key);
                    Ok(Self::new(self.source, name, item.span(), table))
                }
                _ => Err(wrong()),
            })
            .collect()
    }

    /// Every key with its value, for tables whose keys are names.
    pub(super) fn entries(
        &self,
    ) -> impl Iterator<Item = (&'t str, Range<usize>, &'t Spanned<DeValue<'a>>)> + use<'a, 't> {
        self.table
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
    }

    /// The table of an entry.
    pub(super) fn entry(
        &self,
        key: &str,
        value: &'t Spanned<DeValue<'a>>,
    ) -> Result<Self, ConfigError> {
        match value.get_ref() {
            DeValue::Table(table) => {
                let name = self.path_of(key);
                Ok(Self::new(self.source, name, value.span(), table))
            }
            _ => Err(self.wrong(value, key, "a table")),
        }
    }

    /// The key's value, which must be there.
    pub(super) fn need<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&DeValue<'a>) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.get(key, expected, read)?.ok_or_else(|| {
            let message = format!("`{}` has no `{key}`: expected {expected}", self.name);
            self.source
                .error(&self.place, Some(self.path_of(key)), message)
        })
    }

    /// An error about that key, or about the table where the key is not there.
    pub(super) fn error(&self, key: &str, message: String) -> ConfigError {
        let at = self
            .table
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map_or(self.place.clone(), |(_, value)| value.span());
        self.source.error(&at, Some(self.path_of(key)), message)
    }

    /// Refuses the keys that were not asked for.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let unknown = self.entries().find(|(key, _, _)| !self.known.contains(key));
        let Some((key, at, _)) = unknown else {
            return Ok(());
        };
        let shown = escaped(key, 60);
        let message = match self.name.as_str() {
            "" => format!("unknown key `{shown}`"),
            name => format!("unknown key `{shown}` in `{name}`"),
        };
        let mut error = self.source.error(&at, Some(self.path_of(&shown)), message);
        error.hint = Some(match nearest(key, &self.known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known keys: {}", self.known.join(", ")),
        });
        Err(error)
    }

    fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.table
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(_, value)| value)
    }

    fn path_of(&self, key: &str) -> String {
        match self.name.as_str() {
            "" => key.to_owned(),
            name => format!("{name}.{key}"),
        }
    }

    fn wrong(&self, value: &Spanned<DeValue<'a>>, key: &str, expected: &str) -> ConfigError {
        let path = self.path_of(key);
        let raw = self.source.text.get(value.span()).unwrap_or_default();
        let shown = escaped(raw.lines().next().unwrap_or_default(), 60);
        let message = format!("`{path}` is `{shown}`: expected {expected}");
        self.source.error(&value.span(), Some(path), message)
    }
}

/// The known word most like the given one, if any is much like it.
fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|word| (strsim::jaro_winkler(given, word), *word))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}

/// Text that is not blank.
pub(super) fn text(value: &DeValue<'_>) -> Option<String> {
    let text = value.as_str()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// A list of texts that are not blank.
pub(super) fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    let items = value.as_array()?;
    items.iter().map(|item| text(item.get_ref())).collect()
}

/// A whole number that is not negative.
pub(super) fn number(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A number, whole or not.
pub(super) fn float(value: &DeValue<'_>) -> Option<f64> {
    let text = match value {
        DeValue::Float(float) => float.as_str(),
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
        _ => return None,
    };
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Anything that a text spells.
pub(super) fn spelt<T: std::str::FromStr>(value: &DeValue<'_>) -> Option<T> {
    value.as_str()?.parse().ok()
}

/// An amount of money: a number of dollars.
pub(super) fn money(value: &DeValue<'_>) -> Option<crate::model::Usd> {
    crate::model::Usd::from_dollars(float(value)?).ok()
}

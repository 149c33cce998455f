//! Templates of new tickets: `.ticks/templates/<name>.toml`.
//!
//! A template is read as TOML first, and variables are put into its strings then. So a value is
//! never more than a part of the string it stands in, whatever it holds.

mod rehearsal;

pub(super) use rehearsal::template_trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::tz::TimeZone;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::new::{NewTicket, Place, in_file};
use super::values::{invalid, printable, suggest};
use super::{Error, Project, Result};

/// What every template may use without declaring it.
const BUILT_IN: [&str; 3] = ["actor", "date", "title"];

/// A template that is to be filled in, in words as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FromTemplate {
    /// Its name.
    pub name: String,
    /// Values of variables, each as `key=value`.
    pub variables: Vec<String>,
    /// What else was said about the ticket: where it says something, the template does not.
    pub given: NewTicket,
}

/// A template as its file says.
pub(super) struct Template {
    tickets: Vec<NewTicket>,
    /// The variables it declares, and what they are unless something else is given. Those that
    /// are empty must be given.
    variables: BTreeMap<String, String>,
    path: String,
}

/// The tickets of a template, filled in.
///
/// # Errors
/// When there is no such template, it cannot be used, or a variable is unknown or missing.
pub fn from_template(project: &Project, request: &FromTemplate) -> Result<Vec<NewTicket>> {
    let mut template = Template::read(project, &request.name)?;
    let mut values = template.values(project, &request.variables)?;
    let given = &request.given;
    let title = (!given.title.trim().is_empty()).then(|| given.title.clone());
    let uses_title = template.uses("title")?;
    if let Some(title) = title.as_ref().filter(|_| uses_title) {
        values.insert("title".to_owned(), title.clone());
    }
    template.fill_in(&values)?;
    let mut over = given.clone();
    if uses_title {
        over.title.clear();
    }
    match template.tickets.as_mut_slice() {
        [ticket] => over.put_over(ticket),
        many if over != NewTicket::default() => {
            let path = template.path;
            let message = format!(
                "the template `{}` is of {} tickets: it takes `--var`, and a title where it \
                 uses `{{{{title}}}}`",
                request.name,
                many.len()
            );
            return Err(invalid(message).with("path", path));
        }
        _ => {}
    }
    Ok(template.tickets)
}

impl Template {
    /// The template of that name.
    pub(super) fn read(project: &Project, name: &str) -> Result<Self> {
        let store = &project.store;
        let Some((path, text)) = store.template(name)? else {
            let known = store.template_names()?;
            let shown = printable(name);
            let message = match known.is_empty() {
                true => format!("no template `{shown}`: there is none in `.ticks/templates/`"),
                false => format!(
                    "no template `{shown}`: expected one of {}",
                    known.join(", ")
                ),
            };
            return Err(suggest(
                invalid(message),
                name,
                known.iter().map(String::as_str),
            ));
        };
        Self::parse(path, &text)
    }

    /// The template that the text spells.
    pub(super) fn parse(path: String, text: &str) -> Result<Self> {
        let source = Source { path: &path, text };
        let top = DeTable::parse(text).map_err(|error| source.refused(&error))?;
        let (mut variables, mut many, mut own) = (BTreeMap::new(), None, DeTable::new());
        for (key, value) in top.into_inner() {
            match key.get_ref().as_ref() {
                "variables" => variables = source.variables(value)?,
                "ticket" => many = Some(value),
                _ => {
                    own.insert(key, value);
                }
            }
        }
        let tickets = match many {
            None => vec![source.ticket(own)?],
            Some(many) => {
                if let Some((key, _)) = own.iter().next() {
                    let message = "beside `[[ticket]]` there are `[variables]` and nothing else";
                    return Err(source.wrong(key.span(), message));
                }
                source.tickets(many)?
            }
        };
        let template = Self {
            tickets,
            variables,
            path: path.clone(),
        };
        template.refuse_unknown()?;
        Ok(template)
    }

    /// Refuses variables that are used and not declared.
    fn refuse_unknown(&self) -> Result<()> {
        let known: BTreeSet<&str> = self.known().collect();
        self.each_variable(|ticket, key, name| {
            if known.contains(name) {
                return Ok(());
            }
            let message = format!(
                "`{{{{{name}}}}}` is no variable: expected one of {}",
                known.iter().copied().collect::<Vec<_>>().join(", ")
            );
            let error = suggest(invalid(message), name, known.iter().copied());
            ticket.at(
                key,
                Err(error.hint("`[variables]` declares them, with defaults")),
            )
        })
    }

    fn known(&self) -> impl Iterator<Item = &str> {
        let own = self.variables.keys().map(String::as_str);
        own.chain(BUILT_IN)
    }

    /// Tells each variable that is used, and under which key.
    fn each_variable(
        &self,
        mut tell: impl FnMut(&NewTicket, &str, &str) -> Result<()>,
    ) -> Result<()> {
        for ticket in &self.tickets {
            ticket.clone().each_text(&mut |key, text| {
                pieces(text, |piece| match piece {
                    Piece::Variable(name) => tell(ticket, key, name),
                    Piece::Text(_) => Ok(()),
                })
            })?;
        }
        Ok(())
    }

    fn uses(&self, wanted: &str) -> Result<bool> {
        let mut found = false;
        self.each_variable(|_, _, name| {
            found |= name == wanted;
            Ok(())
        })?;
        Ok(found)
    }

    /// The values of the variables: those given, else the defaults, and the built-in ones.
    fn values(&self, project: &Project, given: &[String]) -> Result<BTreeMap<String, String>> {
        let mut values = self.variables.clone();
        values.retain(|_, value| !value.is_empty());
        let today = project.now.to_zoned(TimeZone::UTC).date().to_string();
        values.insert("date".to_owned(), today);
        if let Ok(actor) = project.actor() {
            values.insert("actor".to_owned(), actor.as_str().to_owned());
        }
        let mut named = BTreeSet::new();
        for pair in given {
            let Some((name, value)) = pair.split_once('=') else {
                let shown = printable(pair);
                let message = format!("`{shown}` gives no variable: expected `key=value`");
                return Err(invalid(message));
            };
            let name = name.trim();
            let shown = printable(name);
            if !self.variables.contains_key(name) {
                let own: Vec<&str> = self.variables.keys().map(String::as_str).collect();
                let message = match own.as_slice() {
                    [] => format!("the template has no variable `{shown}`: it declares none"),
                    own => format!(
                        "the template has no variable `{shown}`: expected one of {}",
                        own.join(", ")
                    ),
                };
                return Err(suggest(invalid(message), name, own.into_iter()));
            }
            if !named.insert(name) {
                return Err(invalid(format!("the variable `{shown}` is given twice")));
            }
            // An empty default says that there has to be a value.
            let is_needed = self.variables.get(name).is_some_and(String::is_empty);
            if !is_needed || !value.trim().is_empty() {
                values.insert(name.to_owned(), value.to_owned());
            }
        }
        let mut missing = self.variables.keys();
        if let Some(name) = missing.find(|name| !values.contains_key(*name)) {
            let message = format!("the template needs a value for `{name}`");
            return Err(invalid(message).hint(format!("`--var {name}=…` gives one")));
        }
        Ok(values)
    }

    /// Puts the values into the texts.
    fn fill_in(&mut self, values: &BTreeMap<String, String>) -> Result<()> {
        for ticket in &mut self.tickets {
            let place = ticket.clone();
            ticket.each_text(&mut |key, text| {
                let mut filled = String::with_capacity(text.len());
                let result = pieces(text, |piece| {
                    match piece {
                        Piece::Text(text) => filled.push_str(text),
                        Piece::Variable(name) => filled.push_str(value(values, key, name)?),
                    }
                    Ok(())
                });
                place.at(key, result)?;
                *text = filled;
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// The value of that variable, to be put under that key.
fn value<'v>(values: &'v BTreeMap<String, String>, key: &str, name: &str) -> Result<&'v str> {
    let Some(value) = values.get(name) else {
        let message = format!("there is no value for `{{{{{name}}}}}`");
        return Err(invalid(message).hint(match name {
            "title" => "give the title on the command line",
            _ => "`--as` tells who you are",
        }));
    };
    // Elsewhere a comma between words makes two of one.
    if matches!(key, "labels" | "blocked_by" | "after" | "related") && value.contains(',') {
        let message = format!("the variable `{name}` has a comma in it: `{key}` takes one word");
        return Err(invalid(message));
    }
    Ok(value)
}

/// A template's file.
#[derive(Clone, Copy)]
struct Source<'s> {
    path: &'s str,
    text: &'s str,
}

impl Source<'_> {
    fn line(&self, at: &Range<usize>) -> usize {
        let before = self.text.get(..at.start).unwrap_or_default();
        before.matches('\n').count() + 1
    }

    fn wrong(&self, at: Range<usize>, message: &str) -> Error {
        in_file(self.path, self.line(&at), message)
    }

    fn refused(&self, error: &toml::de::Error) -> Error {
        self.wrong(error.span().unwrap_or_default(), error.message())
    }

    /// The variables of that table, and what they are by default.
    fn variables(&self, table: Spanned<DeValue<'_>>) -> Result<BTreeMap<String, String>> {
        let at = table.span();
        let DeValue::Table(table) = table.into_inner() else {
            return Err(self.wrong(at, "`variables` is no table: expected `[variables]`"));
        };
        let mut variables = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let shown = printable(name);
            let wrong = |message: String| Err(self.wrong(key.span(), &message));
            if !is_name(name) {
                return wrong(format!(
                    "`{shown}` cannot be a variable: expected small letters, digits and `_`"
                ));
            }
            if BUILT_IN.contains(&name) {
                return wrong(format!("`{shown}` is a variable of every template"));
            }
            let DeValue::String(default) = value.into_inner() else {
                return wrong(format!("the default of `{shown}` is no text"));
            };
            pieces(&default, |piece| match piece {
                Piece::Text(_) => Ok(()),
                Piece::Variable(other) => wrong(format!(
                    "the default of `{shown}` has `{{{{{other}}}}}` in it, and is taken as it is: \
                     expected a text without variables"
                ))
                .map(drop),
            })?;
            variables.insert(name.to_owned(), default.into_owned());
        }
        Ok(variables)
    }

    fn tickets(&self, many: Spanned<DeValue<'_>>) -> Result<Vec<NewTicket>> {
        let at = many.span();
        let not_tables =
            |at| self.wrong(at, "`ticket` is no list of tables: expected `[[ticket]]`");
        let DeValue::Array(many) = many.into_inner() else {
            return Err(not_tables(at));
        };
        if many.is_empty() {
            return Err(self.wrong(at, "there is no ticket in it"));
        }
        let ticket = |value: Spanned<DeValue<'_>>| {
            let at = value.span();
            match value.into_inner() {
                DeValue::Table(table) => self.ticket(table),
                _ => Err(not_tables(at)),
            }
        };
        many.into_iter().map(ticket).collect()
    }

    fn ticket(&self, table: DeTable<'_>) -> Result<NewTicket> {
        let lines = table.keys().map(|key| {
            let line = self.line(&key.span());
            (key.get_ref().as_ref().to_owned(), line)
        });
        let keys: BTreeMap<String, usize> = lines.collect();
        let table = Deserializer::from(Spanned::new(0..0, table));
        let mut ticket = NewTicket::deserialize(table).map_err(|error| self.refused(&error))?;
        ticket.place = Some(Place {
            file: self.path.to_owned(),
            line: keys.values().min().copied().unwrap_or(1),
            keys,
            ..Place::default()
        });
        Ok(ticket)
    }
}

/// A part of a text.
enum Piece<'t> {
    Text(&'t str),
    Variable(&'t str),
}

/// Tells the parts of the text, one after the other. What is between double braces and cannot
/// be a variable's name is a text.
fn pieces<'t>(text: &'t str, mut tell: impl FnMut(Piece<'t>) -> Result<()>) -> Result<()> {
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let inner = &rest[start + 2..];
        let name = inner.find("}}").map(|end| (inner[..end].trim(), end + 2));
        match name.filter(|(name, _)| is_name(name)) {
            Some((name, length)) => {
                tell(Piece::Text(&rest[..start]))?;
                tell(Piece::Variable(name))?;
                rest = &inner[length..];
            }
            None => {
                // One brace on: `{{{name}}}` has a variable in it.
                tell(Piece::Text(&rest[..=start]))?;
                rest = &rest[start + 1..];
            }
        }
    }
    tell(Piece::Text(rest))
}

fn is_name(word: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(fits)
}

//! A ticket in whose file a merge by lines has left keys twice, without a conflict.

use super::case::{Case, merged};
use crate::format::{self, Doubled};
use crate::git::{Git, TicksPath};
use crate::merge::Merged;
use crate::model::{Config, TicketId, escaped};
use crate::ops::Result;

/// The most characters of a value that a message shows.
const SHOWN: usize = 60;

/// A ticket's file in which keys stand twice.
pub(in crate::ops) struct Twofold {
    /// The keys.
    pub(in crate::ops) keys: Vec<Doubled>,
    /// What the file is to be made of.
    pub(in crate::ops) remade: Remade,
}

/// What such a file is to be made of.
pub(in crate::ops) enum Remade {
    /// Each says the same twice: this text has it once.
    Once(String),
    /// The merge of these: base, ours and theirs.
    Anew([Option<String>; 3], Merged),
    /// Nobody can tell whose value is whose.
    Unknown,
}

/// That ticket's file, if keys stand in it twice and nothing else is wrong with it. `git` is that of
/// the working tree in which it is; without one, nothing tells the sides of the merge.
///
/// # Errors
/// When git fails.
pub(in crate::ops) fn twofold(
    git: Option<&Git>,
    id: &TicketId,
    text: &str,
    config: &Config,
) -> Result<Option<Twofold>> {
    let Some(twice) = format::doubled(text) else {
        return Ok(None);
    };
    let is_ticket = |text: &String| format::parse_any(id, text, config).is_ok();
    let remade = match (twice.once.filter(is_ticket), git) {
        (Some(once), _) => Remade::Once(once),
        (None, Some(git)) => merge_of(git, id, text, config)?,
        (None, None) => Remade::Unknown,
    };
    let keys = twice.keys;
    Ok(Some(Twofold { keys, remade }))
}

/// The merge that made the text, made again by the keys.
fn merge_of(git: &Git, id: &TicketId, text: &str, config: &Config) -> Result<Remade> {
    let Some(joined) = git.joined(&TicksPath::of_ticket(id), text.as_bytes())? else {
        return Ok(Remade::Unknown);
    };
    let is_ticket = |text: &String| format::parse_any(id, text, config).is_ok();
    let read = |bytes| String::from_utf8(bytes).ok().filter(is_ticket);
    let (Some(ours), Some(theirs)) = (read(joined.ours), read(joined.theirs)) else {
        return Ok(Remade::Unknown);
    };
    let sides = [joined.base.and_then(read), Some(ours), Some(theirs)];
    Ok(match merged(id, &sides, [false; 2], config) {
        Some(Merged::Clean(text)) if !is_ticket(&text) => Remade::Unknown,
        Some(merged) => Remade::Anew(sides, merged),
        None => Remade::Unknown,
    })
}

impl Twofold {
    /// What stands where.
    pub(in crate::ops) fn told(&self) -> String {
        let told = self.keys.iter().map(|doubled| {
            let [first, second] = doubled.lines;
            let [one, two] = doubled.values.each_ref().map(|value| escaped(value, SHOWN));
            let key = &doubled.key;
            format!("`{key}` stands in it twice: line {first} says {one}, line {second} says {two}")
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

impl Case {
    /// The case of a file of that text, if keys stand in it twice.
    pub(super) fn of_doubled(
        git: &Git,
        id: &TicketId,
        text: String,
        config: &Config,
    ) -> Result<Option<Self>> {
        if !format::may_be_doubled(&text) {
            return Ok(None);
        }
        let Some(twofold) = twofold(Some(git), id, &text, config)? else {
            return Ok(None);
        };
        let told = twofold.told();
        let (sides, merged) = match twofold.remade {
            Remade::Once(once) => {
                let sides = [None, Some(once.clone()), Some(once.clone())];
                (Ok(sides), Some(Merged::Clean(once)))
            }
            Remade::Anew(sides, merged) => (Ok(sides), Some(merged)),
            Remade::Unknown => (
                Err(format!("{told}: keep one of the two with `tk edit {id}`")),
                None,
            ),
        };
        Ok(Some(Self::of_text(id, text, sides, merged)))
    }
}

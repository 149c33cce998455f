//! Whether a template can work as it stands.

use super::super::new::rehearse;
use super::{Piece, Template, pieces, value};
use crate::ops::{Project, Result};
use crate::store::Index;

/// The keys whose values are words of a kind, or name something that there is.
const WORDS: [&str; 15] = [
    "type",
    "priority",
    "parent",
    "blocked_by",
    "after",
    "related",
    "requires",
    "awaiting",
    "estimate",
    "due",
    "defer_until",
    "repeat",
    "agent",
    "discovered_from",
    "duplicate_of",
];

/// What is wrong with the template that the text spells, and in which line: what it says itself,
/// and what would keep its tickets from being made among those of the index, if there is one.
pub(in crate::ops) fn template_trouble(
    project: &Project,
    index: Option<&Index>,
    path: String,
    text: &str,
) -> Option<(usize, String)> {
    let start = format!("{path}:");
    let tried = Template::parse(path, text).and_then(|template| match index {
        Some(index) => template.rehearse(project, index),
        None => Ok(()),
    });
    let message = tried.err()?.message;
    let placed = message.strip_prefix(&start).and_then(|rest| {
        let (line, message) = rest.split_once(": ")?;
        Some((line.parse().ok()?, message.to_owned()))
    });
    Some(placed.unwrap_or((1, message)))
}

impl Template {
    /// Whether its tickets could be made: with the variables' own values, where they have some.
    /// What another variable will say nobody knows: words with one are left out, and texts stay as
    /// they are, which are texts as well.
    fn rehearse(mut self, project: &Project, index: &Index) -> Result<()> {
        let mut values = self.variables.clone();
        values.retain(|_, value| !value.is_empty());
        for ticket in &mut self.tickets {
            let place = ticket.clone();
            ticket.each_text(&mut |key, text| {
                let mut filled = Some(String::with_capacity(text.len()));
                let result = pieces(text, |piece| {
                    let piece = match piece {
                        Piece::Text(text) => Some(text),
                        Piece::Variable(name) if !values.contains_key(name) => None,
                        Piece::Variable(name) => Some(value(&values, key, name)?),
                    };
                    filled = filled
                        .take()
                        .zip(piece)
                        .map(|(filled, piece)| filled + piece);
                    Ok(())
                });
                place.at(key, result)?;
                match filled {
                    Some(filled) => *text = filled,
                    None if WORDS.contains(&key) => text.clear(),
                    None => {}
                }
                Ok(())
            })?;
            ticket.kind.take_if(|kind| kind.is_empty());
            for ids in [
                &mut ticket.blocked_by,
                &mut ticket.after,
                &mut ticket.related,
            ] {
                ids.retain(|id| !id.is_empty());
            }
        }
        if let [only] = self.tickets.as_mut_slice()
            && only.title.is_empty()
        {
            // It comes from the command line.
            only.title = "title".to_owned();
        }
        rehearse(project, index, &self.tickets)
    }
}

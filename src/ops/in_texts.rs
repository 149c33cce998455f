//! Marks of a merge within the texts of a ticket that can be read all the same.

use super::{Project, Result};
use crate::format;
use crate::merge::differences;
use crate::model::{Config, TicketId};
use crate::port::lines_and_code;

/// Where such marks stand, and what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// From that line of the file on, as a merge leaves them.
    Left(usize),
    /// From that line on, all of them within code: somebody's quotation, as far as can be told.
    Quoted(usize),
}

/// The marks in the texts of that ticket, whose file says that; none where it is no ticket.
pub(super) fn marks(id: &TicketId, text: &str, config: &Config) -> Option<Marks> {
    // Most have none, and are not taken apart.
    if !may_have_marks(text) {
        return None;
    }
    let all = differences(text.lines());
    let line = *all.first()?;
    let ticket = format::parse_any(id, text, config).ok()?;
    let texts = ticket.notes.iter().map(|note| &note.text);
    let quoted = texts.chain([&ticket.description]).map(|text| {
        let outside = lines_and_code(text).into_iter();
        let outside = outside.filter_map(|(line, is_code)| (!is_code).then_some(line));
        differences(text.lines()).len() - differences(outside).len()
    });
    Some(match quoted.sum::<usize>() == all.len() {
        true => Marks::Quoted(line),
        false => Marks::Left(line),
    })
}

/// Warns of marks that a merge has left in the ticket's texts: whoever reads these, reads both sides.
///
/// # Errors
/// When its file cannot be read.
pub fn tell_of_marks(project: &Project, id: &TicketId) -> Result<()> {
    let text = project.store.read_text(id)?.unwrap_or_default();
    if let Some(Marks::Left(line)) = marks(id, &text, &project.config) {
        let path = project.store.shown(&format!("{id}.toml"));
        project.warn(format!(
            "{path}:{line}: a merge has left both sides in it, between conflict marks"
        ));
        project.hint(format!("`tk resolve {id} -i` asks which of the two stays"));
    }
    Ok(())
}

/// Whether a file that says that may have marks in it.
pub(super) fn may_have_marks(text: &str) -> bool {
    text.contains("\n<<<<<<<")
}

//! Acceptance criteria that are written as text.

use crate::model::{Acceptance, Ticket};

/// The most items of a list.
const MOST: usize = 500;

/// The most characters of an item.
const LONGEST: usize = 4_000;

/// Gives the ticket an item for each point of a list, or one for the text as it is. What is too
/// much for that stays in the description.
pub(super) fn add(ticket: &mut Ticket, text: &str) {
    let text = text.trim();
    let points = points(text).unwrap_or_else(|| vec![(text.to_owned(), false)]);
    let too_long = |(text, _): &(String, bool)| text.chars().count() > LONGEST;
    if points.len() > MOST || points.iter().any(too_long) {
        section(ticket, "Acceptance criteria", text);
        return;
    }
    for (text, met) in points {
        let known = ticket.acceptance.iter().any(|item| item.text == text);
        if !text.is_empty() && !known {
            ticket.acceptance.push(Acceptance {
                text,
                check: None,
                met,
            });
        }
    }
}

/// Adds a section to the ticket's description: the heading alone where there is no text.
pub(super) fn section(ticket: &mut Ticket, heading: &str, text: &str) {
    let text = text.trim().replace("\r\n", "\n");
    if !ticket.description.is_empty() {
        ticket.description.push_str("\n\n");
    }
    let section = format!("## {heading}\n\n{text}");
    ticket.description.push_str(section.trim_end());
}

/// The points of a list and whether they are ticked, where every line is a point or goes on
/// with the one before.
fn points(text: &str) -> Option<Vec<(String, bool)>> {
    let mut points: Vec<(String, bool)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match point(line) {
            Some(point) => points.push(point),
            None if line.starts_with(char::is_whitespace) => {
                let (text, _) = points.last_mut()?;
                text.push(' ');
                text.push_str(line.trim());
            }
            None => return None,
        }
    }
    (!points.is_empty()).then_some(points)
}

/// `- text`, `* text`, `3. text`, with `[ ]` or `[x]` before the text, or not.
fn point(line: &str) -> Option<(String, bool)> {
    let line = line.trim();
    let bulleted = ["- ", "* ", "+ "]
        .iter()
        .find_map(|mark| line.strip_prefix(mark));
    let numbered = || {
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let rest = (rest.len() < line.len()).then_some(rest)?;
        rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") "))
    };
    let text = bulleted.or_else(numbered)?.trim();
    let ticked = |mark| text.strip_prefix(mark).map(str::trim);
    Some(
        match (ticked("[x]").or_else(|| ticked("[X]")), ticked("[ ]")) {
            (Some(text), _) => (text.to_owned(), true),
            (None, Some(text)) => (text.to_owned(), false),
            (None, None) => (text.to_owned(), false),
        },
    )
}

//! Taking apart a text that has both sides of a merge in it.

use super::{Merged, merge_ticket};
use crate::format::left_by_a_merge;
use crate::model::{Config, TicketId};

/// What each side of a merge said, of which a text has both between marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// What both come from, where the marks tell it everywhere.
    pub base: Option<String>,
    /// Ours.
    pub ours: String,
    /// Theirs.
    pub theirs: String,
}

impl Sides {
    /// Merges the sides. Where the marks do not tell the base, what either has in a list stays, and
    /// other values that differ are a conflict.
    #[must_use]
    pub fn merge(&self, id: &TicketId, config: &Config) -> Merged {
        merge_ticket(id, self.base.as_deref(), &self.ours, &self.theirs, config)
    }

    /// A line that all have.
    fn add(&mut self, base: &mut String, line: &str) {
        for side in [base, &mut self.ours, &mut self.theirs] {
            side.push_str(line);
        }
    }
}

/// The line, from 1, where the first mark of a merge stands that keeps the text from being read, if
/// others follow it.
#[must_use]
pub fn first_mark(text: &str) -> Option<usize> {
    let line = left_by_a_merge(text)?;
    let rest = || text.lines().skip(line - 1);
    let whole = rest().any(|line| line.starts_with("======="))
        && rest().any(|line| line.starts_with(">>>>>>>"));
    whole.then_some(line)
}

/// The lines, from 1, with which the differences begin that lie between marks in the text, in their
/// order and wherever they stand: within quotes as well.
#[must_use]
pub fn differences<'t>(lines: impl IntoIterator<Item = &'t str>) -> Vec<usize> {
    let mut found = Vec::new();
    let (mut begun, mut is_theirs) = (None, false);
    for (line, text) in lines.into_iter().enumerate() {
        let text = text.trim_end();
        if is_mark(text, "<<<<<<<") {
            (begun, is_theirs) = (Some(line + 1), false);
        } else if text == "=======" {
            is_theirs = begun.is_some();
        } else if is_mark(text, ">>>>>>>") && is_theirs {
            found.extend(begun.take());
            is_theirs = false;
        }
    }
    found
}

/// Whether the line is that mark, with a name behind it or alone.
fn is_mark(line: &str, mark: &str) -> bool {
    let rest = line.strip_prefix(mark);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

enum Place {
    Outside,
    Ours,
    Base,
    Theirs,
}

/// The sides of the text; nothing where it has no marks, or they do not stand in their order.
#[must_use]
pub fn sides(text: &str) -> Option<Sides> {
    let mut place = Place::Outside;
    let (mut hunks, mut told) = (0, 0);
    let mut sides = Sides::default();
    let mut base = String::new();
    for line in text.split_inclusive('\n') {
        let plain = line.trim_end();
        let is = |mark: &str| is_mark(plain, mark);
        place = match place {
            Place::Outside if is("<<<<<<<") => {
                hunks += 1;
                Place::Ours
            }
            Place::Ours if is("|||||||") => {
                told += 1;
                Place::Base
            }
            Place::Ours | Place::Base if plain == "=======" => Place::Theirs,
            Place::Theirs if is(">>>>>>>") => Place::Outside,
            // The middle one alone may be a line of somebody's text.
            Place::Outside if plain == "=======" => {
                sides.add(&mut base, line);
                Place::Outside
            }
            _ if super::is_marker(line) => return None,
            place => {
                match place {
                    Place::Outside => sides.add(&mut base, line),
                    Place::Ours => sides.ours.push_str(line),
                    Place::Base => base.push_str(line),
                    Place::Theirs => sides.theirs.push_str(line),
                }
                place
            }
        };
    }
    sides.base = (told == hunks).then_some(base);
    (hunks > 0 && matches!(place, Place::Outside)).then_some(sides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_and_the_base_where_it_is_told() {
        let text = "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> side\nd\n";
        let found = sides(text).unwrap();
        assert_eq!(
            (found.ours.as_str(), found.theirs.as_str()),
            ("a\nb\nd\n", "a\nc\nd\n")
        );
        assert_eq!(found.base, None);
        let told = text.replace("=======", "||||||| 1a2b\nz\n=======");
        assert_eq!(sides(&told).unwrap().base.as_deref(), Some("a\nz\nd\n"));
        let crlf = sides(&text.replace('\n', "\r\n")).unwrap();
        assert_eq!(crlf.theirs, "a\r\nc\r\nd\r\n");
        // Told of one difference and not of the other.
        assert_eq!(sides(&format!("{told}{text}")).unwrap().base, None);
    }

    #[test]
    fn differences_begin_where_the_marks_stand_in_their_order() {
        let found = |text: &str| differences(text.lines());
        let whole = "<<<<<<< a\nb\n=======\nc\n>>>>>>> d\n";
        assert_eq!(found(&format!("x\n{whole}\n{whole}")), [2, 8]);
        assert_eq!(found("<<<<<<<\n|||||||\n=======\n>>>>>>>"), [1]);
        for text in [
            "=======\n>>>>>>> a\n<<<<<<< b\n",
            "<<<<<<< a\n>>>>>>> b\n=======\n",
            "<<<<<<<< a\n=======\n>>>>>>> b\n",
            " <<<<<<< a\n=======\n>>>>>>> b\n",
        ] {
            assert_eq!(found(text), [] as [usize; 0], "{text}");
        }
    }

    #[test]
    fn marks_out_of_their_order_are_no_sides() {
        let whole = "<<<<<<< a\nb\n=======\nc\n>>>>>>> d\n";
        for text in [
            "",
            "a\n",
            "<<<<<<< a\nb\n=======\nc\n",
            "=======\n",
            ">>>>>>> a\n",
            "<<<<<<< a\n<<<<<<< b\n=======\n>>>>>>> b\n=======\n>>>>>>> a\n",
            "<<<<<<< a\n=======\n=======\n>>>>>>> a\n",
            "<<<<<<< a\n=======\n||||||| b\n>>>>>>> a\n",
        ] {
            assert_eq!(sides(text), None, "{text}");
            let is_text = ["", "a\n", "=======\n"].contains(&text);
            assert_eq!(
                sides(&format!("{whole}{text}")).is_some(),
                is_text,
                "{text}"
            );
        }
    }
}

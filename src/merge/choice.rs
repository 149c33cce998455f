//! Settling what a merge has left marked, one difference at a time.

use super::belonging::Belonging;

/// Which of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What the checked-out branch has; in a rebase, what is rebased onto.
    Ours,
    /// What comes in.
    Theirs,
}

/// What both sides have in place of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk<'t> {
    /// The lines of ours.
    pub ours: &'t str,
    /// The lines of theirs.
    pub theirs: &'t str,
    /// The keys to which these lines belong, each once; where it is in a list of tables, that list.
    pub keys: Vec<String>,
}

const OURS: &str = "<<<<<<< ";
const MIDDLE: &str = "=======";
const THEIRS: &str = ">>>>>>> ";

/// Whether a merge would mark with such a line what it leaves.
#[must_use]
pub fn is_marker(line: &str) -> bool {
    let line = line.trim_end();
    line == MIDDLE
        || [OURS, THEIRS, "||||||| "]
            .iter()
            .any(|marker| line.starts_with(marker) || line == marker.trim_end())
}

/// Whether it tells both sides where they differ: not where a side's own lines look like marks, but
/// for the middle one, with which a heading may be underlined, outside of what differs.
pub fn is_told<'s>(marked: &str, sides: impl IntoIterator<Item = &'s str>) -> bool {
    let is_middle = |line: &str| line.trim_end() == MIDDLE;
    let is_mark = |line: &str| is_marker(line) && !is_middle(line);
    let has_mark = |side: &str| side.lines().any(is_mark);
    !sides.into_iter().any(has_mark)
        && !hunks(marked).any(|hunk| hunk.theirs.lines().any(is_middle))
}

/// The text that a merge has left, with the chosen lines in place of each difference; where
/// nothing is chosen it stays marked. It must be one that [`is_told`].
pub fn choose(text: &str, mut choose: impl FnMut(&Hunk<'_>) -> Option<Choice>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut place = Belonging::default();
    let mut rest = text;
    while let Some(found) = next_hunk(rest) {
        out.push_str(found.before);
        out.push_str(match choose(&found.hunk(&mut place)) {
            Some(Choice::Ours) => found.ours,
            Some(Choice::Theirs) => found.theirs,
            None => found.whole,
        });
        rest = found.after;
    }
    out.push_str(rest);
    out
}

/// What choosing ours everywhere, and theirs, leaves of a text in which these two are marked: where
/// it does not tell them apart, they themselves.
pub(super) fn choices(marked: &str, sides: [&str; 2]) -> [String; 2] {
    match is_told(marked, sides) {
        true => [Choice::Ours, Choice::Theirs].map(|choice| choose(marked, |_| Some(choice))),
        false => sides.map(str::to_owned),
    }
}

/// All in which two texts differ, as one difference.
#[must_use]
pub fn difference<'t>([ours, theirs]: [&'t str; 2]) -> Hunk<'t> {
    let lines = |text: &'t str| text.split_inclusive('\n');
    let head = lines(ours)
        .zip(lines(theirs))
        .take_while(|(one, other)| one == other);
    let head: usize = head.map(|(line, _)| line.len()).sum();
    let (mine, other) = (&ours[head..], &theirs[head..]);
    let last = |text: &'t str| lines(text).rev();
    let tail = last(mine)
        .zip(last(other))
        .take_while(|(one, other)| one == other);
    let tail: usize = tail.map(|(line, _)| line.len()).sum();
    let found = Found {
        before: &ours[..head],
        ours: &mine[..mine.len() - tail],
        theirs: &other[..other.len() - tail],
        whole: mine,
        after: &mine[mine.len() - tail..],
    };
    found.hunk(&mut Belonging::default())
}

/// The differences that a merge has left in the text, in their order.
pub fn hunks(text: &str) -> impl Iterator<Item = Hunk<'_>> {
    let mut place = Belonging::default();
    let mut rest = text;
    std::iter::from_fn(move || {
        let found = next_hunk(rest)?;
        rest = found.after;
        Some(found.hunk(&mut place))
    })
}

/// The text that a merge has left, with both sides of each difference, ours before theirs.
pub(super) fn join(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = next_hunk(rest) {
        out.extend([found.before, found.ours, found.theirs]);
        rest = found.after;
    }
    out.push_str(rest);
    out
}

/// A difference in a text.
struct Found<'t> {
    before: &'t str,
    ours: &'t str,
    theirs: &'t str,
    /// All of its lines, with the marks.
    whole: &'t str,
    after: &'t str,
}

impl<'t> Found<'t> {
    /// The difference, where `place` is that of what stands before it; that is then the place of
    /// what follows.
    fn hunk(&self, place: &mut Belonging) -> Hunk<'t> {
        place.pass(self.before);
        let mut other = place.clone();
        let mut keys = place.pass(self.ours);
        for key in other.pass(self.theirs) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Hunk {
            ours: self.ours,
            theirs: self.theirs,
            keys,
        }
    }
}

/// The next difference.
fn next_hunk(text: &str) -> Option<Found<'_>> {
    let mut at = 0;
    let (mut begun, mut middle) = (None, None);
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        match (begun, middle) {
            (None, _) if line.starts_with(OURS) => begun = Some((at, end)),
            (Some(_), None) if line.trim_end() == MIDDLE => middle = Some((at, end)),
            (Some((from, ours)), Some((ours_end, theirs))) if line.starts_with(THEIRS) => {
                return Some(Found {
                    before: &text[..from],
                    ours: &text[ours..ours_end],
                    theirs: &text[theirs..at],
                    whole: &text[from..end],
                    after: &text[end..],
                });
            }
            _ => {}
        }
        at = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKED: &str = "a\n<<<<<<< ours\nb = 1\n=======\nb = 2\nc = 3\n>>>>>>> theirs\nd\n\
                          <<<<<<< ours\n=======\ne\n>>>>>>> theirs\n";

    #[test]
    fn each_difference_is_chosen_for_itself() {
        assert_eq!(choose(MARKED, |_| Some(Choice::Ours)), "a\nb = 1\nd\n");
        assert_eq!(
            choose(MARKED, |_| Some(Choice::Theirs)),
            "a\nb = 2\nc = 3\nd\ne\n"
        );
        assert_eq!(choose(MARKED, |_| None), MARKED);
        let theirs: Vec<&str> = hunks(MARKED).map(|hunk| hunk.theirs).collect();
        assert_eq!(theirs, ["b = 2\nc = 3\n", "e\n"]);
        let mut seen = Vec::new();
        let chosen = choose(MARKED, |hunk| {
            seen.push(hunk.keys.join(" "));
            (seen.len() == 2).then_some(Choice::Ours)
        });
        assert_eq!(seen, ["b c", ""]);
        assert!(chosen.ends_with(">>>>>>> theirs\nd\n"), "{chosen}");
    }

    #[test]
    fn a_heading_is_no_mark_outside_of_what_differs() {
        let heading = "Heading\n=======\n";
        assert!(is_told(
            &format!("{heading}{MARKED}{heading}"),
            [heading, "d\n"]
        ));
        let within = MARKED.replace("b = 2", heading);
        assert!(!is_told(&within, [heading]));
        assert!(!is_told(&MARKED.replace("b = 1", heading), [heading]));
        for mark in ["<<<<<<< a", ">>>>>>> b", "||||||| c"] {
            assert!(!is_told(MARKED, ["d", mark]));
        }
    }

    #[test]
    fn two_texts_differ_in_what_they_do_not_begin_or_end_with() {
        for (ours, theirs, expected) in [
            ("a\nb\nc\n", "a\nx\ny\nc\n", ("b\n", "x\ny\n")),
            ("a\na\n", "a\n", ("a\n", "")),
            ("a\nb", "a\nb\n", ("b", "b\n")),
            ("", "a", ("", "a")),
            ("b\na", "a", ("b\n", "")),
        ] {
            let hunk = difference([ours, theirs]);
            assert_eq!((hunk.ours, hunk.theirs), expected);
        }
    }

    #[test]
    fn what_is_no_whole_difference_stays() {
        for text in [
            "",
            "a",
            "<<<<<<< ours\na\n=======\n",
            ">>>>>>> theirs\n=======\n",
        ] {
            assert_eq!(choose(text, |_| Some(Choice::Ours)), text);
        }
    }
}

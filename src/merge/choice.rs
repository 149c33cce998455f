//! Settling what a merge has left marked, one difference at a time.

/// Which of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What the checked-out branch has; in a rebase, what is rebased onto.
    Ours,
    /// What comes in.
    Theirs,
}

/// What both sides have in place of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hunk<'t> {
    /// The lines of ours.
    pub ours: &'t str,
    /// The lines of theirs.
    pub theirs: &'t str,
}

impl<'t> Hunk<'t> {
    /// The keys that begin on its lines, each once.
    #[must_use]
    pub fn keys(&self) -> Vec<&'t str> {
        let mut keys = Vec::new();
        for line in self.ours.lines().chain(self.theirs.lines()) {
            let key = line.split_once(" = ").map(|(key, _)| key);
            let is_key = |key: &&str| key.chars().all(|c| c.is_alphanumeric() || c == '_');
            if let Some(key) = key.filter(is_key)
                && !keys.contains(&key)
            {
                keys.push(key);
            }
        }
        keys
    }
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
    let mut rest = text;
    while let Some((before, hunk, whole, after)) = next_hunk(rest) {
        out.push_str(before);
        out.push_str(match choose(&hunk) {
            Some(Choice::Ours) => hunk.ours,
            Some(Choice::Theirs) => hunk.theirs,
            None => whole,
        });
        rest = after;
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
    Hunk {
        ours: &mine[..mine.len() - tail],
        theirs: &other[..other.len() - tail],
    }
}

/// The differences that a merge has left in the text, in their order.
pub fn hunks(text: &str) -> impl Iterator<Item = Hunk<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, hunk, _, after) = next_hunk(rest)?;
        rest = after;
        Some(hunk)
    })
}

/// The text that a merge has left, with both sides of each difference, ours before theirs.
pub(super) fn join(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, hunk, _, after)) = next_hunk(rest) {
        out.extend([before, hunk.ours, hunk.theirs]);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// What stands before the next difference, it, all of its lines, and what follows.
fn next_hunk(text: &str) -> Option<(&str, Hunk<'_>, &str, &str)> {
    let mut at = 0;
    let (mut begun, mut middle) = (None, None);
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        match (begun, middle) {
            (None, _) if line.starts_with(OURS) => begun = Some((at, end)),
            (Some(_), None) if line.trim_end() == MIDDLE => middle = Some((at, end)),
            (Some((from, ours)), Some((ours_end, theirs))) if line.starts_with(THEIRS) => {
                let hunk = Hunk {
                    ours: &text[ours..ours_end],
                    theirs: &text[theirs..at],
                };
                return Some((&text[..from], hunk, &text[from..end], &text[end..]));
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
            seen.push(hunk.keys().join(" "));
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

//! Line-based merging.

use diffy::{ConflictStyle, DiffOptions, IncompleteHunkStyle, Line, MergeOptions};

use super::choice::{Choice, choose, is_told};

/// Merges texts by their lines: the merged text, or one with both versions of what was
/// changed on both sides between marker lines.
pub(super) fn merge_lines(base: &str, ours: &str, theirs: &str) -> Result<String, String> {
    let mut options = MergeOptions::new();
    options
        .set_conflict_style(ConflictStyle::Merge)
        .set_incomplete_hunk_style(IncompleteHunkStyle::Git);
    options.merge(base, ours, theirs)
}

/// Merges texts whose last line need not be ended; on a conflict, the merged text with what ours has
/// where there is one, and with what theirs has.
pub(super) fn merge_paragraphs(
    base: &str,
    ours: &str,
    theirs: &str,
) -> Result<String, (String, String)> {
    let ended = |text: &str| {
        if text.is_empty() {
            String::new()
        } else {
            format!("{text}\n")
        }
    };
    let plain = |text: &str| text.strip_suffix('\n').unwrap_or(text).to_owned();
    let texts = [base, ours, theirs];
    match merge_lines(&ended(base), &ended(ours), &ended(theirs)) {
        Ok(merged) => Ok(plain(&merged)),
        Err(marked) if !is_told(&marked, texts) => Err((ours.to_owned(), theirs.to_owned())),
        Err(marked) => {
            let chosen = |choice| plain(&choose(&marked, |_| Some(choice)));
            Err((chosen(Choice::Ours), chosen(Choice::Theirs)))
        }
    }
}

/// The lines that both texts have, in order: the base of two texts that have none.
pub(super) fn common_lines(ours: &str, theirs: &str) -> String {
    let mut common = String::new();
    for_each_line(ours, theirs, |line| {
        if let Line::Context(line) = line {
            common.push_str(line);
        }
    });
    common
}

/// Both texts in one: what they have in common once, what differs between marker lines.
pub(super) fn mark_differences(ours: &str, theirs: &str) -> String {
    let mut out = String::new();
    let (mut mine, mut other) = (String::new(), String::new());
    let settle = |mine: &mut String, other: &mut String, out: &mut String| {
        if !mine.is_empty() || !other.is_empty() {
            let (mine, other) = (std::mem::take(mine), std::mem::take(other));
            out.push_str(&format!(
                "<<<<<<< ours\n{}=======\n{}>>>>>>> theirs\n",
                ended(mine),
                ended(other)
            ));
        }
    };
    for_each_line(ours, theirs, |line| match line {
        Line::Context(line) => {
            settle(&mut mine, &mut other, &mut out);
            out.push_str(line);
        }
        Line::Delete(line) => mine.push_str(line),
        Line::Insert(line) => other.push_str(line),
    });
    settle(&mut mine, &mut other, &mut out);
    out
}

fn ended(mut lines: String) -> String {
    if !lines.is_empty() && !lines.ends_with('\n') {
        lines.push('\n');
    }
    lines
}

fn for_each_line(ours: &str, theirs: &str, mut see: impl FnMut(&Line<'_, str>)) {
    let lines = ours.lines().count() + theirs.lines().count();
    let patch = DiffOptions::new()
        .set_context_len(lines)
        .create_patch(ours, theirs);
    for hunk in patch.hunks() {
        for line in hunk.lines() {
            see(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_merge_line_by_line() {
        let base = "a\n\nb\n\nc";
        let merged = merge_paragraphs(base, "A\n\nb\n\nc", "a\n\nb\n\nC\n\nd");
        assert_eq!(merged.as_deref(), Ok("A\n\nb\n\nC\n\nd"));
        let both = |ours: &str, theirs: &str| Err((ours.to_owned(), theirs.to_owned()));
        assert_eq!(merge_paragraphs("", "a", "b"), both("a", "b"));
        assert_eq!(merge_paragraphs("a", "", "a").as_deref(), Ok(""));
        let merged = merge_paragraphs(base, "A\n\n1\n\nc", "a\n\n2\n\nC");
        assert_eq!(merged, both("A\n\n1\n\nC", "A\n\n2\n\nC"));
        let marker = "a\n\n=======\n\nc";
        assert_eq!(merge_paragraphs(base, marker, "C"), both(marker, "C"));
        let under = |text: &str| format!("Heading\n=======\n\n{text}");
        let merged = merge_paragraphs(&under(base), &under("A\n\n1\n\nc"), &under("a\n\n2\n\nC"));
        assert_eq!(merged, both(&under("A\n\n1\n\nC"), &under("A\n\n2\n\nC")));
    }

    #[test]
    fn differences_are_marked() {
        let (ours, theirs) = ("a\nb\nc\nd", "a\nx\nc\nd\ne\n");
        assert_eq!(common_lines(ours, theirs), "a\nc\n");
        assert_eq!(
            mark_differences(ours, theirs),
            "a\n<<<<<<< ours\nb\n=======\nx\n>>>>>>> theirs\nc\n\
             <<<<<<< ours\nd\n=======\nd\ne\n>>>>>>> theirs\n"
        );
    }
}

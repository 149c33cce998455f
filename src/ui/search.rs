//! What was found by words, with the words marked.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::terminal::{columns, fit};
use crate::wire::SnippetRecord;

/// Before each line of a text.
const INDENT: &str = "    ";

/// The text in that many columns, with these parts of it marked.
#[must_use]
pub fn marked(text: &str, matches: &[(usize, usize)], room: usize) -> String {
    let mark = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
    let chars: Vec<char> = text.chars().collect();
    let part = |from: usize, to: usize| -> String {
        let to = to.min(chars.len());
        chars[from.min(to)..to].iter().collect()
    };
    let (mut shown, mut left, mut from) = (String::new(), room, 0);
    let mut push = |text: &str, style: Style, is_last: bool| {
        let taken = columns(&fit(text, usize::MAX));
        // A part that fills the line leaves no room for the sign that it goes on.
        let most = if is_last {
            left
        } else {
            left.saturating_sub(1)
        };
        let text = fit(text, if taken <= most { taken } else { left });
        if !text.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(shown, "{style}{text}{style:#}");
        }
        left = if taken <= most { left - taken } else { 0 };
    };
    for (start, end) in matches {
        push(&part(from, *start), Style::new(), false);
        push(&part(*start, *end), mark, *end >= chars.len());
        from = *end;
    }
    push(&part(from, chars.len()), Style::new(), true);
    shown
}

/// The title, with the words marked that were found in it.
#[must_use]
pub fn title(title: &str, snippets: &[SnippetRecord], room: usize) -> String {
    let found = snippets.iter().find(|snippet| snippet.text == title);
    let matches = found.map_or(&[][..], |snippet| &snippet.matches);
    marked(title, matches, room)
}

/// The other parts that were found, a line each.
#[must_use]
pub fn texts(snippets: &[SnippetRecord], width: Option<usize>) -> String {
    let dim = Style::new().dimmed();
    let others = snippets.iter().filter(|snippet| {
        // What the line of the ticket shows is told there.
        !matches!(snippet.field, "title" | "id" | "labels")
    });
    let mut out = String::new();
    for snippet in others {
        let field = snippet.field;
        let taken = INDENT.len() + field.len() + 2;
        let room = width.map_or(usize::MAX, |width| width.saturating_sub(taken));
        let text = marked(&snippet.text, &snippet.matches, room);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{INDENT}{dim}{field}:{dim:#} {text}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, matches: &[(usize, usize)], room: usize) -> String {
        let shown = marked(text, matches, room);
        let shown = shown.replace("\u{1b}[1m\u{1b}[33m", "<");
        shown.replace("\u{1b}[0m", ">")
    }

    #[test]
    fn words_are_marked_and_cut_with_the_line() {
        for (room, shown) in [
            (usize::MAX, "to <log> in, <now>"),
            (14, "to <log> in, <now>"),
            (13, "to <log> in, <n…>"),
            (12, "to <log> in, <…>"),
            (8, "to <log> …"),
            (7, "to <log>…"),
            (5, "to <l…>"),
            (0, ""),
        ] {
            let shown_now = plain("to log in, now", &[(3, 6), (11, 14)], room);
            assert_eq!(shown_now, shown, "{room}");
        }
        assert_eq!(plain("a\u{1b}b c", &[(0, 3)], 99), "<a\\u{1b}b> c");
    }
}

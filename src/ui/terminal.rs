//! Text of unknown origin, made fit for a terminal.

use std::borrow::Cow;
use std::io;
use std::os::fd::AsFd;

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::is_unsafe;

/// What a text that was cut ends with, or begins.
pub(super) const CUT: char = '…';

/// The text with everything escaped that would not show as itself: control characters, line
/// breaks, characters that turn the direction of writing, invisible ones. For anything that
/// came from a ticket, an agent or a file name. The result is one line.
#[must_use]
pub fn safe(text: &str) -> Cow<'_, str> {
    if is_printable_ascii(text) || !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_unsafe(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Like [`safe`], but line breaks and tabs stay: for texts of several lines.
#[must_use]
pub fn safe_lines(text: &str) -> Cow<'_, str> {
    let stays = |c| matches!(c, '\n' | '\t');
    if !text.chars().any(|c| is_unsafe(c) && !stays(c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = rest.find(stays) {
        shown.push_str(&safe(&rest[..at]));
        shown.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    shown.push_str(&safe(rest));
    Cow::Owned(shown)
}

/// The JSON text with everything in its strings as an escape that would not show as itself. It
/// means the same: JSON needs only part of that to be escaped, but is read on terminals, too.
#[must_use]
pub fn safe_json(json: &str) -> Cow<'_, str> {
    // Of plain text only this one is unsafe and not escaped already.
    let is_plain = json.is_ascii() && memchr::memchr(0x7f, json.as_bytes()).is_none();
    if is_plain || !json.chars().any(is_unsafe) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// The columns a text takes on a terminal.
#[must_use]
pub fn columns(text: &str) -> usize {
    if is_printable_ascii(text) {
        return text.len();
    }
    text.width()
}

/// Whether styles show on standard output.
pub(super) fn shows_styles() -> bool {
    shows_styles_on(&io::stdout())
}

/// Whether styles show on that stream.
pub(super) fn shows_styles_on(stream: &impl anstream::stream::RawStream) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
}

/// The columns of the terminal that it is.
pub(super) fn width_of(stream: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(size.ws_col.into()).filter(|columns| *columns > 0)
}

/// What nearly every text is, and what is told without looking at characters one by one.
fn is_printable_ascii(text: &str) -> bool {
    // Looked at to the end, so that it is done many bytes at once.
    text.bytes()
        .fold(true, |all, byte| all & matches!(byte, b' '..=b'~'))
}

/// An amount of dollars, as precise as workers tell it, or that it is unknown.
#[must_use]
pub fn cost(dollars: Option<f64>) -> String {
    dollars.map_or_else(|| "unknown cost".to_owned(), |cost| format!("${cost:.4}"))
}

/// So many of them, in words that fit the number.
#[must_use]
pub fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The safe text, cut with an ellipsis where it takes more than that many columns.
#[must_use]
pub fn fit(text: &str, most: usize) -> String {
    let text = safe(text);
    if columns(&text) <= most {
        return text.into_owned();
    }
    let Some(room) = most.checked_sub(1) else {
        return String::new();
    };
    let mut shown = String::new();
    let mut taken = 0;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > room {
            break;
        }
        shown.push(c);
    }
    shown.push(CUT);
    shown
}

/// [`fit`], then spaces up to that many columns.
#[must_use]
pub fn fill(text: &str, width: usize) -> String {
    let mut shown = String::new();
    push_filled(&mut shown, text, width);
    shown
}

/// Appends what [`fill`] makes of the text.
pub(super) fn push_filled(out: &mut String, text: &str, width: usize) {
    let taken = if is_printable_ascii(text) && text.len() <= width {
        out.push_str(text);
        text.len()
    } else {
        let shown = fit(text, width);
        out.push_str(&shown);
        columns(&shown)
    };
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(taken)));
}

/// What standard output is told before and after a text of a style, made once for many texts:
/// nothing where styles do not show.
#[derive(Default)]
pub(super) struct Codes {
    before: String,
    after: String,
}

impl Codes {
    pub(super) fn of(style: Style) -> Self {
        if !shows_styles() {
            return Self::default();
        }
        Self {
            before: style.render().to_string(),
            after: style.render_reset().to_string(),
        }
    }

    /// Appends what `push` does, in that style.
    pub(super) fn around(&self, out: &mut String, push: impl FnOnce(&mut String)) {
        out.push_str(&self.before);
        push(out);
        out.push_str(&self.after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_show_as_itself_is_escaped() {
        for (text, shown) in [
            ("plain – größer 漢字 👩‍💻", "plain – größer 漢字 👩‍💻"),
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{202e}txt.exe\u{2066}", "\\u{202e}txt.exe\\u{2066}"),
            (
                "\u{9b}2J\u{200b}\u{feff}\u{e0041}",
                "\\u{9b}2J\\u{200b}\\u{feff}\\u{e0041}",
            ),
        ] {
            assert_eq!(safe(text), shown);
        }
        assert!(matches!(safe("as it is"), Cow::Borrowed(_)));
        assert_eq!(safe_lines("a\n\tb\u{1b}\nc"), "a\n\tb\\u{1b}\nc");
        assert!(matches!(safe_lines("a\nb"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_shows_as_itself_and_means_the_same() {
        let text = "a\u{1b}[31m\u{7f}\u{9b}\u{202e}\u{e0041}é\n\\";
        let json = serde_json::to_string(text).unwrap();
        let json = safe_json(&json);
        assert_eq!(json, r#""a\u001b[31m\u007f\u009b\u202e\udb40\udc41é\n\\""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn cut_by_columns() {
        for (text, most, shown) in [
            ("title", 5, "title"),
            ("titles", 5, "titl…"),
            ("漢字漢字", 5, "漢字…"),
            ("漢字漢字", 4, "漢…"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
        ] {
            assert_eq!(fit(text, most), shown, "{text} {most}");
            assert_eq!(columns(&fill(text, most)), most, "{text} {most}");
        }
    }
}

//! Names of files and other texts in messages.

use std::fmt::{self, Write};
use std::path::Path;

/// Whether the character would not show as itself: one that controls, or that reorders, breaks or
/// hides others. Joiners (U+200C, U+200D) and variation selectors are parts of letters and emoji.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Whether the text can be a field of one line: something, and no character that controls.
#[must_use]
pub fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(char::is_control)
}

/// The first `most` characters of a text, those escaped that would not show as themselves.
#[must_use]
pub fn escaped(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for c in text.chars().take(most) {
        match c {
            c if c.is_control() => shown.extend(c.escape_debug()),
            c if is_unsafe(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// A text on one line, its words a space apart and as [`escaped`].
#[must_use]
pub fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    escaped(&words.join(" "), usize::MAX)
}

/// A text of several lines as [`escaped`], but for tabs.
#[must_use]
pub fn escaped_lines(text: &str) -> String {
    let of_line = |line: &str| {
        let cells = line.split('\t').map(|cell| escaped(cell, usize::MAX));
        cells.collect::<Vec<_>>().join("\t")
    };
    text.split('\n').map(of_line).collect::<Vec<_>>().join("\n")
}

/// Whether a shell takes the text for one word, and nothing else, as it is; nor is it an option.
#[must_use]
pub fn is_shell_word(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "./_-@+:".contains(c);
    !text.starts_with('-') && !text.is_empty() && text.chars().all(plain)
}

/// The text as a shell takes it for one word.
#[must_use]
pub fn shell_word(text: &str) -> String {
    match is_shell_word(text) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// The first `most` of them with commas between, and how many more there are.
#[must_use]
pub fn some_of<T: fmt::Display>(all: impl ExactSizeIterator<Item = T>, most: usize) -> String {
    let more = all.len().saturating_sub(most);
    let named: Vec<String> = all.take(most).map(|one| one.to_string()).collect();
    let mut told = named.join(", ");
    if more > 0 {
        let _infallible = write!(told, " and {more} more");
    }
    told
}

/// A path for a message: on one line, whatever characters it has.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'p>(pub &'p Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.to_string_lossy().chars() {
            match c {
                c if c.is_control() => write!(f, "{}", c.escape_debug())?,
                c if is_unsafe(c) => write!(f, "{}", c.escape_unicode())?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_not_show_is_escaped() {
        let text = "it's \"q\" a\\b e\u{301}\n\u{202e}x";
        assert_eq!(escaped(text, 60), "it's \"q\" a\\b e\u{301}\\n\\u{202e}x");
        assert_eq!(escaped(text, 4), "it's");
    }

    #[test]
    fn a_path_is_one_line() {
        let path = Path::new("/o'd \"q\"/größer\nerror: spoofed\u{1b}[2J");
        let shown = "/o'd \"q\"/größer\\nerror: spoofed\\u{1b}[2J";
        assert_eq!(Shown(path).to_string(), shown);
    }

    #[test]
    fn what_a_shell_would_run_is_no_word() {
        for good in ["api", "größe", "area/ui", "v1.2", "dana@example.com", "a:b"] {
            assert!(is_shell_word(good), "{good}");
        }
        for bad in [
            "",
            "$(x)",
            "`x`",
            "a b",
            "a;b",
            "a*",
            "~a",
            "--x",
            "a\nb",
            "'a",
            "a\\",
            "a|b",
            "!a",
            "a&",
            "a>b",
            "{a,b}",
            "a\u{202e}b",
        ] {
            assert!(!is_shell_word(bad), "{bad}");
        }
    }
}

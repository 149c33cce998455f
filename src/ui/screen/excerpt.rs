//! An expression, and what is at fault in it underlined.

use super::super::terminal::{columns, fit, safe};
use crate::ops::Fault;

/// The most columns before the fault, of the fault, and behind it.
const BEFORE: usize = 40;
const FAULT: usize = 30;
const BEHIND: usize = 24;

/// Two lines: the expression, as far as there is room for it, and carets below the fault; a
/// single one where something is missing. Nothing where there is no expression.
pub(super) fn lines(fault: &Fault) -> String {
    let part = |range: Option<&str>| range.unwrap_or_default().to_owned();
    let text = &fault.text;
    if text.trim().is_empty() {
        return String::new();
    }
    let before = ending(&part(text.get(..fault.at.start)));
    let wrong = fit(&part(text.get(fault.at.clone())), FAULT);
    let behind = fit(&part(text.get(fault.at.end..)), BEHIND);
    let indent = " ".repeat(columns(&before));
    let carets = "^".repeat(columns(&wrong).max(1));
    let line = format!("  {before}{wrong}{behind}");
    format!("{}\n  {indent}{carets}\n", line.trim_end())
}

/// The end of the text, made safe, that has room before the fault.
fn ending(text: &str) -> String {
    let text = safe(text);
    let mut start = text.len();
    for (number, (place, _)) in text.char_indices().rev().enumerate() {
        // Of characters that take no column there may be any number.
        if columns(&text[place..]) > BEFORE || number > 4 * BEFORE {
            return format!("…{}", &text[start..]);
        }
        start = place;
    }
    text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two lines under the fault that is between `[` and `]`.
    fn shown(text: &str) -> String {
        let (before, rest) = text.split_once('[').unwrap();
        let (wrong, behind) = rest.split_once(']').unwrap();
        lines(&Fault {
            text: format!("{before}{wrong}{behind}"),
            at: before.len()..before.len() + wrong.len(),
        })
    }

    #[test]
    fn carets_stand_below_the_fault_in_columns_of_the_terminal() {
        for (text, expected) in [
            ("a=1 [prio]<2", "  a=1 prio<2\n      ^^^^\n"),
            ("a= []", "  a=\n     ^\n"),
            ("\"漢字\" [x] y", "  \"漢字\" x y\n         ^\n"),
            ("[漢字] y", "  漢字 y\n  ^^^^\n"),
            ("e\u{301}\u{302} [x]", "  e\u{301}\u{302} x\n    ^\n"),
            ("\u{1b}[x]", "  \\u{1b}x\n        ^\n"),
            ("a\n\t[x]", "  a\\n\\tx\n       ^\n"),
            (" []", ""),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_expression_is_cut_around_the_fault() {
        let text = format!(
            "{}[{}]{}",
            "a".repeat(1000),
            "b".repeat(1000),
            "c".repeat(1000)
        );
        let shown = shown(&text);
        let (line, carets) = shown.split_once('\n').unwrap();
        let expected = format!(
            "  …{}{}…{}…",
            "a".repeat(BEFORE),
            "b".repeat(FAULT - 1),
            "c".repeat(BEHIND - 1)
        );
        assert_eq!(line, expected);
        let expected = format!("  {}{}\n", " ".repeat(BEFORE + 1), "^".repeat(FAULT));
        assert_eq!(carets, expected);
    }
}

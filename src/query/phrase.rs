//! Words that are looked for in texts.

use crate::search::fold_text;

/// Words that must stand in a text one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    /// Without capitals and accents, one space between words.
    wanted: String,
    /// Whether the last word may go on.
    begun: bool,
}

impl Phrase {
    /// Whole words; with a `*` at the end, the last one may go on.
    pub(super) fn new(words: &str) -> Self {
        let wanted = normal(words);
        match wanted.strip_suffix('*') {
            Some(begun) if !begun.is_empty() => Self {
                wanted: begun.to_owned(),
                begun: true,
            },
            _ => Self {
                wanted,
                begun: false,
            },
        }
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        let text = normal(text);
        let mut from = 0;
        while let Some(found) = text[from..].find(&self.wanted) {
            let (start, end) = (from + found, from + found + self.wanted.len());
            let before = text[..start].chars().next_back();
            let after = text[end..].chars().next();
            let first = self.wanted.chars().next();
            let last = self.wanted.chars().next_back();
            if !is_inside(before, first) && (self.begun || !is_inside(last, after)) {
                return true;
            }
            from = start + first.map_or(1, char::len_utf8);
        }
        false
    }
}

/// Whether a word goes on from the one character to the other.
fn is_inside(left: Option<char>, right: Option<char>) -> bool {
    left.is_some_and(is_spaced) && right.is_some_and(is_spaced)
}

/// Whether the character is part of a word of those that have spaces between them.
fn is_spaced(c: char) -> bool {
    let is_unspaced = matches!(
        c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}'
            | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}'
            | '\u{20000}'..='\u{3ffff}'
    );
    c.is_alphanumeric() && !is_unspaced
}

/// As texts are compared, whatever their capitals and accents, with one space for any white space.
pub(super) fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !normal.is_empty() {
            normal.push(' ');
        }
        fold_text(word, &mut normal);
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_accents_and_forms_of_a_letter_do_not_matter() {
        let texts = [
            "Straße und Café",
            "STRASSE und Cafe\u{301}",
            "strasse  und CAFE",
        ];
        for words in [
            "café",
            "CAFE\u{301}",
            "straße UND",
            "Strasse und cafe",
            "caf*",
        ] {
            for text in texts {
                assert!(Phrase::new(words).is_in(text), "{words} in {text}");
            }
        }
        for (words, text) in [("istanbul", "İstanbul"), ("οδός", "ΟΔΟΣ"), ("c++", "C++")] {
            assert!(Phrase::new(words).is_in(text), "{words} in {text}");
        }
        for (words, text) in [("caf", "Café"), ("cafe-", "Café"), ("fé", "Café")] {
            assert!(!Phrase::new(words).is_in(text), "{words} in {text}");
        }
    }
}

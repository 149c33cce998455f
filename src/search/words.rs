//! Texts as words: letters and digits in a row, without regard to case and accents.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Tells each word of the text: where it stands, and how it is compared. Of scripts that put no
/// spaces between words, every two neighbouring characters are a word, and the last of a row.
pub fn each_word(text: &str, mut tell: impl FnMut(Range<usize>, &str)) {
    if text.is_ascii() {
        return each_ascii_word(text, tell);
    }
    let mut folded = String::new();
    let mut tell = |range: Range<usize>| {
        folded.clear();
        fold(&text[range.clone()], &mut folded);
        if !folded.is_empty() {
            tell(range, &folded);
        }
    };
    let mut word: Option<usize> = None;
    let mut sign: Option<Range<usize>> = None;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let is_other = !c.is_ascii();
        if is_other && is_sign(c) {
            if let Some(start) = word.take() {
                tell(start..at);
            }
            if let Some(before) = sign.replace(at..end) {
                tell(before.start..end);
            }
        } else if is_other && is_combining_mark(c) {
            // A part of what it stands on; on nothing, it is nothing.
            if let Some(sign) = &mut sign {
                sign.end = end;
            }
        } else if c.is_alphanumeric() {
            if let Some(sign) = sign.take() {
                tell(sign);
            }
            word.get_or_insert(at);
        } else {
            if let Some(start) = word.take() {
                tell(start..at);
            }
            if let Some(sign) = sign.take() {
                tell(sign);
            }
        }
    }
    if let Some(start) = word {
        tell(start..text.len());
    }
    if let Some(sign) = sign {
        tell(sign);
    }
}

/// The same of a text that is ASCII, as most are.
fn each_ascii_word(text: &str, mut tell: impl FnMut(Range<usize>, &str)) {
    let lower = text.to_ascii_lowercase();
    let mut rest = 0;
    for word in lower.split(|c: char| !c.is_ascii_alphanumeric()) {
        if !word.is_empty() {
            tell(rest..rest + word.len(), word);
        }
        rest += word.len() + 1;
    }
}

/// Whether it is of a script that puts no spaces between words: Han, kana, Thai, Lao, Khmer,
/// Burmese.
fn is_sign(c: char) -> bool {
    matches!(c,
        '\u{0e01}'..='\u{0e30}' | '\u{0e32}' | '\u{0e33}' | '\u{0e40}'..='\u{0e46}'
        | '\u{0e81}'..='\u{0eb0}' | '\u{0eb2}' | '\u{0eb3}' | '\u{0ec0}'..='\u{0ec6}'
        | '\u{1000}'..='\u{102a}' | '\u{1780}'..='\u{17b3}'
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{3fffd}')
}

/// Appends the text with its words as they are compared, and what is between them as it is.
pub fn fold_text(text: &str, to: &mut String) {
    let is_of_word = |c: char| c.is_alphanumeric() || is_combining_mark(c);
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
        fold(&rest[..word], to);
        rest = &rest[word..];
        let between = rest.find(is_of_word).unwrap_or(rest.len());
        to.push_str(&rest[..between]);
        rest = &rest[between..];
    }
}

/// Appends the word as it is compared: lower case, without accents, other forms of a letter as
/// the letter.
fn fold(word: &str, to: &mut String) {
    if word.is_ascii() {
        to.extend(
            word.bytes()
                .map(|byte| char::from(byte.to_ascii_lowercase())),
        );
        return;
    }
    for c in word.nfkd() {
        if matches!(c, '\u{300}'..='\u{36f}') {
            continue;
        }
        for c in c.to_lowercase() {
            match c {
                'ß' => to.push_str("ss"),
                'æ' => to.push_str("ae"),
                'œ' => to.push_str("oe"),
                'ø' => to.push('o'),
                'ł' => to.push('l'),
                'đ' => to.push('d'),
                'ı' => to.push('i'),
                'ς' => to.push('σ'),
                '\u{300}'..='\u{36f}' => {}
                c if c.is_alphanumeric() || is_combining_mark(c) => to.push(c),
                // What some letters come apart to: spaces, a stroke.
                _ => {}
            }
        }
    }
}

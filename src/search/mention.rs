//! Whether a text may be in a ticket's texts, told by the words that are kept of those.

use unicode_normalization::char::is_combining_mark;

use super::packed::HEAD;
use super::words::each_word;

/// What the words of every text have in them that has that text in it, letter by letter,
/// whatever the case and the accents of either; none where nothing can be told.
///
/// Its words are those of such a text, but for the first, of which that one may have more before
/// it, and the last, which may go on there. Words are folded letter by letter, so that parts of
/// them are folded to parts. Marks may be told in another order there, or be a word of their own,
/// and are left out; two signs that stand alone here are a word there as well.
#[must_use]
pub fn parts(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    each_word(text, |_, word| {
        for part in word.split(is_combining_mark) {
            if !part.is_empty() && !parts.iter().any(|known| known == part) {
                parts.push(part.to_owned());
            }
        }
    });
    parts
}

/// Whether all of these are in words that were packed. Where one is not, none of the ticket's
/// texts has the text in it whose [`parts`] they are.
#[must_use]
pub fn mentions(packed: &[u8], parts: &[String]) -> bool {
    let words = packed.get(HEAD..).unwrap_or_default();
    parts
        .iter()
        .all(|part| memchr::memmem::find(words, part.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    use super::super::pack;
    use super::super::words::fold_text;
    use super::*;
    use crate::model::{StatusId, Ticket, TicketId};

    fn packed(text: &str) -> Vec<u8> {
        let id = TicketId::parse("k7m").unwrap();
        let mut ticket = Ticket::new(id, "x".into(), "task".into(), StatusId::new("open"));
        text.clone_into(&mut ticket.description);
        pack(&ticket)
    }

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(text, |_, word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn parts_are_words_as_they_are_compared() {
        for (text, expected) in [
            ("Größe", "grosse"),
            ("ÜBER alles", "uber alles"),
            ("e\u{301}té", "ete"),
            ("世界人", "世界 界人 人"),
            ("ΟΔΟΣ", "οδοσ"),
            ("Привет", "привет"),
            ("İstanbul", "istanbul"),
            // The mark may be a word of its own in a text of half width.
            ("ガギ", "カ キ"),
            ("世\u{3099}世", "世"),
            ("!? \u{301}", ""),
        ] {
            assert_eq!(parts(text).join(" "), expected, "{text}");
        }
    }

    /// On this the way from a text to what it has in it stands: no letter, in whatever place,
    /// is another one, or ends a word, in small letters.
    #[test]
    fn every_letter_is_packed_as_its_small_one() {
        for c in '\0'..=char::MAX {
            let lower: String = c.to_lowercase().collect();
            if lower.chars().eq([c]) {
                continue;
            }
            for (before, after) in [("", ""), ("x", "y"), ("世", "界"), ("-", "-")] {
                let (large, small) = (
                    format!("{before}{c}{after}"),
                    format!("{before}{lower}{after}"),
                );
                assert_eq!(words(&large), words(&small), "{c:?}");
            }
        }
    }

    fn folded(text: &str) -> String {
        let mut folded = String::new();
        fold_text(text, &mut folded);
        folded
    }

    /// Texts of letters that are odd in one of the ways in which letters are.
    fn odd() -> impl Strategy<Value = String> {
        let letters = [
            "a",
            "B",
            "ß",
            "ẞ",
            "é",
            "e\u{301}",
            "İ",
            "ı",
            "Σ",
            "ς",
            "ﬁ",
            "Ǆ",
            "ſ",
            "K",
            "Å",
            "½",
            "㎏",
            "Ⓐ",
            "世",
            "界",
            "が",
            "か\u{3099}",
            "ｶ",
            "ﾞ",
            "ー",
            "ท",
            "ที่",
            "ำ",
            "한",
            "하",
            "ש",
            "ש\u{5c1}",
            "שׁ",
            "\u{5b0}",
            "\u{334}",
            "\u{93c}",
            "हि",
            "न्",
            "दी",
            "\u{345}",
            "Ꭰ",
            "𐐀",
            "\u{f73}",
            "\u{200d}",
            "👩",
            " ",
            "\t",
            "-",
            "_",
            "7",
            "٣",
            "\u{301}",
            "\u{3099}",
        ];
        let letter = prop_oneof![
            8 => proptest::sample::select(letters.to_vec()).prop_map(str::to_owned),
            1 => any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(letter, 0..12).prop_map(|letters| letters.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        /// Whatever part of a text is asked for, in whatever case, its ticket is not passed over.
        #[test]
        fn no_part_of_a_text_is_missed(text in odd(), from in 0..40usize, length in 1..12usize, form in 0..4) {
            let asked: String = text.chars().skip(from).take(length).collect();
            let asked = match form {
                0 => asked,
                1 => asked.to_uppercase(),
                2 => folded(&asked),
                _ => asked.nfkc().collect(),
            };
            // What is compared: as they are folded, the one is in the other.
            prop_assume!(folded(&text).contains(&folded(&asked)));
            prop_assert!(mentions(&packed(&text), &parts(&asked)), "{:?} in {:?}", asked, text);
        }
    }
}

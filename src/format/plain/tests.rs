//! What the plain reader reads is what the full one reads.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::tests::arb_ticket;
use super::super::{parse, print};
use super::*;

/// That the plain reader has no answer, or the full reader's: keys, values, order, places.
fn agrees(text: &str) -> Result<(), TestCaseError> {
    if let Some(plain) = read(text) {
        let full = toml_edit::Document::parse(text);
        prop_assert!(full.is_ok(), "{}\n{}", text, full.unwrap_err());
        let full = full.unwrap();
        prop_assert_eq!(plain, Table::of(full.as_table()), "{}", text);
    }
    Ok(())
}

/// Pieces of TOML, and what it forbids.
const PIECES: &[&str] = &[
    "",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "#",
    "# c\n",
    "\"",
    "\"\"",
    "\"\"\"",
    "'",
    "'''",
    "\\",
    "\\u00e9",
    "\\ud800",
    "\\n",
    "\\\n",
    "\\e",
    "=",
    " = ",
    ".",
    ",",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "[notes]\n",
    "[[notes]]\n",
    "[[labels]]\n",
    "[[ notes ]]\n",
    "title = 1\n",
    "notes = []\n",
    "a.b = 1\n",
    "\"k\" = 1\n",
    "x = [[1], 2]\n",
    "x = [1, \"a\", true,]\n",
    "x = {a = 1}\n",
    "0",
    "1",
    "-",
    "+",
    "_",
    "01",
    "1_000",
    "-0",
    "-0.0",
    "0x1f",
    "1.5",
    "1.",
    ".5",
    "1e3",
    "inf",
    "nan",
    "true",
    "truer",
    "9223372036854775808",
    "2026-11-20",
    "2026-02-30",
    "2026-11-20T08:38:50Z",
    "2026-11-20 08:38:50Z",
    "2026-11-20t08:38:50z",
    "2026-11-20T08:38:50+02:00",
    "2026-11-20T24:00:60Z",
    "2026-11-20T08:38:50.1234567890123Z",
    "08:38:50",
    "\u{0}",
    "\u{7f}",
    "\u{85}",
    "\u{feff}",
    "é",
    "\u{2028}",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn what_tk_writes_is_plain(ticket in arb_ticket()) {
        let text = print(&ticket);
        prop_assert!(read(&text).is_some(), "{}", text);
        agrees(&text)?;
    }

    #[test]
    fn it_never_reads_what_is_not_there(
        ticket in arb_ticket(),
        cuts in prop::collection::vec((any::<Index>(), 0..3_usize, select(PIECES)), 1..6),
    ) {
        let mut chars: Vec<char> = print(&ticket).chars().collect();
        for (place, length, piece) in cuts {
            let start = place.index(chars.len() + 1);
            let end = (start + length).min(chars.len());
            chars.splice(start..end, piece.chars());
        }
        agrees(&chars.into_iter().collect::<String>())?;
    }

    #[test]
    fn nor_in_a_soup(pieces in prop::collection::vec(select(PIECES), 0..12), key in "[a-z]{0,2}") {
        agrees(&pieces.concat())?;
        agrees(&format!("{key} = {}", pieces.concat()))?;
        agrees(&format!("{key} = \"{}\"\n", pieces.concat()))?;
        agrees(&format!("{key} = \"\"\"{}\"\"\"\n", pieces.concat()))?;
        agrees(&format!("{key} = [{}]\n", pieces.concat()))?;
    }
}

#[test]
fn single_values() {
    for piece in PIECES {
        for text in [
            format!("k = {piece}"),
            format!("k = {piece} # c"),
            format!("k = [{piece}]\n"),
            format!("k = \"{piece}\"\n"),
            format!("k = \"\"\"{piece}\"\"\""),
            format!("k = \"\"\"\n{piece}\n\"\"\"\n"),
            format!("[[k]]\nv = {piece}\n[[k]]\nv = {piece}\n"),
        ] {
            agrees(&text).unwrap();
        }
    }
}

#[test]
fn what_is_not_plain_is_read_all_the_same() {
    let id = crate::model::TicketId::parse("k7m").unwrap();
    let config = crate::model::Config::default();
    let text = "title = 'x'\nlabels = ['a']\nnotes = [{ text = 'n' }]\n";
    assert!(read(text).is_none());
    let ticket = parse(&id, text, &config).unwrap();
    assert_eq!((ticket.title.as_str(), ticket.notes.len()), ("x", 1));
}

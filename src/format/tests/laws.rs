//! What holds for every ticket and every text.

use proptest::prelude::*;

use super::{arb_ticket, id, note, read, variant};
use crate::format::edit::edit_in_place;
use crate::format::{edit, extras, parse, print};
use crate::model::{Config, StatusId, Ticket};

/// The lists of tables: how a ticket gets that of another one.
const LISTS: [fn(&mut Ticket, &Ticket); 4] = [
    |to, from| to.acceptance.clone_from(&from.acceptance),
    |to, from| to.subtasks.clone_from(&from.subtasks),
    |to, from| to.notes.clone_from(&from.notes),
    |to, from| to.runs.clone_from(&from.runs),
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printed_and_read_it_is_the_same(ticket in arb_ticket()) {
        let text = print(&ticket);
        let read = parse(&ticket.id, &text, &Config::default());
        prop_assert_eq!(read.as_ref(), Ok(&ticket), "{}", text);
        prop_assert_eq!(print(&ticket), text);
    }

    #[test]
    fn a_canonical_file_stays_canonical(before in arb_ticket(), other in arb_ticket(), mask in any::<u64>()) {
        let after = variant(&before, &other, mask);
        prop_assert_eq!(edit(&print(&before), &before, &after).unwrap(), print(&after));
        prop_assert_eq!(edit_in_place(&print(&before), &before, &after).unwrap(), print(&after));
    }

    #[test]
    fn comments_and_unknown_keys_survive_any_edit(before in arb_ticket(), other in arb_ticket(), mask in any::<u64>()) {
        let after = variant(&before, &other, mask);
        let mut text = String::from("# top\nmine = 1 # one\n");
        for line in print(&before).lines() {
            if line == "# runs" {
                text.push_str("# before runs\n");
            }
            text.push_str(line);
            text.push('\n');
        }
        text.push_str("\n[other] # two\nkey = [ 2,\n 3 ]\n# bottom\n");
        let edited = edit(&text, &before, &after).unwrap();
        for kept in ["# top\nmine = 1 # one\n", "# before runs\n", "[other] # two\nkey = [ 2,\n 3 ]\n# bottom\n"] {
            prop_assert!(edited.contains(kept), "{}", edited);
        }
        prop_assert_eq!(parse(&after.id, &edited, &Config::default()).unwrap(), after);
    }

    /// Lists without the lines that say where they begin, in any order, with and without blank
    /// lines: a new key never gets into an element, nor into another list.
    #[test]
    fn any_layout_of_keys_and_lists_is_edited(
        ticket in arb_ticket(),
        other in arb_ticket(),
        mask in any::<u64>(),
        gaps in prop::collection::vec(0..3_usize, 40),
        (turned, is_ended) in any::<(bool, bool)>(),
    ) {
        let is_own = |line: &&str| !["description", "acceptance", "subtasks", "notes", "runs"].iter().any(|name| *line == format!("# {name}"));
        let plain = |ticket: &Ticket| print(ticket).lines().filter(is_own).collect::<Vec<_>>().join("\n");
        let mut bare = ticket.clone();
        for take in LISTS {
            take(&mut bare, &Ticket::new(id(), String::new(), String::new(), StatusId::new("open")));
        }
        let head = plain(&bare).trim_end().to_owned();
        let mut parts: Vec<String> = LISTS.iter().map(|take| {
            let mut with = bare.clone();
            take(&mut with, &ticket);
            plain(&with)[head.len()..].to_owned()
        }).collect();
        if turned {
            parts.reverse();
        }
        parts.insert(0, head);
        let mut gaps = gaps.iter().cycle();
        let lines: Vec<String> = parts.iter().flat_map(|part| part.lines()).map(|line| match line {
            "" => "\n".repeat(*gaps.next().unwrap()),
            line => format!("{line}\n"),
        }).collect();
        let mut text = lines.concat();
        if !is_ended {
            text.truncate(text.trim_end().len());
        }
        let before = read(&text);
        let after = variant(&before, &other, mask);
        let edited = edit_in_place(&text, &before, &after);
        prop_assert_eq!(edited.map(|edited| read(&edited)), Ok(after), "{}", text);
    }

    #[test]
    fn arrays_of_any_layout_are_edited(
        gaps in prop::collection::vec("[ \n]{0,2}(#[ab,\"\\]]{0,3}\n)?[ \n]{0,2}", 12),
        old in prop::collection::vec("[a-f]", 0..5),
        new in prop::collection::btree_set("[a-f]", 0..5),
        is_closed in any::<bool>(),
    ) {
        let mut gaps = gaps.iter();
        let mut gap = || gaps.next().map_or("", String::as_str);
        let mut array = format!("[{}", gap());
        for (index, item) in old.iter().enumerate() {
            let is_last = index + 1 == old.len();
            let comma = if is_last && is_closed { "" } else { "," };
            array.push_str(&format!("'{item}'{}{comma}{}", gap(), gap()));
        }
        array.push(']');
        for key in ["labels", "touches"] {
            let text = format!("title = \"x\"\n{key} = {array} # end\nmine = 1\n");
            let before = read(&text);
            let mut after = before.clone();
            if key == "labels" {
                after.labels = new.clone();
            } else {
                after.touches = new.iter().rev().cloned().collect();
            }
            let edited = edit(&text, &before, &after).unwrap();
            prop_assert!(edited.ends_with("# end\nmine = 1\n"), "{}", edited);
            let comments = extras(&text, &before).unwrap();
            prop_assert_eq!(extras(&edited, &after).unwrap(), comments, "{}\n{}", text, edited);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[ -~\n\"=#\\[\\]]{0,80}") {
        let text = format!("title = \"x\"\n{text}");
        if let Ok(before) = parse(&id(), &text, &Config::default()) {
            let mut after = before.clone();
            after.status = StatusId::new("closed");
            after.notes.push(note("n"));
            let edited = edit(&text, &before, &after).unwrap();
            prop_assert_eq!(parse(&id(), &edited, &Config::default()).unwrap(), after);
        }
    }
}

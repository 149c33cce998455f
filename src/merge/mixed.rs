//! Differences that a merge has left, of which some are settled with ours and some with theirs:
//! whether that still makes a ticket of the two.

use std::collections::BTreeMap;

use super::added::extras_of;
use super::choice::{Choice, choose, hunks};
use super::fields::LISTS;
use super::three_way::differing;
use crate::format::parse_any;
use crate::model::{Config, Ticket, TicketId};

/// For each difference in a text that a merge has left, in their order, whether it goes together
/// with others: what it is about stands in several marked places, so that ours of this one and
/// theirs of the others would have it twice, or not at all. None does where a side is no ticket.
#[must_use]
pub fn entangled(id: &TicketId, marked: &str, config: &Config) -> Vec<bool> {
    let count = hunks(marked).count();
    if count < 2 {
        return vec![false; count];
    }
    let [ours, theirs] = [Choice::Ours, Choice::Theirs];
    // All as one side has it, but for this one.
    let chosen = |[choice, other]: [Choice; 2], but: Option<usize>| {
        let mut place = 0..;
        choose(marked, |_| match place.next() == but {
            true => Some(other),
            false => Some(choice),
        })
    };
    let both = [[ours, theirs], [theirs, ours]];
    let sides = both.map(|choices| chosen(choices, None));
    let is_one = |at| {
        let mut mixed = both.into_iter().map(|choices| chosen(choices, Some(at)));
        mixed.any(|text| !is_of_both(id, &text, &sides, config))
    };
    let is_ticket = |text: &String| parse_any(id, text, config).is_ok();
    let are_told = sides.iter().all(is_ticket);
    (0..count).map(|at| are_told && is_one(at)).collect()
}

/// Whether a text is a ticket each of whose values is of one of the two sides, and which has what
/// both have, and nothing more often than either.
#[must_use]
pub fn is_of_both(id: &TicketId, text: &str, sides: &[String; 2], config: &Config) -> bool {
    let read = |text: &str| parse_any(id, text, config).ok();
    let (Some(mixed), Some(one), Some(two)) = (read(text), read(&sides[0]), read(&sides[1])) else {
        return false;
    };
    let (mine, other) = (differing(&mixed, &one), differing(&mixed, &two));
    // Of these each element and line may be of another side.
    let is_parted =
        |key: &String| key == "description" || LISTS.iter().any(|(list, _)| list == key);
    let mut neither = mine.iter().filter(|key| other.contains(key));
    let counts = [
        counts(text, &mixed),
        counts(&sides[0], &one),
        counts(&sides[1], &two),
    ];
    let is_between = |part: &String| {
        let [mixed, one, two] = counts.each_ref().map(|of| of.get(part).copied());
        mixed >= one.min(two) && mixed <= one.max(two)
    };
    neither.all(is_parted) && counts.iter().flat_map(BTreeMap::keys).all(is_between)
}

/// How often a ticket has each element of its lists, and its file each comment and unknown key.
fn counts(text: &str, ticket: &Ticket) -> BTreeMap<String, usize> {
    let acceptance = ticket
        .acceptance
        .iter()
        .map(|item| format!("a {}", item.text));
    let subtasks = ticket
        .subtasks
        .iter()
        .map(|item| format!("s {}", item.title));
    let notes = ticket.notes.iter();
    let notes = notes.map(|note| format!("n {:?} {} {}", note.at, note.by, note.text));
    let runs = ticket
        .runs
        .iter()
        .map(|run| format!("r {} {}", run.attempt, run.run));
    let extras = extras_of((text, ticket))
        .into_iter()
        .map(|extra| format!("e {extra}"));
    let mut counts = BTreeMap::new();
    for part in acceptance
        .chain(subtasks)
        .chain(notes)
        .chain(runs)
        .chain(extras)
    {
        *counts.entry(part).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_PLACES: &str = "title = \"x\"
<<<<<<< ours

[[subtasks]]
title = \"a\"
=======
>>>>>>> theirs

[[notes]]
at = 2026-11-21T08:00:00Z
by = \"dana\"
text = \"n\"
<<<<<<< ours
=======

[[subtasks]]
title = \"a\"

[[subtasks]]
title = \"b\"
>>>>>>> theirs
";

    const TWO_KEYS: &str = "<<<<<<< ours
title = \"One\"
=======
title = \"Two\"
>>>>>>> theirs
type = \"bug\"
<<<<<<< ours
owner = \"one\"
=======
owner = \"two\"
>>>>>>> theirs
";

    fn told(marked: &str) -> Vec<bool> {
        let id = TicketId::parse("abc").unwrap();
        entangled(&id, marked, &Config::default())
    }

    #[test]
    fn a_list_in_two_places_goes_together_and_two_keys_do_not() {
        assert_eq!(told(TWO_PLACES), [true, true]);
        assert_eq!(told(TWO_KEYS), [false, false]);
        assert_eq!(told("title = \"x\"\n"), [false; 0]);
    }

    #[test]
    fn a_mixture_has_nothing_twice_or_nowhere() {
        let id = TicketId::parse("abc").unwrap();
        for (marked, is_ticket_of_both) in [(TWO_PLACES, false), (TWO_KEYS, true)] {
            let sides = [Choice::Ours, Choice::Theirs].map(|side| choose(marked, |_| Some(side)));
            let mut turns = [Choice::Ours, Choice::Theirs].into_iter().cycle();
            let mixed = choose(marked, |_| turns.next());
            let told = is_of_both(&id, &mixed, &sides, &Config::default());
            assert_eq!(told, is_ticket_of_both, "{mixed}");
            assert!(is_of_both(&id, &sides[1], &sides, &Config::default()));
        }
    }
}

//! New ids, as short as is safe.
//!
//! With `n` tickets now, two clones may each make another `n` before they meet. Of `s`
//! possible ids the chance that some id is in both is about `1 - exp(-n² / s)`; it stays
//! below 1 % where `n² / s < 0.01`. An id of length `l` is one of 23 letters followed by
//! `l - 1` of 31 letters and digits, so `s = 23 · 31^(l-1)`: three characters do for 14
//! tickets, four for 82, five for 461, six for 2,566, seven for 14,289.

use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::model::{ALPHABET, TicketId};

const SHORTEST: usize = 3;
const LONGEST: usize = 12;

/// The length of ids for imported tickets: it is the same in every clone, and does for 2,566
/// tickets, of which most bring an id along.
const ANEW: usize = 6;

/// How long new ids are when there are `count` tickets.
#[must_use]
pub fn id_length(count: usize) -> usize {
    let count = count as u128;
    (SHORTEST..LONGEST)
        .find(|length| count * count * 100 < space(*length))
        .unwrap_or(LONGEST)
}

/// How many ids of that length there are.
fn space(length: usize) -> u128 {
    let (letters, all) = (letters().count() as u128, ALPHABET.len() as u128);
    (1..length).fold(letters, |space, _| space * all)
}

fn letters() -> impl Iterator<Item = char> {
    ALPHABET.chars().filter(char::is_ascii_alphabetic)
}

/// A random id that is not one of those that are taken, of the length that suits their number.
#[must_use]
pub fn mint(context: &Context, count: usize, is_taken: impl Fn(&TicketId) -> bool) -> TicketId {
    let length = id_length(count);
    let letters: Vec<char> = letters().collect();
    let all: Vec<char> = ALPHABET.chars().collect();
    loop {
        let text: String = (0..length)
            .map(|place| {
                let from = if place == 0 { &letters } else { &all };
                from[context.random_below(from.len())]
            })
            .collect();
        // A reserved word is not an id; then the next one.
        if let Ok(id) = TicketId::parse(&text)
            && !is_taken(&id)
        {
            return id;
        }
    }
}

/// The ids for what has that id and may not keep it, in the order of preference: about as long,
/// and the same wherever these texts are the same.
pub fn derived(id: &TicketId, texts: &[&str]) -> impl Iterator<Item = TicketId> + use<> {
    let length = id.as_str().len().clamp(SHORTEST, LONGEST);
    let seed = seed(&[&[id.as_str()], texts].concat());
    (0..).filter_map(move |nth| spelled(&seed, nth, length))
}

/// The id for what comes from where these texts tell and cannot have its own: the same in every
/// clone, however many tickets it has. Each that is taken makes it longer, up to the longest.
#[must_use]
pub fn mint_for(texts: &[&str], is_taken: impl Fn(&TicketId) -> bool) -> TicketId {
    let seed = seed(texts);
    let (mut nth, mut length) = (0, ANEW);
    loop {
        let id = spelled(&seed, nth, length);
        nth += 1;
        match id {
            Some(id) if !is_taken(&id) => return id,
            Some(_) => length = LONGEST.min(length + 1),
            None => {}
        }
    }
}

/// What is the same wherever these texts are.
fn seed(texts: &[&str]) -> Sha256 {
    let mut seed = Sha256::new();
    for text in texts {
        seed.update((text.len() as u64).to_be_bytes());
        seed.update(text);
    }
    seed
}

/// The nth id of that seed, of that length; none where that is a reserved word.
fn spelled(seed: &Sha256, nth: u64, length: usize) -> Option<TicketId> {
    let letters: Vec<char> = letters().collect();
    let all: Vec<char> = ALPHABET.chars().collect();
    let digest = seed.clone().chain_update(nth.to_be_bytes()).finalize();
    let bytes = digest.chunks_exact(2).take(length).enumerate();
    let text: String = bytes
        .map(|(place, pair)| {
            let from = if place == 0 { &letters } else { &all };
            from[usize::from(u16::from_be_bytes([pair[0], pair[1]])) % from.len()]
        })
        .collect();
    TicketId::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn the_length_grows_with_the_number() {
        for (count, length) in [
            (0, 3),
            (14, 3),
            (15, 4),
            (82, 4),
            (83, 5),
            (460, 5),
            (2_500, 6),
            (10_000, 7),
            (1_000_000, 10),
        ] {
            assert_eq!(id_length(count), length, "{count}");
        }
    }

    #[test]
    fn ids_are_distinct_and_of_the_form() {
        let env = BTreeMap::from([("TK_TEST_SEED".to_owned(), "1".to_owned())]);
        let context = Context::new("/".into(), env).unwrap();
        let mut taken = BTreeSet::new();
        for _ in 0..500 {
            let id = mint(&context, taken.len(), |id| taken.contains(id));
            assert!(id.as_str().starts_with(|c: char| c.is_ascii_alphabetic()));
            assert!(id.as_str().chars().all(|c| ALPHABET.contains(c)));
            assert!(taken.insert(id));
        }
    }

    #[test]
    fn an_id_for_an_origin_is_the_same_whatever_else_there_is() {
        let none = |_: &TicketId| false;
        let first = mint_for(&["beads:Bad Id", ""], none);
        assert_eq!(first.as_str().len(), 6);
        assert_eq!(first, mint_for(&["beads:Bad Id", ""], none));
        assert_ne!(first, mint_for(&["beads:Bad Id", "1"], none));
        let next = mint_for(&["beads:Bad Id", ""], |id| *id == first);
        assert_eq!(next.as_str().len(), 7);
        let long = mint_for(&["beads:Bad Id", ""], |id| id.as_str().len() < LONGEST);
        assert_eq!(long.as_str().len(), LONGEST);
    }

    #[test]
    fn derived_ids_depend_on_the_texts_alone() {
        let id = |text: &str| TicketId::parse(text).unwrap();
        let derived = |old: &str, texts: &[&str]| Vec::from_iter(derived(&id(old), texts).take(3));
        let ids = derived("k7m", &["a", "b"]);
        assert_eq!(ids, derived("k7m", &["a", "b"]));
        let known = ["tsm", "ckk", "u4y"].map(str::to_owned);
        let shown: Vec<String> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(shown, known);
        for (old, texts) in [
            ("k7n", ["a", "b"]),
            ("k7m", ["ab", ""]),
            ("k7m", ["b", "a"]),
        ] {
            assert_ne!(derived(old, &texts), ids);
        }
        for (old, length) in [("x", 3), ("abcdefg", 7), ("a-very-long-imported-id", 12)] {
            let ids = derived(old, &["a"]);
            assert!(ids.iter().all(|id| id.as_str().len() == length), "{ids:?}");
            assert_eq!(BTreeSet::from_iter(&ids).len(), 3);
        }
    }
}

//! How much two titles say the same.

use super::words::each_word;

/// From this likeness on two titles are likely of the same thing.
pub const ALIKE: f64 = 0.72;

/// More than what sums of weights are out by.
const ROUNDING: f64 = 1e-9;

/// As how much of a word one counts that is spelled or begins like it.
const LIKE: f64 = 0.9;

/// A title's words, to be compared with others.
#[derive(Clone, Debug)]
pub struct Title {
    words: Vec<Word>,
    total: f64,
}

/// Which bit stands for a character, in a set of first characters: the lowest, which is never in
/// one, for what is no letter or digit of ASCII.
const BITS: [u8; 256] = bits();
const NO_INITIAL: u64 = 1;

const fn bits() -> [u8; 256] {
    let mut bits = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        bits[byte] = match (byte as u8).to_ascii_lowercase() {
            digit @ b'0'..=b'9' => 1 + digit - b'0',
            letter @ b'a'..=b'z' => 11 + letter - b'a',
            _ => 0,
        };
        byte += 1;
    }
    bits
}

/// As a set of first characters, that one.
fn initial(byte: u8) -> u64 {
    1 << BITS[usize::from(byte)]
}

#[derive(Clone, Debug)]
struct Word {
    text: String,
    weight: f64,
    is_number: bool,
    initial: u64,
}

impl Title {
    /// The words of that title.
    #[must_use]
    pub fn new(title: &str) -> Self {
        let mut words: Vec<Word> = Vec::new();
        each_word(title, |_, word| {
            words.push(Word {
                text: word.to_owned(),
                weight: weight(word),
                is_number: is_number(word),
                initial: word.bytes().next().map_or(0, initial),
            });
        });
        let total = words.iter().map(|word| word.weight).sum();
        Self { words, total }
    }

    /// Whether the likeness of the title of these bytes may come to [`ALIKE`], by the words' first
    /// letters alone: most titles are left out that way, in a small part of the time.
    #[must_use]
    pub fn may_be_alike(&self, other: &[u8]) -> bool {
        if !other.is_ascii() {
            return true;
        }
        let (mut initials, mut before) = (0, NO_INITIAL);
        for &byte in other {
            let this = initial(byte);
            if before == NO_INITIAL {
                initials |= this;
            }
            before = this;
        }
        initials &= !NO_INITIAL;
        let words = self.words.iter();
        let words = words.filter(|word| initials & word.initial != 0);
        // Were all of these in it, and nothing else.
        let shared: f64 = words.map(|word| word.weight).sum();
        2.0 * shared >= ALIKE * (self.total + shared) - ROUNDING
    }

    /// From 0, nothing in common, to 1, the same words. Titles with different numbers in them
    /// are of different things.
    #[must_use]
    pub fn likeness(&self, other: &str) -> f64 {
        let mut used = vec![false; self.words.len()];
        let (mut shared, mut total) = (0.0, 0.0);
        let mut strange_number = false;
        each_word(other, |_, word| {
            let weight = weight(word);
            total += weight;
            let mut free = (0..self.words.len()).filter(|place| !used[*place]);
            let same = free.clone().find(|place| self.words[*place].text == word);
            let like = same.or_else(|| free.find(|place| is_like(&self.words[*place].text, word)));
            match like {
                Some(place) => {
                    used[place] = true;
                    let share = weight.min(self.words[place].weight);
                    shared += if same.is_some() { share } else { LIKE * share };
                }
                None => strange_number |= is_number(word),
            }
        });
        let mut rest = self.words.iter().zip(&used).filter(|(_, used)| !**used);
        let lost_number = rest.any(|(word, _)| word.is_number);
        if shared <= 0.0 || (strange_number && lost_number) {
            return 0.0;
        }
        (2.0 * shared / (self.total + total)).min(1.0)
    }
}

/// As how much of a word it counts: little, where it says nothing of what a title is about, and
/// less than others, where many titles begin with it.
fn weight(word: &str) -> f64 {
    match word {
        "a" | "an" | "and" | "are" | "as" | "at" | "be" | "by" | "for" | "from" | "in" | "into"
        | "is" | "it" | "its" | "not" | "of" | "on" | "or" | "so" | "that" | "the" | "this"
        | "to" | "when" | "with" => 0.2,
        "add" | "allow" | "bug" | "change" | "check" | "create" | "document" | "fix" | "handle"
        | "implement" | "improve" | "make" | "move" | "refactor" | "remove" | "rename"
        | "replace" | "support" | "test" | "tests" | "update" | "use" | "write" => 0.4,
        _ => 1.0,
    }
}

fn is_number(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether one is the other with another ending, or with a slip.
fn is_like(a: &str, b: &str) -> bool {
    if a.as_bytes().first() != b.as_bytes().first() {
        return false;
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let more = long.len() - short.len();
    if short.len() < 4 || more > 3 || is_number(short) || is_number(long) {
        return false;
    }
    let slips = match short.len() {
        0..6 => 0,
        6..10 => 1,
        _ => 2,
    };
    long.starts_with(short) || (more <= slips && strsim::damerau_levenshtein(short, long) <= slips)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn title() -> impl Strategy<Value = String> {
        let words = prop::sample::select(
            &[
                "Add",
                "add",
                "the",
                "login",
                "Logins",
                "logn",
                "endpoint",
                "2",
                "v2",
                "über",
                "Über",
                "ubér",
                "日本語",
                "of",
                "fix",
                "épique",
                "epique",
                "-",
                "\u{301}a",
                "ſet",
                "set",
            ][..],
        );
        prop::collection::vec(words, 0..6).prop_map(|words| words.join(" "))
    }

    proptest! {
        #[test]
        fn first_letters_leave_out_nothing_that_is_alike(a in title(), b in title()) {
            let title = Title::new(&a);
            prop_assert!(title.may_be_alike(b.as_bytes()) || title.likeness(&b) < ALIKE);
        }
    }

    #[test]
    fn first_letters_leave_out_most() {
        let title = Title::new("Add a login endpoint");
        assert!(title.may_be_alike(b"Endpoints: add the login"));
        assert!(!title.may_be_alike(b"Number 5 of many"));
        assert!(!Title::new("Ünder").may_be_alike(b"Number 5"));
    }
}

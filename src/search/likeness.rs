//! How much two titles say the same.

use super::words::each_word;

/// From this likeness on two titles are likely of the same thing.
pub const ALIKE: f64 = 0.72;

/// As how much of a word one counts that is spelled or begins like it.
const LIKE: f64 = 0.9;

/// A title's words, to be compared with others.
#[derive(Clone, Debug)]
pub struct Title {
    words: Vec<Word>,
    total: f64,
}

#[derive(Clone, Debug)]
struct Word {
    text: String,
    weight: f64,
    is_number: bool,
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
            });
        });
        let total = words.iter().map(|word| word.weight).sum();
        Self { words, total }
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

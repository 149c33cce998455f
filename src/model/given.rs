//! Words that people gave: shown in messages, and what they may have meant.

/// The least likeness at which a word is offered for an unknown one.
const LIKENESS: f64 = 0.75;

/// A text cut to a printable length.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}

/// The known word that is most like the given one, if one is.
pub fn likeliest<'w>(given: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let near = known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(given, word), word))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    near.map(|(_, word)| word)
}

//! Words that people gave: how long they may be, how messages show them, and what they may have
//! meant.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;

use super::escaped;

/// The least likeness at which a word is offered for an unknown one.
const LIKENESS: f64 = 0.75;

/// The most characters of a title.
pub const LONGEST_TITLE: usize = 500;

/// The most characters of any other line: a label, a reason, a check, an acceptance item.
pub const LONGEST_LINE: usize = 4_000;

/// The most bytes of a description or a note. What is read for one ends there, too.
pub const LARGEST_TEXT: usize = 1 << 20;

/// A text cut to a printable length.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = escaped(text, 60);
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

/// The moment that a text names, in a form of RFC 3339; none where its offset is a day or more.
#[must_use]
pub fn moment(text: &str) -> Option<Timestamp> {
    let pieces = Pieces::parse(text).ok()?;
    let offset = pieces.to_numeric_offset();
    let is_real = offset.is_none_or(|offset| offset.seconds().abs() < 24 * 60 * 60);
    is_real.then(|| text.parse().ok()).flatten()
}

/// As [`moment`]; without an offset it is in UTC.
#[must_use]
pub fn moment_or_utc(text: &str) -> Option<Timestamp> {
    if Pieces::parse(text).ok()?.offset().is_some() {
        return moment(text);
    }
    let civil = text.parse::<DateTime>().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

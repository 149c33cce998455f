//! Values as people type them, made into values of a ticket.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span as Calendar, Timestamp};

use super::{Error, ErrorCode, Project, Result};
use crate::model::{
    Config, Defer, InvalidWord, LARGEST_TEXT, LONGEST_LINE, LONGEST_TITLE, Repeat, Span, StatusId,
    Ticket, moment, shell_word,
};
pub(super) use crate::model::{likeliest, printable};
use crate::store::{Store, StoreError};

/// The seconds of a day.
const DAY: u64 = 86_400;

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidArgument, message)
}

/// The word's meaning; blank is nothing.
pub(super) fn word<T>(given: &str) -> Result<Option<T>>
where
    T: FromStr,
    T::Err: std::error::Error + 'static,
{
    if given.trim().is_empty() {
        return Ok(None);
    }
    let parsed = given.trim().parse();
    parsed.map(Some).map_err(|error: T::Err| {
        let refused = invalid(error.to_string());
        let error: &(dyn std::error::Error + 'static) = &error;
        match error.downcast_ref::<InvalidWord>() {
            Some(word) => suggest(
                refused,
                &word.given.to_lowercase(),
                word.expected.split(", ").filter(|word| !word.contains(' ')),
            ),
            None => refused,
        }
    })
}

/// A title: one line that says something, and fits where tickets are listed.
pub(super) fn title(given: &str) -> Result<String> {
    let title = needed_line("title", given)?;
    refuse_longer("title", &title, LONGEST_TITLE)?;
    Ok(title)
}

/// Refuses a text of many lines that is larger than anything said about a ticket.
pub(super) fn within_limit(what: &str, text: &str) -> Result<()> {
    if text.len() <= LARGEST_TEXT {
        return Ok(());
    }
    let most = LARGEST_TEXT >> 20;
    let message = format!("the {what} is larger than {most} MiB: expected at most that");
    Err(invalid(message).hint("a file of the repository can hold the rest"))
}

fn refuse_longer(what: &str, line: &str, most: usize) -> Result<()> {
    let long = line.chars().count();
    if long <= most {
        return Ok(());
    }
    let message = format!("the {what} has {long} characters: expected at most {most}");
    Err(invalid(message).hint("the description or a note can say more"))
}

/// One line of text; blank is nothing.
pub(super) fn line(what: &str, given: &str) -> Result<Option<String>> {
    let text = given.trim();
    refuse_longer(what, text, LONGEST_LINE)?;
    if text.contains(char::is_control) {
        return Err(invalid(format!(
            "the {what} `{}` holds a control character: expected one line of text",
            printable(text)
        )));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// One line of text that says something.
pub(super) fn needed_line(what: &str, given: &str) -> Result<String> {
    line(what, given)?.ok_or_else(|| invalid(format!("the {what} is blank: expected a text")))
}

/// A text of any number of lines that says something.
pub(super) fn needed_text(what: &str, given: &str) -> Result<String> {
    let text = text(what, given)?;
    if text.trim().is_empty() {
        return Err(invalid(format!("the {what} is blank: expected a text")));
    }
    Ok(text)
}

/// A text of any number of lines, without white space at its end.
pub(super) fn text(what: &str, given: &str) -> Result<String> {
    within_limit(what, given)?;
    Ok(given.replace("\r\n", "\n").trim_end().to_owned())
}

/// Texts of one line each, in their order; blank ones are refused, unless there is only one,
/// which stands for none at all.
pub(super) fn lines(what: &str, given: &[String]) -> Result<Vec<String>> {
    if matches!(given, [only] if only.trim().is_empty()) {
        return Ok(Vec::new());
    }
    given.iter().map(|text| needed_line(what, text)).collect()
}

/// Labels, also several in one word with commas between them.
pub(super) fn labels(given: &[String]) -> Result<BTreeSet<String>> {
    words("label", given).map(|labels| labels.into_iter().collect())
}

/// Labels that are looked for, also several in one word with commas between them; where there is
/// one with those commas in it, that one.
pub(super) fn labels_there(
    given: &[String],
    is_there: impl Fn(&str) -> bool,
) -> Result<BTreeSet<String>> {
    let mut labels = BTreeSet::new();
    for words in given {
        let whole = words.trim();
        if whole.contains(',') && is_there(whole) {
            labels.insert(whole.to_owned());
            continue;
        }
        for word in words.split(',') {
            labels.insert(needed_line("label", word)?);
        }
    }
    Ok(labels)
}

/// Words, also several in one with commas between them. A single blank one stands for none.
pub(super) fn words(what: &str, given: &[String]) -> Result<Vec<String>> {
    if matches!(given, [only] if only.trim().is_empty()) {
        return Ok(Vec::new());
    }
    let words = given.iter().flat_map(|words| words.split(','));
    words.map(|word| needed_line(what, word)).collect()
}

/// A configured type.
pub(super) fn kind(config: &Config, given: &str) -> Result<String> {
    let word = given.trim().to_lowercase();
    if config.types.contains(&word) {
        return Ok(word);
    }
    let expected = config.types.join(", ");
    let message = format!(
        "unknown type `{}`: expected one of {expected}",
        printable(given)
    );
    Err(suggest(
        invalid(message),
        &word,
        config.types.iter().map(String::as_str),
    ))
}

/// A configured status; `done` also means the first of that category.
pub(super) fn status(config: &Config, given: &str) -> Result<StatusId> {
    if let Some(id) = config.statuses.named(given) {
        return Ok(id.clone());
    }
    let id = StatusId::new(given);
    let known: Vec<&str> = config
        .statuses
        .all()
        .iter()
        .map(|def| def.id.as_str())
        .collect();
    let expected = known.join(", ");
    let message = format!(
        "unknown status `{}`: expected one of {expected}",
        printable(given)
    );
    let error = invalid(message);
    Err(match id.as_str() {
        "ready" | "blocked" => error.hint(format!("that is computed: `tk list --{id}`")),
        word => suggest(error, word, known.into_iter()),
    })
}

/// The letters of a day.
const LONGEST_DAY: usize = "2026-11-20".len();

/// A day; blank is nothing.
pub(super) fn day(what: &str, now: Timestamp, given: &str) -> Result<Option<Date>> {
    let given = given.trim();
    if given.is_empty() {
        return Ok(None);
    }
    // A time reads as a day too, with its hour dropped.
    if given.len() <= LONGEST_DAY
        && let Ok(day) = given.parse()
    {
        return Ok(Some(day));
    }
    match ahead(now, given) {
        Some(Defer::Day(day)) => Ok(Some(day)),
        _ => Err(invalid(format!(
            "the {what} `{}` is not a day: expected one such as `2026-11-20`, `tomorrow` or `3d`",
            printable(given)
        ))),
    }
}

/// A day or a time; blank is nothing.
pub(super) fn defer(now: Timestamp, given: &str) -> Result<Option<Defer>> {
    let given = given.trim();
    if given.is_empty() {
        return Ok(None);
    }
    // A time reads as a day too, with its hour dropped, so it is tried first.
    if let Some(at) = moment(given) {
        return Ok(Some(Defer::At(at)));
    }
    if given.len() <= LONGEST_DAY
        && let Ok(day) = given.parse::<Date>()
    {
        return Ok(Some(Defer::Day(day)));
    }
    if let Some(until) = ahead(now, given) {
        return Ok(Some(until));
    }
    Err(invalid(format!(
        "the defer time `{}` is neither a day nor a time: expected one such as `2026-11-20`, \
         `2026-11-20T08:00:00Z`, `tomorrow`, `3d` or `4h`",
        printable(given)
    )))
}

/// What is so far away: a day, for whole days, else a moment.
fn ahead(now: Timestamp, given: &str) -> Option<Defer> {
    let word = given.strip_prefix('+').unwrap_or(given).to_lowercase();
    let today = now.to_zoned(TimeZone::UTC).date();
    let span = match word.as_str() {
        "today" => return Some(Defer::Day(today)),
        "tomorrow" => Span::from_secs(DAY),
        word => word.parse().ok()?,
    };
    if span.seconds() % DAY == 0 {
        let days = i64::try_from(span.seconds() / DAY).ok()?;
        let day = today.checked_add(Calendar::new().days(days)).ok()?;
        return Some(Defer::Day(day));
    }
    let ahead = SignedDuration::try_from(span.duration()).ok()?;
    now.checked_add(ahead).ok().map(Defer::At)
}

/// Refuses a day of the month to come again on that is not the one of the dates.
pub(super) fn fitting_repeat(
    repeat: Option<Repeat>,
    due: Option<Date>,
    until: Option<Defer>,
) -> Result<()> {
    let Some(repeat) = repeat else { return Ok(()) };
    match repeat.contradicts(due, until) {
        Some((meant, day)) => {
            let message = format!(
                "`{repeat}` means day {meant} of the month, and {day} is another: expected that \
                 day, or the last of a shorter month"
            );
            let plain = repeat.plain();
            Err(invalid(message).hint(format!("`{plain}` goes by the day that is there")))
        }
        None => Ok(()),
    }
}

/// Warns of a ticket that is put off past its due day: nobody sees it before it is late.
pub(super) fn warn_where_hidden_when_due(project: &Project, ticket: &Ticket) {
    let (Some(due), Some(defer)) = (ticket.due, ticket.defer_until) else {
        return;
    };
    let (day, until) = match defer {
        Defer::Day(day) => (day, day.to_string()),
        Defer::At(at) => (at.to_zoned(TimeZone::UTC).date(), at.to_string()),
    };
    if day > due {
        let id = &ticket.id;
        project.warn(format!(
            "`{id}` is put off until {until}, and due before that, on {due}"
        ));
    }
}

/// The name of an agent that exists; blank is nothing.
pub(super) fn agent(store: &Store, given: &str) -> Result<Option<String>> {
    let Some(name) = line("agent", given)? else {
        return Ok(None);
    };
    match store.agent(&name) {
        Ok(_) => Ok(Some(name)),
        Err(error @ StoreError::NoAgent { .. }) => Err(invalid(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// The program as it is typed in `here` to work in the folder `place`, both absolute.
pub(super) fn there(program: &str, place: &Path, here: &Path) -> String {
    if place == here {
        return program.to_owned();
    }
    format!("{program} -C {}", shell_word(&place.display().to_string()))
}

/// The error with a hint at the known word that is most like the given one.
pub(crate) fn suggest<'w>(
    error: Error,
    given: &str,
    known: impl Iterator<Item = &'w str>,
) -> Error {
    match likeliest(given, known) {
        Some(word) => error.hint(format!("did you mean `{word}`?")),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_the_folder_for_what_it_is() {
        let there = |place: &str| there("tk", Path::new(place), Path::new("/a/here"));
        for (place, typed) in [
            ("/a/here", "tk"),
            ("/a/größe", "tk -C /a/größe"),
            ("/it's $(a) b", r"tk -C '/it'\''s $(a) b'"),
        ] {
            assert_eq!(there(place), typed);
        }
    }
}

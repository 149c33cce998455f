//! The merge of any three texts, which lines of `%%%` part.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tk::format::{additions, parse};
use tk::merge::{Merged, merge_ticket};
use tk::model::{Config, Ticket, TicketId};

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(3, "\n%%%\n");
    let (Some(base), Some(ours), Some(theirs)) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let config = Config::default();
    let id = TicketId::parse("k7m").expect("an id");
    let merge = |base: Option<&str>, ours: &str, theirs: &str| {
        merge_ticket(&id, base, ours, theirs, &config)
    };
    let read = |text: &str| parse(&id, text, &config).ok();

    for side in [base, ours, theirs] {
        let itself = Merged::Clean(side.to_owned());
        assert_eq!(merge(Some(base), side, side), itself);
        assert_eq!(merge(Some(base), base, side), itself);
        assert_eq!(merge(Some(base), side, base), itself);
        assert_eq!(merge(None, side, side), itself);
    }
    let tickets = (read(base), read(ours), read(theirs));
    let was = match &tickets.0 {
        Some(was) => vec![Some(was), None],
        None => vec![None],
    };
    for was in was {
        let base = was.map(|_| base);
        let merged = merge(base, ours, theirs);
        let other = merge(base, theirs, ours);
        let (Some(mine), Some(their)) = (&tickets.1, &tickets.2) else {
            continue;
        };
        match (&merged, &other) {
            (Merged::Clean(text), Merged::Clean(other)) => {
                let whole = read(text).unwrap_or_else(|| panic!("it is no ticket: {text}"));
                assert_eq!(other, text, "order matters");
                nothing_is_lost((was, base), (mine, ours), (their, theirs), (&whole, text));
                // To merge a side again changes nothing.
                let again = merge(Some(theirs), text, theirs);
                assert_eq!(again, Merged::Clean(text.clone()));
            }
            (Merged::Conflict { text, keys, .. }, Merged::Conflict { keys: others, .. }) => {
                let sorted = |keys: &[String]| {
                    let mut keys = keys.to_vec();
                    keys.sort();
                    keys
                };
                assert_eq!(sorted(keys), sorted(others), "order matters: {text}");
                assert!(is_marked(text), "no marks: {text}");
            }
            (Merged::TwoTickets { text }, Merged::TwoTickets { .. }) => {
                assert!(is_marked(text), "no marks: {text}");
            }
            _ => panic!("order matters: {merged:#?} and {other:#?}"),
        }
    }
});

fn is_marked(text: &str) -> bool {
    let mark = |mark: &str| text.lines().any(|line| line.starts_with(mark));
    mark("<<<<<<< ") && mark("=======") && mark(">>>>>>> ")
}

type Side<'a> = (&'a Ticket, &'a str);

/// What a side added is in the merge.
fn nothing_is_lost(
    (was, base): (Option<&Ticket>, Option<&str>),
    (mine, ours): Side<'_>,
    (their, theirs): Side<'_>,
    (whole, text): Side<'_>,
) {
    let had = |note| was.is_some_and(|was| was.notes.contains(note));
    for note in mine.notes.iter().chain(&their.notes) {
        assert!(
            had(note) || whole.notes.contains(note),
            "a note is lost: {text}"
        );
    }
    for label in mine.labels.iter().chain(&their.labels) {
        let had = was.is_some_and(|was| was.labels.contains(label));
        assert!(
            had || whole.labels.contains(label),
            "a label is lost: {text}"
        );
    }
    for id in mine.blocked_by.iter().chain(&their.blocked_by) {
        let had = was.is_some_and(|was| was.blocked_by.contains(id));
        assert!(
            had || whole.blocked_by.contains(id),
            "a blocker is lost: {text}"
        );
    }
    let of = |text: &str, ticket: &Ticket| additions(text, ticket).expect("it is TOML");
    let had = base
        .zip(was)
        .map(|(text, was)| of(text, was))
        .unwrap_or_default();
    let has = of(text, whole);
    for extra in of(ours, mine).into_iter().chain(of(theirs, their)) {
        let kept = had.contains(&extra) || has.contains(&extra);
        assert!(kept, "`{extra}` is lost: {text}");
    }
}

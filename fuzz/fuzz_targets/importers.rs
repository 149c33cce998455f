//! Other trackers' files: none is too odd, and what is read of them is a ticket that a file can
//! hold. The first line names the format, the rest is the file.
#![no_main]

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use tk::format::{imported, parse, print};
use tk::model::{Config, StatusId, TicketId};
use tk::port::{ImportFormat, Imported, Record, Source, read};

fuzz_target!(|text: &str| {
    let Some((word, text)) = text.split_once('\n') else {
        return;
    };
    let Some(format) = ImportFormat::ALL
        .iter()
        .find(|format| format.as_str() == word)
    else {
        return;
    };
    let config = Config::default();
    let source = Source {
        name: "archive".to_owned(),
        folders: Vec::new(),
        bytes: Ok(text.as_bytes().to_vec()),
    };
    let records = read(*format, &[source], &config, &TimeZone::UTC);
    let lines = text.split('\n').count();
    assert!(
        records.len() <= lines.max(text.len() / 2),
        "records out of nothing"
    );
    for record in records {
        let place = match record {
            Record::Ticket(imported) => {
                holds(&imported, &config);
                imported.place.clone()
            }
            Record::LeftOut { place, .. } => place,
            Record::Invalid { place, message, .. } => {
                assert!(!message.contains('\n'), "{message}");
                place
            }
        };
        assert!(
            (1..=lines).contains(&place.line),
            "line {} of {lines}",
            place.line
        );
    }
});

/// The ticket's file says what the ticket does.
fn holds(from: &Imported, config: &Config) {
    let mut ticket = from.ticket.clone();
    ticket.id = TicketId::parse("k7m").expect("an id");
    if !from.own {
        ticket.kind = "task".to_owned();
        ticket.status = StatusId::new("open");
    } else if !config.types.contains(&ticket.kind) || config.statuses.get(&ticket.status).is_none()
    {
        return;
    }
    let text = print(&ticket) + &imported(&from.came_from(), &from.kept);
    let read = parse(&ticket.id, &text, config);
    let read = read.unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(read, ticket, "{text}");
}

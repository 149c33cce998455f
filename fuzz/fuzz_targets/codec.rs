//! A ticket's text: what is read is what is printed, and an edit changes what it should.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tk::format::{EditError, Readers, additions, edit, origins, parse, print, readers};
use tk::model::{Config, Note, NoteKind, Ticket, TicketId};

fuzz_target!(|text: &str| {
    let id = TicketId::parse("k7m").expect("an id");
    let config = Config::default();
    let Readers { plain, full } = readers(&id, text, &config);
    if let Some(plain) = plain {
        assert_eq!(Ok(&plain), full.as_ref(), "the readers differ");
    }
    let _ = origins(text);
    let ticket = match parse(&id, text, &config) {
        Ok(ticket) => ticket,
        Err(error) => {
            let lines = text.split('\n').count();
            assert!((1..=lines).contains(&error.line), "{error} of {lines}");
            return;
        }
    };
    assert_eq!(full.as_ref(), Ok(&ticket));

    let printed = print(&ticket);
    assert_eq!(
        parse(&id, &printed, &config).as_ref(),
        Ok(&ticket),
        "{printed}"
    );
    let again = readers(&id, &printed, &config).plain;
    assert_eq!(
        again.as_ref(),
        Some(&ticket),
        "what is printed is not plain: {printed}"
    );

    assert_eq!(edit(text, &ticket, &ticket).as_deref(), Ok(text));
    let had = additions(text, &ticket).expect("it is TOML");
    for change in CHANGES {
        let mut after = ticket.clone();
        change(&mut after);
        let edited = match edit(text, &ticket, &after) {
            Ok(edited) => edited,
            // Layouts in which there is no room for a key.
            Err(EditError::Unwritable(_) | EditError::Unfaithful) => continue,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(
            parse(&id, &edited, &config).as_ref(),
            Ok(&after),
            "{edited}"
        );
        let has = additions(&edited, &after).expect("it is TOML");
        assert_eq!(had, has, "comments and unknown keys: {edited}");
        let back = edit(&edited, &after, &ticket).expect("it was so before");
        assert_eq!(parse(&id, &back, &config).as_ref(), Ok(&ticket), "{back}");
    }
});

/// None of them removes an element, with which its comments and unknown keys would go.
const CHANGES: &[fn(&mut Ticket)] = &[
    |t| t.title = "\"Another\" \\ title".to_owned(),
    |t| t.owner = Some("dana".to_owned()),
    |t| t.description.push_str("\n\nMore \"\"\" of it.\\"),
    |t| t.labels.extend(["fuzzed".to_owned()]),
    |t| t.pr = Some("https://example.com/1".to_owned()),
    |t| t.checks.push("true\nfalse".to_owned()),
    |t| {
        t.notes.push(Note {
            at: Some(jiff::Timestamp::UNIX_EPOCH),
            by: "dana".to_owned(),
            kind: NoteKind::Comment,
            text: "A note.".to_owned(),
        });
    },
];

//! What is kept of the words of texts spares reading files, and hides none.

use super::*;

/// Texts in which letters are many things: with marks, without spaces, of other cases.
fn odd_texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-cA-C0-1]{1,3}",
        Just("K".to_owned()),
        Just("İ".to_owned()),
        Just("ß".to_owned()),
        Just("e\u{301}".to_owned()),
        Just("ﬁ".to_owned()),
        Just("漢".to_owned()),
        Just("ΟΣ".to_owned()),
        Just("ος".to_owned()),
        Just("が".to_owned()),
        Just("か\u{3099}".to_owned()),
        Just("漢字".to_owned()),
        Just("ที่".to_owned()),
        Just("ÖÄü".to_owned()),
        Just("한".to_owned()),
        Just("ש\u{5c1}\u{5b0}".to_owned()),
        "[ .,_*-]",
    ];
    proptest::collection::vec(piece, 1..7).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn what_is_kept_of_words_never_hides_a_ticket(text in odd_texts(), asked in odd_texts()) {
        let config = Config::default();
        let id = TicketId::parse("abc").unwrap();
        let mut ticket = Ticket::new(id, "x".to_owned(), "task".to_owned(), StatusId::new("open"));
        ticket.description = text;
        let tickets = [Outline::from(&ticket)];
        let graph = Graph::new(&tickets, &config.statuses, now());
        let packed = crate::search::pack(&ticket);
        for operator in ["", "description:", "description~", "description="] {
            let query = format!("{operator}\"{asked}\"");
            let Ok(query) = Query::parse(&query, &config, now()) else {
                continue;
            };
            let find = |word: &str| TicketId::parse(word);
            let selection = query.among(&graph, &config.statuses, find).map_err(|_| ()).unwrap();
            let read = |_: &TicketId| Some(ticket.clone());
            let mentions = |_: &TicketId, parts: &[String]| crate::search::mentions(&packed, parts);
            let plain = selection.matches(&Subject::new(&tickets[0], &read));
            let quick = Subject::new(&tickets[0], &read).mentioning(&mentions);
            prop_assert_eq!(selection.matches(&quick), plain, "{}", query);
        }
    }
}

#[test]
fn no_file_is_read_of_a_ticket_that_has_not_the_words() {
    let config = Config::default();
    let id = TicketId::parse("abc").unwrap();
    let mut ticket = Ticket::new(id, "x".to_owned(), "task".to_owned(), StatusId::new("open"));
    ticket.description = "The login page of the Straße".to_owned();
    let outline = Outline::from(&ticket);
    let tickets = [Outline::from(&ticket)];
    let graph = Graph::new(&tickets, &config.statuses, now());
    let packed = crate::search::pack(&ticket);
    for (text, reads, fits) in [
        ("\"login\"", 1, true),
        ("\"log\"", 1, false),
        ("\"password\"", 0, false),
        ("not \"pass word\"", 0, true),
        ("description~asswo or notes:password", 0, false),
        ("type=bug \"login\"", 0, false),
        ("\"größe\"", 0, false),
        ("description~ünd", 0, false),
        ("\"Привет\" or \"世界\"", 0, false),
        ("\"SEITENGRÖSSE\"", 0, false),
        ("\"straße\"", 1, true),
        ("\"STRASSE\"", 1, true),
        ("\"strass\"", 1, false),
    ] {
        let query = read(text).unwrap();
        let find = |word: &str| TicketId::parse(word);
        let selection = query.among(&graph, &config.statuses, find);
        let selection = selection.map_err(|_| ()).unwrap();
        let count = std::cell::Cell::new(0);
        let read = |_: &TicketId| {
            count.set(count.get() + 1);
            Some(ticket.clone())
        };
        let mentions = |_: &TicketId, parts: &[String]| crate::search::mentions(&packed, parts);
        let subject = Subject::new(&outline, &read).mentioning(&mentions);
        assert_eq!(selection.matches(&subject), fits, "{text}");
        assert_eq!(count.get(), reads, "{text}");
    }
}

use proptest::prelude::*;

use super::*;
use crate::model::{Note, NoteKind, StatusId, Ticket, TicketId};

fn ticket(id: &str, title: &str, description: &str, notes: &[&str]) -> Ticket {
    let id = TicketId::parse(id).unwrap();
    let mut ticket = Ticket::new(id, title.to_owned(), String::new(), StatusId::new("open"));
    description.clone_into(&mut ticket.description);
    let note = |text: &&str| Note {
        at: None,
        by: String::new(),
        kind: NoteKind::Comment,
        text: (*text).to_owned(),
    };
    ticket.notes = notes.iter().map(note).collect();
    ticket
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_word(text, |range, word| {
        words.push(format!("{}={word}", &text[range]))
    });
    words
}

/// The ids that are found, the best first.
fn found(tickets: &[Ticket], asked: &str) -> Vec<String> {
    let ranking = ranked(tickets, asked);
    let id = |hit: &Hit| tickets[hit.place].id.to_string();
    ranking.hits.iter().map(id).collect()
}

fn ranked(tickets: &[Ticket], asked: &str) -> Ranking {
    let packed: Vec<Vec<u8>> = tickets.iter().map(pack).collect();
    let texts: Vec<&[u8]> = packed.iter().map(Vec::as_slice).collect();
    rank(Terms::of(asked), &texts, |_| true)
}

#[test]
fn words_are_compared_without_case_and_accents() {
    for (text, expected) in [
        (
            "Fix the log-in of foo_bar!",
            &[
                "Fix=fix", "the=the", "log=log", "in=in", "of=of", "foo=foo", "bar=bar",
            ][..],
        ),
        (
            "Größe ÉCOLE İstanbul",
            &["Größe=grosse", "ÉCOLE=ecole", "İstanbul=istanbul"],
        ),
        ("e\u{301}cole", &["e\u{301}cole=ecole"]),
        (
            "Ærø ΣΊΣΥΦΟΣ σίσυφος",
            &["Ærø=aero", "ΣΊΣΥΦΟΣ=σισυφοσ", "σίσυφος=σισυφοσ"],
        ),
        ("ＦＵＬＬ ﬁle", &["ＦＵＬＬ=full", "ﬁle=file"]),
        (
            "登録画面v2",
            &["登録=登録", "録画=録画", "画面=画面", "面=面", "v2=v2"],
        ),
        ("\u{301} – … 🎉", &[]),
        ("", &[]),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
}

#[test]
fn of_a_row_of_signs_the_last_is_asked_for_only_alone() {
    let words = |asked: &str| -> Vec<String> {
        Terms::of(asked)
            .all
            .into_iter()
            .map(|term| term.word)
            .collect()
    };
    assert_eq!(words("登録画"), ["登録", "録画"]);
    assert_eq!(words("画"), ["画"]);
    assert_eq!(words("Login, login LOGIN"), ["login"]);
    assert!(Terms::of(" -- ").is_empty());
}

#[test]
fn the_best_come_first() {
    let tickets = [
        ticket("body", "Other", "The login fails", &[]),
        ticket("note", "Other", "Something", &["login"]),
        ticket("title", "Login fails", "", &[]),
        ticket("begun", "Logins fail", "", &[]),
        ticket("other", "Logic fails", "", &[]),
        ticket("zero", "Nothing", "of it", &[]),
    ];
    assert_eq!(found(&tickets, "login"), ["title", "begun", "body", "note"]);
    // No ticket has that word: so it may be another.
    assert_eq!(found(&tickets, "logim"), ["title", "other", "body", "note"]);
    assert_eq!(found(&tickets, "lgoin"), ["title", "body", "note"]);
    // Some of the words, where no ticket has all: what has the rarer ones first.
    assert_eq!(found(&tickets, "logic body"), ["other", "body"]);
    assert!(!ranked(&tickets, "logic body").whole);
    assert_eq!(found(&tickets, "fails login"), ["title", "body"]);
    assert_eq!(found(&tickets, "zebra"), [""; 0]);
}

#[test]
fn what_is_repeated_does_not_outweigh_a_title() {
    let mut tickets = vec![
        ticket("title", "Timeout", "", &[]),
        ticket("more", "Fix the request timeout in the proxy", "", &[]),
    ];
    for times in [1, 8, 12, 1000] {
        let log = "A timeout of this. ".repeat(times);
        tickets.push(ticket(&format!("d{times}"), "Unrelated", &log, &[]));
    }
    for number in 0..300 {
        let about = "Some words on what there is to do about it. ".repeat(number % 9);
        tickets.push(ticket(&format!("t{number}"), "Else", &about, &[]));
    }
    assert_eq!(found(&tickets, "timeout")[..2], ["title", "more"]);
}

#[test]
fn a_pasted_log_does_not_make_all_others_short() {
    let about = "It asks about the login page. ".repeat(6);
    let mut tickets = vec![
        ticket("one", "Login page", "", &[]),
        ticket("two", "Survey", &about, &[]),
    ];
    for number in 0..40 {
        let id = format!("t{number}");
        tickets.push(ticket(&id, "Something short to do", "", &[]));
    }
    assert_eq!(found(&tickets, "login page"), ["one", "two"]);
    let log = "2026 warning connection reset by peer ".repeat(20_000);
    for logs in 1..=4 {
        tickets.push(ticket(&format!("log{logs}"), "Crash", &log, &[]));
        assert_eq!(found(&tickets, "login page"), ["one", "two"], "{logs}");
    }
    // Alone with one such, too.
    tickets.drain(2..46);
    tickets.push(ticket("log", "Crash", &log, &[]));
    assert_eq!(found(&tickets, "login page"), ["one", "two"]);
    assert_eq!(found(&tickets[2..], "warning"), ["log"]);
}

#[test]
fn only_long_words_are_taken_for_misspelt_ones() {
    let tickets = [
        ticket("a", "Authentication", "", &[]),
        ticket("b", "Cat cats", "", &[]),
        ticket("c", "Größenwahn", "", &[]),
    ];
    for (asked, expected) in [
        ("authentcation", &["a"][..]),
        ("atuhentcation", &["a"]),
        ("atuhentcatoin", &[]),
        ("cta", &[]),
        ("cast", &["b"]),
        ("grösenwahn", &["c"]),
        ("grosenwaan", &["c"]),
        ("GROSSEN", &["c"]),
    ] {
        assert_eq!(found(&tickets, asked), expected, "{asked}");
    }
}

/// What is shown of the ticket, with marks around the words.
fn shown(ticket: &Ticket, asked: &str) -> Vec<String> {
    let ranking = ranked(std::slice::from_ref(ticket), asked);
    let one = |snippet: Snippet| {
        let chars: Vec<char> = snippet.text.chars().collect();
        let (mut text, mut from) = (String::new(), 0);
        for (start, end) in snippet.matches {
            text.extend(&chars[from..start]);
            text.push('<');
            text.extend(&chars[start..end]);
            text.push('>');
            from = end;
        }
        text.extend(&chars[from..]);
        format!("{}: {text}", snippet.field.as_str())
    };
    let snippets = snippets(&ranking.terms, ticket);
    snippets.into_iter().map(one).collect()
}

#[test]
fn snippets_show_the_best_part_of_each_field() {
    let before = "word ".repeat(60);
    let far = format!("{before}the\n\tlogin of É\u{301}cole {}", "and ".repeat(60));
    let notes = ["no", "a login", "ecole, login"];
    let english = ticket("abc", "Log in: Login", &far, &notes);
    assert_eq!(
        shown(&english, "login ecole"),
        [
            "title: Log in: <Login>",
            "description: …word word word word word the <login> of <É\u{301}cole> and and and and \
             and and and and and and and and and and and and and and…",
            "notes: <ecole>, <login>",
        ]
    );
    assert_eq!(shown(&english, "abc"), ["id: <abc>"]);
    let japanese = ticket("t", "新しい登録画面を作る", "", &[]);
    assert_eq!(
        shown(&japanese, "登録画面"),
        ["title: 新しい<登録画面>を作る"]
    );
}

/// By definition: every word of every field, one by one, without packing.
fn plainly(tickets: &[Ticket], asked: &str) -> Vec<(usize, f64)> {
    let terms: Vec<String> = Terms::of(asked)
        .all
        .into_iter()
        .map(|term| term.word)
        .collect();
    let words_of = |ticket: &Ticket| {
        let texts = [
            (ticket.title.as_str(), 0),
            (ticket.id.as_str(), 1),
            (&ticket.description, 2),
        ];
        let notes = ticket.notes.iter().map(|note| (note.text.as_str(), 3));
        let mut all: Vec<(String, usize)> = Vec::new();
        for (text, field) in texts.into_iter().chain(notes) {
            each_word(text, |_, word| all.push((word.to_owned(), field)));
        }
        all
    };
    let all: Vec<Vec<(String, usize)>> = tickets.iter().map(words_of).collect();
    let mut lengths: Vec<usize> = all.iter().map(Vec::len).collect();
    lengths.sort_unstable();
    let longest = lengths.len().div_ceil(10).min(lengths.len() - 1);
    lengths.truncate(lengths.len() - longest);
    let usual = lengths.iter().sum::<usize>() as f64 / lengths.len() as f64;
    let mut scores = vec![(0, 0.0); tickets.len()];
    for term in &terms {
        let known = all.iter().flatten().any(|(word, _)| word == term);
        let mistakes = match term.chars().count() {
            _ if known => 0,
            0..4 => 0,
            4..8 => 1,
            _ => 2,
        };
        let value = |word: &str| {
            if word == term {
                1.0
            } else if word.starts_with(term) {
                0.5
            } else if mistakes > 0 && strsim::damerau_levenshtein(word, term) <= mistakes {
                0.25
            } else {
                0.0
            }
        };
        // In each field twice at most, however often; what is only alike counts by itself.
        let weigh = |words: &Vec<(String, usize)>| -> f64 {
            let sum = |field, alike: bool| -> f64 {
                let words = words.iter().filter(|(_, of)| *of == field);
                let values = words.map(|(word, _)| value(word));
                let values = values.filter(|value| (*value == 0.25) == alike);
                values.sum::<f64>().min(2.0)
            };
            let fields = [8.0, 8.0, 1.5, 1.0].into_iter().enumerate();
            fields
                .map(|(field, weight)| weight * (sum(field, false) + sum(field, true)))
                .sum()
        };
        let weights: Vec<f64> = all.iter().map(weigh).collect();
        let have = weights.iter().filter(|weight| **weight > 0.0).count() as f64;
        let rare = (1.0 + (weights.len() as f64 - have + 0.5) / (have + 0.5)).ln();
        for ((weight, words), (count, score)) in weights.iter().zip(&all).zip(&mut scores) {
            let long = 0.5 + 0.5 * words.len() as f64 / usual.max(1.0);
            *score += rare * weight * 2.2 / (weight + 1.2 * long);
            *count += usize::from(*weight > 0.0);
        }
    }
    let whole = scores.iter().any(|(count, _)| *count == terms.len());
    let least = if whole { terms.len() } else { 1 };
    let found = scores.into_iter().enumerate();
    let found = found.filter(|(_, (count, _))| *count >= least);
    found.map(|(place, (_, score))| (place, score)).collect()
}

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => "[a-c]{1,9}",
        2 => Just("authentication".to_owned()),
        1 => Just("athentication".to_owned()),
        1 => Just("Größe".to_owned()),
        1 => Just("grosse".to_owned()),
        1 => Just("登録画".to_owned()),
        1 => "\\PC{1,5}",
    ];
    proptest::collection::vec(word, 0..6).prop_map(|words| words.join(" "))
}

fn tickets() -> impl Strategy<Value = Vec<Ticket>> {
    let one = (text(), text(), proptest::collection::vec(text(), 0..3));
    proptest::collection::vec(one, 1..8).prop_map(|all| {
        let make =
            |(place, (title, description, notes)): (usize, (String, String, Vec<String>))| {
                let notes: Vec<&str> = notes.iter().map(String::as_str).collect();
                ticket(&format!("t{place}"), &title, &description, &notes)
            };
        all.into_iter().enumerate().map(make).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packed_texts_answer_as_the_tickets_themselves(
        tickets in tickets(),
        asked in "([a-c]{1,9}|authentication|authentcation|größe|grose|登録)( [a-c]{1,9}| t0| grosse)?",
    ) {
        let ranking = ranked(&tickets, &asked);
        let hits = ranking.hits.iter();
        let mut found: Vec<(usize, f64)> = hits.map(|hit| (hit.place, hit.score)).collect();
        prop_assert!(found.is_sorted_by(|a, b| a.1 >= b.1), "{found:?}");
        found.sort_by_key(|(place, _)| *place);
        let plain = plainly(&tickets, &asked);
        let near = |(a, b): (&(usize, f64), &(usize, f64))| a.0 == b.0 && (a.1 - b.1).abs() < 1e-4;
        let same = found.len() == plain.len() && found.iter().zip(&plain).all(near);
        prop_assert!(same, "{found:?} {plain:?}");
    }

    #[test]
    fn the_beginning_of_a_word_finds_what_the_word_does(
        tickets in tickets(),
        word in "[a-c]{2,6}",
    ) {
        let needle = format!(" {word}");
        let begins = |text: &[u8]| text.windows(needle.len()).any(|part| part == needle.as_bytes());
        let have = (0..tickets.len()).filter(|place| begins(&pack(&tickets[*place])));
        let have: Vec<usize> = have.collect();
        for end in 1..word.len() {
            let hits = ranked(&tickets, &word[..end]).hits;
            for place in &have {
                prop_assert!(hits.iter().any(|hit| hit.place == *place), "{} {word}", &word[..end]);
            }
        }
    }

    #[test]
    fn a_ticket_is_found_by_its_own_words_and_shows_them(tickets in tickets()) {
        for (place, ticket) in tickets.iter().enumerate() {
            let mut words = Vec::new();
            each_word(&ticket.title, |range, _| words.push(ticket.title[range].to_owned()));
            for word in words {
                let ranking = ranked(&tickets, &word);
                prop_assert!(ranking.hits.iter().any(|hit| hit.place == place), "{word:?}");
                let snippets = snippets(&ranking.terms, ticket);
                prop_assert!(!snippets.is_empty());
                for snippet in snippets {
                    let count = snippet.text.chars().count();
                    let matches = &snippet.matches;
                    let fits = matches.iter().all(|(start, end)| start < end && *end <= count);
                    prop_assert!(fits && !matches.is_empty(), "{snippet:?}");
                    prop_assert!(matches.is_sorted_by(|a, b| a.1 <= b.0), "{snippet:?}");
                    prop_assert!(!snippet.text.contains(['\n', '\t']));
                }
            }
        }
    }

    #[test]
    fn the_order_of_tickets_changes_no_score(
        tickets in tickets(),
        asked in "[a-c]{1,4}( [a-c]{1,3})?",
    ) {
        let scores = |tickets: &[Ticket]| {
            let hits = ranked(tickets, &asked).hits.into_iter();
            let told = hits.map(|hit| format!("{} {:.3}", tickets[hit.place].id, hit.score));
            let mut told: Vec<String> = told.collect();
            told.sort();
            told
        };
        let reversed: Vec<Ticket> = tickets.iter().rev().cloned().collect();
        prop_assert_eq!(scores(&tickets), scores(&reversed));
    }

    #[test]
    fn titles_are_like_themselves(a in text(), b in text()) {
        let like = |a: &str, b: &str| Title::new(a).likeness(b);
        prop_assert!((0.0..=1.0).contains(&like(&a, &b)));
        let mut some = false;
        each_word(&a, |_, _| some = true);
        if some {
            prop_assert!(like(&a, &a) > 0.6, "{}", like(&a, &a));
        }
    }
}

#[test]
fn titles_that_say_the_same_are_told_from_those_that_do_not() {
    let like = |a: &str, b: &str| Title::new(a).likeness(b);
    for (a, b) in [
        (
            "Login fails with wrong password",
            "Login with a wrong password fails",
        ),
        ("Add dark mode", "Dark mode"),
        ("Fix login redirect loop", "Login redirect loop"),
        (
            "Login redirects loop after logout",
            "Fix redirect loop after logout of login",
        ),
        (
            "Crash when saving an empty file",
            "Crashes on saving empty files",
        ),
        ("Support OAuth authentication", "OAuth authentification"),
        (
            "Document the search command",
            "Documentation of the search command",
        ),
        ("Größe der Schrift", "Grösse der Schrift"),
        ("登録画面を作る", "登録画面を作る。"),
        ("Release 2.1", "Release 2.1"),
    ] {
        assert!(like(a, b) >= ALIKE, "{a} / {b}: {}", like(a, b));
        assert!(like(b, a) >= ALIKE, "{b} / {a}: {}", like(b, a));
    }
    for (a, b) in [
        ("Add login endpoint", "Add logout endpoint"),
        ("Write tests for the parser", "Write tests for the printer"),
        (
            "Number 12 of a large project",
            "Number 13 of a large project",
        ),
        ("Release 2.1", "Release 2.2"),
        (
            "Fix the crash on start",
            "Fix the crash on exit of the editor",
        ),
        ("Import from GitHub", "Export to GitHub"),
        ("[ui] Fix the button", "[ui] Fix the menu"),
        ("Usage page", "Release notes"),
        ("First", "Second"),
        ("", "Anything"),
    ] {
        assert!(like(a, b) < ALIKE, "{a} / {b}: {}", like(a, b));
        assert!(like(b, a) < ALIKE, "{b} / {a}: {}", like(b, a));
    }
}

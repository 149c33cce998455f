//! Any ticket at all.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::model::{
    Acceptance, Awaiting, Defer, Gate, Note, NoteKind, Outcome, Priority, RunRecord, Span,
    StatusId, Subtask, Ticket, TicketId, Usd, Verdict,
};

/// One line without control characters, not blank.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z\"'\\\\#=\\[\\] ]{0,6}[a-z\"\\\\]",
        1 => "[\\PC]{0,4}x",
        1 => Just("a \u{202e}b 👩‍👩‍👧 c".to_owned()),
    ]
}

/// Anything but what is blank.
fn long() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-c\"'\\\\\n\r\t# ]{0,12}x[\"\n\\\\]{0,4}",
        1 => "[\u{0}-\u{ff}]{0,8}x",
        1 => "(?s).{0,8}x",
        1 => Just("\n\"\"\"\"\"\"\n[[notes]]\r\nx = 1\\\n".to_owned()),
    ]
}

/// A shell command, of one line or more.
fn command() -> impl Strategy<Value = String> {
    long().prop_map(|text| text.replace('\0', ""))
}

fn id() -> impl Strategy<Value = TicketId> {
    "[a-f]{3}".prop_map(|text| TicketId::parse(&text).unwrap())
}

fn ids() -> impl Strategy<Value = BTreeSet<TicketId>> {
    btree_set(id(), 0..4)
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        (0..4_000_000_000_000_i64).prop_map(|ms| Timestamp::from_millisecond(ms).unwrap()),
        (0..4_000_000_000_i64).prop_map(|s| Timestamp::from_second(s).unwrap()),
    ]
}

fn date() -> impl Strategy<Value = jiff::civil::Date> {
    time().prop_map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date())
}

fn defer() -> impl Strategy<Value = Defer> {
    prop_oneof![date().prop_map(Defer::Day), time().prop_map(Defer::At)]
}

fn acceptance() -> impl Strategy<Value = Acceptance> {
    (long(), option::of(command()), any::<bool>()).prop_map(|(text, check, met)| Acceptance {
        text,
        check,
        met,
    })
}

fn subtask() -> impl Strategy<Value = Subtask> {
    (line(), any::<bool>()).prop_map(|(title, done)| Subtask { title, done })
}

fn note() -> impl Strategy<Value = Note> {
    (time(), line(), select(NoteKind::ALL), long()).prop_map(|(at, by, kind, text)| Note {
        at: Some(at),
        by,
        kind,
        text,
    })
}

fn run() -> impl Strategy<Value = RunRecord> {
    let tokens = || option::of(0..=i64::MAX as u64);
    let who = (
        line(),
        any::<u32>(),
        line(),
        option::of(line()),
        option::of(line()),
    );
    let when = (option::of(time()), option::of(time()));
    let what = (option::of(select(Outcome::ALL)), option::of(long()));
    let cost = option::of((0..4_000_000_000_000_000_u64).prop_map(Usd::from_nanos));
    (who, when, what, cost, tokens(), tokens(), tokens()).prop_map(
        |(who, when, what, cost_usd, input_tokens, output_tokens, turns)| RunRecord {
            run: who.0,
            attempt: who.1,
            agent: who.2,
            model: who.3,
            session: who.4,
            started_at: when.0,
            ended_at: when.1,
            outcome: what.0,
            summary: what.1,
            cost_usd,
            input_tokens,
            output_tokens,
            turns,
        },
    )
}

/// Any ticket of the default configuration.
pub(crate) fn arb_ticket() -> BoxedStrategy<Ticket> {
    let head = (
        line(),
        select(vec!["task", "bug", "epic"]),
        select(vec!["open", "in_progress", "closed"]),
        (0..=4_u8).prop_map(|n| Priority::new(n).unwrap()),
        option::of(line()),
        option::of(id()),
        btree_set(line(), 0..4),
        ids(),
    );
    let gates = (
        option::of(select(Gate::ALL)),
        option::of(select(Awaiting::ALL)),
        option::of((0..300_000_000_u64).prop_map(Span::from_secs)),
        option::of(select(Verdict::ALL)),
    );
    let links = (
        ids(),
        ids(),
        option::of(id()),
        option::of(id()),
        option::of(id()),
        option::of(select(vec![
            "1d", "2w", "1mo", "1mo@31", "1y@29/", "3mo@/30",
        ])),
    );
    let quiet = (
        option::of(date()),
        option::of(defer()),
        option::of(line()),
        option::of(line()),
        option::of(line()),
        option::of(line()),
        vec(command(), 0..3),
        vec(line(), 0..3),
    );
    let life = (
        option::of(time()),
        option::of(line()),
        option::of(time()),
        option::of(time()),
        option::of(line()),
        option::of(long()),
        prop_oneof![Just(String::new()), long()],
    );
    let lists = (
        vec(acceptance(), 0..3),
        vec(subtask(), 0..3),
        vec(note(), 0..4),
        vec(run(), 0..3),
    );
    let groups = (
        head.boxed(),
        gates.boxed(),
        links.boxed(),
        quiet.boxed(),
        life.boxed(),
        lists.boxed(),
    );
    groups
        .prop_map(|(head, gates, links, quiet, life, lists)| {
            let id = TicketId::parse("k7m").unwrap();
            let mut ticket = Ticket::new(id, head.0, head.1.to_owned(), StatusId::new(head.2));
            ticket.priority = head.3;
            ticket.owner = head.4;
            ticket.parent = head.5;
            ticket.labels = head.6;
            ticket.blocked_by = head.7;
            (
                ticket.requires,
                ticket.awaiting,
                ticket.estimate,
                ticket.verdict,
            ) = gates;
            (
                ticket.after,
                ticket.related,
                ticket.discovered_from,
                ticket.duplicate_of,
            ) = (links.0, links.1, links.2, links.3);
            ticket.recurs_from = links.4;
            ticket.repeat = links.5.map(|text| text.parse().unwrap());
            ticket.due = quiet.0;
            ticket.defer_until = quiet.1;
            ticket.agent = quiet.2;
            ticket.model = quiet.3;
            ticket.lock = quiet.4;
            ticket.pr = quiet.5;
            ticket.checks = quiet.6;
            ticket.touches = quiet.7;
            ticket.created_at = life.0;
            ticket.created_by = life.1;
            ticket.started_at = life.2;
            ticket.closed_at = life.3;
            ticket.closed_by = life.4;
            ticket.reason = life.5;
            ticket.description = life.6;
            (
                ticket.acceptance,
                ticket.subtasks,
                ticket.notes,
                ticket.runs,
            ) = lists;
            ticket
        })
        .boxed()
}

/// `ticket` with some of its fields taken from `other`: a bit of the mask each.
pub(crate) fn variant(ticket: &Ticket, other: &Ticket, mask: u64) -> Ticket {
    let mut out = ticket.clone();
    let mut bit = 0;
    macro_rules! mix {
        ($($field:ident),+ $(,)?) => {
            $(if mask >> bit & 1 == 1 {
                out.$field = other.$field.clone();
            }
            bit += 1;)+
        };
    }
    mix!(
        title,
        kind,
        status,
        priority,
        owner,
        parent,
        labels,
        blocked_by,
        requires,
        awaiting,
        estimate,
        after,
        related,
        discovered_from,
        duplicate_of,
        due,
        defer_until,
        agent,
        model,
        lock,
        pr,
        checks,
        touches,
        created_at,
        created_by,
        started_at,
        closed_at,
        closed_by,
        reason,
        verdict,
        description,
        subtasks,
        runs,
    );
    // Of these lists one element at a time, too.
    match mask >> bit & 3 {
        1 => out.notes.extend(other.notes.iter().cloned()),
        2 => drop(out.notes.pop()),
        3 => out.notes.clone_from(&other.notes),
        _ => {}
    }
    bit += 2;
    match mask >> bit & 3 {
        1 => out.acceptance.extend(other.acceptance.iter().cloned()),
        2 => out
            .acceptance
            .iter_mut()
            .for_each(|item| item.met = !item.met),
        3 => out.acceptance.truncate(1),
        _ => {}
    }
    out
}

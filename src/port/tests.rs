//! What goes out comes back.

use proptest::prelude::*;

use super::*;
use crate::format;
use crate::format::tests::strategy::arb_ticket;
use crate::model::{Priority, TicketId};

fn source(name: &str, text: &str) -> Source {
    Source {
        name: name.to_owned(),
        folders: Vec::new(),
        bytes: Ok(text.as_bytes().to_vec()),
    }
}

fn one(format: ImportFormat, text: &str) -> Imported {
    let records = read(
        format,
        &[source("x", text)],
        &Config::default(),
        &TimeZone::UTC,
    );
    match records.as_slice() {
        [Record::Ticket(imported)] => (**imported).clone(),
        other => panic!("{other:?}\n{text}"),
    }
}

/// The ticket with its own words and ids put back, as a project with the same statuses, types
/// and ids does.
fn whole(imported: &Imported) -> Ticket {
    let id = |text: &String| TicketId::parse(text).unwrap();
    let mut ticket = imported.ticket.clone();
    ticket.id = imported.wanted.clone().unwrap();
    ticket.kind = imported.kind.clone().unwrap();
    ticket.status = crate::model::StatusId::new(&imported.status.as_ref().unwrap().word);
    ticket.parent = imported.edges.parent.as_ref().map(id);
    ticket.blocked_by = imported.edges.blocked_by.iter().map(id).collect();
    ticket.after = imported.edges.after.iter().map(id).collect();
    ticket.related = imported.edges.related.iter().map(id).collect();
    ticket.discovered_from = imported.edges.discovered_from.as_ref().map(id);
    ticket.duplicate_of = imported.edges.duplicate_of.as_ref().map(id);
    ticket.recurs_from = imported.edges.recurs_from.as_ref().map(id);
    ticket
}

/// A file of that format with the ticket alone.
fn exported(format: ExportFormat, ticket: &Ticket) -> String {
    let Frame { before, behind, .. } = frame(format);
    let file = format::print(ticket);
    before
        + &write(
            format,
            ticket,
            &file,
            &Uuids::new(),
            &Config::default(),
            &TimeZone::UTC,
        )
        .unwrap()
        .text
        + behind
}

proptest! {
    #[test]
    fn jsonl_loses_nothing(ticket in arb_ticket()) {
        let text = exported(ExportFormat::Jsonl, &ticket);
        let back = one(ImportFormat::Jsonl, &text);
        prop_assert_eq!(&whole(&back), &ticket);
        prop_assert_eq!(back.misfits, Vec::new());
        prop_assert!(back.extra.is_empty());
    }

    #[test]
    fn taskwarrior_loses_what_is_said_to_be_lost(ticket in arb_ticket()) {
        let text = exported(ExportFormat::Taskwarrior, &ticket);
        let back = one(ImportFormat::Taskwarrior, &text);
        let (there, here) = (&ticket, &back.ticket);
        let seconds = |at: Option<jiff::Timestamp>| at.map(|at| at.as_second());
        prop_assert!(back.own);
        prop_assert_eq!(back.wanted.as_ref(), Some(&there.id));
        prop_assert_eq!(&here.title, there.title.trim());
        prop_assert_eq!(back.kind.as_deref(), Some(there.kind.as_str()));
        prop_assert_eq!(back.status.unwrap().word, there.status.to_string());
        prop_assert_eq!(here.priority, there.priority);
        prop_assert_eq!(here.owner.as_deref(), there.owner.as_deref().map(str::trim));
        let labels = there.labels.iter().map(|label| label.trim().to_owned());
        prop_assert_eq!(&here.labels, &labels.collect());
        prop_assert_eq!(here.estimate, there.estimate);
        prop_assert_eq!(here.due, there.due);
        prop_assert_eq!(here.repeat, there.repeat);
        prop_assert_eq!(seconds(here.created_at), seconds(there.created_at));
        prop_assert_eq!(seconds(here.started_at), seconds(there.started_at));
        if there.status.as_str() == "closed" {
            prop_assert_eq!(seconds(here.closed_at), seconds(there.closed_at));
        }
        prop_assert_eq!(&here.description, &there.description);
        let ids = |ids: &std::collections::BTreeSet<TicketId>| -> Vec<String> {
            ids.iter().map(ToString::to_string).collect()
        };
        prop_assert_eq!(back.edges.blocked_by, ids(&there.blocked_by));
        prop_assert_eq!(back.edges.parent, there.parent.as_ref().map(ToString::to_string));
        prop_assert_eq!(here.notes.len(), there.notes.len());
        for (here, there) in here.notes.iter().zip(&there.notes) {
            prop_assert_eq!(seconds(here.at), seconds(there.at));
            prop_assert_eq!(&here.text, &there.text.trim_end().replace("\r\n", "\n"));
        }
    }

    #[test]
    fn no_text_is_too_odd(text in "(?s).{0,200}", shaped in shaped()) {
        for format in ImportFormat::ALL {
            for text in [&text, &shaped] {
                for record in read(*format, &[source("x", text)], &Config::default(), &TimeZone::UTC) {
                    if let Record::Ticket(imported) = record {
                        let mut ticket = imported.ticket.clone();
                        ticket.status = crate::model::StatusId::new("open");
                        ticket.kind = "task".to_owned();
                        let printed = format::print(&ticket)
                            + &format::imported(&imported.came_from(), &imported.kept);
                        let read = format::parse(&ticket.id, &printed, &Config::default());
                        prop_assert_eq!(read.as_ref(), Ok(&ticket), "{}\n{}", text, printed);
                        prop_assert_eq!(format::origins(&printed), [imported.came_from()]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_table_is_read_as_it_was_written(ticket in arb_ticket()) {
        let text = exported(ExportFormat::Csv, &ticket);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        let formula = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let title = ticket.title.as_str();
        let wanted = if formula(title) { format!("'{title}") } else { title.to_owned() };
        prop_assert_eq!(&row[1], wanted);
        prop_assert!(row.iter().all(|cell| !formula(cell)), "{:?}", row);
    }
}

/// A record with the fields of every format, and odd values.
fn shaped() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("[{\"a\":[1,2.5,null]},\"x\\u0000\"]".to_owned()),
        Just("-1e300".to_owned()),
        Just("18446744073709551615".to_owned()),
        Just("\"20261120T083850Z\"".to_owned()),
        Just("\"2026-06-10 20:04 - [human] x\\n2026-06-10 20:05 - y\"".to_owned()),
        Just("\"- [ ] a\\n- [x] b\\n  c\"".to_owned()),
        "(?s).{0,12}".prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    let keys = [
        "id",
        "uuid",
        "title",
        "description",
        "status",
        "state",
        "priority",
        "labels",
        "tags",
        "notes",
        "created_at",
        "due",
        "wait",
        "comments",
        "dependencies",
        "depends",
        "type",
        "estimated_minutes",
        "acceptance_criteria",
        "origin",
        "x y",
        "body",
        "runs",
        "assignees",
    ];
    proptest::collection::vec(value, keys.len()).prop_map(move |values| {
        let fields = keys
            .iter()
            .zip(values)
            .map(|(key, value)| format!("\"{key}\":{value}"));
        let fields: Vec<String> = fields.collect();
        format!("{{\"number\":7,{}}}", fields.join(","))
    })
}

#[test]
fn every_kind_of_edge_and_word_of_beads_is_read() {
    let dependency = |kind: &str| {
        format!("{{\"issue_id\":\"bd-2\",\"depends_on_id\":\"bd-{kind}\",\"type\":\"{kind}\"}}")
    };
    let kinds = [
        "blocks",
        "parent-child",
        "related",
        "discovered-from",
        "waits-for",
        "tracks",
    ];
    let dependencies: Vec<String> = kinds.iter().map(|kind| dependency(kind)).collect();
    let text = format!(
        "{{\"id\":\"bd-2\",\"title\":\"T\",\"priority\":0,\"dependencies\":[{}]}}",
        dependencies.join(",")
    );
    let read = one(ImportFormat::Beads, &text);
    assert_eq!(read.ticket.priority, Priority::new(0).unwrap());
    assert_eq!(read.edges.blocked_by, ["bd-blocks", "bd-waits-for"]);
    assert_eq!(read.edges.parent.as_deref(), Some("bd-parent-child"));
    assert_eq!(read.edges.related, ["bd-related", "bd-tracks"]);
    assert_eq!(
        read.edges.discovered_from.as_deref(),
        Some("bd-discovered-from")
    );
    assert_eq!(read.misfits.len(), 2, "{:?}", read.misfits);
}

#[test]
fn of_recurring_tasks_the_last_comes_again() {
    let task = |uuid: &str, status: &str, due: &str, template: &str| {
        format!(
            "{{\"uuid\":\"{uuid}\",\"description\":\"{uuid}\",\"status\":\"{status}\",\"due\":\"{due}\",\
             \"recur\":\"P1M\",\"parent\":\"{template}\",\"imask\":1}}\n"
        )
    };
    let text = [
        task("a", "completed", "20260101T000000Z", "t"),
        task("c", "pending", "20260301T000000Z", "t"),
        task("b", "pending", "20260201T000000Z", "t"),
        task("d", "pending", "20260201T000000Z", "u"),
        task("e", "completed", "20260301T000000Z", "u"),
        "{\"uuid\":\"t\",\"description\":\"T\",\"status\":\"recurring\",\"recur\":\"P1M\"}\n".to_owned(),
        "{\"uuid\":\"w\",\"description\":\"W\",\"status\":\"pending\",\"recur\":\"weekdays\",\"parent\":\"v\"}\n".to_owned(),
    ];
    let records = read(
        ImportFormat::Taskwarrior,
        &[source("x", &text.concat())],
        &Config::default(),
        &TimeZone::UTC,
    );
    let mut told = Vec::new();
    for record in &records {
        told.push(match record {
            Record::Ticket(ticket) => {
                let repeat = ticket.ticket.repeat.map(|often| often.to_string());
                let misfits = ticket.misfits.iter().map(|misfit| &*misfit.message);
                let misfits: Vec<&str> = misfits.collect();
                format!(
                    "{} {} {}",
                    ticket.id,
                    repeat.unwrap_or_default(),
                    misfits.join(", ")
                )
            }
            Record::LeftOut { id, reason, .. } => format!("{id}: {reason}"),
            Record::Invalid { message, .. } => message.clone(),
        });
    }
    assert_eq!(
        told,
        [
            "a  ",
            "c 1mo ",
            "b  ",
            "d  ",
            "e  ",
            "t: it is a template of recurring tasks",
            "w  `recur` is `weekdays`, which no ticket comes again by here",
        ]
    );
}

/// taskwarrior makes a template of a ticket that comes again, and tasks of that with all of its
/// attributes.
#[test]
fn a_ticket_that_comes_again_is_the_same_after_taskwarrior() {
    let mut ticket = Ticket::new(
        TicketId::parse("k7m").unwrap(),
        "x".to_owned(),
        "task".to_owned(),
        crate::model::StatusId::new("open"),
    );
    ticket.due = Some("2026-02-28".parse().unwrap());
    ticket.repeat = Some("1mo@31".parse().unwrap());
    let text = exported(ExportFormat::Taskwarrior, &ticket);
    assert!(text.contains("\"recur\":\"1mo\""), "{text}");
    let tasks: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut template = tasks[0].clone();
    template["status"] = "recurring".into();
    template["mask"] = "--".into();
    template["rtype"] = "periodic".into();
    let mut task = tasks[0].clone();
    task["parent"] = task["uuid"].clone();
    task["uuid"] = "5becda30-66e1-4d0f-9806-6fbafb17f481".into();
    let text = serde_json::Value::from(vec![template, task]).to_string();
    let records = read(
        ImportFormat::Taskwarrior,
        &[source("x", &text)],
        &Config::default(),
        &TimeZone::UTC,
    );
    let [Record::Ticket(back), Record::LeftOut { reason, .. }] = records.as_slice() else {
        panic!("{records:?}");
    };
    assert!(back.own && back.misfits.is_empty(), "{back:?}");
    assert_eq!(back.ticket.repeat, Some("1mo@31".parse().unwrap()));
    assert_eq!(back.status.as_ref().unwrap().word, "open");
    assert!(reason.contains("comes again"), "{reason}");
}

//! What is different between two versions of a ticket, key by key, in the words of the public
//! JSON. Pure: versions in, changes out.

use diffy::Line;
use serde_json::{Map, Value};

use crate::model::Ticket;
use crate::wire::{ChangeWord, Detail, FieldChange, TicketChange, TicketFacts, TicketRecord};

/// Keys of the JSON that no file has.
const DERIVED: &[&str] = &[
    "id",
    "etag",
    "updated_at",
    "commits",
    "note_count",
    "cost_usd",
];

/// The one key that is told by its numbers of lines.
const LONG: &str = "description";

/// What became of a ticket, by whether it was done and whether it is; `None` where there is no
/// ticket. One that is new and done is closed.
#[must_use]
pub const fn what_became(before: Option<bool>, after: Option<bool>) -> TicketChange {
    match (before, after) {
        (_, None) => TicketChange::Deleted,
        (None | Some(false), Some(true)) => TicketChange::Closed,
        (None, Some(false)) => TicketChange::Opened,
        (Some(true), Some(false)) => TicketChange::Reopened,
        (Some(true), Some(true)) | (Some(false), Some(false)) => TicketChange::Changed,
    }
}

/// What is different in `after`, in the order of the file's keys; against nothing, every key
/// that it has.
#[must_use]
pub fn fields(before: Option<&Ticket>, after: &Ticket) -> Vec<FieldChange> {
    let before = before.map(facts).unwrap_or_default();
    let mut changes = Vec::new();
    for (field, now) in facts(after) {
        let was = before.get(&field).unwrap_or(&Value::Null);
        if *was != now {
            field_changes(&field, was, now, &mut changes);
        }
    }
    changes
}

/// What a merge of these versions changed by itself: what is different from every one of them. One
/// without the ticket says nothing of what it took away, and counts only where none has it.
#[must_use]
pub fn merged_fields(parents: &[Option<&Ticket>], after: &Ticket) -> Vec<FieldChange> {
    let with = parents.iter().filter(|parent| parent.is_some());
    let mut against = with.map(|parent| fields(*parent, after));
    let mut changes = against.next().unwrap_or_else(|| fields(None, after));
    for others in against {
        changes.retain(|change| others.iter().any(|other| has_same_end(change, other)));
    }
    changes
}

/// Whether both changes left the same behind, whatever there was.
fn has_same_end(one: &FieldChange, other: &FieldChange) -> bool {
    one.field == other.field
        && one.to == other.to
        && (one.change != ChangeWord::Removed || one.from == other.from)
}

/// What the file says, as JSON.
fn facts(ticket: &Ticket) -> Map<String, Value> {
    let facts = TicketFacts {
        texts: true,
        ..TicketFacts::default()
    };
    let mut all = TicketRecord::new(ticket, facts).fields(&Detail::Full);
    all.retain(|key, _| !DERIVED.contains(&key.as_str()));
    all
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn field_changes(field: &str, was: &Value, now: Value, changes: &mut Vec<FieldChange>) {
    let change = match (is_empty(was), is_empty(&now)) {
        (true, true) => return,
        (true, false) => ChangeWord::Set,
        (false, true) => ChangeWord::Cleared,
        (false, false) => ChangeWord::Changed,
    };
    let plain = |from, to| FieldChange {
        field: field.to_owned(),
        change,
        from,
        to,
        lines_added: None,
        lines_removed: None,
    };
    if field == LONG {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (added, removed) = lines(&text(was), &text(&now));
        changes.push(FieldChange {
            lines_added: Some(added),
            lines_removed: Some(removed),
            ..plain(Value::Null, Value::Null)
        });
        return;
    }
    let (old, new) = match (was, now) {
        (Value::Array(old), Value::Array(new)) => (old.clone(), new),
        (Value::Null, Value::Array(new)) => (Vec::new(), new),
        (was, now) => {
            let some = |value: &Value| (!is_empty(value)).then(|| value.clone());
            let (from, to) = (some(was), some(&now));
            changes.push(plain(from.unwrap_or_default(), to.unwrap_or_default()));
            return;
        }
    };
    let before = changes.len();
    element_changes(field, old.clone(), &new, changes);
    if changes.len() == before {
        // The same elements in another order.
        changes.push(plain(old.into(), new.into()));
    }
}

/// What is different between two lists, element by element.
fn element_changes(field: &str, mut old: Vec<Value>, new: &[Value], to: &mut Vec<FieldChange>) {
    let element = |change, from, to| FieldChange {
        field: field.to_owned(),
        change,
        from,
        to,
        lines_added: None,
        lines_removed: None,
    };
    let mut fresh = Vec::new();
    for now in new {
        let same = old.iter().position(|was| is_same(field, was, now));
        match same.map(|place| old.remove(place)) {
            Some(was) if was == *now => {}
            Some(was) => fresh.push(element(ChangeWord::Changed, was, now.clone())),
            None => fresh.push(element(ChangeWord::Added, Value::Null, now.clone())),
        }
    }
    let gone = old.into_iter();
    to.extend(gone.map(|was| element(ChangeWord::Removed, was, Value::Null)));
    to.append(&mut fresh);
}

/// Whether two elements of a list are the same one, though it may say something else now.
fn is_same(field: &str, one: &Value, other: &Value) -> bool {
    let keys: &[&str] = match field {
        "acceptance" => &["text"],
        "subtasks" => &["title"],
        "runs" => &["run", "attempt"],
        _ => return one == other,
    };
    keys.iter().all(|key| one[*key] == other[*key])
}

/// How many lines are new, and how many are gone.
fn lines(was: &str, now: &str) -> (usize, usize) {
    // Else the last line of the shorter one is another one than within the longer.
    let ended = |text: &str| {
        if text.is_empty() {
            String::new()
        } else {
            format!("{text}\n")
        }
    };
    let (was, now) = (ended(was), ended(now));
    let patch = diffy::create_patch(&was, &now);
    let all = || patch.hunks().iter().flat_map(|hunk| hunk.lines());
    let added = all().filter(|line| matches!(line, Line::Insert(_)));
    let removed = all().filter(|line| matches!(line, Line::Delete(_)));
    (added.count(), removed.count())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;
    use crate::format::tests::arb_ticket;
    use crate::model::{StatusId, TicketId};

    fn ticket(change: impl Fn(&mut Ticket)) -> Ticket {
        let id = TicketId::parse("abc").unwrap();
        let mut ticket = Ticket::new(id, "First".into(), "task".into(), StatusId::new("open"));
        change(&mut ticket);
        ticket
    }

    fn told(changes: &[FieldChange]) -> String {
        let mut out = String::new();
        for change in changes {
            let (field, word) = (&change.field, change.change.as_str());
            write!(out, "{field} {word} {} {}", change.from, change.to).unwrap();
            if let (Some(added), Some(removed)) = (change.lines_added, change.lines_removed) {
                write!(out, " +{added} -{removed}").unwrap();
            }
            out.push('\n');
        }
        out
    }

    #[test]
    fn every_kind_of_change() {
        let before = ticket(|ticket| {
            ticket.owner = Some("ann".into());
            ticket.labels = ["api".into(), "ui".into()].into();
            ticket.description = "One.\nTwo.\n".into();
            ticket.checks = vec!["a".into(), "b".into()];
            ticket.subtasks = vec![crate::model::Subtask::default()];
        });
        let after = ticket(|ticket| {
            ticket.status = StatusId::new("closed");
            ticket.labels = ["api".into(), "db".into()].into();
            ticket.description = "One.\nThree.\nFour.\n".into();
            ticket.checks = vec!["b".into(), "a".into()];
            ticket.reason = Some("done".into());
            ticket.subtasks = vec![crate::model::Subtask {
                done: true,
                ..Default::default()
            }];
        });
        insta::assert_snapshot!(told(&fields(Some(&before), &after)), @r#"
        status changed "open" "closed"
        owner cleared "ann" null
        labels removed "ui" null
        labels added null "db"
        checks changed ["a","b"] ["b","a"]
        reason set null "done"
        description changed null null +2 -1
        subtasks changed {"title":"","done":false} {"title":"","done":true}
        "#);
    }

    #[test]
    fn lines_that_come_or_go_at_the_end_are_counted_alone() {
        assert_eq!(lines("a", "a\nb"), (1, 0));
        assert_eq!(lines("a\nb", "a"), (0, 1));
        assert_eq!(lines("a\n\nb", "a\n\nc"), (1, 1));
        assert_eq!(lines("", "a"), (1, 0));
        assert_eq!(lines("a", "a\n"), (1, 0));
    }

    #[test]
    fn a_merge_changed_what_no_side_had() {
        let one = ticket(|ticket| ticket.labels = ["api".into()].into());
        let other = ticket(|ticket| ticket.owner = Some("ann".into()));
        let both = ticket(|ticket| {
            ticket.labels = ["api".into()].into();
            ticket.owner = Some("ann".into());
        });
        let sides = [Some(&one), Some(&other)];
        assert_eq!(merged_fields(&sides, &both), []);
        let more = ticket(|ticket| {
            ticket.labels = ["api".into(), "ui".into()].into();
            ticket.owner = Some("bob".into());
        });
        insta::assert_snapshot!(told(&merged_fields(&sides, &more)), @r#"
        owner set null "bob"
        labels added null "ui"
        "#);
    }

    proptest! {
        #[test]
        fn nothing_is_different_only_where_nothing_is(one in arb_ticket(), two in arb_ticket()) {
            prop_assert_eq!(fields(Some(&one), &one), []);
            let same = facts(&one) == facts(&two);
            prop_assert_eq!(fields(Some(&one), &two).is_empty(), same);
            // A merge that took one side changed nothing.
            prop_assert_eq!(merged_fields(&[Some(&one), Some(&two)], &two), []);
        }
    }
}

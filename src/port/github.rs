//! GitHub: an array of what `gh issue list --json FIELDS` prints.
//!
//! Field names are those of GitHub's own command line, `gh`; those of what its API answers, which
//! `gh api` prints, are turned into them.

use serde_json::{Value, json};

use super::comments::{self, Keys};
use super::fields::{Fields, Read};
use super::imported::{Edges, Place, Record, Standing};
use crate::model::{Category, Priority, Ticket};
use crate::wire::MisfitKind;

/// Labels that say what type a ticket is of.
const TYPES: &[(&str, &str)] = &[
    ("bug", "bug"),
    ("enhancement", "feature"),
    ("feature", "feature"),
    ("epic", "epic"),
    ("chore", "chore"),
];

/// What the API calls otherwise.
const OF_THE_API: &[(&str, &str)] = &[
    ("html_url", "url"),
    ("user", "author"),
    ("created_at", "createdAt"),
    ("closed_at", "closedAt"),
    ("updated_at", "updatedAt"),
    ("state_reason", "stateReason"),
    ("type", "issueType"),
];

/// What the API tells twice, counts, or says of where it tells more.
const NOTHING_MORE: &[&str] = &[
    "node_id",
    "repository_url",
    "labels_url",
    "comments_url",
    "events_url",
    "timeline_url",
    "assignee",
    "sub_issues_summary",
    "issue_dependencies_summary",
];

/// The ticket of an issue.
pub(super) fn read(mut fields: Fields, place: Place) -> Record {
    let Some(number) = fields.take("number").and_then(|number| number.as_u64()) else {
        let message = "no `number`: expected one, as `gh issue list --json number,title,…` tells";
        return Record::invalid(place, "", message);
    };
    let id = number.to_string();
    if fields.peek("html_url").is_some() {
        as_listed(&mut fields);
    }
    if fields.take("pull_request").is_some() {
        let reason = "it is a pull request";
        return Record::LeftOut { place, id, reason };
    }
    let mut ticket = match fields.ticket("title") {
        Ok(ticket) => ticket,
        Err(message) => return Record::invalid(place, id, message),
    };
    fill(&mut fields, &mut ticket);
    let lower: Vec<String> = ticket.labels.iter().map(|l| l.to_lowercase()).collect();
    let of_label = |label: &String| {
        let (_, kind) = TYPES.iter().find(|(name, _)| name == label)?;
        Some((*kind).to_owned())
    };
    let kind = fields.take("issueType");
    let kind = kind.and_then(|kind| named(&mut fields, "issueType", kind, "name"));
    let space = space(&mut fields);
    let read = Read {
        place,
        id,
        status: status(&mut fields),
        kind: kind.or_else(|| lower.iter().find_map(of_label)),
        edges: edges(&mut fields, &space),
        space,
        ticket,
    };
    fields.drop_counts(&["subIssuesSummary"]);
    fields.drop_zeros();
    fields.finish(read)
}

/// Gives what the API answers the names that `gh issue list` has.
fn as_listed(fields: &mut Fields) {
    let repository = fields.peek("repository_url").unwrap_or_default();
    let parent = fields.peek("parent_issue_url").and_then(|url| {
        let number = url.strip_prefix(repository)?.strip_prefix("/issues/")?;
        number.parse::<u64>().ok()
    });
    if let Some(number) = parent {
        fields.take("parent_issue_url");
        fields.set("parent", json!({ "number": number }));
    }
    for (theirs, listed) in OF_THE_API {
        fields.take(listed);
        if let Some(value) = fields.take(theirs) {
            fields.set(listed, value);
        }
    }
    fields.drop_counts(NOTHING_MORE);
    // Of comments and reactions it only says how many there are.
    for (key, count) in [("comments", ""), ("reactions", "/total_count")] {
        if let Some(value) = fields.take(key)
            && value.pointer(count) != Some(&json!(0))
        {
            fields.set(key, value);
        }
    }
}

fn fill(fields: &mut Fields, ticket: &mut Ticket) {
    let names = names(fields, "labels", "name");
    ticket.priority = names.iter().find_map(|l| priority(l)).unwrap_or_default();
    ticket.labels = names.into_iter().collect();
    let mut assignees = self::names(fields, "assignees", "login").into_iter();
    ticket.owner = assignees.next();
    let others: Vec<String> = assignees.collect();
    if !others.is_empty() {
        fields.misfit(
            MisfitKind::Field,
            "only the first of the assignees is owner",
        );
        fields.keep("assignees", Value::from(others));
    }
    let author = fields.take("author");
    ticket.created_by = author.and_then(|author| named(fields, "author", author, "login"));
    ticket.created_at = fields.time("createdAt");
    ticket.closed_at = fields.time("closedAt");
    ticket.description = fields.prose("body").unwrap_or_default();
    match fields.take("milestone") {
        Some(milestone) if milestone["title"].is_string() => {
            for (key, name) in [
                ("milestone", "title"),
                ("milestone_description", "description"),
                ("milestone_due", "dueOn"),
                ("milestone_due", "due_on"),
            ] {
                fields.keep(key, milestone[name].clone());
            }
        }
        Some(Value::String(title)) => {
            fields.keep("milestone", title.into());
        }
        Some(other) => fields.wrong("milestone", other, "a text or an object with `title`"),
        None => {}
    }
    let keys = Keys {
        list: "comments",
        at: "createdAt",
        text: "body",
        known: &["id"],
    };
    ticket.notes = comments::notes(fields, &keys, ticket.created_at, |comment| {
        word(&comment["author"], "login").unwrap_or_default()
    });
}

/// The repository, where the issue's address tells it.
fn space(fields: &mut Fields) -> String {
    let url = fields.text("url").unwrap_or_default();
    let path = repository(&url);
    fields.keep("url", Value::from(url));
    fields.keep_quietly("updatedAt");
    for key in ["id", "closed"] {
        fields.take(key);
    }
    path.map_or_else(|| "github".to_owned(), |path| format!("github:{path}"))
}

fn edges(fields: &mut Fields, space: &str) -> Edges {
    let mut named = |key| issues(fields, key, space);
    Edges {
        parent: named("parent").pop(),
        blocked_by: named("blockedBy"),
        parts: named("subIssues"),
        blocks: named("blocking"),
        ..Edges::default()
    }
}

/// The numbers of the issues that a field names: one, a list of them, or a list with its length.
/// Those of other repositories are kept, and told.
fn issues(fields: &mut Fields, key: &str, space: &str) -> Vec<String> {
    let value = match fields.take(key) {
        None => return Vec::new(),
        Some(Value::Object(mut list)) if list.contains_key("nodes") => {
            let nodes = list.remove("nodes").unwrap_or_default();
            let told = nodes.as_array().map_or(0, Vec::len) as u64;
            let total = list.get("totalCount").and_then(Value::as_u64);
            if let Some(total) = total.filter(|total| *total > told) {
                let message = format!("`{key}` names {told} of {total}");
                fields.misfit(MisfitKind::Edge, message);
            }
            nodes
        }
        Some(other) => other,
    };
    let items = match value {
        Value::Array(items) => items,
        one => vec![one],
    };
    let mut numbers = Vec::new();
    for issue in items {
        let url = issue["url"].as_str().unwrap_or_default();
        let is_here = repository(url).is_none_or(|path| {
            let own = space.strip_prefix("github:");
            own.is_none_or(|own| own.eq_ignore_ascii_case(&path))
        });
        match issue["number"].as_u64().filter(|_| is_here) {
            Some(number) => numbers.push(number.to_string()),
            None => {
                let what = if is_here {
                    "no issue"
                } else {
                    "an issue elsewhere"
                };
                fields.misfit(MisfitKind::Edge, format!("`{key}` names {what}"));
                fields.keep(key, issue);
            }
        }
    }
    numbers
}

/// The repository that an issue's address tells.
fn repository(url: &str) -> Option<String> {
    let (_, path) = url.strip_prefix("https://")?.split_once('/')?;
    let (repository, _) = path.split_once("/issues/")?;
    Some(repository.to_owned())
}

/// What is closed with a reason has it as such.
fn status(fields: &mut Fields) -> Option<Standing> {
    fields.keep_quietly("stateReason");
    let word = fields.text("state")?;
    let category = match word.to_lowercase().as_str() {
        "open" => Some(Category::Open),
        "closed" => Some(Category::Done),
        _ => None,
    };
    Some(Standing { word, category })
}

/// The words under `inner` of a list of objects.
fn names(fields: &mut Fields, key: &str, inner: &str) -> Vec<String> {
    let items = match fields.take(key) {
        None => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
    };
    let names = items
        .into_iter()
        .filter_map(|item| named(fields, key, item, inner));
    names.collect()
}

/// What that object is called, or the word in its place. What has no name is kept and told.
fn named(fields: &mut Fields, key: &str, value: Value, inner: &str) -> Option<String> {
    let Some(name) = value.as_str().or_else(|| value[inner].as_str()) else {
        fields.wrong(key, value, &format!("a text or an object with `{inner}`"));
        return None;
    };
    let line = fields.one_line(key, name, 4_000);
    (!line.is_empty()).then_some(line)
}

fn word(value: &Value, inner: &str) -> Option<String> {
    let word = value.as_str().or_else(|| value[inner].as_str())?;
    Some(word.to_owned())
}

/// `P1`, `priority: high`, `priority/low`.
fn priority(label: &str) -> Option<Priority> {
    let lower = label.to_lowercase();
    let word = lower.strip_prefix("priority").map(|rest| {
        let rest = rest.trim_start_matches([':', '/', '-', '_', ' ']);
        rest.to_owned()
    });
    match word {
        Some(word) => word.parse().ok(),
        None => lower
            .strip_prefix('p')?
            .parse::<u8>()
            .ok()
            .and_then(Priority::new),
    }
}

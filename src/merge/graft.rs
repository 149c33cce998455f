//! Texts of one ticket merged entry by entry: where by lines they cannot be, because what the sides
//! added stands side by side, or in another place of each.

use std::collections::{BTreeMap, BTreeSet};

use super::belonging::{Belonging, list};
use super::choice::join;
use super::fields::Side;
use super::list::{order_against, slots};
use super::text::{mark_differences, merge_lines};

/// What a file's last lines are called, behind every entry.
const END: &str = "\u{10ffff}";

/// An entry of a file, or one of its tables.
#[derive(Clone, Default, PartialEq, Eq)]
struct Node {
    /// What tells it from those beside it.
    id: String,
    /// The comments and empty lines above it.
    above: String,
    /// Its lines; of a table its header, or of an element of an unknown list all of it.
    text: String,
    /// The entries of a table.
    entries: Vec<Node>,
}

/// The three texts in one, all of which spell the same ticket: with the entries, comments and
/// tables that each side added, each behind what it stands behind there, and without those that one
/// removed. What both changed differently is as `side` has it. Whether the text spells the ticket,
/// and has all that it should, is for the caller to verify.
pub(super) fn graft(base: &str, [ours, theirs]: [&str; 2], side: Side) -> String {
    let texts = [base, ours, theirs];
    let counts = texts.map(|text| nodes(text, &BTreeSet::new()).1);
    // What an element is of the ticket is told by its place: all spell the same. So is another list's
    // where all have as many.
    let names = counts.iter().flat_map(BTreeMap::keys);
    let varies = |name: &&String| {
        counts
            .iter()
            .any(|of| of.get(*name) != counts[0].get(*name))
    };
    let whole = names.filter(varies).filter(|name| list(name).is_none());
    let whole: BTreeSet<String> = whole.cloned().collect();
    let [base, ours, theirs] = texts.map(|text| nodes(text, &whole).0);
    let mut out = String::new();
    write(&merge(&base, &ours, &theirs, side), &mut out);
    out
}

fn write(nodes: &[Node], out: &mut String) {
    for node in nodes {
        out.push_str(&node.above);
        out.push_str(&node.text);
        write(&node.entries, out);
    }
}

/// How many elements each list of tables has.
type Counts = BTreeMap<String, usize>;

/// The tables of a text that is TOML, and before them, as one without a header, the keys of the file
/// itself; with the lists that it has. Of those of these names, an element is one node.
fn nodes(text: &str, whole: &BTreeSet<String>) -> (Vec<Node>, Counts) {
    let mut place = Belonging::default();
    let mut counts = Counts::new();
    let mut tables = Vec::new();
    let mut table = Node::default();
    let mut above = String::new();
    // The list of which the table is an element that is one node.
    let mut element: Option<String> = None;
    for line in text.split_inclusive('\n') {
        let ended = format!("{}\n", line.strip_suffix('\n').unwrap_or(line));
        let begun = line.trim();
        let is_within = place.is_within();
        place.pass(line);
        if is_within {
            let open = match table.entries.last_mut() {
                Some(entry) => &mut entry.text,
                None => &mut table.text,
            };
            open.push_str(&ended);
            continue;
        }
        if begun.is_empty() || begun.starts_with('#') {
            above.push_str(&ended);
            continue;
        }
        let header = begun.strip_prefix('[').map(|header| {
            let name = header.trim_start_matches('[');
            name.split_once(']').map_or(name, |(name, _)| name).trim()
        });
        let goes_on = |list: &String| header.is_none_or(|name| is_below(name, list));
        if element.as_ref().is_some_and(goes_on) {
            table.text.push_str(&std::mem::take(&mut above));
            table.text.push_str(&ended);
            continue;
        }
        let node = Node {
            above: std::mem::take(&mut above),
            text: ended,
            ..Node::default()
        };
        match header {
            Some(name) => {
                if begun.starts_with("[[") {
                    *counts.entry(name.to_owned()).or_default() += 1;
                }
                let is_of = |list: &&String| *list == name || is_below(name, list);
                let numbers = counts.keys().filter(is_of).map(|list| counts[list]);
                let id = format!("{name} {:?}", numbers.collect::<Vec<_>>());
                element = whole.get(name).cloned();
                tables.push(std::mem::replace(&mut table, Node { id, ..node }));
            }
            None => {
                let key = begun.split_once('=').map_or(begun, |(key, _)| key);
                let id = key.trim().to_owned();
                table.entries.push(Node { id, ..node });
            }
        }
    }
    tables.push(table);
    // Nothing but what it says tells such an element.
    for table in tables.iter_mut().skip(1) {
        let name = table.id.split(' ').next().unwrap_or_default();
        if whole.contains(name) {
            table.id = format!("{name} {}", table.text);
        }
    }
    if let Some(table) = tables.last_mut().filter(|_| !above.is_empty()) {
        table.entries.push(Node {
            id: END.to_owned(),
            above,
            ..Node::default()
        });
    }
    (tables, counts)
}

/// Whether the table of that name is in an element of that list.
fn is_below(name: &str, list: &str) -> bool {
    let rest = name.strip_prefix(list);
    rest.is_some_and(|rest| rest.starts_with('.'))
}

fn merge(base: &[Node], ours: &[Node], theirs: &[Node], side: Side) -> Vec<Node> {
    let all = [base, ours, theirs];
    let lists = all.map(|nodes| slots(nodes, |node| node.id.clone()));
    let mut out = Vec::new();
    // What the other side wrote above an entry that one removed goes above the next.
    let mut left = String::new();
    for slot in order_against(&lists[0], &lists[1], &lists[2]) {
        let find = |list: usize| {
            let at = lists[list].iter().position(|other| *other == slot)?;
            all[list].get(at)
        };
        let node = match (find(0), find(1), find(2)) {
            (was, Some(mine), Some(other)) => Some(both(was, mine, other, side)),
            (None, mine, other) => mine.or(other).cloned(),
            (Some(was), mine, other) => mine.or(other).and_then(|there| {
                if there.is_as(was) {
                    left.push_str(&new_comments(&was.above, &there.above));
                    return None;
                }
                let is_chosen = mine.is_some() == (side == Side::Ours);
                is_chosen.then(|| there.clone())
            }),
        };
        out.extend(node.map(|node| Node {
            above: std::mem::take(&mut left) + &node.above,
            ..node
        }));
    }
    if !left.is_empty() {
        out.push(Node {
            id: END.to_owned(),
            above: left,
            ..Node::default()
        });
    }
    out
}

/// The comments of the lines that are not in those before.
fn new_comments(before: &str, lines: &str) -> String {
    let known = comments(before);
    let is_new = |line: &&str| !line.trim().is_empty() && !known.contains(&line.trim());
    lines.split_inclusive('\n').filter(is_new).collect()
}

/// What both sides have.
fn both(was: Option<&Node>, ours: &Node, theirs: &Node, side: Side) -> Node {
    let none = Node::default();
    let base = was.unwrap_or(&none);
    Node {
        id: ours.id.clone(),
        above: above([base, ours, theirs].map(|node| node.above.as_str()), side),
        text: lines([base, ours, theirs].map(|node| node.text.as_str()), side),
        entries: merge(&base.entries, &ours.entries, &theirs.entries, side),
    }
}

/// The lines of an entry: those of the side that changed them.
fn lines([base, ours, theirs]: [&str; 3], side: Side) -> String {
    if ours == theirs || base == theirs {
        return ours.to_owned();
    }
    if base == ours {
        return theirs.to_owned();
    }
    // Comments in an array: values differ in nothing else.
    let has_comments = |text: &str| text.contains('#') && text.lines().count() > 1;
    if has_comments(ours) && has_comments(theirs) {
        return merge_lines(base, ours, theirs).unwrap_or_else(|_| {
            let [base, ours, theirs] = [base, ours, theirs].map(elements);
            let mut out = String::new();
            write(&merge(&base, &ours, &theirs, side), &mut out);
            out
        });
    }
    let chosen = if side == Side::Theirs { theirs } else { ours };
    chosen.to_owned()
}

/// The lines of an array, each with the comments above it, told apart by what is no comment.
fn elements(array: &str) -> Vec<Node> {
    let mut place = Belonging::default();
    let mut nodes = Vec::new();
    let mut above = String::new();
    for line in array.split_inclusive('\n') {
        let id = place.without_comment(line).trim().trim_end_matches(',');
        if id.is_empty() {
            above.push_str(line);
            continue;
        }
        nodes.push(Node {
            id: id.to_owned(),
            above: std::mem::take(&mut above),
            text: line.to_owned(),
            ..Node::default()
        });
    }
    nodes
}

/// The comments above an entry: those of the side that changed them, or of both that added some.
fn above([base, ours, theirs]: [&str; 3], side: Side) -> String {
    if comments(ours) == comments(theirs) || comments(base) == comments(theirs) {
        return ours.to_owned();
    }
    if comments(base) == comments(ours) {
        return theirs.to_owned();
    }
    if let Ok(merged) = merge_lines(base, ours, theirs) {
        return merged;
    }
    let has = |side: &str| comments(base).iter().all(|it| comments(side).contains(it));
    match side {
        _ if has(ours) && has(theirs) => join(&mark_differences(ours, theirs)),
        Side::Theirs => theirs.to_owned(),
        Side::Ours | Side::Base => ours.to_owned(),
    }
}

fn comments(lines: &str) -> Vec<&str> {
    let lines = lines.lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).collect()
}

impl Node {
    /// Whether both say the same, but for what stands above them.
    fn is_as(&self, other: &Self) -> bool {
        let mut pairs = self.entries.iter().zip(&other.entries);
        let is_same = |(one, other): (&Self, &Self)| {
            one.id == other.id && one.is_as(other) && comments(&one.above) == comments(&other.above)
        };
        self.text == other.text && self.entries.len() == other.entries.len() && pairs.all(is_same)
    }
}

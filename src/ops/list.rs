//! Listing tickets by what they are.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::choose::Chosen;
use super::records::{Found, Records};
use super::values::{self, invalid, printable, suggest};
use super::{Project, Result, resolve_all};
use crate::graph::{Graph, Readiness};
use crate::model::{Awaiting, Config, Outline, Priority, StatusId, TicketId};
use crate::store::Index;
use crate::wire::TicketRecord;

/// Keys that tickets can be sorted by.
pub const SORT_KEYS: &[&str] = &[
    "priority", "created", "updated", "due", "title", "id", "status", "type", "owner", "estimate",
];

/// The key where none is named.
const DEFAULT_KEY: &str = "priority";

/// Which tickets to list, in words as they were typed. Every filter narrows; the words of one
/// filter widen, but for labels, of which a ticket must have all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// Closed ones too.
    pub all: bool,
    /// These statuses only, closed ones too.
    pub statuses: Vec<String>,
    /// These types only.
    pub types: Vec<String>,
    /// These priorities only; `0-2` is a range.
    pub priorities: Vec<String>,
    /// With all of these labels.
    pub labels: Vec<String>,
    /// Of these owners only; an empty word is nobody.
    pub owners: Vec<String>,
    /// Descendants of this one only.
    pub parent: Option<String>,
    /// Awaiting something; of these kinds, if any are named.
    pub awaiting: Option<Vec<String>>,
    /// That can be started now.
    pub ready: bool,
    /// That have to wait.
    pub blocked: bool,
    /// Past their due day.
    pub overdue: bool,
    /// That fit this expression.
    pub query: Option<String>,
    /// One of [`SORT_KEYS`], after a `-` for the other way round.
    pub sort: Option<String>,
    /// What is told of those that fit.
    pub page: Page,
}

/// What is told of tickets that were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// So many at most.
    pub limit: Option<usize>,
    /// With descriptions, notes and attempts.
    pub texts: bool,
    /// With the commits that name them.
    pub commits: bool,
}

impl Page {
    /// The first of them.
    pub(super) fn of<T>(self, found: &[T]) -> &[T] {
        let most = self.limit.unwrap_or(usize::MAX);
        &found[..found.len().min(most)]
    }
}

/// Finds the tickets and hands them to `tell`.
///
/// # Errors
/// When a word means nothing.
pub fn list<R>(
    project: &Project,
    request: &ListRequest,
    tell: impl FnOnce(&Found<'_, &Outline>) -> R,
) -> Result<R> {
    let (mut filter, key) = (
        Words::new(&project.config, request)?,
        SortKey::new(request)?,
    );
    let query = request.query.as_deref();
    let chosen = query.map(|text| Chosen::new(project, text)).transpose()?;
    if let Some(chosen) = &chosen {
        filter.closed_too |= chosen.query().names_closed();
    }
    let index = project.index()?;
    let graph = project.graph(&index.tickets);
    let mut wanted = filter.among(project, &index, &graph, request)?;
    let fitting = |wanted: &Wanted<'_>| {
        let all = index.tickets.iter().filter(|ticket| wanted.has(ticket));
        let all: Vec<&Outline> = all.collect();
        match &chosen {
            Some(chosen) => chosen.among(project, &index, &graph, &all),
            None => Ok(all),
        }
    };
    let mut found = fitting(&wanted)?;
    if found.is_empty() {
        let of_query = chosen.iter().flat_map(|chosen| chosen.query().labels());
        wanted.tell_of_unknown_labels(of_query);
        if !wanted.words.closed_too {
            wanted.words.closed_too = true;
            tell_of_closed(project, fitting(&wanted)?.len());
        }
    }
    let shown = request.page.limit.unwrap_or(found.len());
    key.sort(&mut found, shown, &project.config);
    let records = Records::new(project, &index, &graph);
    let found = Found::new(records, &found, request.page, |ticket| ticket)?;
    Ok(tell(&found))
}

/// The tickets that a request asks for.
pub(super) struct Wanted<'w> {
    project: &'w Project,
    index: &'w Index,
    graph: &'w Graph<'w>,
    words: Words,
    within: Option<BTreeSet<TicketId>>,
}

impl Wanted<'_> {
    /// Whether that ticket is one of them.
    pub(super) fn has(&self, ticket: &Outline) -> bool {
        let within = self.within.as_ref();
        within.is_none_or(|ids| ids.contains(&ticket.id))
            && self.words.fits(self.project, self.graph, ticket)
    }

    /// Says so where nothing is found because no ticket has such a label, or one of these.
    pub(super) fn tell_of_unknown_labels<'l>(&'l self, more: impl Iterator<Item = &'l str>) {
        let own = self.words.labels.iter().map(String::as_str);
        let labels: Vec<&str> = own.chain(more).collect();
        tell_of_unknown_labels(self.project, &labels, &self.index.tickets);
    }
}

/// The names of fields of a ticket's JSON, as `--fields` chooses them.
///
/// # Errors
/// When there is no such field.
pub fn field_names(given: &[String]) -> Result<Vec<String>> {
    let known = TicketRecord::keys();
    given
        .iter()
        .map(|word| {
            let word = word.trim();
            if known.iter().any(|key| key == word) {
                return Ok(word.to_owned());
            }
            let shown = printable(word);
            let message = format!(
                "unknown field `{shown}`: expected one of {}",
                known.join(", ")
            );
            Err(suggest(
                invalid(message),
                word,
                known.iter().map(String::as_str),
            ))
        })
        .collect()
}

/// A request whose words have been understood.
pub(super) struct Words {
    closed_too: bool,
    statuses: Vec<StatusId>,
    types: Vec<String>,
    priorities: Vec<Priority>,
    /// Known where the tickets are.
    labels: BTreeSet<String>,
    owners: Vec<Option<String>>,
    awaiting: Option<Vec<Awaiting>>,
    ready: bool,
    blocked: bool,
    overdue: bool,
}

impl Words {
    pub(super) fn new(config: &Config, request: &ListRequest) -> Result<Self> {
        let split = |given: &[String]| -> Vec<String> {
            given
                .iter()
                .flat_map(|words| words.split(','))
                .map(str::to_owned)
                .collect()
        };
        let statuses = split(&request.statuses);
        let types = split(&request.types);
        let owners = split(&request.owners);
        let awaiting = request.awaiting.as_ref().map(|kinds| {
            let kinds = split(kinds).into_iter();
            kinds
                .filter_map(|kind| values::word(&kind).transpose())
                .collect::<Result<Vec<_>>>()
        });
        if request.ready && request.blocked {
            return Err(invalid(
                "`--ready` and `--blocked` leave nothing: expected one of them",
            ));
        }
        Ok(Self {
            closed_too: request.all || !statuses.is_empty(),
            statuses: statuses
                .iter()
                .map(|word| values::status(config, word))
                .collect::<Result<_>>()?,
            types: types
                .iter()
                .map(|word| values::kind(config, word))
                .collect::<Result<_>>()?,
            priorities: priorities(&split(&request.priorities))?,
            labels: BTreeSet::new(),
            owners: owners
                .iter()
                .map(|word| values::line("owner", word))
                .collect::<Result<_>>()?,
            awaiting: awaiting.transpose()?,
            ready: request.ready,
            blocked: request.blocked,
            overdue: request.overdue,
        })
    }

    /// What the request asks for among these tickets.
    pub(super) fn among<'w>(
        mut self,
        project: &'w Project,
        index: &'w Index,
        graph: &'w Graph<'w>,
        request: &ListRequest,
    ) -> Result<Wanted<'w>> {
        self.labels = values::labels_there(&request.labels, |label| {
            let mut tickets = index.tickets.iter();
            tickets.any(|ticket| ticket.labels().contains(&label))
        })?;
        let within = match &request.parent {
            Some(given) => {
                let parents = resolve_all(index, graph, std::slice::from_ref(given))?;
                let below = parents.iter().flat_map(|id| graph.descendants(id));
                Some(below.collect())
            }
            None => None,
        };
        Ok(Wanted {
            project,
            index,
            graph,
            words: self,
            within,
        })
    }

    fn of_owner(&self, owner: Option<&str>) -> bool {
        self.owners.iter().any(|wanted| wanted.as_deref() == owner)
    }

    fn has_labels(&self, labels: &[&str]) -> bool {
        self.labels
            .iter()
            .all(|label| labels.contains(&label.as_str()))
    }

    fn fits(&self, project: &Project, graph: &Graph<'_>, ticket: &Outline) -> bool {
        let done = ticket.is_done(&project.config.statuses);
        let of_status = || {
            let status = ticket.status();
            self.statuses.iter().any(|wanted| wanted.as_str() == status)
        };
        let one_of = |set: bool, found: bool| !set || found;
        let awaits = self.awaiting.as_ref().is_none_or(|kinds| {
            ticket
                .awaiting()
                .is_some_and(|kind| kinds.is_empty() || kinds.contains(&kind))
        });
        let today = || project.now.to_zoned(TimeZone::UTC).date();
        let late = |due: Date| !done && due < today();
        (self.closed_too || !done)
            && (self.statuses.is_empty() || of_status())
            && (self.types.is_empty() || self.types.iter().any(|kind| kind == ticket.kind()))
            && one_of(
                !self.priorities.is_empty(),
                self.priorities.contains(&ticket.priority()),
            )
            && (self.owners.is_empty() || self.of_owner(ticket.owner()))
            && (self.labels.is_empty() || self.has_labels(&ticket.labels()))
            && awaits
            && (!self.overdue || ticket.due().is_some_and(late))
            && (!self.ready || graph.is_ready(&ticket.id))
            && (!self.blocked || matches!(graph.readiness(&ticket.id), Readiness::Blocked(_)))
    }
}

/// Labels are free, so that no ticket has one is no mistake, but may be a slip.
fn tell_of_unknown_labels(project: &Project, labels: &[&str], tickets: &[Outline]) {
    if labels.is_empty() {
        return;
    }
    let known: BTreeSet<&str> = tickets.iter().flat_map(Outline::labels).collect();
    for label in labels {
        if known.contains(label) {
            continue;
        }
        let hint = format!("no ticket has the label `{}`", printable(label));
        project.hint(match values::likeliest(label, known.iter().copied()) {
            Some(near) => format!("{hint}; did you mean `{}`?", printable(near)),
            None => hint,
        });
    }
}

/// Says so where nothing is found but among what is closed, which was not asked for.
fn tell_of_closed(project: &Project, closed: usize) {
    match closed {
        0 => {}
        1 => project.hint("one that is closed fits: `--all` shows it"),
        _ => project.hint(format!("{closed} that are closed fit: `--all` shows them")),
    }
}

/// What decides between tickets where nothing else does: priority, then age. As a number, since
/// all of many are compared by it.
pub(super) fn urgency(ticket: &Outline) -> u128 {
    let age = ticket.created_at().map_or(u128::MAX >> 8, |created| {
        created
            .as_nanosecond()
            .abs_diff(Timestamp::MIN.as_nanosecond())
    });
    u128::from(ticket.priority().number()) << 120 | age
}

fn priorities(words: &[String]) -> Result<Vec<Priority>> {
    let one = |word: &str| -> Result<Priority> {
        values::word(word)?.ok_or_else(|| invalid("a priority is blank: expected 0 to 4"))
    };
    let mut all = Vec::new();
    for word in words {
        let range = word.split_once('-');
        let Some((from, to)) = range.filter(|(from, _)| !from.is_empty()) else {
            all.push(one(word)?);
            continue;
        };
        let (from, to) = (one(from)?, one(to)?);
        if from > to {
            let shown = printable(word);
            let message = format!("the range `{shown}` is reversed: expected `{to}-{from}`");
            return Err(invalid(message));
        }
        all.extend((from.number()..=to.number()).filter_map(Priority::new));
    }
    Ok(all)
}

/// Sorts those that come in the order of their ids by urgency, the first `shown` of them: many
/// more are mostly found than shown.
fn most_urgent_first(tickets: &mut Vec<&Outline>, shown: usize) {
    let keyed = tickets.iter().enumerate();
    let mut keyed: Vec<(u128, usize)> = keyed
        .map(|(place, ticket)| (urgency(ticket), place))
        .collect();
    if shown < keyed.len() {
        keyed.select_nth_unstable(shown);
    }
    keyed[..shown.min(tickets.len())].sort_unstable();
    *tickets = keyed.into_iter().map(|(_, place)| tickets[place]).collect();
}

struct SortKey {
    key: &'static str,
    reversed: bool,
}

impl SortKey {
    fn new(request: &ListRequest) -> Result<Self> {
        let given = request.sort.as_deref().unwrap_or(DEFAULT_KEY).trim();
        let (word, reversed) = match given.strip_prefix('-') {
            Some(word) => (word, true),
            None => (given, false),
        };
        match SORT_KEYS.iter().find(|key| **key == word) {
            Some(key) => Ok(Self { key, reversed }),
            None => {
                let expected = SORT_KEYS.join(", ");
                let shown = printable(given);
                let message = format!("unknown sort key `{shown}`: expected one of {expected}");
                Err(suggest(invalid(message), word, SORT_KEYS.iter().copied()))
            }
        }
    }

    /// Sorts by the key, then by priority, age and id, so that the first `shown` are the first and
    /// in order. What has no value of the key is last, whichever way round.
    fn sort(&self, tickets: &mut Vec<&Outline>, shown: usize, config: &Config) {
        if self.key == DEFAULT_KEY && !self.reversed {
            return most_urgent_first(tickets, shown);
        }
        most_urgent_first(tickets, tickets.len());
        let place = |status: &str| {
            let all = config.statuses.all();
            all.iter().position(|def| *def.id == *status)
        };
        match self.key {
            "created" => self.by(tickets, |t| t.created_at()),
            // The newest is what people look for.
            "updated" => self.by(tickets, |t| t.updated_at().map(Reverse)),
            "due" => self.by(tickets, |t| t.due()),
            "title" => self.by(tickets, |t| Some(t.title().to_lowercase())),
            "id" => self.by(tickets, |t| Some(&t.id)),
            "status" => self.by(tickets, |t| place(t.status())),
            "type" => self.by(tickets, |t| Some(t.kind())),
            "owner" => self.by(tickets, |t| t.owner()),
            "estimate" => self.by(tickets, |t| t.times().0),
            _ => self.by(tickets, |t| Some(t.priority())),
        }
    }

    /// Sorts by that, and leaves those in their order of which it is the same.
    fn by<'t, K: Ord>(&self, tickets: &mut [&'t Outline], key: impl Fn(&'t Outline) -> Option<K>) {
        if self.reversed {
            tickets.sort_by_cached_key(|ticket| {
                let value = key(ticket);
                (value.is_none(), value.map(Reverse))
            });
        } else {
            tickets.sort_by_cached_key(|ticket| {
                let value = key(ticket);
                (value.is_none(), value)
            });
        }
    }
}

//! A query, put to the tickets of a project.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Query;
use super::condition::Condition;
use super::expression::Expression;
use super::field::{Field, Flag, Kind};
use super::phrase::{Phrase, normal};
use super::subject::Subject;
use super::token::Operator;
use super::value::Value;
use super::when::{Extent, day_of, start_of};
use crate::graph::Graph;
use crate::model::{Category, Defer, Statuses, Ticket, TicketId};
use crate::search;

/// A query whose tickets are known, so that every ticket can be asked whether it fits.
pub struct Selection<'s> {
    test: Test,
    graph: &'s Graph<'s>,
    statuses: &'s Statuses,
    now: Timestamp,
}

/// What is asked of a ticket. Of several parts those come first that take the least reading.
enum Test {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Flag(Flag),
    Filled(Field),
    /// Its texts may have all of these in them: without that, no file need be read.
    Mentions(Vec<String>),
    /// The words stand in one of the field's texts.
    Says(Field, Phrase),
    /// One of the field's texts or words has that in it, whatever its capitals and accents.
    Contains(Field, String),
    /// One of the field's texts or words is that.
    Equals(Field, String),
    /// One of the field's tickets is that.
    Names(Field, TicketId),
    /// It is one of these itself.
    Among(BTreeSet<TicketId>),
    /// Its number is in order with that one.
    Number(Field, Operator, u64, u64),
    Moment(Field, Operator, Extent),
    Day(Operator, Date),
}

impl Query {
    /// The query, put to the tickets of the graph. `resolve` finds the ticket that a word means.
    ///
    /// # Errors
    /// Those of `resolve`, with the place of the word.
    pub fn among<'s, E>(
        &self,
        graph: &'s Graph<'s>,
        statuses: &'s Statuses,
        mut resolve: impl FnMut(&str) -> Result<TicketId, E>,
    ) -> Result<Selection<'s>, (E, Range<usize>)> {
        let mut meant: HashMap<&str, TicketId> = HashMap::new();
        for (word, at) in &self.tickets {
            if !meant.contains_key(word.as_str()) {
                let id = resolve(word).map_err(|error| (error, at.clone()))?;
                meant.insert(word, id);
            }
        }
        let compiler = Compiler {
            meant: &meant,
            graph,
            now: self.now,
        };
        Ok(Selection {
            test: compiler.test(&self.expression),
            graph,
            statuses,
            now: self.now,
        })
    }
}

struct Compiler<'c> {
    meant: &'c HashMap<&'c str, TicketId>,
    graph: &'c Graph<'c>,
    now: Timestamp,
}

impl Compiler<'_> {
    fn test(&self, expression: &Expression) -> Test {
        let sorted = |parts: &[Expression]| {
            let mut tests: Vec<Test> = parts.iter().map(|part| self.test(part)).collect();
            tests.sort_by_key(Test::reading);
            tests
        };
        match expression {
            Expression::And(parts) => Test::All(sorted(parts)),
            Expression::Or(parts) => Test::Any(sorted(parts)),
            Expression::Not(part) => Test::Not(Box::new(self.test(part))),
            Expression::Condition(condition) => self.condition(condition),
        }
    }

    fn condition(&self, condition: &Condition) -> Test {
        let (field, operator, values) = match condition {
            Condition::Says(words) => {
                let says = Test::Says(Field::Text, Phrase::new(words));
                return says.mentioning(words);
            }
            Condition::Is(flag) => return Test::Flag(*flag),
            Condition::Filled(field) => return Test::Filled(*field),
            Condition::Compared {
                field,
                operator,
                values,
            } => (*field, *operator, values),
        };
        let (turned, operator) = match operator {
            Operator::IsNot => (true, Operator::Is),
            operator => (false, operator),
        };
        let tests = values
            .iter()
            .map(|value| self.value(field, operator, value));
        let test = Test::Any(tests.collect());
        match turned {
            true => Test::Not(Box::new(test)),
            false => test,
        }
    }

    fn value(&self, field: Field, operator: Operator, value: &Value) -> Test {
        let never = || Test::Any(Vec::new());
        match value {
            Value::Nothing => Test::Not(Box::new(Test::Filled(field))),
            Value::Word(word) => {
                let test = match operator {
                    Operator::Has => Test::Says(field, Phrase::new(word)),
                    Operator::Contains => Test::Contains(field, normal(word)),
                    _ => Test::Equals(field, word.clone()),
                };
                test.mentioning(word)
            }
            Value::Ticket(word) => match self.meant.get(word.as_str()) {
                Some(id) => self.ticket(field, id),
                None => never(),
            },
            Value::Priorities(from, to) => {
                Test::Number(field, operator, from.number().into(), to.number().into())
            }
            Value::Length(span) => Test::Number(field, operator, span.seconds(), span.seconds()),
            Value::Money(amount) => Test::Number(field, operator, amount.nanos(), amount.nanos()),
            Value::When(when) if field.kind() == Kind::Day => match when.day(self.now) {
                Some(day) => Test::Day(operator, day),
                None => never(),
            },
            Value::When(when) => {
                let extent = match operator {
                    Operator::Is => when.equal(self.now),
                    _ => when.extent(self.now),
                };
                extent.map_or_else(never, |extent| Test::Moment(field, operator, extent))
            }
        }
    }

    fn ticket(&self, field: Field, id: &TicketId) -> Test {
        match field {
            Field::Id => Test::Among(BTreeSet::from([id.clone()])),
            Field::Epic => Test::Among(self.graph.descendants(id).into_iter().collect()),
            _ => Test::Names(field, id.clone()),
        }
    }
}

/// How much is read for a test that reads a ticket's file.
const FILE: u8 = 3;

impl Test {
    /// The test, before which is asked whether the texts may have that in them, if it would
    /// have to read them.
    fn mentioning(self, text: &str) -> Self {
        if self.reading() < FILE {
            return self;
        }
        let parts = search::parts(text);
        if parts.is_empty() {
            return self;
        }
        Self::All(vec![Self::Mentions(parts), self])
    }

    /// How much has to be read of a ticket: 0 for a part of its outline, 1 for all of it, 2 for
    /// what is kept of the words of its texts, 3 for its file.
    fn reading(&self) -> u8 {
        match self {
            Self::All(tests) | Self::Any(tests) => {
                tests.iter().map(Self::reading).max().unwrap_or_default()
            }
            Self::Not(test) => test.reading(),
            Self::Flag(_) | Self::Among(_) | Self::Day(..) => 0,
            Self::Filled(Field::Notes) => 1,
            Self::Mentions(_) => 2,
            Self::Filled(field)
            | Self::Says(field, _)
            | Self::Contains(field, _)
            | Self::Equals(field, _)
            | Self::Names(field, _)
            | Self::Number(field, ..)
            | Self::Moment(field, ..) => match field {
                Field::Text | Field::Description | Field::Notes => FILE,
                Field::Title
                | Field::Status
                | Field::Type
                | Field::Priority
                | Field::Label
                | Field::Owner
                | Field::Id
                | Field::Parent
                | Field::Epic
                | Field::BlockedBy
                | Field::Blocks
                | Field::Requires
                | Field::Awaiting
                | Field::Created
                | Field::Updated
                | Field::Due
                | Field::Defer
                | Field::Estimate => 0,
                _ => 1,
            },
        }
    }
}

impl Selection<'_> {
    /// Whether the ticket fits.
    #[must_use]
    pub fn matches(&self, ticket: &Subject<'_>) -> bool {
        self.holds(&self.test, ticket)
    }

    fn holds(&self, test: &Test, ticket: &Subject<'_>) -> bool {
        match test {
            Test::All(tests) => tests.iter().all(|test| self.holds(test, ticket)),
            Test::Any(tests) => tests.iter().any(|test| self.holds(test, ticket)),
            Test::Not(test) => !self.holds(test, ticket),
            Test::Flag(flag) => self.is(*flag, ticket),
            Test::Filled(field) => self.is_filled(*field, ticket),
            Test::Mentions(parts) => ticket.may_mention(parts),
            Test::Says(field, phrase) => any_word(*field, ticket, &|text| phrase.is_in(text)),
            Test::Contains(field, part) => {
                any_word(*field, ticket, &|text| normal(text).contains(part))
            }
            Test::Equals(field, word) => any_word(*field, ticket, &|text| text == word),
            Test::Names(field, id) => self.any_ticket(*field, ticket, &|named| named == id),
            Test::Among(ids) => ids.contains(&ticket.outline.id),
            Test::Number(field, operator, from, to) => {
                number(*field, ticket).is_some_and(|number| match operator {
                    Operator::Less => number < *from,
                    Operator::AtMost => number <= *to,
                    Operator::More => number > *to,
                    Operator::AtLeast => number >= *from,
                    _ => (*from..=*to).contains(&number),
                })
            }
            Test::Moment(field, operator, extent) => {
                moment(*field, ticket).is_some_and(|at| match operator {
                    Operator::Less => at < extent.start,
                    Operator::AtMost => at < extent.end,
                    Operator::More => at >= extent.end,
                    Operator::AtLeast => at >= extent.start,
                    _ => extent.start <= at && at < extent.end,
                })
            }
            Test::Day(operator, day) => ticket.outline.due().is_some_and(|due| match operator {
                Operator::Less => due < *day,
                Operator::AtMost => due <= *day,
                Operator::More => due > *day,
                Operator::AtLeast => due >= *day,
                _ => due == *day,
            }),
        }
    }

    fn is(&self, flag: Flag, ticket: &Subject<'_>) -> bool {
        let outline = ticket.outline;
        let category = || outline.category(self.statuses);
        match flag {
            Flag::Open => category() != Category::Done,
            Flag::Active => category() == Category::Active,
            Flag::Closed => category() == Category::Done,
            Flag::Ready => self.graph.is_ready(&outline.id),
            // As `Readiness::Blocked`, without working out why.
            Flag::Blocked => {
                category() == Category::Open
                    && !self.graph.is_epic(&outline.id)
                    && !self.graph.is_ready(&outline.id)
            }
            Flag::Overdue => {
                let late = |due: Date| due < day_of(self.now);
                category() != Category::Done && outline.due().is_some_and(late)
            }
            Flag::Deferred => {
                let until = outline.edges().defer_until;
                let holds = |until: Defer| until.holds(self.now);
                category() != Category::Done && until.is_some_and(holds)
            }
            Flag::Epic => self.graph.is_epic(&outline.id),
        }
    }

    fn is_filled(&self, field: Field, ticket: &Subject<'_>) -> bool {
        match field.kind() {
            Kind::Ticket => match field {
                Field::Id => true,
                _ => self.any_ticket(field, ticket, &|_| true),
            },
            Kind::Priority | Kind::Length | Kind::Money => number(field, ticket).is_some(),
            Kind::Moment => moment(field, ticket).is_some(),
            Kind::Day => ticket.outline.due().is_some(),
            // What they say is not in the outline, but that there are some.
            Kind::Text if field == Field::Notes => !ticket.brief().notes.is_empty(),
            _ => any_word(field, ticket, &|text| !text.trim().is_empty()),
        }
    }

    /// Whether one of the tickets that the field names is so.
    fn any_ticket(
        &self,
        field: Field,
        ticket: &Subject<'_>,
        is: &dyn Fn(&TicketId) -> bool,
    ) -> bool {
        let id = &ticket.outline.id;
        let edges = || ticket.outline.edges();
        match field {
            Field::Parent => {
                let parent = ticket.outline.parent().map(TicketId::known);
                parent.as_ref().is_some_and(is)
            }
            Field::Epic => self.graph.ancestors(id).iter().any(is),
            Field::BlockedBy => edges().blocked_by.ids().any(|id| is(&id)),
            Field::Blocks => self.graph.blocks(id).iter().any(is),
            Field::After => edges().after.ids().any(|id| is(&id)),
            Field::Related => ticket.brief().related.iter().any(is),
            Field::DiscoveredFrom => ticket.brief().discovered_from.as_ref().is_some_and(is),
            Field::DuplicateOf => ticket.brief().duplicate_of.as_ref().is_some_and(is),
            Field::RecursFrom => ticket.brief().recurs_from.as_ref().is_some_and(is),
            _ => is(id),
        }
    }
}

/// Whether one of the field's texts or words is so.
fn any_word(field: Field, ticket: &Subject<'_>, is: &dyn Fn(&str) -> bool) -> bool {
    let outline = ticket.outline;
    let brief = |get: fn(&Ticket) -> Option<&str>| get(ticket.brief()).is_some_and(is);
    let texts = |get: fn(&Ticket) -> &[String]| get(ticket.brief()).iter().any(|text| is(text));
    let description = || ticket.whole().is_some_and(|ticket| is(&ticket.description));
    let notes = || {
        let notes = ticket.whole().map(|ticket| ticket.notes.iter());
        notes.into_iter().flatten().any(|note| is(&note.text))
    };
    let acceptance = || {
        let mut items = ticket.brief().acceptance.iter();
        items.any(|item| is(&item.text))
    };
    match field {
        Field::Text => is(outline.title()) || acceptance() || description() || notes(),
        Field::Title => is(outline.title()),
        Field::Description => description(),
        Field::Notes => notes(),
        Field::Acceptance => acceptance(),
        Field::Status => is(outline.status()),
        Field::Type => is(outline.kind()),
        Field::Label => outline.labels().into_iter().any(is),
        Field::Owner => outline.owner().is_some_and(is),
        Field::Requires => outline.requires().is_some_and(|gate| is(gate.as_str())),
        Field::Awaiting => outline.awaiting().is_some_and(|kind| is(kind.as_str())),
        Field::Verdict => brief(|ticket| ticket.verdict.map(|verdict| verdict.as_str())),
        Field::Agent => brief(|ticket| ticket.agent.as_deref()),
        Field::Model => brief(|ticket| ticket.model.as_deref()),
        Field::Lock => brief(|ticket| ticket.lock.as_deref()),
        Field::Pr => brief(|ticket| ticket.pr.as_deref()),
        Field::Repeat => {
            let often = ticket.brief().repeat;
            often.is_some_and(|it| is(&it.plain().to_string()) || is(&it.to_string()))
        }
        Field::Reason => brief(|ticket| ticket.reason.as_deref()),
        Field::CreatedBy => brief(|ticket| ticket.created_by.as_deref()),
        Field::ClosedBy => brief(|ticket| ticket.closed_by.as_deref()),
        Field::Checks => texts(|ticket| &ticket.checks),
        Field::Touches => texts(|ticket| &ticket.touches),
        Field::Subtasks => {
            let mut steps = ticket.brief().subtasks.iter();
            steps.any(|step| is(&step.title))
        }
        // They have no words.
        Field::Priority
        | Field::Id
        | Field::Parent
        | Field::Epic
        | Field::BlockedBy
        | Field::Blocks
        | Field::After
        | Field::Related
        | Field::DiscoveredFrom
        | Field::DuplicateOf
        | Field::RecursFrom
        | Field::Created
        | Field::Started
        | Field::Updated
        | Field::Closed
        | Field::Due
        | Field::Defer
        | Field::Estimate
        | Field::Cost => false,
    }
}

fn number(field: Field, ticket: &Subject<'_>) -> Option<u64> {
    match field {
        Field::Priority => Some(ticket.outline.priority().number().into()),
        Field::Estimate => ticket.outline.times().0.map(|span| span.seconds()),
        Field::Cost => ticket.brief().cost().map(|cost| cost.nanos()),
        _ => None,
    }
}

fn moment(field: Field, ticket: &Subject<'_>) -> Option<Timestamp> {
    match field {
        Field::Created => ticket.outline.created_at(),
        Field::Updated => ticket.outline.updated_at(),
        Field::Started => ticket.brief().started_at,
        Field::Closed => ticket.brief().closed_at,
        Field::Defer => match ticket.outline.edges().defer_until? {
            Defer::At(at) => Some(at),
            Defer::Day(day) => Some(start_of(day)),
        },
        _ => None,
    }
}

//! What fits is what a plain reading of the query says.

use super::*;

/// A small project's tickets: each with a part of everything.
fn tickets() -> impl Strategy<Value = Vec<Ticket>> {
    proptest::collection::vec(ticket(), 1..6).prop_map(|mut tickets| {
        for (number, ticket) in (b'a'..).zip(&mut tickets) {
            ticket.id = TicketId::parse(&format!("{}11", char::from(number))).unwrap();
        }
        let ids: Vec<TicketId> = tickets.iter().map(|ticket| ticket.id.clone()).collect();
        for (number, ticket) in tickets.iter_mut().enumerate() {
            // Only earlier ones, so that there is no cycle.
            if ticket.labels.len() == 1 && number > 0 {
                ticket.parent = Some(ids[number / 2].clone());
            }
        }
        tickets
    })
}

fn ticket() -> impl Strategy<Value = Ticket> {
    let word = || proptest::sample::select(vec!["log", "in", "login", "Log in", ""]);
    let day = || proptest::option::of(18..=22_i8);
    let words = (word(), word(), word());
    let sets = (
        proptest::sample::subsequence(vec!["api", "ui"], 0..=2),
        proptest::option::of(proptest::sample::select(vec!["ann", "ben"])),
        proptest::sample::select(vec!["open", "in_progress", "closed"]),
        proptest::sample::select(vec!["bug", "task"]),
    );
    let numbers = (0..=4_u8, day(), day(), proptest::option::of(0..4_u64));
    (words, sets, numbers).prop_map(|(words, sets, numbers)| {
        let (title, description, acceptance) = words;
        let (labels, owner, status, kind) = sets;
        let (priority, due, created, hours) = numbers;
        let id = TicketId::parse("a11").unwrap();
        let mut ticket = Ticket::new(id, title.into(), kind.into(), StatusId::new(status));
        ticket.description = description.into();
        if !acceptance.is_empty() {
            ticket.acceptance.push(Acceptance {
                text: acceptance.into(),
                ..Acceptance::default()
            });
        }
        ticket.labels = labels.into_iter().map(str::to_owned).collect();
        ticket.owner = owner.map(str::to_owned);
        ticket.priority = Priority::new(priority).unwrap();
        ticket.due = due.map(|day| Date::new(2026, 11, day).unwrap());
        ticket.created_at = created.map(|day| format!("2026-11-{day}T12:00:00Z").parse().unwrap());
        ticket.estimate = hours.map(|hours| Span::from_secs(hours * 3600));
        ticket
    })
}

/// Conditions on what those tickets have, as text and as a plain reading of it.
type Plain = (&'static str, fn(&Ticket) -> bool);

const PLAIN: &[Plain] = &[
    ("type=bug", |t| t.kind == "bug"),
    ("type!=bug,task", |_| false),
    ("status=open,closed", |t| t.status.as_str() != "in_progress"),
    ("open", |t| t.status.as_str() != "closed"),
    ("active", |t| t.status.as_str() == "in_progress"),
    ("closed", |t| t.status.as_str() == "closed"),
    ("priority<2", |t| t.priority.number() < 2),
    ("priority<=2", |t| t.priority.number() <= 2),
    ("priority>2", |t| t.priority.number() > 2),
    ("priority>=2", |t| t.priority.number() >= 2),
    ("priority=1-3", |t| (1..=3).contains(&t.priority.number())),
    ("priority!=1-3", |t| !(1..=3).contains(&t.priority.number())),
    ("label:api", |t| t.labels.contains("api")),
    ("label!=api,ui", |t| t.labels.is_empty()),
    ("label~AP", |t| t.labels.contains("api")),
    ("label=\"\"", |t| t.labels.is_empty()),
    ("has:label", |t| !t.labels.is_empty()),
    ("owner=ann", |t| t.owner.as_deref() == Some("ann")),
    ("owner!=ann", |t| t.owner.as_deref() != Some("ann")),
    ("owner=ann,\"\"", |t| t.owner.as_deref() != Some("ben")),
    ("due<today", |t| t.due.is_some_and(|d| d.day() < 20)),
    ("due<=today", |t| t.due.is_some_and(|d| d.day() <= 20)),
    ("due>now", |t| t.due.is_some_and(|d| d.day() > 20)),
    ("due>=+1d", |t| t.due.is_some_and(|d| d.day() >= 21)),
    ("due=yesterday", |t| t.due.is_some_and(|d| d.day() == 19)),
    ("due!=yesterday", |t| t.due.is_none_or(|d| d.day() != 19)),
    ("overdue", |t| {
        t.status.as_str() != "closed" && t.due.is_some_and(|d| d.day() < 20)
    }),
    // Each was created at noon, and it is 08:38 of the 20th.
    ("created<today", |t| created(t).is_some_and(|d| d < 20)),
    ("created<=today", |t| created(t).is_some_and(|d| d <= 20)),
    ("created>today", |t| created(t).is_some_and(|d| d > 20)),
    ("created>=today", |t| created(t).is_some_and(|d| d >= 20)),
    ("created<9999-12-31", |t| created(t).is_some()),
    ("created>=9999-12-31", |_| false),
    ("created<now", |t| created(t).is_some_and(|d| d < 20)),
    ("created>-1d", |t| created(t).is_some_and(|d| d >= 19)),
    ("created>=-20h", |t| created(t).is_some_and(|d| d >= 20)),
    ("created=-1d", |t| created(t) == Some(19)),
    ("created>2026-11-19T12:00:00Z", |t| {
        created(t).is_some_and(|d| d > 19)
    }),
    ("created>=2026-11-19T12:00:00Z", |t| {
        created(t).is_some_and(|d| d >= 19)
    }),
    ("created<=2026-11-19T12:00:00Z", |t| {
        created(t).is_some_and(|d| d <= 19)
    }),
    ("created=2026-11-19", |t| created(t) == Some(19)),
    ("created=2026-11-19T12:00", |t| created(t) == Some(19)),
    ("created=2026-11-19T12:00:01Z", |_| false),
    ("created!=2026-11-19T14:00+02:00", |t| {
        created(t) != Some(19)
    }),
    ("created!=2026-11-19T11:59:59Z", |_| true),
    ("has:created", |t| t.created_at.is_some()),
    ("estimate<2h", |t| {
        t.estimate.is_some_and(|e| e.seconds() < 7200)
    }),
    ("estimate>=2h", |t| {
        t.estimate.is_some_and(|e| e.seconds() >= 7200)
    }),
    ("estimate=\"\"", |t| t.estimate.is_none()),
    ("\"log\"", |t| {
        texts(t).any(|text| matches!(text, "log" | "Log in"))
    }),
    ("\"LOG  IN\"", |t| texts(t).any(|text| text == "Log in")),
    ("\"log*\"", |t| {
        texts(t).any(|text| text.to_lowercase().starts_with("log"))
    }),
    ("\"in\"", |t| {
        texts(t).any(|text| matches!(text, "in" | "Log in"))
    }),
    ("text~gin", |t| texts(t).any(|text| text == "login")),
    ("title=log", |t| t.title == "log"),
    ("description:log", |t| {
        matches!(t.description.as_str(), "log" | "Log in")
    }),
    ("description=\"\"", |t| t.description.is_empty()),
    ("has:description", |t| !t.description.is_empty()),
    ("acceptance~IN", |t| {
        t.acceptance
            .iter()
            .any(|a| a.text.to_lowercase().contains("in"))
    }),
    ("id=a11,b11", |t| matches!(t.id.as_str(), "a11" | "b11")),
    ("parent=a11", |t| {
        t.parent.as_ref().is_some_and(|p| p.as_str() == "a11")
    }),
    ("parent=\"\"", |t| t.parent.is_none()),
];

fn created(ticket: &Ticket) -> Option<i8> {
    ticket.created_at.map(|at| when::day_of(at).day())
}

fn texts(ticket: &Ticket) -> impl Iterator<Item = &str> {
    let own = [ticket.title.as_str(), ticket.description.as_str()];
    let acceptance = ticket.acceptance.iter().map(|item| item.text.as_str());
    own.into_iter().chain(acceptance)
}

/// A query as a tree of plain conditions.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(usize),
    Not(Box<Self>),
    Two(bool, Box<Self>, Box<Self>),
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Self::Leaf(number) => PLAIN[*number].0.to_owned(),
            Self::Not(part) => format!("not ({})", part.text()),
            Self::Two(true, a, b) => format!("({}) ({})", a.text(), b.text()),
            Self::Two(false, a, b) => format!("({}) or {}", a.text(), b.text()),
        }
    }

    fn holds(&self, ticket: &Ticket) -> bool {
        match self {
            Self::Leaf(number) => (PLAIN[*number].1)(ticket),
            Self::Not(part) => !part.holds(ticket),
            Self::Two(true, a, b) => a.holds(ticket) && b.holds(ticket),
            Self::Two(false, a, b) => a.holds(ticket) || b.holds(ticket),
        }
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    (0..PLAIN.len())
        .prop_map(Tree::Leaf)
        .prop_recursive(3, 12, 2, |inner| {
            let pair = (any::<bool>(), inner.clone(), inner.clone());
            prop_oneof![
                inner.prop_map(|part| Tree::Not(Box::new(part))),
                pair.prop_map(|(and, a, b)| Tree::Two(and, Box::new(a), Box::new(b))),
            ]
        })
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn evaluation_is_that_of_a_plain_reading(tickets in tickets(), tree in trees()) {
        let config = Config::default();
        let graph = Graph::new(&tickets, &config.statuses, now());
        let text = tree.text();
        let query = Query::parse(&text, &config, now()).unwrap();
        let find = |word: &str| TicketId::parse(word);
        let selection = query.among(&graph, &config.statuses, find).map_err(|_| ()).unwrap();
        for ticket in &tickets {
            let outline = Outline::from(ticket);
            let read = |_: &TicketId| Some(ticket.clone());
            let fits = selection.matches(&Subject::new(&outline, &read));
            prop_assert_eq!(fits, tree.holds(ticket), "{}\n{:?}", text, ticket);
        }
    }
}

//! What can start, what cannot and why; cycles and their names.

use super::fixture::{id, project, texts, with};
use crate::graph::{Readiness, Scope};
use crate::model::Ticket;

/// What is said of `x` in a project.
fn said(lines: &[&str]) -> String {
    with(lines, |graph| match graph.readiness(&id("x")) {
        Readiness::Blocked(reasons) => {
            let texts: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            texts.join("; ")
        }
        other => format!("{other:?}").to_lowercase(),
    })
}

#[test]
fn a_row_per_question() {
    let rows: &[(&[&str], &str)] = &[
        (&["x"], "ready"),
        (&["x : in_progress"], "active"),
        (&["x : closed"], "done"),
        (&["x : epic"], "epic"),
        (&["x", "c ^ x"], "epic"),
        (&["x < a", "a"], "blocked by `a`"),
        (&["x < a", "a : in_progress"], "blocked by `a`"),
        (&["x < a", "a : closed"], "ready"),
        (&["x < gone"], "blocked by `gone`, which does not exist"),
        (&["x : awaiting"], "awaiting approval"),
        (&["x : deferred"], "deferred until 2026-11-20T13:00:00Z"),
        (&["x ~ a", "a"], "ready"),
        // Through what is done nothing is held.
        (&["x < a", "a < b : closed", "b"], "ready"),
        // An epic as blocker.
        (
            &["x < e", "e", "c ^ e"],
            "blocked by epic `e`, 1 open in it",
        ),
        (&["x < e", "e", "c ^ e : closed"], "ready"),
        (&["x < e", "e : closed", "c ^ e"], "ready"),
        (
            &["x < e", "e : epic"],
            "blocked by epic `e`, which has no tickets yet",
        ),
        (
            &["x < e", "e", "n ^ e : closed", "c ^ n"],
            "blocked by epic `e`, 1 open in it",
        ),
        // What holds the epic above.
        (&["x ^ e", "e < a", "a"], "its epic `e` is blocked by `a`"),
        (
            &["x ^ e", "e : awaiting"],
            "its epic `e` is awaiting approval",
        ),
        (
            &["x ^ e", "e : deferred"],
            "its epic `e` is deferred until 2026-11-20T13:00:00Z",
        ),
        (&["x ^ e", "e < a : closed", "a"], "ready"),
        (
            &["x ^ n", "n ^ e : closed", "e : awaiting"],
            "its epic `e` is awaiting approval",
        ),
        (
            &["x < b ^ n : awaiting", "b", "n ^ e", "e < a", "a"],
            "blocked by `b`; awaiting approval; its epic `e` is blocked by `a`",
        ),
        // A sibling waits for its own epic.
        (&["x ^ e", "a ^ e < e", "e"], "ready"),
        // A parent that does not exist, or is the ticket itself.
        (&["x ^ gone"], "ready"),
        (&["x ^ x"], "in a cycle: x → x (x → x: x is a part of x)"),
        // Cycles.
        (&["x < x"], "blocked by `x`; in a cycle: x → x"),
        (&["x < a", "a < x"], "blocked by `a`; in a cycle: a → x → a"),
        (
            &["x ^ a", "a ^ b", "b ^ a"],
            "its epic `a` is in a cycle: a → b → a (a → b: a is a part of b; b → a: b is a part \
             of a); its epic `b` is in a cycle: a → b → a (a → b: a is a part of b; b → a: b is \
             a part of a)",
        ),
    ];
    for (lines, expected) in rows {
        assert_eq!(said(lines), *expected, "{lines:?}");
    }
}

#[test]
fn an_unknown_ticket_is_missing() {
    with(&["a"], |graph| {
        assert!(matches!(
            graph.readiness(&id("x")),
            Readiness::Blocked(reasons) if reasons.len() == 1
        ));
        assert!(!graph.is_ready(&id("x")));
    });
}

/// The names of all cycles of a project.
fn cycles(lines: &[&str]) -> Vec<String> {
    with(lines, |graph| {
        graph.cycles().iter().map(ToString::to_string).collect()
    })
}

#[test]
fn cycles_are_named_in_full() {
    let rows: &[(&[&str], &[&str])] = &[
        (&["a", "b < a", "c < a b"], &[]),
        (&["a < c", "b < a", "c < b"], &["a → c → b → a"]),
        (
            &["a < b", "b < a", "c < d", "d < c e", "e"],
            &["a → b → a", "c → d → c"],
        ),
        (&["a < b", "b < a : closed"], &[]),
        // Through an epic and its child.
        (
            &["a ^ e < x", "e", "x < e"],
            &["a → x → a (x → a: x is blocked by e, a is a part of e)"],
        ),
        (
            &["a ^ e", "e < a"],
            &["a → a (a → a: a is a part of e, e is blocked by a)"],
        ),
        (
            &["a ^ e < e", "e"],
            &["a → a (a → a: a is blocked by e, a is a part of e)"],
        ),
        (
            &["a ^ e", "b ^ f", "e < f", "f < e"],
            &[
                "a → b → a (a → b: a is a part of e, e is blocked by f, b is a part of f; \
               b → a: b is a part of f, f is blocked by e, a is a part of e)",
            ],
        ),
        // Epics without any work.
        (&["e < f : epic", "f < e : epic"], &["e → f → e"]),
        (&["e < e : epic"], &["e → e"]),
        // Parents in a circle.
        (
            &["a ^ b", "b ^ c", "c ^ a"],
            &[
                "a → b → c → a (a → b: a is a part of b; b → c: b is a part of c; \
               c → a: c is a part of a)",
            ],
        ),
    ];
    for (lines, expected) in rows {
        assert_eq!(cycles(lines), *expected, "{lines:?}");
    }
}

#[test]
fn a_change_is_refused_only_for_the_cycle_it_closes() {
    let rows: &[(&[&str], &[&str], Option<&str>)] = &[
        (&["a", "b < a"], &["a < b"], Some("a → b → a")),
        (&["a"], &["a < a"], Some("a → a")),
        (&["a", "b"], &["b < a"], None),
        (&["a", "b < a", "c < b"], &["a < c"], Some("a → c → b → a")),
        // The cycle is there already.
        (&["a < b", "b < a", "c"], &["a < b c"], None),
        (&["a < b", "b < a", "c"], &["c < a"], None),
        // Closed tickets may be opened again.
        (&["a", "b < a : closed"], &["a < b"], Some("a → b → a")),
        // But an epic stands for what is open in it.
        (
            &["e", "f", "a ^ e < f : closed", "b ^ f"],
            &["b ^ f < e"],
            None,
        ),
        // By a new parent; a ticket that becomes an epic by it.
        (
            &["a", "e < a", "c ^ e"],
            &["a ^ e"],
            Some("a → a (a → a: a is a part of e, e is blocked by a)"),
        ),
        (
            &["p", "x < p", "c < x"],
            &["c < x ^ p"],
            Some("c → x → c (x → c: x is blocked by p, c is a part of p)"),
        ),
        (
            &["a", "b ^ a"],
            &["a ^ b"],
            Some("a → b → a (a → b: a is a part of b; b → a: b is a part of a)"),
        ),
        // New tickets among themselves.
        (&[], &["a < b", "b < c", "c < a"], Some("a → b → c → a")),
        (&[], &["a", "b < a", "c < a b"], None),
        // Soft edges.
        (
            &["a", "b ~ a"],
            &["a ~ b"],
            Some("a → b → a (a → b: a is after b; b → a: b is after a)"),
        ),
        (
            &["a", "b < a"],
            &["a ~ b"],
            Some("a → b → a (a → b: a is after b)"),
        ),
        (&["a", "b ~ a"], &["a < b"], None),
    ];
    for (lines, changed, expected) in rows {
        let changed: Vec<Ticket> = project(changed);
        let found = with(lines, |graph| graph.cycle_with(&changed));
        let found = found.map(|cycle| cycle.to_string());
        // Where a cycle begins does not matter to the reader of these rows.
        let turned = |text: &str| {
            let ids = text.split(" (").next().unwrap_or_default();
            let mut ids: Vec<String> = ids.split(" → ").map(str::to_owned).collect();
            ids.pop();
            ids.sort();
            ids
        };
        assert_eq!(
            found.as_deref().map(turned),
            expected.map(turned),
            "{lines:?} {changed:?} {found:?}"
        );
    }
}

#[test]
fn relatives() {
    let lines = [
        "e",
        "a ^ e",
        "n ^ e",
        "b ^ n < a",
        "c ^ n < a gone : closed",
        "x < e n",
    ];
    with(&lines, |graph| {
        assert_eq!(texts(&graph.children(&id("e"))), ["a", "n"]);
        assert_eq!(texts(&graph.descendants(&id("e"))), ["a", "b", "c", "n"]);
        assert_eq!(texts(&graph.ancestors(&id("c"))), ["n", "e"]);
        assert_eq!(texts(&graph.blocks(&id("a"))), ["b", "c"]);
        assert_eq!(texts(&graph.blocks(&id("gone"))), ["c"]);
        assert_eq!(texts(&graph.open_blockers(&id("c"))), ["a", "gone"]);
        assert_eq!(texts(&graph.open_blockers(&id("x"))), ["e", "n"]);
        assert!(graph.is_epic(&id("n")) && !graph.is_epic(&id("a")));
        assert!(!graph.epic_is_complete(&id("n")) && !graph.epic_is_complete(&id("a")));
    });
    with(&["e", "a ^ e : closed"], |graph| {
        assert!(graph.epic_is_complete(&id("e")));
    });
    with(&["a ^ b", "b ^ a"], |graph| {
        assert_eq!(texts(&graph.descendants(&id("a"))), ["b"]);
        assert_eq!(texts(&graph.ancestors(&id("a"))), ["b"]);
    });
}

/// What is behind a cycle has no place in a plan, whatever else holds it or not.
#[test]
fn what_is_ready_is_what_a_plan_has_as_that() {
    let rows: &[(&[&str], &[&str])] = &[
        (&["a", "b < a", "c : in_progress"], &["a"]),
        (&["a ^ b", "b ^ a", "t < a", "u"], &["u"]),
        (&["a < b", "b < a", "t < a", "u ^ e"], &["u"]),
        (&["a ^ b", "b ^ a : closed", "t < a", "u < b"], &["u"]),
        (&["a ^ b", "b ^ a", "t ^ a", "p < a", "u ^ p", "v"], &["v"]),
    ];
    for (lines, expected) in rows {
        with(lines, |graph| {
            let ready = graph.ready(&Scope::All);
            assert_eq!(texts(ready.iter().map(|ticket| &ticket.id)), *expected);
            let names = lines.iter().filter_map(|line| line.split(' ').next());
            let each: Vec<_> = names.filter(|name| graph.is_ready(&id(name))).collect();
            assert_eq!(each, *expected);
            let plan = graph.plan(&Scope::All);
            let planned = plan.ready();
            assert_eq!(texts(planned.iter().map(|entry| &entry.id)), *expected);
        });
    }
}

use insta::assert_snapshot;

use crate::project::{authentication, refused};
use crate::support::Sandbox;

/// A ticket for each thing that can be waited for.
fn waiting() -> Sandbox {
    let sandbox = authentication();
    let ticket = |id: &str, text: &str| sandbox.ticket(id, &format!("title = \"{id}\"\n{text}\n"));
    ticket("asks", "awaiting = \"input\"");
    ticket("cya", "blocked_by = [\"cyb\"]");
    ticket("cyb", "blocked_by = [\"cya\"]");
    ticket("epi", "blocked_by = [\"aut\"]");
    ticket("gone", "blocked_by = [\"nil\"]\npriority = 0");
    ticket("late", "defer_until = 2026-12-01");
    ticket("over", "status = \"closed\"\nawaiting = \"input\"");
    ticket("par", "type = \"epic\"\nawaiting = \"approval\"");
    ticket("sub", "parent = \"par\"\nlabels = [\"x\"]");
    sandbox
}

#[test]
fn every_reason_is_told() {
    let sandbox = waiting();
    assert_snapshot!(sandbox.tk(["blocked"]), @r"
    gone  P0  gone
         blocked by `nil`, which does not exist
    asks  P2  asks
         awaiting input
    cya  P2  cya
         blocked by `cyb`
         in a cycle: cya → cyb → cya
    cyb  P2  cyb
         blocked by `cya`
         in a cycle: cya → cyb → cya
    def  P2  Second
         blocked by `abc`
    epi  P2  epi
         blocked by epic `aut`, 3 open in it
    ghi  P2  Third
         blocked by `abc`
    late  P2  late
         deferred until 2026-12-01
    sub  P2  sub
         its epic `par` is awaiting approval
    --- stderr
    warning: tickets wait for one another: cya → cyb → cya
    ");
    let output = sandbox.tk(["blocked", "--json", "--fields", "id"]);
    let tickets = output.json()["tickets"].clone();
    let rows: Vec<String> = tickets
        .as_array()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_snapshot!(rows.join("\n"), @r#"
    {"id":"gone","reasons":[{"kind":"missing","ids":["nil"],"epic":null,"awaiting":null,"until":null,"above":null}]}
    {"id":"asks","reasons":[{"kind":"awaiting","ids":[],"epic":null,"awaiting":"input","until":null,"above":null}]}
    {"id":"cya","reasons":[{"kind":"blocker","ids":["cyb"],"epic":null,"awaiting":null,"until":null,"above":null},{"kind":"cycle","ids":["cya","cyb"],"epic":null,"awaiting":null,"until":null,"above":null}]}
    {"id":"cyb","reasons":[{"kind":"blocker","ids":["cya"],"epic":null,"awaiting":null,"until":null,"above":null},{"kind":"cycle","ids":["cya","cyb"],"epic":null,"awaiting":null,"until":null,"above":null}]}
    {"id":"def","reasons":[{"kind":"blocker","ids":["abc"],"epic":null,"awaiting":null,"until":null,"above":null}]}
    {"id":"epi","reasons":[{"kind":"epic","ids":["abc","def","ghi"],"epic":"aut","awaiting":null,"until":null,"above":null}]}
    {"id":"ghi","reasons":[{"kind":"blocker","ids":["abc"],"epic":null,"awaiting":null,"until":null,"above":null}]}
    {"id":"late","reasons":[{"kind":"deferred","ids":[],"epic":null,"awaiting":null,"until":"2026-12-01","above":null}]}
    {"id":"sub","reasons":[{"kind":"awaiting","ids":[],"epic":null,"awaiting":"approval","until":null,"above":"par"}]}
    "#);
}

#[test]
fn limits_epics_and_fields() {
    let sandbox = waiting();
    assert_snapshot!(sandbox.tk(["blocked", "aut", "-n", "1"]), @r"
    def  P2  Second
         blocked by `abc`
    --- stderr
    hint: 1 of 2 are shown
    warning: tickets wait for one another: cya → cyb → cya
    ");
    assert_snapshot!(sandbox.tk(["blocked", "aut", "-n", "1", "--json"]), @r#"
    {"schema":"tk.blocked.v1","total":2,"truncated":true,"tickets":[{"id":"def","title":"Second","type":"task","status":"open","priority":2,"owner":null,"parent":"aut","labels":["api"],"requires":null,"estimate":null,"etag":"67f879575931","reasons":[{"kind":"blocker","ids":["abc"],"epic":null,"awaiting":null,"until":null,"above":null}]}]}
    --- stderr
    {"schema":"tk.warning.v1","warning":"tickets wait for one another: cya → cyb → cya"}
    "#);
    assert_snapshot!(sandbox.tk(["blocked", "aut", "--fields", "id,title"]), @r"
    def	Second
    ghi	Third
    --- stderr
    warning: tickets wait for one another: cya → cyb → cya
    ");
    assert_snapshot!(refused(&sandbox, 2, &[&["blocked", "--fields", "titel"]]), @r"
    error: unknown field `titel`: expected one of id, title, type, status, priority, owner, parent, labels, blocked_by, requires, awaiting, estimate, after, related, discovered_from, duplicate_of, due, defer_until, repeat, recurs_from, agent, model, lock, pr, checks, touches, created_at, created_by, started_at, closed_at, closed_by, reason, verdict, description, acceptance, subtasks, notes, runs, etag, blocks, open_blockers, ready, deferred, held_by, held_until, updated_at, commits, commits_truncated, note_count, cost_usd
    hint: did you mean `title`?
    ");
    assert_snapshot!(refused(&sandbox, 3, &[&["blocked", "zzz"]]), @r"
    warning: tickets wait for one another: cya → cyb → cya
    error: no ticket `zzz`
    hint: `tk list --all` shows every ticket
    ");
    let sandbox = Sandbox::initialised();
    assert_snapshot!(sandbox.tk(["blocked", "--json"]), @r#"{"schema":"tk.blocked.v1","total":0,"truncated":false,"tickets":[]}"#);
}

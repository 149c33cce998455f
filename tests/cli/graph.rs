use crate::support::Sandbox;
use insta::assert_snapshot;

use crate::project::authentication;

#[test]
fn drawn_as_text() {
    assert_snapshot!(authentication().tk(["graph", "auth"]), @r"
    aut Authentication

    Wave 1 (1 ticket)
    >* abc P1 2h First

    Wave 2 (2 tickets)
     * def P2 1h Second  ← abc
     * ghi P2 1h Third   ← abc  requires review

    Critical path (*): 3h, 2 of 3 tickets: abc → def
    Widest wave: 2. Ready now (>): 1.
    ");
}

#[test]
fn as_json() {
    assert_snapshot!(authentication().tk(["graph", "aut", "--json"]), @r#"{"schema":"tk.graph.v1","epic":{"id":"aut","title":"Authentication"},"waves":[[{"id":"abc","title":"First","status":"open","priority":1,"blocked_by":[],"awaiting":null,"requires":null,"wave":1,"estimate_minutes":120,"slack_minutes":0,"critical":true,"ready":true}],[{"id":"def","title":"Second","status":"open","priority":2,"blocked_by":["abc"],"awaiting":null,"requires":null,"wave":2,"estimate_minutes":60,"slack_minutes":0,"critical":true,"ready":false},{"id":"ghi","title":"Third","status":"open","priority":2,"blocked_by":["abc"],"awaiting":null,"requires":"review","wave":2,"estimate_minutes":60,"slack_minutes":0,"critical":true,"ready":false}]],"max_parallel":2,"critical_path":2,"critical_path_ids":["abc","def"],"critical_path_minutes":180,"external_blockers":[],"awaiting":[],"done":[]}"#);
}

#[test]
fn for_programs_that_draw() {
    let sandbox = authentication();
    sandbox
        .tk(["update", "abc", "--title", "a \"quoted\" <b> [c] \\ title"])
        .ok();
    assert_snapshot!(sandbox.tk(["graph", "aut", "--dot"]), @r#"
    digraph tk {
      rankdir=LR;
      node [shape=box];
      "abc" [label="abc\na \"quoted\" <b> [c] \\ title", style=bold];
      "def" [label="def\nSecond", style=bold];
      "ghi" [label="ghi\nThird", style=bold];
      "abc" -> "def";
      "abc" -> "ghi";
    }
    "#);
    assert_snapshot!(sandbox.tk(["graph", "aut", "--mermaid"]), @r#"
    graph LR
      n0["abc a #34;quoted#34; #60;b#62; #91;c#93; \ title"]
      n1["def Second"]
      n2["ghi Third"]
      n0 --> n1
      n0 --> n2
    "#);
}

#[test]
fn of_an_epic_without_open_work() {
    let sandbox = authentication();
    let epic = sandbox.file(["Empty", "-t", "epic"]);
    assert_eq!(
        sandbox.tk(["graph", &epic, "--json"]).json()["waves"],
        serde_json::json!([])
    );
    assert_snapshot!(sandbox.tk(["graph", "zzz"]), @r"
    --- stderr
    error: no ticket `zzz`
    hint: `tk list --all` shows every ticket
    --- exit 3
    ");
}

/// What waits for epics that are a part of one another is ready for nobody.
#[test]
fn behind_parents_in_a_circle_nothing_is_ready() {
    let sandbox = Sandbox::initialised();
    for (id, more) in [
        ("a", "parent = \"b\""),
        ("b", "parent = \"a\""),
        ("c", "parent = \"p\""),
        ("p", "blocked_by = [\"a\"]"),
        ("x", "blocked_by = [\"a\"]"),
    ] {
        sandbox.ticket(id, &format!("title = \"{id}\"\n{more}\n"));
    }
    let listed = sandbox.tk(["list", "--ready", "--json"]).json();
    assert_eq!(listed["total"], 0);
    assert_eq!(sandbox.tk(["ready", "--json"]).json()["total"], 0);
    let shown = sandbox.tk(["show", "x", "c", "--json"]).json();
    assert_eq!(shown["tickets"][0]["ready"], false);
    assert_eq!(shown["tickets"][0]["open_blockers"][0], "a");
    assert_eq!(shown["tickets"][1]["ready"], false);
    let told = sandbox.tk(["blocked"]).stdout;
    assert!(
        told.contains("blocked by epic `a`, which is a part of itself"),
        "{told}"
    );
    let found = sandbox.tk(["doctor"]);
    assert_eq!(found.code, 1);
    assert!(found.stdout.contains("a is a part of b"), "{found}");
}

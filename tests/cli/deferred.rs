//! Tickets that are put off: hidden until they are due, and shown then.

use insta::assert_snapshot;

use crate::support::Sandbox;

fn ids(sandbox: &Sandbox, args: &[&str]) -> String {
    let json = sandbox.tk([args, &["--json"]].concat()).json();
    let tickets = json["tickets"].as_array().unwrap();
    let ids: Vec<&str> = tickets.iter().map(|t| t["id"].as_str().unwrap()).collect();
    ids.join(" ")
}

#[test]
fn hidden_until_they_are_due() {
    let mut sandbox = Sandbox::initialised();
    sandbox.ticket(
        "day",
        "title = \"Day\"\npriority = 0\ndefer_until = 2026-11-22\n",
    );
    sandbox.ticket("now", "title = \"Now\"\n");
    sandbox.ticket(
        "time",
        "title = \"Time\"\npriority = 1\ndefer_until = 2026-11-21T09:30:00Z\n",
    );
    for (at, ready, deferred) in [
        ("2026-11-20T08:38:50Z", "now", "day time"),
        ("2026-11-21T09:29:59Z", "now", "day time"),
        ("2026-11-21T09:30:00Z", "time now", "day"),
        ("2026-11-21T23:59:59Z", "time now", "day"),
        ("2026-11-22T00:00:00Z", "day time now", ""),
    ] {
        sandbox.at(at);
        assert_eq!(ids(&sandbox, &["ready"]), ready, "{at}");
        assert_eq!(ids(&sandbox, &["list", "--ready"]), ready, "{at}");
        let first = ready.split(' ').next().unwrap();
        assert_eq!(ids(&sandbox, &["next"]), first, "{at}");
        assert_eq!(
            ids(&sandbox, &["list", "--query", "deferred"]),
            deferred,
            "{at}"
        );
        assert_eq!(ids(&sandbox, &["list", "--blocked"]), deferred, "{at}");
        assert_eq!(ids(&sandbox, &["list"]), "day time now", "{at}");
    }
}

#[test]
fn lists_tell_until_when() {
    let mut sandbox = Sandbox::initialised();
    sandbox.ticket("day", "title = \"Day\"\ndefer_until = 2026-11-22\n");
    sandbox.ticket(
        "done",
        "title = \"Done\"\nstatus = \"closed\"\ndefer_until = 2026-11-22\n",
    );
    sandbox.ticket(
        "time",
        "title = \"Time\"\nlabels = [\"x\"]\ndefer_until = 2026-11-21T09:30:00Z\n",
    );
    assert_snapshot!(sandbox.tk(["list", "--all"]), @r"
    day   P2  open    task  Day  deferred until 2026-11-22
    done  P2  closed  task  Done
    time  P2  open    task  Time  deferred until 2026-11-21T09:30:00Z  #x
    ");
    assert_snapshot!(sandbox.tk(["search", "time", "day"]), @r"
    day   P2  open  task  Day  deferred until 2026-11-22
    time  P2  open  task  Time  deferred until 2026-11-21T09:30:00Z  #x
    --- stderr
    hint: no ticket has all of the words; these have some
    ");
    assert_eq!(
        ids(&sandbox, &["list", "--all", "--query", "deferred"]),
        "day time"
    );
    let fields = ["list", "--all", "--json", "--fields", "id,deferred"];
    assert_snapshot!(sandbox.tk(fields), @r#"{"schema":"tk.list.v1","total":3,"truncated":false,"tickets":[{"id":"day","deferred":true},{"id":"done"},{"id":"time","deferred":true}]}"#);
    sandbox.at("2026-11-22T00:00:00Z");
    assert_snapshot!(sandbox.tk(["list"]), @r"
    day   P2  open  task  Day
    time  P2  open  task  Time  #x
    ");
}

#[test]
fn put_off_for_so_long() {
    let sandbox = Sandbox::initialised();
    let id = sandbox.file(["Later", "--defer", "2w", "--due", "+3d"]);
    let shown = |key: &str| sandbox.tk(["show", &id, "--json"]).json()["tickets"][0][key].clone();
    assert_eq!(
        (shown("defer_until"), shown("due")),
        ("2026-12-04".into(), "2026-11-23".into())
    );
    for (given, until) in [
        ("3d", "2026-11-23"),
        ("tomorrow", "2026-11-21"),
        ("+24h", "2026-11-21"),
        ("4h", "2026-11-20T12:38:50Z"),
        ("1d12h", "2026-11-21T20:38:50Z"),
        ("2026-12-01", "2026-12-01"),
        ("2026-12-01T08:00:00Z", "2026-12-01T08:00:00Z"),
    ] {
        sandbox.tk(["update", &id, "--defer", given]).ok();
        assert_eq!(shown("defer_until"), until, "{given}");
    }
    sandbox
        .tk(["update", &id, "--defer", "", "--due", "tomorrow"])
        .ok();
    assert_eq!(
        (shown("defer_until"), shown("due")),
        (serde_json::Value::Null, "2026-11-21".into())
    );
    for args in [
        ["--defer", "3x"],
        ["--defer", "-3d"],
        ["--due", "4h"],
        ["--due", "someday"],
        ["--due", "2026-01-01T00:00+25:00"],
        ["--due", "2026-01-01T00:00+02:00"],
        ["--defer", "2026-01-01T00:00+25:00"],
        ["--defer", "2026-01-01T00:00-24:00"],
    ] {
        let flag = format!("{}={}", args[0], args[1]);
        let output = sandbox.tk(["update", &id, &flag]);
        assert_eq!(output.code, 2, "{output}");
        assert!(output.stderr.contains("expected one such as"), "{output}");
    }
}

#[test]
fn the_last_day_of_all_can_be_asked_for() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"Never\"\ndefer_until = 9999-12-31\n");
    for (query, found) in [
        ("defer>=9999-12-31", "abc"),
        ("defer=9999-12-31", "abc"),
        ("defer<=9999-12-31", "abc"),
        ("defer>9999-12-30", "abc"),
        ("defer>9999-12-31", ""),
        ("defer<9999-12-31", ""),
    ] {
        let list = ["list", "--all", "--query", query];
        assert_eq!(ids(&sandbox, &list), found, "{query}");
    }
}

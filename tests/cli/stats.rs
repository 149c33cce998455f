//! `tk stats` about tickets.

use insta::assert_snapshot;
use serde_json::json;

use crate::project::refused;
use crate::support::Sandbox;

/// An epic with another in it; work of several ages, closed and not. It is a Friday.
fn several() -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("aut", "title = \"Authentication\"\ntype = \"epic\"\n");
    sandbox.ticket(
        "sub",
        "title = \"Part\"\ntype = \"epic\"\nparent = \"aut\"\n",
    );
    let closed = |id: &str, created: &str, started: &str, at: &str, more: &str| {
        let started = match started {
            "" => String::new(),
            at => format!("started_at = 2026-{at}Z\n"),
        };
        let text = format!(
            "title = \"{id}\"\nstatus = \"closed\"\ncreated_at = 2026-{created}Z\n{started}\
             closed_at = 2026-{at}Z\n{more}"
        );
        sandbox.ticket(id, &text);
    };
    closed(
        "one",
        "11-01T00:00:00",
        "11-09T00:00:00",
        "11-09T02:00:00",
        "parent = \"aut\"\n",
    );
    closed(
        "two",
        "11-10T00:00:00",
        "",
        "11-19T12:00:00",
        "parent = \"sub\"\nowner = \"ann\"\n",
    );
    closed(
        "old",
        "01-01T00:00:00",
        "",
        "01-03T00:00:00",
        "type = \"bug\"\n",
    );
    let open = |id: &str, created: &str, more: &str| {
        let text = format!("title = \"{id}\"\ncreated_at = 2026-{created}T00:00:00Z\n{more}");
        sandbox.ticket(id, &text);
    };
    open(
        "three",
        "11-18",
        "parent = \"sub\"\nowner = \"ann\"\npriority = 0\n",
    );
    open(
        "four",
        "10-01",
        "status = \"in_progress\"\nowner = \"bob\"\nagent = \"claude\"\n",
    );
    open("five", "03-01", "");
    // It does not say when.
    sandbox.ticket("six", "title = \"six\"\ntype = \"bug\"\n");
    sandbox
}

#[test]
fn figures_of_all() {
    assert_snapshot!(several().tk(["stats"]), @r"
    9 tickets: 6 open, 3 done

    STATUS         OPEN    DONE
    open              5       0
    in_progress       1       0
    closed            0       3

    TYPE    OPEN    DONE
    task       3       2
    epic       2       0
    bug        1       1

    PRIORITY    OPEN    DONE
    0              1       0
    1              0       0
    2              5       3
    3              0       0
    4              0       0

    OWNER     OPEN    DONE
    (none)       4       2
    ann          1       1
    bob          1       0

    AGENT     OPEN    DONE
    (none)       5       3
    claude       1       0

    WEEK        OPENED  CLOSED  CLOSED OF ALL
    2026-08-31       0       0  ████░░░░░░░░                    1 of 3
    2026-09-07       0       0  ████░░░░░░░░                    1 of 3
    2026-09-14       0       0  ████░░░░░░░░                    1 of 3
    2026-09-21       0       0  ████░░░░░░░░                    1 of 3
    2026-09-28       1       0  ████░░░░░░░░░░░░░               1 of 4
    2026-10-05       0       0  ████░░░░░░░░░░░░░               1 of 4
    2026-10-12       0       0  ████░░░░░░░░░░░░░               1 of 4
    2026-10-19       0       0  ████░░░░░░░░░░░░░               1 of 4
    2026-10-26       1       0  ████░░░░░░░░░░░░░░░░░           1 of 5
    2026-11-02       0       0  ████░░░░░░░░░░░░░░░░░           1 of 5
    2026-11-09       1       1  ████████░░░░░░░░░░░░░░░░░       2 of 6
    2026-11-16       1       1  ████████████░░░░░░░░░░░░░░░░░░  3 of 7

    lead time   median 8.0 d, 85 % within 9.5 d (2 tickets)
    cycle time  median 2.0 h, 85 % within 2.0 h (1 ticket)

    AGE OF OPEN WORK
    0 to 6 days              1
    7 to 27 days             0
    28 to 90 days            1
    91 to 181 days           0
    182 days and more        1
    not known                1
      264 days: five  five
      50 days: four  four
      2 days: three  three

    OPEN EPICS
    aut  ████████████████████░░░░░░░░░░   66 %  2 of 3  Authentication
    sub  ███████████████░░░░░░░░░░░░░░░   50 %  1 of 2  Part
    ");
}

#[test]
fn figures_of_an_epic() {
    assert_snapshot!(several().tk(["stats", "auth", "--since", "2026-11-12"]), @r"
    4 tickets: 2 open, 2 done

    STATUS         OPEN    DONE
    open              2       0
    in_progress       0       0
    closed            0       2

    TYPE    OPEN    DONE
    epic       1       0
    task       1       2

    PRIORITY    OPEN    DONE
    0              1       0
    1              0       0
    2              1       2
    3              0       0
    4              0       0

    OWNER     OPEN    DONE
    (none)       1       1
    ann          1       1

    WEEK        OPENED  CLOSED  CLOSED OF ALL
    2026-11-09       1       1  ██████████░░░░░░░░░░            1 of 2
    2026-11-16       1       1  ████████████████████░░░░░░░░░░  2 of 3

    lead time   median 8.0 d, 85 % within 9.5 d (2 tickets)
    cycle time  median 2.0 h, 85 % within 2.0 h (1 ticket)

    AGE OF OPEN WORK
    0 to 6 days              1
    7 to 27 days             0
    28 to 90 days            0
    91 to 181 days           0
    182 days and more        0
      2 days: three  three

    OPEN EPICS
    sub  ███████████████░░░░░░░░░░░░░░░   50 %  1 of 2  Part
    ");
}

#[test]
fn as_json() {
    let sandbox = several();
    let told = sandbox.tk(["stats", "--json"]).json();
    assert_eq!(told["schema"], "tk.tally.v1");
    assert_eq!(
        (&told["total"], &told["open"], &told["done"]),
        (&json!(9), &json!(6), &json!(3))
    );
    assert_eq!(
        told["owners"],
        json!([
            {"name": null, "open": 4, "done": 2},
            {"name": "ann", "open": 1, "done": 1},
            {"name": "bob", "open": 1, "done": 0},
        ])
    );
    assert_eq!(told["weeks"].as_array().unwrap().len(), 12);
    assert_eq!(
        told["weeks"][11],
        json!({"monday": "2026-11-16", "opened": 1, "closed": 1, "opened_total": 7, "closed_total": 3})
    );
    let hours = |hours: f64| (hours * 3600.0) as u64;
    assert_eq!(
        told["lead_time"],
        json!({"tickets": 2, "median_seconds": hours(194.0), "p85_seconds": hours(228.0)})
    );
    assert_eq!(
        told["cycle_time"],
        json!({"tickets": 1, "median_seconds": 7200, "p85_seconds": 7200})
    );
    assert_eq!(told["undated"], 1);
    assert_eq!(
        told["oldest"][0],
        json!({"id": "five", "title": "five", "days": 264})
    );
    assert_eq!(
        told["epics"],
        json!([
            {"id": "aut", "title": "Authentication", "done": 2, "total": 3},
            {"id": "sub", "title": "Part", "done": 1, "total": 2},
        ])
    );
    let since = sandbox
        .tk(["stats", "--since", "2026-01-01", "--json"])
        .json();
    assert_eq!(since["lead_time"]["tickets"], 3);
    assert_eq!(since["weeks"][0]["monday"], "2025-12-29");
}

#[test]
fn nothing_to_count() {
    let sandbox = Sandbox::initialised();
    assert_snapshot!(sandbox.tk(["stats"]), @"no ticket yet");
    let told = sandbox.tk(["stats", "--json"]).json();
    assert_eq!(told["total"], 0);
    assert_eq!(
        told["lead_time"],
        json!({"tickets": 0, "median_seconds": null, "p85_seconds": null})
    );
    assert_eq!(told["unreadable"], 0);
    sandbox.ticket("aut", "title = 1\n");
    sandbox.ticket("bad", "title = 2\n");
    assert_snapshot!(sandbox.tk(["stats", "-q"]).stdout, @"no ticket that can be read: 2 files cannot, and `tk doctor` tells what to do");
    let told = sandbox.tk(["stats", "--json"]).json();
    assert_eq!(
        (&told["total"], &told["unreadable"]),
        (&json!(0), &json!(2))
    );
    std::fs::remove_file(sandbox.path().join(".ticks/bad.toml")).unwrap();
    sandbox.ticket("aut", "title = \"Authentication\"\ntype = \"epic\"\n");
    assert_snapshot!(sandbox.tk(["stats"]), @r"
    1 ticket: 1 open, 0 done

    STATUS         OPEN    DONE
    open              1       0
    in_progress       0       0
    closed            0       0

    TYPE    OPEN    DONE
    epic       1       0

    PRIORITY    OPEN    DONE
    0              0       0
    1              0       0
    2              1       0
    3              0       0
    4              0       0

    WEEK        OPENED  CLOSED  CLOSED OF ALL
    2026-08-31       0       0                                  0 of 0
    2026-09-07       0       0                                  0 of 0
    2026-09-14       0       0                                  0 of 0
    2026-09-21       0       0                                  0 of 0
    2026-09-28       0       0                                  0 of 0
    2026-10-05       0       0                                  0 of 0
    2026-10-12       0       0                                  0 of 0
    2026-10-19       0       0                                  0 of 0
    2026-10-26       0       0                                  0 of 0
    2026-11-02       0       0                                  0 of 0
    2026-11-09       0       0                                  0 of 0
    2026-11-16       0       0                                  0 of 0

    lead time   of nothing that was closed in these weeks
    cycle time  of nothing that was closed in these weeks

    AGE OF OPEN WORK
    0 to 6 days              0
    7 to 27 days             0
    28 to 90 days            0
    91 to 181 days           0
    182 days and more        0

    OPEN EPICS
    aut                                      -  0 of 0  Authentication
    ");
    assert_snapshot!(sandbox.tk(["stats", "--runs"]), @"no run yet");
}

/// Parents that go in a circle, name themselves or are not there end no count.
#[test]
fn parents_that_are_none() {
    let sandbox = Sandbox::initialised();
    for (id, parent) in [
        ("abc", "def"),
        ("def", "abc"),
        ("ghi", "ghi"),
        ("jkm", "gone"),
        ("neu", "abc"),
    ] {
        sandbox.ticket(id, &format!("title = \"{id}\"\nparent = \"{parent}\"\n"));
    }
    let told = sandbox.tk(["stats", "--json"]).json();
    let epics = told["epics"].as_array().unwrap();
    let epics: Vec<_> = epics
        .iter()
        .map(|epic| {
            (
                epic["id"].as_str().unwrap(),
                epic["total"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(epics, [("abc", 1), ("def", 1)]);
}

#[test]
fn words_without_meaning_are_refused() {
    let sandbox = several();
    assert_snapshot!(refused(&sandbox, 2, &[
        &["stats", "--since", "soon"],
        &["stats", "--since", "2026-11-21"],
        &["stats", "--since", "+3d"],
        &["stats", "--since", "1970-01-01"],
        &["stats", "--since="],
        &["stats", "auth", "--runs"],
    ]), @r"
    error: `--since soon`: expected a day of the last ten years, such as `2026-09-01`
    error: `--since 2026-11-21`: expected a day of the last ten years, such as `2026-09-01`
    error: `--since +3d`: expected a day of the last ten years, such as `2026-09-01`
    error: `--since 1970-01-01`: expected a day of the last ten years, such as `2026-09-01`
    error: `--since `: expected a day of the last ten years, such as `2026-09-01`
    error: the argument '[EPIC]' cannot be used with '--runs'

    Usage: tk stats <EPIC>

    For more information, try '--help'.
    ");
    assert_eq!(sandbox.tk(["stats", "zzz"]).code, 3);
}

#[test]
fn nothing_is_below_it() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"First\"\n");
    sandbox.ticket("aut", "title = \"Authentication\"\ntype = \"epic\"\n");
    assert_snapshot!(sandbox.tk(["stats", "abc"]), @"nothing is below `abc`");
    assert_snapshot!(sandbox.tk(["stats", "auth"]), @"nothing is below `aut`");
}

/// What is no run's folder, or cannot be read of one, keeps none of the others from being told.
#[test]
fn runs_that_cannot_be_read_hide_no_others() {
    let sandbox = several();
    let info = |run: &str| {
        let info = json!({
            "run": run, "key": "aut", "epic": "aut", "tickets": ["two"],
            "title": "Authentication", "branch": "tk/run/aut", "onto": "main",
            "started_at": "2026-11-20T08:00:00Z",
        });
        sandbox.write(format!(".git/tk/runs/{run}/run.json"), &info.to_string());
    };
    info("01AAA");
    info("01BBB");
    let event = json!({
        "seq": 1, "at": "2026-11-20T08:00:01Z", "run": "01AAA", "ticket": "two",
        "kind": "note", "text": "hello",
    });
    sandbox.write(".git/tk/runs/01AAA/journal.jsonl", &format!("{event}\n"));
    std::fs::create_dir(sandbox.path().join(".git/tk/runs/01BBB/journal.jsonl")).unwrap();
    sandbox.write(".git/tk/runs/01CCC", "stray\n");
    sandbox.write(".git/tk/runs/01DDD/run.json", "{");
    let runs = sandbox.tk(["runs", "--json"]);
    assert_eq!(runs.code, 0, "{runs}");
    let told = runs.json();
    let ids: Vec<_> = told["runs"].as_array().unwrap().iter().collect();
    assert_eq!(ids.len(), 1, "{told:#}");
    assert_eq!(ids[0]["run"], "01AAA");
    for args in [&["runs"][..], &["stats", "--runs"]] {
        let told = sandbox.tk(args);
        assert_eq!(told.code, 0, "{told}");
        assert_eq!(told.stderr.matches("warning: ").count(), 3, "{told}");
        for run in ["01BBB", "01CCC", "01DDD"] {
            assert!(told.stderr.contains(run), "{told}");
        }
    }
    let log = sandbox.tk(["log", "01AAA"]);
    assert_eq!((log.code, log.stderr.as_str()), (0, ""));
    // Of one that is meant, it is an error.
    for run in ["01BBB", "01CCC", "01DDD"] {
        let log = sandbox.tk(["log", run]);
        assert_eq!(log.code, 1, "{log}");
        assert!(log.stderr.starts_with("error: "), "{log}");
        assert!(log.stderr.contains(run), "{log}");
    }
}

//! `--query`, in the commands that read.

use insta::assert_snapshot;

use crate::project::{authentication, refused};
use crate::support::Sandbox;

/// The epic `aut` and around it something of everything that can be asked about.
fn many() -> Sandbox {
    let sandbox = authentication();
    sandbox.ticket(
        "old",
        "title = \"Old\"\nstatus = \"closed\"\nlabels = [\"api\"]\nclosed_at = 2026-11-19T23:00:00Z\n\
         closed_by = \"ann\"\nreason = \"done by hand\"\n",
    );
    sandbox.ticket(
        "mine",
        "title = \"Mine\"\nstatus = \"in_progress\"\nowner = \"ann\"\npriority = 0\n\
         labels = [\"api\", \"ui\"]\nagent = \"claude\"\nmodel = \"opus\"\nlock = \"db\"\n\
         created_at = 2026-11-01T08:00:00Z\ncreated_by = \"agent:claude\"\n\
         started_at = 2026-11-18T08:00:00Z\ndescription = \"\"\"\nThe login page hangs.\n\"\"\"\n",
    );
    sandbox.ticket(
        "late",
        "title = \"Late\"\ndue = 2026-11-19\nawaiting = \"input\"\ndefer_until = 2026-12-01\n\
         related = [\"mine\"]\n[[notes]]\nat = 2026-11-15T08:00:00Z\nby = \"ann\"\n\
         kind = \"comment\"\ntext = \"Log in first\"\n",
    );
    sandbox.ticket(
        "soon",
        "title = \"Größe 漢字\"\ndue = 2026-11-21\npriority = 4\npr = \"https://example.com/42\"\n\
         [[acceptance]]\ntext = \"A wrong password gets 401\"\nmet = false\n\
         [[runs]]\nrun = \"01J\"\nattempt = 1\nagent = \"claude\"\noutcome = \"failed\"\n\
         cost_usd = 2.5\n",
    );
    sandbox
}

/// The ids that fit, in the order of their names.
#[track_caller]
fn fitting(sandbox: &Sandbox, query: &str) -> String {
    let args = ["list", "--sort", "id", "--fields", "id", "--query", query];
    let output = sandbox.tk(args);
    assert_eq!(output.code, 0, "{query}\n{output}");
    let ids: Vec<&str> = output.stdout.split_whitespace().collect();
    ids.join(" ")
}

#[test]
fn every_kind_of_condition() {
    let sandbox = many();
    for (query, expected) in [
        ("type=bug", "ghi"),
        ("type!=bug,epic", "abc def late mine soon"),
        ("priority<=P1", "abc mine"),
        ("priority:0-1", "abc mine"),
        ("priority>high", "aut def ghi late soon"),
        ("label:api", "def mine"),
        ("label=api label=ui", "mine"),
        ("label!=api", "abc aut ghi late soon"),
        ("label~P", "def mine"),
        ("owner=\"\" and type=bug", "ghi"),
        ("has:owner", "mine"),
        ("parent=aut", "abc def ghi"),
        ("parent=auth", "abc def ghi"),
        ("epic:aut", "abc def ghi"),
        ("epic=\"\" and type=task", "late mine soon"),
        ("epic", "aut"),
        ("id=abc,gh", "abc ghi"),
        ("blocked_by=abc", "def ghi"),
        ("blocked-by=\"\" and parent=aut", "abc"),
        ("blocks:ghi", "abc"),
        ("has:blocks", "abc"),
        ("related=mine", "late"),
        ("requires=review", "ghi"),
        ("awaiting:input", "late"),
        ("agent=claude model~OPU", "mine"),
        ("lock=db", "mine"),
        ("pr~/42", "soon"),
        ("created_by~agent:", "mine"),
        ("created<2026-11-02", "mine"),
        ("created<=2026-10-31", ""),
        ("started=2026-11-18", "mine"),
        ("started>=-3d", "mine"),
        ("updated>-7d", "late mine"),
        ("due<today", "late"),
        ("due=tomorrow", "soon"),
        ("due<=+2w", "late soon"),
        ("has:due not overdue", "soon"),
        ("defer>+1w", "late"),
        ("deferred", "late"),
        ("estimate<3h", "abc"),
        ("estimate>2h", ""),
        ("cost>=2.50", "soon"),
        ("cost>$2.50", ""),
        ("ready", "abc soon"),
        ("blocked", "def ghi late"),
        ("active", "mine"),
        ("\"login\"", "mine"),
        ("\"log\"", "late"),
        ("\"log*\"", "late mine"),
        ("\"log  in\"", "late"),
        ("text~LOGIN", "mine"),
        ("notes:first", "late"),
        ("has:notes", "late"),
        ("has:description", "mine"),
        ("description=\"\" label=api", "def"),
        ("acceptance:401", "soon"),
        ("title:grösse", "soon"),
        ("title:GROSS", ""),
        ("title:größe", "soon"),
        ("\"字\"", "soon"),
        ("type=bug or (label:api and not ready)", "def ghi mine"),
    ] {
        assert_eq!(fitting(&sandbox, query), expected, "{query}");
    }
}

#[test]
fn a_time_is_its_second_and_a_day_is_all_of_it() {
    let sandbox = Sandbox::initialised();
    for (id, at) in [
        ("eve", "2026-11-27T23:59:59Z"),
        ("dawn", "2026-11-28T00:00:01Z"),
        ("part", "2026-11-28T00:00:01.5Z"),
        ("noon", "2026-11-28T17:37:00+05:37"),
    ] {
        sandbox.ticket(id, &format!("title = \"It\"\ncreated_at = {at}\n"));
    }
    for (query, expected) in [
        ("created=2026-11-28", "dawn noon part"),
        ("created!=2026-11-28", "eve"),
        ("created=2026-11-28T00:00:01Z", "dawn part"),
        ("created!=2026-11-28T00:00:01Z", "eve noon"),
        ("created<=2026-11-28T00:00:01Z", "dawn eve part"),
        ("created>2026-11-28T00:00:01Z", "noon"),
        ("created<2026-11-28T00:00:01Z", "eve"),
        ("created=2026-11-28T00:00:01.5Z", "part"),
        ("created=2026-11-28T12:00,2026-11-27T23:59:59", "eve noon"),
    ] {
        assert_eq!(fitting(&sandbox, query), expected, "{query}");
    }
}

#[test]
fn a_value_that_is_missing_is_not_the_word_behind_it() {
    let sandbox = many();
    assert_snapshot!(refused(&sandbox, 2, &[
        &["update", "--query", "owner!= and p=2", "--owner", "z"],
        &["list", "--query", "label=api,OR ready"],
    ]), @r#"
    error: a value is missing after `!=`
      owner!= and p=2
              ^^^
    hint: where `and` itself is the value, quote it: `"and"`
    error: a value is missing after `=`
      label=api,OR ready
                ^^
    hint: where `OR` itself is the value, quote it: `"OR"`
    "#);
    sandbox.ticket("odd", "title = \"Odd\"\nowner = \"and\"\n");
    assert_eq!(fitting(&sandbox, "owner=\"and\" p=2"), "odd");
}

#[test]
fn closed_ones_are_meant_where_the_query_says_so() {
    let sandbox = many();
    for (query, expected) in [
        ("title=old", ""),
        ("title=Old", ""),
        ("title=Old status=closed", "old"),
        ("status!=open", "mine old"),
        ("label:api (open or closed)", "def mine old"),
        ("closed", "old"),
        ("closed>=yesterday", "old"),
        ("closed>=today", ""),
        ("closed_by=ann", "old"),
        ("reason~hand", "old"),
    ] {
        assert_eq!(fitting(&sandbox, query), expected, "{query}");
    }
    let all = sandbox.tk(["list", "--all", "--query", "title=Old", "--fields", "id"]);
    assert_eq!(all.ok(), "old\n");
}

#[test]
fn it_narrows_beside_the_other_filters() {
    let sandbox = many();
    let args = [
        "list",
        "-l",
        "api",
        "--query",
        "priority<=1",
        "--fields",
        "id",
    ];
    assert_eq!(sandbox.tk(args).ok(), "mine\n");
    assert_snapshot!(sandbox.tk(["ready", "--query", "priority<=1"]), @"abc  P1  open  task  First");
    assert_snapshot!(sandbox.tk(["ready", "auth", "--query", "priority>1"]), @"");
    assert_snapshot!(sandbox.tk(["blocked", "--query", "type=bug"]), @r"
    ghi  P2  Third
         blocked by `abc`
    ");
    assert_snapshot!(sandbox.tk(["next", "--query", "cost>0", "--claim"]), @"soon  P4  in_progress  task  Größe 漢字  @dana@example.com  due 2026-11-21");
    assert_snapshot!(sandbox.tk(["next", "--query", "cost>0"]), @r"
    --- stderr
    error: nothing that fits is ready
    hint: `tk ready` shows what else is
    --- exit 1
    ");
}

#[test]
fn what_is_wrong_is_shown_under_it() {
    let sandbox = many();
    let query = |query| ["list", "--query", query];
    assert_snapshot!(refused(&sandbox, 2, &[
        &query("type=bug and prioritty<=1"),
        &query("\"漢字\" e\u{301} and ready"),
        &query("ready and\u{1b}[31m\u{202e}red"),
        &query("status=opne or ready"),
        &query("label<api"),
        &query("(type=bug and ready"),
        &query("type=bug and"),
        &query("created>soonish"),
        &query("login"),
        &query(""),
        &["ready", "--query", "readdy"],
        &["next", "--query", "due=1", "--claim"],
        &["blocked", "--query", "cost=x"],
    ]), @r#"
    error: unknown field `prioritty`
      type=bug and prioritty<=1
                   ^^^^^^^^^
    hint: did you mean `priority`?
    error: unknown word `é`: expected one of open, active, closed, ready, blocked, overdue, deferred, epic
      "漢字" é and ready
             ^
    hint: between quotes it is looked for in the tickets' texts
    error: unknown word `and\u{1b}[31m\u{202e}red`: expected one of open, active, closed, ready, blocked, overdue, deferred, epic
      ready and\u{1b}[31m\u{202e}red
            ^^^^^^^^^^^^^^^^^^^^^^^^
    hint: between quotes it is looked for in the tickets' texts
    error: unknown status `opne`: expected one of open, in_progress, closed
      status=opne or ready
             ^^^^
    hint: did you mean `open`?
    error: `label` cannot be compared by `<`: expected one of = : != ~
      label<api
           ^
    hint: such as `label:api,auth`
    error: nothing closes this `(`
      (type=bug and ready
      ^
    error: a condition is missing: expected one such as `priority<=1`
      type=bug and
                  ^
    error: `soonish` is no time: expected one such as `2026-11-20`, `2026-11-20T08:30:00Z`, `today`, `tomorrow`, `yesterday`, `now`, `-7d` or `+2w`
      created>soonish
              ^^^^^^^
    error: unknown word `login`: expected one of open, active, closed, ready, blocked, overdue, deferred, epic
      login
      ^^^^^
    hint: between quotes it is looked for in the tickets' texts
    error: the query is empty: expected a condition such as `priority<=1`
    hint: `tk list --help` shows every field
    error: unknown word `readdy`: expected one of open, active, closed, ready, blocked, overdue, deferred, epic
      readdy
      ^^^^^^
    hint: did you mean `ready`?
    error: `1` is no time: expected one such as `2026-11-20`, `2026-11-20T08:30:00Z`, `today`, `tomorrow`, `yesterday`, `now`, `-7d` or `+2w`
      due=1
          ^
    error: `x` is not an amount in dollars: expected a number such as `2.50`
      cost=x
           ^
    "#);
    assert_snapshot!(refused(&sandbox, 3, &[&query("type=bug epic:zzz"), &query("parent=a,x")]), @r"
    error: no ticket `zzz`
      type=bug epic:zzz
                    ^^^
    hint: `tk list --all` shows every ticket
    error: `a` fits 2 tickets:
      abc  First
      aut  Authentication
      parent=a,x
             ^
    hint: use more of the id
    ");
}

#[test]
fn programs_are_told_the_place_in_characters() {
    let sandbox = many();
    for (query, offset, length) in [("\"漢字\" x=1", 5, 1), ("größe", 0, 5), ("ready and", 9, 0)]
    {
        let output = sandbox.tk(["list", "--json", "--query", query]);
        assert_eq!(output.code, 2, "{output}");
        let error: serde_json::Value = serde_json::from_str(&output.stderr).unwrap();
        let context = &error["error"]["context"];
        assert_eq!(context["offset"], offset, "{query}");
        assert_eq!(context["length"], length, "{query}");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(!message.contains('\n'), "{message}");
    }
    let output = sandbox.tk(["list", "--json", "--query", "epic:zzz"]);
    let error: serde_json::Value = serde_json::from_str(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "TICKET_NOT_FOUND");
    assert_eq!(error["error"]["context"]["offset"], 5);
}

#[test]
fn words_are_those_of_the_configuration() {
    let sandbox = many();
    sandbox.write(
        ".ticks/config.toml",
        "[tickets]\ntypes = [\"task\", \"bug\", \"epic\", \"story\"]\n\
         [[status]]\nid = \"open\"\nname = \"Open\"\ncategory = \"open\"\n\
         [[status]]\nid = \"in_progress\"\nname = \"Doing\"\ncategory = \"active\"\n\
         [[status]]\nid = \"in_test\"\nname = \"Testing\"\ncategory = \"active\"\n\
         [[status]]\nid = \"closed\"\nname = \"Over\"\ncategory = \"done\"\n",
    );
    sandbox.ticket(
        "tst",
        "title = \"Tested\"\nstatus = \"in_test\"\ntype = \"story\"\n",
    );
    assert_eq!(fitting(&sandbox, "status=In-Test"), "tst");
    assert_eq!(fitting(&sandbox, "active"), "mine tst");
    assert_eq!(fitting(&sandbox, "status=done"), "old");
    assert_eq!(fitting(&sandbox, "type=story"), "tst");
    let output = sandbox.tk(["list", "--query", "type=feature"]);
    assert_eq!(output.code, 2, "{output}");
}

#[test]
fn hostile_expressions_are_refused() {
    let sandbox = many();
    // What an operating system takes as an argument; larger ones are tested beside the parser.
    for text in ["(", "not ", "!", "\"", "ready and ", "label:x,", "漢"] {
        let text = text.repeat(100_000 / text.len());
        let output = sandbox.tk(["list", "--query", &text]);
        assert_eq!(output.code, 2, "{output}");
        assert!(output.stderr.len() < 1_000, "{output}");
    }
}

#[test]
fn a_file_that_is_none_takes_nothing_down() {
    let sandbox = many();
    sandbox.ticket("bad", "title = \n");
    let output = sandbox.tk(["list", "--query", "\"login\"", "--fields", "id"]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (0, "mine\n"),
        "{output}"
    );
    assert!(output.stderr.starts_with("warning: "), "{output}");
}

#[test]
fn unknown_labels_are_pointed_out() {
    let sandbox = many();
    assert_snapshot!(sandbox.tk(["list", "--query", "label:apy"]), @r"
    --- stderr
    hint: no ticket has the label `apy`; did you mean `api`?
    ");
}

#[test]
fn texts_of_many_tickets_are_looked_for_in_what_is_kept_of_them() {
    let sandbox = Sandbox::initialised();
    for number in 100..300 {
        let text = if number % 50 == 0 {
            "Log in, Größe"
        } else {
            "else"
        };
        let text = format!("title = \"T\"\ndescription = \"{text}\"\n");
        sandbox.ticket(&format!("t{number}"), &text);
    }
    let kept = sandbox.path().join(".git/tk/search");
    for caching in ["eager", "eager", "off"] {
        let found = |query: &str| {
            let mut list = sandbox.tk_command();
            list.args(["list", "--fields", "id", "--sort", "id", "--query", query]);
            let found = sandbox.run(list.env("TK_TEST_INDEX", caching), None).ok();
            found.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        for query in ["\"log in\"", "description~größe", "\"größe\"", "text:lo*"] {
            assert_eq!(found(query), "t100 t150 t200 t250", "{query} {caching}");
        }
        assert_eq!(found("\"log in\" not description:in id=t100,t110"), "");
        assert!(kept.is_file(), "the words are kept by the first that looks");
        sandbox.ticket("t101", "title = \"T\"\ndescription = \"changed\"\n");
        assert_eq!(found("\"changed\""), "t101", "{caching}");
    }
}

#[test]
fn search_and_export_take_it() {
    let sandbox = many();
    let ids = |args: &[&str]| {
        let mut command = sandbox.tk_command();
        command.args(args).args(["-q", "--fields", "id"]);
        let output = sandbox.run(&mut command, None);
        assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
        output
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(ids(&["search", "log"]), "late mine");
    assert_eq!(ids(&["search", "log", "--query", "has:notes"]), "late");
    assert_eq!(
        ids(&["search", "log", "-l", "ui", "--query", "has:notes"]),
        ""
    );
    // Without a word, the most urgent first; closed ones too, as ever in a search.
    assert_eq!(ids(&["search", "--query", "label:api"]), "mine def old");
    let json = sandbox
        .tk(["search", "--query", "label:api", "-n", "1", "--json"])
        .json();
    assert_eq!(
        (&json["total"], &json["truncated"]),
        (&3.into(), &true.into())
    );
    assert_eq!(json["tickets"][0]["snippets"], serde_json::json!([]));
    let nothing = sandbox.tk(["search"]);
    assert_eq!(nothing.code, 2, "{nothing}");
    assert!(nothing.stderr.contains("<WORD>..."), "{nothing}");
    let wrong = sandbox.tk(["search", "log", "--query", "label=("]);
    assert_eq!(wrong.code, 2, "{wrong}");
    assert!(wrong.stderr.contains('^'), "the place is shown: {wrong}");

    let exported = |args: &[&str]| {
        let mut command = sandbox.tk_command();
        command.arg("export").args(args);
        let lines = sandbox.run(&mut command, None).ok();
        let id = |line: &str| {
            let ticket: serde_json::Value = serde_json::from_str(line).unwrap();
            ticket["id"].as_str().unwrap().to_owned()
        };
        lines.lines().map(id).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(exported(&["--query", "label:api"]), "def mine");
    assert_eq!(exported(&["--all", "--query", "label:api"]), "def mine old");
    assert_eq!(exported(&["--query", "label:api closed"]), "old");
    assert_eq!(exported(&["--query", "label:none"]), "");
    assert_eq!(sandbox.tk(["export", "--query", "nonsense=1"]).code, 2);
}

#[test]
fn a_shell_is_offered_what_may_come_next() {
    let sandbox = many();
    sandbox.write(".ticks/agents/reviewer.toml", "model = \"sonnet\"\n");
    let offers = |typed: &str| {
        let mut command = sandbox.tk_command();
        command.args(["--", "tk", "list", "--query", typed]);
        let answer = sandbox.run(command.env("TK_COMPLETE", "elvish"), None).ok();
        let word = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
        answer.lines().map(word).collect::<Vec<_>>().join("|")
    };
    for (typed, expected) in [
        ("prio", "priority="),
        // Shells hand on the quote that a word begins with.
        ("'type=bug (own", "type=bug (owner="),
        ("type=bug and titl", "type=bug and title:"),
        ("overd", "overdue"),
        ("type=bu", "type=bug"),
        ("status!=open,in", "status!=open,in_progress"),
        ("label:a", "label:api"),
        ("agent=rev", "agent=reviewer"),
        ("blocked_by=gh", "blocked_by=ghi"),
        ("requires=app", "requires=approval"),
        ("due<tod", "due<today"),
        ("has:own", "has:owner"),
        ("\"open", "open"),
        ("x=1 \"open", ""),
        ("title:\"two w", ""),
        ("title=", ""),
    ] {
        assert_eq!(offers(typed), expected, "{typed}");
    }
}

/// What waits for a ticket that is not there can be asked for by the id that it names.
#[test]
fn a_ticket_that_is_not_there_is_known_by_who_names_it() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"A\"\nblocked_by = [\n  \"fru\",\n]\n");
    sandbox.ticket("def", "title = \"D\"\n");
    assert_eq!(fitting(&sandbox, "blocked_by=fru"), "abc");
    for unknown in ["blocked_by=fr", "blocked_by=xyz"] {
        let refused = sandbox.tk(["list", "--query", unknown]);
        assert_eq!(refused.code, 3, "{unknown}\n{refused}");
    }
}

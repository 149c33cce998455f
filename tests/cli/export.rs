use insta::assert_snapshot;

use crate::project::{authentication, files};
use crate::support::Sandbox;

/// Two tickets with something of everything, one of them closed.
fn full() -> Sandbox {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("epi", "title = \"Epic\"\ntype = \"epic\"\n");
    let more = "\
title = \"=1+1 | `x`\"
priority = 0
owner = \"@dana\"
parent = \"epi\"
labels = [\"api\"]
blocked_by = [\"old\"]
after = [\"old\"]
estimate = \"2h\"
due = 2026-12-01
checks = [\"true\"]
created_at = 2026-11-20T08:38:50.123Z
created_by = \"dana@example.com\"
colour = \"blue\"
description = \"\"\"
First.

# Heading
Second.
\"\"\"

[[acceptance]]
text = \"It works\"
met = true

[[subtasks]]
title = \"Begin\"

[[notes]]
at = 2026-11-20T09:02:11.482Z
by = \"agent:claude\"
kind = \"question\"
text = \"Why\\u001b[2J?\"

[[runs]]
run = \"01JD\"
agent = \"claude\"
outcome = \"failed\"
cost_usd = 0.42

[own]
deep = { a = [1, 2.5], at = 2026-11-20T08:38:50Z }
";
    sandbox.ticket("abc", more);
    let closed = "title = \"Old\"\nstatus = \"closed\"\nclosed_at = 2026-11-20T08:00:00Z\n";
    sandbox.ticket("old", closed);
    sandbox
}

#[test]
fn jsonl_has_the_keys_of_the_file() {
    assert_snapshot!(full().tk(["export"]).ok(), @r#"
    {"id":"abc","title":"=1+1 | `x`","type":"task","status":"open","priority":0,"owner":"@dana","parent":"epi","labels":["api"],"blocked_by":["old"],"estimate":"2h","after":["old"],"due":"2026-12-01","checks":["true"],"created_at":"2026-11-20T08:38:50.123Z","created_by":"dana@example.com","description":"First.\n\n# Heading\nSecond.","acceptance":[{"text":"It works","met":true}],"subtasks":[{"title":"Begin","done":false}],"notes":[{"at":"2026-11-20T09:02:11.482Z","by":"agent:claude","kind":"question","text":"Why\u001b[2J?"}],"runs":[{"run":"01JD","attempt":1,"agent":"claude","outcome":"failed","cost_usd":0.42}],"colour":"blue","own":{"deep":{"a":[1,2.5],"at":"2026-11-20T08:38:50Z"}}}
    {"id":"epi","title":"Epic","type":"epic","status":"open","priority":2}
    "#);
}

#[test]
fn a_table_runs_nothing_in_a_spreadsheet() {
    assert_snapshot!(full().tk(["export", "--format", "csv", "--all"]).ok(), @r#"
    id,title,type,status,priority,owner,parent,labels,blocked_by,awaiting,estimate,due,repeat,created_at,created_by,started_at,closed_at,reason,notes,cost_usd,description
    abc,'=1+1 | `x`,task,open,0,'@dana,epi,api,old,,2h,2026-12-01,,2026-11-20T08:38:50.123Z,dana@example.com,,,,1,0.42,"First.

    # Heading
    Second."
    epi,Epic,epic,open,2,,,,,,,,,,,,,,0,,
    old,Old,task,closed,2,,,,,,,,,,,,2026-11-20T08:00:00Z,,0,,
    "#);
}

#[test]
fn markdown_is_for_people() {
    let text = full().tk(["export", "-f", "markdown"]).ok();
    assert_snapshot!(text.replace('\u{1b}', "<ESC>"), @r#"
    # Tickets

    ## [ ] abc: =1+1 | `x`

    - Type: task
    - Status: open
    - Priority: 0
    - Owner: @dana
    - Part of: epi
    - Labels: api
    - Blocked by: old
    - After: old
    - Estimate: 2h
    - Due: 2026-12-01
    - Created: 2026-11-20T08:38:50.123Z

    First.

    ### Heading
    Second.

    ### Acceptance

    - [x] It works

    ### Subtasks

    - [ ] Begin

    ### Notes

    **2026-11-20T09:02:11.482Z, agent:claude** (question)

    > Why<ESC>[2J?

    ## [ ] epi: Epic

    - Type: epic
    - Status: open
    - Priority: 2
    "#);
}

#[test]
fn how_often_a_ticket_comes_again_is_told_wherever_there_is_a_place() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket(
        "pay",
        "title = \"Pay\"\ndue = 2027-02-28\nrepeat = \"1mo@31\"\n",
    );
    sandbox.ticket("any", "title = \"Any\"\nrepeat = \"weekly\"\n");
    let exported = |format| sandbox.tk(["export", "--format", format]).ok();
    let table = exported("csv");
    assert!(table.contains(",2027-02-28,1mo@31,"), "{table}");
    let document = exported("markdown");
    assert!(document.contains("- Comes again every: 1w\n"), "{document}");
    let tasks: serde_json::Value = serde_json::from_str(&exported("taskwarrior")).unwrap();
    // taskwarrior refuses to let come again what is not due.
    assert_eq!(
        (&tasks[0]["recur"], &tasks[0]["tkrepeat"]),
        (&serde_json::Value::Null, &"1w".into())
    );
    assert_eq!(
        (&tasks[1]["recur"], &tasks[1]["tkrepeat"]),
        (&"1mo".into(), &"1mo@31".into())
    );
    // It comes back as it was.
    let other = Sandbox::initialised();
    other
        .tk_with_input(["import", "taskwarrior", "-"], &exported("taskwarrior"))
        .ok();
    for (id, often) in [("pay", "1mo@31"), ("any", "1w")] {
        let shown = other.tk(["show", id, "--json"]).json();
        assert_eq!(shown["tickets"][0]["repeat"], often, "{id}");
    }
}

#[test]
fn taskwarrior_gets_an_array_of_tasks() {
    assert_snapshot!(full().tk(["export", "-f", "taskwarrior"]).ok(), @r#"
    [
    {"uuid":"b0dcd91b-84e1-8f46-a280-f6d619510226","description":"=1+1 | `x`","status":"pending","entry":"20261120T083850Z","due":"20261201T000000Z","priority":"H","tags":["api"],"project":"epi","depends":["27bb23ea-db4a-8204-acec-ba5ea4e3b9d5"],"tkblockedby":"old","annotations":[{"entry":"20261120T090211Z","description":"Why\u001b[2J?"}],"tkid":"abc","tktype":"task","tkstatus":"open","tkpriority":"0","tkowner":"@dana","tkparent":"epi","tkestimate":"2h","tkdescription":"First.\n\n# Heading\nSecond."},
    {"uuid":"0c16bf07-c0ae-85a0-97ab-39a4ac0b01a4","description":"Epic","status":"pending","priority":"M","tkid":"epi","tktype":"epic","tkstatus":"open","tkpriority":"2"}
    ]
    "#);
}

#[test]
fn what_was_exported_is_the_same_after_an_import() {
    let from = authentication();
    from.tk(["note", "abc", "one\ntwo\n\n"]).ok();
    from.tk([
        "update",
        "def",
        "-d",
        "text\n\nmore",
        "--check",
        "make smoke",
        "--add-label",
        "ä",
    ])
    .ok();
    from.tk([
        "new",
        "Another",
        "--due",
        "2026-12-01",
        "--defer",
        "2026-12-01",
    ])
    .ok();
    let text = from.tk(["export", "--all"]).ok();
    let to = Sandbox::initialised();
    to.tk_with_input(["import", "jsonl", "-"], &text).ok();
    let written_by_tk = |sandbox: &Sandbox| {
        let mut files = files(sandbox);
        // The first was written by hand, in another layout.
        files.retain(|(name, text)| name != "config.toml" && text.contains("# acceptance"));
        files
    };
    let (wanted, got) = (written_by_tk(&from), written_by_tk(&to));
    assert!(!wanted.is_empty());
    for file in wanted {
        assert!(got.contains(&file), "{file:?}\n{got:#?}");
    }
    // And once more, from there.
    assert_eq!(to.tk(["export", "--all"]).ok(), text);
    // Where it comes from, nothing is new.
    let said = from.tk_with_input(["import", "jsonl", "-"], &text).ok();
    assert!(said.starts_with("imported 0 tickets; "), "{said}");
}

#[test]
fn unknown_keys_come_along() {
    let text = full().tk(["export", "--all"]).ok();
    let to = Sandbox::initialised();
    to.tk_with_input(["import", "jsonl", "-"], &text).ok();
    assert_eq!(to.tk(["export", "--all"]).ok(), text);
    let file: toml::Table = to.read(".ticks/abc.toml").parse().unwrap();
    assert_eq!(file["colour"].as_str(), Some("blue"));
    assert_eq!(file["own"]["deep"]["a"][1].as_float(), Some(2.5));
    to.tk(["note", "abc", "seen"]).ok();
    assert!(to.read(".ticks/abc.toml").contains("colour = \"blue\""));
}

/// JSON has no such numbers: whoever reads them elsewhere reads texts, and whoever exports is told.
#[test]
fn numbers_that_json_has_not_become_texts_and_are_told() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket(
        "abc",
        "title = \"x\"\nratio = -inf\n\n[own]\nodd = [1.5, nan]\n",
    );
    let output = sandbox.tk(["export"]);
    assert_snapshot!(output, @r#"
    {"id":"abc","title":"x","type":"task","status":"open","priority":2,"ratio":"-inf","own":{"odd":[1.5,"nan"]}}
    --- stderr
    warning: `abc`: `ratio` has `-inf`, for which JSON has no number: a text stands for it
    "#);
    let document = sandbox.tk(["export", "-o", "out.jsonl", "--json"]);
    assert!(document.stderr.contains("tk.warning.v1"), "{document}");
    assert_eq!(sandbox.read("out.jsonl"), output.stdout);
    for number in 100..500 {
        sandbox.ticket(&format!("t{number}"), "title = \"x\"\nratio = inf\n");
    }
    let warned = "a text stands for it (and for 400 more in other tickets)\n";
    let many = sandbox.tk(["export"]).stderr;
    assert!(
        many.ends_with(warned) && many.lines().count() == 1,
        "{many}"
    );
    // Those of other formats have no place for the key.
    assert_eq!(sandbox.tk(["export", "-f", "csv"]).stderr, "");
}

#[test]
fn taskwarrior_brings_tickets_back() {
    let from = full();
    let text = from.tk(["export", "-f", "taskwarrior", "--all"]).ok();
    let to = Sandbox::initialised();
    to.tk_with_input(["import", "taskwarrior", "-"], &text).ok();
    let record = |sandbox: &Sandbox, id: &str| {
        let keys = "--fields=id,title,type,status,priority,owner,parent,labels,blocked_by,due,\
                    estimate,description,closed_at";
        let all = sandbox.tk(["list", "--all", "--json", keys]).json();
        let mut tickets = all["tickets"].as_array().unwrap().iter();
        tickets.find(|ticket| ticket["id"] == id).unwrap().clone()
    };
    for id in ["abc", "epi", "old"] {
        assert_eq!(record(&from, id), record(&to, id));
    }
    // A blocker that was closed and so stayed behind is still named by its id.
    let open = from.tk(["export", "-f", "taskwarrior"]).ok();
    let third = Sandbox::initialised();
    third
        .tk_with_input(["import", "taskwarrior", "-"], &open)
        .ok();
    assert_eq!(record(&from, "abc"), record(&third, "abc"));
    let again = to.tk_with_input(["import", "taskwarrior", "-"], &text).ok();
    assert_eq!(again, "imported 0 tickets; 3 already here\n");
}

#[test]
fn a_file_is_written_whole_and_told_of_in_json() {
    let sandbox = full();
    assert_eq!(sandbox.tk(["export", "-o", "out.jsonl"]).ok(), "");
    assert_eq!(sandbox.read("out.jsonl"), sandbox.tk(["export"]).ok());
    let told = sandbox.tk(["export", "-o", "out.jsonl", "--json"]).json();
    assert_eq!(told["total"], 2);
    assert_eq!(told["path"], "out.jsonl");
    assert_eq!(told["text"], serde_json::Value::Null);
    let told = sandbox.tk(["export", "--json"]).json();
    assert_eq!(told["text"], sandbox.read("out.jsonl"));
    let refused = sandbox.tk(["export", "-o", "no/such/folder.jsonl"]);
    assert_eq!(refused.code, 1, "{refused}");
    assert!(
        refused
            .stderr
            .contains("cannot write `no/such/folder.jsonl`"),
        "{refused}"
    );
}

/// What it would be written over is not to be had again.
#[test]
fn no_ticket_and_nothing_of_git_is_written_over() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"First\"\n");
    let config = sandbox.read(".git/config");
    for path in [
        ".ticks/abc.toml",
        ".ticks/config.toml",
        ".git/config",
        "./.ticks/../.git/x",
    ] {
        let output = sandbox.tk(["export", "-o", path]);
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (2, ""),
            "{path} {output}"
        );
        assert!(
            output
                .stderr
                .contains("is in a folder of tickets or of git"),
            "{output}"
        );
    }
    assert_eq!(sandbox.read(".ticks/abc.toml"), "title = \"First\"\n");
    assert_eq!(sandbox.read(".git/config"), config);
    sandbox.tk(["export", "-o", "out.jsonl"]).ok();
    sandbox.tk(["export", "-o", "out.jsonl"]).ok();
}

#[test]
fn many_are_exported_piece_by_piece_and_none_as_well() {
    let sandbox = Sandbox::initialised();
    let exported = |format| {
        let text = sandbox.tk(["export", "--format", format]).ok();
        // A file has the same.
        sandbox.tk(["export", "--format", format, "-o", "out"]).ok();
        assert_eq!(sandbox.read("out"), text, "{format}");
        let document = sandbox.tk(["export", "--format", format, "--json"]).json();
        assert_eq!(document["text"], text.as_str(), "{format}");
        text
    };
    for count in [0, 1, 700] {
        for number in 0..count {
            sandbox.ticket(
                &format!("t{number}"),
                &format!("title = \"Number {number}\"\n"),
            );
        }
        assert_eq!(exported("jsonl").lines().count(), count);
        let table = exported("csv");
        assert_eq!(table.lines().count(), count + 1);
        assert_eq!(table.matches("id,title").count(), 1);
        let document = exported("markdown");
        assert!(document.starts_with("# Tickets\n"));
        assert_eq!(document.matches("\n\n## [ ] t").count(), count);
        let tasks: serde_json::Value = serde_json::from_str(&exported("taskwarrior")).unwrap();
        let ids = tasks.as_array().unwrap().iter().map(|task| &task["tkid"]);
        let ids: std::collections::BTreeSet<_> = ids.map(|id| id.as_str().unwrap()).collect();
        assert_eq!(ids.len(), count);
    }
}

/// Where nobody looks at it on a terminal it is what the ticket says, of whatever format.
#[test]
fn control_characters_are_whole_in_files_and_pipes() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket(
        "abc",
        "title = \"One\"\ndescription = \"red \\u001b[31m\\tend\"\n",
    );
    let whole = "red \u{1b}[31m\tend";
    for format in ["csv", "markdown"] {
        let piped = sandbox.tk(["export", "--format", format]).ok();
        assert!(piped.contains(whole), "{format}: {piped:?}");
        sandbox.tk(["export", "--format", format, "-o", "out"]).ok();
        assert_eq!(sandbox.read("out"), piped, "{format}");
        let json = sandbox.tk(["export", "--format", format, "--json"]).json();
        assert_eq!(json["text"], piped.as_str(), "{format}");
    }
}

/// What a description opens is closed before the next ticket.
#[test]
fn markdown_of_one_ticket_ends_with_it() {
    let sandbox = Sandbox::initialised();
    let descriptions = [
        "~~~ sh\n# comment\n```\n# another\n~~~\n# Heading",
        "# Heading\n\n```` sh\n# comment\n```",
        "See <!-- here",
    ];
    for (id, description) in ["a", "b", "c"].iter().zip(descriptions) {
        let text = format!("title = \"T\"\ndescription = \"\"\"\n{description}\n\"\"\"\n");
        sandbox.ticket(id, &text);
    }
    let text = sandbox.tk(["export", "-f", "markdown"]).ok();
    assert_snapshot!(text.replace("- Type: task\n- Status: open\n- Priority: 2\n", "…\n"), @r"
    # Tickets

    ## [ ] a: T

    …

    ~~~ sh
    # comment
    ```
    # another
    ~~~
    ### Heading

    ## [ ] b: T

    …

    > ### Heading
    > 
    > ```` sh
    > # comment
    > ```

    ## [ ] c: T

    …

    > See <!-- here
    ");
}

/// Markdown ends a line at a carriage return, too: nothing gets out of its ticket by one.
#[test]
fn markdown_of_a_ticket_has_no_heading_of_another() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket(
        "a",
        "title = \"T\"\ndescription = \"x\\r## [x] yyy: forged\\r```\\rcode\\r```\"\n\n[[notes]]\n\
         at = 2026-01-01T00:00:00Z\nby = \"ann\"\ntext = \"line\\r## [x] zzz: forged\\r```\\r\"\n",
    );
    let setext = [
        "[x] yyy: forged\n---\n",
        "Two\nlines\n  ===  \ntext\n",
        "- a list\n---\n> quoted\n===\n",
        "## Head\n---\n\n---\n",
        "```\ncode\n---\n```\n",
        "   # indented\n#\ttab\n#\n",
    ];
    for (id, description) in ["b", "c", "d", "e", "f", "g"].iter().zip(setext) {
        let text = format!("title = \"T\"\ndescription = \"\"\"\n{description}\"\"\"\n");
        sandbox.ticket(id, &text);
    }
    let text = sandbox.tk(["export", "-f", "markdown"]).ok();
    assert_eq!(text.matches('\r').count(), 0, "{text}");
    assert_snapshot!(text.replace("- Type: task\n- Status: open\n- Priority: 2\n", "…\n"), @r"
    # Tickets

    ## [ ] a: T

    …

    x
    #### [x] yyy: forged
    ```
    code
    ```

    ### Notes

    **2026-01-01T00:00:00Z, ann** (comment)

    > line
    > ## [x] zzz: forged
    > ```

    ## [ ] b: T

    …

    [x] yyy: forged

    ---

    ## [ ] c: T

    …

    ### Two lines
    text

    ## [ ] d: T

    …

    - a list

    ---
    > quoted

    ===

    ## [ ] e: T

    …

    #### Head
    ---

    ---

    ## [ ] f: T

    …

    ```
    code
    ---
    ```

    ## [ ] g: T

    …

    ### indented
    ###	tab
    ###
    ");
}

/// What waits for a closed ticket would wait, elsewhere, for one that is not there.
#[test]
fn closed_blockers_that_stay_behind_are_told() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("a", "title = \"A\"\nstatus = \"closed\"\n");
    sandbox.ticket("b", "title = \"B\"\nblocked_by = [\"a\", \"d\"]\n");
    sandbox.ticket("c", "title = \"C\"\nblocked_by = [\"a\"]\n");
    sandbox.ticket("d", "title = \"D\"\n");
    for format in ["jsonl", "taskwarrior"] {
        let told = sandbox.tk(["export", "-f", format]);
        assert_eq!(told.code, 0);
        assert_eq!(
            told.stderr,
            "hint: 2 tickets are blocked by closed ones, which are left out; `--all` keeps them\n"
        );
        assert_eq!(sandbox.tk(["export", "-f", format, "--all"]).stderr, "");
    }
    for args in [
        &["-f", "csv"][..],
        &["-f", "markdown"],
        &["--query", "type=task"],
    ] {
        assert_eq!(sandbox.tk([&["export"], args].concat()).stderr, "");
    }
    sandbox.tk(["close", "c"]).ok();
    let one = sandbox.tk(["export"]).stderr;
    assert!(one.starts_with("hint: 1 ticket is blocked by "), "{one}");
}

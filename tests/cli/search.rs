//! Finding tickets by words, and being told of likely duplicates.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::{authentication, refused};
use crate::support::Sandbox;

/// Tickets about logging in, and others.
fn many() -> Sandbox {
    let sandbox = authentication();
    let note = "[[notes]]\nat = 2026-11-20T09:02:11Z\nby = \"agent:claude\"\nkind = \"comment\"\n";
    sandbox.ticket(
        "x4d",
        "title = \"Login endpoint answers 500\"\ntype = \"bug\"\nlabels = [\"api\"]\nparent = \"aut\"\n",
    );
    sandbox.ticket(
        "old",
        &format!(
            "title = \"Forgotten passwords\"\nstatus = \"closed\"\ndescription = \"\"\"\nWho has \
             forgotten the password cannot log in;\nthe login page should offer a reset.\n\"\"\"\n\
             [[acceptance]]\ntext = \"A reset link logs in once\"\n{note}text = \"Done, with the \
             Größe of the page fixed\"\n"
        ),
    );
    sandbox.ticket(
        "far",
        &format!(
            "title = \"Far\"\ndescription = \"{}login {}\"\n",
            "one ".repeat(90),
            "two ".repeat(90)
        ),
    );
    sandbox
}

fn ids(sandbox: &Sandbox, args: &[&str]) -> String {
    let mut command = sandbox.tk_command();
    command.args(["search", "-q", "--fields", "id"]).args(args);
    let output = sandbox.run(&mut command, None);
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
    let ids: Vec<&str> = output.stdout.split_whitespace().collect();
    ids.join(" ")
}

#[test]
fn the_best_first_with_what_was_found() {
    let sandbox = many();
    assert_snapshot!(sandbox.tk(["search", "login"]), @r"
    x4d  P2  open    bug   Login endpoint answers 500  #api
    old  P2  closed  task  Forgotten passwords
        description: Who has forgotten the password cannot log in; the login page should offer a reset.
    far  P2  open    task  Far
        description: …one one one one one one one login two two two two two two two two two two two two two two two two two two two two two…
    ");
    assert_snapshot!(sandbox.tk(["search", "zebra"]), @r"
    --- stderr
    hint: no such ticket has any of the words
    ");
    let coloured = sandbox.tk(["search", "reset", "zebra", "--color", "always"]);
    assert_snapshot!(coloured.to_string().replace('\u{1b}', "^"), @r"
    ^[1mold^[0m  P2  closed  task  Forgotten passwords
        ^[2macceptance:^[0m A ^[1m^[33mreset^[0m link logs in once
        ^[2mdescription:^[0m Who has forgotten the password cannot log in; the login page should offer a ^[1m^[33mreset^[0m.
    --- stderr
    ^[1m^[36mhint^[0m: no ticket has all of the words; these have some
    ");
}

#[test]
fn as_json_with_the_places() {
    let sandbox = many();
    let found = sandbox.tk(["search", "password", "login", "--json"]).json();
    assert_eq!(
        (&found["total"], &found["truncated"], &found["all_words"]),
        (&json!(1), &json!(false), &json!(true))
    );
    assert_eq!(found["tickets"][0]["id"], "old");
    assert_eq!(
        found["tickets"][0]["snippets"],
        json!([
            {"field": "title", "text": "Forgotten passwords", "matches": [[10, 19]]},
            {"field": "description", "text": "Who has forgotten the password cannot log in; the login page should offer a reset.", "matches": [[22, 30], [50, 55]]},
        ])
    );
    let listed = sandbox.tk(["list", "--all", "--json"]).json();
    let listed = listed["tickets"].as_array().unwrap();
    let listed = listed.iter().find(|ticket| ticket["id"] == "old").unwrap();
    for (key, value) in listed.as_object().unwrap() {
        assert_eq!(found["tickets"][0][key], *value, "{key}");
    }
    let few = sandbox
        .tk(["search", "login", "-n", "1", "--json", "--fields", "id"])
        .json();
    assert_eq!(
        (&few["total"], &few["truncated"]),
        (&json!(3), &json!(true))
    );
    let keys = |ticket: &Value| {
        ticket
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&few["tickets"][0]), ["id", "score", "snippets"]);
    let full = sandbox.tk(["search", "far", "--json", "--full"]).json();
    assert!(
        full["tickets"][0]["description"]
            .as_str()
            .unwrap()
            .starts_with("one one")
    );
}

#[test]
fn what_is_found() {
    let sandbox = many();
    for (args, expected) in [
        (&["login"][..], "x4d old far"),
        (&["LOGIN", "api"], "x4d"),
        (&["login page"], "old"),
        (&["authen"], "aut"),
        (&["authentcation"], "aut"),
        (&["grosse"], "old"),
        (&["once"], "old"),
        (&["x4d"], "x4d"),
        (&["login", "zebra"], "x4d old far"),
        (&["zebra"], ""),
        (&["login", "-s", "closed"], "old"),
        (&["login", "-t", "bug"], "x4d"),
        (&["login", "-l", "api"], "x4d"),
        (&["login", "--parent", "auth"], "x4d"),
        (&["login", "-o", "nobody"], ""),
        (&["login", "-p", "0-1"], ""),
        (&["login", "-n", "2"], "x4d old"),
        (&["--", "--login"], "x4d old far"),
    ] {
        assert_eq!(ids(&sandbox, args), expected, "{args:?}");
    }
}

#[test]
fn what_cannot_be_looked_for_is_refused() {
    let sandbox = many();
    assert_snapshot!(refused(&sandbox, 2, &[
        &["search", "--", "-- !"],
        &["search", "login", "-s", "nowhere"],
        &["search", "login", "-n", "0"],
    ]), @r#"
    error: there is no word in `-- !`: expected letters or digits
    hint: `--query` finds other signs, between quotes, as in `--query '"->"'`
    error: unknown status `nowhere`: expected one of open, in_progress, closed
    error: invalid value '0' for '--limit <N>': 0 is not in 1..=4294967295

    For more information, try '--help'.
    "#);
    assert_eq!(
        sandbox.tk(["search", "login", "--parent", "nowhere"]).code,
        3
    );
}

#[test]
fn who_asks_as_in_other_searches_is_told_of_queries() {
    let sandbox = many();
    let hint = "hint: `search` looks for each word by itself: ";
    for args in [
        &["\"login page\""][..],
        &["login", "AND", "page"],
        &["login OR page"],
        &["NOT", "login"],
        &["login", "--", "-page"],
    ] {
        let args = [&["search"], args].concat();
        let output = sandbox.tk(&args);
        assert_eq!(output.code, 0, "{output}");
        assert!(output.stderr.contains(hint), "{args:?}: {output}");
        let quiet = sandbox.tk([&args[..1], &["-q"], &args[1..]].concat());
        assert_eq!((quiet.stdout, quiet.stderr), (output.stdout, String::new()));
    }
    for args in [
        &["login and page"][..],
        &["don't", "log-in"],
        &["--", "--login", "-"],
        &["--query", "\"login page\" or not \"password\""],
    ] {
        let args = [&["search"], args].concat();
        let output = sandbox.tk(&args);
        assert_eq!(output.code, 0, "{output}");
        assert!(!output.stderr.contains(hint), "{args:?}: {output}");
    }
    // What the hints name is understood.
    let query = "\"log in\" and not (label:api or \"draft\")";
    assert_eq!(ids(&sandbox, &["--query", query]), "old");
    sandbox.ticket("party", "title = \"A 🎉 -> b\"\n");
    for signs in ["🎉", "->", "-> b"] {
        assert_eq!(
            ids(&sandbox, &["--query", &format!("\"{signs}\"")]),
            "party"
        );
    }
    let refused = sandbox.tk(["search", "🎉"]);
    assert_eq!(refused.code, 2, "{refused}");
    assert!(
        refused.stderr.contains("`--query` finds other signs"),
        "{refused}"
    );
}

/// The same bytes each time, also of equal scores; and the same without any cache.
#[test]
fn repeated_answers_are_equal() {
    let sandbox = many();
    for number in 0..40 {
        let priority = number % 3;
        let text = format!("title = \"Same login words\"\npriority = {priority}\n");
        sandbox.ticket(&format!("t{number}"), &text);
    }
    let search = |sandbox: &Sandbox| sandbox.tk(["search", "login", "same", "--json"]).stdout;
    let first = search(&sandbox);
    assert!(sandbox.path().join(".git/tk/search").exists());
    assert_eq!(first, search(&sandbox));
    let found: Value = serde_json::from_str(&first).unwrap();
    let ids = found["tickets"].as_array().unwrap().iter();
    let ids: Vec<&str> = ids.map(|ticket| ticket["id"].as_str().unwrap()).collect();
    assert_eq!(ids[..4], ["t0", "t12", "t15", "t18"]);
    std::fs::remove_file(sandbox.path().join(".git/tk/search")).unwrap();
    assert_eq!(first, search(&sandbox));
    std::fs::write(sandbox.path().join(".git/tk/search"), "damaged").unwrap();
    assert_eq!(first, search(&sandbox));
    let sandbox = sandbox.with_env("TK_TEST_INDEX", "off");
    assert_eq!(first, search(&sandbox));
}

#[test]
fn what_was_changed_is_found_as_it_is_now() {
    let sandbox = many();
    assert_eq!(ids(&sandbox, &["login"]), "x4d old far");
    sandbox.ticket("x4d", "title = \"Logout endpoint answers 501\"\n");
    sandbox.tk(["note", "abc", "the login is elsewhere"]).ok();
    assert_eq!(ids(&sandbox, &["login"]), "abc old far");
    sandbox.tk(["delete", "far"]).ok();
    assert_eq!(ids(&sandbox, &["login"]), "abc old");
    let renamed = sandbox.path().join(".ticks/new1.toml");
    std::fs::rename(sandbox.path().join(".ticks/abc.toml"), renamed).unwrap();
    assert_eq!(ids(&sandbox, &["first"]), "new1");
}

#[test]
fn files_that_are_no_tickets_are_named_and_the_others_found() {
    let sandbox = many();
    sandbox.ticket("bad", "title = 3\n");
    let output = sandbox.tk(["search", "login", "-t", "bug"]);
    assert_eq!(output.code, 0);
    assert!(output.stdout.starts_with("x4d"), "{output}");
    assert!(output.stderr.contains("bad.toml:1"), "{output}");
}

#[test]
fn hostile_texts_reach_no_terminal() {
    let sandbox = Sandbox::initialised();
    let text = "title = \"login \\u202e\\u200b end\"\ndescription = \"a \\u202elogin\\u2066 \\u001b[31m b\"\n";
    sandbox.ticket("evil", text);
    for args in [
        &["search", "login"][..],
        &["search", "login", "--json"],
        &["search", "login", "--fields", "title"],
    ] {
        let output = sandbox.tk(args);
        let bad = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{200b}\u{2066}".contains(c);
        assert!(!output.stdout.contains(bad), "{output}");
        assert!(output.stdout.contains("login \\u"), "{output}");
    }
}

#[test]
fn a_new_ticket_like_another_is_filed_and_the_other_named() {
    let sandbox = many();
    assert_snapshot!(sandbox.tk(["new", "Login endpoint answers with 500"]), @r"
    u8r
    --- stderr
    hint: `x4d` (open) is likely the same: Login endpoint answers 500
    ");
    assert_snapshot!(sandbox.tk(["new", "Forgotten password"]), @r"
    n57
    --- stderr
    hint: `old` (closed) is likely the same: Forgotten passwords
    ");
    assert_snapshot!(sandbox.tk(["new", "Forgotten password", "-q"]), @r"
    v46
    ");
    assert_snapshot!(sandbox.tk(["new", "Rate limits"]), @r"
    mn2
    ");
    let made = sandbox.tk(["new", "Forgotten password", "--json"]);
    assert_eq!(made.stderr, "");
    let made = made.json();
    let similar = made["similar"].as_array().unwrap();
    assert_eq!(similar.len(), 3);
    assert_eq!(similar[0]["title"], "Forgotten password");
    assert_eq!(
        (&similar[0]["score"], &similar[0]["of"]),
        (&json!(1.0), &made["tickets"][0]["id"])
    );
    assert_eq!(
        (&similar[2]["id"], &similar[2]["status"]),
        (&json!("old"), &json!("closed"))
    );
    let made = sandbox.tk(["new", "Something else", "--json"]).json();
    assert_eq!(made["similar"], json!([]));
}

#[test]
fn of_a_file_each_ticket_is_compared_with_those_there_before() {
    let sandbox = many();
    let file = "{\"title\": \"Login endpoint answers 500\"}\n{\"title\": \"Rate limits\"}\n{\"title\": \"Rate limits\"}\n";
    let made = sandbox
        .tk_with_input(["new", "--file", "-", "--json"], file)
        .json();
    let similar = made["similar"].as_array().unwrap();
    assert_eq!(similar.len(), 1, "{made}");
    assert_eq!(
        (&similar[0]["id"], &similar[0]["of"]),
        (&json!("x4d"), &made["tickets"][0]["id"])
    );
    // Who files many has a plan.
    let many = "{\"title\": \"Rate limits\"}\n".repeat(21);
    let made = sandbox
        .tk_with_input(["new", "--file", "-", "--json"], &many)
        .json();
    assert_eq!((&made["total"], &made["similar"]), (&json!(21), &json!([])));
}

/// A limit that nobody asked for is told, however quiet the answer is to be.
#[test]
fn the_best_20_are_shown() {
    let sandbox = Sandbox::initialised();
    let many = "{\"title\": \"Rate limits\"}\n".repeat(21);
    sandbox.tk_with_input(["new", "--file", "-"], &many).ok();
    for (args, said) in [
        (&["search", "rate"][..], "hint: 20 of 21 are shown\n"),
        (
            &["search", "rate", "-q"],
            "warning: 20 of 21 are shown: `--limit` shows more\n",
        ),
        (&["search", "rate", "-q", "-n", "20"], ""),
        (&["search", "rate", "-q", "-n", "21"], ""),
    ] {
        assert_eq!(sandbox.tk(args).stderr, said, "{args:?}");
    }
    let help = sandbox.tk(["search", "-h"]).ok();
    assert!(
        help.contains("So many at most; 20, if nothing is said"),
        "{help}"
    );
}

//! `--if-match` on every command that changes a ticket.

use std::collections::BTreeSet;

use crate::project::{authentication, commands, files};
use crate::support::Sandbox;

/// Every command that changes a ticket, and how.
const CHANGING: &[&str] = &[
    "update abc --title other",
    "edit abc",
    "note abc text",
    "block abc neu",
    "unblock abc old",
    "close abc",
    "reopen abc",
    "retry abc",
    "delete abc --force",
    "claim abc",
    "release abc",
    "approve abc",
    "reject abc no",
    "answer abc yes",
    "ask abc why",
];

/// The others: those that read, and why the rest needs no etag.
const OTHERS: &[(&str, &str)] = &[
    ("init", "about no ticket"),
    ("new", "there is none yet"),
    ("next", "with --claim it takes what it finds"),
    ("run", "claims what it works at"),
    ("land", "merges what a run has kept"),
    ("restore", "brings back files and changes no ticket"),
    ("undo", "refused where anything has changed since"),
    ("stop", "about a run"),
    ("sync", "changes no ticket"),
    ("demo", "about a repository of its own"),
    ("list", "reads"),
    ("search", "reads"),
    ("show", "reads"),
    ("ready", "reads"),
    ("blocked", "reads"),
    ("graph", "reads"),
    ("history", "reads"),
    ("diff", "reads"),
    ("runs", "reads"),
    ("stats", "reads"),
    ("log", "reads"),
    ("prompt", "reads"),
    ("doctor", "reads; --fix changes no ticket"),
    ("import", "changes no ticket that is here"),
    ("export", "reads"),
    ("resolve", "settles files that are no tickets until then"),
    ("schema", "reads"),
    ("completions", "reads"),
    ("man", "reads"),
    ("config", "reads"),
    ("prime", "reads"),
];

/// `abc` as the command needs it.
fn prepared(command: &str) -> Sandbox {
    let sandbox = authentication().with_env("EDITOR", "sed -i s/First/Other/");
    sandbox.ticket("neu", "title = \"New\"\n");
    sandbox.ticket("old", "title = \"Old\"\nstatus = \"closed\"\n");
    let more: &[&str] = match command.split(' ').next().unwrap() {
        "unblock" => &["block", "abc", "old"],
        "reopen" => &["close", "abc"],
        "release" => &["claim", "abc"],
        "approve" | "reject" => &["update", "abc", "--awaiting", "review"],
        "answer" => &["ask", "abc", "when?"],
        _ => &["update", "abc", "-p", "0"],
    };
    sandbox.tk(more).ok();
    if command.starts_with("retry") {
        let tried =
            "[[runs]]\nrun = \"01J\"\nattempt = 1\nagent = \"claude\"\noutcome = \"failed\"\n";
        let text = sandbox.read(".ticks/abc.toml");
        sandbox.ticket(
            "abc",
            &format!("awaiting = \"escalation\"\n{text}\n{tried}"),
        );
    }
    sandbox
}

fn etag(sandbox: &Sandbox) -> String {
    let shown = sandbox.tk(["show", "abc", "--json"]).json();
    shown["tickets"][0]["etag"].as_str().unwrap().to_owned()
}

#[test]
fn every_command_is_known() {
    let word = |row: &&str| row.split(' ').next().unwrap().to_owned();
    let mut rows: BTreeSet<String> = CHANGING.iter().map(word).collect();
    rows.extend(OTHERS.iter().map(|(name, _)| (*name).to_owned()));
    assert_eq!(rows, commands().into_iter().collect());
}

#[test]
fn a_stale_etag_is_refused_and_the_right_one_is_not() {
    for row in CHANGING {
        let sandbox = prepared(row);
        let etag = etag(&sandbox);
        let (before, words) = (files(&sandbox), row.split(' '));
        let stale: Vec<&str> = words
            .clone()
            .chain(["--if-match", "0123456789ab"])
            .collect();
        let output = sandbox.tk(&stale);
        assert_eq!(output.code, 5, "{row}\n{output}");
        let expected = format!("`abc` has changed: its etag is `{etag}`, not `0123456789ab`");
        assert!(output.stderr.contains(&expected), "{row}\n{output}");
        let json = sandbox.tk(stale.iter().copied().chain(["--json"]));
        let said: serde_json::Value = serde_json::from_str(&json.stderr).unwrap();
        assert_eq!(said["error"]["code"], "CHANGED", "{row}");
        assert_eq!(said["error"]["context"]["etag"], etag.as_str(), "{row}");
        assert_eq!(files(&sandbox), before, "{row}");
        let claims = sandbox.path().join(".git/tk/claims/abc");
        assert_eq!(claims.exists(), row.starts_with("release"), "{row}");
        let right = sandbox.tk(words.chain(["--if-match", &etag]));
        assert_eq!(right.code, 0, "{row}\n{right}");
        assert_ne!(files(&sandbox), before, "{row}");
    }
}

#[test]
fn an_etag_is_one_tickets() {
    let sandbox = authentication();
    let output = sandbox.tk(["close", "abc", "def", "--if-match", "0123456789ab"]);
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("one ticket at a time"), "{output}");
}

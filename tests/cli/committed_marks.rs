//! Marks of a merge within the texts of a ticket that can be read, as somebody has committed them.

use serde_json::Value;
use tk::model::Ticket;

use crate::merge_driver::{branch, change, commit, note, read, repository};
use crate::support::Sandbox;

const FROM: &str = "Sends the token.\n\nThe old one is kept.";

/// Two branches changed one line of the description, and the merge of it was committed as it is.
fn committed(with_driver: bool) -> Sandbox {
    let sandbox = repository(&["abc", "def"]);
    if !with_driver {
        sandbox.git(["config", "--remove-section", "merge.ticks"]);
    }
    change(&sandbox, "abc", |ticket| {
        ticket.description = FROM.to_owned()
    });
    commit(&sandbox, "description");
    let says = |ticket: &mut Ticket, kept: &str| {
        ticket.description = FROM.replace("kept", kept);
    };
    branch(&sandbox, "one", "main", |ticket| says(ticket, "revoked"));
    branch(&sandbox, "two", "main", |ticket| says(ticket, "deleted"));
    let merge = sandbox.run(sandbox.command("git").args(["merge", "one"]), None);
    assert_eq!(merge.code, 1, "{merge}");
    commit(&sandbox, "oops");
    let text = read(&sandbox, "abc").description;
    assert!(text.contains("\n<<<<<<< "), "{text}");
    sandbox
}

fn findings(sandbox: &Sandbox) -> Vec<Value> {
    let told = sandbox.tk(["doctor", "--json"]).json();
    let mut found = told["findings"].as_array().unwrap().clone();
    found.retain(|finding| finding["kind"] == "conflict");
    found
}

#[test]
fn those_in_a_description_are_found_and_settled() {
    for with_driver in [true, false] {
        let sandbox = committed(with_driver);
        let found = findings(&sandbox);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0]["severity"], "error");
        assert_eq!(found[0]["ticket"], "abc");
        let text = sandbox.read(".ticks/abc.toml");
        let line = text.lines().position(|line| line.starts_with("<<<<<<<"));
        assert_eq!(found[0]["line"], line.unwrap() + 1);
        let hint = found[0]["hint"].as_str().unwrap();
        assert!(hint.starts_with("`tk resolve abc -i`"), "{hint}");
        // What a worker would be told has both sides in it: whoever looks at that is warned.
        let prompt = sandbox.tk(["prompt", "abc"]);
        let place = format!(".ticks/abc.toml:{}: a merge has left", found[0]["line"]);
        assert!(prompt.stderr.contains(&place), "{prompt}");
        // Whether they are somebody's text, only a person can tell.
        let left = sandbox.tk(["resolve", "--ours"]);
        assert_eq!(left.code, 1, "{left}");
        assert!(left.stdout.starts_with("abc  left: "), "{left}");
        assert!(left.stdout.contains("`tk resolve abc -i`"), "{left}");
        assert_eq!(sandbox.read(".ticks/abc.toml"), text);
        let asked = sandbox.tk_with_input(["resolve", "abc", "-i"], "theirs\n");
        assert_eq!(asked.code, 0, "{asked}");
        assert_eq!(
            read(&sandbox, "abc").description,
            FROM.replace("kept", "revoked")
        );
        crate::resolve::kept(&sandbox, &text);
        assert_eq!(findings(&sandbox), [] as [Value; 0]);
        assert_eq!(sandbox.tk(["resolve"]).ok(), "nothing is unmerged\n");
    }
}

/// What git has left in its index is told once.
#[test]
fn those_that_git_has_left_are_told_as_such() {
    let sandbox = committed(true);
    sandbox.git(["reset", "--quiet", "--hard", "HEAD^"]);
    let merge = sandbox.run(sandbox.command("git").args(["merge", "one"]), None);
    assert_eq!(merge.code, 1, "{merge}");
    let found = findings(&sandbox);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["command"], "tk resolve abc");
}

/// Marks in code are a quotation, as long as nobody says otherwise.
#[test]
fn those_that_are_quoted_as_code_are_a_warning() {
    let marks = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x";
    let sandbox = repository(&["abc", "def", "ghi"]);
    change(&sandbox, "abc", |ticket| {
        ticket.description = format!("It leaves:\n\n```\n{marks}\n```\n\nand stops.");
    });
    change(&sandbox, "def", |ticket| {
        note(ticket, 0);
        ticket.notes[0].text = marks.replace('\n', "\n    ").replace("<<<", "    <<<");
    });
    // No merge leaves them in another order.
    change(&sandbox, "ghi", |ticket| {
        ticket.description = "=======\n>>>>>>> b\n<<<<<<< a".to_owned();
    });
    commit(&sandbox, "quotes");
    let found = findings(&sandbox);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["severity"], "warning");
    assert_eq!(found[0]["ticket"], "abc");
    let text = sandbox.read(".ticks/abc.toml");
    assert_eq!(sandbox.tk(["resolve"]).ok(), "nothing is unmerged\n");
    assert_eq!(sandbox.read(".ticks/abc.toml"), text);
}

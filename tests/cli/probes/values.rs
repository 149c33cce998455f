//! Values of all sorts and sizes, as they come in and as they go out.

use super::row;

#[test]
fn blanks() {
    let one = |question, decided| {
        row(question, decided).given("abc", "title = \"x\"\nlabels = [\"a\"]\n")
    };
    one("a blank title?", "refused")
        .ends("new ''", 2, "the title is blank")
        .ends("new '  '", 2, "the title is blank")
        .ends("update abc --title ''", 2, "the title is blank");
    one(
        "a blank label?",
        "refused one by one; as the whole list it is none",
    )
    .ends("update abc --add-label ''", 2, "the label is blank")
    .ends("update abc --remove-label ' '", 2, "the label is blank")
    .ends("update abc --label a,,b", 2, "the label is blank")
    .ends("new x -l a,", 2, "the label is blank")
    .says("update abc --label ''", "updated")
    .lacks("abc", "\"a\"")
    .helped("update", "An empty value clears a field");
    one("a blank note?", "refused")
        .ends("note abc ''", 2, "the note is blank")
        .ends("update abc --note ' '", 2, "the note is blank")
        .ends("close abc --note ''", 2, "the note is blank");
    one("a blank type, status?", "refused: there is always one")
        .ends("update abc --type ''", 2, "unknown type ``")
        .ends("update abc --status ''", 2, "unknown status ``");
}

#[test]
fn labels() {
    let one = |question, decided| {
        row(question, decided).given("abc", "title = \"x\"\nlabels = [\"a\"]\n")
    };
    one(
        "adding a label that is there?",
        "changes nothing, and says so",
    )
    .prints("update abc --add-label a", "abc  unchanged  x\n");
    one("removing one that is not?", "changes nothing, and says so")
        .prints("update abc --remove-label b", "abc  unchanged  x\n");
    one("adding and removing the same?", "removed in the end")
        .says("update abc --add-label b --remove-label b,a", "updated")
        .lacks("abc", "\"a\"");
    one("the same label twice?", "once")
        .says("update abc -l b,b -l b", "")
        .holds("abc", "labels = [\"b\"]");
}

#[test]
fn texts() {
    row(
        "control characters in a line?",
        "refused, with the place shown escaped",
    )
    .given("abc", "title = \"x\"\n")
    .ends("new 'a\nb'", 2, "a\\nb")
    .ends("new 'a\u{1b}[31mb'", 2, "a\\u{1b}[31mb")
    .ends("update abc --title 'a\u{7}'", 2, "control character")
    .ends("update abc --add-label 'a\tb'", 2, "control character")
    .ends("update abc --owner 'a\rb'", 2, "control character")
    .ends("close abc --reason 'a\nb'", 2, "control character");
    row(
        "control characters in a text?",
        "kept, as escapes in the file and on the terminal",
    )
    .given("abc", "title = \"x\"\n")
    .says("note abc 'a\u{1b}[31m\u{7}\u{9b}b'", "noted")
    .holds("abc", "\\u001B[31m\\u0007")
    .says("show abc", "a\\u{1b}[31m\\u{7}\\u{9b}b");
    row(
        "characters that turn the direction of writing?",
        "kept, and shown escaped",
    )
    .says("new 'a\u{202e}b\u{2066}c\u{200b}d'", "")
    .says("list", "a\\u{202e}b\\u{2066}c\\u{200b}d");
    row("CRLF?", "LF in texts")
        .given("abc", "title = \"x\"\n")
        .says("update abc -d 'one\r\ntwo'", "updated")
        .holds("abc", "one\ntwo\n")
        .lacks("abc", "\r");
    row(
        "a file with CRLF?",
        "read as any other; a change keeps the lines it does not touch",
    )
    .given("abc", "title = \"x\"\r\npriority = 1\r\n# mine\r\n")
    .says("list", "abc  P1")
    .says("update abc --title y", "updated")
    .holds("abc", "# mine");
    row("a file with a byte order mark?", "read as any other")
        .given("abc", "\u{feff}title = \"x\"\n")
        .says("list", "abc");
    row("white space around values?", "is taken away")
        .says("new '  x  '", "")
        .says("list --json", "\"title\":\"x\"");
}

#[test]
fn long_texts() {
    let long = "a line of some length\n".repeat(4_600);
    assert!(long.len() > 100_000);
    let probe = row(
        "100 kB of text?",
        "kept whole, by every way in; a listed ticket has none of it",
    )
    .given("abc", "title = \"x\"\n")
    .beside("long.md", &long)
    .says("update abc -d @long.md", "updated")
    .says("note abc @long.md", "noted")
    .prints("list", "abc  P2  open  task  x\n")
    .never_says("list --json", "some length")
    .never_says("next --json", "some length");
    let shown = probe.sandbox.tk(["show", "abc", "--json"]).json()["tickets"][0].clone();
    for text in [&shown["description"], &shown["notes"][0]["text"]] {
        // Not in the message: it would be as long.
        assert!(text.as_str().unwrap().trim_end() == long.trim_end());
    }
}

#[test]
fn quoting() {
    let odd = "a \"quote\", \"\"\" three, \\ back \\n, # hash, \u{e9}\u{301}, \u{1f469}\u{200d}\u{1f4bb} and ${x} $(y) `z`";
    let json = serde_json::to_string(odd).unwrap();
    let probe = row(
        "quotes, \"\"\", backslashes, # in strings?",
        "come out as they went in",
    )
    .given("abc", "title = \"x\"\n")
    .says(
        &format!("update abc --title '{odd}' -d '{odd}' --note '{odd}' --add-label 'a#\"b\\'"),
        "updated",
    )
    .says("show abc --json", &format!("\"title\":{json}"))
    .says("show abc --json", &format!("\"description\":{json}"))
    .says("show abc --json", &format!("\"text\":{json}"))
    .says("show abc --json", "\"labels\":[\"a#\\\"b\\\\\"]");
    let shown = probe.sandbox.tk(["show", "abc", "--json"]).ok();
    probe.says("note abc more", "noted");
    assert!(shown.contains(&json));
    row(
        "a text that ends in a quote or a backslash?",
        "comes out as it went in",
    )
    .given("abc", "title = \"x\"\n")
    .says("update abc -d 'say \"\"\"\"'", "updated")
    .says(
        "show abc --json",
        "\"description\":\"say \\\"\\\"\\\"\\\"\"",
    )
    .says("update abc -d 'end \\'", "updated")
    .says("show abc --json", "\"description\":\"end \\\\\"");
    row(
        "words that look like options?",
        "are values after `=` or `--`",
    )
    .says("new -- --help", "")
    .says("list", "--help")
    .given("abc", "title = \"x\"\n")
    .says("note abc -- -n", "noted")
    .says("update abc --title=--json", "updated");
}

#[test]
fn widths() {
    row(
        "emoji and combining width in tables?",
        "columns stand under one another",
    )
    .given(
        "abc",
        "title = \"👩‍💻 漢字\"\ntype = \"feature\"\nowner = \"o\"\n",
    )
    .given("def", "title = \"e\u{301}\"\ntype = \"task\"\n")
    .prints(
        "list",
        "abc  P2  open  feature  👩‍💻 漢字  @o\ndef  P2  open  task     e\u{301}\n",
    );
}

#[test]
fn days_and_times() {
    let one = |question, decided| row(question, decided).given("abc", "title = \"x\"\n");
    one("due in the past?", "accepted: it is overdue at once")
        .says("update abc --due 2020-01-01", "updated")
        .prints("list --overdue --fields id", "abc\n");
    one("29 February?", "in leap years only")
        .says("update abc --due 2028-02-29", "updated")
        .holds("abc", "due = 2028-02-29")
        .ends("update abc --due 2027-02-29", 2, "is not a day")
        .ends("update abc --due 2026-13-01", 2, "is not a day");
    one("days by other words?", "tomorrow, and spans of whole days")
        .says("update abc --due tomorrow", "updated")
        .says("update abc --due 2w", "updated")
        .ends("update abc --due 4h", 2, "is not a day")
        .ends("update abc --due yesterday", 2, "is not a day");
    one("offsets?", "normalised to UTC")
        .says("update abc --defer 2026-12-01T10:00:00+02:00", "updated")
        .holds("abc", "defer_until = 2026-12-01T08:00:00Z");
    one("a time where a day is meant?", "refused").ends(
        "update abc --due 2026-12-01T10:00:00Z",
        2,
        "is not a day",
    );
    one("a time without an offset?", "refused: nobody knows where").ends(
        "update abc --defer 2026-12-01T10:00:00",
        2,
        "neither a day nor a time",
    );
    one(
        "estimates?",
        "with a unit; none is refused, no time at all is fine",
    )
    .says("update abc --estimate 90m", "updated")
    .ends("update abc --estimate -1h", 2, "")
    .ends("update abc --estimate 5", 2, "expected one like `45m`")
    .says("update abc --estimate 0h", "updated")
    .ends("update abc --estimate 99999999999999999999h", 2, "");
}

#[test]
fn priorities() {
    let mut probe = row(
        "priority words?",
        "0 to 4, P0 to P4, and the words for them",
    )
    .given("abc", "title = \"x\"\n");
    for (word, number) in [
        ("P1", 1),
        ("critical", 0),
        ("high", 1),
        ("Medium", 2),
        ("low", 3),
        ("backlog", 4),
        (" 0 ", 0),
    ] {
        probe = probe
            .says(&format!("update abc -p '{word}'"), "")
            .says("show abc --json", &format!("\"priority\":{number}"));
    }
    for word in ["5", "P9", "urgent", "1.5", "256"] {
        probe = probe.ends(
            &format!("update abc -p {word}"),
            2,
            "expected one of 0 (highest)",
        );
    }
    probe
        .ends("update abc -p -1", 2, "-1")
        .helped("update", "0 (highest) to 4");
}

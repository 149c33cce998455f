//! Listing and its filters.

use super::{Row, row};

/// A project with a little of everything.
fn board(question: &'static str, decided: &'static str) -> Row {
    row(question, decided)
        .given(
            "abc",
            "title = \"A\"\nowner = \"dana\"\nlabels = [\"api\", \"area:web\"]\n",
        )
        .given(
            "bcd",
            "title = \"B\"\nblocked_by = [\"abc\"]\npriority = 0\n",
        )
        .given(
            "cde",
            "title = \"C\"\nstatus = \"closed\"\nclosed_at = 2026-11-20T08:00:00Z\n",
        )
        .given(
            "def",
            "title = \"D\"\nstatus = \"in_progress\"\nlabels = [\"api\"]\n",
        )
}

#[test]
fn states() {
    board(
        "a filter for a computed state?",
        "refused, with the option that has it",
    )
    .ends("list --status blocked", 2, "`tk list --blocked`")
    .ends("list --status ready", 2, "`tk list --ready`")
    .prints("list --blocked --fields id", "bcd\n")
    .prints("list --ready --fields id", "abc\n")
    .helped("list", "blocked or ready is computed");
    board(
        "comma lists of states?",
        "any of them fits, as with the option repeated",
    )
    .prints(
        "list -s open,closed --sort id --fields id",
        "abc\nbcd\ncde\n",
    )
    .prints(
        "list -s open -s closed --sort id --fields id",
        "abc\nbcd\ncde\n",
    )
    .prints(
        "list -s 'in-progress, done' --sort id --fields id",
        "cde\ndef\n",
    )
    .helped("list", "with commas or by repeating");
    board(
        "`--ready` with `--status`?",
        "both must fit, so a closed ready one is none",
    )
    .prints("list --ready --status open --fields id", "abc\n")
    .prints("list --ready --status closed", "")
    .prints(
        "list --ready --status closed --json",
        "{\"schema\":\"tk.list.v1\",\"total\":0,\"truncated\":false,\"tickets\":[]}\n",
    )
    .helped("list", "Every filter narrows");
    board(
        "`--all` with `--status`?",
        "the status narrows, as without --all",
    )
    .prints("list --all --status closed --fields id", "cde\n");
}

#[test]
fn unknown_words() {
    board(
        "an unknown state?",
        "refused, with those there are and the nearest",
    )
    .ends(
        "list -s opne",
        2,
        "expected one of open, in_progress, closed",
    )
    .ends("list -s opne", 2, "did you mean `open`?");
    board(
        "an unknown type?",
        "refused, with those there are and the nearest",
    )
    .ends("list -t bgug", 2, "did you mean `bug`?");
    board(
        "an unknown sort key?",
        "refused, with those there are and the nearest",
    )
    .ends("list --sort tilte", 2, "did you mean `title`?")
    .ends(
        "list --sort -x",
        2,
        "unknown sort key `-x`: expected one of priority,",
    );
    board(
        "an unknown field?",
        "refused, with those there are and the nearest",
    )
    .ends("list --fields titel", 2, "did you mean `title`?")
    .ends("list --fields id,,title", 2, "unknown field ``");
    board(
        "an unknown kind of awaiting?",
        "refused, with those there are",
    )
    .ends(
        "list --awaiting=nothing",
        2,
        "expected one of work, input, approval",
    );
    board("an unknown epic?", "there is no such ticket").ends(
        "list --parent zzz",
        3,
        "no ticket `zzz`",
    );
}

#[test]
fn limits() {
    board("a limit of 0?", "refused: it would show nothing")
        .ends("list -n 0", 2, "'0'")
        .ends("ready --limit 0", 2, "'0'");
    board("a limit of -1?", "refused: no limit is no option")
        .ends("list -n -1", 2, "-1")
        .ends("list --limit=-1", 2, "-1")
        .ends("list --limit many", 2, "'many'")
        .ends(
            "list --limit 99999999999999999999",
            2,
            "'99999999999999999999'",
        );
    board("a limit that leaves out?", "is announced")
        .says("list -n 1", "1 of 3 are shown")
        .says("list -n 1 --json", "\"total\":3,\"truncated\":true")
        .says("list -n 3 --json", "\"total\":3,\"truncated\":false")
        .never_says("list -n 3", "are shown");
    board(
        "count equals list under the same defaults?",
        "`total` counts what is listed",
    )
    .says("list --json --fields id", "\"total\":3")
    .prints("list --fields id", "bcd\nabc\ndef\n")
    .says("list --all --json --fields id", "\"total\":4");
}

#[test]
fn contradictions_and_blanks() {
    board(
        "an owner, and none?",
        "one of the words must fit: hers and nobody's",
    )
    .prints(
        "list -o dana -o '' --sort id --fields id",
        "abc\nbcd\ndef\n",
    )
    .prints("list -o ''  --sort id --fields id", "bcd\ndef\n")
    .prints("list -o dana --fields id", "abc\n")
    .helped("list", "an empty one is nobody");
    board("ready, and blocked?", "refused: nothing can be both").ends(
        "list --ready --blocked",
        2,
        "cannot be used with",
    );
    board(
        "an empty string as a value?",
        "refused where it means nothing, as of an unset variable",
    )
    .ends("list --status ''", 2, "unknown status ``")
    .ends("list --type ''", 2, "unknown type ``")
    .ends("list --priority ''", 2, "blank")
    .ends("list --label ''", 2, "the label is blank")
    .ends("list --parent ''", 2, "an id is blank")
    .ends("list --sort ''", 2, "unknown sort key ``")
    .ends("list --fields ''", 2, "unknown field ``")
    .ends("show ''", 2, "an id is blank");
    board("`--awaiting` without a kind?", "whatever is awaited")
        .given("efg", "title = \"E\"\nawaiting = \"input\"\n")
        .prints("list --awaiting --fields id", "efg\n")
        .prints("list --awaiting= --fields id", "efg\n")
        .prints("list --awaiting=work,input --fields id", "efg\n")
        .prints("list --awaiting=work", "");
}

#[test]
fn ranges_and_days() {
    board(
        "a reversed range of priorities?",
        "refused, with the one that was meant",
    )
    .ends("list -p 2-0", 2, "expected `0-2`")
    .prints("list -p 0-1 --fields id", "bcd\n")
    .prints("list -p P0,high --fields id", "bcd\n")
    .ends("list -p 0-9", 2, "9")
    .ends("list -p 0-", 2, "blank");
    board(
        "a range of days, \"older than 0 days\"?",
        "there is no such filter; the words are refused",
    )
    .ends("list --older 0", 2, "unexpected argument '--older'")
    .ends(
        "list --due 2026-11-20..2026-11-01",
        2,
        "unexpected argument '--due'",
    );
    board("due today?", "not yet overdue; the day after it is")
        .given("efg", "title = \"E\"\ndue = 2026-11-20\n")
        .given(
            "fgh",
            "title = \"F\"\ndue = 2026-11-19\nstatus = \"closed\"\n",
        )
        .prints("list --overdue --fields id", "")
        .at("2026-11-21T00:00:00Z")
        .prints("list --overdue --fields id", "efg\n")
        .helped("list", "Past their due day");
}

#[test]
fn labels() {
    board(
        "a label with a comma?",
        "two labels; a ticket must have both",
    )
    .prints("list -l api,area:web --fields id", "abc\n")
    .says("update def --add-label x,y", "updated")
    .prints("list -l x -l y --fields id", "def\n")
    .helped("list", "of labels, all");
    board(
        "a label with a comma in a file?",
        "one label, which options name where a ticket has it",
    )
    .given("efg", "title = \"E\"\nlabels = [\"a,b\"]\n")
    .says("list", "#a,b")
    .prints("list -l a,b --fields id", "efg\n")
    .prints("list -l a -l b --fields id", "")
    .helped("list", "taken whole where a ticket")
    .says("update efg --remove-label a,b", "updated")
    .lacks("efg", "a,b");
    board("a label with a glob?", "is taken as it stands")
        .prints("list -l 'a*'", "")
        .says("update def --add-label 'v1.*'", "updated")
        .prints("list -l 'v1.*' --fields id", "def\n");
    board("a label with a colon?", "a label like any other")
        .prints("list -l area:web --fields id", "abc\n")
        .prints("list -l area", "");
    board(
        "a label in capitals?",
        "another label: labels are told apart by case",
    )
    .prints("list -l API", "");
}

//! Edges between tickets.

use super::{Row, row};

/// Three tickets in a line: `ccc` waits for `bbb` waits for `aaa`.
fn line(question: &'static str, decided: &'static str) -> Row {
    row(question, decided)
        .given("aaa", "title = \"A\"\n")
        .given("bbb", "title = \"B\"\nblocked_by = [\"aaa\"]\n")
        .given("ccc", "title = \"C\"\nblocked_by = [\"bbb\"]\n")
}

#[test]
fn kinds() {
    line(
        "a second kind on the same pair?",
        "kinds have keys of their own and live side by side",
    )
    .says("update bbb --after aaa --related aaa", "updated")
    .holds("bbb", "blocked_by = [\"aaa\"]")
    .says("unblock bbb aaa", "unblocked")
    .holds("bbb", "after = [\n  \"aaa\",\n]")
    .holds("bbb", "related = [\n  \"aaa\",\n]");
    line("the same edge again?", "changes nothing, and says so")
        .prints("block bbb aaa", "bbb  unchanged  B\n")
        .says("block bbb aaa --json", "\"changed\":false");
    line("an edge with a ticket named twice?", "is one edge")
        .says("block ccc aaa,aaa aaa", "blocked")
        .says("show ccc", "aaa, bbb");
}

#[test]
fn cycles() {
    line(
        "an edge to itself?",
        "refused, of every kind that orders or contains",
    )
    .ends("block aaa aaa", 4, "`aaa` cannot be blocked by itself")
    .ends("update aaa --after aaa", 4, "`aaa` cannot be after itself")
    .ends(
        "update aaa --parent aaa",
        4,
        "`aaa` cannot be its own parent",
    )
    .ends(
        "update aaa --blocked-by aaa",
        4,
        "`aaa` cannot be blocked by itself",
    );
    line(
        "an edge to itself that only says something?",
        "refused too: it says nothing",
    )
    .ends("update aaa --related aaa", 4, "itself")
    .ends("update aaa --duplicate-of aaa", 4, "itself")
    .ends("update aaa --discovered-from aaa", 4, "itself");
    line("a direct cycle?", "refused, and named in full").ends(
        "block aaa bbb",
        4,
        "aaa → bbb → aaa",
    );
    line("a transitive cycle?", "refused, and named in full")
        .ends("block aaa ccc", 4, "aaa → ccc → bbb → aaa")
        .ends("update aaa --blocked-by ccc", 4, "aaa → ccc → bbb → aaa")
        .helped("block", "cycle");
    line(
        "a cycle of soft order?",
        "refused as well: it could never be kept",
    )
    .ends("update aaa --after ccc", 4, "aaa is after ccc");
    row(
        "a cycle by reparenting?",
        "refused: the ticket would wait for the epic that holds it",
    )
    .given("epi", "title = \"E\"\ntype = \"epic\"\n")
    .given("abc", "title = \"x\"\nblocked_by = [\"epi\"]\n")
    .ends("update abc --parent epi", 4, "wait for one another");
    row(
        "a cycle through an epic and its child?",
        "refused: an epic is done when its children are",
    )
    .given("epi", "title = \"E\"\ntype = \"epic\"\n")
    .given("abc", "title = \"x\"\nparent = \"epi\"\n")
    .ends("block abc epi", 4, "wait for one another")
    .ends("block epi abc", 4, "wait for one another");
    row(
        "two epics whose children wait crosswise?",
        "fine by their children; refused between the epics",
    )
    .given("one", "title = \"1\"\ntype = \"epic\"\n")
    .given("two", "title = \"2\"\ntype = \"epic\"\n")
    .given("aaa", "title = \"x\"\nparent = \"one\"\n")
    .given(
        "bbb",
        "title = \"x\"\nparent = \"two\"\nblocked_by = [\"aaa\"]\n",
    )
    .given(
        "ccc",
        "title = \"x\"\nparent = \"one\"\nblocked_by = [\"bbb\"]\n",
    )
    .prints("ready --fields id", "aaa\n")
    .ends("block one two", 4, "wait for one another");
    row(
        "a cycle that is there already?",
        "named by every reader, and no reason to refuse other changes",
    )
    .given("one", "title = \"1\"\nblocked_by = [\"two\"]\n")
    .given("two", "title = \"2\"\nblocked_by = [\"one\"]\n")
    .given("abc", "title = \"x\"\n")
    .says("list", "tickets wait for one another: one → two → one")
    .says("note one x", "noted")
    .says("block abc one", "blocked")
    .says("unblock one two", "unblocked");
    line("a file of many that makes a cycle?", "refused as a whole")
        .beside(
            "ring.toml",
            "[[ticket]]\nlocal = \"x\"\ntitle = \"X\"\nblocked_by = [\"y\"]\n\
             [[ticket]]\nlocal = \"y\"\ntitle = \"Y\"\nblocked_by = [\"x\"]\n",
        )
        .ends("new --file ring.toml", 4, "wait for one another")
        .beside(
            "epic.toml",
            "[[ticket]]\nlocal = \"e\"\ntitle = \"E\"\ntype = \"epic\"\nblocked_by = [\"x\"]\n\
             [[ticket]]\nlocal = \"x\"\ntitle = \"X\"\nparent = \"e\"\n",
        )
        .ends("new --file epic.toml", 4, "wait for one another")
        .beside(
            "self.toml",
            "[[ticket]]\nlocal = \"x\"\ntitle = \"X\"\nblocked_by = [\"x\"]\n",
        )
        .ends("new --file self.toml", 4, "cannot be blocked by itself")
        .prints("list --all --fields id --sort id", "aaa\nbbb\nccc\n");
    line(
        "a cycle by an editor?",
        "refused like any other, with the line",
    )
    .edited(
        "aaa",
        "echo blocked_by=[\\\"ccc\\\"] >>$1",
        4,
        "aaa.toml:2: tickets would wait for one another: aaa → ccc → bbb → aaa",
    )
    .edited(
        "aaa",
        "echo blocked_by=[\\\"aaa\\\"] >>$1",
        4,
        "`aaa` cannot be blocked by itself",
    );
}

#[test]
fn ends() {
    line(
        "removing an edge that is not there?",
        "changes nothing, and says so",
    )
    .prints("unblock aaa ccc", "aaa  unchanged  A\n")
    .says("unblock aaa ccc --json", "\"changed\":false");
    line("unknown ids?", "refused, also one among others")
        .ends("block aaa zzz", 3, "no ticket `zzz`")
        .ends("block zzz aaa", 3, "no ticket `zzz`")
        .ends("unblock aaa zzz", 3, "no ticket `zzz`")
        .ends("block ccc aaa zzz", 3, "no ticket `zzz`")
        .ends("update ccc --blocked-by aaa,zzz", 3, "no ticket `zzz`")
        .ends("update ccc --related zzz", 3, "no ticket `zzz`")
        .ends("new x --blocked-by zzz", 3, "no ticket `zzz`")
        .ends("new x --parent zzz", 3, "no ticket `zzz`");
    line("blank ids?", "refused, not taken for none")
        .ends("block aaa ''", 2, "an id is blank")
        .ends("block aaa bbb,", 2, "an id is blank")
        .ends("unblock aaa ''", 2, "an id is blank")
        .ends("note '' x", 2, "an id is blank");
}

#[test]
fn parents() {
    let nest = |question, decided| {
        row(question, decided)
            .given("epi", "title = \"E\"\ntype = \"epic\"\n")
            .given("sub", "title = \"S\"\ntype = \"epic\"\nparent = \"epi\"\n")
            .given("abc", "title = \"x\"\nparent = \"sub\"\n")
            .given("oth", "title = \"O\"\ntype = \"epic\"\n")
    };
    nest(
        "a parent under its own child?",
        "refused, however far below",
    )
    .ends("update epi --parent sub", 4, "epi")
    .ends("update epi --parent abc", 4, "epi");
    nest(
        "a child shown once after reparenting?",
        "under its new parent only",
    )
    .says("update abc --parent oth", "updated")
    .prints("list --parent oth --fields id", "abc\n")
    .prints("list --parent sub --fields id", "")
    .prints("list --parent epi --fields id", "sub\n")
    .prints("list --fields id --sort id", "abc\nepi\noth\nsub\n")
    .says("graph oth --json", "\"waves\":[[{\"id\":\"abc\"")
    .says("graph sub --json", "\"waves\":[]")
    .says("graph epi --json", "\"waves\":[]")
    .ends("close oth", 4, "has open children: `abc`")
    .says("close sub epi", "closed")
    .says("reopen epi sub", "reopened")
    .says("update abc --parent ''", "updated")
    .prints("list --parent oth --fields id", "");
    nest(
        "descendants of nested epics?",
        "are of the outer one too, each once",
    )
    .prints("list --parent epi --sort id --fields id", "abc\nsub\n");
    row(
        "parents in a circle, by hand?",
        "named by every reader; nothing hangs",
    )
    .given("one", "title = \"1\"\nparent = \"two\"\n")
    .given("two", "title = \"2\"\nparent = \"one\"\n")
    .says("list", "one")
    .says("ready", "")
    .says("graph", "")
    .says("list --parent one", "")
    .says("update one --parent ''", "updated");
}

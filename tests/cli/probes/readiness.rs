//! What can be done now, and what has to wait.

use super::row;

const DEFERRED: &str = "title = \"x\"\ndefer_until = 2026-12-01\n";

#[test]
fn parents() {
    let child = "title = \"x\"\nparent = \"epi\"\n";
    row("the child of a blocked epic?", "waits with it")
        .given(
            "epi",
            "title = \"E\"\ntype = \"epic\"\nblocked_by = [\"oth\"]\n",
        )
        .given("oth", "title = \"O\"\n")
        .given("abc", child)
        .prints("ready --fields id", "oth\n")
        .says("list --blocked --fields id", "abc")
        .says("close oth", "closed")
        .prints("ready --fields id", "abc\n");
    row("the child of a deferred epic?", "waits with it")
        .given(
            "epi",
            "title = \"E\"\ntype = \"epic\"\ndefer_until = 2026-12-01\n",
        )
        .given("abc", child)
        .prints("ready", "")
        .at("2026-12-01T00:00:00Z")
        .prints("ready --fields id", "abc\n");
    row("the child of an awaiting epic?", "waits with it")
        .given(
            "epi",
            "title = \"E\"\ntype = \"epic\"\nawaiting = \"approval\"\n",
        )
        .given("abc", child)
        .prints("ready", "")
        .says("approve epi", "approved")
        .prints("ready --fields id", "abc\n");
    row(
        "closing the child of a blocked epic?",
        "a parent keeps its children from starting, never from closing",
    )
    .given(
        "epi",
        "title = \"E\"\ntype = \"epic\"\nblocked_by = [\"oth\"]\n",
    )
    .given("oth", "title = \"O\"\n")
    .given("abc", child)
    .says("close abc", "closed");
    row(
        "the child of an unknown parent?",
        "is ready: only `blocked_by` waits for what is missing",
    )
    .given("abc", "title = \"x\"\nparent = \"nix\"\n")
    .prints("ready --fields id", "abc\n");
}

#[test]
fn deferral() {
    row(
        "deferred without a date?",
        "no deferral at all; there is no word for never",
    )
    .given("abc", DEFERRED)
    .says("update abc --defer ''", "updated")
    .lacks("abc", "defer_until")
    .prints("ready --fields id", "abc\n")
    .ends("update abc --defer never", 2, "neither a day nor a time");
    row("deferred to a past date?", "accepted, and over at once")
        .says("new x --defer 2020-01-01", "")
        .says("ready", "x");
    row("deferred to a day?", "until that day begins, in UTC")
        .given("abc", DEFERRED)
        .prints("ready", "")
        .prints("list --blocked --fields id", "abc\n")
        .at("2026-11-30T23:59:59Z")
        .prints("ready", "")
        .at("2026-12-01T00:00:00Z")
        .prints("ready --fields id", "abc\n");
    row("deferred to a time?", "until that moment")
        .given(
            "abc",
            "title = \"x\"\ndefer_until = 2026-11-20T10:00:00+01:00\n",
        )
        .at("2026-11-20T08:59:59Z")
        .prints("ready", "")
        .at("2026-11-20T09:00:00Z")
        .prints("ready --fields id", "abc\n");
}

#[test]
fn blockers() {
    row(
        "a blocker outside the epic?",
        "holds, and is named as external",
    )
    .given("epi", "title = \"E\"\ntype = \"epic\"\n")
    .given(
        "abc",
        "title = \"x\"\nparent = \"epi\"\nblocked_by = [\"out\"]\n",
    )
    .given("out", "title = \"O\"\n")
    .prints("ready epi", "")
    .says("graph epi --json", "\"external_blockers\":[{\"id\":\"out\"")
    .says("list --blocked", "abc  P2  open  task  x  ← out");
    row("closed blockers?", "are not shown as such in lists")
        .given("abc", "title = \"x\"\nblocked_by = [\"one\", \"two\"]\n")
        .given("one", "title = \"1\"\nstatus = \"closed\"\n")
        .given("two", "title = \"2\"\n")
        .says("list --blocked", "← two\n")
        .says("show abc", "one (done), two")
        .says("graph --json", "\"blocked_by\":[\"two\"]");
    row(
        "diamonds?",
        "the last waits for both sides, and is counted once",
    )
    .given("top", "title = \"1\"\n")
    .given("lef", "title = \"2\"\nblocked_by = [\"top\"]\n")
    .given("rig", "title = \"3\"\nblocked_by = [\"top\"]\n")
    .given("bot", "title = \"4\"\nblocked_by = [\"lef\", \"rig\"]\n")
    .prints("ready --fields id", "top\n")
    .says("close top lef", "closed")
    .prints("ready --fields id", "rig\n")
    .says("close rig", "closed")
    .prints("ready --fields id", "bot\n");
    row(
        "blocked by a deleted ticket?",
        "blocked: what is missing is not done; it is named",
    )
    .given("abc", "title = \"x\"\nblocked_by = [\"nix\"]\n")
    .prints("ready", "")
    .prints("list --blocked --fields id", "abc\n")
    .ends("close abc", 4, "nix")
    .says("unblock abc nix", "unblocked")
    .prints("ready --fields id", "abc\n");
    row(
        "blocked by a file that is no ticket?",
        "blocked: nobody knows that it is done",
    )
    .given("abc", "title = \"x\"\nblocked_by = [\"bad\"]\n")
    .given("bad", "title = \n")
    .prints("ready", "");
    row("`after` an open ticket?", "soft order never blocks")
        .given("abc", "title = \"x\"\nafter = [\"oth\"]\n")
        .given("oth", "title = \"y\"\n")
        .says("ready --fields id", "abc");
}

#[test]
fn long_chains() {
    let mut probe = row(
        "a long chain?",
        "only its first is ready, the rest by turns",
    );
    probe = probe.given("t0", "title = \"x\"\n");
    for number in 1..300 {
        let before = number - 1;
        let text = format!("title = \"x\"\nblocked_by = [\"t{before}\"]\n");
        probe = probe.given(&format!("t{number}"), &text);
    }
    probe
        .prints("ready --fields id", "t0\n")
        .says("graph --json", "\"critical_path\":300")
        .says("close t0", "closed")
        .prints("ready --fields id", "t1\n")
        .ends("block t0 t299", 4, "wait for one another");
}

#[test]
fn epics() {
    let epic = "title = \"E\"\ntype = \"epic\"\n";
    row(
        "all children closed?",
        "the epic stays open and is never work; a hint says how to close it",
    )
    .given("epi", epic)
    .given("abc", "title = \"x\"\nparent = \"epi\"\n")
    .says(
        "close abc",
        "every child of the epic `epi` is closed: `tk close epi`",
    )
    .prints("ready", "")
    .says("list --fields id", "epi")
    .ends("next epi", 1, "nothing is ready")
    .says("graph epi --json", "\"waves\":[]")
    .says("close epi", "closed");
    row(
        "an epic without children?",
        "never ready, never in a wave; it can be closed",
    )
    .given("epi", epic)
    .prints("ready", "")
    .ends("next epi", 1, "nothing is ready")
    .says("graph epi --json", "\"waves\":[]")
    .says("close epi", "closed");
    row(
        "a closed epic with open children?",
        "the children stay open, and ready; the epic takes no new ones",
    )
    .given("epi", epic)
    .given("abc", "title = \"x\"\nparent = \"epi\"\n")
    .ends("close epi", 4, "has open children: `abc`")
    .says("close epi --force", "closed")
    .prints("ready --fields id", "abc\n")
    .ends("new y --parent epi", 4, "is closed");
    row(
        "a ticket blocked by an epic?",
        "waits for what is open in it; for the epic itself while that has no tickets",
    )
    .given("epi", epic)
    .given("oth", "title = \"y\"\nblocked_by = [\"epi\"]\n")
    .prints("ready", "")
    .given("abc", "title = \"x\"\nparent = \"epi\"\n")
    .prints("ready --fields id", "abc\n")
    .says("close abc", "closed")
    .prints("ready --fields id", "oth\n");
    row(
        "a ticket that has children and another type?",
        "an epic by its children, so no work",
    )
    .given("epi", "title = \"E\"\n")
    .given("abc", "title = \"x\"\nparent = \"epi\"\n")
    .prints("ready --fields id", "abc\n");
    row("a scope that is no epic?", "just that ticket")
        .given("abc", "title = \"x\"\n")
        .prints("ready abc --fields id", "abc\n");
}

#[test]
fn awaiting() {
    for kind in [
        "work",
        "input",
        "approval",
        "review",
        "content",
        "escalation",
        "checkpoint",
    ] {
        row(
            "a ticket that awaits a person?",
            "is not ready, whatever it awaits",
        )
        .given("abc", &format!("title = \"x\"\nawaiting = \"{kind}\"\n"))
        .prints("ready", "")
        .ends("next", 1, "1 awaiting a person");
    }
    row(
        "a ticket in progress?",
        "is begun, so neither ready nor blocked",
    )
    .given("abc", "title = \"x\"\nstatus = \"in_progress\"\n")
    .prints("ready", "")
    .prints("list --blocked", "");
}

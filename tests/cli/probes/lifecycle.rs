//! From open to closed and back, and the human gates between.

use super::{Row, row};

#[test]
fn the_close_guard() {
    let held = |decided| {
        row("the close guard on every path?", decided)
            .given("abc", "title = \"x\"\nblocked_by = [\"oth\"]\n")
            .given("oth", "title = \"y\"\n")
            .given("fre", "title = \"z\"\n")
    };
    held("no command closes what is blocked, without --force")
        .ends("close abc", 4, "`abc` is blocked by `oth`")
        .ends("update abc --status closed", 4, "`abc` is blocked by `oth`")
        .ends("update abc -s done", 4, "`abc` is blocked by `oth`")
        .ends(
            "update abc -s closed --title new",
            4,
            "`abc` is blocked by `oth`",
        )
        .says("close abc --force", "closed")
        .helped("close", "--force");
    held("several at once are closed together or not at all")
        .ends("close fre abc", 4, "`abc` is blocked by `oth`")
        .ends("update fre abc -s closed", 4, "`abc` is blocked by `oth`")
        .ends("close fre zzz", 3, "no ticket `zzz`")
        .says("close abc oth", "closed")
        .helped("close", "together or not at all");
    held("an agent closes nothing")
        .ends("close fre --as agent:x", 4, "only people may close")
        .ends("update fre -s closed --as agent:x", 4, "only people may");
    row(
        "the close guard with a gate?",
        "the blockers come first, then the gate",
    )
    .given(
        "abc",
        "title = \"x\"\nrequires = \"review\"\nblocked_by = [\"oth\"]\n",
    )
    .given("oth", "title = \"y\"\n")
    .ends("close abc", 4, "is blocked by `oth`")
    .says("close oth", "closed")
    .says("close abc --json", "\"closed\":false")
    .holds("abc", "awaiting = \"review\"")
    .says("close abc --json", "\"changed\":false,\"closed\":false")
    .says("approve abc", "approved")
    .says("close abc --json", "\"closed\":true");
    row(
        "closing what awaits a person by force?",
        "force is about blockers; the gate stays",
    )
    .given("abc", "title = \"x\"\nrequires = \"review\"\n")
    .says("close abc --force --json", "\"closed\":false");
}

#[test]
fn closing_and_reopening() {
    let closed = |question, decided| {
        row(question, decided)
            .given("abc", "title = \"x\"\n")
            .given("dep", "title = \"y\"\nblocked_by = [\"abc\"]\n")
            .says("close abc --reason first", "closed")
    };
    closed("close twice?", "changes nothing, says so, and is fine")
        .says("close abc --json", "\"changed\":false,\"closed\":true")
        .holds("abc", "reason = \"first\"");
    closed("close twice, with a reason?", "the later reason stands")
        .says("close abc --reason second --json", "\"changed\":true")
        .holds("abc", "reason = \"second\"");
    row(
        "reopen an open one?",
        "changes nothing, says so, and is fine",
    )
    .given("abc", "title = \"x\"\nstatus = \"in_progress\"\n")
    .says("reopen abc --json", "\"changed\":false")
    .holds("abc", "in_progress");
    closed("a reopened blocker?", "blocks its dependants again")
        .prints("ready --fields id", "dep\n")
        .says("reopen abc", "reopened")
        .prints("ready --fields id", "abc\n")
        .lacks("abc", "closed_at")
        .lacks("abc", "reason");
    closed(
        "a reopened blocker of what is begun?",
        "what is begun stays begun",
    )
    .says("update dep -s in_progress", "updated")
    .says("reopen abc", "reopened")
    .holds("dep", "in_progress")
    .ends("close dep", 4, "is blocked by `abc`");
    row(
        "closing an epic with open children?",
        "refused; with force the children stay open",
    )
    .given("epi", "title = \"E\"\ntype = \"epic\"\n")
    .given("abc", "title = \"x\"\nparent = \"epi\"\n")
    .ends("close epi", 4, "`epi` has open children: `abc`")
    .ends("update epi -s closed", 4, "`epi` has open children: `abc`")
    .says("close epi abc", "closed");
    row(
        "creating under a closed parent?",
        "refused, and so is moving or reopening there",
    )
    .given(
        "epi",
        "title = \"E\"\ntype = \"epic\"\nstatus = \"closed\"\n",
    )
    .given("abc", "title = \"x\"\n")
    .given(
        "def",
        "title = \"y\"\nparent = \"epi\"\nstatus = \"closed\"\n",
    )
    .ends("new z --parent epi", 4, "`tk reopen epi` opens it again")
    .ends("update abc --parent epi", 4, "is closed")
    .ends("reopen def", 4, "is closed")
    .says("reopen epi def", "reopened");
    row(
        "starting a blocked one?",
        "allowed, with a warning that says what it waits for",
    )
    .given("abc", "title = \"x\"\nblocked_by = [\"oth\"]\n")
    .given("oth", "title = \"y\"\n")
    .says(
        "update abc -s in_progress",
        "warning: `abc` is begun though blocked by `oth`",
    );
    row("a status of a closed one that is not open?", "reopens it")
        .given(
            "abc",
            "title = \"x\"\nstatus = \"closed\"\nclosed_at = 2026-11-20T08:00:00Z\n",
        )
        .says("update abc -s in_progress", "updated")
        .lacks("abc", "closed_at")
        .ends("update abc -s closed --as agent:x", 4, "only people");
}

#[test]
fn boards() {
    let board = |question, decided| {
        row(question, decided)
            .configured(
                "[[status]]\nid = \"backlog\"\ncategory = \"open\"\n\
                 [[status]]\nid = \"building\"\ncategory = \"active\"\n\
                 [[status]]\nid = \"done\"\ncategory = \"done\"\n\
                 [transitions]\nbacklog = [\"building\"]\nbuilding = [\"done\", \"backlog\"]\n",
            )
            .given("abc", "title = \"x\"\nstatus = \"backlog\"\n")
    };
    board(
        "a transition that is not allowed?",
        "refused, with those that are",
    )
    .ends(
        "update abc -s done",
        4,
        "from `backlog` it can go to: building",
    )
    .ends("close abc", 4, "cannot be closed from `backlog`")
    .says("update abc -s building", "updated")
    .says("close abc", "closed")
    .ends("reopen abc", 4, "no transition leads on from `done`");
    board(
        "a status of the default board on another one?",
        "refused, with those there are",
    )
    .ends(
        "update abc -s open",
        2,
        "expected one of backlog, building, done",
    );
}

/// What a verdict does to what is awaited: whether it is accepted, and what it says if not.
#[test]
fn every_awaiting_and_verdict() {
    let gates = ["approval", "review", "content", "escalation", "checkpoint"];
    let asked = |awaiting: &str| -> Row {
        row(
            "every awaiting × verdict?",
            "gates take approve and reject, input an answer, work its closing",
        )
        .given(
            "abc",
            &format!("title = \"x\"\nawaiting = \"{awaiting}\"\n"),
        )
    };
    for gate in gates {
        asked(gate)
            .says("approve abc", "approved")
            .holds("abc", "verdict = \"approved\"")
            .prints("ready --fields id", "abc\n");
        asked(gate)
            .says("reject abc 'not so'", "rejected")
            .holds("abc", "verdict = \"rejected\"")
            .holds("abc", "not so")
            .prints("ready --fields id", "abc\n");
        asked(gate).ends("answer abc yes", 4, &format!("awaits {gate}, not input"));
        asked(gate).ends("approve abc --as agent:x", 4, "only people may approve");
        asked(gate).ends("reject abc no --as agent:x", 4, "only people may reject");
    }
    asked("input")
        .ends("approve abc", 4, "`tk answer abc TEXT`")
        .ends("reject abc no", 4, "`tk answer abc TEXT`")
        .says("answer abc yes", "answered")
        .prints("ready --fields id", "abc\n");
    asked("work")
        .ends("approve abc", 4, "`tk close abc`")
        .ends("reject abc no", 4, "`tk close abc`")
        .ends("answer abc yes", 4, "awaits work")
        .says("close abc", "closed")
        .holds("abc", "awaiting = \"\"");
    row("approve what awaits nothing?", "refused")
        .given("abc", "title = \"x\"\n")
        .ends("approve abc", 4, "`abc` awaits nothing")
        .ends("reject abc no", 4, "`abc` awaits nothing")
        .ends("answer abc yes", 4, "awaits no input");
    row(
        "reject without text?",
        "refused: whoever goes on needs to know why",
    )
    .given("abc", "title = \"x\"\nawaiting = \"review\"\n")
    .ends("reject abc", 2, "<TEXT>")
    .ends("reject abc ''", 2, "blank")
    .ends("reject abc ' '", 2, "blank")
    .ends("answer abc ''", 2, "blank")
    .ends("ask abc ''", 2, "blank");
    row(
        "a question on what awaits something else?",
        "refused: one thing at a time",
    )
    .given("abc", "title = \"x\"\nawaiting = \"review\"\n")
    .ends("ask abc why", 4, "already awaits review");
    row("awaiting on a closed one?", "refused")
        .given("abc", "title = \"x\"\nstatus = \"closed\"\n")
        .ends("update abc --awaiting input", 4, "it can await nothing")
        .ends("ask abc why", 4, "is closed");
    row(
        "approve an agent's proposal, reject another?",
        "one becomes work, the other is closed",
    )
    .given(
        "abc",
        "title = \"x\"\nawaiting = \"approval\"\ncreated_by = \"agent:x\"\n",
    )
    .given(
        "def",
        "title = \"y\"\nawaiting = \"approval\"\ncreated_by = \"agent:x\"\n",
    )
    .says("approve abc", "approved")
    .says("reject def no", "")
    .prints("ready --fields id", "abc\n")
    .holds("def", "reason = \"declined\"");
}

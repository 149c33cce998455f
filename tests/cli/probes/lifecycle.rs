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
    let closing = "echo status=\\\"closed\\\" >>$1";
    held("an editor is no way around it")
        .edited("abc", closing, 4, "abc.toml:3: `abc` is blocked by `oth`")
        .edited("fre", closing, 0, "edited")
        .holds("fre", "closed_by")
        .helped("edit", "by the same rules");
    held("an agent closes nothing")
        .ends("close fre --as agent:x", 4, "only people may close")
        .ends("update fre -s closed --as agent:x", 4, "only people may")
        .ends("edit fre --as agent:x", 4, "only people may");
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
    .beside(
        "under.toml",
        "[[ticket]]\ntitle = \"z\"\nparent = \"epi\"\n",
    )
    .ends("new --file under.toml", 4, "is closed")
    .ends("update abc --parent epi", 4, "is closed")
    .ends("reopen def", 4, "is closed")
    .ends("update def -s open", 4, "`tk reopen epi` opens it again")
    .ends("update def -s in_progress", 4, "is closed")
    .ends("update def --parent epi -s open", 4, "is closed")
    .edited("def", "sed -i s/closed/open/ $1", 4, "is closed")
    .edited("abc", "echo parent=\\\"epi\\\" >>$1", 4, "is closed")
    .says("update def --parent '' -s open", "updated")
    .says("update def --parent epi -s closed", "updated")
    .says("reopen epi def", "reopened")
    .says("close epi def", "closed")
    .says("update def epi -s open", "updated");
    row(
        "reopen an open one under an epic closed by force?",
        "changes nothing, says so, and is fine",
    )
    .given(
        "epi",
        "title = \"E\"\ntype = \"epic\"\nstatus = \"closed\"\n",
    )
    .given("abc", "title = \"x\"\nparent = \"epi\"\n")
    .says("reopen abc", "unchanged")
    .says("update abc -s in_progress", "updated");
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
fn claims() {
    let wanted = |question, decided| {
        row(question, decided)
            .given("abc", "title = \"x\"\n")
            .given("def", "title = \"y\"\n")
    };
    wanted(
        "a claim together with a status?",
        "claiming begins the ticket by itself; the two are no options of one command",
    )
    .ends(
        "claim abc --status open",
        2,
        "unexpected argument '--status'",
    )
    .ends(
        "update abc --claim -s in_progress",
        2,
        "unexpected argument '--claim'",
    )
    .says("claim abc", "held until")
    .holds("abc", "in_progress")
    .helped("claim", "in progress");
    wanted(
        "a status of what is claimed?",
        "changes the status; closing ends the claim, and so does its holder who puts it back",
    )
    .says("claim abc", "held until")
    .says("update abc -s open --as bob", "updated")
    .ends("claim abc --as bob", 5, "is held by dana@example.com")
    .says("claim abc", "abc")
    .says("update abc -s open", "updated")
    .says("claim abc --as bob", "held until")
    .says("update abc -s open --as bob", "updated")
    .says("claim abc", "abc")
    .holds("abc", "in_progress")
    .says("close abc", "closed")
    .says("reopen abc", "reopened")
    .says("claim abc --as bob", "held until");
    wanted(
        "a claim of a claimed one?",
        "refused, with who holds it; one's own is renewed",
    )
    .says("claim abc", "held until")
    .ends("claim abc --as bob", 5, "is held by dana@example.com until")
    .says("claim abc --json", "\"changed\":false")
    .says("next --claim --as bob", "def");
    wanted(
        "a release of another's claim?",
        "refused without --force, and to agents with it",
    )
    .says("claim abc", "held until")
    .ends("release abc --as bob", 5, "is held by dana@example.com")
    .ends("release abc --force --as agent:x", 4, "only people may")
    .says("release abc --force --as bob", "released")
    .says("release abc", "unchanged")
    .helped("release", "--force");
    wanted(
        "claims from several worktrees?",
        "one truth a clone: what one holds, the others are refused",
    )
    .ends_in("linked", "claim abc", 0, "held until")
    .ends("claim abc --as bob", 5, "is held by dana@example.com")
    .ends_in(
        "other",
        "claim abc --as bob",
        5,
        "is held by dana@example.com",
    )
    .ends_in("other", "next --claim --as bob", 0, "def")
    .ends("claim def", 5, "is held by bob")
    .ends_in("linked", "release abc", 0, "released")
    .ends_in("other", "claim abc --as bob", 0, "held until");
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

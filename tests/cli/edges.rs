use insta::assert_snapshot;

use crate::project::{authentication, refused};

#[test]
fn blocks_and_unblocks() {
    let sandbox = authentication();
    assert_snapshot!(sandbox.tk(["block", "ghi", "def"]), @"ghi  blocked  Third");
    assert_snapshot!(sandbox.tk(["block", "ghi", "def,abc"]), @"ghi  unchanged  Third");
    assert_snapshot!(sandbox.tk(["unblock", "ghi", "def", "abc", "--json"]).json()["results"], @r#"[{"id":"ghi","changed":true,"awaiting":null}]"#);
    assert_snapshot!(sandbox.tk(["unblock", "ghi", "def"]), @"ghi  unchanged  Third");
}

#[test]
fn circles_and_unknown_ids_are_refused() {
    let sandbox = authentication();
    assert_snapshot!(refused(&sandbox, 4, &[
        &["block", "abc", "abc"],
        &["block", "abc", "def"],
        &["block", "abc", "aut"],
        &["block", "aut", "def"],
        &["block", "abc", "ghi", "--json"],
    ]), @r#"
    error: `abc` cannot be blocked by itself
    error: tickets would wait for one another: abc → def → abc
    error: tickets would wait for one another: abc → abc (abc → abc: abc is blocked by aut, abc is a part of aut)
    error: tickets would wait for one another: def → def (def → def: def is a part of aut, aut is blocked by def)
    {"schema":"tk.error.v1","error":{"code":"CYCLE","message":"tickets would wait for one another: abc → ghi → abc","hint":null,"retryable":false,"exit_code":4,"context":{"cycle":["abc","ghi"]}}}
    "#);
    assert_snapshot!(refused(&sandbox, 3, &[&["block", "abc", "def", "zzz"], &["unblock", "abc", "zzz"]]), @r"
    error: no ticket `zzz`
    hint: `tk list --all` shows every ticket
    error: no ticket `zzz`
    hint: `tk list --all` shows every ticket
    ");
}

#[test]
fn a_blocker_that_does_not_exist_blocks_and_can_be_taken_away() {
    let sandbox = authentication();
    sandbox.ticket("own", "title = \"Own\"\nblocked_by = [\"gone\"]\n");
    assert_eq!(sandbox.tk(["ready", "--fields", "id"]).ok(), "abc\n");
    assert_snapshot!(sandbox.tk(["unblock", "own", "gone"]), @"own  unblocked  Own");
    assert_eq!(sandbox.tk(["ready", "--fields", "id"]).ok(), "abc\nown\n");
}

use insta::assert_snapshot;

use crate::project::{authentication, refused};
use crate::support::Sandbox;

#[test]
fn what_others_refer_to_stays() {
    let sandbox = authentication();
    sandbox.ticket("rel", "title = \"Related\"\nrelated = [\"ghi\"]\n");
    assert_snapshot!(refused(&sandbox, 4, &[
        &["delete", "abc"],
        &["delete", "aut", "ghi", "--json"],
        // One that nothing refers to does not go without the other.
        &["delete", "rel", "aut"],
    ]), @r#"
    error: `abc` is referred to by `def`, `ghi`
    hint: `tk show` tells how; `tk unblock` and `tk update --parent ''` undo it
    {"schema":"tk.error.v1","error":{"code":"REFUSED","message":"`aut` is referred to by `abc`, `def`\n`ghi` is referred to by `rel`","hint":"`tk show` tells how; `tk edit` undoes it, and `--force` does","retryable":false,"exit_code":4,"context":{"referred_by":["abc","def","rel"]}}}
    error: `aut` is referred to by `abc`, `def`, `ghi`
    hint: `tk show` tells how; `tk unblock` and `tk update --parent ''` undo it
    "#);
    assert_snapshot!(refused(&sandbox, 3, &[&["delete", "rel", "zzz"]]), @r"
    error: no ticket `zzz`
    hint: `tk list --all` shows every ticket
    ");
    assert_snapshot!(sandbox.tk(["delete", "rel"]), @"rel  deleted  Related");
    // Those that go together may refer to each other.
    assert_snapshot!(sandbox.tk(["delete", "aut", "abc", "def", "ghi", "--json"]), @r#"{"schema":"tk.delete.v1","changed":true,"results":[{"id":"aut","title":"Authentication","cleared_in":[]},{"id":"abc","title":"First","cleared_in":[]},{"id":"def","title":"Second","cleared_in":[]},{"id":"ghi","title":"Third","cleared_in":[]}],"tickets":[]}"#);
    assert_snapshot!(sandbox.tk(["list", "--all", "--json"]), @r#"{"schema":"tk.list.v1","total":0,"truncated":false,"tickets":[]}"#);
}

#[test]
fn forced_it_clears_the_references() {
    let sandbox = authentication();
    sandbox.ticket(
        "rel",
        "# kept\ntitle = \"Related\"\nafter = [\"abc\"]\nrelated = [\"abc\", \"def\"]\n",
    );
    sandbox.tk(["claim", "abc"]).ok();
    assert_snapshot!(sandbox.tk(["delete", "abc", "--force"]), @"abc  deleted  First  (cleared in def, ghi, rel)");
    assert_snapshot!(sandbox.read(".ticks/rel.toml"), @r#"
    # kept
    title = "Related"
    related = ["def"]
    "#);
    assert!(!sandbox.read(".ticks/def.toml").contains("abc"));
    assert!(!sandbox.path().join(".git/tk/claims/abc").exists());
    assert_snapshot!(sandbox.tk(["ready"]), @r"
    def  P2  open  task  Second  #api
    ghi  P2  open  bug   Third
    rel  P2  open  task  Related
    ");
}

#[test]
fn only_what_is_still_as_it_was_seen() {
    let sandbox = authentication();
    let output = sandbox.tk(["delete", "def", "--if-match", "000000000000"]);
    assert_eq!(output.code, 5, "{output}");
    let etag = sandbox.tk(["show", "def", "--json"]).json()["tickets"][0]["etag"].clone();
    sandbox
        .tk(["delete", "def", "--if-match", etag.as_str().unwrap()])
        .ok();
}

#[test]
fn all_or_nothing_where_a_file_cannot_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = authentication();
    let ticks = sandbox.path().join(".ticks");
    let mode = |mode| {
        std::fs::set_permissions(&ticks, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o555);
    let before = sandbox.read(".ticks/def.toml");
    let output = sandbox.tk(["delete", "abc", "--force"]);
    mode(0o755);
    // The superuser writes anywhere.
    if output.code != 0 {
        assert_eq!(sandbox.read(".ticks/def.toml"), before);
        assert!(ticks.join("abc.toml").exists());
    }
}

/// The hint is of what would undo the reference that there is.
#[test]
fn a_reference_that_no_option_undoes_is_edited() {
    let sandbox = Sandbox::initialised();
    sandbox.ticket("abc", "title = \"First\"\n");
    sandbox.ticket("def", "title = \"Second\"\nrecurs_from = \"abc\"\n");
    assert_snapshot!(sandbox.tk(["delete", "abc"]), @r"
    --- stderr
    error: `abc` is referred to by `def`
    hint: `tk show` tells how; `tk edit` undoes it, and `--force` does
    --- exit 4
    ");
}

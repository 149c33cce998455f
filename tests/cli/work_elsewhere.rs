//! What a run has kept for a person in one clone, and is approved in another.

use insta::assert_snapshot;

use crate::between_clones::Clones;

/// `abc`, which a run in another clone has kept, as it comes here, and is approved.
#[test]
fn who_approves_without_the_branch_is_told_where_the_work_is() {
    let clones = Clones::new();
    let kept = "title = \"First\"\nrequires = \"review\"\nawaiting = \"review\"\n\n[[runs]]\n\
                run = \"01M8KQ0K9FGJ1J2TGA2TBFZDX0\"\nattempt = 1\nagent = \"sh\"\n\
                outcome = \"awaiting\"\n";
    clones.sandbox.ticket("abc", kept);
    assert_snapshot!(clones.tk("repo", &["approve", "abc"]), @r#"
    abc  approved  First
    --- stderr
    warning: this clone has no branch with what run `01M8KQ0K9FGJ1J2TGA2TBFZDX0` has kept of `abc`: it is in the clone where that ran, and whoever begins `abc` in another one does it once more
    hint: `tk land abc` merges it there, when the approval has come there
    "#);
    // Nor does whoever begins it anew do so without a word.
    let claimed = clones.tk("repo", &["claim", "abc"]);
    assert!(claimed.stderr.contains("has no branch"), "{claimed}");
    clones.tk("repo", &["release", "abc"]).ok();
    // Where the branch is, it is as ever.
    clones.sandbox.ticket("abc", kept);
    clones.sandbox.git(["branch", "tk/work/t-ba7816bf/abc"]);
    assert_snapshot!(clones.tk("repo", &["approve", "abc"]), @r#"
    abc  approved  First
    --- stderr
    hint: what a run has kept of `abc`, `tk land abc` merges
    "#);
}

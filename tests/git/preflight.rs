//! What must be so before a run changes anything.

use tk::git::Git;

use crate::repo::TestRepo;

#[test]
fn a_repository_says_what_keeps_a_run_from_starting() {
    let test = TestRepo::new();
    let git = Git::new(test.dir());
    assert!(git.expect_minimum().unwrap() >= tk::git::MINIMUM);
    let committer = git.committer().unwrap().unwrap();
    assert_eq!(
        (committer.name.as_str(), committer.email.as_str()),
        ("Dana", "dana@example.com")
    );
    assert_eq!(git.operation().unwrap(), None);
    assert!(!git.can_sign().unwrap());
    assert_eq!(git.branch_in_the_way("k7m").unwrap(), None);
    test.commit("First");
    for (name, blocks) in [
        ("tk", true),
        ("tk/run", true),
        ("tk/work/k7m", true),
        ("tk/run/k7m/x", true),
        ("tk/run/k7m", false),
        ("tk/work/other", false),
        ("tk/work/k7m/k7m", false),
        ("tkx", false),
    ] {
        test.git(&["branch", name]);
        let found = git.branch_in_the_way("k7m").unwrap();
        assert_eq!(found.is_some(), blocks, "{name}");
        test.git(&["branch", "-D", "-q", name]);
    }
    test.git(&["config", "commit.gpgsign", "true"]);
    test.git(&["config", "gpg.program", "false"]);
    assert!(git.can_sign().is_err());
}

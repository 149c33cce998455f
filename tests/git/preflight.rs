//! What must be so before a run changes anything.

use tk::git::{BranchName, CommitId, FileEdit, Git, Integration, Repo, TicksPath};

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

/// A program that signs as `gpg` does, as far as git looks.
const SIGNER: &str = "#!/bin/sh
cat > /dev/null
printf '\\n[GNUPG:] SIG_CREATED D\\n' >&2
echo '-----BEGIN PGP SIGNATURE-----'
echo signed
echo '-----END PGP SIGNATURE-----'
";

#[test]
fn commits_are_signed_if_the_user_has_them_signed() {
    use std::os::unix::fs::PermissionsExt;
    let test = TestRepo::new();
    let first = CommitId::parse(&test.commit("First")).unwrap();
    let signer = test.beside("signer");
    std::fs::write(&signer, SIGNER).unwrap();
    std::fs::set_permissions(&signer, std::fs::Permissions::from_mode(0o755)).unwrap();
    test.git(&["config", "gpg.program", signer.to_str().unwrap()]);
    test.git(&["config", "commit.gpgSign", "true"]);
    assert!(Git::new(test.dir()).can_sign().unwrap());
    let name = BranchName::parse("tk/run/k7m").unwrap();
    let dir = test.path(".worktrees/run");
    let worktrees = Repo::discover(test.dir()).unwrap().worktrees();
    worktrees.add(&dir, &name, first).unwrap();
    let file = FileEdit {
        path: TicksPath::parse(".ticks/k7m.toml").unwrap(),
        bytes: Some(b"title = \"A\"\n".to_vec()),
    };
    let run = Integration::new(&dir, name);
    let commit = run.commit_files(&[file], "Plan\n", None).unwrap().unwrap();
    let text = test.git(&["cat-file", "commit", &commit.to_string()]);
    assert!(
        text.contains("gpgsig -----BEGIN PGP SIGNATURE-----\n signed"),
        "{text}"
    );
}

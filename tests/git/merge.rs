//! Merging ticket branches in the integration worktree.

use std::path::PathBuf;

use tk::git::{
    Author, BranchName, CommitId, FileEdit, GitError, Integration, MergeBegin, PendingMerge, Repo,
    TicksPath,
};

use crate::repo::{TestRepo, commit_in, git_in, write_in};
use crate::support::snapshot::snapshot;

const OPEN: &str = "title = \"A\"\n\nstatus = \"open\"\n";
const CLOSED: &str = "title = \"A\"\n\nstatus = \"closed\"\n";

/// A repository, a run's branch in its worktree, and a branch `side` with `src/b`.
struct Run {
    test: TestRepo,
    dir: PathBuf,
    base: CommitId,
    side: CommitId,
    integration: Integration,
}

fn commit_id(text: &str) -> CommitId {
    CommitId::parse(text).unwrap()
}

fn run_with(prepare: impl FnOnce(&TestRepo)) -> Run {
    let test = TestRepo::new();
    test.write("src/a", "1\n2\n3\n");
    test.write("Lock", "1\n");
    test.write(".gitignore", "build/\n");
    test.write(".ticks/k7m.toml", OPEN);
    let base = commit_id(&test.commit("First"));
    test.git(&["checkout", "-q", "-b", "side"]);
    test.write("src/b", "1\n");
    prepare(&test);
    let side = commit_id(&test.commit("Side"));
    test.git(&["checkout", "-q", "main"]);
    let dir = test.path(".worktrees/run");
    let worktrees = Repo::discover(test.dir()).unwrap().worktrees();
    worktrees.exclude(".worktrees").unwrap();
    let branch = BranchName::parse("tk/run/k7m").unwrap();
    worktrees.add(&dir, &branch, base).unwrap();
    let integration = Integration::new(&dir, branch);
    Run {
        test,
        dir,
        base,
        side,
        integration,
    }
}

fn run() -> Run {
    run_with(|_| {})
}

fn ready(begun: MergeBegin) -> PendingMerge {
    match begun {
        MergeBegin::Ready(pending) => pending,
        other => panic!("expected a merge that is ready, got {other:?}"),
    }
}

fn ticket_file(bytes: Option<&str>) -> FileEdit {
    FileEdit {
        path: TicksPath::parse(".ticks/k7m.toml").unwrap(),
        bytes: bytes.map(|text| text.as_bytes().to_vec()),
    }
}

fn agent() -> Author {
    Author {
        name: "agent:claude".to_owned(),
        email: "agent@example.com".to_owned(),
    }
}

/// The worktree is clean, on its branch, and in the middle of nothing.
#[track_caller]
fn assert_tidy(run: &Run) {
    assert_eq!(git_in(&run.dir, &["status", "--porcelain"]), "");
    assert_eq!(
        git_in(&run.dir, &["symbolic-ref", "HEAD"]),
        "refs/heads/tk/run/k7m"
    );
    let merge_head = git_in(&run.dir, &["rev-parse", "--git-path", "MERGE_HEAD"]);
    assert!(!PathBuf::from(merge_head).exists());
}

#[test]
fn code_and_closed_ticket_are_one_merge_commit_and_reverting_it_reopens_the_ticket() {
    let run = run();
    let before = snapshot(run.test.dir());
    let pending = ready(run.integration.merge_begin(run.side).unwrap());
    assert_eq!((pending.onto, pending.merged), (run.base, run.side));
    assert!(pending.tickets.is_empty());
    assert!(run.dir.join("src/b").is_file());
    assert_eq!(run.integration.tip().unwrap(), run.base);
    let message = "# Add b\n\nTicket: k7m\nRun: 01JD\nCost-USD: 0.42\n";
    let files = [ticket_file(Some(CLOSED))];
    let done = run
        .integration
        .merge_commit(&pending, message, &files, Some(&agent()))
        .unwrap();
    assert_eq!(done.changed_by_checks, Vec::<String>::new());
    assert_tidy(&run);
    assert_eq!(run.integration.tip().unwrap(), done.commit);
    let shown = git_in(&run.dir, &["show", "-s", "--format=%P|%an|%cn|%B"]);
    let parents = format!("{} {}", run.base, run.side);
    assert_eq!(shown, format!("{parents}|agent:claude|Dana|{message}"));
    let changed = git_in(&run.dir, &["diff", "--name-only", "HEAD^1", "HEAD"]);
    assert_eq!(changed, ".ticks/k7m.toml\nsrc/b");
    let trailers = ["log", "-1", "--format=%(trailers:key=Ticket,valueonly)"];
    assert_eq!(git_in(&run.dir, &trailers).trim(), "k7m");
    assert_eq!(before, snapshot(run.test.dir()));
    git_in(&run.dir, &["revert", "--no-edit", "-m1", "HEAD"]);
    assert_eq!(
        std::fs::read_to_string(run.dir.join(".ticks/k7m.toml")).unwrap(),
        OPEN
    );
    assert!(!run.dir.join("src/b").exists());
}

#[test]
fn what_is_merged_already_is_up_to_date() {
    let run = run();
    let pending = ready(run.integration.merge_begin(run.side).unwrap());
    run.integration
        .merge_commit(&pending, "m", &[], None)
        .unwrap();
    let again = run.integration.merge_begin(run.side).unwrap();
    assert!(matches!(again, MergeBegin::UpToDate), "{again:?}");
    let base = run.integration.merge_begin(run.base).unwrap();
    assert!(matches!(base, MergeBegin::UpToDate), "{base:?}");
}

#[test]
fn a_conflict_names_its_files_and_leaves_nothing() {
    let run = run_with(|test| test.write("src/a", "1\ntheirs\n3\n"));
    write_in(&run.dir, "src/a", "1\nours\n3\n");
    write_in(&run.dir, ".ticks/k7m.toml", CLOSED);
    let tip = commit_in(&run.dir, "Ours");
    match run.integration.merge_begin(run.side).unwrap() {
        MergeBegin::Conflict { paths } => assert_eq!(paths, ["src/a"]),
        other => panic!("{other:?}"),
    }
    assert_tidy(&run);
    assert_eq!(run.integration.tip().unwrap(), commit_id(&tip));
}

#[test]
fn conflicts_in_ticket_files_do_not_count_and_their_sides_are_told() {
    let run = run_with(|test| {
        test.write(".ticks/k7m.toml", "theirs");
        test.write(".ticks/added.toml", "added");
        test.write(".ticks/both.toml", "theirs");
        test.write(".ticks/same.toml", "same");
    });
    write_in(&run.dir, ".ticks/k7m.toml", "ours");
    write_in(&run.dir, ".ticks/both.toml", "ours");
    write_in(&run.dir, ".ticks/same.toml", "same");
    commit_in(&run.dir, "Ours");
    let pending = ready(run.integration.merge_begin(run.side).unwrap());
    let text = |side: &Option<Vec<u8>>| match side {
        Some(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        None => "-".to_owned(),
    };
    let told: Vec<[String; 4]> = pending
        .tickets
        .iter()
        .map(|sides| {
            let path = sides.path.to_string();
            [
                path,
                text(&sides.base),
                text(&sides.ours),
                text(&sides.theirs),
            ]
        })
        .collect();
    assert_eq!(
        told,
        [
            [".ticks/added.toml", "-", "-", "added"],
            [".ticks/both.toml", "-", "ours", "theirs"],
            [".ticks/k7m.toml", OPEN, "ours", "theirs"],
        ]
    );
    // Until they are settled the merge has them as the run's branch has them.
    let read = |path: &str| std::fs::read_to_string(run.dir.join(path)).unwrap();
    assert_eq!(read(".ticks/k7m.toml"), "ours");
    assert!(!run.dir.join(".ticks/added.toml").exists());
    assert_eq!(git_in(&run.dir, &["diff", "--name-only"]), "");
    assert_eq!(git_in(&run.dir, &["diff", "--name-only", "HEAD"]), "src/b");
    let files = [ticket_file(Some("both"))];
    run.integration
        .merge_commit(&pending, "m", &files, None)
        .unwrap();
    assert_tidy(&run);
    assert_eq!(read(".ticks/k7m.toml"), "both");
}

#[test]
fn a_ticket_file_deleted_on_one_side_and_changed_on_the_other_is_told() {
    let run = run_with(|test| std::fs::remove_file(test.path(".ticks/k7m.toml")).unwrap());
    write_in(&run.dir, ".ticks/k7m.toml", CLOSED);
    commit_in(&run.dir, "Ours");
    let pending = ready(run.integration.merge_begin(run.side).unwrap());
    assert_eq!(pending.tickets.len(), 1);
    assert_eq!(pending.tickets[0].theirs, None);
    assert_eq!(pending.tickets[0].settled(), None);
    let kept = std::fs::read_to_string(run.dir.join(".ticks/k7m.toml")).unwrap();
    assert_eq!(kept, CLOSED);
    let files = [ticket_file(None)];
    run.integration
        .merge_commit(&pending, "m", &files, None)
        .unwrap();
    assert_tidy(&run);
    assert!(!run.dir.join(".ticks/k7m.toml").exists());
}

/// What a gate may do to the worktree, and what of it is told.
fn gate(run: &Run) -> [&'static str; 5] {
    write_in(&run.dir, "Lock", "2\n");
    write_in(&run.dir, "src/b", "rewritten\n");
    std::fs::remove_file(run.dir.join(".gitignore")).unwrap();
    write_in(&run.dir, ".gitignore", "build/\n");
    std::fs::remove_file(run.dir.join("src/a")).unwrap();
    write_in(&run.dir, "left/report \"1\"", "1");
    write_in(&run.dir, "build/warm", "1");
    write_in(&run.dir, "staged", "1");
    git_in(&run.dir, &["add", "staged", "Lock"]);
    ["Lock", "left/report \"1\"", "src/a", "src/b", "staged"]
}

#[test]
fn what_a_green_gate_changed_is_put_back_and_not_committed() {
    let run = run();
    let pending = ready(run.integration.merge_begin(run.side).unwrap());
    let changed = gate(&run);
    let files = [ticket_file(Some(CLOSED))];
    let done = run
        .integration
        .merge_commit(&pending, "m", &files, None)
        .unwrap();
    assert_eq!(done.changed_by_checks, changed);
    assert_tidy(&run);
    let committed = git_in(&run.dir, &["diff", "--name-only", "HEAD^1", "HEAD"]);
    assert_eq!(committed, ".ticks/k7m.toml\nsrc/b");
    assert_eq!(git_in(&run.dir, &["show", "HEAD:src/b"]), "1");
    assert!(run.dir.join("build/warm").is_file());
    assert!(!run.dir.join("left").exists());
}

#[test]
fn what_a_red_gate_changed_does_not_wedge_giving_up() {
    let run = run();
    let pending = ready(run.integration.merge_begin(run.side).unwrap());
    let changed = gate(&run);
    assert_eq!(run.integration.merge_abort(&pending).unwrap(), changed);
    assert_tidy(&run);
    assert_eq!(run.integration.tip().unwrap(), run.base);
    assert!(!run.dir.join("src/b").exists());
    assert!(run.dir.join("build/warm").is_file());
    ready(run.integration.merge_begin(run.side).unwrap());
}

#[test]
fn a_gate_that_commits_switches_or_makes_repositories_changes_nothing_either() {
    let run = run();
    let pending = ready(run.integration.merge_begin(run.side).unwrap());
    git_in(&run.dir, &["commit", "-q", "-m", "By a check"]);
    let stray = git_in(&run.dir, &["rev-parse", "HEAD"]);
    let changed = run.integration.merge_abort(&pending).unwrap();
    assert_eq!(changed, [format!("commit {stray}")]);
    assert_eq!(run.integration.tip().unwrap(), run.base);
    assert_tidy(&run);
    let run = self::run();
    let pending = ready(run.integration.merge_begin(run.side).unwrap());
    git_in(&run.dir, &["reset", "-q", "--hard"]);
    git_in(&run.dir, &["checkout", "-q", "-b", "by-a-check"]);
    let nested = run.dir.join("nested");
    std::fs::create_dir(&nested).unwrap();
    run.test.init(&nested);
    let lock = git_in(&run.dir, &["rev-parse", "--git-path", "index.lock"]);
    std::fs::write(lock, "").unwrap();
    let done = run
        .integration
        .merge_commit(&pending, "m", &[], None)
        .unwrap();
    assert_eq!(done.changed_by_checks, ["nested/", "src/b"]);
    assert_tidy(&run);
    assert!(!nested.exists());
    assert_eq!(run.integration.tip().unwrap(), done.commit);
}

#[test]
fn a_worktree_that_lost_its_git_file_never_costs_the_user_anything() {
    let run = run();
    std::fs::remove_file(run.dir.join(".git")).unwrap();
    run.test.write("src/a", "dirty");
    let before = snapshot(run.test.dir());
    let error = run.integration.recover().unwrap_err();
    assert!(matches!(error, GitError::Strayed { .. }), "{error}");
    assert!(run.integration.merge_begin(run.side).is_err());
    assert_eq!(before, snapshot(run.test.dir()));
}

#[test]
fn ticket_files_are_committed_alone_and_only_if_they_differ() {
    let run = run();
    let new = FileEdit {
        path: TicksPath::parse(".ticks/new.toml").unwrap(),
        bytes: Some(b"title = \"N\"\n".to_vec()),
    };
    let files = [ticket_file(Some(CLOSED)), new];
    let commit = run
        .integration
        .commit_files(&files, "Plan: A\n", None)
        .unwrap();
    assert_eq!(run.integration.tip().unwrap(), commit.unwrap());
    assert_tidy(&run);
    let changed = git_in(&run.dir, &["diff", "--name-only", "HEAD^", "HEAD"]);
    assert_eq!(changed, ".ticks/k7m.toml\n.ticks/new.toml");
    let again = run
        .integration
        .commit_files(&files, "Plan: A\n", None)
        .unwrap();
    assert_eq!(again, None);
    assert_eq!(run.integration.commit_files(&[], "x", None).unwrap(), None);
}

#[test]
fn messages_are_taken_as_they_are() {
    let run = run();
    let rows = [
        "# all\n# comments\n",
        "nul \0 inside\n",
        "--amend\n",
        "\u{202e}x\n",
        "",
    ];
    for (number, message) in rows.into_iter().enumerate() {
        let text = number.to_string();
        let files = [ticket_file(Some(&text))];
        let commit = run.integration.commit_files(&files, message, None).unwrap();
        let shown = git_in(
            &run.dir,
            &["log", "-1", "--format=%B", &commit.unwrap().to_string()],
        );
        assert_eq!(shown.trim(), message.replace('\0', "\u{fffd}").trim());
    }
}

#[test]
fn settings_of_the_user_do_not_change_what_a_merge_is() {
    let run = run();
    for (key, value) in [
        ("merge.ff", "only"),
        ("merge.verifySignatures", "true"),
        ("merge.autoStash", "true"),
        ("branch.tk/run/k7m.mergeOptions", "--squash"),
        ("commit.cleanup", "strip"),
        ("core.hooksPath", "hooks"),
        ("merge.ticks.driver", "false"),
    ] {
        run.test.git(&["config", key, value]);
    }
    write_in(&run.dir, "hooks/pre-merge-commit", "#!/bin/sh\nexit 1\n");
    let pending = ready(run.integration.merge_begin(run.side).unwrap());
    let files = [ticket_file(Some(CLOSED))];
    let done = run
        .integration
        .merge_commit(&pending, "# m", &files, None)
        .unwrap();
    let parents = git_in(&run.dir, &["log", "-1", "--format=%P %s"]);
    assert_eq!(parents, format!("{} {} # m", run.base, run.side));
    assert_eq!(run.integration.tip().unwrap(), done.commit);
}

#[test]
fn histories_with_nothing_in_common_are_an_error() {
    let run = run();
    run.test.git(&["checkout", "-q", "--orphan", "other"]);
    let other = commit_id(&run.test.commit("Other"));
    let error = run.integration.merge_begin(other).unwrap_err();
    assert!(matches!(error, GitError::Failed { .. }), "{error}");
    assert_tidy(&run);
}

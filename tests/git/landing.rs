//! Landing on the user's branch, wherever it is checked out and whatever is there.

use std::path::{Path, PathBuf};

use tk::git::{
    BranchName, CommitId, FileEdit, Git, Integration, Landed, Landing, MergeBegin, Refusal, Repo,
    TicksPath,
};

use crate::repo::{TestRepo, commit_in, git_in, write_in};
use crate::support::snapshot::{Snapshot, snapshot};

const OPEN: &str = "title = \"A\"\n\nstatus = \"open\"\n";
const CLOSED: &str = "title = \"A\"\n\nstatus = \"closed\"\n";

/// What a user does in the checkout.
type Work = fn(&TestRepo);

/// A repository in which a run has merged a ticket: `src/a` changed, `src/new` added,
/// `src/old` deleted, `conf/.env` added, the ticket closed, and a new ticket `n2w`.
struct Run {
    test: TestRepo,
    before: CommitId,
    target: CommitId,
}

fn commit_id(text: &str) -> CommitId {
    CommitId::parse(text).unwrap()
}

fn branch(name: &str) -> BranchName {
    BranchName::parse(name).unwrap()
}

fn edit(path: &str, text: &str) -> FileEdit {
    FileEdit {
        path: TicksPath::parse(path).unwrap(),
        bytes: Some(text.as_bytes().to_vec()),
    }
}

/// The run; `tracked` says whether the user has committed the ticket.
fn run_with(tracked: bool) -> Run {
    let test = TestRepo::named("a \"b\"\nc");
    test.write("src/a", "1\n");
    test.write("src/old", "1\n");
    test.write("src/other", "1\n");
    test.write("notes \"x\"\ny", "1\n");
    test.write(".gitignore", ".env\n");
    if tracked {
        test.write(".ticks/k7m.toml", OPEN);
    }
    let before = commit_id(&test.commit("First"));
    test.write(".ticks/k7m.toml", OPEN);
    let dir = test.path(".worktrees/run");
    let worktrees = Repo::discover(test.dir()).unwrap().worktrees();
    worktrees.exclude(".worktrees").unwrap();
    let name = branch("tk/run/k7m");
    worktrees.add(&dir, &name, before).unwrap();
    let run = Integration::new(&dir, name);
    run.commit_files(&[edit(".ticks/k7m.toml", OPEN)], "Plan: A\n", None)
        .unwrap();
    let work = test.beside("work");
    worktrees
        .add(&work, &branch("tk/work/k7m/k7m"), run.tip().unwrap())
        .unwrap();
    write_in(&work, "src/a", "2\n");
    write_in(&work, "src/new", "1\n");
    std::fs::remove_file(work.join("src/old")).unwrap();
    write_in(&work, "conf/.env", "B=1\n");
    write_in(&work, "notes \"x\"\ny", "2\n");
    git_in(&work, &["add", "-f", "conf/.env"]);
    let side = commit_id(&commit_in(&work, "Work"));
    let MergeBegin::Ready(pending) = run.merge_begin(side).unwrap() else {
        panic!("the merge is not ready");
    };
    let files = [
        edit(".ticks/k7m.toml", CLOSED),
        edit(".ticks/n2w.toml", "title = \"N\"\n"),
    ];
    let done = run.merge_commit(&pending, "Land\n", &files, None).unwrap();
    Run {
        before,
        target: done.commit,
        test,
    }
}

impl Run {
    fn land(&self) -> Landing {
        Git::new(self.test.dir())
            .land(&branch("main"), self.target)
            .unwrap()
    }

    #[track_caller]
    fn landed(&self) -> Landed {
        match self.land() {
            Landing::Landed(landed) => {
                assert_eq!((landed.from, landed.to), (self.before, self.target));
                let tip = self.test.git(&["rev-parse", "refs/heads/main"]);
                assert_eq!(commit_id(&tip), self.target);
                landed
            }
            other => panic!("expected it to land, got {other:?}"),
        }
    }

    #[track_caller]
    fn refused(&self) -> Refusal {
        match self.land() {
            Landing::Refused(refusal) => refusal,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.test.path(path)).ok()
    }

    fn status(&self) -> String {
        self.test.git(&["status", "--porcelain", "-uall"])
    }
}

/// What the caller does under the store's lock: here only where one side changed the file.
fn settle(worktree: &Path, landed: &Landed) -> Vec<String> {
    let mut left = Vec::new();
    for sides in landed.tickets().unwrap() {
        let path = worktree.join(&sides.path);
        match sides.settled() {
            Some(Some(bytes)) => std::fs::write(path, bytes).unwrap(),
            Some(None) => std::fs::remove_file(path).unwrap(),
            None => left.push(sides.path.to_string()),
        }
    }
    landed.refresh().unwrap();
    left
}

/// What a run does to the files of the user's working tree before landing.
fn tk_edits(run: &Run) {
    run.test.write(".ticks/k7m.toml", CLOSED);
    run.test.write(".ticks/n2w.toml", "title = \"N\"\n");
}

#[test]
fn a_clean_tree_follows() {
    let run = run_with(true);
    let landed = run.landed();
    assert_eq!(landed.worktree.as_deref(), Some(run.test.dir()));
    assert_eq!(settle(run.test.dir(), &landed), Vec::<String>::new());
    assert_eq!(run.status(), "");
    assert_eq!(run.read("src/a").as_deref(), Some("2\n"));
    assert_eq!(run.read("src/old"), None);
    assert_eq!(run.read("conf/.env").as_deref(), Some("B=1\n"));
    assert_eq!(run.read(".ticks/k7m.toml").as_deref(), Some(CLOSED));
    assert_eq!(run.land(), Landing::AlreadyThere);
    // Also in a later process, after a crash between the two.
    assert!(landed.tickets().unwrap().is_empty());
}

#[test]
fn what_a_fast_forward_that_was_killed_has_written_is_no_obstacle() {
    let run = run_with(true);
    // Files are written and deleted, and neither the index nor the branch knows it yet.
    run.test.write("src/a", "2\n");
    run.test.write("src/new", "1\n");
    std::fs::remove_file(run.test.path("src/old")).unwrap();
    run.test.write("conf/.env", "B=1\n");
    // One that is not as it lands is still in the way, alone.
    run.test.write("notes \"x\"\ny", "2");
    let refusal = run.refused();
    assert_eq!(refusal.paths, ["notes \"x\"\ny"], "{refusal:?}");
    run.test.write("notes \"x\"\ny", "2\n");
    run.test.write("src/other", "mine\n");
    let landed = run.landed();
    assert_eq!(settle(run.test.dir(), &landed), Vec::<String>::new());
    assert_eq!(run.status(), " M src/other");
    assert_eq!(run.read("src/other").as_deref(), Some("mine\n"));
}

#[test]
fn a_lock_that_would_cut_it_off_is_named_and_nothing_is_touched() {
    for lock in ["index.lock", "HEAD.lock", "refs/heads/main.lock"] {
        let run = run_with(true);
        let before = snapshot(run.test.dir());
        let lock = run.test.path(".git").join(lock);
        std::fs::write(&lock, "").unwrap();
        let refusal = run.refused();
        let named = lock.display().to_string();
        assert!(refusal.reason.contains(&named), "{refusal:?}");
        std::fs::remove_file(&lock).unwrap();
        assert_eq!(before, snapshot(run.test.dir()));
        run.landed();
    }
}

#[test]
fn ticket_files_that_tk_edited_or_created_are_no_obstacle() {
    for tracked in [true, false] {
        let run = run_with(tracked);
        tk_edits(&run);
        let landed = run.landed();
        assert!(landed.tickets().unwrap().is_empty(), "{tracked}");
        landed.refresh().unwrap();
        assert_eq!(run.status(), "", "{tracked}");
    }
}

#[test]
fn ticket_files_edited_since_stay_as_uncommitted_edits() {
    let run = run_with(true);
    tk_edits(&run);
    let edited = format!("{CLOSED}\nowner = \"me\"\n");
    run.test.write(".ticks/k7m.toml", &edited);
    run.test.write(".ticks/mine.toml", "title = \"M\"\n");
    let landed = run.landed();
    let sides = landed.tickets().unwrap();
    assert_eq!(sides.len(), 1);
    assert_eq!(sides[0].path.as_str(), ".ticks/k7m.toml");
    let text = |bytes: &Option<Vec<u8>>| String::from_utf8(bytes.clone().unwrap()).unwrap();
    assert_eq!(text(&sides[0].base), OPEN);
    assert_eq!(text(&sides[0].ours), edited);
    assert_eq!(text(&sides[0].theirs), CLOSED);
    assert_eq!(sides[0].settled(), None);
    assert_eq!(run.status(), " M .ticks/k7m.toml\n?? .ticks/mine.toml");
}

#[test]
fn ticket_files_that_nobody_edited_are_the_callers_to_write() {
    // A plain fast-forward would write them while another process edits them.
    let run = run_with(true);
    let landed = run.landed();
    let paths: Vec<String> = landed
        .tickets()
        .unwrap()
        .iter()
        .map(|sides| sides.path.to_string())
        .collect();
    assert_eq!(paths, [".ticks/k7m.toml"]);
    assert_eq!(run.read(".ticks/k7m.toml").as_deref(), Some(OPEN));
    assert_eq!(
        run.read(".ticks/n2w.toml").as_deref(),
        Some("title = \"N\"\n")
    );
}

#[test]
fn ticket_files_staged_or_deleted_by_the_user_are_no_obstacle() {
    let run = run_with(true);
    run.test.write(".ticks/k7m.toml", "title = \"mine\"\n");
    run.test.git(&["add", ".ticks"]);
    let landed = run.landed();
    assert_eq!(settle(run.test.dir(), &landed), [".ticks/k7m.toml"]);
    assert_eq!(run.status(), " M .ticks/k7m.toml");

    let run = run_with(true);
    run.test.git(&["rm", "-q", ".ticks/k7m.toml"]);
    let landed = run.landed();
    assert_eq!(settle(run.test.dir(), &landed), [".ticks/k7m.toml"]);
    assert_eq!(run.status(), " D .ticks/k7m.toml");

    let run = run_with(true);
    std::fs::remove_file(run.test.path(".ticks/k7m.toml")).unwrap();
    run.landed();
    assert_eq!(run.read(".ticks/k7m.toml").as_deref(), Some(CLOSED));
}

#[test]
fn a_ticket_file_that_the_target_deletes_is_deleted_unless_it_was_edited() {
    let run = |text: &str| {
        let mut run = run_with(true);
        let dir = run.test.path(".worktrees/run");
        git_in(&dir, &["rm", "-q", ".ticks/k7m.toml"]);
        run.target = commit_id(&commit_in(&dir, "Delete it"));
        run.test.write(".ticks/k7m.toml", text);
        run
    };
    let clean = run(OPEN);
    assert_eq!(
        settle(clean.test.dir(), &clean.landed()),
        Vec::<String>::new()
    );
    assert_eq!(clean.status(), "");
    assert_eq!(clean.read(".ticks/k7m.toml"), None);
    let edited = run("edited");
    let before = snapshot(edited.test.dir());
    assert_eq!(edited.refused().paths, [".ticks/k7m.toml"]);
    assert_eq!(before, snapshot(edited.test.dir()));
}

#[test]
fn files_rewritten_with_the_same_bytes_are_no_obstacle() {
    let run = run_with(true);
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    for path in ["src/a", "src/old", ".ticks/k7m.toml"] {
        let file = std::fs::File::options()
            .write(true)
            .open(run.test.path(path))
            .unwrap();
        file.set_modified(long_ago).unwrap();
    }
    settle(run.test.dir(), &run.landed());
    assert_eq!(run.status(), "");
}

/// Work of the user's that landing does not meet: everything outside what lands is the same
/// afterwards, staged what was staged.
#[test]
fn work_that_landing_does_not_meet_survives() {
    let rows: [(&str, Work); 6] = [
        ("dirty", |test| test.write("src/other", "mine\n")),
        ("staged", |test| {
            test.write("src/other", "mine\n");
            test.write("src/added", "mine\n");
            test.git(&["add", "src"]);
        }),
        ("staged and dirty", |test| {
            test.write("src/other", "staged\n");
            test.git(&["add", "src"]);
            test.write("src/other", "mine\n");
        }),
        ("untracked", |test| {
            test.write("src/untracked \"é\"\n", "mine\n")
        }),
        ("ignored", |test| test.write(".env", "mine\n")),
        ("stashed", |test| {
            test.write("src/a", "stashed\n");
            test.git(&["stash", "-q"]);
        }),
    ];
    for (name, work) in rows {
        let run = run_with(true);
        tk_edits(&run);
        work(&run.test);
        let before = snapshot(run.test.dir());
        settle(run.test.dir(), &run.landed());
        let after = snapshot(run.test.dir());
        let others = |snapshot: &Snapshot| {
            let mut snapshot = snapshot.clone().outside_ticks();
            let landed = ["src/a", "src/new", "src/old", "conf/.env", "notes \"x\"\ny"];
            for path in landed {
                snapshot.files.remove(path);
                snapshot.index.remove(path);
            }
            snapshot.head.1.clear();
            snapshot
        };
        assert_eq!(others(&before), others(&after), "{name}");
        assert_eq!(run.read("src/a").as_deref(), Some("2\n"), "{name}");
    }
}

/// Work of the user's that landing would overwrite: it is refused, the files are named, and
/// not a byte of the checkout is different.
#[test]
fn work_that_landing_would_overwrite_is_refused() {
    let rows: [(&str, &[&str], Work); 10] = [
        ("dirty", &["src/a"], |test| test.write("src/a", "mine\n")),
        ("a strange name", &["notes \"x\"\ny"], |test| {
            test.write("notes \"x\"\ny", "mine\n");
        }),
        ("staged", &["src/a"], |test| {
            test.write("src/a", "mine\n");
            test.git(&["add", "src/a"]);
        }),
        ("same size, same moment", &["src/a"], |test| {
            let path = test.path("src/a");
            let time = std::fs::metadata(&path).unwrap().modified().unwrap();
            std::fs::write(&path, "9\n").unwrap();
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
        }),
        ("dirty where it deletes", &["src/old"], |test| {
            test.write("src/old", "mine\n");
        }),
        ("untracked", &["src/new"], |test| {
            test.write("src/new", "mine\n")
        }),
        ("ignored", &["conf/.env"], |test| {
            test.write("conf/.env", "A=secret\n")
        }),
        ("a file for a folder", &["conf"], |test| {
            test.write("conf", "mine\n")
        }),
        ("an ignored file for a folder", &["conf"], |test| {
            write_in(&test.path(".git"), "info/exclude", "/conf\n/.worktrees\n");
            test.write("conf", "mine\n");
        }),
        ("a folder for a file", &["src/new/x"], |test| {
            test.write("src/new/x", "mine\n")
        }),
    ];
    for (number, (name, paths, work)) in rows.into_iter().enumerate() {
        // Whether the user has committed the ticket makes no difference.
        let run = run_with(number % 2 == 0);
        tk_edits(&run);
        work(&run.test);
        let before = snapshot(run.test.dir());
        let refusal = run.refused();
        assert_eq!(before, snapshot(run.test.dir()), "{name}");
        assert_eq!(refusal.paths, paths, "{name}: {refusal:?}");
        assert_eq!(refusal.worktree.as_deref(), Some(run.test.dir()), "{name}");
        let reason = refusal.reason;
        assert!(reason.ends_with("would be overwritten"), "{reason}");
    }
}

/// Git itself refuses this only when it is asked in earnest; then the index is put back.
#[test]
fn ignored_files_in_a_folder_where_a_file_lands_survive() {
    let run = run_with(true);
    tk_edits(&run);
    run.test.write("src/new/.env", "A=secret\n");
    let before = snapshot(run.test.dir());
    let refusal = run.refused();
    assert_eq!(before, snapshot(run.test.dir()));
    assert!(refusal.reason.contains("src/new"), "{refusal:?}");
}

#[test]
fn a_refused_landing_goes_through_once_the_way_is_free() {
    let run = run_with(true);
    tk_edits(&run);
    run.test.write("conf/.env", "A=secret\n");
    run.refused();
    std::fs::remove_file(run.test.path("conf/.env")).unwrap();
    let landed = run.landed();
    landed.refresh().unwrap();
    assert_eq!(run.status(), "");
}

#[test]
fn a_checkout_in_the_middle_of_something_is_refused() {
    let conflicting = |run: &Run, command: &[&str]| {
        run.test.git(&["checkout", "-q", "-b", "side"]);
        run.test.write("src/other", "side\n");
        run.test.git(&["commit", "-qam", "Side"]);
        run.test.git(&["checkout", "-q", "main"]);
        run.test.write("src/other", "main\n");
        run.test.git(&["commit", "-qam", "Main"]);
        let mut git = crate::repo::hermetic_git(run.test.dir());
        let output = git.args(command).output().unwrap();
        assert!(!output.status.success());
    };
    let rows: [(&[&str], &str); 4] = [
        (&["merge", "side"], "is in the middle of a merge"),
        (
            &["cherry-pick", "side"],
            "is in the middle of a cherry-pick",
        ),
        (&["rebase", "side"], "`main` is being rebased in"),
        (&["rebase", "--apply", "side"], "`main` is being rebased in"),
    ];
    for (command, expected) in rows {
        let mut run = run_with(true);
        conflicting(&run, command);
        // The run has merged what the user committed meanwhile.
        let dir = run.test.path(".worktrees/run");
        git_in(&dir, &["merge", "-q", "--no-edit", "main"]);
        run.target = commit_id(&git_in(&dir, &["rev-parse", "HEAD"]));
        let before = snapshot(run.test.dir());
        let refusal = run.refused();
        assert!(
            refusal.reason.contains(expected),
            "{command:?}: {}",
            refusal.reason
        );
        assert_eq!(before, snapshot(run.test.dir()));
    }
}

#[test]
fn a_branch_that_is_checked_out_nowhere_is_moved_alone() {
    let run = run_with(true);
    run.test.git(&["checkout", "-q", "-b", "elsewhere"]);
    run.test.write("src/a", "mine\n");
    let before = snapshot(run.test.dir());
    let landed = run.landed();
    assert_eq!(landed.worktree, None);
    assert!(landed.tickets().unwrap().is_empty());
    landed.refresh().unwrap();
    assert_eq!(before, snapshot(run.test.dir()));
}

#[test]
fn a_branch_that_is_checked_out_in_a_linked_worktree_lands_there() {
    let run = run_with(true);
    run.test.git(&["checkout", "-q", "-b", "elsewhere"]);
    let linked = run.test.beside("linked \"x\"");
    run.test
        .git(&["worktree", "add", "-q", linked.to_str().unwrap(), "main"]);
    write_in(&linked, "src/other", "mine\n");
    let before = snapshot(run.test.dir());
    let landed = run.landed();
    assert_eq!(landed.worktree.as_deref(), Some(linked.as_path()));
    settle(&linked, &landed);
    assert_eq!(git_in(&linked, &["status", "--porcelain"]), " M src/other");
    assert_eq!(before, snapshot(run.test.dir()));

    let run = run_with(true);
    run.test.git(&["checkout", "-q", "-b", "elsewhere"]);
    let linked = run.test.beside("linked");
    run.test
        .git(&["worktree", "add", "-q", linked.to_str().unwrap(), "main"]);
    std::fs::remove_dir_all(&linked).unwrap();
    assert!(run.refused().reason.contains("which is not there"));
    assert_eq!(run.test.git(&["rev-parse", "main"]), run.before.to_string());
}

#[test]
fn a_branch_checked_out_twice_or_under_another_name_is_refused() {
    let run = run_with(true);
    let linked = run.test.beside("linked");
    let linked = linked.to_str().unwrap();
    run.test
        .git(&["worktree", "add", "-q", "-f", linked, "main"]);
    assert!(run.refused().reason.contains("is checked out in both"));

    let run = run_with(true);
    run.test.git(&["branch", "-m", "main", "trunk"]);
    run.test
        .git(&["symbolic-ref", "refs/heads/main", "refs/heads/trunk"]);
    run.test.git(&["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    assert!(run.refused().reason.contains("is only another name of"));
}

#[test]
fn a_branch_that_moved_is_told() {
    let run = run_with(true);
    run.test.write("src/other", "2\n");
    run.test.git(&["commit", "-qam", "Meanwhile"]);
    let tip = commit_id(&run.test.git(&["rev-parse", "HEAD"]));
    let before = snapshot(run.test.dir());
    assert_eq!(run.land(), Landing::Moved { tip });
    assert_eq!(before, snapshot(run.test.dir()));
}

#[test]
fn the_users_settings_do_not_change_what_landing_is() {
    let run = run_with(true);
    tk_edits(&run);
    for (key, value) in [
        ("merge.ff", "false"),
        ("merge.autoStash", "true"),
        ("merge.verifySignatures", "true"),
        ("branch.main.mergeOptions", "--squash --no-ff"),
        ("core.hooksPath", "hooks"),
        ("index.version", "4"),
    ] {
        run.test.git(&["config", key, value]);
    }
    run.test.write("hooks/post-merge", "#!/bin/sh\ntouch ran\n");
    run.test.write("src/other", "mine\n");
    let landed = run.landed();
    landed.refresh().unwrap();
    assert_eq!(run.status(), " M src/other\n?? hooks/post-merge");
    assert_eq!(run.read("ran"), None);
}

#[test]
fn a_locked_index_is_a_refusal_and_the_lock_stays() {
    let run = run_with(true);
    tk_edits(&run);
    run.test.write(".git/index.lock", "");
    let before = snapshot(run.test.dir());
    let refusal = run.refused();
    assert!(
        refusal.reason.contains("another git command"),
        "{}",
        refusal.reason
    );
    assert!(run.test.path(".git/index.lock").is_file());
    std::fs::remove_file(run.test.path(".git/index.lock")).unwrap();
    assert_eq!(before, snapshot(run.test.dir()));
}

#[test]
fn a_sparse_checkout_stays_sparse() {
    let run = run_with(true);
    run.test.git(&["update-index", "-q", "--refresh"]);
    run.test.git(&["sparse-checkout", "set", "--cone", "conf"]);
    assert_eq!(run.read(".ticks/k7m.toml"), None);
    let landed = run.landed();
    let missing: Vec<PathBuf> = landed
        .tickets()
        .unwrap()
        .iter()
        .map(|sides| run.test.path(sides.path.as_str()))
        .collect();
    assert!(missing.iter().all(|path| !path.exists()));
    assert_eq!(run.status(), "");
    assert_eq!(run.read("src/a"), None);
}

//! Worktrees, what is copied into them, and what a worker leaves in them.

use std::path::PathBuf;

use tk::git::{
    Added, Author, Backups, BranchName, CommitId, GitError, Removal, Repo, TicketTree, Worktrees,
};
use tk::model::TicketId;

use crate::repo::{TestRepo, commit_in, git_in, write_in};
use crate::support::snapshot::snapshot;

const TICKET: &str = "title = \"A\"\n";

/// A repository with a first commit, and a worktree on a ticket's branch.
struct Worker {
    test: TestRepo,
    dir: PathBuf,
    base: CommitId,
    tree: TicketTree,
}

fn branch(name: &str) -> BranchName {
    BranchName::parse(name).unwrap()
}

fn commit_id(text: &str) -> CommitId {
    CommitId::parse(text).unwrap()
}

fn ticket() -> TicketId {
    TicketId::parse("k7m").unwrap()
}

fn agent() -> Author {
    Author {
        name: "agent:claude".to_owned(),
        email: "agent@example.com".to_owned(),
    }
}

fn worktrees(test: &TestRepo) -> Worktrees {
    Repo::discover(test.dir()).unwrap().worktrees()
}

fn worker() -> Worker {
    let test = TestRepo::named("a \"b\"\nc");
    test.write("src/a", "1\n");
    test.write(".ticks/k7m.toml", TICKET);
    test.write(".gitignore", "ignored\n");
    let base = commit_id(&test.commit("First"));
    let dir = test.path(".worktrees/k7m");
    let worktrees = worktrees(&test);
    worktrees.exclude(".worktrees").unwrap();
    let name = branch("tk/work/k7m/k7m");
    assert_eq!(worktrees.add(&dir, &name, base).unwrap(), Added::Created);
    let tree = TicketTree::new(&dir, name);
    Worker {
        test,
        dir,
        base,
        tree,
    }
}

#[test]
fn a_worktree_is_made_once_and_then_continued() {
    let worker = worker();
    let worktrees = worktrees(&worker.test);
    let before = snapshot(worker.test.dir());
    let name = worker.tree.branch().clone();
    write_in(&worker.dir, "kept", "1");
    let again = worktrees.add(&worker.dir, &name, worker.base).unwrap();
    assert_eq!(again, Added::Continued);
    assert!(worker.dir.join("kept").is_file());
    let listed = worktrees.list().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0].path, worker.test.dir());
    assert_eq!(listed[0].branch, Some(branch("main")));
    assert_eq!(listed[1].path, worker.dir);
    assert_eq!(listed[1].branch, Some(name));
    assert_eq!(listed[1].head, Some(worker.base));
    assert_eq!(before, snapshot(worker.test.dir()));
}

#[test]
fn what_git_was_cut_off_in_making_is_made_anew() {
    let worker = worker();
    let worktrees = worktrees(&worker.test);
    // As git leaves it that is killed while it fills a worktree.
    let of_git = worker.test.path(".git/worktrees/k7m");
    std::fs::remove_file(worker.dir.join("src/a")).unwrap();
    std::fs::remove_file(of_git.join("index")).unwrap();
    std::fs::write(of_git.join("index.lock"), "").unwrap();
    std::fs::write(of_git.join("locked"), "initializing\n").unwrap();
    let name = worker.tree.branch();
    assert_eq!(
        worktrees.add(&worker.dir, name, worker.base).unwrap(),
        Added::Continued
    );
    assert!(worker.dir.join("src/a").is_file());
    assert_eq!(git_in(&worker.dir, &["status", "--porcelain"]), "");
    assert!(!of_git.join("locked").exists());
    // One that somebody has worked in is left as it is, whatever locks it.
    worktrees.mark_ready(&worker.dir).unwrap();
    write_in(&worker.dir, "kept", "1");
    std::fs::write(of_git.join("locked"), "initializing\n").unwrap();
    worktrees.add(&worker.dir, name, worker.base).unwrap();
    assert!(worker.dir.join("kept").is_file());
}

#[test]
fn many_are_made_listed_and_removed_at_once() {
    let worker = worker();
    std::thread::scope(|threads| {
        for hand in 0..6 {
            let worker = &worker;
            threads.spawn(move || {
                // Each as a process of its own would find it.
                let worktrees = worktrees(&worker.test);
                let dir = worker.test.path(&format!(".worktrees/{hand}"));
                let name = branch(&format!("tk/work/k7m/{hand}"));
                for _ in 0..25 {
                    worktrees.add(&dir, &name, worker.base).unwrap();
                    assert!(worktrees.list().unwrap().len() >= 3);
                    worktrees.remove(&dir, &Removal::Committed).unwrap();
                }
            });
        }
    });
    assert_eq!(worktrees(&worker.test).list().unwrap().len(), 2);
}

#[test]
fn what_is_in_the_way_is_left_alone() {
    let worker = worker();
    let worktrees = worktrees(&worker.test);
    let name = worker.tree.branch();
    let elsewhere = worker.test.path(".worktrees/other");
    let refused = |path: &PathBuf, name: &BranchName, expected: &str| {
        let error = worktrees.add(path, name, worker.base).unwrap_err();
        assert!(
            matches!(error, GitError::WorktreeInTheWay { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(expected), "{error}");
    };
    refused(&elsewhere, name, "is checked out in");
    refused(
        &worker.dir,
        &branch("tk/work/k7m/other"),
        "it is on `tk/work/k7m/k7m`",
    );
    write_in(&elsewhere, "mine", "1");
    refused(&elsewhere, &branch("new"), "a folder that is not empty");
    std::fs::write(worker.test.path(".worktrees/file"), "1").unwrap();
    refused(
        &worker.test.path(".worktrees/file"),
        &branch("new"),
        "ot a directory",
    );
    assert!(elsewhere.join("mine").is_file());
}

#[test]
fn a_branch_without_worktree_is_continued_where_it_is() {
    let worker = worker();
    let worktrees = worktrees(&worker.test);
    write_in(&worker.dir, "src/b", "1");
    let tip = commit_in(&worker.dir, "Work");
    // The folder may be gone without git having been told.
    std::fs::remove_dir_all(&worker.dir).unwrap();
    assert!(worktrees.list().unwrap()[1].missing);
    let name = worker.tree.branch();
    let added = worktrees.add(&worker.dir, name, worker.base).unwrap();
    assert_eq!(added, Added::Continued);
    assert_eq!(git_in(&worker.dir, &["rev-parse", "HEAD"]), tip);
    worktrees.remove(&worker.dir, &Removal::Committed).unwrap();
    assert!(!worker.dir.exists());
    // Removing twice is no error.
    worktrees.remove(&worker.dir, &Removal::Committed).unwrap();
    assert_eq!(worker.test.git(&["rev-parse", name.as_str()]), tip);
}

#[test]
fn nothing_that_is_nowhere_else_is_removed() {
    let worker = worker();
    let worktrees = worktrees(&worker.test);
    write_in(&worker.dir, "ignored", "1");
    let refused = |state: &str| {
        let error = worktrees
            .remove(&worker.dir, &Removal::Committed)
            .unwrap_err();
        assert!(
            matches!(error, GitError::Uncommitted { .. }),
            "{state}: {error}"
        );
    };
    write_in(&worker.dir, "new", "1");
    refused("untracked");
    git_in(&worker.dir, &["add", "new"]);
    refused("staged");
    commit_in(&worker.dir, "Work");
    git_in(&worker.dir, &["checkout", "-q", "--detach"]);
    refused("detached");
    git_in(&worker.dir, &["checkout", "-q", "tk/work/k7m/k7m"]);
    write_in(&worker.dir, "src/a", "2\n");
    refused("modified");
    let backups = Backups::new(tk::git::Git::new(worker.test.dir()));
    let before = snapshot(&worker.dir);
    let backup = backups
        .keep_worktree(&ticket(), &tk::git::Git::new(&worker.dir))
        .unwrap();
    assert_eq!(before, snapshot(&worker.dir));
    let kept = format!("{}:src/a", backup.reference);
    assert_eq!(worker.test.git(&["show", &kept]), "2");
    worktrees
        .remove(&worker.dir, &Removal::BackedUp(backup.clone()))
        .unwrap();
    assert!(!worker.dir.exists());
    backups
        .delete_branch(worker.tree.branch(), &backup)
        .unwrap();
    assert_eq!(worker.test.git(&["branch", "--list", "tk/*"]), "");
    assert_eq!(worker.test.git(&["show", &kept]), "2");
}

#[test]
fn backups_are_numbered_and_a_branch_that_is_not_in_one_stays() {
    let test = TestRepo::new();
    let first = commit_id(&test.commit("First"));
    let second = commit_id(&test.commit("Second"));
    let backups = Backups::new(tk::git::Git::new(test.dir()));
    let kept: Vec<_> = [first, first, second]
        .map(|commit| backups.keep(&ticket(), commit).unwrap().reference)
        .into();
    let name = |number: u32| format!("refs/tk/backup/k7m/{number}");
    assert_eq!(kept, [name(1), name(1), name(2)]);
    for number in 3..=11 {
        let commit = if number % 2 == 0 { second } else { first };
        assert_eq!(
            backups.keep(&ticket(), commit).unwrap().reference,
            name(number)
        );
    }
    let all = backups.of(&ticket()).unwrap();
    assert_eq!(all.len(), 11);
    assert_eq!(all[10].reference, name(11));
    assert_eq!(backups.of(&TicketId::parse("k7").unwrap()).unwrap(), []);
    test.git(&["branch", "side"]);
    let error = backups.delete_branch(&branch("side"), &all[0]).unwrap_err();
    assert!(matches!(error, GitError::Moved { .. }), "{error}");
    backups.delete_branch(&branch("side"), &all[1]).unwrap();
    backups.delete_branch(&branch("side"), &all[1]).unwrap();
}

#[test]
fn the_folder_of_worktrees_is_excluded_once() {
    let test = TestRepo::new();
    let worktrees = worktrees(&test);
    let path = test.path(".git/info/exclude");
    std::fs::write(&path, "no end of line").unwrap();
    assert!(worktrees.exclude(".worktrees").unwrap());
    assert!(!worktrees.exclude("./.worktrees/").unwrap());
    assert!(worktrees.exclude("a [b]*").unwrap());
    assert!(!worktrees.exclude("../beside").unwrap());
    assert!(!worktrees.exclude("").unwrap());
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "no end of line\n/.worktrees/\n/a\\ \\[b]\\*/\n");
    test.write(".worktrees/x", "1");
    test.write("a [b]*/x", "1");
    assert_eq!(test.git(&["status", "--porcelain"]), "");
    std::fs::remove_dir_all(test.path(".git/info")).unwrap();
    assert!(worktrees.exclude(".worktrees").unwrap());
}

#[test]
fn ignored_files_that_are_named_are_copied_and_nothing_else() {
    let test = TestRepo::new();
    test.write(".gitignore", ".env*\nnode_modules/\nlink\n");
    test.write(
        ".worktreeinclude",
        ".env*\n!.env.secret\nnode_modules/\nlink\nnotes\n",
    );
    test.write("conf/x", "1");
    let base = commit_id(&test.commit("First"));
    let worktrees = worktrees(&test);
    let dir = test.path(".worktrees/k7m");
    worktrees.exclude(".worktrees").unwrap();
    test.write(".env", "A=1\n");
    test.write(".env.secret", "B=2\n");
    test.write("conf/.env.local", "C=3\n");
    test.write("node_modules/a b/\"c\"\n", "4");
    test.write("notes", "untracked, not ignored");
    std::os::unix::fs::symlink("/etc", test.path("link")).unwrap();
    worktrees.add(&dir, &branch("side"), base).unwrap();
    write_in(&dir, ".env", "mine");
    let mut copied = worktrees.include(&dir).unwrap();
    copied.sort();
    assert_eq!(
        copied,
        ["conf/.env.local", "link", "node_modules/a b/\"c\"\n"]
    );
    let read = |path: &str| std::fs::read_to_string(dir.join(path)).unwrap();
    assert_eq!(read(".env"), "mine");
    assert_eq!(read("conf/.env.local"), "C=3\n");
    assert_eq!(
        std::fs::read_link(dir.join("link")).unwrap(),
        PathBuf::from("/etc")
    );
    assert_eq!(git_in(&dir, &["status", "--porcelain"]), "");
    assert_eq!(worktrees.include(&dir).unwrap(), Vec::<String>::new());
}

#[test]
fn a_copy_never_leads_out_of_the_worktree() {
    let test = TestRepo::new();
    let outside = test.beside("outside");
    std::fs::create_dir(&outside).unwrap();
    test.write(".gitignore", ".env\n");
    std::os::unix::fs::symlink(&outside, test.path("conf")).unwrap();
    let linked = commit_id(&test.commit("A link"));
    std::fs::remove_file(test.path("conf")).unwrap();
    test.write("conf/x", "1");
    test.write(".worktreeinclude", ".env\n");
    test.commit("A folder");
    test.write("conf/.env", "secret");
    let worktrees = worktrees(&test);
    let dir = test.beside("worktree");
    worktrees.add(&dir, &branch("side"), linked).unwrap();
    assert_eq!(worktrees.include(&dir).unwrap(), Vec::<String>::new());
    assert!(std::fs::read_dir(&outside).unwrap().next().is_none());
}

#[test]
fn submodules_that_the_main_clone_has_are_checked_out() {
    let test = TestRepo::new();
    for name in ["used", "unused"] {
        let library = test.beside(name);
        std::fs::create_dir(&library).unwrap();
        test.init(&library);
        write_in(&library, "file", name);
        commit_in(&library, "First");
        let url = library.to_str().unwrap();
        let allow = "protocol.file.allow=always";
        test.git(&["-c", allow, "submodule", "--quiet", "add", url, name]);
    }
    let base = commit_id(&test.commit("First"));
    test.git(&["submodule", "--quiet", "deinit", "unused"]);
    // Everything is in the clone: where it is from may be out of reach.
    let url = test.beside("used");
    std::fs::remove_dir_all(&url).unwrap();
    let before = snapshot(test.dir());
    let worktrees = worktrees(&test);
    let dir = test.path(".worktrees/k7m");
    worktrees.add(&dir, &branch("side"), base).unwrap();
    assert_eq!(worktrees.submodules(&dir).unwrap(), 1);
    assert!(dir.join("used/file").is_file());
    assert!(!dir.join("unused/file").exists());
    let origin = git_in(&dir.join("used"), &["remote", "get-url", "origin"]);
    assert_eq!(origin, url.to_str().unwrap());
    let alternates = git_in(
        &dir.join("used"),
        &["rev-parse", "--git-path", "objects/info/alternates"],
    );
    let alternates = std::fs::read_to_string(alternates).unwrap();
    assert!(alternates.starts_with(test.path(".git/modules/used").to_str().unwrap()));
    assert_eq!(before.config, snapshot(test.dir()).config);
    worktrees.remove(&dir, &Removal::Committed).unwrap();
    assert!(!dir.exists());
}

#[test]
fn evidence_tells_work_from_ticket_files() {
    let worker = worker();
    let evidence = worker.tree.evidence(worker.base).unwrap();
    assert!(evidence.is_empty());
    assert_eq!((evidence.commits, evidence.tip), (0, worker.base));
    write_in(&worker.dir, "src/b", "1");
    write_in(&worker.dir, ".ticks/k7m.toml", "title = \"B\"\n");
    let tip = commit_in(&worker.dir, "Work");
    write_in(&worker.dir, "src/a", "2\n");
    write_in(&worker.dir, "new \"file\"\n", "1");
    write_in(&worker.dir, "ignored", "1");
    write_in(&worker.dir, ".ticks/new.toml", "title = \"C\"\n");
    let evidence = worker.tree.evidence(worker.base).unwrap();
    assert_eq!(evidence.tip, commit_id(&tip));
    assert_eq!(evidence.commits, 1);
    assert_eq!(evidence.changed, ["src/b"]);
    assert_eq!(evidence.uncommitted, ["src/a", "new \"file\"\n"]);
    assert_eq!(evidence.tickets, [".ticks/k7m.toml", ".ticks/new.toml"]);
}

#[test]
fn commits_without_a_difference_are_no_evidence() {
    let worker = worker();
    write_in(&worker.dir, "src/a", "2\n");
    commit_in(&worker.dir, "There");
    write_in(&worker.dir, "src/a", "1\n");
    commit_in(&worker.dir, "And back");
    let evidence = worker.tree.evidence(worker.base).unwrap();
    assert_eq!(evidence.commits, 2);
    assert!(evidence.is_empty());
}

#[test]
fn the_rest_is_committed_as_the_agent_without_ticket_files() {
    let worker = worker();
    write_in(&worker.dir, "src/b", "1");
    std::fs::remove_file(worker.dir.join("src/a")).unwrap();
    write_in(&worker.dir, "ignored", "1");
    write_in(&worker.dir, ".ticks/k7m.toml", "title = \"B\"\n");
    git_in(&worker.dir, &["add", "-A"]);
    let nested = worker.dir.join("nested");
    std::fs::create_dir(&nested).unwrap();
    worker.test.init(&nested);
    // A worker that was killed may leave git's locks.
    let path = |name: &str| git_in(&worker.dir, &["rev-parse", "--git-path", name]);
    std::fs::write(path("index.lock"), "").unwrap();
    let of_branch = worker.test.path(".git/refs/heads/tk/work/k7m/k7m.lock");
    std::fs::write(of_branch, "").unwrap();
    let title = "# not a comment\n\nTicket: k7m\n";
    let rest = worker.tree.commit_rest(title, Some(&agent())).unwrap();
    assert_eq!(rest.left, ["nested"]);
    let head = git_in(&worker.dir, &["rev-parse", "HEAD"]);
    assert_eq!(rest.commit, Some(commit_id(&head)));
    let shown = git_in(
        &worker.dir,
        &["show", "--format=%an <%ae>|%cn|%B", "--name-status"],
    );
    assert_eq!(
        shown,
        "agent:claude <agent@example.com>|Dana|# not a comment\n\nTicket: k7m\n\n\nD\tsrc/a\nA\tsrc/b"
    );
    let again = worker.tree.commit_rest(title, Some(&agent())).unwrap();
    assert_eq!(again.commit, None);
}

#[test]
fn changes_of_ticket_files_are_undone_and_kept_aside() {
    let worker = worker();
    write_in(&worker.dir, "src/b", "1");
    write_in(&worker.dir, ".ticks/k7m.toml", "title = \"B\"\n");
    write_in(&worker.dir, ".ticks/committed.toml", "title = \"C\"\n");
    commit_in(&worker.dir, "Work");
    write_in(&worker.dir, "src/b", "2");
    write_in(&worker.dir, ".ticks/new.toml", "title = \"D\"\n");
    std::fs::remove_file(worker.dir.join(".ticks/committed.toml")).unwrap();
    let undone = worker.tree.undo_ticks(&ticket(), worker.base).unwrap();
    let files = [
        ".ticks/committed.toml",
        ".ticks/k7m.toml",
        ".ticks/new.toml",
    ];
    assert_eq!(undone.files, files);
    let changed = git_in(
        &worker.dir,
        &["diff", "--name-only", &worker.base.to_string(), "HEAD"],
    );
    assert_eq!(changed, "src/b");
    assert_eq!(git_in(&worker.dir, &["status", "--porcelain"]), " M src/b");
    let backup = undone.backup.unwrap();
    let kept = git_in(
        &worker.dir,
        &["show", &format!("{}:.ticks/new.toml", backup.reference)],
    );
    assert_eq!(kept, "title = \"D\"");
    let again = worker.tree.undo_ticks(&ticket(), worker.base).unwrap();
    assert_eq!(again.files, Vec::<String>::new());
    assert_eq!((again.commit, again.backup), (None, None));
}

#[test]
fn a_folder_of_tickets_that_became_a_link_is_put_back() {
    let worker = worker();
    let outside = worker.test.beside("outside");
    write_in(&outside, "k7m.toml", "theirs");
    let ticks = worker.dir.join(".ticks");
    std::fs::remove_dir_all(&ticks).unwrap();
    std::os::unix::fs::symlink(&outside, &ticks).unwrap();
    worker.tree.undo_ticks(&ticket(), worker.base).unwrap();
    assert!(ticks.symlink_metadata().unwrap().is_dir());
    assert_eq!(
        std::fs::read_to_string(ticks.join("k7m.toml")).unwrap(),
        TICKET
    );
    assert_eq!(
        std::fs::read_to_string(outside.join("k7m.toml")).unwrap(),
        "theirs"
    );
    // The same, committed.
    std::fs::remove_dir_all(&ticks).unwrap();
    std::os::unix::fs::symlink(&outside, &ticks).unwrap();
    commit_in(&worker.dir, "A link");
    worker.tree.undo_ticks(&ticket(), worker.base).unwrap();
    assert_eq!(
        std::fs::read_to_string(ticks.join("k7m.toml")).unwrap(),
        TICKET
    );
    assert_eq!(
        std::fs::read_to_string(outside.join("k7m.toml")).unwrap(),
        "theirs"
    );
    assert_eq!(git_in(&worker.dir, &["status", "--porcelain"]), "");
}

#[test]
fn a_worktree_that_strayed_is_not_touched() {
    let strayed = |worker: &Worker, expected: &str| {
        let error = worker.tree.evidence(worker.base).unwrap_err();
        assert!(matches!(error, GitError::Strayed { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(worker.tree.commit_rest("x", None).is_err());
    };
    let other = worker();
    git_in(&other.dir, &["checkout", "-q", "-b", "fix"]);
    strayed(&other, "is on `fix`");
    let detached = worker();
    git_in(&detached.dir, &["checkout", "-q", "--detach"]);
    strayed(&detached, "is on no branch");
    let merging = worker();
    git_in(&merging.dir, &["checkout", "-q", "-b", "side"]);
    write_in(&merging.dir, "src/b", "1");
    commit_in(&merging.dir, "Side");
    git_in(&merging.dir, &["checkout", "-q", "tk/work/k7m/k7m"]);
    git_in(
        &merging.dir,
        &["merge", "-q", "--no-ff", "--no-commit", "side"],
    );
    strayed(&merging, "is in the middle of a merge");
    // Without its `.git` file git would find the user's repository instead.
    let lost = worker();
    std::fs::remove_file(lost.dir.join(".git")).unwrap();
    lost.test.write("dirty", "1");
    let before = snapshot(lost.test.dir());
    strayed(&lost, "is not a git worktree any more");
    assert!(
        worktrees(&lost.test)
            .remove(&lost.dir, &Removal::Committed)
            .is_err()
    );
    assert_eq!(before, snapshot(lost.test.dir()));
}

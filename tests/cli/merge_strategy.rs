//! Many tickets merged by real git at once, with `tk` as its strategy: as with `tk` as its driver.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tk::model::{Priority, Ticket};

use crate::merge_driver::{bin, change, commit, note, read};
use crate::support::{Output, Sandbox};

/// How many tickets.
const MANY: usize = 40;

/// A repository whose git finds `tk` as driver and as strategy, with many tickets and some code.
fn repository() -> Sandbox {
    let sandbox = Sandbox::initialised();
    let programs = sandbox.root().join("programs");
    std::fs::create_dir(&programs).unwrap();
    symlink(bin().join("tk"), programs.join("git-merge-ticks")).unwrap();
    let (programs, bin) = (programs.display(), bin().display());
    let path = format!("{programs}:{bin}:{}", std::env::var("PATH").unwrap());
    let sandbox = sandbox.with_env("PATH", &path);
    for id in ids() {
        sandbox.ticket(&id, &format!("title = \"Ticket {id}\"\n"));
    }
    sandbox.write("code.txt", "one\ntwo\nthree\n");
    commit(&sandbox, "base");
    sandbox
}

fn ids() -> impl Iterator<Item = String> {
    (0..MANY).map(|number| format!("t{number}"))
}

/// On a new branch of `main`: this change of every ticket, and that of the files, committed.
fn branch(
    sandbox: &Sandbox,
    name: &str,
    tickets: impl Fn(&str, &mut Ticket),
    files: impl FnOnce(&Sandbox),
) {
    sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
    for id in ids() {
        change(sandbox, &id, |ticket| tickets(&id, ticket));
    }
    files(sandbox);
    commit(sandbox, name);
}

/// Two branches that changed every ticket in ways of their own, and other files; `two` is checked out.
fn parted() -> Sandbox {
    let sandbox = repository();
    branch(
        &sandbox,
        "one",
        |_, ticket| {
            ticket.priority = Priority::new(0).unwrap();
            note(ticket, 1);
        },
        |sandbox| {
            sandbox.write("code.txt", "ONE\ntwo\nthree\n");
            sandbox.write("new.txt", "new\n");
        },
    );
    branch(
        &sandbox,
        "two",
        |_, ticket| {
            ticket.labels.insert("two".to_owned());
            note(ticket, 2);
        },
        |sandbox| sandbox.write("code.txt", "one\ntwo\nTHREE\n"),
    );
    sandbox
}

fn git(sandbox: &Sandbox, folder: impl AsRef<Path>, args: &[&str]) -> Output {
    let mut command = sandbox.command("git");
    command.current_dir(folder).args(args);
    sandbox.run(&mut command, None)
}

/// What a merge has left: its exit code, the index, and every file.
type Left = (i32, String, Vec<(PathBuf, String)>);

fn left(sandbox: &Sandbox, merged: &Output) -> Left {
    let index = sandbox.git(["ls-files", "--stage"]);
    let folders = [sandbox.path(), sandbox.path().join(".ticks")];
    let paths = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let paths = paths.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    (merged.code, index, files)
}

/// What both ways of merging `one` leave: git's own with the driver, and the strategy.
fn both_ways(sandbox: &Sandbox) -> [Left; 2] {
    let before = sandbox.git(["rev-parse", "HEAD"]);
    [&["merge", "one"][..], &["merge", "-s", "ticks", "one"]].map(|merge| {
        let merge = [&["-c", "merge.conflictStyle=diff3"], merge].concat();
        let merged = git(sandbox, sandbox.path(), &merge);
        let left = left(sandbox, &merged);
        sandbox.git(["reset", "--quiet", "--hard", before.trim()]);
        left
    })
}

#[test]
fn all_that_both_changed_is_merged_as_the_driver_does() {
    let sandbox = parted();
    let [driver, strategy] = both_ways(&sandbox);
    assert_eq!(driver, strategy);
    // No driver is started.
    sandbox.git(["config", "merge.ticks.driver", "exit 1"]);
    let merged = git(&sandbox, sandbox.path(), &["merge", "-s", "ticks", "one"]);
    assert!(
        merged.stdout.contains("by the 'ticks' strategy"),
        "{merged}"
    );
    for id in ids() {
        let ticket = read(&sandbox, &id);
        assert_eq!((ticket.priority.number(), ticket.notes.len()), (0, 2));
        assert!(ticket.labels.contains("two"));
    }
    assert_eq!(sandbox.read("code.txt"), "ONE\ntwo\nTHREE\n");
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
    assert_eq!(sandbox.git(["log", "--format=%s", "HEAD^2", "-1"]), "one\n");
    sandbox.git(["fsck", "--strict"]);
}

#[test]
fn conflicts_are_left_as_git_leaves_them() {
    let sandbox = parted();
    let on = |branch: &str, title: &str, code: &str| {
        sandbox.git(["checkout", "--quiet", branch]);
        change(&sandbox, "t7", |ticket| ticket.title = title.to_owned());
        sandbox.write("code.txt", code);
        // Deleted on one side, changed on the other.
        match branch {
            "one" => sandbox.git(["rm", "--quiet", ".ticks/t8.toml"]),
            _ => sandbox.git(["rm", "--quiet", ".ticks/t9.toml"]),
        };
        commit(&sandbox, "in the way");
    };
    on("one", "Nummer", "one\nzwei\nthree\n");
    on("two", "Numéro", "one\ndeux\nthree\n");
    let [driver, strategy] = both_ways(&sandbox);
    assert_eq!(driver, strategy);
    let merged = git(&sandbox, sandbox.path(), &["merge", "-s", "ticks", "one"]);
    assert_eq!(merged.code, 1, "{merged}");
    for told in [
        "CONFLICT (content): Merge conflict in code.txt",
        "CONFLICT (content): Merge conflict in .ticks/t7.toml",
        "CONFLICT (modify/delete): .ticks/t8.toml deleted in one and modified in HEAD.",
        "fix conflicts and then commit",
    ] {
        assert!(merged.stdout.contains(told), "{told}: {merged}");
    }
    let code = sandbox.read("code.txt");
    assert!(
        code.contains("<<<<<<< HEAD\ndeux\n=======\nzwei\n>>>>>>> one\n"),
        "{code}"
    );
    // What is not settled by the rules is known for what the merge has left.
    sandbox.tk(["resolve", "--theirs"]).ok();
    assert_eq!(read(&sandbox, "t7").title, "Nummer");
    sandbox.write("code.txt", "one\n2\nthree\n");
    sandbox.git(["add", "code.txt"]);
    sandbox.git(["commit", "--quiet", "--no-edit"]);
    assert_eq!(
        sandbox.git(["log", "--format=%s", "-1"]),
        "Merge branch 'one' into two\n"
    );
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
}

/// Whatever two branches do to tickets, both ways leave the same.
#[test]
fn histories_at_random_end_alike() {
    for seed in 1..=4_u64 {
        let mut state = seed;
        let mut random = move |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(seed * 2 + 1);
            (state >> 33) % below
        };
        let sandbox = repository();
        for (number, name) in ["one", "two"].into_iter().enumerate() {
            sandbox.git(["checkout", "--quiet", "-b", name, "main"]);
            for id in ids() {
                let what = random(12);
                change(&sandbox, &id, |ticket| match what {
                    0 => {}
                    1 => ticket.owner = Some(name.to_owned()),
                    2 => ticket.title = format!("{} on {name}", ticket.title),
                    3..=5 => ticket.priority = Priority::new(random(2) as u8).unwrap(),
                    _ => note(ticket, number * 60 + what as usize),
                });
                if what == 11 && random(3) == 0 {
                    sandbox.git(["rm", "--quiet", "--force", &format!(".ticks/{id}.toml")]);
                }
            }
            commit(&sandbox, name);
        }
        let [driver, strategy] = both_ways(&sandbox);
        assert_eq!(driver, strategy, "seed {seed}");
    }
}

#[test]
fn what_is_not_committed_stays() {
    let sandbox = parted();
    let refused = |told: &str| {
        let status = || sandbox.git(["status", "--porcelain"]);
        let before = status();
        let merged = git(&sandbox, sandbox.path(), &["merge", "-s", "ticks", "one"]);
        assert_eq!(merged.code, 2, "{merged}");
        assert!(merged.stderr.contains(told), "{told}: {merged}");
        assert_eq!(status(), before);
        assert_eq!(sandbox.git(["log", "--format=%s", "-1"]), "two\n");
    };
    sandbox.write("code.txt", "mine\n");
    refused("code.txt");
    assert_eq!(sandbox.read("code.txt"), "mine\n");
    sandbox.git(["add", "code.txt"]);
    refused("changes are staged: code.txt");
    assert_eq!(sandbox.git(["show", ":code.txt"]), "mine\n");
    sandbox.git(["reset", "--quiet", "--hard"]);
    sandbox.write("new.txt", "mine, too\n");
    refused("new.txt");
    assert_eq!(sandbox.read("new.txt"), "mine, too\n");
    std::fs::remove_file(sandbox.path().join("new.txt")).unwrap();
    // What the merge does not touch is in nobody's way.
    sandbox.write("other.txt", "mine as well\n");
    let merged = git(&sandbox, sandbox.path(), &["merge", "-s", "ticks", "one"]);
    assert_eq!(merged.code, 0, "{merged}");
    assert_eq!(sandbox.git(["status", "--porcelain"]), "?? other.txt\n");
}

#[test]
fn rebasing_picking_and_reverting_go_by_it_too() {
    let sandbox = parted();
    let ways: [&[&str]; 3] = [
        &["rebase", "--quiet", "one"],
        &["cherry-pick", "one"],
        &["revert", "--no-edit", "HEAD~1"],
    ];
    branch(
        &sandbox,
        "three",
        |_, _| {},
        |sandbox| sandbox.write("c.txt", "c\n"),
    );
    for way in ways {
        let start = match way[0] {
            "revert" => {
                // A later change to every ticket, so that there is something to merge.
                sandbox.git(["checkout", "--quiet", "-B", "later", "two"]);
                for id in ids() {
                    change(&sandbox, &id, |ticket| {
                        ticket.owner = Some("eve".to_owned())
                    });
                }
                commit(&sandbox, "later");
                "later"
            }
            _ => "two",
        };
        let trees = [&[][..], &["--strategy=ticks"]].map(|strategy| {
            sandbox.git(["checkout", "--quiet", "--detach", start]);
            let args = [&way[..1], strategy, &way[1..]].concat();
            let done = git(&sandbox, sandbox.path(), &args);
            assert_eq!(done.code, 0, "{args:?}: {done}");
            assert_eq!(sandbox.git(["status", "--porcelain"]), "");
            sandbox.git(["rev-parse", "HEAD^{tree}"])
        });
        assert_eq!(trees[0], trees[1], "{way:?}");
    }
}

#[test]
fn it_works_in_linked_worktrees_and_by_a_named_repository() {
    let sandbox = parted();
    let tree = both_ways(&sandbox)[0].1.clone();
    let linked = sandbox.root().join("linked");
    sandbox.git([
        "worktree",
        "add",
        "--quiet",
        linked.to_str().unwrap(),
        "-b",
        "there",
    ]);
    let merged = git(&sandbox, &linked, &["merge", "-s", "ticks", "one"]);
    assert_eq!(merged.code, 0, "{merged}");
    let index = git(&sandbox, &linked, &["ls-files", "--stage"]);
    assert_eq!(index.stdout, tree);
    assert_eq!(
        git(&sandbox, &linked, &["status", "--porcelain"]).stdout,
        ""
    );

    // From another place, and with another index than is found by itself.
    let (repository, top) = (sandbox.path().join(".git"), sandbox.path());
    let (repository, top) = (repository.to_str().unwrap(), top.to_str().unwrap());
    let from = ["--git-dir", repository, "--work-tree", top];
    let merge = [&from[..], &["merge", "-s", "ticks", "one"]].concat();
    let merged = git(&sandbox, sandbox.root(), &merge);
    assert_eq!(merged.code, 0, "{merged}");
    assert_eq!(sandbox.git(["ls-files", "--stage"]), tree);
    assert_eq!(sandbox.git(["status", "--porcelain"]), "");
}

#[test]
fn what_is_no_matter_of_two_sides_is_left_to_git() {
    let sandbox = parted();
    // Sides that parted twice.
    for (branch, other) in [("one", "two"), ("two", "one")] {
        let other = sandbox.git(["rev-parse", other]);
        sandbox.git(["branch", &format!("{branch}-before"), other.trim()]);
    }
    for (branch, other) in [("one", "one-before"), ("two", "two-before")] {
        sandbox.git(["checkout", "--quiet", branch]);
        sandbox.git(["merge", "--quiet", "--no-edit", other]);
        for id in ids() {
            change(&sandbox, &id, |ticket| {
                ticket.labels.insert(format!("{branch}-again"));
            });
        }
        commit(&sandbox, "again");
    }
    assert_eq!(
        sandbox
            .git(["merge-base", "--all", "one", "two"])
            .lines()
            .count(),
        2
    );
    let [driver, strategy] = both_ways(&sandbox);
    assert_eq!(driver, strategy);
    assert_eq!(strategy.0, 0);
    // Few that both changed.
    sandbox.git(["checkout", "--quiet", "-B", "one", "main"]);
    change(&sandbox, "t1", |ticket| note(ticket, 1));
    commit(&sandbox, "few");
    sandbox.git(["checkout", "--quiet", "-B", "two", "main"]);
    change(&sandbox, "t1", |ticket| note(ticket, 2));
    commit(&sandbox, "few, too");
    let [driver, strategy] = both_ways(&sandbox);
    assert_eq!(driver, strategy);
    assert_eq!(strategy.0, 0);
}

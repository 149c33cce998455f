//! Finding the repository, and reading from it.

use std::path::Path;

use tk::git::{BranchName, CommitId, GitError, Repo};
use tk::model::TicketId;

use crate::repo::{TestRepo, git_in, hermetic_git, rerun_with};

fn id(text: &str) -> CommitId {
    CommitId::parse(text).unwrap()
}

#[test]
fn the_main_working_tree_is_found_from_anywhere() {
    let test = TestRepo::named("a \"b\"\n'c'");
    test.write("sub/folder/file", "1");
    test.commit("First");
    let linked = test.beside("linked");
    let linked_text = linked.to_str().unwrap();
    test.git(&["worktree", "add", "-q", "-b", "side", linked_text]);
    let main = test.dir();
    let rows = [
        (main.to_path_buf(), main),
        (main.join("sub/folder"), main),
        (linked.clone(), linked.as_path()),
        (linked.join("sub"), linked.as_path()),
    ];
    for (from, root) in rows {
        let repo = Repo::discover(&from).unwrap();
        assert_eq!(repo.worktree_root(), root, "{from:?}");
        assert_eq!(repo.main_worktree(), Some(main), "{from:?}");
        assert_eq!(repo.home(), main, "{from:?}");
        assert_eq!(repo.common_dir(), main.join(".git"), "{from:?}");
        let home = repo.home_head().unwrap();
        assert_eq!(home.branch.unwrap().as_str(), "main", "{from:?}");
        let here = if root == main { "main" } else { "side" };
        assert_eq!(repo.head().unwrap().branch.unwrap().as_str(), here);
        assert_eq!(
            repo.home_git()
                .run(["rev-parse", "--show-prefix"])
                .unwrap()
                .line(),
            ""
        );
    }
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let test = TestRepo::new();
    let library = test.beside("library");
    std::fs::create_dir(&library).unwrap();
    test.init(&library);
    git_in(&library, &["commit", "-q", "--allow-empty", "-m", "First"]);
    test.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        library.to_str().unwrap(),
        "lib",
    ]);
    let repo = Repo::discover(&test.path("lib")).unwrap();
    assert_eq!(repo.main_worktree(), Some(test.path("lib").as_path()));
    assert_eq!(repo.common_dir(), test.path(".git/modules/lib"));
    assert!(repo.home_is_told().unwrap());
    // From a linked one of its own, too, and what `git worktree list` shows first is not it.
    let linked = test.beside("linked");
    let add = ["worktree", "add", "-q", "-b", "linked"];
    let add = add.into_iter().chain([linked.to_str().unwrap()]);
    git_in(&test.path("lib"), &add.collect::<Vec<_>>());
    let repo = Repo::discover(&linked).unwrap();
    assert_eq!(repo.main_worktree(), Some(test.path("lib").as_path()));
    assert!(repo.home_is_told().unwrap());
    let listed = repo.worktrees().list().unwrap();
    let listed: Vec<_> = listed.into_iter().map(|there| there.path).collect();
    assert_eq!(listed, [test.path("lib"), linked]);
}

#[test]
fn a_git_dir_elsewhere_does_not_tell_the_main_working_tree() {
    let test = TestRepo::new();
    test.commit("First");
    let git_dir = test.beside("elsewhere");
    test.git(&[
        "init",
        "-q",
        "--separate-git-dir",
        git_dir.to_str().unwrap(),
    ]);
    let repo = Repo::discover(test.dir()).unwrap();
    assert_eq!(repo.main_worktree(), Some(test.dir()));
    assert!(!repo.home_is_told().unwrap());
    let listed = repo.worktrees().list().unwrap();
    assert_eq!(listed[0].path, test.dir());
    test.git(&["config", "core.worktree", test.dir().to_str().unwrap()]);
    assert!(repo.home_is_told().unwrap());
}

#[test]
fn a_bare_repository_has_no_working_tree_but_its_linked_ones_have() {
    let test = TestRepo::new();
    test.commit("First");
    let bare = test.beside("bare.git");
    test.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    assert!(matches!(Repo::discover(&bare), Err(GitError::Bare { .. })));
    let linked = test.beside("linked");
    git_in(&bare, &["worktree", "add", "-q", linked.to_str().unwrap()]);
    let repo = Repo::discover(&linked).unwrap();
    assert_eq!(repo.main_worktree(), None);
    assert_eq!(repo.home(), linked);
    assert_eq!(repo.common_dir(), bare);
    assert_eq!(repo.home_head().unwrap().branch.unwrap().as_str(), "linked");
}

#[test]
fn outside_a_repository_it_says_so() {
    let test = TestRepo::new();
    let outside = test.beside("outside");
    std::fs::create_dir(&outside).unwrap();
    let error = Repo::discover(&outside).unwrap_err();
    assert!(matches!(error, GitError::NotARepository { .. }), "{error}");
    assert!(
        error
            .to_string()
            .ends_with("outside` is not in a git repository")
    );
    let missing = Repo::discover(Path::new("/nonexistent")).unwrap_err();
    assert!(matches!(
        missing,
        GitError::Read { .. } | GitError::NotARepository { .. }
    ));
}

#[test]
fn heads_are_read_as_they_are() {
    let test = TestRepo::new();
    let unborn = Repo::discover(test.dir()).unwrap().head().unwrap();
    assert_eq!(unborn.branch.unwrap().as_str(), "main");
    assert_eq!(unborn.commit, None);
    let first = test.commit("First");
    test.git(&["checkout", "-q", "--detach"]);
    let detached = Repo::discover(test.dir()).unwrap().head().unwrap();
    assert_eq!(detached.branch, None);
    assert_eq!(detached.commit, Some(id(&first)));
}

#[test]
fn files_of_a_commit_are_read() {
    let test = TestRepo::new();
    let empty = test.commit("Empty");
    test.write(".ticks/k7m.toml", "title = \"A\"\n");
    let full = test.commit("Tickets");
    let repo = Repo::discover(test.dir()).unwrap();
    let bytes = repo.blob_at(id(&full), ".ticks/k7m.toml").unwrap();
    assert_eq!(bytes.as_deref(), Some(&b"title = \"A\"\n"[..]));
    assert_eq!(repo.blob_at(id(&empty), ".ticks/k7m.toml").unwrap(), None);
    assert_eq!(repo.blob_at(id(&full), ".ticks").unwrap(), None);
    let main = BranchName::parse("main").unwrap();
    assert_eq!(repo.branch_tip(&main).unwrap(), Some(id(&full)));
    let none = BranchName::parse("none").unwrap();
    assert_eq!(repo.branch_tip(&none).unwrap(), None);
    assert!(repo.is_ancestor(id(&empty), id(&full)).unwrap());
    assert!(repo.is_ancestor(id(&full), id(&full)).unwrap());
    assert!(!repo.is_ancestor(id(&full), id(&empty)).unwrap());
    assert_eq!(repo.user().unwrap().unwrap().email, "dana@example.com");
    assert_eq!(repo.setting("user.name").unwrap().as_deref(), Some("Dana"));
    // What others do after it was opened is seen.
    let later = test.commit("Later");
    assert_eq!(repo.branch_tip(&main).unwrap(), Some(id(&later)));
}

#[test]
fn commits_of_a_ticket_are_found_by_their_trailer() {
    let test = TestRepo::new();
    let first = test.commit("Login\n\nTicket: k7m\nRun: 1");
    test.commit("Other\n\nTicket: k7m2");
    test.git(&["checkout", "-q", "-b", "side"]);
    test.commit("Elsewhere\n\nTicket: k7m");
    test.git(&["checkout", "-q", "main"]);
    let repo = Repo::discover(test.dir()).unwrap();
    let ticket = TicketId::parse("k7m").unwrap();
    let tip = repo.head().unwrap().commit.unwrap();
    for only in [Some(&ticket), None] {
        let found = repo.commits_naming(tip, only, 10).unwrap();
        let found = found.of(&ticket);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id, id(&first));
        assert_eq!(found[0].subject, "Login");
        assert_eq!(found[0].author, "Dana");
        assert_eq!(repo.commits_naming(tip, only, 0).unwrap().of(&ticket), []);
    }
}

/// Whatever a repository's settings and files make of it, its folders are those that git tells.
#[test]
fn the_folders_are_those_that_git_tells() {
    let elsewhere = |test: &TestRepo| {
        let other = test.beside("elsewhere");
        std::fs::create_dir_all(other.join("sub")).unwrap();
        other
    };
    let set = |test: &TestRepo, key: &str, value: &str| {
        test.git(&["config", key, value]);
    };
    let append = |test: &TestRepo, path: &str, more: &str| {
        let text = std::fs::read_to_string(test.path(path)).unwrap_or_default();
        test.write(path, &(text + more));
    };
    type Make<'m> = (&'m str, &'m dyn Fn(&TestRepo));
    let makes: [Make<'_>; 13] = [
        ("as it is made", &|_| {}),
        ("a working tree elsewhere", &|test| {
            let other = elsewhere(test);
            set(test, "core.worktree", other.to_str().unwrap());
        }),
        ("one spelled otherwise", &|test| {
            elsewhere(test);
            append(
                test,
                ".git/config",
                "[CORE]\n\tWorkTree = ../../elsewhere\n",
            );
        }),
        ("one that an included file tells", &|test| {
            elsewhere(test);
            test.write(".git/more", "[core]\n\tworktree = ../../elsewhere\n");
            append(test, ".git/config", "[include]\n\tpath = more\n");
        }),
        ("a layout that is not known", &|test| {
            set(test, "core.repositoryFormatVersion", "2");
        }),
        ("not bare", &|test| set(test, "core.bare", "false")),
        ("not bare, in another word", &|test| {
            set(test, "core.bare", "no")
        }),
        ("bare", &|test| set(test, "core.bare", "true")),
        ("bare, without a value", &|test| {
            append(test, ".git/config", "[core]\n\tbare\n");
        }),
        ("settings of each working tree", &|test| {
            set(test, "extensions.worktreeConfig", "true");
            set(test, "user.name", "Dana");
        }),
        ("a folder in another place", &|test| {
            let other = test.beside("separate.git");
            test.git(&["init", "-q", "--separate-git-dir", other.to_str().unwrap()]);
        }),
        ("a link to the folder", &|test| {
            let other = test.beside("moved.git");
            std::fs::rename(test.path(".git"), &other).unwrap();
            std::os::unix::fs::symlink(&other, test.path(".git")).unwrap();
        }),
        ("a repository in it", &|test| {
            std::fs::create_dir_all(test.path("sub/inner")).unwrap();
            test.init(&test.path("sub/inner"));
        }),
    ];
    for (what, make) in makes {
        let test = TestRepo::new();
        test.write("sub/file", "1");
        test.commit("First");
        make(&test);
        for from in ["", "sub", "sub/inner"] {
            let folder = test.path(from);
            if !folder.is_dir() {
                continue;
            }
            let tells = |option: &str| {
                let output = hermetic_git(&folder)
                    .args(["rev-parse", "--path-format=absolute", option])
                    .output()
                    .unwrap();
                let text = String::from_utf8(output.stdout).unwrap();
                output.status.success().then(|| text.trim_end().to_owned())
            };
            let found = Repo::discover(&folder);
            let top = found.as_ref().ok().map(Repo::worktree_root);
            assert_eq!(
                top.and_then(Path::to_str),
                tells("--show-toplevel").as_deref(),
                "{what}, {from}"
            );
            let Ok(repo) = found else {
                continue;
            };
            let common = tells("--git-common-dir").unwrap();
            let common = Path::new(&common).canonicalize().unwrap();
            assert_eq!(repo.common_dir(), common, "{what}, {from}");
            let head = tells("HEAD");
            let commit = repo.head().unwrap().commit;
            assert_eq!(commit.map(|id| id.to_string()), head, "{what}, {from}");
        }
    }
}

#[test]
fn the_environments_settings_go_before_those_of_the_repository() {
    let name = "discovery::the_environments_settings_go_before_those_of_the_repository";
    let variables = [
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "user.name"),
        ("GIT_CONFIG_VALUE_0", "Kim"),
    ];
    if rerun_with(name, variables) {
        return;
    }
    let test = TestRepo::new();
    let repo = Repo::discover(test.dir()).unwrap();
    assert_eq!(repo.setting("user.name").unwrap().as_deref(), Some("Kim"));
    let email = repo.setting("user.email").unwrap();
    assert_eq!(email.as_deref(), Some("dana@example.com"));
}

/// What a hook's environment says of another repository does not mislead.
#[test]
fn the_environment_of_a_hook_does_not_mislead() {
    let name = "discovery::the_environment_of_a_hook_does_not_mislead";
    let other = TestRepo::new();
    other.commit("Other");
    let variables = [
        ("GIT_DIR", other.path(".git")),
        ("GIT_WORK_TREE", other.path("")),
        ("GIT_INDEX_FILE", other.path(".git/index")),
        ("GIT_COMMON_DIR", other.path(".git")),
        ("GIT_OBJECT_DIRECTORY", other.path(".git/objects")),
        ("GIT_PREFIX", "sub/".into()),
        ("GIT_NAMESPACE", "other".into()),
    ];
    if rerun_with(name, variables) {
        return;
    }
    let test = TestRepo::new();
    test.write("a", "1");
    let first = test.commit("First");
    let repo = Repo::discover(test.dir()).unwrap();
    assert_eq!(repo.worktree_root(), test.dir());
    assert_eq!(repo.common_dir(), test.path(".git"));
    assert_eq!(repo.head().unwrap().commit, Some(id(&first)));
    let git = repo.git();
    assert_eq!(git.run(["rev-parse", "HEAD"]).unwrap().line(), first);
    assert_eq!(git.run(["status", "--porcelain"]).unwrap().line(), "");
    assert!(repo.blob_at(id(&first), "a").unwrap().is_some());
    assert_eq!(repo.user().unwrap().unwrap().name, "Dana");
}

/// Only the superuser can give a folder away; others skip this.
#[test]
fn another_users_repository_is_refused_until_git_is_told_to_trust_it() {
    let test = TestRepo::new();
    test.commit("First");
    let stranger = Some(1234);
    for path in [test.path(""), test.path(".git")] {
        if std::os::unix::fs::chown(path, stranger, stranger).is_err() {
            return;
        }
    }
    let error = Repo::discover(test.dir()).unwrap_err();
    assert!(matches!(error, GitError::Untrusted { .. }), "{error}");
}

#[test]
fn a_shallow_clone_is_read_as_far_as_it_goes() {
    let test = TestRepo::new();
    test.commit("First\n\nTicket: k7m");
    let second = test.commit("Second\n\nTicket: k7m");
    let third = test.commit("Third");
    let shallow = test.beside("shallow");
    let url = format!("file://{}", test.dir().display());
    test.git(&["clone", "-q", "--depth=2", &url, shallow.to_str().unwrap()]);
    let repo = Repo::discover(&shallow).unwrap();
    let ticket = TicketId::parse("k7m").unwrap();
    let found = repo.commits_naming(id(&third), Some(&ticket), 10).unwrap();
    let found = found.of(&ticket);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, id(&second));
    assert!(repo.is_ancestor(id(&second), id(&third)).unwrap());
}

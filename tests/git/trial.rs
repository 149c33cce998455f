//! Branches tried against one another.

use tk::git::{BranchName, CommitId, Git};

use crate::repo::TestRepo;
use crate::support::snapshot::snapshot;

/// A branch off the first commit with that file changed.
fn branch(test: &TestRepo, name: &str, files: &[(&str, &str)]) -> CommitId {
    test.git(&["checkout", "-q", "-b", name, "main"]);
    for (path, text) in files {
        test.write(path, text);
    }
    let commit = test.commit(name);
    test.git(&["checkout", "-q", "main"]);
    CommitId::parse(&commit).unwrap()
}

#[test]
fn pairs_are_merged_and_nothing_stays() {
    let test = TestRepo::named("a \"b\":c");
    test.write("same", "1\n");
    test.write(".ticks/k7m.toml", "title = \"A\"\n");
    test.commit("first");
    let odd = " a\tb\n\u{e9}";
    let a = branch(&test, "a", &[("same", "a\n"), (odd, "a\n")]);
    let b = branch(&test, "b", &[("same", "b\n"), (odd, "b\n")]);
    let c = branch(&test, "c", &[("other", "c\n"), (".ticks/k7m.toml", "c\n")]);
    let d = branch(&test, "d", &[(".ticks/k7m.toml", "d\n")]);
    test.git(&["checkout", "-q", "--orphan", "e"]);
    test.git(&["rm", "-rqf", "."]);
    test.write("same", "e\n");
    let e = CommitId::parse(&test.commit("no history in common")).unwrap();
    test.git(&["checkout", "-q", "main"]);
    let main = CommitId::parse(&test.git(&["rev-parse", "main"])).unwrap();
    let before = (snapshot(test.dir()), test.git(&["count-objects", "-v"]));
    let git = Git::new(test.dir());
    let pairs = [(a, b), (a, c), (c, d), (b, a), (a, e), (main, a), (a, a)];
    let both = vec![odd.to_owned(), "same".to_owned()];
    let one = vec!["same".to_owned()];
    let none = Vec::new;
    assert_eq!(
        git.try_merges(&pairs).unwrap(),
        [both.clone(), none(), none(), both, one, none(), none()]
    );
    assert_eq!(git.try_merges(&[]).unwrap(), Vec::<Vec<String>>::new());
    test.git(&["branch", "nothing", "main"]);
    let name = |name| BranchName::parse(name).unwrap();
    let branches = ["a", "b", "gone", "nothing"].map(name);
    let tips = git.tips_beyond(&name("main"), &branches).unwrap();
    let expected = branches.iter().cloned().zip([a, b]).collect();
    assert_eq!(tips, expected);
    assert!(git.tips_beyond(&name("gone"), &branches).is_err());
    let after = (snapshot(test.dir()), test.git(&["count-objects", "-v"]));
    assert_eq!(before, after);
}

#[test]
fn commits_that_are_not_there_are_an_error() {
    let test = TestRepo::new();
    test.write("same", "1\n");
    let first = CommitId::parse(&test.commit("first")).unwrap();
    let gone = CommitId::parse(&"1".repeat(40)).unwrap();
    let error = Git::new(test.dir()).try_merges(&[(first, gone)]);
    assert!(error.is_err(), "{error:?}");
}

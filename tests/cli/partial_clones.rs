//! Tickets as they were, in clones that left out what nothing needed yet.

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;

use crate::support::{Output, Sandbox};

/// Of two revisions all of the twelve tickets are different, and so is the configuration.
fn sample() -> Sandbox {
    let sandbox = Sandbox::initialised();
    let write = |priority: u8| {
        for number in 10..22 {
            let text = format!("title = \"T{number}\"\npriority = {priority}\n");
            sandbox.ticket(&format!("t{number}"), &text);
        }
        sandbox.git(["add", "."]);
        let message = format!("--message=All of {priority}");
        sandbox.git(["commit", "--quiet", &message]);
    };
    write(1);
    sandbox.write(".ticks/config.toml", "# Another\n");
    write(3);
    sandbox.git(["config", "uploadpack.allowFilter", "true"]);
    sandbox
}

struct Clone<'s> {
    sandbox: &'s Sandbox,
    path: PathBuf,
}

impl<'s> Clone<'s> {
    fn new(sandbox: &'s Sandbox, filter: &str) -> Self {
        let path = sandbox.root().join("clone");
        let url = format!("file://{}", sandbox.path().display());
        let filter = format!("--filter={filter}");
        let to = path.to_str().unwrap();
        sandbox.git(["clone", "--quiet", &filter, &url, to]);
        Self { sandbox, path }
    }

    fn tk(&self, args: &[&str]) -> Output {
        let command = &mut self.sandbox.tk_command();
        self.sandbox
            .run(command.current_dir(&self.path).args(args), None)
    }

    fn packs(&self) -> usize {
        let files = fs::read_dir(self.path.join(".git/objects/pack")).unwrap();
        let names = files.map(|file| file.unwrap().file_name());
        names
            .filter(|name| name.to_str().unwrap().ends_with(".pack"))
            .count()
    }
}

const ASKED: [&[&str]; 4] = [
    &["diff", "HEAD~1..HEAD"],
    &["list", "--at", "HEAD~1"],
    &["list", "--at", "HEAD~1", "--full", "--json"],
    &["history", "t10"],
];

/// What is told is what a whole clone tells; fetched are the configuration and the texts, and trees
/// where they were left out, each in one go.
#[test]
fn what_was_left_out_is_fetched_in_one_go() {
    for (filter, most) in [("blob:none", 2), ("tree:0", 3)] {
        for args in ASKED {
            let sandbox = sample();
            let clone = Clone::new(&sandbox, filter);
            let before = clone.packs();
            let told = clone.tk(args).ok();
            let fetched = clone.packs() - before;
            assert!(fetched <= most, "{filter}, {args:?}: {fetched} packs");
            assert_eq!(told, sandbox.tk(args).ok(), "{filter}, {args:?}");
            // It stays, and the remote is not needed again.
            fs::rename(sandbox.path().join(".git"), sandbox.root().join("away")).unwrap();
            assert_eq!(clone.tk(args).ok(), told, "{filter}, {args:?}");
        }
    }
}

/// However many commits there are: their trees come in one go, and so do the texts.
#[test]
fn the_trees_of_a_whole_history_are_fetched_in_one_go() {
    let sandbox = sample();
    for priority in 0..5 {
        let text = format!("title = \"T10\"\npriority = {priority}\n");
        sandbox.ticket("t10", &text);
        sandbox.git(["commit", "--quiet", "--all", "--message=One more"]);
    }
    let clone = Clone::new(&sandbox, "tree:0");
    let before = clone.packs();
    let told = clone.tk(&["history", "t10"]).ok();
    assert_eq!(clone.packs() - before, 2);
    assert_eq!(told, sandbox.tk(["history", "t10"]).ok());
}

#[test]
fn where_the_remote_is_away_it_says_so() {
    let sandbox = sample();
    let clone = Clone::new(&sandbox, "blob:none");
    let listed = sandbox.tk(["list"]).ok();
    fs::rename(sandbox.path().join(".git"), sandbox.root().join("away")).unwrap();
    assert_snapshot!(clone.tk(&["diff", "HEAD~1..HEAD"]), @r"
    --- stderr
    error: what this partial clone left out could not be fetched from `origin`: fatal: '$ROOT/repo' does not appear to be a git repository fatal: Could not read from remote repository. Please make sure you have the correct access rights and the repository exists.
    hint: what is needed for the first time comes from there: try again once it can be reached
    --- exit 6
    ");
    // What is here needs no remote.
    assert_eq!(clone.tk(&["list"]).ok(), listed);
}

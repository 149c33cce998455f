//! How long a worktree of a run takes, beside plain `git worktree add`.
//!
//! `cargo bench --bench worktrees [-- FILES]`, with 10,000 files unless told otherwise. The two
//! are made in turn, and what is told is the median of the ratios of neighbours, so that a
//! machine that gets slower in between slows both. The first of each does not count. Fails when
//! the second worktree takes longer than is promised.

#![expect(clippy::print_stdout, reason = "a bench reports on standard output")]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use tk::git::{BranchName, Repo};

/// The number of files unless told otherwise.
const FILES: usize = 10_000;
/// How often each is made; the first does not count.
const ROUNDS: usize = 8;
/// The longest that a worktree after the first may take.
const SECOND: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let files = std::env::args().find_map(|arg| arg.parse().ok());
    let files = files.unwrap_or(FILES);
    let root = tempfile::tempdir().expect("a temporary folder");
    let dir = root.path().join("repo");
    for n in 0..files {
        let folder = dir.join(format!("d{}", n / 100));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(
            folder.join(format!("f{n}")),
            format!("file {n}\n").repeat(100),
        )
        .expect("a file");
    }
    git(&dir, &["init", "--quiet", "--initial-branch=main"]);
    git(&dir, &["add", "--all"]);
    let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
    git(
        &dir,
        &[&identity[..], &["commit", "--quiet", "--message=x"]].concat(),
    );
    let repo = Repo::discover(&dir).expect("a repository");
    let main = BranchName::parse("main").expect("a name");
    let start = repo
        .branch_tip(&main)
        .expect("the branches")
        .expect("a tip");
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let plain = root.path().join(format!("plain{round}"));
        let (name, path) = (format!("plain{round}"), plain.display().to_string());
        let begun = Instant::now();
        git(&dir, &["worktree", "add", "--quiet", "-b", &name, &path]);
        let theirs = begun.elapsed();
        let path = root.path().join(format!("run{round}"));
        let branch = BranchName::parse(&format!("tk/work/x/{round}")).expect("a name");
        let begun = Instant::now();
        let trees = repo.worktrees();
        trees.add(&path, &branch, start).expect("a worktree");
        trees.include(&path).expect("the files to copy");
        trees.submodules(&path).expect("the submodules");
        times.push((begun.elapsed(), theirs));
    }
    let times = &times[1..];
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let seconds = |of: fn(&(Duration, Duration)) -> Duration| {
        median(times.iter().map(|pair| of(pair).as_secs_f64()).collect())
    };
    let (ours, theirs) = (seconds(|pair| pair.0), seconds(|pair| pair.1));
    let ratio = times
        .iter()
        .map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64());
    println!("worktrees: {files} files, median of {}", times.len());
    println!("  plain `git worktree add`   {theirs:7.3} s");
    println!("  a worktree of a run        {ours:7.3} s    (at most {SECOND:?})");
    println!(
        "  ratio                      {:7.3}",
        median(ratio.collect())
    );
    if ours <= SECOND.as_secs_f64() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn git(dir: &Path, args: &[&str]) {
    let done = Command::new("git").args(args).current_dir(dir).status();
    assert!(done.is_ok_and(|status| status.success()), "git {args:?}");
}

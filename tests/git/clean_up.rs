//! Whatever state a worktree or branch is in, cleaning it up loses no byte: what was in its
//! files, its index, its history and its log is reachable from a reference afterwards, or it
//! is all still there.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tk::git::{Backups, BranchName, CommitId, Git, Removal, Repo, Worktrees};
use tk::model::TicketId;

use crate::repo::{TestRepo, git_in, hermetic_git, write_in};

/// How many worktrees are made; each is cleaned up in at least two ways, or steps.
const ROUNDS: u64 = 250;

/// As many at once as a small machine has cores.
const HANDS: u64 = 2;

/// Names that are options, patterns, magic or nothing to some program on the way.
const NAMES: &[&[u8]] = &[
    b"plain",
    b"--force",
    b"-",
    b":(top)magic",
    b"*",
    b"[a-z]",
    b"two words ",
    b" \"quoted\"",
    b"line\nbreak",
    b"tab\there",
    b"back\\slash",
    b"\xff\xfe",
    "\u{202e}\u{e4}".as_bytes(),
    b"deep/er/still",
    b".hidden",
    b"HEAD",
    b"ignored",
    b"build/out",
];

/// Numbers that are the same in every run of the test.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }

    fn name(&mut self) -> &'static Path {
        Path::new(OsStr::from_bytes(NAMES[self.roll(NAMES.len())]))
    }
}

/// A worktree on a branch of its own, to which things are done.
struct Round<'t> {
    test: &'t TestRepo,
    number: u64,
    dir: PathBuf,
    branch: BranchName,
    ticket: TicketId,
    dice: Dice,
    /// What was done, for when it goes wrong.
    done: Vec<&'static str>,
    written: u32,
    clean_ups: usize,
}

impl Round<'_> {
    /// Bytes that are nowhere else.
    fn bytes(&mut self) -> String {
        self.written += 1;
        format!("{} {}\n", self.number, self.written)
    }

    fn write(&mut self, name: &Path) {
        let (path, bytes) = (self.dir.join(name), self.bytes());
        if std::fs::create_dir_all(path.parent().unwrap()).is_ok() {
            // A folder may be where the file is to be.
            let _there = std::fs::write(path, bytes);
        }
    }

    /// Git may refuse what it is asked for in the state that things are in.
    fn git(&self, args: &[&str]) {
        hermetic_git(&self.dir).args(args).output().unwrap();
    }

    fn commit(&mut self) {
        let name = self.dice.name();
        self.write(name);
        self.git(&["add", "--all"]);
        self.git(&["commit", "-qm", "work"]);
    }

    /// Brings the branch into conflict with `other`.
    fn conflict(&mut self) {
        let bytes = self.bytes();
        write_in(&self.dir, "tracked", &bytes);
        self.git(&["commit", "-qam", "work"]);
    }

    fn change(&mut self) {
        let name = self.dice.name();
        let done = match self.dice.roll(16) {
            0 | 1 => {
                self.write(name);
                "write"
            }
            2 => {
                self.write(Path::new("tracked"));
                "edit"
            }
            3 => {
                self.write(name);
                self.git(&["add", "--all"]);
                self.write(name);
                "stage and edit"
            }
            4 => {
                self.write(name);
                self.git(&["add", "--all", "--force"]);
                std::fs::remove_file(self.dir.join(name)).ok();
                "stage and delete"
            }
            5 => {
                self.commit();
                "commit"
            }
            6 => {
                self.commit();
                self.write(name);
                self.git(&["commit", "-qa", "--amend", "-m", "again"]);
                "amend"
            }
            7 => {
                self.git(&["checkout", "-q", "--detach"]);
                self.commit();
                "detach"
            }
            8 => {
                self.git(&["checkout", "-q", "--detach"]);
                self.commit();
                self.git(&["checkout", "-q", self.branch.as_str()]);
                "detach and come back"
            }
            9 => {
                self.conflict();
                self.git(&["merge", "-q", "other"]);
                "merge"
            }
            10 => {
                self.conflict();
                self.write(Path::new("second"));
                self.git(&["rebase", "-q", "--autostash", "other"]);
                "rebase"
            }
            11 => {
                self.conflict();
                self.git(&["cherry-pick", "other"]);
                "cherry-pick"
            }
            12 => {
                self.git(&["update-index", "--assume-unchanged", "tracked"]);
                self.git(&["update-index", "--skip-worktree", "second"]);
                self.write(Path::new("tracked"));
                self.write(Path::new("second"));
                "hide"
            }
            13 => {
                write_in(&self.dir, ".gitignore", "*\n");
                self.write(name);
                "ignore everything"
            }
            14 => {
                let target = self.bytes();
                std::os::unix::fs::symlink(target.trim_end(), self.dir.join("link")).ok();
                self.git(&["reset", "-q", "--hard", "HEAD~1"]);
                "link, and reset"
            }
            _ => {
                let inner = self.dir.join("inner");
                if std::fs::create_dir_all(&inner).is_ok() && !inner.join(".git").exists() {
                    self.test.init(&inner);
                    let bytes = self.bytes();
                    write_in(&inner, "file", &bytes);
                    git_in(&inner, &["add", "file"]);
                    git_in(&inner, &["commit", "-qm", "inner"]);
                }
                "a repository in it"
            }
        };
        self.done.push(done);
    }

    /// The objects that everything in it would be, so far as `tk` is to answer for it.
    fn objects(&self, folder_is_there: bool) -> BTreeSet<String> {
        let own = self.test.path(&format!(".git/worktrees/{}", self.number));
        let mut found = BTreeSet::new();
        let log = format!(".git/logs/{}", self.branch.reference());
        for log in [own.join("logs/HEAD"), self.test.path(&log)] {
            let text = std::fs::read_to_string(log).unwrap_or_default();
            let ids = text.lines().filter_map(|line| line.split(' ').nth(1));
            found.extend(ids.map(str::to_owned));
        }
        let args = ["--git-dir", own.to_str().unwrap(), "ls-files", "-s", "-z"];
        let staged = hermetic_git(&own).args(args).output().unwrap().stdout;
        let staged = String::from_utf8_lossy(&staged).into_owned();
        let blobs = staged.split('\0').filter(|line| line.starts_with("1"));
        let blobs = blobs.filter(|line| !line.starts_with("160000"));
        found.extend(blobs.filter_map(|line| Some(line.split(' ').nth(1)?.to_owned())));
        if folder_is_there {
            files(&self.dir, &mut |bytes| {
                found.insert(blob(bytes));
            });
        }
        found
    }

    /// As after a landing: whatever is in it.
    fn backed_up(&mut self, worktrees: &Worktrees, backups: &Backups) {
        let git = Git::new(&self.dir);
        let kept = backups.keep_worktree(&self.ticket, &git).unwrap();
        let removed = worktrees.remove(&self.dir, &Removal::BackedUp(kept));
        self.clean_ups += 1;
        let holds_another = self.done.contains(&"a repository in it");
        assert_eq!(
            removed.is_err(),
            holds_another,
            "{:?}: {removed:?}",
            self.done
        );
        self.done.push("gone with what was in it");
    }

    /// Cleans up in one of the ways that `tk` does; whether the folder went by other hands.
    fn clean_up(&mut self, worktrees: &Worktrees) {
        let backups = Backups::new(Git::new(self.test.dir()));
        match self.dice.roll(5) {
            0..=2 => {
                let removed = worktrees.remove(&self.dir, &Removal::Committed);
                self.clean_ups += 1;
                if removed.is_ok() {
                    self.done.push("gone");
                } else {
                    self.done.push("stays");
                    self.backed_up(worktrees, &backups);
                }
            }
            3 => {
                self.backed_up(worktrees, &backups);
            }
            _ => {
                // Not by tk: it answers for what git still has.
                std::fs::remove_dir_all(&self.dir).unwrap();
                worktrees.remove(&self.dir, &Removal::Committed).unwrap();
                self.clean_ups += 1;
                self.done.push("forgotten");
            }
        }
        if !self.dir.exists() {
            backups.remove_branch(&self.ticket, &self.branch).unwrap();
            self.clean_ups += 1;
        }
    }
}

fn blob(bytes: &[u8]) -> String {
    let kind = gix::objs::Kind::Blob;
    let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, kind, bytes);
    id.unwrap().to_string()
}

/// The bytes of every file and link below, but for those in git's own folders.
fn files(dir: &Path, take: &mut impl FnMut(&[u8])) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            take(
                std::fs::read_link(entry.path())
                    .unwrap()
                    .as_os_str()
                    .as_bytes(),
            );
        } else if entry.file_name() == ".git" {
        } else if kind.is_dir() {
            files(&entry.path(), take);
        } else {
            take(&std::fs::read(entry.path()).unwrap());
        }
    }
}

#[test]
fn no_clean_up_of_many_loses_a_byte() {
    let test = TestRepo::new();
    test.write("tracked", "1\n");
    test.write("second", "1\n");
    test.write(".gitignore", "ignored\nbuild/\n");
    let base = CommitId::parse(&test.commit("First")).unwrap();
    test.git(&["checkout", "-qb", "other"]);
    test.write("tracked", "other\n");
    test.commit("Other");
    test.git(&["checkout", "-q", "main"]);
    let worktrees = Repo::discover(test.dir()).unwrap().worktrees();
    let play = |number: u64| {
        let name = BranchName::parse(&format!("tk/work/k7m/{number}")).unwrap();
        let mut round = Round {
            test: &test,
            number,
            dir: test.path(&format!(".worktrees/{number}")),
            ticket: TicketId::parse(&number.to_string()).unwrap(),
            branch: name,
            dice: Dice(0x9e37_79b9_7f4a_7c15 ^ (number + 1)),
            done: Vec::new(),
            written: 0,
            clean_ups: 0,
        };
        worktrees.add(&round.dir, &round.branch, base).unwrap();
        for _ in 0..=round.dice.roll(3) {
            round.change();
        }
        let (all, by_git) = (round.objects(true), round.objects(false));
        round.clean_up(&worktrees);
        let lost_folder = round.done.contains(&"forgotten");
        let mut expected = if lost_folder { by_git } else { all };
        if round.dir.exists() {
            // Nothing of it is missing.
            let left = round.objects(true);
            let missing: Vec<_> = expected.difference(&left).collect();
            assert!(missing.is_empty(), "{number} {:?}: {missing:?}", round.done);
            expected.clear();
        }
        (round, expected)
    };
    let rounds: Vec<_> = std::thread::scope(|threads| {
        let hands: Vec<_> = (0..HANDS)
            .map(|hand| {
                let play = &play;
                let numbers = (0..ROUNDS).filter(move |number| number % HANDS == hand);
                threads.spawn(move || numbers.map(play).collect::<Vec<_>>())
            })
            .collect();
        hands
            .into_iter()
            .flat_map(|hand| hand.join().unwrap())
            .collect()
    });
    let args = ["rev-list", "--objects", "--no-object-names", "--all"];
    let reachable = test.git(&args);
    let reachable: BTreeSet<&str> = reachable.lines().collect();
    let mut ways = BTreeMap::new();
    let mut clean_ups = 0;
    for (round, expected) in &rounds {
        let Round { number, done, .. } = round;
        clean_ups += round.clean_ups;
        let lost: Vec<_> = expected
            .iter()
            .filter(|id| !reachable.contains(id.as_str()))
            .collect();
        assert!(lost.is_empty(), "round {number}, {done:?} lost {lost:?}");
        for way in done {
            *ways.entry(*way).or_insert(0) += 1;
        }
    }
    assert!(clean_ups >= 500, "{clean_ups}");
    // Everything was tried, in numbers.
    let often = ways.values().all(|count| *count >= 10);
    assert!(ways.len() >= 19 && often, "{ways:?}");
}

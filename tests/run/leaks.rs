//! However a run ends, nothing of it is left: no process, worktree, branch or temporary file.
//!
//! Its workers leave grandchildren that lead sessions of their own, lose their parents, and
//! hear no signal but the last.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};

use crate::rig::{Ended, Live, Rig};

/// How many runs end in each way.
const RUNS: usize = 20;

/// As many at once as a small machine has cores, and one that waits.
const HANDS: usize = 3;

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    End,
    Interrupt,
    InterruptTwice,
    Terminate,
    KillAndRerun,
}

const WAYS: [Way; 5] = [
    Way::End,
    Way::Interrupt,
    Way::InterruptTwice,
    Way::Terminate,
    Way::KillAndRerun,
];

/// A worker of the kind `command`. It starts the three kinds of strays, waits until they are
/// up, and tells; then it does its work, or hangs.
const WORKER: &str = r#"
setsid sh -c 'trap "" INT TERM HUP QUIT; : > "$UP.1"; exec sleep "$MARK"' </dev/null >/dev/null 2>&1 &
( ( trap "" INT TERM HUP QUIT; : > "$UP.2"; exec sleep "$MARK" ) </dev/null >/dev/null 2>&1 & ) &
setsid sh -c '(trap "" INT TERM HUP; : > "$UP.3"; exec setsid sleep "$MARK") & exit' </dev/null >/dev/null 2>&1 &
until test -e "$UP.1" && test -e "$UP.2" && test -e "$UP.3"; do sleep 0.01; done
: > "$UP"
if test -e "$HANG"; then rm -f "$HANG"; until test -e "$HANG.go"; do sleep 0.02; done; fi
echo done > "$TK_TICKET.txt"
"#;

/// A repository whose every run leaves what it must not.
struct Place {
    rig: Rig,
    root: PathBuf,
    /// A number of seconds that no other process sleeps.
    mark: String,
}

impl Place {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}.{}{number:03}", 5_000, std::process::id());
        let rig = Rig::new(&[("one", "agent = \"stray\"")]);
        let root = rig.sandbox.root().to_path_buf();
        std::fs::create_dir(root.join("tmp")).unwrap();
        let agent = format!("kind = \"command\"\ncommand = [\"sh\", \"-c\", '''{WORKER}''']\n");
        rig.sandbox.write(".ticks/agents/stray.toml", &agent);
        Self { rig, root, mark }
    }

    fn start(&self) -> Live {
        let mut command = self.rig.sandbox.tk_command();
        command
            .args(["run", "epic", "--json"])
            .env("TMPDIR", self.root.join("tmp"))
            .env("MARK", &self.mark)
            .env("UP", self.root.join("up"))
            .env("HANG", self.root.join("hang"));
        Live::of(command)
    }

    /// Lets the worker hang, and waits until it does with all it has started.
    fn up(&self) -> Live {
        std::fs::write(self.root.join("hang"), "").unwrap();
        let live = self.start();
        wait("the worker to be up", || self.root.join("up").exists());
        live
    }

    /// The same command again, whose worker does not hang any more.
    fn rerun(&self) -> Ended {
        let live = self.start();
        std::fs::write(self.root.join("hang.go"), "").unwrap();
        live.end()
    }

    fn play(&self, way: Way) {
        let expect = |ended: Ended, code: i32| {
            ended.expect(code);
        };
        match way {
            Way::End => expect(self.start().end(), 0),
            Way::Interrupt | Way::Terminate => {
                let live = self.up();
                live.signal(match way {
                    Way::Terminate => Signal::TERM,
                    _ => Signal::INT,
                });
                expect(live.end(), 8);
            }
            Way::InterruptTwice => {
                let live = self.up();
                live.signal(Signal::INT);
                live.signal(Signal::INT);
                expect(live.end(), 8);
            }
            Way::KillAndRerun => {
                let live = self.up();
                live.signal(Signal::KILL);
                live.end().expect(-1);
                assert!(!self.marked().is_empty(), "its worker outlives it");
                expect(self.rerun(), 0);
            }
        }
        self.assert_nothing_left(way);
    }

    #[track_caller]
    fn assert_nothing_left(&self, way: Way) {
        assert_eq!(
            self.marked(),
            [0; 0],
            "{way:?}: processes by their argument"
        );
        self.rig.assert_tidy();
        // What has merged, the plan at least, waits for the run that goes on.
        let branches: &[&str] = match way {
            Way::End | Way::KillAndRerun => &["main"],
            _ => &["main", "tk/run/epic"],
        };
        assert_eq!(self.rig.branches(), branches, "{way:?}");
        let left = below(&self.root.join("tmp"));
        assert!(left.is_empty(), "{way:?}: {left:?}");
        let own = below(&self.rig.sandbox.path().join(".git"));
        let is_temporary = |path: &&PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let said = ["tmp", ".lock", ".new", "~"];
            (name != "lock" || path.parent().unwrap().ends_with("refs"))
                && said
                    .iter()
                    .any(|part| name.ends_with(part) || name.starts_with("tmp_"))
        };
        let left: Vec<_> = own.iter().filter(is_temporary).collect();
        assert!(left.is_empty(), "{way:?}: {left:?}");
        let ticks = below(&self.rig.sandbox.path().join(".ticks"));
        let other = |path: &&PathBuf| {
            !path.is_dir() && path.extension().is_none_or(|found| found != "toml")
        };
        let left: Vec<_> = ticks.iter().filter(other).collect();
        assert!(left.is_empty(), "{way:?}: {left:?}");
    }

    /// The processes that have the mark among their arguments.
    fn marked(&self) -> Vec<i32> {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|entry| {
                let pid = entry.file_name().to_str()?.parse().ok()?;
                let line = std::fs::read(entry.path().join("cmdline")).ok()?;
                let mut words = line.split(|byte| *byte == 0);
                words
                    .any(|word| word == self.mark.as_bytes())
                    .then_some(pid)
            })
            .collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for pid in self.marked() {
            // One that is gone by now needs no signal.
            let _gone = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }
}

fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

/// Every file below the folder, and every folder with nothing in it.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.push(entry.path());
            found.extend(below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn nothing_is_left_of_a_hundred_runs_over_five_ways_to_end() {
    let next = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for _ in 0..HANDS {
            threads.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= RUNS * WAYS.len() {
                        return;
                    }
                    Place::new().play(WAYS[number % WAYS.len()]);
                }
            });
        }
    });
}

/// What the folder for temporary files holds of killed programs goes with the next run, and
/// what living ones have there stays.
#[test]
fn temporary_files_of_the_killed_go_and_those_of_the_living_stay() {
    let place = Place::new();
    let (dead, living) = (
        place.root.join("tmp/tk-git-dead"),
        place.root.join("tmp/tk-git-living"),
    );
    for folder in [&dead, &living] {
        std::fs::create_dir(folder).unwrap();
        std::fs::write(folder.join("index"), "x").unwrap();
    }
    let begun = SystemTime::now() - Duration::from_secs(3600);
    for folder in [&dead, &living] {
        let folder = std::fs::File::open(folder).unwrap();
        folder.set_modified(begun).unwrap();
    }
    // One that is being made: it is not locked yet.
    let young = place.root.join("tmp/tk-git-young");
    std::fs::create_dir(&young).unwrap();
    let held = std::fs::File::open(&living).unwrap();
    held.lock().unwrap();
    let live = place.up();
    live.signal(Signal::KILL);
    live.end().expect(-1);
    place.rerun().expect(0);
    assert!(!dead.exists() && young.exists() && living.join("index").exists());
    drop(held);
    std::fs::remove_dir(&young).unwrap();
    std::fs::remove_dir_all(&living).unwrap();
    place.assert_nothing_left(Way::KillAndRerun);
}

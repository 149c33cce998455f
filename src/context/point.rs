//! The points of a run at which its process may die: before and after each change of state.
//!
//! They do nothing unless a test asks for it by `TK_TEST_DIE_AT` (`<point>:<moment>[:<n>]`:
//! the process kills itself when it comes there, the n-th time), or by `TK_TEST_POINTS` (a
//! file that every point reached is told to, a line each).

use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The side of a change at which a point lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing is changed yet.
    Before,
    /// It is done.
    After,
}

impl Moment {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Before, Self::After];

    /// Its name, for `TK_TEST_DIE_AT`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

macro_rules! points {
    ($($(#[doc = $what:literal])+ $point:ident = $name:literal,)+) => {
        /// A change of a run's state.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Point {
            $($(#[doc = $what])+ $point,)+
        }

        impl Point {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$point,)+];

            /// Its name, for `TK_TEST_DIE_AT`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$point => $name,)+
                }
            }
        }
    };
}

points! {
    /// The folder of a new run.
    RunFolder = "run_folder",
    /// What a dead runner's workers cost goes into the ledger.
    LeftSettled = "left_settled",
    /// A ticket that a dead runner was at goes back.
    LeftReleased = "left_released",
    /// The run's branch and its worktree.
    RunBranch = "run_branch",
    /// A landing that a dead runner committed closes its ticket.
    LeftLanded = "left_landed",
    /// The run's first commit.
    PlanCommit = "plan_commit",
    /// An event goes into the journal: the run began.
    RunStarted = "run_started",
    /// An event: what the run is going to do.
    Plan = "plan",
    /// Money is put aside, in the ledger.
    Reserved = "reserved",
    /// An event: an attempt began.
    TicketStarted = "ticket_started",
    /// The ticket is claimed and set in progress.
    Begun = "begun",
    /// The ticket's branch and worktree.
    Worktree = "worktree",
    /// A set-up command in a new worktree.
    SetUp = "set_up",
    /// A new worktree is known to be ready.
    Ready = "ready",
    /// The folder of a worker's process.
    WorkerFolder = "worker_folder",
    /// A worker's shim is started.
    WorkerStart = "worker_start",
    /// An event: a worker told its session.
    Session = "session",
    /// An event: a worker asks.
    Ask = "ask",
    /// An event: a person has answered.
    Answer = "answer",
    /// A worker's bill goes into the ledger.
    Settled = "settled",
    /// An event: what a worker cost in the end.
    Cost = "cost",
    /// An event: something is tried again.
    Retry = "retry",
    /// An event: a session goes on.
    Resumed = "resumed",
    /// The worker's work is put in order on its branch.
    Evidence = "evidence",
    /// A finished ticket has its place among those that wait to land.
    InLine = "in_line",
    /// The branch is merged into the integration worktree, not committed.
    Merge = "merge",
    /// An event: a check began.
    CheckStarted = "check_started",
    /// An event: a check passed.
    CheckPassed = "check_passed",
    /// An event: a check failed.
    CheckFailed = "check_failed",
    /// A merge is given up.
    MergeAbort = "merge_abort",
    /// An event: a branch does not merge.
    MergeConflict = "merge_conflict",
    /// The run's branch moves to a merge, or to a commit of ticket files.
    RunBranchMoved = "run_branch_moved",
    /// The integration worktree follows its branch.
    Followed = "followed",
    /// An event: merged.
    Landed = "landed",
    /// The ticket is closed in the main working tree.
    TicketClosed = "ticket_closed",
    /// An event: closed.
    Closed = "closed",
    /// A worktree with everything in it is kept in a backup.
    WorktreeKept = "worktree_kept",
    /// A worktree is removed.
    WorktreeRemoved = "worktree_removed",
    /// A branch's tip is kept in a backup.
    BranchKept = "branch_kept",
    /// A branch is deleted.
    BranchDeleted = "branch_deleted",
    /// The end of an attempt that did not land goes into its ticket.
    AttemptEnded = "attempt_ended",
    /// An event: a person is owed something.
    Awaiting = "awaiting",
    /// An event: an attempt failed.
    Failed = "failed",
    /// An event: an attempt is over.
    TicketFinished = "ticket_finished",
    /// An epic closes.
    EpicClosed = "epic_closed",
    /// The run's last commit.
    RecordCommit = "record_commit",
    /// The user's index is given the ticket files that land.
    HomeIndex = "home_index",
    /// The user's branch moves to what has landed.
    HomeMoved = "home_moved",
    /// Ticket files edited meanwhile are merged with what landed.
    HomeSettled = "home_settled",
    /// An event: the run is over.
    RunFinished = "run_finished",
}

/// What a test asked for.
#[derive(Debug, Default)]
struct Asked {
    /// Where to die.
    place: Option<String>,
    /// How often to come there before.
    left: AtomicU32,
    /// Where to tell what was reached.
    told_to: Option<PathBuf>,
}

static ASKED: OnceLock<Asked> = OnceLock::new();

/// Takes in what a test asks of this process. `None` where it cannot be understood.
pub(super) fn arm(die_at: Option<&str>, told_to: Option<&str>) -> Option<()> {
    let mut asked = Asked {
        told_to: told_to.map(PathBuf::from),
        ..Asked::default()
    };
    if let Some(text) = die_at {
        let mut words = text.split(':');
        let (point, moment) = (words.next()?, words.next()?);
        let count: u32 = words.next().map_or(Some(1), |count| count.parse().ok())?;
        let known = Point::ALL.iter().any(|known| known.name() == point)
            && Moment::ALL.iter().any(|known| known.name() == moment);
        if !known || count == 0 {
            return None;
        }
        asked.place = Some(format!("{point}:{moment}"));
        asked.left = AtomicU32::new(count);
    }
    if asked.place.is_some() || asked.told_to.is_some() {
        // A process has one context of its own; a second would ask the same.
        let _same = ASKED.set(asked);
    }
    Some(())
}

impl Point {
    /// Does the change, with the points before and after it.
    pub fn around<T>(self, change: impl FnOnce() -> T) -> T {
        self.reach(Moment::Before);
        let done = change();
        self.reach(Moment::After);
        done
    }

    /// Comes to the point: the process may end here.
    pub fn reach(self, moment: Moment) {
        let Some(asked) = ASKED.get() else { return };
        let here = format!("{}:{}", self.name(), moment.name());
        if let Some(path) = &asked.told_to {
            let file = std::fs::File::options()
                .create(true)
                .append(true)
                .open(path);
            // In one write: threads of a runner come to their points at the same time.
            let line = format!("{here}\n");
            // A test that is not told misses the point.
            let _told = file.and_then(|mut file| file.write_all(line.as_bytes()));
        }
        if asked.place.as_ref() == Some(&here) && asked.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            let own = rustix::process::getpid();
            // Nothing can be done about a failure but to go on, which the test sees.
            let _dead = rustix::process::kill_process(own, rustix::process::Signal::KILL);
        }
    }
}

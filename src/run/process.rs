//! Processes of this machine, as `/proc` shows them: who they are, whose children, how busy.
//!
//! A process is named by its id *and* its start time, so that an id the system has given to
//! another process meanwhile is never taken for the old one, and never signalled. Where there
//! is no `/proc` (macOS) start times are 0, trees and variables are not seen, and only the
//! processes asked for by id are found.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

/// The hidden command that supervises a worker; also how a shim is known in `/proc`.
pub const SHIM_COMMAND: &str = "worker-shim";

/// The most bytes that are read of a command line, which is the longest that is told.
const LONGEST_TOLD: u64 = 4 << 20;

/// A process that cannot be mistaken for a later one with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// The system's id.
    pub pid: i32,
    /// When it started, in clock ticks since the machine's start; 0 where that is not known.
    pub start: u64,
}

/// What `/proc/<pid>/stat` says of a process.
struct Stat {
    state: char,
    parent: i32,
    group: i32,
    cpu_ticks: u64,
    start: u64,
}

impl ProcessId {
    /// The process that has this id now.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        if !has_proc() {
            let found = rustix::process::test_kill_process(Pid::from_raw(pid)?).is_ok();
            return found.then_some(Self { pid, start: 0 });
        }
        let stat = Stat::read(pid)?;
        Some(Self {
            pid,
            start: stat.start,
        })
    }

    /// This very process.
    #[must_use]
    pub fn own() -> Self {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        Self::of(pid).unwrap_or(Self { pid, start: 0 })
    }

    /// Whether it still runs; one that has ended and waits to be reaped does not.
    #[must_use]
    pub fn is_alive(self) -> bool {
        if !has_proc() {
            return Self::of(self.pid).is_some();
        }
        Stat::read(self.pid).is_some_and(|stat| stat.start == self.start && stat.runs())
    }

    /// Sends it a signal; `false` when it is gone, or not ours to signal.
    #[must_use]
    pub fn signal(self, signal: Signal) -> bool {
        Pid::from_raw(self.pid).is_some_and(|pid| self.signal_exactly(pid, signal))
    }

    /// Through a handle on the process, so that it cannot be another one by then.
    #[cfg(target_os = "linux")]
    fn signal_exactly(self, pid: Pid, signal: Signal) -> bool {
        use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => self.is_alive() && pidfd_send_signal(handle, signal).is_ok(),
            // A sandbox may know no such handles.
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {
                self.is_alive() && rustix::process::kill_process(pid, signal).is_ok()
            }
            Err(_) => false,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn signal_exactly(self, pid: Pid, signal: Signal) -> bool {
        self.is_alive() && rustix::process::kill_process(pid, signal).is_ok()
    }
}

impl Stat {
    fn read(pid: i32) -> Option<Self> {
        Self::parse(&told(pid, "stat")?)
    }

    /// The program's name stands in brackets and may hold anything, brackets too: what
    /// follows the last one is numbers. Columns as in proc_pid_stat(5), less three.
    fn parse(line: &[u8]) -> Option<Self> {
        let line = String::from_utf8_lossy(line);
        let (_, rest) = line.rsplit_once(')')?;
        let columns: Vec<&str> = rest.split_whitespace().collect();
        let number = |column: usize| columns.get(column)?.parse::<u64>().ok();
        Some(Self {
            state: columns.first()?.chars().next()?,
            parent: columns.get(1)?.parse().ok()?,
            group: columns.get(2)?.parse().ok()?,
            cpu_ticks: number(11)? + number(12)?,
            start: number(19)?,
        })
    }

    const fn runs(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// What the system tells of a process. Such files say that they are empty, so that room is made
/// and their length is not asked for.
fn told(pid: i32, what: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(4096);
    let file = fs::File::open(format!("/proc/{pid}/{what}")).ok()?;
    file.take(LONGEST_TOLD).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn has_proc() -> bool {
    Path::new("/proc/self/stat").exists()
}

/// The id of this start of the machine; start times of another one mean nothing.
#[must_use]
pub fn boot_id() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

fn all() -> Vec<(i32, Stat)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, Stat::read(pid)?)))
        .collect()
}

/// The running processes below `root`, itself not included, nearest first.
#[must_use]
pub fn descendants(root: i32) -> Vec<ProcessId> {
    below(root)
        .into_iter()
        .map(|(process, _)| process)
        .collect()
}

/// The processor time used by `root` and what runs below it, in clock ticks. A tree in which
/// it stands still does nothing.
#[must_use]
pub fn cpu_ticks(root: ProcessId) -> u64 {
    let own = Stat::read(root.pid).filter(|stat| stat.start == root.start);
    own.map_or(0, |stat| stat.cpu_ticks)
        + below(root.pid).iter().map(|(_, ticks)| ticks).sum::<u64>()
}

fn below(root: i32) -> Vec<(ProcessId, u64)> {
    let mut children: BTreeMap<i32, Vec<(i32, Stat)>> = BTreeMap::new();
    for (pid, stat) in all() {
        children.entry(stat.parent).or_default().push((pid, stat));
    }
    let mut found = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (pid, stat) in children.remove(&parent).unwrap_or_default() {
            parents.push(pid);
            if stat.runs() {
                let start = stat.start;
                found.push((ProcessId { pid, start }, stat.cpu_ticks));
            }
        }
    }
    found
}

/// The running processes that were started with the variable `name` set to `value`, but for
/// this one: those of a run that have escaped their shim and their tree.
#[must_use]
pub fn with_variable(name: &str, value: &str) -> Vec<ProcessId> {
    let marked = values_of(name).into_iter();
    let fits = marked.filter(|(_, of)| of.as_os_str() == value);
    fits.map(|(process, _)| process).collect()
}

/// The running processes that were started with the variable `name`, but for this one, each with
/// the path that is its value.
#[must_use]
pub fn values_of(name: &str) -> Vec<(ProcessId, PathBuf)> {
    let prefix = format!("{name}=").into_bytes();
    let own = ProcessId::own();
    let running = all()
        .into_iter()
        .filter(|(pid, stat)| *pid != own.pid && stat.runs());
    let marked = running.filter_map(|(pid, stat)| {
        // Processes of other users cannot be read, and are not ours.
        let text = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let mut entries = text.split(|byte| *byte == 0);
        let value = entries.find_map(|entry| entry.strip_prefix(&prefix[..]))?;
        let start = stat.start;
        Some((ProcessId { pid, start }, path_of(value)))
    });
    marked.collect()
}

fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(std::ffi::OsString::from_vec(bytes.to_vec()))
}

/// Kills what runs below `root`, once; returns whom. More may have started meanwhile: who
/// wants them all gone calls again until nothing is returned.
#[must_use]
pub fn kill_descendants(root: i32) -> Vec<ProcessId> {
    let mut found = descendants(root);
    found.retain(|process| process.signal(Signal::KILL));
    found
}

/// The attempt folder of the worker shim that this process runs under, if it does. Whoever
/// descends from a live one is an agent.
#[must_use]
pub fn shim_above() -> Option<PathBuf> {
    let mut pid = rustix::process::getppid()?.as_raw_nonzero().get();
    let mut seen = Vec::new();
    while pid > 0 && !seen.contains(&pid) {
        seen.push(pid);
        let stat = Stat::read(pid)?;
        // A shim leads its process group, as few of the others do.
        if stat.group == pid
            && let Some(dir) = shim_folder(pid)
        {
            return Some(dir);
        }
        pid = stat.parent;
    }
    None
}

/// Whether this process runs under a worker shim.
#[must_use]
pub fn is_descendant_of_shim() -> bool {
    shim_above().is_some()
}

fn shim_folder(pid: i32) -> Option<PathBuf> {
    let line = told(pid, "cmdline")?;
    let mut words = line.split(|byte| *byte == 0).skip(1);
    let is_shim = words.next()? == SHIM_COMMAND.as_bytes();
    let dir = path_of(words.next()?);
    (is_shim && dir.join(super::attempt::SPEC).is_file()).then_some(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_is_skipped() {
        let line = b"42 (a) R 7 (x) S 3 42 42 0 -1 4194304 1 2 3 4 10 5 0 0 20 0 1 0 9000 0 0";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.state, stat.parent, stat.group), ('S', 3, 42));
        assert_eq!((stat.cpu_ticks, stat.start), (15, 9000));
        for torn in ["", "42 (sh", "42 (sh) S", "42 (sh) S x y z"] {
            assert!(Stat::parse(torn.as_bytes()).is_none(), "{torn}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_id_with_another_start_is_another_process() {
        let own = ProcessId::own();
        assert!(own.is_alive());
        let other = ProcessId {
            start: own.start + 1,
            ..own
        };
        assert!(!other.is_alive());
        assert!(!other.signal(Signal::TERM));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_is_found_by_parent_and_by_variable_until_it_ends() {
        let mut child = std::process::Command::new("sleep")
            .arg("1000")
            .env("TK_RUN", "process-test")
            .spawn()
            .unwrap();
        let id = ProcessId::of(i32::try_from(child.id()).unwrap()).unwrap();
        assert!(descendants(ProcessId::own().pid).contains(&id));
        assert_eq!(with_variable("TK_RUN", "process-test"), [id]);
        assert!(with_variable("TK_RUN", "process").is_empty());
        assert!(id.signal(Signal::KILL));
        child.wait().unwrap();
        assert!(!id.is_alive());
        assert!(!id.signal(Signal::KILL));
    }
}

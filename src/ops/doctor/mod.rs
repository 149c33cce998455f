//! What is wrong with the tickets, with what runs left, and with the set-up; and mending of it
//! what can be mended without a loss.
//!
//! Looking changes nothing and takes no lock. Mending keeps a copy of each file that it changes,
//! and changes a ticket only where nobody has to decide anything; it never touches work that is
//! nowhere else. Nothing can be taken back by `tk undo` once a ticket was mended: what was done
//! last cannot.

mod claims;
mod conflicts;
mod edges;
mod files;
mod found;
mod hierarchy;
mod lock;
mod misnamed;
mod runs;
mod setup;
mod texts;
mod trees;
mod twins;
mod unsettled;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use found::Found;
pub use runs::{KnownRun, KnownRuns, LeftWorker, RunState, Runs};

use super::values::there;
use super::{Project, Result};
use crate::git::TICKS;
use crate::graph::Graph;
use crate::model::TicketId;
use crate::store::{Backup, ClaimFile, Index, Misnamed, StoreError};
use crate::wire::{DoctorDocument, Severity};

/// What the doctor looks at.
struct Exam<'a> {
    project: &'a Project,
    /// Whether the configuration could be read; else what depends on it is left alone.
    configured: bool,
    loaded: &'a Index,
    graph: &'a Graph<'a>,
    claims: &'a [ClaimFile],
    misnamed: &'a [Misnamed],
    runs: &'a KnownRuns,
    /// The runs as they are at the moment of the call.
    runs_now: &'a dyn Runs,
    /// Where what is mended is kept as it was.
    backup: &'a Backup,
    /// How many names have been proposed to somebody.
    proposed: Cell<usize>,
}

/// Looks at everything; with `fix`, mends what is safe to mend.
///
/// `trouble` is what is wrong with the configuration, `runs` tells how the clone's runs stand
/// at the moment it is asked.
///
/// # Errors
/// When an agent wants to mend, or what everything else depends on cannot be read: the folder
/// of the tickets, the repository.
pub fn doctor(
    project: &Project,
    trouble: Option<&StoreError>,
    runs: &dyn Runs,
    fix: bool,
) -> Result<DoctorDocument> {
    if fix && project.is_agent()? {
        project.require_human("mend with `--fix`")?;
    }
    let store = &project.store;
    let mut obstacles = BTreeSet::from_iter(store.obstacles());
    let unfinished = lock::unless_obstructed(store.unfinished(), &mut obstacles)?;
    // What stands before what is done: a run that ends meanwhile is not taken for a dead one.
    let known = runs.standing()?;
    let claims = lock::unless_obstructed(store.claim_files(), &mut obstacles)?;
    let holdings = lock::unless_obstructed(store.left_there(), &mut obstacles)?;
    let loaded = store.index_anew(&project.config, trouble.is_some())?;
    let misnamed = match trouble {
        None => store.misnamed(&project.config)?,
        Some(_) => Vec::new(),
    };
    let backup = store.backup(project.now);
    let graph = Graph::new(&loaded.tickets, &project.config.statuses, project.now);
    let exam = Exam {
        project,
        configured: trouble.is_none(),
        loaded: &loaded,
        graph: &graph,
        claims: &claims,
        misnamed: &misnamed,
        runs: &known,
        runs_now: runs,
        backup: &backup,
        proposed: Cell::new(0),
    };
    let mut found = files::examine(&exam, trouble)?;
    found.extend(misnamed::examine(&exam));
    found.extend(edges::examine(&exam));
    found.extend(texts::examine(&exam)?);
    found.extend(twins::examine(&exam)?);
    found.extend(hierarchy::examine(&exam));
    found.extend(claims::examine(&exam));
    found.extend(claims::left_there(&exam, holdings));
    found.extend(claims::elsewhere(&exam));
    found.extend(runs::examine(&exam));
    found.extend(trees::examine(&exam)?);
    found.extend(setup::examine(&exam)?);
    found.extend(lock::examine(&exam));
    found.extend(lock::unwritable(&exam));
    found.extend(obstacles.iter().map(|it| lock::obstacle(&exam, it)));
    found.extend(files::unfinished(&exam, &unfinished)?);
    if fix {
        // One copy of each file, as it is before anything is mended, and all on the disk at once.
        let mut kept = BTreeMap::new();
        for path in found.iter().flat_map(Found::changed) {
            kept.entry(path.to_owned())
                .or_insert_with(|| backup.keep(path, &exam.name_of_copy(path)).err());
        }
        let synced = backup.sync().err();
        let trouble = |path: &Path| kept.get(path).and_then(Option::as_ref).or(synced.as_ref());
        found.iter_mut().for_each(|found| found.mend(&trouble));
    }
    let mut findings: Vec<_> = found.into_iter().map(|found| found.finding).collect();
    // Stable: what was found together stays together.
    findings.sort_by_key(|finding| finding.kind);
    let wrong =
        |finding: &&crate::wire::Finding| finding.severity != Severity::Note && !finding.fixed;
    let remaining = findings.iter().filter(wrong).count();
    Ok(DoctorDocument {
        schema: "tk.doctor.v1",
        healthy: remaining == 0,
        checked: loaded.tickets.len() + loaded.invalid.len(),
        total: findings.len(),
        remaining,
        backup: backup.folder().map(|folder| exam.shown(folder)),
        findings,
    })
}

impl Exam<'_> {
    /// A path as findings name it: from the main working tree on, where it is in it.
    fn shown(&self, path: &Path) -> String {
        let inside = path.strip_prefix(self.project.repo.home());
        inside.unwrap_or(path).display().to_string()
    }

    /// The working tree whose tickets are looked at: the main one, unless `TK_DIR` names the
    /// folder of another one.
    fn tree(&self) -> &Path {
        let (repo, ticks) = (&self.project.repo, self.project.store.ticks_dir());
        let here = repo.worktree_root();
        match ticks == here.join(TICKS) {
            true => here,
            false => repo.home(),
        }
    }

    /// The program as it is called to work in the working tree whose tickets are looked at.
    fn there(&self, program: &str) -> String {
        there(program, self.tree(), self.project.repo.worktree_root())
    }

    /// What a copy of the file is called in the backup: as the file is from the main working
    /// tree on, or from the folder that has git's.
    fn name_of_copy(&self, path: &Path) -> PathBuf {
        let repo = &self.project.repo;
        let roots = [Some(repo.home()), repo.common_dir().parent()];
        let inside = roots.into_iter().flatten();
        let inside = inside
            .filter_map(|root| path.strip_prefix(root).ok())
            .next();
        let name = || path.file_name().unwrap_or_default().as_ref();
        inside.unwrap_or_else(name).to_owned()
    }

    /// A name for a ticket's file that is free, and was not proposed for another file.
    fn free_name(&self) -> String {
        let store = &self.project.store;
        let is_free =
            |id: &TicketId| !store.has(id) && !self.misnamed.iter().any(|file| file.id == *id);
        loop {
            let number = self.proposed.get();
            self.proposed.set(number + 1);
            let id = TicketId::parse(&format!("k{}m", number + 7));
            if let Some(id) = id.ok().filter(is_free) {
                return format!("{id}.toml");
            }
        }
    }

    /// Whether there is such a ticket, and it is not over.
    fn is_open(&self, id: &str) -> bool {
        let ticket = TicketId::parse(id).ok();
        let ticket = ticket.and_then(|id| self.loaded.get(&id));
        ticket.is_some_and(|ticket| !ticket.is_done(&self.project.config.statuses))
    }
}

//! What the work of a plan waits for, inside and outside its scope.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Graph;
use super::plan::Brief;
use super::scope::Members;
use crate::model::TicketId;

/// What the work of a scope waits for.
pub(super) struct Waits {
    /// By epic, what holds everything in it: its own blockers and those of the epics above.
    inherited: BTreeMap<usize, BTreeSet<TicketId>>,
    /// By epic that something waits for, the open work in it.
    pub(super) stands_for: BTreeMap<TicketId, Vec<TicketId>>,
    /// What is open or missing outside the scope.
    pub(super) external: Vec<Brief>,
}

impl Waits {
    pub(super) fn find(graph: &Graph<'_>, members: &Members) -> Self {
        let facts = &graph.facts;
        let mut waits = Self {
            inherited: BTreeMap::new(),
            stands_for: BTreeMap::new(),
            external: Vec::new(),
        };
        let mut seen = vec![false; facts.len()];
        let mut outside = BTreeSet::new();
        for index in members.open_work(graph) {
            let mut at = Some(index);
            // Upwards until an epic that was looked at already.
            while let Some(holder) =
                at.filter(|holder| !std::mem::replace(&mut seen[*holder], true))
            {
                if !facts.is_done(holder) {
                    waits.look_at(graph, members, holder, &mut outside);
                }
                at = facts.kin.parent(holder);
            }
        }
        waits.external = outside
            .into_iter()
            .map(|id| match facts.position(&id) {
                Some(index) => graph.brief(index),
                None => Brief {
                    id,
                    title: String::new(),
                    status: "missing".to_owned(),
                    awaiting: None,
                },
            })
            .collect();
        waits
    }

    fn look_at(
        &mut self,
        graph: &Graph<'_>,
        members: &Members,
        holder: usize,
        outside: &mut BTreeSet<TicketId>,
    ) {
        let facts = &graph.facts;
        for blocker in facts.blockers(holder) {
            let id = match blocker {
                Err(missing) => {
                    outside.insert(missing.clone());
                    missing
                }
                Ok(blocker) if facts.is_epic(blocker) => {
                    let id = facts.id(blocker);
                    if !self.stands_for.contains_key(id) {
                        let work = facts.open_leaves(blocker);
                        let beyond = work.iter().filter(|&&leaf| !members.within[leaf]);
                        outside.extend(facts.ids(beyond.copied()));
                        self.stands_for.insert(id.clone(), facts.ids(work));
                    }
                    id
                }
                Ok(blocker) => {
                    if !members.within[blocker] {
                        outside.insert(facts.id(blocker).clone());
                    }
                    facts.id(blocker)
                }
            };
            if facts.is_epic(holder) {
                self.inherited.entry(holder).or_default().insert(id.clone());
            }
        }
    }

    /// What a ticket waits for by its own file and those of the epics above it, in order of id.
    pub(super) fn of(&self, graph: &Graph<'_>, index: usize) -> Vec<TicketId> {
        let mut all = graph.open_blockers_at(index);
        for epic in graph.held.above(index) {
            all.extend(self.inherited.get(&epic).into_iter().flatten());
        }
        all.sort_unstable();
        all.dedup();
        all.into_iter().cloned().collect()
    }
}

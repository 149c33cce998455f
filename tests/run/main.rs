//! The runner's parts and the built binary, with scripted workers.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod approved;
#[cfg(test)]
mod batch;
#[cfg(test)]
mod branches;
#[cfg(test)]
mod budget;
#[cfg(test)]
mod checkout;
#[cfg(test)]
mod clashes;
#[cfg(test)]
mod closed;
#[cfg(test)]
mod committed;
#[cfg(test)]
mod conflict;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod died;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod epic;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod layouts;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod not_yet;
#[cfg(test)]
mod notify;
#[cfg(test)]
mod odd_ids;
#[cfg(test)]
mod odd_words;
#[cfg(test)]
mod orphans;
#[cfg(test)]
mod people;
#[cfg(test)]
mod plan_money;
#[cfg(test)]
mod preflight;
#[cfg(test)]
mod rebased;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod recurring;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod removed;
#[cfg(test)]
mod reserved;
#[cfg(test)]
mod reset;
#[cfg(test)]
mod restore;
#[cfg(test)]
mod retry;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod run_branch;
#[cfg(test)]
mod schedule;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod shim;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod stats;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod strayed;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod taken_over;
#[cfg(test)]
mod told;
#[cfg(test)]
mod told_closings;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod unreadable;
#[cfg(test)]
mod worktrees;

//! The built binary, command by command.

#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
mod agents;
#[cfg(test)]
mod archives;
#[cfg(test)]
mod between_clones;
mod between_clones_odd;
#[cfg(test)]
mod blocked;
#[cfg(test)]
mod bulk;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod claim;
#[cfg(test)]
mod clones_model;
#[cfg(test)]
mod close;
#[cfg(test)]
mod closed_between_clones;
#[cfg(test)]
mod committed_marks;
#[cfg(test)]
mod config;
#[cfg(test)]
mod deferred;
#[cfg(test)]
mod delete;
mod demo;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod doctor_git;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod edit;
#[cfg(test)]
mod export;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod gates;
#[cfg(test)]
mod graph;
#[cfg(test)]
mod help;
#[cfg(test)]
mod history;
#[cfg(test)]
mod history_odd;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod if_match;
#[cfg(test)]
mod import;
#[cfg(test)]
mod import_again;
#[cfg(test)]
mod import_comments;
#[cfg(test)]
mod import_folders;
#[cfg(test)]
mod import_in_clones;
#[cfg(test)]
mod import_lossless;
#[cfg(test)]
mod import_odd;
#[cfg(test)]
mod import_shapes;
#[cfg(test)]
mod import_shapes_of_json;
#[cfg(test)]
mod index;
#[cfg(test)]
mod init;
#[cfg(test)]
mod list;
#[cfg(test)]
mod manual;
#[cfg(test)]
mod mending;
#[cfg(test)]
mod merge_driver;
#[cfg(test)]
mod merge_strategy;
#[cfg(test)]
mod new;
#[cfg(test)]
mod next;
#[cfg(test)]
mod no_text;
#[cfg(test)]
mod one_id;
#[cfg(test)]
mod partial_clones;
#[cfg(test)]
mod permissions;
#[cfg(test)]
mod pipes;
#[cfg(test)]
mod prime;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod project;
#[cfg(test)]
mod query;
#[cfg(test)]
mod recurring;
#[cfg(test)]
mod resolve;
#[cfg(test)]
mod round_trips;
#[cfg(test)]
mod search;
#[cfg(test)]
mod search_meaning;
#[cfg(test)]
mod set_up;
mod show;
#[cfg(test)]
mod stats;
#[cfg(test)]
mod statuses;
#[cfg(test)]
mod template;
#[cfg(test)]
mod together;
#[cfg(test)]
mod twice;
#[cfg(test)]
mod two_remotes;
#[cfg(test)]
mod two_tickets;
#[cfg(test)]
mod undo;
#[cfg(test)]
mod untried;
#[cfg(test)]
mod update;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod wave_loop;
#[cfg(test)]
mod work_elsewhere;

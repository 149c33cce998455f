//! Where git is called.
//!
//! [`Repo`] reads, through `gix`: where the repository is, what is checked out, files and
//! commits. Everything that changes something goes through the `git` program, by [`Git`],
//! which runs it the same way every time. Nothing here knows what is in a ticket's file.
//!
//! The way of one ticket: [`Worktrees::add`] makes its worktree, [`TicketTree`] tells what
//! the worker left there, [`Integration`] merges and commits it with the ticket's file,
//! [`Backups`] keeps its branch's tip before the branch is deleted, [`Git::land`] moves the
//! user's branch to what was merged.

mod alone;
mod attributes;
mod backup;
mod checkout;
mod claims;
mod command;
mod commit;
mod editor;
mod error;
mod evidence;
mod exclude;
mod forgotten;
mod guard;
mod head_file;
mod history;
mod id;
mod ignored;
mod include;
mod incoming;
mod index;
mod inner;
mod interrupt;
mod joined;
mod land;
mod large;
mod leftover;
mod line_merge;
mod main_tree;
mod merge;
mod moved;
mod owned;
mod past;
mod plain;
mod preflight;
mod promised;
mod renamed;
mod repair;
mod repo;
mod restore;
mod scratch;
mod setting;
mod snapshot;
mod strategy;
mod strayed;
mod submodule;
mod ticks;
mod tracking;
mod tree;
mod trial;
mod unmerged;
mod work_branch;
mod worktree;

pub use attributes::Attribute;
pub use backup::{Backup, Backups};
pub use claims::{ClaimRef, ClaimRefs};
pub use command::{Author, Call, Git, Output, is_removed};
pub use editor::Editor;
pub use error::{GitError, Result};
pub use evidence::{Evidence, Rest, TicketTree, Undone};
pub use head_file::HeadFile;
pub use history::{NamingCommits, TicketCommit};
pub use id::{BlobId, BranchName, CommitId, InvalidName, TICKS, TicksPath, TreeId};
pub use incoming::Incoming;
pub use interrupt::signals_are_handled;
pub use joined::Joined;
pub use land::{Landed, Landing, Refusal};
pub use leftover::{Leftover, Leftovers, RunBranch, Unsaved};
pub use merge::{Chain, Closing, Committed, Integration, MergeBegin, PendingMerge, TicketSides};
pub use moved::Moved;
pub use owned::Stray;
pub use past::{FileVersion, TreeFile};
pub use preflight::{MINIMUM, Version};
pub use repair::TakenIn;
pub use repo::{Head, Repo};
pub use restore::{Brought, Kept};
pub use scratch::sweep_scratch;
pub use setting::Setting;
pub use strategy::{Beside, ThreeWay, merge_by_git};
pub use strayed::CameBack;
pub use tracking::IgnoreRule;
pub use tree::FileEdit;
pub use trial::TRIAL;
pub use unmerged::{Stage, Unmerged};
pub use work_branch::WorkBranch;
pub use worktree::{Added, Removal, Worktree, Worktrees};

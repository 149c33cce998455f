//! Use cases: a request in, a serialisable outcome out. No argument parsing, no printing.
//!
//! A command opens the [`Project`] and calls one function here. Requests hold words as people
//! typed them; they are understood here, so that the command line, files of new tickets and
//! whatever comes later share the rules. What a person should be told besides the outcome is
//! kept in the project as [`Notice`]s.

mod blocked;
mod causes;
mod change;
mod choose;
mod claim;
mod claims_before;
mod close;
mod delete;
mod diff;
mod differences;
mod doctor;
mod edges;
mod edit;
mod error;
mod export;
mod gates;
mod history;
mod import;
mod init;
mod list;
mod merge_driver;
mod new;
mod notes;
mod past;
mod prime;
mod project;
mod ready;
mod records;
mod reopen;
mod resolve;
mod restore;
mod retry;
mod search;
mod settings;
mod settle;
mod show;
mod similar;
mod suggest;
mod tally;
mod ticks_folder;
mod undo;
mod update;
mod values;

pub use crate::merge::{Choice, Hunk};
pub use blocked::{Waiting, WaitingTicket, blocked};
pub use change::{Changed, Targets};
pub use choose::{Chosen, Within};
pub use claim::{Claimed, claim, release};
pub use close::{CloseRequest, close};
pub use delete::{Deleted, delete};
pub use diff::diff;
pub use doctor::{KnownRun, KnownRuns, RunState, doctor};
pub use edges::{block, unblock};
pub use edit::{EditRequest, Editing, begin_edit};
pub use error::{Error, ErrorCode, Fault, Result};
pub use export::{Exported, export};
pub use gates::{approve, reject};
pub use history::history;
pub use import::{ImportRequest, import};
pub use init::init;
pub use list::{ListRequest, Listing, Page, SORT_KEYS, field_names, list};
pub use merge_driver::{MergeRequest, drive};
pub use new::{Made, NewTicket, Place, Word, new};
pub use notes::{answer, ask, note};
pub use prime::prime;
pub use project::{Notice, Project};
pub use ready::{next, nothing_ready, ready};
pub use reopen::reopen;
pub use resolve::{resolve, resolve_all};
pub use restore::{Back, RestoreRequest, Restored, described, restore};
pub use retry::retry;
pub use search::{Found, Search, SearchRequest, search};
pub use settings::settings;
pub use settle::{Answer, Question, settle};
pub use show::{graph, show};
pub use suggest::{Suggestion, Wanted, suggest};
pub use tally::tally;
pub use undo::{Undone, undo};
pub use update::{UpdateRequest, update};
pub use values::LARGEST_TEXT;
pub(crate) use values::suggest as did_you_mean;

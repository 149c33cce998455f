//! Tickets on the disk, and what `tk` keeps beside them.
//!
//! Two folders: `.ticks/`, tracked by git, and the local one in the git common directory.
//! Where they are, the caller says. Nothing here knows git, and nothing here decides what may
//! be done to a ticket; it sees to it that writes are exclusive, whole and durable, and that
//! a file that does not parse is never overwritten.
//!
//! [`Store`] reads; [`Store::lock`] gives a [`Locked`], and only that can write.

mod append_log;
mod archive;
mod backup;
mod cache_file;
mod claims;
mod draft;
mod durable;
mod elsewhere;
mod error;
mod etag;
mod folders;
mod following;
mod holdings;
mod ids;
mod index;
mod last_change;
mod load;
mod lock;
mod merge_files;
mod misnamed;
mod prepared;
mod regular;
mod remote_claim;
mod size_limit;
mod stand_in;
mod texts;
mod unfinished;
mod vectors;
mod write;

pub use append_log::{AppendLog, LogContents, LogLock};
pub use archive::{
    ArchiveFile, LARGEST_ARCHIVE, read_archive_file, read_archive_folders, read_archive_trees,
};
pub use backup::Backup;
pub use claims::{Claim, ClaimFile};
pub use draft::Draft;
pub use durable::{AtomicFile, create_exclusive, unfinished_names, write_all, write_atomic};
pub use error::StoreError;
pub use etag::Etag;
pub use folders::{Store, read_if_there};
pub use following::Follower;
pub use holdings::{Holding, Taking};
pub use ids::{derived, id_length, mint, mint_for};
pub use index::{Caching, Index};
pub use last_change::{ChangedFile, LastChange};
pub use load::{Arrival, Etagged, InvalidFile, Loaded, Origins, Stored, is_ticket_file, named};
pub use merge_files::{read_sides, write_merged};
pub use misnamed::Misnamed;
pub use prepared::NewTexts;
pub use regular::{LARGEST_FILE, is_not_regular, read as read_regular};
pub use remote_claim::{ClaimState, Kept, RemoteClaim, RemoteHold};
pub use size_limit::report_size_limit;
pub use stand_in::StandIn;
pub use texts::Texts;
pub use unfinished::sweep_below;
pub use vectors::{TextName, Vectors};
pub use write::{Change, Locked, Prepared, Written};

//! The public JSON.

mod blocked;
mod claim;
mod delete;
mod diff;
mod doctor;
mod error;
mod event;
mod file;
mod generated;
mod graph;
mod history;
mod import;
mod resolve;
mod restore;
mod run;
mod schema;
mod search;
mod settings;
mod stats;
mod sync;
mod tally;
mod ticket;
mod tickets;
mod undo;

pub use blocked::{BlockedDocument, BlockedTicket, ReasonKind, ReasonRecord};
pub use claim::ClaimDocument;
pub use delete::{DeleteDocument, DeletedTicket};
pub use diff::{DiffDocument, DiffSide, DiffTicket};
pub use doctor::{DoctorDocument, Finding, FindingKind, Severity};
pub use error::{ErrorBody, ErrorDocument, WarningDocument};
pub use event::{Event, EventKind, Owed, Reserved, RunEnd, Waits, Withdrawn};
pub use generated::{CompletionsDocument, DemoDocument, ManDocument};
pub use graph::{GraphBrief, GraphDocument, GraphEpic, GraphTicket};
pub use history::{
    ChangeWord, FieldChange, HistoryDocument, HistoryEntry, HistoryTicket, TicketChange,
};
pub use import::{
    ExportDocument, ImportDocument, ImportedTicket, LeftOut, Misfit, MisfitCount, MisfitKind,
};
pub use resolve::{Resolution, ResolveDocument, ResolvedTicket};
pub use restore::{BackupRecord, BackupState, RestoreDocument};
pub use run::{
    PlanDocument, PlannedClash, PlannedStart, PromptDocument, RunEntry, RunsDocument, StopDocument,
};
pub use schema::{SCHEMAS, SchemaEntry, SchemaRow, SchemasDocument};
pub use search::{FoundTicket, NewDocument, SearchDocument, SimilarTicket, SnippetRecord};
pub use settings::{Origin, PrimeCommand, PrimeDocument, Setting, SettingsDocument};
pub use stats::{AgentFigures, DayFigures, Figures, StatsDocument, TicketFigures};
pub use sync::{NotArrived, SyncDocument, SyncedClaim, UnreadableClaim};
pub use tally::{AgeCount, AgedTicket, Count, Durations, EpicTally, TallyDocument, WeekTally};
pub use ticket::{
    AcceptanceRecord, AttemptRecord, CommitRecord, Detail, NoteRecord, Standing, SubtaskRecord,
    TicketFacts, TicketRecord,
};
pub use tickets::{
    ChangeResult, ChangesDocument, InitDocument, InitStep, KeyChange, RetryDocument, TicketFields,
    TicketsDocument,
};
pub use undo::{TakenBack, UndoDocument, UndoneTicket};

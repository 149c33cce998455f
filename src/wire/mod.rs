//! The public JSON.

mod error;
mod event;
mod file;
mod generated;
mod graph;
mod run;
mod schema;
mod ticket;
mod tickets;

pub use error::{ErrorBody, ErrorDocument, WarningDocument};
pub use event::{Event, EventKind};
pub use generated::{CompletionsDocument, ManDocument};
pub use graph::{GraphBrief, GraphDocument, GraphEpic, GraphTicket};
pub use run::{
    PlanDocument, PlannedClash, PlannedStart, PromptDocument, RunEntry, RunsDocument, StopDocument,
};
pub use schema::{SCHEMAS, SchemaEntry, SchemaRow, SchemasDocument};
pub use ticket::{
    AcceptanceRecord, AttemptRecord, CommitRecord, Detail, NoteRecord, SubtaskRecord, TicketFacts,
    TicketRecord,
};
pub use tickets::{
    ChangeResult, ChangesDocument, InitDocument, InitStep, TicketFields, TicketsDocument,
};

//! Plain data: what a ticket, a status, an amount of money is.
//!
//! Nothing here reads a disk, a clock or an environment; values are checked where they are
//! made, so that the rest of the program never meets an invalid one.

mod actor;
mod config;
mod edges;
mod ended;
mod given;
mod id;
mod money;
mod outline;
mod question;
mod repeat;
mod shown;
mod span;
mod status;
mod ticket;

pub use actor::Actor;
pub use config::{
    AgentConfig, AgentKind, Config, LandMode, NotifyConfig, OnPermission, Price, PromptStyle,
    RunConfig, WorktreeConfig,
};
pub(crate) use edges::Edge;
pub use ended::{CONFLICT, DONE, NO_CHANGES, RED};
pub use given::{
    LARGEST_TEXT, LONGEST_LINE, LONGEST_TITLE, likeliest, moment, moment_or_utc, printable,
};
pub use id::{ALPHABET, InvalidId, RESERVED_IDS, TicketId};
pub use money::{InvalidMoney, Usd};
pub use outline::{Bytes, Edges, Outline, Outlined, PACKING, Parts, Texts};
pub use question::{APPROVED, Asked, AskedPart, NoSuchAnswer, options};
pub use repeat::{InvalidRepeat, Repeat};
pub use shown::{
    Shown, escaped, escaped_lines, is_line, is_shell_word, is_unsafe, one_line, shell_word, some_of,
};
pub use span::{InvalidSpan, Span};
pub use status::{Category, StatusDef, StatusId, Statuses};
pub use ticket::{
    Acceptance, Awaiting, Defer, Gate, InvalidWord, Note, NoteKind, Outcome, Priority, RunRecord,
    Subtask, Ticket, Verdict,
};

//! `.ticks/config.toml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::values::{Dollars, FullText, Length, ShellCommand};

/// The configuration of tk in a project
///
/// Everything is optional; `tk config` shows what holds and where it comes from.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = []))]
pub(in crate::wire) struct ConfigFile {
    /// What a ticket is
    tickets: TicketsTable,
    /// The columns of the board, in their order; naming any replaces them all, and one of
    /// each category is needed
    #[schemars(extend("minItems" = 3))]
    status: Vec<StatusTable>,
    /// Which statuses may follow which; without it, each may follow every other
    transitions: BTreeMap<String, Vec<StatusWord>>,
    /// How epics are run
    run: RunTable,
    /// The folders workers work in
    worktree: WorktreeTable,
    /// What tokens cost by a model's name or its beginning, over the prices that tk knows
    prices: BTreeMap<String, PriceTable>,
    /// Who is told of events of a run that a person should see
    notify: NotifyTable,
    /// How tickets are searched
    search: SearchTable,
}

/// A word of lower case letters, digits and underscores
#[derive(JsonSchema)]
#[schemars(extend("pattern" = "^[a-z0-9_]{1,40}$"))]
struct StatusWord(String);

/// A word of lower case letters, digits, underscores and hyphens
#[derive(JsonSchema)]
#[schemars(extend("pattern" = "^[a-z0-9_-]+$"))]
struct TypeWord(String);

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = []))]
struct TicketsTable {
    /// The status of new tickets: one of category `open`
    #[schemars(extend("default" = "open"))]
    initial_status: StatusWord,
    /// The type of a ticket that does not say
    #[schemars(extend("default" = "task"))]
    default_type: TypeWord,
    /// The types a ticket may have
    #[schemars(extend(
        "default" = ["task", "bug", "feature", "chore", "epic"],
        "minItems" = 1,
        "uniqueItems" = true
    ))]
    types: Vec<TypeWord>,
}

/// A status
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("required" = ["id", "category"], "x-taplo" = {"initKeys": ["id", "category"]})
)]
struct StatusTable {
    /// The word used in files and commands
    id: StatusWord,
    /// The words shown to people
    name: FullText,
    /// What it means for what can start, what is worked at, and what is over
    category: Category,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Category {
    /// Not begun
    Open,
    /// Somebody works at it
    Active,
    /// Over: it blocks nothing any more
    Done,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = []))]
struct RunTable {
    /// The agent of tickets that name none
    #[schemars(extend("default" = "claude"))]
    agent: FullText,
    /// Places for workers; by default the width of the graph, at most 4
    #[schemars(range(min = 1, max = 256))]
    parallel: u64,
    /// When merged work goes to your branch
    #[schemars(extend("default" = "end"))]
    land: Land,
    /// Shell commands that must pass on every merged tree
    checks: Vec<ShellCommand>,
    /// How often a failed check goes back to the worker
    #[schemars(range(max = 100), extend("default" = 2))]
    fix_rounds: u32,
    /// Fresh attempts after a crash
    #[schemars(range(max = 100), extend("default" = 1))]
    retries: u32,
    /// Silence after which a worker of an agent of kind `claude` counts as stuck; a `command` has only
    /// the `max_time` of its agent
    #[schemars(extend("default" = "10m"))]
    stall: Length,
    /// How long a live worker waits for an answer
    #[schemars(extend("default" = "5m"))]
    live_wait: Length,
    /// How long to wait, at first, where a usage limit does not say when it is over
    #[schemars(extend("default" = "15m"))]
    limit_wait: Length,
    /// Permission requests that no rule settles
    #[schemars(extend("default" = "deny"))]
    on_permission: OnPermission,
    /// The cap on money of a run; by default none
    max_cost: Dollars,
    /// The cap on the money of each ticket of a run; by default none
    max_ticket_cost: Dollars,
    /// The cap on tokens of a run; by default none
    #[schemars(range(min = 1))]
    max_tokens: u64,
    /// The time one ticket may take; by default without limit
    max_time: Length,
    /// The most that all runs of this clone together may cost in a day; by default no limit
    daily_budget_usd: Dollars,
    /// Under a cap, an agent that has told no cost
    #[schemars(extend("default" = "reserve"))]
    cost_unknown: CostUnknown,
    /// Whether tickets made by agents run without a person's approval
    #[schemars(extend("default" = false))]
    trust_agent_tickets: bool,
    /// How many tickets are merged and checked together
    #[schemars(range(min = 1, max = 256), extend("default" = 1))]
    batch: u64,
    /// Where a run's claims are taken: in this clone alone, or on the git remote, too
    #[schemars(extend("default" = "local"))]
    claims: Claims,
    /// How long one check may take
    #[schemars(extend("default" = "30m"))]
    check_time: Length,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Land {
    /// At the end of the run
    End,
    /// After every ticket
    Ticket,
    /// Only by `tk land`
    Never,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum OnPermission {
    /// Refused, with the reason
    Deny,
    /// Put to a person
    Ask,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum CostUnknown {
    /// Charged what was put aside, and no other worker of it begins
    Refuse,
    /// Charged what was put aside for it
    Reserve,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Claims {
    /// In this clone
    Local,
    /// On the remote, for all clones
    Remote,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = []))]
struct WorktreeTable {
    /// The folder of worktrees, inside the main working tree
    #[schemars(extend("default" = ".worktrees"))]
    dir: FullText,
    /// Shell commands run once in each new worktree
    setup: Vec<ShellCommand>,
    /// How long the set-up may take
    #[schemars(extend("default" = "10m"))]
    setup_time: Length,
}

/// What a model's tokens cost, in dollars per million
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("required" = ["input", "output"], "x-taplo" = {"initKeys": ["input", "output"]})
)]
struct PriceTable {
    /// Tokens read
    #[schemars(range(min = 0, max = 1_000_000))]
    input: f64,
    /// Tokens written
    #[schemars(range(min = 0, max = 1_000_000))]
    output: f64,
    /// Tokens read and put into the cache; by default as `input`
    #[schemars(range(min = 0, max = 1_000_000))]
    cache_write: f64,
    /// Tokens read from the cache; by default as `input`
    #[schemars(range(min = 0, max = 1_000_000))]
    cache_read: f64,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = []))]
struct NotifyTable {
    /// A program and its arguments, started when somebody is owed an answer, a run ends or a
    /// budget is reached; the event comes as JSON on its standard input
    command: Vec<FullText>,
    /// Whether the terminal's bell rings then
    #[schemars(extend("default" = true))]
    bell: bool,
    /// Whether the terminal's title tells how the run stands
    #[schemars(extend("default" = true))]
    title: bool,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = []))]
struct SearchTable {
    /// The address of an embeddings service, which is told what tickets say
    #[schemars(extend("pattern" = "^https?://"))]
    embeddings_url: String,
    /// The model it is asked for
    #[schemars(extend("default" = "text-embedding-3-small"))]
    embeddings_model: String,
    /// The environment variable that holds its key
    #[schemars(extend("pattern" = "^TK_[A-Z0-9_]*$"))]
    embeddings_key_env: String,
}

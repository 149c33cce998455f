//! A project's configuration and agents, as values with their defaults filled in.

use std::collections::BTreeMap;

use super::{Span, Statuses, Usd};

/// `.ticks/config.toml`.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Allowed ticket types.
    pub types: Vec<String>,
    /// The type of a ticket that does not say.
    pub default_type: String,
    /// Statuses and transitions.
    pub statuses: Statuses,
    /// `[run]`.
    pub run: RunConfig,
    /// `[worktree]`.
    pub worktree: WorktreeConfig,
    /// `[prices]`, by model name or prefix, over the shipped ones.
    pub prices: BTreeMap<String, Price>,
    /// `[notify]`.
    pub notify: NotifyConfig,
    /// `[search]`.
    pub search: SearchConfig,
}

/// The service that tells what texts mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchConfig {
    /// Its address; without one nothing is asked.
    pub embeddings_url: Option<String>,
    /// The model it is asked for.
    pub embeddings_model: String,
    /// The environment variable that holds its key.
    pub embeddings_key_env: Option<String>,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            embeddings_url: None,
            embeddings_model: "text-embedding-3-small".to_owned(),
            embeddings_key_env: None,
        }
    }
}

/// What a model's tokens cost, in dollars per million.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Read.
    pub input: f64,
    /// Written.
    pub output: f64,
    /// Read and put into the cache.
    pub cache_write: f64,
    /// Read from the cache.
    pub cache_read: f64,
}

/// When what has merged goes to the user's branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LandMode {
    /// At the end of the run.
    End,
    /// After every ticket.
    Ticket,
    /// Only by `tk land`.
    Never,
}

/// What becomes of a permission request that the rules do not settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPermission {
    /// Refused, with the reason.
    Deny,
    /// Put to a person.
    Ask,
}

/// `[run]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RunConfig {
    /// The agent of tickets that name none.
    pub agent: String,
    /// Places; `None` is the graph's width, at most 4.
    pub parallel: Option<usize>,
    /// When to land on the user's branch.
    pub land: LandMode,
    /// Shell commands that must pass on every merged tree.
    pub checks: Vec<String>,
    /// How often a red gate is given back to the worker.
    pub fix_rounds: u32,
    /// Fresh attempts after a crash.
    pub retries: u32,
    /// Silence after which a worker is taken to be stuck.
    pub stall: Span,
    /// How long a live worker waits for an answer.
    pub live_wait: Span,
    /// How long to wait at first where a usage limit does not say when it is over.
    pub limit_wait: Span,
    /// Permission requests.
    pub on_permission: OnPermission,
    /// The cap on money of a run.
    pub max_cost: Option<Usd>,
    /// The cap on the money of each ticket of a run.
    pub max_ticket_cost: Option<Usd>,
    /// The cap on tokens of a run.
    pub max_tokens: Option<u64>,
    /// The cap on time of a run; a ticket's own limit is its agent's.
    pub max_time: Option<Span>,
    /// The cap on money of a day, over all runs of the clone.
    pub daily_budget: Option<Usd>,
    /// Whether workers of an agent go on to begin under a cap when one has told no cost, and was
    /// charged its reservation.
    pub cost_unknown_reserve: bool,
    /// Whether tickets made by agents run without approval.
    pub trust_agent_tickets: bool,
    /// How many tickets are gated together.
    pub batch: usize,
    /// Whether claims are taken on the remote.
    pub remote_claims: bool,
    /// How long one check may take.
    pub check_time: Span,
}

/// `[worktree]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorktreeConfig {
    /// The folder of worktrees, relative to the main working tree.
    pub dir: String,
    /// Shell commands run once in each new worktree.
    pub setup: Vec<String>,
    /// How long the set-up may take.
    pub setup_time: Span,
}

/// `[notify]`: how people hear of what they should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyConfig {
    /// A program's argv, the event as JSON on its standard input; empty for none.
    pub command: Vec<String>,
    /// Whether a terminal's bell rings.
    pub bell: bool,
    /// Whether a terminal's title tells how the run stands.
    pub title: bool,
}

/// What kind of program an agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentKind {
    /// The `claude` client.
    Claude,
    /// Any program that reads a prompt.
    Command,
}

impl AgentKind {
    /// The word used in an agent's file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Command => "command",
        }
    }
}

/// How much the prompt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptStyle {
    /// Everything the worker needs.
    Full,
    /// Id, title, acceptance, and the command that shows the rest.
    Minimal,
}

/// `.ticks/agents/<name>.toml`.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentConfig {
    /// The file's stem.
    pub name: String,
    /// What it is.
    pub kind: AgentKind,
    /// The model, for `claude`.
    pub model: Option<String>,
    /// The effort, for `claude`.
    pub effort: Option<String>,
    /// The most model turns.
    pub max_turns: Option<u64>,
    /// MCP configuration files, relative to `.ticks/`.
    pub mcp_servers: Vec<String>,
    /// Tools that need no permission.
    pub allowed_tools: Vec<String>,
    /// The client's permission mode.
    pub permission_mode: String,
    /// At most one live worker of this lock.
    pub lock: Option<String>,
    /// Never beside workers of these locks.
    pub excludes: Vec<String>,
    /// How much the prompt says.
    pub prompt: PromptStyle,
    /// A text appended to the system prompt: a file relative to `.ticks/`.
    pub system: Option<String>,
    /// The most one ticket may cost.
    pub max_cost: Option<Usd>,
    /// The longest one ticket may take.
    pub max_time: Option<Span>,
    /// argv, for `command`.
    pub command: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            types: ["task", "bug", "feature", "chore", "epic"]
                .map(str::to_owned)
                .to_vec(),
            default_type: "task".to_owned(),
            statuses: Statuses::default(),
            run: RunConfig::default(),
            worktree: WorktreeConfig::default(),
            prices: BTreeMap::new(),
            notify: NotifyConfig::default(),
            search: SearchConfig::default(),
        }
    }
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            agent: "claude".to_owned(),
            parallel: None,
            land: LandMode::End,
            checks: Vec::new(),
            fix_rounds: 2,
            retries: 1,
            stall: Span::from_minutes(10),
            live_wait: Span::from_minutes(5),
            limit_wait: Span::from_minutes(15),
            on_permission: OnPermission::Deny,
            max_cost: None,
            max_ticket_cost: None,
            max_tokens: None,
            max_time: None,
            daily_budget: None,
            cost_unknown_reserve: true,
            trust_agent_tickets: false,
            batch: 1,
            remote_claims: false,
            check_time: Span::from_minutes(30),
        }
    }
}

impl Default for NotifyConfig {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            bell: true,
            title: true,
        }
    }
}

impl Default for WorktreeConfig {
    fn default() -> Self {
        Self {
            dir: ".worktrees".to_owned(),
            setup: Vec::new(),
            setup_time: Span::from_minutes(10),
        }
    }
}

impl AgentConfig {
    /// The agent `claude`, which exists without a file.
    #[must_use]
    pub fn claude() -> Self {
        Self {
            name: "claude".to_owned(),
            kind: AgentKind::Claude,
            model: None,
            effort: None,
            max_turns: None,
            mcp_servers: Vec::new(),
            allowed_tools: ["Bash", "Edit", "Write", "NotebookEdit"]
                .map(str::to_owned)
                .to_vec(),
            permission_mode: "acceptEdits".to_owned(),
            lock: None,
            excludes: Vec::new(),
            prompt: PromptStyle::Full,
            system: None,
            max_cost: None,
            max_time: None,
            command: Vec::new(),
        }
    }
}

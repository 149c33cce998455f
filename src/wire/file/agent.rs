//! `.ticks/agents/<name>.toml`.

use schemars::JsonSchema;

use super::values::{Dollars, FullText, InnerFile, Length};

/// An agent of tk: how a worker is made
///
/// The file's name is the agent's. What it leaves out is as for the built-in `claude`.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend("required" = [], "allOf" = [
        {
            "if": {"properties": {"kind": {"const": "command"}}, "required": ["kind"]},
            "then": {
                "required": ["command"],
                "properties": {
                    "model": false, "effort": false, "max_turns": false, "mcp_servers": false,
                    "allowed_tools": false, "permission_mode": false, "system": false
                }
            },
            "else": {"properties": {"command": false}}
        }
    ])
)]
pub(in crate::wire) struct AgentFile {
    /// What kind of program it is
    #[schemars(extend("default" = "claude"))]
    kind: Kind,
    /// The model, for `claude`
    model: Word,
    /// The effort, for `claude`, such as `high`
    effort: Word,
    /// The most model turns of a session, for `claude`
    #[schemars(range(min = 1))]
    max_turns: u64,
    /// MCP configuration files, for `claude`
    mcp_servers: Vec<InnerFile>,
    /// Tools that need no permission, for `claude`
    #[schemars(extend("default" = ["Bash", "Edit", "Write", "NotebookEdit"]))]
    allowed_tools: Vec<FullText>,
    /// The client's permission mode, for `claude`
    #[schemars(extend("default" = "acceptEdits"))]
    permission_mode: PermissionMode,
    /// At most one worker of this lock lives at a time
    lock: FullText,
    /// Never beside workers of these locks
    excludes: Vec<FullText>,
    /// How much the prompt says
    #[schemars(extend("default" = "full"))]
    prompt: Prompt,
    /// A file whose text is appended to the system prompt, for `claude`
    system: InnerFile,
    /// What a worker gets at a time where the run has a cap; without one, the most that each
    /// ticket of the agent may cost in a run
    #[schemars(extend("exclusiveMinimum" = 0))]
    max_cost: Dollars,
    /// The longest one ticket may take
    max_time: Length,
    /// The program and its arguments, for `command`; the prompt comes on its standard input
    #[schemars(extend("minItems" = 1))]
    command: Vec<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Kind {
    /// The `claude` client
    Claude,
    /// Any program that reads a prompt
    Command,
}

/// A word that is not blank and no option
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^(?!-)[^\u0000-\u001f\u007f-\u009f]*\S[^\u0000-\u001f\u007f-\u009f]*$"))]
struct Word(String);

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
enum PermissionMode {
    AcceptEdits,
    Auto,
    BypassPermissions,
    Default,
    DontAsk,
    Plan,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Prompt {
    /// Everything the worker needs
    Full,
    /// Id, title, acceptance, and the command that shows the rest
    Minimal,
}

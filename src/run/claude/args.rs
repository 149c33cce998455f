//! How the client is started.

use serde_json::{Value, json};

use crate::model::Usd;

/// Variables of the client's parent that it must not see: it would take itself for a part of
/// the session that started the runner.
pub const UNSET: [&str; 4] = [
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_SSE_PORT",
];

/// Variables the client is given: a worker never changes its own program.
pub const SET: [(&str, &str); 1] = [("DISABLE_AUTOUPDATER", "1")];

/// Which session a process works in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session<'a> {
    /// A new one, of this UUID.
    Fresh(&'a str),
    /// One that goes on. The client finds it from any worktree of the same repository.
    Resume(&'a str),
}

/// A start of the client. The prompt is no part of it: it goes in on standard input.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// The program.
    pub program: &'a str,
    /// The session.
    pub session: Session<'a>,
    /// The session's name, for people.
    pub name: &'a str,
    /// The permission mode.
    pub permission_mode: &'a str,
    /// Tools that need no permission.
    pub allowed_tools: &'a [String],
    /// The model.
    pub model: Option<&'a str>,
    /// The effort.
    pub effort: Option<&'a str>,
    /// The most model turns.
    pub max_turns: Option<u64>,
    /// After what cost it stops. The request that crosses it is paid in full.
    pub max_budget: Option<Usd>,
    /// A text appended to the system prompt.
    pub system: Option<&'a str>,
    /// MCP configuration files; with one, no others are used.
    pub mcp_configs: &'a [String],
}

impl Invocation<'_> {
    /// The program and its arguments. Every value is joined to its flag, so that one that
    /// begins with a dash is never taken for a flag, nor the next flag for a value.
    #[must_use]
    pub fn argv(&self) -> Vec<String> {
        let mut argv: Vec<String> = [
            self.program,
            "--print",
            "--verbose",
            "--input-format=stream-json",
            "--output-format=stream-json",
            "--permission-prompt-tool=stdio",
            "--include-partial-messages",
        ]
        .map(str::to_owned)
        .to_vec();
        let mut flag = |name: &str, value: &str| argv.push(format!("--{name}={value}"));
        flag("json-schema", &result_schema().to_string());
        match self.session {
            Session::Fresh(id) => flag("session-id", id),
            Session::Resume(id) => flag("resume", id),
        }
        flag("name", self.name);
        flag("permission-mode", self.permission_mode);
        for tool in self.allowed_tools {
            flag("allowedTools", tool);
        }
        if let Some(model) = self.model {
            flag("model", model);
        }
        if let Some(effort) = self.effort {
            flag("effort", effort);
        }
        if let Some(turns) = self.max_turns {
            flag("max-turns", &turns.to_string());
        }
        if let Some(budget) = self.max_budget {
            flag("max-budget-usd", &budget.to_string());
        }
        if let Some(system) = self.system {
            flag("append-system-prompt", system);
        }
        for config in self.mcp_configs {
            flag("mcp-config", config);
        }
        if !self.mcp_configs.is_empty() {
            argv.push("--strict-mcp-config".to_owned());
        }
        argv
    }
}

/// What a worker must say at its end. The client sends a wrong answer back to the model.
#[must_use]
pub fn result_schema() -> Value {
    let texts = |description: &str| json!({"type": "array", "items": {"type": "string"}, "description": description});
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "properties": {
            "status": {
                "type": "string",
                "enum": ["done", "blocked", "partial"],
                "description": "done only if the ticket is finished, tested and committed",
            },
            "summary": text("what was done, for those who build on it"),
            "files_changed": texts("paths of the files that were changed"),
            "tests": texts("what was tested, and how"),
            "notes": text("what a reviewer should know"),
            "question": text("what a person has to decide before the work can go on"),
        },
        "required": ["status", "summary"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_joined_to_their_flags_and_the_prompt_is_none_of_them() {
        let tools = ["Bash(git *)".to_owned(), "--dangerous".to_owned()];
        let configs = ["/x/mcp.json".to_owned()];
        let full = Invocation {
            program: "claude",
            session: Session::Resume("0f"),
            name: "epic-w1-abc",
            permission_mode: "acceptEdits",
            allowed_tools: &tools,
            model: Some("opus"),
            effort: Some("high"),
            max_turns: Some(40),
            max_budget: Some(Usd::from_nanos(1_250_000_000)),
            system: Some("--be brief"),
            mcp_configs: &configs,
        };
        let argv = full
            .argv()
            .join("\n")
            .replace(&result_schema().to_string(), "{…}");
        insta::assert_snapshot!(argv, @r"
        claude
        --print
        --verbose
        --input-format=stream-json
        --output-format=stream-json
        --permission-prompt-tool=stdio
        --include-partial-messages
        --json-schema={…}
        --resume=0f
        --name=epic-w1-abc
        --permission-mode=acceptEdits
        --allowedTools=Bash(git *)
        --allowedTools=--dangerous
        --model=opus
        --effort=high
        --max-turns=40
        --max-budget-usd=1.25
        --append-system-prompt=--be brief
        --mcp-config=/x/mcp.json
        --strict-mcp-config
        ");
    }
}

//! `.ticks/agents/<name>.toml`.

use std::path::{Component, Path};

use toml::de::DeValue;

use super::ConfigError;
use super::reader::{Section, Source, money, number, spelt, text, texts};
use crate::model::{AgentConfig, AgentKind, PromptStyle, Span};

const A_LIST: &str = "a list of texts";
const A_FILE: &str = "a file relative to `.ticks/`, such as `\"prompts/reviewer.md\"`";

/// Permission modes of the `claude` client.
const PERMISSION_MODES: &[&str] = &[
    "acceptEdits",
    "auto",
    "bypassPermissions",
    "default",
    "dontAsk",
    "plan",
];

/// The agent of that name whose file says `text`; what it leaves out has the defaults of the
/// built-in `claude`.
///
/// # Errors
/// When the text is not TOML, has a key that is not known or does not belong to its kind, or
/// a value that cannot be.
pub fn parse_agent(name: &str, text: &str, path: &str) -> Result<AgentConfig, ConfigError> {
    let source = Source { path, text };
    let table = source.parse()?;
    let mut top = Section::new(source, "", table.span(), table.get_ref());
    let mut agent = AgentConfig::claude();
    name.clone_into(&mut agent.name);
    if let Some(kind) = top.get("kind", "`claude` or `command`", kind)? {
        agent.kind = kind;
    }
    read(&mut top, &mut agent)?;
    match agent.kind {
        AgentKind::Claude => {
            if !agent.command.is_empty() {
                let message = "`command` is only for agents with `kind = \"command\"`".to_owned();
                return Err(top.error("command", message));
            }
        }
        AgentKind::Command => {
            if agent.command.is_empty() {
                let message = "an agent of kind `command` has no `command`: \
                               expected its program and arguments"
                    .to_owned();
                return Err(top.error("command", message));
            }
            let foreign = [
                "model",
                "effort",
                "max_turns",
                "mcp_servers",
                "allowed_tools",
                "permission_mode",
                "system",
            ];
            if let Some((key, _, _)) = top.entries().find(|(key, _, _)| foreign.contains(key)) {
                let message = format!("`{key}` is only for agents with `kind = \"claude\"`");
                return Err(top.error(key, message));
            }
        }
    }
    top.finish()?;
    Ok(agent)
}

fn read(top: &mut Section<'_, '_>, agent: &mut AgentConfig) -> Result<(), ConfigError> {
    agent.model = top.get("model", "a model's name", option_safe)?;
    agent.effort = top.get("effort", "a word such as `\"high\"`", option_safe)?;
    agent.max_turns = top.get("max_turns", "a whole number above 0", |value| {
        number(value).filter(|n| *n > 0)
    })?;
    let files = "a list of files relative to `.ticks/`";
    if let Some(servers) = top.get("mcp_servers", files, inner_files)? {
        agent.mcp_servers = servers;
    }
    if let Some(tools) = top.get("allowed_tools", A_LIST, texts)? {
        agent.allowed_tools = tools;
    }
    let expected = PERMISSION_MODES.join(", ");
    let expected = format!("one of {expected}");
    if let Some(mode) = top.get("permission_mode", &expected, permission_mode)? {
        agent.permission_mode = mode;
    }
    agent.lock = top.get("lock", "a lock's name", text)?;
    if let Some(locks) = top.get("excludes", "a list of locks", texts)? {
        agent.excludes = locks;
    }
    if let Some(style) = top.get("prompt", "`full` or `minimal`", prompt)? {
        agent.prompt = style;
    }
    agent.system = top.get("system", A_FILE, inner_file)?;
    let expected = "an amount in dollars above 0, such as `2.0`";
    agent.max_cost = top.get("max_cost", expected, |value| {
        money(value).filter(|usd| *usd > crate::model::Usd::ZERO)
    })?;
    let expected = "a length of time such as `\"45m\"`";
    agent.max_time = top.get("max_time", expected, |value| {
        spelt(value).filter(|span: &Span| span.seconds() > 0)
    })?;
    let expected = "the program and its arguments, such as `[\"./agent.sh\", \"--fast\"]`";
    if let Some(command) = top.get("command", expected, argv)? {
        agent.command = command;
    }
    Ok(())
}

fn kind(value: &DeValue<'_>) -> Option<AgentKind> {
    match value.as_str()? {
        "claude" => Some(AgentKind::Claude),
        "command" => Some(AgentKind::Command),
        _ => None,
    }
}

fn prompt(value: &DeValue<'_>) -> Option<PromptStyle> {
    match value.as_str()? {
        "full" => Some(PromptStyle::Full),
        "minimal" => Some(PromptStyle::Minimal),
        _ => None,
    }
}

fn permission_mode(value: &DeValue<'_>) -> Option<String> {
    text(value).filter(|mode| PERMISSION_MODES.contains(&mode.as_str()))
}

/// A text that a program cannot take for an option.
fn option_safe(value: &DeValue<'_>) -> Option<String> {
    text(value).filter(|text| !text.starts_with('-') && !text.contains(char::is_control))
}

/// A program, not empty, and arguments that may be.
fn argv(value: &DeValue<'_>) -> Option<Vec<String>> {
    let words: Option<Vec<String>> = value
        .as_array()?
        .iter()
        .map(|item| item.get_ref().as_str().map(str::to_owned))
        .collect();
    words.filter(|words| words.first().is_some_and(|program| !program.is_empty()))
}

/// A path that stays below the folder it is relative to.
fn inner_file(value: &DeValue<'_>) -> Option<String> {
    text(value).filter(|path| {
        Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
    })
}

fn inner_files(value: &DeValue<'_>) -> Option<Vec<String>> {
    let items = value.as_array()?;
    items
        .iter()
        .map(|item| inner_file(item.get_ref()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(text: &str) -> Result<AgentConfig, String> {
        parse_agent("a", text, "agents/a.toml").map_err(|error| error.to_string())
    }

    #[test]
    fn the_documented_example_parses() {
        let text = r#"
kind = "claude"              # or "command"
model = "sonnet"
allowed_tools = ["Bash", "Edit", "Write", "NotebookEdit"]
permission_mode = "acceptEdits"
lock = "code"
excludes = ["release"]
prompt = "full"
system = "prompts/reviewer.md"
max_cost = 2.0
max_time = "45m"
"#;
        let agent = agent(text).unwrap();
        assert_eq!(agent.model.as_deref(), Some("sonnet"));
        assert_eq!(agent.max_cost.unwrap().to_string(), "2.00");
        assert_eq!(agent.max_time, Some(Span::from_minutes(45)));
        assert_eq!(agent.excludes, ["release"]);
    }

    #[test]
    fn an_empty_file_is_the_built_in_claude_by_another_name() {
        let mut expected = AgentConfig::claude();
        "a".clone_into(&mut expected.name);
        assert_eq!(agent("").unwrap(), expected);
    }

    #[test]
    fn a_command_agent_has_its_argv() {
        let agent = agent("kind = \"command\"\ncommand = [\"./agent.sh\", \"\"]").unwrap();
        assert_eq!(agent.kind, AgentKind::Command);
        assert_eq!(agent.command, ["./agent.sh", ""]);
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_place() {
        for (text, message) in [
            (
                "model = 3",
                "agents/a.toml:1: `model` is `3`: expected a model's name",
            ),
            ("\nmodle = \"x\"", "agents/a.toml:2: unknown key `modle`"),
            (
                "kind = \"command\"",
                "agents/a.toml:1: an agent of kind `command` has no `command`: expected its program and arguments",
            ),
            (
                "command = [\"x\"]",
                "agents/a.toml:1: `command` is only for agents with `kind = \"command\"`",
            ),
            (
                "kind = \"command\"\ncommand = [\"x\"]\nmodel = \"m\"",
                "agents/a.toml:3: `model` is only for agents with `kind = \"claude\"`",
            ),
            (
                "system = \"../secret\"",
                "agents/a.toml:1: `system` is `\"../secret\"`: expected a file relative to `.ticks/`, such as `\"prompts/reviewer.md\"`",
            ),
            (
                "model = \"--dangerous\"",
                "agents/a.toml:1: `model` is `\"--dangerous\"`: expected a model's name",
            ),
            (
                "max_cost = 0",
                "agents/a.toml:1: `max_cost` is `0`: expected an amount in dollars above 0, such as `2.0`",
            ),
        ] {
            assert_eq!(agent(text).unwrap_err(), message);
        }
    }
}

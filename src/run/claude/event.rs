//! One line of the client's output, as a typed event.
//!
//! Lenient on purpose: new types, subtypes and fields appear between versions of the client.
//! What is not known, or not as expected, passes as [`Event::Unknown`]; no line is an error.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::{Usd, is_line};
use crate::run::price::Usage;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The process is up; once a turn.
    Init {
        /// The session's id.
        session: String,
        /// The model.
        model: Option<String>,
        /// The client's version.
        version: Option<String>,
    },
    /// A request failed and is tried again.
    ApiRetry(ApiRetry),
    /// What the account may still use.
    RateLimit {
        /// `allowed`, `allowed_warning`, `rejected`.
        status: String,
        /// When it may use more.
        resets_at: Option<Timestamp>,
    },
    /// A part of the model's answer.
    Assistant {
        /// The message it belongs to.
        message: String,
        /// The model.
        model: String,
        /// The parts.
        blocks: Vec<Block>,
        /// The name of an error that the client shows as if the model had said it.
        error: Option<String>,
    },
    /// What tools gave back.
    ToolResults(Vec<ToolResult>),
    /// A message of the model begins; the usage is not final.
    MessageStart {
        /// The message.
        message: String,
        /// The model.
        model: String,
        /// The call that started the subagent whose message it is.
        parent: Option<String>,
        /// The usage so far.
        usage: Usage,
    },
    /// The last message that began has this usage.
    MessageUsage {
        /// The call that started the subagent whose message it is.
        parent: Option<String>,
        /// Its usage.
        usage: Usage,
    },
    /// The client asks whether a tool may be used; so do its questions come.
    MayUseTool {
        /// What to answer to.
        request: String,
        /// The tool.
        tool: String,
        /// What it is to be used on.
        input: Value,
    },
    /// The client asks for something else, and waits.
    OtherRequest {
        /// What to answer to.
        request: String,
        /// What is asked for.
        subtype: String,
    },
    /// The client no longer waits for an answer.
    RequestCancelled {
        /// What was to be answered to.
        request: String,
    },
    /// The end of a turn.
    Result(Box<TurnResult>),
    /// Anything else: the type, if it has one. The line is in the worker's output.
    Unknown(Option<String>),
}

/// A request that failed and is tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiRetry {
    /// Which try this was, from 1.
    pub attempt: u64,
    /// The most tries.
    pub max_retries: u64,
    /// How long the client waits before the next.
    pub delay: Duration,
    /// The status of the answer; none when there was no connection.
    pub status: Option<u64>,
    /// The client's name for it: `rate_limit`, `overloaded`, `authentication_failed`, …
    pub error: String,
}

/// A part of the model's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Thought.
    Thinking(String),
    /// Said.
    Text(String),
    /// Done.
    ToolUse {
        /// The call's id.
        id: String,
        /// The tool.
        name: String,
        /// What on.
        input: Value,
    },
    /// Anything else.
    Other,
}

/// What a tool gave back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolResult {
    /// The call's id.
    pub id: String,
    /// Whether it failed.
    pub is_error: bool,
    /// Whether a file that was there before was changed, for a tool that writes files.
    pub updated: bool,
}

/// The end of a turn, as the client tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TurnResult {
    /// The session's id.
    pub session: Option<String>,
    /// `success`, `error_max_turns`, `error_max_budget_usd`, `error_during_execution`, …
    pub subtype: String,
    /// Whether it failed, whatever the subtype.
    pub is_error: bool,
    /// The status of the answer that ended it.
    pub api_status: Option<u64>,
    /// Why the turn ended: `completed`, `max_turns`, `aborted_tools`, …
    pub terminal_reason: Option<String>,
    /// The last that was said.
    pub text: Option<String>,
    /// What the schema asked for.
    pub structured: Option<Value>,
    /// What this process has cost so far, all its turns and subagents.
    pub cost: Option<Usd>,
    /// By model, as `cost`.
    pub models: BTreeMap<String, Usage>,
    /// The model turns of this turn.
    pub turns: u64,
    /// How long it took.
    pub duration: Duration,
    /// The tools that were not allowed.
    pub denied: Vec<String>,
    /// What went wrong.
    pub errors: Vec<String>,
}

impl Event {
    /// What a line says.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        match serde_json::from_str::<Value>(line) {
            Ok(value) => {
                let kind = text(&value, "type");
                Self::of(&value).unwrap_or(Self::Unknown(kind))
            }
            Err(_) => Self::Unknown(None),
        }
    }

    fn of(value: &Value) -> Option<Self> {
        let subtype = value["subtype"].as_str();
        match (value["type"].as_str()?, subtype) {
            ("system", Some("init")) => Some(Self::Init {
                session: line(value, "session_id")?,
                model: line(value, "model"),
                version: text(value, "claude_code_version"),
            }),
            ("system", Some("api_retry")) => Some(Self::ApiRetry(ApiRetry {
                attempt: number(value, "attempt"),
                max_retries: number(value, "max_retries"),
                delay: milliseconds(&value["retry_delay_ms"]),
                status: value["error_status"].as_u64(),
                error: text(value, "error")?,
            })),
            ("rate_limit_event", _) => Some(Self::RateLimit {
                status: text(&value["rate_limit_info"], "status")?,
                resets_at: seconds(&value["rate_limit_info"]["resetsAt"]),
            }),
            ("assistant", _) => assistant(value),
            ("user", _) => tool_results(value),
            ("stream_event", _) => stream_event(value),
            ("control_request", _) => control_request(value),
            ("control_cancel_request", _) => Some(Self::RequestCancelled {
                request: text(value, "request_id")?,
            }),
            ("result", _) => Some(Self::Result(Box::new(turn_result(value)))),
            _ => None,
        }
    }
}

fn assistant(value: &Value) -> Option<Event> {
    let message = &value["message"];
    Some(Event::Assistant {
        message: text(message, "id").unwrap_or_default(),
        model: text(message, "model").unwrap_or_default(),
        blocks: message["content"].as_array()?.iter().map(block).collect(),
        error: text(value, "error"),
    })
}

fn block(value: &Value) -> Block {
    let parsed = match value["type"].as_str() {
        Some("thinking") => text(value, "thinking").map(Block::Thinking),
        Some("text") => text(value, "text").map(Block::Text),
        Some("tool_use") => text(value, "name").map(|name| Block::ToolUse {
            id: text(value, "id").unwrap_or_default(),
            name,
            input: value["input"].clone(),
        }),
        _ => None,
    };
    parsed.unwrap_or(Block::Other)
}

fn tool_results(value: &Value) -> Option<Event> {
    let updated = value["tool_use_result"]["type"] == "update";
    let results: Vec<ToolResult> = value["message"]["content"]
        .as_array()?
        .iter()
        .filter(|block| block["type"] == "tool_result")
        .filter_map(|block| {
            Some(ToolResult {
                id: text(block, "tool_use_id")?,
                is_error: block["is_error"].as_bool().unwrap_or(false),
                updated,
            })
        })
        .collect();
    (!results.is_empty()).then_some(Event::ToolResults(results))
}

fn stream_event(value: &Value) -> Option<Event> {
    let event = &value["event"];
    let parent = text(value, "parent_tool_use_id");
    match event["type"].as_str()? {
        "message_start" => Some(Event::MessageStart {
            message: text(&event["message"], "id")?,
            model: text(&event["message"], "model").unwrap_or_default(),
            parent,
            usage: usage(&event["message"]["usage"]),
        }),
        "message_delta" if event["usage"].is_object() => Some(Event::MessageUsage {
            parent,
            usage: usage(&event["usage"]),
        }),
        _ => None,
    }
}

fn control_request(value: &Value) -> Option<Event> {
    let request = text(value, "request_id")?;
    let body = &value["request"];
    let subtype = text(body, "subtype").unwrap_or_default();
    match (subtype.as_str(), text(body, "tool_name")) {
        ("can_use_tool", Some(tool)) => Some(Event::MayUseTool {
            request,
            tool,
            input: body["input"].clone(),
        }),
        _ => Some(Event::OtherRequest { request, subtype }),
    }
}

fn turn_result(value: &Value) -> TurnResult {
    let models = value["modelUsage"].as_object();
    let models = models.into_iter().flatten().map(|(model, usage)| {
        let usage = Usage {
            input: number(usage, "inputTokens"),
            output: number(usage, "outputTokens"),
            cache_write: number(usage, "cacheCreationInputTokens"),
            cache_read: number(usage, "cacheReadInputTokens"),
        };
        (model.clone(), usage)
    });
    let subtype = text(value, "subtype").unwrap_or_default();
    TurnResult {
        session: line(value, "session_id"),
        // A result that does not say so is not taken for a good one.
        is_error: value["is_error"].as_bool().unwrap_or(subtype != "success"),
        subtype,
        api_status: value["api_error_status"].as_u64(),
        terminal_reason: text(value, "terminal_reason"),
        text: text(value, "result"),
        structured: value
            .get("structured_output")
            .filter(|v| !v.is_null())
            .cloned(),
        cost: value["total_cost_usd"]
            .as_f64()
            .and_then(|dollars| Usd::from_dollars(dollars).ok()),
        models: models.collect(),
        turns: number(value, "num_turns"),
        duration: milliseconds(&value["duration_ms"]),
        denied: list(&value["permission_denials"], |denial| {
            text(denial, "tool_name")
        }),
        errors: list(&value["errors"], |error| error.as_str().map(str::to_owned)),
    }
}

fn usage(value: &Value) -> Usage {
    Usage {
        input: number(value, "input_tokens"),
        output: number(value, "output_tokens"),
        cache_write: number(value, "cache_creation_input_tokens"),
        cache_read: number(value, "cache_read_input_tokens"),
    }
}

fn list(value: &Value, item: impl Fn(&Value) -> Option<String>) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(item)
        .collect()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

/// A text that a ticket's file can have on one line; anything else is none.
fn line(value: &Value, key: &str) -> Option<String> {
    text(value, key).filter(|text| is_line(text))
}

/// A count, within what a file can hold.
fn number(value: &Value, key: &str) -> u64 {
    let number = value.get(key).and_then(Value::as_u64).unwrap_or(0);
    number.min(1 << 53)
}

fn milliseconds(value: &Value) -> Duration {
    let seconds = value.as_f64().unwrap_or(0.0) / 1e3;
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

fn seconds(value: &Value) -> Option<Timestamp> {
    Timestamp::from_second(value.as_i64()?).ok()
}

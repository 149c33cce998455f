//! The conversation with one process of the client: events in, signals out.
//!
//! Pure: no clock, no disk. Replaying a worker's output from its start gives the same state,
//! which is how a worker is adopted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::event::{ApiRetry, Block, Event, ToolResult};
use super::result::{Failure, WorkerResult, of_name};
use crate::model::Usd;
use crate::run::failure::FailureClass;
use crate::run::price::{Prices, Usage};
use crate::wire::EventKind;

/// What the runner must know of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// The process is up.
    Session {
        /// The session's id.
        session: String,
        /// The model.
        model: Option<String>,
        /// The client's version.
        version: Option<String>,
    },
    /// The worker did something: one of the kinds `thought read edit create command say`.
    Did(EventKind),
    /// The worker asks a person, and waits.
    Question(Question),
    /// The worker asks for a permission, and waits.
    Permission(Permission),
    /// The client asks for something that is not known here, and waits: to be refused.
    Unsupported {
        /// What to answer to.
        request: String,
    },
    /// A question or a request for permission needs no answer any more.
    Withdrawn {
        /// What was to be answered to.
        request: String,
    },
    /// A request to the model failed and is tried again; the class, if going on is pointless.
    Retry(ApiRetry, Option<FailureClass>),
    /// The account may use no more until then.
    UsageLimit {
        /// When it may.
        resets_at: Option<Timestamp>,
    },
    /// What the process has used so far.
    Usage(Live),
    /// The turn is over. The worker's input is to be closed at once: background subagents
    /// would go on spending.
    TurnEnded(Box<WorkerResult>),
}

/// What a process has used so far; a lower bound, since subagents do not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Tokens.
    pub usage: Usage,
    /// Money; `None` where no model has a price.
    pub cost: Option<Usd>,
    /// The money of the largest message so far.
    pub largest_turn: Option<Usd>,
    /// Messages of the model.
    pub turns: u64,
}

/// What a worker asks a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What to answer to.
    pub request: String,
    /// What is asked, one by one.
    pub parts: Vec<QuestionPart>,
    /// All of it as it came, which the answer repeats.
    pub input: Value,
}

/// One of the questions asked together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionPart {
    /// The question; the answer is given under its text.
    pub question: String,
    /// The answers it offers.
    pub options: Vec<String>,
    /// Whether more than one may be given.
    pub multiple: bool,
}

/// A use of a tool that the rules do not settle.
#[derive(Clone, Debug, PartialEq)]
pub struct Permission {
    /// What to answer to.
    pub request: String,
    /// The tool.
    pub tool: String,
    /// What for, in a line.
    pub what: String,
    /// All of it as it came, which the answer repeats.
    pub input: Value,
}

/// The state of the conversation with one process.
#[derive(Clone, Debug)]
pub struct Conversation {
    worktree: PathBuf,
    prices: Prices,
    session: Option<String>,
    /// The model and the usage of each message, by its id.
    messages: BTreeMap<String, (String, Usage)>,
    /// The message that is being written, by subagent.
    current: BTreeMap<Option<String>, String>,
    /// Files being written whole, by the call's id.
    writes: BTreeMap<String, String>,
    /// The class of the last error that was told.
    said: Option<FailureClass>,
    result: Option<WorkerResult>,
}

impl Conversation {
    /// A conversation with a process that works in `worktree`.
    #[must_use]
    pub fn new(worktree: &Path, prices: Prices) -> Self {
        Self {
            worktree: worktree.to_owned(),
            prices,
            session: None,
            messages: BTreeMap::new(),
            current: BTreeMap::new(),
            writes: BTreeMap::new(),
            said: None,
            result: None,
        }
    }

    /// The session, once it is known.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The last turn's result, once there is one.
    #[must_use]
    pub const fn result(&self) -> Option<&WorkerResult> {
        self.result.as_ref()
    }

    /// Takes in a line of output.
    pub fn line(&mut self, line: &str) -> Vec<Signal> {
        self.event(Event::parse(line))
    }

    /// Takes in an event.
    pub fn event(&mut self, event: Event) -> Vec<Signal> {
        match event {
            Event::Init {
                session,
                model,
                version,
            } => {
                // Each turn of a process begins with one.
                let known = self.session.as_ref() == Some(&session);
                self.session = Some(session.clone());
                let signal = Signal::Session {
                    session,
                    model,
                    version,
                };
                if known { Vec::new() } else { vec![signal] }
            }
            Event::ApiRetry(retry) => {
                self.said = of_name(&retry.error);
                let pointless = self.said.filter(|class| class.stops_all());
                vec![Signal::Retry(retry, pointless)]
            }
            Event::RateLimit { status, resets_at } if status == "rejected" => {
                self.said = Some(FailureClass::UsageLimit);
                vec![Signal::UsageLimit { resets_at }]
            }
            Event::Assistant {
                message,
                model,
                blocks,
                error,
            } => self.assistant(message, model, blocks, error),
            Event::ToolResults(results) => self.tool_results(results),
            Event::MessageStart {
                message,
                model,
                parent,
                usage,
            } => {
                self.said = None;
                self.current.insert(parent, message.clone());
                self.messages.insert(message, (model, usage));
                vec![Signal::Usage(self.live())]
            }
            Event::MessageUsage { parent, usage } => {
                let message = self.current.get(&parent);
                let Some((_, known)) = message.and_then(|id| self.messages.get_mut(id)) else {
                    return Vec::new();
                };
                *known = usage;
                vec![Signal::Usage(self.live())]
            }
            Event::MayUseTool {
                request,
                tool,
                input,
            } => vec![self.may_use(request, tool, input)],
            Event::OtherRequest { request, .. } => vec![Signal::Unsupported { request }],
            Event::RequestCancelled { request } => vec![Signal::Withdrawn { request }],
            Event::Result(turn) => {
                self.session = turn.session.clone().or_else(|| self.session.take());
                let result = WorkerResult::of(*turn, self.said);
                self.result = Some(result.clone());
                vec![Signal::TurnEnded(Box::new(result))]
            }
            Event::RateLimit { .. } | Event::Unknown(_) => Vec::new(),
        }
    }

    /// What the process has used so far.
    #[must_use]
    pub fn live(&self) -> Live {
        let costs = || {
            self.messages
                .values()
                .filter_map(|(model, usage)| self.prices.cost(model, usage))
        };
        Live {
            usage: self.messages.values().map(|(_, usage)| *usage).sum(),
            cost: costs().next().map(|_| costs().sum()),
            largest_turn: costs().max(),
            turns: self.messages.len() as u64,
        }
    }

    /// What a process came to that has ended: its last result, else what is left to judge by,
    /// the way it ended and the tail of what it wrote to standard error.
    #[must_use]
    pub fn ended(&self, how: &str, stderr: &str) -> WorkerResult {
        if let Some(result) = &self.result {
            return result.clone();
        }
        let stderr = stderr.trim();
        let class = if stderr.contains("Session ID") && stderr.contains("already in use") {
            FailureClass::SessionInUse
        } else {
            self.said.unwrap_or(FailureClass::NoResult)
        };
        let reason = match stderr {
            "" => format!("it ended without a result: {how}"),
            stderr => format!("it ended without a result: {how}\n{stderr}"),
        };
        let live = self.live();
        WorkerResult {
            failure: Some(Failure { class, reason }),
            report: None,
            cost: None,
            usage: live.usage,
            turns: live.turns,
            text: None,
            denied: Vec::new(),
        }
    }

    fn assistant(
        &mut self,
        message: String,
        model: String,
        blocks: Vec<Block>,
        error: Option<String>,
    ) -> Vec<Signal> {
        self.said = error.as_deref().and_then(of_name);
        if error.is_none() && !message.is_empty() {
            // Its usage is a placeholder; where partial messages are off it still counts turns.
            self.messages
                .entry(message)
                .or_insert((model, Usage::default()));
        }
        let did = blocks.into_iter().filter_map(|block| self.block(block));
        did.map(Signal::Did).collect()
    }

    fn block(&mut self, block: Block) -> Option<EventKind> {
        match block {
            Block::Thinking(text) => spoken(text).map(|text| EventKind::Thought { text }),
            Block::Text(text) => spoken(text).map(|text| EventKind::Say { text }),
            Block::ToolUse { id, name, input } => self.tool_use(id, &name, &input),
            Block::Other => None,
        }
    }

    fn tool_use(&mut self, id: String, tool: &str, input: &Value) -> Option<EventKind> {
        let path = ["file_path", "notebook_path", "path"]
            .iter()
            .find_map(|key| input[key].as_str())
            .map(|path| self.relative(path));
        match (tool, path) {
            // Told in their own way: as a question, and in the result.
            ("AskUserQuestion" | "StructuredOutput", _) => None,
            ("Write", Some(path)) => {
                // Whether the file is new is told by the result.
                self.writes.insert(id, path);
                None
            }
            ("Read" | "NotebookRead", Some(path)) => Some(EventKind::Read { path }),
            ("Edit" | "MultiEdit" | "NotebookEdit", Some(path)) => Some(EventKind::Edit { path }),
            _ => Some(EventKind::Command {
                command: summary(tool, input),
            }),
        }
    }

    fn tool_results(&mut self, results: Vec<ToolResult>) -> Vec<Signal> {
        let mut signals = Vec::new();
        for result in results {
            if let Some(path) = self.writes.remove(&result.id)
                && !result.is_error
            {
                signals.push(Signal::Did(if result.updated {
                    EventKind::Edit { path }
                } else {
                    EventKind::Create { path }
                }));
            }
        }
        signals
    }

    fn may_use(&self, request: String, tool: String, input: Value) -> Signal {
        let parts: Vec<QuestionPart> = input["questions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(question_part)
            .collect();
        if tool == "AskUserQuestion" && !parts.is_empty() {
            return Signal::Question(Question {
                request,
                parts,
                input,
            });
        }
        let what = match input["file_path"].as_str() {
            Some(path) => self.relative(path),
            None => summary(&tool, &input),
        };
        Signal::Permission(Permission {
            request,
            tool,
            what,
            input,
        })
    }

    /// A path as seen from the worktree; one outside of it stays as it is.
    fn relative(&self, path: &str) -> String {
        let inside = Path::new(path).strip_prefix(&self.worktree);
        match inside.ok().and_then(Path::to_str) {
            Some("") | None => path.to_owned(),
            Some(inside) => inside.to_owned(),
        }
    }
}

fn spoken(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

fn question_part(value: &Value) -> Option<QuestionPart> {
    let options = value["options"].as_array().into_iter().flatten();
    Some(QuestionPart {
        question: value["question"].as_str()?.to_owned(),
        options: options
            .filter_map(|option| option["label"].as_str().map(str::to_owned))
            .collect(),
        multiple: value["multiSelect"].as_bool().unwrap_or(false),
    })
}

/// A use of a tool in a few words: a shell's command as it is, of others the tool and what
/// they are mostly about.
fn summary(tool: &str, input: &Value) -> String {
    let told = [
        "command",
        "pattern",
        "query",
        "url",
        "description",
        "subject",
        "file_path",
        "path",
        "prompt",
    ];
    let about = told.iter().find_map(|key| input[key].as_str());
    match about {
        Some(command) if tool == "Bash" => command.to_owned(),
        Some(about) => format!("{tool} {about}"),
        None => tool.to_owned(),
    }
}

#[cfg(test)]
mod tests;

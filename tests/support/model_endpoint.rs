//! A scripted Messages API on loopback, so that the real `claude` client runs without a
//! network: it does its own tool calls, permissions, sessions and cost accounting; only the
//! model's answers come from the test.
//!
//! A request is matched by a line of its prompt, such as `ID: abc`, not by any text: the
//! client's system prompt holds recent commits, among other things. The first request of a
//! rule gets its first turn, the second its second, …; the last turn repeats. A request that
//! no rule matches gets a text that says so.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

/// Tokens of an answer, as the endpoint reports them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tokens {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cache_write: u64,
    pub(crate) cache_read: u64,
}

/// 1000 in and 200 out: one cent for the client's default model.
pub(crate) const ONE_CENT: Tokens = Tokens {
    input: 1000,
    output: 200,
    cache_write: 0,
    cache_read: 0,
};

/// What the model answers to one request.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    answer: Answer,
    tokens: Tokens,
    gate: Option<Gate>,
}

#[derive(Clone, Debug)]
enum Answer {
    Blocks(Vec<Value>),
    Error {
        status: u16,
        kind: String,
        message: String,
    },
}

impl Turn {
    fn of(answer: Answer) -> Self {
        Self {
            answer,
            tokens: ONE_CENT,
            gate: None,
        }
    }

    /// A text; it ends the turn.
    pub(crate) fn say(text: &str) -> Self {
        Self::of(Answer::Blocks(vec![json!({"type": "text", "text": text})]))
    }

    /// A use of a tool.
    pub(crate) fn tool(name: &str, input: Value) -> Self {
        Self::of(Answer::Blocks(vec![
            json!({"type": "tool_use", "name": name, "input": input}),
        ]))
    }

    /// A shell command.
    pub(crate) fn bash(command: &str) -> Self {
        Self::tool("Bash", json!({"command": command, "description": "x"}))
    }

    /// The structured result `done`.
    pub(crate) fn done(summary: &str) -> Self {
        Self::tool(
            "StructuredOutput",
            json!({"status": "done", "summary": summary}),
        )
    }

    /// A refusal, such as 429 `rate_limit_error`.
    pub(crate) fn error(status: u16, kind: &str, message: &str) -> Self {
        Self::of(Answer::Error {
            status,
            kind: kind.to_owned(),
            message: message.to_owned(),
        })
    }

    /// The same, with these tokens.
    pub(crate) fn costing(mut self, tokens: Tokens) -> Self {
        self.tokens = tokens;
        self
    }

    /// The same, once the gate is open.
    pub(crate) fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }
}

/// Holds an answer back until the test lets it go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<GateState>, Condvar)>);

#[derive(Debug, Default)]
struct GateState {
    waiting: usize,
    open: bool,
}

impl Gate {
    /// Returns once a request waits at the gate.
    pub(crate) fn reached(&self) {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap();
        drop(
            changed
                .wait_while(state, |state| state.waiting == 0)
                .unwrap(),
        );
    }

    /// Lets pass what waits and what comes.
    pub(crate) fn open(&self) {
        let (state, changed) = &*self.0;
        state.lock().unwrap().open = true;
        changed.notify_all();
    }

    fn pass(&self) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.waiting += 1;
        changed.notify_all();
        drop(changed.wait_while(state, |state| !state.open).unwrap());
    }
}

/// The turns of the requests whose prompt has a line.
#[derive(Debug)]
struct Rule {
    line: String,
    turns: Vec<Turn>,
    played: usize,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The line of the rule that matched.
    pub(crate) line: Option<String>,
    /// The model that was asked for.
    pub(crate) model: String,
    /// The texts of the user's side, one below the other.
    pub(crate) prompt: String,
    /// What the tools came to, one below the other.
    pub(crate) results: String,
}

/// What the test wants to look at while a request waits for its answer.
type Look = Box<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    requests: Vec<Request>,
    /// The unanswered requests of each conversation, by the line of its rule.
    open: BTreeMap<Option<String>, usize>,
    most_open: usize,
    look: Option<Arc<Look>>,
    over: bool,
}

/// The endpoint; it ends with its value.
pub(crate) struct ModelEndpoint {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl ModelEndpoint {
    /// An endpoint that knows no rules yet.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.lock().unwrap().over {
                    return;
                }
                let shared = Arc::clone(&shared);
                // A client that goes away in the middle is one that was interrupted.
                std::thread::spawn(move || drop(serve(&stream.unwrap(), &shared)));
            }
        });
        Self { address, state }
    }

    /// With a rule: the turns of the requests whose prompt has that line.
    pub(crate) fn on(self, line: &str, turns: impl IntoIterator<Item = Turn>) -> Self {
        self.state.lock().unwrap().rules.push(Rule {
            line: line.to_owned(),
            turns: turns.into_iter().collect(),
            played: 0,
        });
        self
    }

    /// The variables that send a client here, and keep it from going anywhere else.
    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("ANTHROPIC_BASE_URL", format!("http://{}", self.address)),
            ("ANTHROPIC_API_KEY", "dummy".to_owned()),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_owned()),
            ("DISABLE_AUTOUPDATER", "1".to_owned()),
        ]
    }

    /// With something that is called as each request comes, before it is answered.
    pub(crate) fn looking(self, look: impl Fn() + Send + Sync + 'static) -> Self {
        self.state.lock().unwrap().look = Some(Arc::new(Box::new(look)));
        self
    }

    /// The most conversations that ever waited for an answer at the same time.
    pub(crate) fn most_conversations(&self) -> usize {
        self.state.lock().unwrap().most_open
    }

    /// What was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }
}

impl Drop for ModelEndpoint {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap();
        state.over = true;
        for turn in state.rules.iter().flat_map(|rule| &rule.turns) {
            if let Some(gate) = &turn.gate {
                gate.open();
            }
        }
        drop(state);
        // Wakes the thread that accepts; it may be gone.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;

    let mut words = first.split_whitespace();
    let (method, path) = (words.next(), words.next().unwrap_or_default());
    let path = path.split('?').next().unwrap_or_default();
    match (method, path) {
        (Some("HEAD"), _) => reply(stream, 200, &json!({})),
        (Some("POST"), "/v1/messages/count_tokens") => {
            reply(stream, 200, &json!({"input_tokens": length / 4}))
        }
        (Some("POST"), "/v1/messages") => {
            answer(stream, &serde_json::from_slice(&body).unwrap(), state)
        }
        _ => reply(stream, 404, &error_body("not_found_error", path)),
    }
}

fn answer(stream: &TcpStream, request: &Value, state: &Mutex<State>) -> std::io::Result<()> {
    let (line, turn) = next_turn(request, &mut state.lock().unwrap());
    let answered = answer_with(stream, request, turn, state);
    let mut state = state.lock().unwrap();
    if let Some(open) = state.open.get_mut(&line) {
        *open -= 1;
    }
    answered
}

fn answer_with(
    stream: &TcpStream,
    request: &Value,
    turn: Turn,
    state: &Mutex<State>,
) -> std::io::Result<()> {
    let look = state.lock().unwrap().look.clone();
    if let Some(look) = look {
        look();
    }
    if let Some(gate) = &turn.gate {
        gate.pass();
    }
    let blocks = match turn.answer {
        Answer::Error {
            status,
            kind,
            message,
        } => return reply(stream, status, &error_body(&kind, &message)),
        Answer::Blocks(blocks) => blocks,
    };
    let has_tool = blocks.iter().any(|block| block["type"] == "tool_use");
    let message = Message {
        id: unique("msg"),
        model: request["model"].clone(),
        stop_reason: if has_tool { "tool_use" } else { "end_turn" },
        blocks: blocks.into_iter().map(with_id).collect(),
        tokens: turn.tokens,
    };
    if request["stream"] == true {
        message.stream(stream)
    } else {
        reply(stream, 200, &message.whole())
    }
}

/// The line of the rule that a request belongs to, and the turn that is next there.
fn next_turn(request: &Value, state: &mut State) -> (Option<String>, Turn) {
    let prompt = prompt(request);
    let rule = state
        .rules
        .iter_mut()
        .find(|rule| prompt.lines().any(|line| line == rule.line));
    let line = rule.as_ref().map(|rule| rule.line.clone());
    let turn = rule.and_then(|rule| {
        rule.played += 1;
        let turn = rule.played.min(rule.turns.len()).checked_sub(1)?;
        rule.turns.get(turn).cloned()
    });
    state.requests.push(Request {
        line: line.clone(),
        model: request["model"].as_str().unwrap_or_default().to_owned(),
        prompt,
        results: results(request),
    });
    *state.open.entry(line.clone()).or_default() += 1;
    let open = state.open.values().filter(|open| **open > 0).count();
    state.most_open = state.most_open.max(open);
    (line, turn.unwrap_or_else(|| Turn::say("no rule matched")))
}

/// The texts of the user's side of a request.
fn prompt(request: &Value) -> String {
    let mut texts = Vec::new();
    for message in request["messages"].as_array().into_iter().flatten() {
        if message["role"] != "user" {
            continue;
        }
        texts.extend(message["content"].as_str());
        for block in message["content"].as_array().into_iter().flatten() {
            texts.extend(block["text"].as_str());
        }
    }
    texts.join("\n")
}

/// The texts of the tools' results in a request.
fn results(request: &Value) -> String {
    let messages = request["messages"].as_array().into_iter().flatten();
    let blocks = messages.flat_map(|message| message["content"].as_array().into_iter().flatten());
    let texts = blocks.filter_map(|block| match &block["content"] {
        _ if block["type"] != "tool_result" => None,
        Value::String(text) => Some(text.clone()),
        content => Some(content.to_string()),
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// A message of the model.
struct Message {
    id: String,
    model: Value,
    stop_reason: &'static str,
    blocks: Vec<Value>,
    tokens: Tokens,
}

impl Message {
    fn usage(&self, output: u64) -> Value {
        json!({
            "input_tokens": self.tokens.input,
            "cache_creation_input_tokens": self.tokens.cache_write,
            "cache_read_input_tokens": self.tokens.cache_read,
            "output_tokens": output,
        })
    }

    fn whole(&self) -> Value {
        json!({
            "id": self.id, "type": "message", "role": "assistant", "model": self.model,
            "content": self.blocks, "stop_reason": self.stop_reason, "stop_sequence": null,
            "usage": self.usage(self.tokens.output),
        })
    }

    /// As server-sent events; the output's tokens are told with the end, as the service does.
    fn stream(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut start = self.whole();
        start["content"] = json!([]);
        start["stop_reason"] = Value::Null;
        start["usage"] = self.usage(1);
        let mut events = vec![json!({"type": "message_start", "message": start})];
        for (index, block) in self.blocks.iter().enumerate() {
            let mut empty = block.clone();
            let delta = if block["type"] == "tool_use" {
                empty["input"] = json!({});
                json!({"type": "input_json_delta", "partial_json": block["input"].to_string()})
            } else {
                empty["text"] = json!("");
                json!({"type": "text_delta", "text": block["text"]})
            };
            events.extend([
                json!({"type": "content_block_start", "index": index, "content_block": empty}),
                json!({"type": "content_block_delta", "index": index, "delta": delta}),
                json!({"type": "content_block_stop", "index": index}),
            ]);
        }
        let end = json!({"stop_reason": self.stop_reason, "stop_sequence": null});
        let usage = self.usage(self.tokens.output);
        events.push(json!({"type": "message_delta", "delta": end, "usage": usage}));
        events.push(json!({"type": "message_stop"}));
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        )?;
        for event in events {
            let name = event["type"].as_str().unwrap_or_default();
            write!(stream, "event: {name}\ndata: {event}\n\n")?;
        }
        stream.flush()
    }
}

fn with_id(mut block: Value) -> Value {
    if block["type"] == "tool_use" {
        block["id"] = json!(unique("toolu"));
    }
    block
}

fn unique(prefix: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // A session outlives the endpoint that answered it.
    format!("{prefix}_{}_{number}", std::process::id())
}

fn error_body(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}})
}

fn reply(mut stream: &TcpStream, status: u16, body: &Value) -> std::io::Result<()> {
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} scripted\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}

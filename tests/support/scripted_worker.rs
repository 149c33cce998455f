//! A program that speaks the protocol of the `claude` client from a script, for tests that
//! need no model: it can write, commit, ask, hang, fork, ignore signals, fail, overspend, die.
//! It never passes for the real one: its version is `scripted`.
//!
//! `TK_SCRIPT` names the script; beside it, in a folder `<script>.state`, it keeps its
//! sessions and how many rounds each ticket has had. The ticket is `TK_TICKET`, or the
//! prompt's line `ID:`.
//!
//! ```json
//! {"tickets": {"abc": [[STEP, …], …]}, "default": [STEP, …]}
//! ```
//! A ticket has a list of rounds, one a prompt; the last one repeats. The steps are those of
//! [`Step`]; a round that reports nothing reports `done`. Without `--input-format` it is a
//! program of the `command` kind: the prompt is all of its input, the report goes to
//! `$TK_RESULT`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    #[serde(default)]
    tickets: BTreeMap<String, Vec<Vec<Step>>>,
    #[serde(default)]
    default: Vec<Step>,
}

/// One thing the worker does.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// Writes a file of the worktree.
    Write { path: String, text: String },
    /// Commits everything with this message.
    Commit(String),
    /// Runs a shell command; its failure is the worker's.
    Run(String),
    /// Says something.
    Say(String),
    /// Spends: a message of the model with these tokens, at this price.
    Spend { usd: f64, input: u64, output: u64 },
    /// Asks, and writes the answer to a file; `-` when nobody answers any more.
    Ask {
        question: String,
        options: Vec<String>,
        answer_to: String,
    },
    /// Asks whether it may run a command, and runs it if so.
    Permission(String),
    /// Tells that a request to the model failed and is tried again.
    Retry { error: String, status: u64 },
    /// Tells that the account may do no more before that second since 1970, or does not tell
    /// until when, and hangs.
    Limit(Option<i64>),
    /// What the structured result of the round is; `null` for none.
    Report(Value),
    /// Ends the round with a result of this subtype and error, and the status of the answer.
    Fail {
        subtype: String,
        error: String,
        #[serde(default)]
        status: Option<u64>,
    },
    /// Leaves a process running in a session of its own, deaf to polite signals.
    Leave,
    /// Is deaf to polite signals from now on.
    Deaf,
    /// Waits for an interrupt that is asked for on its input.
    Hang,
    /// Waits until something is written to this named pipe.
    Await(PathBuf),
    /// Ends at once with this code, in the middle of a line.
    Die(u8),
    /// Tells that many lines in all, then writes to this named pipe and does nothing more.
    Halt { lines: u64, pipe: PathBuf },
    /// Goes on running after its input is closed.
    Stay,
}

/// How a round goes on after a step.
enum Then {
    Next,
    Stop(Value),
}

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--version") {
        writeln!(io::stdout(), "scripted")?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = std::env::var("TK_SCRIPT")?;
    let script = serde_json::from_str(&fs::read_to_string(&path)?)?;
    let flag = |name: &str| {
        let prefix = format!("--{name}=");
        arguments
            .iter()
            .find_map(|argument| argument.strip_prefix(&prefix))
    };
    let streams = flag("input-format") == Some("stream-json");
    let session = flag("resume")
        .or(flag("session-id"))
        .unwrap_or("plain")
        .to_owned();
    let budget = flag("max-budget-usd").map(str::parse).transpose()?;
    let mut worker = Worker {
        script,
        state: PathBuf::from(format!("{path}.state")),
        input: streams.then(lines_of_input),
        session,
        cost: 0.0,
        budget,
        stays: false,
        said: 0,
        halts: None,
    };
    if !streams {
        let prompt = io::read_to_string(io::stdin())?;
        let ticket = ticket_of(&prompt)?;
        let result = worker.round(&ticket)?;
        return worker.write_result(&result);
    }
    worker.converse(flag("resume").is_some())
}

fn lines_of_input() -> Receiver<Value> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if let Ok(value) = serde_json::from_str(&line)
                && sender.send(value).is_err()
            {
                return;
            }
        }
    });
    lines
}

fn ticket_of(prompt: &str) -> Outcome<String> {
    let named = prompt.lines().find_map(|line| line.strip_prefix("ID: "));
    let given = std::env::var("TK_TICKET").ok();
    given
        .or(named.map(str::to_owned))
        .ok_or_else(|| "no `TK_TICKET`, and no line `ID:` in the prompt".into())
}

struct Worker {
    script: Script,
    state: PathBuf,
    /// What comes in, in the client's protocol; `None` for a plain program.
    input: Option<Receiver<Value>>,
    session: String,
    cost: f64,
    budget: Option<f64>,
    stays: bool,
    said: u64,
    /// After how many lines it does nothing more, and where it says so.
    halts: Option<(u64, PathBuf)>,
}

impl Worker {
    fn converse(&mut self, resumes: bool) -> Outcome<ExitCode> {
        let record = self.state.join("sessions").join(&self.session);
        if resumes && !record.exists() {
            let error = format!("No conversation found with session ID: {}", self.session);
            self.tell(&self.result("error_during_execution", true, &Value::Null, &[error]))?;
            return Ok(ExitCode::FAILURE);
        }
        if !resumes && record.exists() {
            writeln!(
                io::stderr(),
                "Error: Session ID {} is already in use.",
                self.session
            )?;
            return Ok(ExitCode::FAILURE);
        }
        let mut failed = false;
        while let Some(line) = self.next_input() {
            let Some(prompt) = line["message"]["content"].as_str() else {
                continue;
            };
            let ticket = match fs::read_to_string(&record) {
                Ok(ticket) => ticket,
                Err(_) => ticket_of(prompt)?,
            };
            write_file(&record, &ticket)?;
            self.tell(&json!({
                "type": "system", "subtype": "init", "session_id": self.session,
                "model": "scripted", "claude_code_version": "scripted",
            }))?;
            let result = self.round(&ticket)?;
            failed = result["is_error"] == true;
            self.tell(&result)?;
        }
        if self.stays {
            loop {
                std::thread::park();
            }
        }
        Ok(ExitCode::from(u8::from(failed)))
    }

    /// Plays the ticket's next round; its result.
    fn round(&mut self, ticket: &str) -> Outcome<Value> {
        let count = self.state.join("rounds").join(ticket);
        let played = fs::read(&count).map_or(0, |bytes| bytes.len());
        write_file(&count, &"x".repeat(played + 1))?;
        let rounds = self.script.tickets.get(ticket);
        let steps = match rounds.and_then(|rounds| rounds.get(played).or(rounds.last())) {
            Some(steps) => steps.clone(),
            None => self.script.default.clone(),
        };
        let mut report = json!({"status": "done", "summary": format!("did {ticket}")});
        for step in steps {
            if let Step::Report(other) = step {
                report = other;
            } else if let Then::Stop(result) = self.step(step)? {
                return Ok(result);
            }
        }
        Ok(self.result("success", false, &report, &[]))
    }

    fn step(&mut self, step: Step) -> Outcome<Then> {
        match step {
            Step::Write { path, text } => {
                write_file(Path::new(&path), &text)?;
                self.tell_tool("Edit", &json!({"file_path": path}))?;
            }
            Step::Commit(message) => {
                run("git", &["add", "--all"])?;
                run(
                    "git",
                    &["commit", "--quiet", "--allow-empty", "-m", &message],
                )?;
                self.tell_tool(
                    "Bash",
                    &json!({"command": format!("git commit -m '{message}'")}),
                )?;
            }
            Step::Run(command) => {
                self.tell_tool("Bash", &json!({"command": command}))?;
                run("sh", &["-c", &command])?;
            }
            Step::Say(text) => self.tell_block(&json!({"type": "text", "text": text}))?,
            Step::Spend { usd, input, output } => {
                self.spend(usd, input, output)?;
                if self.budget.is_some_and(|budget| self.cost >= budget) {
                    let error = "Reached maximum budget".to_owned();
                    let report = Value::Null;
                    let result = self.result("error_max_budget_usd", true, &report, &[error]);
                    return Ok(Then::Stop(result));
                }
            }
            Step::Ask {
                question,
                options,
                answer_to,
            } => return self.ask(&question, &options, &answer_to),
            Step::Permission(command) => return self.ask_permission(&command),
            Step::Retry { error, status } => self.tell(&json!({
                "type": "system", "subtype": "api_retry", "attempt": 1, "max_retries": 10,
                "retry_delay_ms": 500.0, "error_status": status, "error": error,
            }))?,
            Step::Fail {
                subtype,
                error,
                status,
            } => {
                let mut result = self.result(&subtype, true, &Value::Null, &[error]);
                if let Some(status) = status {
                    result["api_error_status"] = json!(status);
                }
                return Ok(Then::Stop(result));
            }
            Step::Leave => run("sh", &["-c", LEAVE])?,
            Step::Deaf => be_deaf()?,
            Step::Limit(resets_at) => {
                let mut info = json!({"status": "rejected"});
                if let Some(resets_at) = resets_at {
                    info["resetsAt"] = json!(resets_at);
                }
                self.tell(&json!({"type": "rate_limit_event", "rate_limit_info": info}))?;
                return self.step(Step::Hang);
            }
            Step::Hang => loop {
                match self.next_input() {
                    Some(line) if is_interrupt(&line) => {
                        return Ok(Then::Stop(self.interrupted()));
                    }
                    Some(_) => {}
                    None => std::thread::park(),
                }
            },
            Step::Await(pipe) => drop(fs::read(pipe)?),
            Step::Die(code) => {
                write!(io::stdout(), "{{\"type\":\"assistant\",\"mess")?;
                io::stdout().flush()?;
                std::process::exit(code.into());
            }
            Step::Stay => self.stays = true,
            Step::Halt { lines, pipe } => {
                self.halts = Some((lines, pipe));
                self.halt()?;
            }
            Step::Report(_) => {}
        }
        Ok(Then::Next)
    }

    fn ask(&mut self, question: &str, options: &[String], answer_to: &str) -> Outcome<Then> {
        let options: Vec<Value> = options.iter().map(|o| json!({"label": o})).collect();
        let input = json!({"questions": [{"question": question, "options": options}]});
        let response = match self.request("AskUserQuestion", &input)? {
            Response::Interrupt => return Ok(Then::Stop(self.interrupted())),
            Response::Of(response) => response,
        };
        let answer = response["updatedInput"]["answers"][question].as_str();
        write_file(Path::new(answer_to), answer.unwrap_or("-"))?;
        Ok(Then::Next)
    }

    fn ask_permission(&mut self, command: &str) -> Outcome<Then> {
        match self.request("Bash", &json!({"command": command}))? {
            Response::Interrupt => return Ok(Then::Stop(self.interrupted())),
            Response::Of(response) if response["behavior"] == "allow" => {
                run("sh", &["-c", command])?;
            }
            Response::Of(_) => {}
        }
        Ok(Then::Next)
    }

    /// Asks the host and waits for its response; `null` once its input is closed.
    fn request(&mut self, tool: &str, input: &Value) -> Outcome<Response> {
        let id = format!("request-{}", self.said);
        self.tell(&json!({
            "type": "control_request", "request_id": id,
            "request": {"subtype": "can_use_tool", "tool_name": tool, "input": input},
        }))?;
        while let Some(line) = self.next_input() {
            if is_interrupt(&line) {
                self.tell(&json!({"type": "control_cancel_request", "request_id": id}))?;
                return Ok(Response::Interrupt);
            }
            if line["response"]["request_id"] == id {
                return Ok(Response::Of(line["response"]["response"].clone()));
            }
        }
        Ok(Response::Of(Value::Null))
    }

    fn next_input(&self) -> Option<Value> {
        self.input.as_ref()?.recv().ok()
    }

    fn spend(&mut self, usd: f64, input: u64, output: u64) -> Outcome<()> {
        self.cost += usd;
        let id = format!("msg-{}-{}", self.session, self.said);
        let usage = |output| json!({"input_tokens": input, "output_tokens": output});
        let message = json!({"id": id, "model": "scripted", "usage": usage(1)});
        for event in [
            json!({"type": "message_start", "message": message}),
            json!({"type": "message_delta", "usage": usage(output)}),
        ] {
            self.tell(&json!({"type": "stream_event", "event": event}))?;
        }
        Ok(())
    }

    fn interrupted(&self) -> Value {
        let mut result = self.result("error_during_execution", true, &Value::Null, &[]);
        result["terminal_reason"] = json!("aborted_tools");
        result
    }

    fn result(&self, subtype: &str, is_error: bool, report: &Value, errors: &[String]) -> Value {
        let mut result = json!({
            "type": "result", "subtype": subtype, "is_error": is_error, "num_turns": 1,
            "session_id": self.session, "total_cost_usd": self.cost, "modelUsage": {},
            "permission_denials": [], "errors": errors, "terminal_reason": "completed",
        });
        if !report.is_null() {
            result["structured_output"] = report.clone();
        }
        result
    }

    fn tell_tool(&mut self, tool: &str, input: &Value) -> Outcome<()> {
        let id = format!("tool-{}", self.said);
        self.tell_block(&json!({"type": "tool_use", "id": id, "name": tool, "input": input}))
    }

    fn tell_block(&mut self, block: &Value) -> Outcome<()> {
        self.tell(&json!({"type": "assistant", "message": {"content": [block]}}))
    }

    fn tell(&mut self, line: &Value) -> Outcome<()> {
        self.said += 1;
        if self.input.is_some() {
            let mut stdout = io::stdout().lock();
            writeln!(stdout, "{line}")?;
            stdout.flush()?;
        }
        self.halt()
    }

    fn halt(&self) -> Outcome<()> {
        if let Some((lines, pipe)) = &self.halts
            && self.said >= *lines
        {
            fs::write(pipe, "halted")?;
            loop {
                std::thread::park();
            }
        }
        Ok(())
    }

    /// The end of a plain program.
    fn write_result(&self, result: &Value) -> Outcome<ExitCode> {
        if result["is_error"] == true {
            writeln!(io::stderr(), "{}", result["errors"])?;
            return Ok(ExitCode::FAILURE);
        }
        let mut report = result["structured_output"].clone();
        if report.is_object() {
            report["cost_usd"] = json!(self.cost);
            fs::write(std::env::var("TK_RESULT")?, report.to_string())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What the host says to a request.
enum Response {
    Of(Value),
    Interrupt,
}

fn is_interrupt(line: &Value) -> bool {
    line["request"]["subtype"] == "interrupt"
}

const LEAVE: &str =
    "setsid sh -c 'trap \"\" INT TERM HUP; sleep 1000 & sleep 1000' >/dev/null 2>&1 &";

fn run(program: &str, arguments: &[&str]) -> Outcome<()> {
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{program} {}` ended with {status}", arguments.join(" ")).into())
    }
}

/// Catches the polite signals and does nothing about them, to the end of the process.
fn be_deaf() -> Outcome<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let _guard = runtime.enter();
    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        // Caught from here on, whether or not anybody looks.
        drop(signal(kind)?);
    }
    Ok(())
}

fn write_file(path: &Path, text: &str) -> Outcome<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, text)?)
}

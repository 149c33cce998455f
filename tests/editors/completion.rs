//! What an editor offers to who writes a ticket.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::{program, project};

/// A language server, spoken to as an editor does.
struct Server {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl Server {
    fn start(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command("timeout");
        command.args(["60", &program("TK_TEST_TOMBI"), "lsp", "--offline"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::null()).spawn().unwrap();
        let mut server = Self {
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
            asked: 0,
        };
        let root = format!("file://{}", sandbox.path().display());
        server.ask(
            "initialize",
            json!({
                "processId": null,
                "rootUri": root,
                "workspaceFolders": [{"uri": root, "name": "repo"}],
                "capabilities": {"textDocument": {
                    "publishDiagnostics": {},
                    "completion": {"completionItem": {"snippetSupport": true}},
                }},
            }),
        );
        server.tell("initialized", json!({}));
        server
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.next();
            if message.get("method").is_none() && message["id"] == id {
                return message["result"].clone();
            }
        }
    }

    fn next(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "it is gone");
            match line.trim().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut text = vec![0; length];
        self.output.read_exact(&mut text).unwrap();
        let message: Value = serde_json::from_slice(&text).unwrap();
        // What the server itself asks for is not there.
        if message.get("method").is_some() && message.get("id").is_some() {
            self.send(&json!({"jsonrpc": "2.0", "id": message["id"], "result": null}));
        }
        message
    }

    /// What is offered in a file with that text where `|` stands.
    fn offers(&mut self, sandbox: &Sandbox, file: &str, text: &str) -> Vec<String> {
        let (before, after) = text.split_once('|').unwrap();
        let uri = format!("file://{}", sandbox.path().join(file).display());
        let document = json!({
            "uri": uri, "languageId": "toml", "version": 1, "text": format!("{before}{after}"),
        });
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
        // By then the settings and the schema are read.
        while self.next()["method"] != "textDocument/publishDiagnostics" {}
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap().len();
        let place = json!({"line": line, "character": column});
        let found = self.ask(
            "textDocument/completion",
            json!({"textDocument": {"uri": uri}, "position": place}),
        );
        let items = found.get("items").unwrap_or(&found);
        let label = |item: &Value| item["label"].as_str().unwrap().to_owned();
        items.as_array().into_iter().flatten().map(label).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.ask("shutdown", Value::Null);
            self.tell("exit", Value::Null);
        }
        // At the latest, its time is over then.
        self.process.wait().unwrap();
    }
}

#[test]
fn keys_and_words_of_a_ticket_are_offered() {
    let sandbox = project();
    let mut server = Server::start(&sandbox);
    for (name, text, wanted, unwanted) in [
        ("one", "title = \"x\"\n|\n", "blocked_by", "title"),
        ("two", "title = \"x\"\nst|\n", "status", "labels"),
        (
            "three",
            "title = \"x\"\ntype = \"|\"\n",
            "\"feature\"",
            "\"open\"",
        ),
        (
            "four",
            "title = \"x\"\nstatus = \"|\"\n",
            "\"in_progress\"",
            "\"task\"",
        ),
        (
            "five",
            "title = \"x\"\nawaiting = \"|\"\n",
            "\"escalation\"",
            "\"open\"",
        ),
        ("six", "title = \"x\"\n[[subtasks]]\n|\n", "done", "status"),
        (
            "seven",
            "title = \"x\"\n[[notes]]\nkind = \"|\"\n",
            "\"question\"",
            "\"work\"",
        ),
        ("config", "[run]\n|\n", "parallel", "title"),
        (
            "agents/one",
            "kind = \"claude\"\n|\n",
            "allowed_tools",
            "title",
        ),
    ] {
        let file = format!(".ticks/{name}.toml");
        let offers = server.offers(&sandbox, &file, text);
        let has = |word: &str| offers.iter().any(|offer| offer == word);
        assert!(has(wanted), "no {wanted} in {offers:?} for {text}");
        assert!(!has(unwanted), "{unwanted} in {offers:?} for {text}");
    }
}

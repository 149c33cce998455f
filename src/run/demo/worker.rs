//! The scripted worker of `tk demo`: it plays the sample's tickets from a table and says so.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::sample;
use crate::context::Context;
use crate::git::Git;
use crate::ops::{Error, ErrorCode, Result};

/// How long each of its steps takes, so that one can watch.
const PACE: Duration = Duration::from_millis(250);

/// What an attempt is said to cost: nothing is bought, the figure only shows the account.
const PRICE: f64 = 0.03;

/// Reads the prompt, does what the table says, commits, and writes the result file.
///
/// # Errors
/// When it is started by anything but a run of the sample, or a file cannot be written.
pub fn work(ctx: &Context) -> Result<()> {
    let mut prompt = String::new();
    std::io::stdin()
        .read_to_string(&mut prompt)
        .map_err(|error| failed("read the prompt", &error))?;
    let ticket = prompt
        .lines()
        .find_map(|line| line.strip_prefix("ID: "))
        .and_then(sample::ticket)
        .ok_or_else(|| {
            Error::new(
                ErrorCode::Failed,
                "the scripted worker only knows the tickets of `tk demo`",
            )
        })?;
    let result = ctx.var("TK_RESULT").ok_or_else(|| {
        Error::new(
            ErrorCode::Failed,
            "`TK_RESULT` is not set: this is started by `tk run` alone",
        )
    })?;
    let round = usize::from(prompt.contains("a check failed there"));
    std::thread::sleep(PACE);
    if let Some(files) = ticket.rounds.get(round).or(ticket.rounds.last()) {
        let git = Git::new(&ctx.cwd);
        for (path, content) in *files {
            write(&ctx.cwd.join(path), content)?;
            std::thread::sleep(PACE);
            git.run(["add", "--", path])?;
        }
        let message = if round == 0 {
            ticket.title.to_owned()
        } else {
            format!("Mend: {}", ticket.title)
        };
        git.run(["commit", "--quiet", "-m", &message])?;
    }
    let told = serde_json::json!({
        "status": "done",
        "summary": ticket.summary,
        "cost_usd": PRICE,
        "input_tokens": 1200,
        "output_tokens": 300,
        "turns": 2,
    });
    write(Path::new(result), &told.to_string())
}

fn write(path: &Path, content: &str) -> Result<()> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, content))
        .map_err(|error| failed(&format!("write `{}`", path.display()), &error))
}

fn failed(what: &str, error: &std::io::Error) -> Error {
    Error::new(ErrorCode::Failed, format!("cannot {what}: {error}"))
}

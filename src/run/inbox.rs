//! The inbox of an attempt: what the runner tells the shim, one JSON object a line.
//!
//! Lines are only appended. One that a killed runner left half written is ended by the next
//! writer and skipped by the reader.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::attempt::AttemptError;
use super::claude::control;

/// A command to the shim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Give the worker this line to read; the end of the line is added.
    Write(String),
    /// The worker gets nothing more to read, and some time to end.
    Close(True),
    /// Interrupt the worker, which gets some time to end.
    Interrupt(True),
    /// Kill the worker and all below it.
    Kill(True),
}

/// The value of a command that has none: `true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub struct True;

impl TryFrom<bool> for True {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, Self::Error> {
        value.then_some(Self).ok_or("expected `true`")
    }
}

impl From<True> for bool {
    fn from(True: True) -> Self {
        true
    }
}

/// The runner's end.
#[derive(Debug)]
pub struct Inbox {
    file: File,
    path: std::path::PathBuf,
}

impl Inbox {
    pub(super) fn open(path: &Path) -> Result<Self, AttemptError> {
        let open = || -> io::Result<File> {
            let mut file = OpenOptions::new().read(true).append(true).open(path)?;
            if file.metadata()?.len() > 0 {
                let mut last = [0];
                file.seek(SeekFrom::End(-1))?;
                file.read_exact(&mut last)?;
                if last != *b"\n" {
                    file.write_all(b"\n")?;
                }
            }
            Ok(file)
        };
        Ok(Self {
            file: open().map_err(AttemptError::io("open", path))?,
            path: path.to_owned(),
        })
    }

    /// Gives the worker a line to read.
    ///
    /// # Errors
    /// When the inbox cannot be written.
    pub fn write_line(&mut self, line: &str) -> Result<(), AttemptError> {
        self.send(&Command::Write(line.to_owned()))
    }

    /// Closes the worker's input.
    ///
    /// # Errors
    /// When the inbox cannot be written.
    pub fn close(&mut self) -> Result<(), AttemptError> {
        self.send(&Command::Close(True))
    }

    /// Interrupts the worker.
    ///
    /// # Errors
    /// When the inbox cannot be written.
    pub fn interrupt(&mut self) -> Result<(), AttemptError> {
        self.send(&Command::Interrupt(True))
    }

    /// Kills the worker and all below it.
    ///
    /// # Errors
    /// When the inbox cannot be written.
    pub fn kill(&mut self) -> Result<(), AttemptError> {
        self.send(&Command::Kill(True))
    }

    fn send(&mut self, command: &Command) -> Result<(), AttemptError> {
        let mut line = serde_json::to_vec(command).map_err(|source| AttemptError::Unwritable {
            path: self.path.clone(),
            source,
        })?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .map_err(AttemptError::io("write", &self.path))
    }
}

/// The shim's end: what has come since it last looked.
#[derive(Debug)]
pub(super) struct InboxReader {
    file: File,
    unfinished: Vec<u8>,
}

impl InboxReader {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            unfinished: Vec::new(),
        })
    }

    /// The new commands; a line that is none is given back as its text.
    pub(super) fn read_new(&mut self) -> io::Result<Vec<Result<Command, String>>> {
        self.file.read_to_end(&mut self.unfinished)?;
        let Some(end) = self.unfinished.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(Vec::new());
        };
        let rest = self.unfinished.split_off(end + 1);
        let lines = std::mem::replace(&mut self.unfinished, rest);
        Ok(lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| {
                serde_json::from_slice(line).map_err(|_| String::from_utf8_lossy(line).into_owned())
            })
            .collect())
    }
}

/// The requests of the client that the inbox at `path` answers.
pub(super) fn answered(path: &Path) -> io::Result<Vec<String>> {
    let commands = InboxReader::open(path)?.read_new()?;
    let answers = commands
        .iter()
        .flatten()
        .filter_map(|command| match command {
            Command::Write(line) => control::answered(line),
            _ => None,
        });
    Ok(answers.collect())
}

/// Whether the inbox at `path` holds a wish for the worker's end.
pub(super) fn was_interrupted(path: &Path) -> io::Result<bool> {
    let commands = InboxReader::open(path)?.read_new()?;
    let ends = |command: &Command| match command {
        Command::Interrupt(_) | Command::Kill(_) => true,
        Command::Write(line) => control::is_interrupt(line),
        Command::Close(_) => false,
    };
    Ok(commands.iter().flatten().any(ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_come_out_as_they_went_in_and_torn_lines_are_skipped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("inbox");
        std::fs::write(&path, "{\"write\":\"ha").unwrap();
        let mut reader = InboxReader::open(&path).unwrap();
        assert!(reader.read_new().unwrap().is_empty());

        let mut inbox = Inbox::open(&path).unwrap();
        inbox.write_line("{\"a\":1}\nb").unwrap();
        inbox.interrupt().unwrap();
        assert_eq!(
            reader.read_new().unwrap(),
            [
                Err("{\"write\":\"ha".to_owned()),
                Ok(Command::Write("{\"a\":1}\nb".to_owned())),
                Ok(Command::Interrupt(True)),
            ]
        );
        Inbox::open(&path).unwrap().kill().unwrap();
        inbox.close().unwrap();
        assert_eq!(
            reader.read_new().unwrap(),
            [Ok(Command::Kill(True)), Ok(Command::Close(True))]
        );
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.ends_with("{\"kill\":true}\n{\"close\":true}\n"),
            "{text}"
        );
    }
}

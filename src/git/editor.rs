//! A person's editor, started as git starts it.
//!
//! Here, because it is git that users tell which editor is theirs, and how it is called:
//! through a shell, since the setting may hold arguments (`code --wait`). Nothing but that
//! setting ever reaches the shell's grammar; the file is an argument.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::stdio::{stderr, stdout};
use rustix::termios::isatty;
use signal_hook::consts::{SIGINT, SIGQUIT};
use signal_hook::{flag, low_level};

/// A command that opens a file for a person and ends when the person is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Editor {
    command: String,
}

impl Editor {
    /// The editor that is started by that command, as the shell understands it.
    #[must_use]
    pub fn new(command: impl Into<String>) -> Self {
        Self {
            command: command.into(),
        }
    }

    /// The command.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Opens the file, from that folder, and waits until the person is done. What the editor
    /// writes goes to the terminal, never among the data of a standard output that is none.
    /// Ctrl-C and Ctrl-\ are the editor's meanwhile.
    ///
    /// # Errors
    /// When there is no shell to start it.
    pub fn open(&self, file: &Path, folder: &Path) -> io::Result<ExitStatus> {
        let _keys = KeysOfAnother::new()?;
        Command::new("sh")
            .arg("-c")
            .arg(format!("{} \"$@\"", self.command))
            .arg(&self.command)
            .arg(file)
            .current_dir(folder)
            .stdout(shown()?)
            .status()
    }
}

/// Where an editor may write: standard output if it is a terminal, else standard error.
fn shown() -> io::Result<Stdio> {
    if isatty(stdout()) {
        return Ok(Stdio::inherit());
    }
    Ok(Stdio::from(stderr().try_clone_to_owned()?))
}

/// While it lives, the signals of the keys that stop a program do not stop this one; the
/// programs it starts get them as usual.
struct KeysOfAnother(Vec<signal_hook::SigId>);

impl KeysOfAnother {
    fn new() -> io::Result<Self> {
        let mut keys = Self(Vec::new());
        for signal in [SIGINT, SIGQUIT] {
            // The flag is never looked at: that there is a handler is enough.
            let handler = flag::register(signal, Arc::new(AtomicBool::new(false)))?;
            keys.0.push(handler);
        }
        Ok(keys)
    }
}

impl Drop for KeysOfAnother {
    fn drop(&mut self) {
        for handler in self.0.drain(..) {
            low_level::unregister(handler);
        }
    }
}

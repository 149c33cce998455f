//! The questions that every tracker has to answer, each decided and asked of the built binary.
//!
//! A row opens with the question and what was decided, and then shows it. A command that fails
//! must also have left every file of `.ticks/` as it was; that is checked without saying so.

mod edges;
mod input;
mod lifecycle;
mod listing;
mod questions;
mod readiness;
mod surroundings;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{Output, Sandbox};

/// One question, its answer, and a repository to show it in.
pub(crate) struct Row {
    question: &'static str,
    decided: &'static str,
    pub(crate) sandbox: Sandbox,
}

/// Opens a row, in an empty project.
pub(crate) fn row(question: &'static str, decided: &'static str) -> Row {
    Row {
        question,
        decided,
        sandbox: Sandbox::initialised(),
    }
}

impl Row {
    /// With that ticket's file, written by hand.
    pub(crate) fn given(self, id: &str, text: &str) -> Self {
        self.sandbox.ticket(id, text);
        self
    }

    /// With that file in the repository.
    pub(crate) fn beside(self, path: &str, text: &str) -> Self {
        self.sandbox.write(path, text);
        self
    }

    /// With that project configuration.
    pub(crate) fn configured(self, text: &str) -> Self {
        self.sandbox.write(".ticks/config.toml", text);
        self
    }

    /// From now on it is that time.
    pub(crate) fn at(mut self, now: &str) -> Self {
        self.sandbox.at(now);
        self
    }

    /// The command goes well and prints exactly that.
    #[track_caller]
    pub(crate) fn prints(self, command: &str, stdout: &str) -> Self {
        let output = self.run(command, 0);
        assert_eq!(output.stdout, stdout, "{}", self.about(command, &output));
        self
    }

    /// The command goes well and says that among other things, on either stream.
    #[track_caller]
    pub(crate) fn says(self, command: &str, fragment: &str) -> Self {
        self.ends(command, 0, fragment)
    }

    /// The command goes well and says nothing of that.
    #[track_caller]
    pub(crate) fn never_says(self, command: &str, fragment: &str) -> Self {
        let output = self.run(command, 0);
        let said = format!("{}{}", output.stdout, output.stderr);
        assert!(!said.contains(fragment), "{}", self.about(command, &output));
        self
    }

    /// The command ends with that code and says that among other things.
    #[track_caller]
    pub(crate) fn ends(self, command: &str, code: i32, fragment: &str) -> Self {
        let mut tk = self.sandbox.tk_command();
        self.said(tk.args(words(command)), command, code, fragment)
    }

    /// `tk edit` of the ticket, by an editor that is that line of shell with the file as `$1`,
    /// ends with that code and says that among other things.
    #[track_caller]
    pub(crate) fn edited(self, id: &str, editor: &str, code: i32, fragment: &str) -> Self {
        let mut command = self.sandbox.tk_command();
        command
            .args(["edit", id, "--fresh"])
            .env("EDITOR", format!("sh -c '{editor}' editor"));
        self.said(&mut command, editor, code, fragment)
    }

    /// In a linked worktree of the repository, the command ends with that code and says that
    /// among other things.
    #[track_caller]
    pub(crate) fn ends_in(self, worktree: &str, command: &str, code: i32, fragment: &str) -> Self {
        let folder = self.sandbox.root().join(worktree);
        if !folder.exists() {
            let folder = folder.to_str().unwrap();
            self.sandbox.git(["worktree", "add", "--quiet", folder]);
        }
        let mut tk = self.sandbox.tk_command();
        tk.args(words(command)).current_dir(folder);
        self.said(&mut tk, command, code, fragment)
    }

    /// The ticket's file holds that.
    #[track_caller]
    pub(crate) fn holds(self, id: &str, fragment: &str) -> Self {
        let text = self.sandbox.read(format!(".ticks/{id}.toml"));
        let question = self.question;
        assert!(
            text.contains(fragment),
            "{question}: expected {fragment:?} in\n{text}"
        );
        self
    }

    /// The ticket's file holds nothing of that.
    #[track_caller]
    pub(crate) fn lacks(self, id: &str, fragment: &str) -> Self {
        let text = self.sandbox.read(format!(".ticks/{id}.toml"));
        let question = self.question;
        assert!(
            !text.contains(fragment),
            "{question}: unexpected {fragment:?} in\n{text}"
        );
        self
    }

    /// The command's help says so too.
    #[track_caller]
    pub(crate) fn helped(self, command: &str, fragment: &str) -> Self {
        let help = self.sandbox.tk([command, "--help"]).ok();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let question = self.question;
        assert!(
            help.contains(fragment),
            "{question}: expected {fragment:?} in the help of {command}:\n{help}"
        );
        self
    }

    #[track_caller]
    fn said(self, command: &mut Command, line: &str, code: i32, fragment: &str) -> Self {
        let output = self.ended(command, line, code);
        let said = format!("{}{}", output.stdout, output.stderr);
        let about = self.about(line, &output);
        assert!(said.contains(fragment), "expected {fragment:?}\n{about}");
        self
    }

    #[track_caller]
    fn run(&self, command: &str, code: i32) -> Output {
        let mut tk = self.sandbox.tk_command();
        self.ended(tk.args(words(command)), command, code)
    }

    #[track_caller]
    fn ended(&self, command: &mut Command, line: &str, code: i32) -> Output {
        let before = tree(&self.sandbox);
        let output = self.sandbox.run(command, None);
        let about = self.about(line, &output);
        assert_eq!(output.code, code, "{about}");
        if code != 0 {
            assert_eq!(tree(&self.sandbox), before, "{about}");
        }
        output
    }

    fn about(&self, command: &str, output: &Output) -> String {
        let (question, decided) = (self.question, self.decided);
        format!("{question}\n  decided: {decided}\n  tk {command}\n{output}")
    }
}

/// The words of a command line: apart by spaces, except between single quotes.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut begun) = (String::new(), false, false);
    for c in command.chars() {
        match c {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

/// Everything below `.ticks/` and the attributes, so that a test can see that nothing changed:
/// contents of files, and what kind of thing the others are.
pub(crate) fn tree(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![sandbox.path().join(".ticks")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            let content = if kind.is_file() {
                std::fs::read(entry.path()).unwrap()
            } else {
                format!("{kind:?}").into_bytes()
            };
            if kind.is_dir() {
                folders.push(entry.path());
            }
            all.insert(entry.path(), content);
        }
    }
    let attributes = sandbox.path().join(".gitattributes");
    if let Ok(content) = std::fs::read(&attributes) {
        all.insert(attributes, content);
    }
    all
}

//! A newcomer's terminal: a home of its own, and nothing in it but their name.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Stands between the outputs of two commands.
const MARK: char = '\u{1}';

/// What the newcomer's home is called in the outputs.
const HOME: &str = "/home/dana";

pub(crate) struct Terminal {
    root: tempfile::TempDir,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("tk-tour-").tempdir();
        let terminal = Self {
            root: root.unwrap(),
        };
        std::fs::create_dir_all(terminal.home()).unwrap();
        let config = "[user]\n\tname = Dana\n\temail = dana@example.com\n\
                      [init]\n\tdefaultBranch = main\n";
        std::fs::write(terminal.home().join(".gitconfig"), config).unwrap();
        terminal
    }

    fn home(&self) -> PathBuf {
        // Folders of temporary files may be links; git tells where they lead.
        let root = self.root.path().canonicalize().unwrap();
        root.join(HOME.trim_start_matches('/'))
    }

    /// Runs the commands one after another in one shell; what each printed, on both streams.
    /// A minute passes between any two of them, and each has random numbers of its own.
    pub(crate) fn run(&self, commands: &[&str]) -> Vec<String> {
        let script = (0..).zip(commands).map(|(number, command)| {
            let now = format!("2026-11-20T{:02}:{:02}:00Z", 9 + number / 60, number % 60);
            format!(
                "export TK_TEST_SEED={number} TK_TEST_NOW={now} \
                 GIT_AUTHOR_DATE={now} GIT_COMMITTER_DATE={now}\n\
                 {command}\nprintf '{MARK}%s{MARK}' $?\n"
            )
        });
        let script: String = script.collect();
        let said = self.shell(&format!("exec 2>&1\n{script}"));
        let mut parts = said.split(MARK);
        let mut outputs = Vec::new();
        for command in commands {
            let (output, code) = (parts.next(), parts.next());
            let output = output.unwrap_or_default().to_owned();
            assert_eq!(code, Some("0"), "`{command}` went wrong:\n{output}");
            outputs.push(output);
        }
        outputs
    }

    fn shell(&self, script: &str) -> String {
        let home = self.home();
        let tk = Path::new(env!("CARGO_BIN_EXE_tk")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh")
            .args(["-c", script])
            .current_dir(&home)
            .env_clear()
            .env("HOME", &home)
            .env("PATH", format!("{}:{path}", tk.display()))
            .envs([
                ("LC_ALL", "C.UTF-8"),
                ("TZ", "UTC"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
            ])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.replace(home.to_str().unwrap(), HOME)
    }
}

//! `tk completions`

use clap::ValueEnum;

use super::{Outcome, Session, complete};
use crate::ops::{Error, ErrorCode};
use crate::wire::CompletionsDocument;

/// Print the script that makes a shell complete tk's commands
///
/// Commands and options complete, and what the project holds: ids with their titles, labels,
/// statuses, types, agents. The script asks `tk` itself, so it need not be made anew when
/// tickets or versions change. The tests try bash, zsh, fish and elvish; the script for PowerShell
/// was only checked for its syntax, and what it asks for is tested.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk completions bash > ~/.tk.bash      # and in ~/.bashrc: source ~/.tk.bash
  tk completions zsh > ~/_tk            # into a folder of $fpath
  tk completions fish > ~/tk.fish       # into ~/.config/fish/completions
  tk completions powershell > ~/tk.ps1  # and in $PROFILE: . ~/tk.ps1
  tk completions elvish > ~/tk.elv      # and in rc.elv: eval (slurp < ~/tk.elv)")]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

impl Shell {
    const fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
            Self::Elvish => "elvish",
        }
    }
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let shell = self.shell.name();
        let script = complete::script(shell).ok_or_else(|| {
            Error::new(ErrorCode::Bug, format!("there is no script for `{shell}`"))
        })?;
        if session.screen.is_json() {
            session.screen.document(&CompletionsDocument {
                schema: "tk.completions.v1",
                shell,
                script,
            })?;
        } else {
            session.screen.text(&script)?;
        }
        Ok(0)
    }
}

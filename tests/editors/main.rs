//! What editors say about tk's files, asked of the language servers that they use.

#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
mod completion;
#[cfg(test)]
mod diagnostics;

#[cfg(test)]
use support::Sandbox;

/// A project that is set up for both servers, as the README says.
#[cfg(test)]
fn project() -> Sandbox {
    let sandbox = Sandbox::initialised();
    let keep = |path: &str, args: &[&str]| sandbox.write(path, &sandbox.tk(args).ok());
    keep(".taplo.toml", &["schema", "--editor"]);
    keep("tombi.toml", &["schema", "--editor=tombi"]);
    for name in ["ticket", "config", "agent", "template"] {
        keep(&format!(".tick-schema/{name}.json"), &["schema", name]);
    }
    sandbox
}

/// The program that a variable names; `.ci/run` installs both.
#[cfg(test)]
fn program(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} does not name a program"))
}

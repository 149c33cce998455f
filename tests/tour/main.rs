//! The README, executed as written.
//!
//! Every line after a `$ ` in the `console` blocks of the sections "A session" and "Tour" is
//! run, a section in one shell and a home of its own, by a newcomer with nothing but git,
//! their name and `tk`. What it prints must be what stands below it. `TK_BLESS=1 cargo test`
//! rewrites what is not.
//!
//! Equal but for what no two runs have in common; see [`mod@same`].

#[cfg(test)]
mod console;
#[cfg(test)]
mod same;
#[cfg(test)]
mod terminal;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use crate::console::{Readme, Step};
    use crate::same::same;
    use crate::terminal::Terminal;

    const SECTIONS: [&str; 2] = ["A session", "Tour"];

    #[test]
    fn the_readme_says_what_happens() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let mut readme = Readme::parse(&fs::read_to_string(&path).unwrap());
        let mut wrong = Vec::new();
        for section in SECTIONS {
            let steps: Vec<&mut Step> = readme.steps(section).collect();
            assert!(!steps.is_empty(), "no commands in the section `{section}`");
            let commands: Vec<&str> = steps.iter().map(|step| step.command.as_str()).collect();
            let said = Terminal::new().run(&commands);
            for (step, said) in steps.into_iter().zip(said) {
                if !same(&step.command, &step.output, &said) {
                    wrong.push(format!(
                        "$ {}\n--- the README says\n{}--- it prints\n{said}",
                        step.command, step.output
                    ));
                    step.output = said;
                }
            }
        }
        if wrong.is_empty() {
            return;
        }
        if std::env::var_os("TK_BLESS").is_some() {
            fs::write(&path, readme.print()).unwrap();
            return;
        }
        panic!(
            "{}\nTK_BLESS=1 cargo test --test tour rewrites README.md",
            wrong.join("\n")
        );
    }
}

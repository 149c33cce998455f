//! The `console` blocks of a Markdown text.

/// A text in which the commands of its `console` blocks and their outputs can be told apart.
pub(crate) struct Readme {
    parts: Vec<Part>,
}

enum Part {
    /// Anything else, line ends included.
    Prose(String),
    Step(Step),
}

/// A command of a block, and what it prints.
pub(crate) struct Step {
    /// The section it is in.
    section: String,
    /// Without the prompts; several lines where the shell asks for more with `> `.
    pub(crate) command: String,
    /// Up to the next prompt or the end of the block.
    pub(crate) output: String,
}

impl Readme {
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let (mut section, mut in_block) = (String::new(), false);
        for line in text.split_inclusive('\n') {
            let bare = line.trim_end_matches('\n');
            if bare == "```console" || (in_block && bare == "```") {
                in_block = !in_block;
                parts.push(Part::Prose(line.to_owned()));
                continue;
            }
            if let (false, Some(title)) = (in_block, bare.strip_prefix("## ")) {
                section = title.to_owned();
            }
            match (in_block, bare.strip_prefix("$ "), parts.last_mut()) {
                (true, Some(command), _) => parts.push(Part::Step(Step {
                    section: section.clone(),
                    command: command.to_owned(),
                    output: String::new(),
                })),
                (true, None, Some(Part::Step(step))) => match bare.strip_prefix("> ") {
                    Some(more) if step.output.is_empty() => {
                        step.command.push('\n');
                        step.command.push_str(more);
                    }
                    _ => step.output.push_str(line),
                },
                _ => parts.push(Part::Prose(line.to_owned())),
            }
        }
        Self { parts }
    }

    pub(crate) fn steps(&mut self, section: &str) -> impl Iterator<Item = &mut Step> {
        self.parts.iter_mut().filter_map(move |part| match part {
            Part::Step(step) if step.section == section => Some(step),
            _ => None,
        })
    }

    pub(crate) fn print(&self) -> String {
        let text = self.parts.iter().map(|part| match part {
            Part::Prose(text) => text.clone(),
            Part::Step(step) => {
                let command = step.command.replace('\n', "\n> ");
                format!("$ {command}\n{}", step.output)
            }
        });
        text.collect()
    }
}

#[test]
fn blocks_are_read_and_printed_as_they_were() {
    let text = "# T\n$ no\n## A\n```console\n$ cat <<E\n> x\n> E\nx\n> y\n$ true\n```\n## B\n\
                ```console\n$ b\n```\n```sh\n$ no\n```\n";
    let mut readme = Readme::parse(text);
    let steps: Vec<_> = readme
        .steps("A")
        .map(|step| (step.command.clone(), step.output.clone()))
        .collect();
    let step = |command: &str, output: &str| (command.to_owned(), output.to_owned());
    assert_eq!(steps, [step("cat <<E\nx\nE", "x\n> y\n"), step("true", "")]);
    assert_eq!(readme.steps("B").count(), 1);
    assert_eq!(readme.print(), text);
}

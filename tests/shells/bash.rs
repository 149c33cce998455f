//! Bash as somebody types at it: what Tab puts on the line, and what Enter then runs.

use crate::completion::{script, with_tk_on_the_path};
use crate::support::Sandbox;

/// Words and files as a stranger may name them.
fn project() -> Sandbox {
    let sandbox = with_tk_on_the_path(Sandbox::initialised());
    sandbox.ticket(
        "abc",
        "title = \"Log in\"\nowner = \"dana@example.com\"\nlabels = [\"api:fast\", \"two words\"]\n",
    );
    for file in [
        "issues;touch PWNED;.json",
        "quote'\"$(touch PWNED)`touch PWNED`.json",
        "new\ntouch PWNED.json",
        "with:break=two.json",
        "~tilde.json",
        "my dir/inner one.json",
        "my dir/outer.json",
        "plain.json",
    ] {
        sandbox.write(file, "[]");
    }
    sandbox
}

/// Types each of the lines, Tab and Enter; what a program gets then, a line for each.
fn typed(sandbox: &Sandbox, setting: &str, lines: &[&str]) -> Vec<String> {
    let (start, answer) = (sandbox.root().join("bashrc"), sandbox.root().join("answer"));
    let text = format!(
        "{setting}\n\
         source {script}\n\
         PS1='ready-\\#'\n\
         bind 'set bell-style none'\n\
         show() {{ local IFS='|'; printf '%s\\n' \"$*\" >> {answer}; }}\n\
         complete -o nospace -o bashdefault -F _clap_complete_tk show\n",
        script = script("tk.bash"),
        answer = answer.display(),
    );
    std::fs::write(&start, text).unwrap();
    std::fs::write(&answer, "").unwrap();
    // A terminal of its own. Each line waits for the prompt that says that the one before is done.
    let text = "zmodload zsh/zpty; file=$1; shift\n\
                zpty inner \"bash --rcfile ${(q)file} -i\"\n\
                number=1\n\
                for line in \"$@\"; do\n\
                    zpty -r -m inner said \"*ready-$number*\"\n\
                    zpty -w inner \"show $line\"$'\\t'\n\
                    number=$((number + 1))\n\
                done\n\
                zpty -r -m inner said \"*ready-$number*\"\n\
                print -r -- done";
    let mut command = sandbox.command("timeout");
    command
        .args(["60", "zsh", "-f", "-c", text, "zsh"])
        .arg(&start);
    command.env("TERM", "dumb").env("HISTFILE", "/dev/null");
    let output = sandbox.run(command.args(lines), None);
    let answer = std::fs::read_to_string(&answer).unwrap();
    assert_eq!(output.stdout, "done\n", "{answer}\n{}", output.stderr);
    answer.lines().map(str::to_owned).collect()
}

#[track_caller]
fn check(sandbox: &Sandbox, setting: &str, expected: &[(&str, &str)]) {
    let lines: Vec<&str> = expected.iter().map(|(line, _)| *line).collect();
    let wanted: Vec<&str> = expected.iter().map(|(_, words)| *words).collect();
    assert_eq!(typed(sandbox, setting, &lines), wanted);
    assert!(!sandbox.path().join("PWNED").exists());
}

#[test]
fn the_name_of_a_file_is_one_word_and_runs_nothing() {
    let sandbox = project();
    let quote = "quote'\"$(touch PWNED)`touch PWNED`.json";
    check(
        &sandbox,
        "",
        &[
            (
                "import github iss",
                "import|github|issues;touch PWNED;.json",
            ),
            (
                "import github ./iss",
                "import|github|./issues;touch PWNED;.json",
            ),
            (
                "import github \"iss",
                "import|github|issues;touch PWNED;.json",
            ),
            (
                "import github 'iss",
                "import|github|issues;touch PWNED;.json",
            ),
            ("import github quo", &format!("import|github|{quote}")),
            ("import github 'quo", &format!("import|github|{quote}")),
            ("import github \"quo", &format!("import|github|{quote}")),
            // A line is what one answer has.
            ("import github new", "import|github|new"),
            ("import github my", "import|github|my dir/"),
            (
                "import github my\\ dir/in",
                "import|github|my dir/inner one.json",
            ),
            (
                "import github \"my dir/in",
                "import|github|my dir/inner one.json",
            ),
            (
                "import github 'my dir'/in",
                "import|github|my dir/inner one.json",
            ),
            ("import github with", "import|github|with:break=two.json"),
            ("import github with:b", "import|github|with:break=two.json"),
            (
                "import github with:break=",
                "import|github|with:break=two.json",
            ),
            (
                "import github with\\:b",
                "import|github|with:break=two.json",
            ),
            ("import github \\~ti", "import|github|~tilde.json"),
            (
                "export --output=my\\ dir/in",
                "export|--output=my dir/inner one.json",
            ),
            ("export -o my\\ dir/in", "export|-o|my dir/inner one.json"),
            ("new --file iss", "new|--file|issues;touch PWNED;.json"),
            ("-C my", "-C|my dir/"),
            (
                "-C my\\ dir import github inn",
                "-C|my dir|import|github|inner one.json",
            ),
        ],
    );
}

#[test]
fn where_bash_quotes_nothing_only_plain_names_are_offered() {
    let sandbox = project();
    // As in versions before 4.
    check(
        &sandbox,
        "enable -n compopt",
        &[
            ("import github iss", "import|github|iss"),
            ("import github my", "import|github|my"),
            ("import github pl", "import|github|plain.json"),
        ],
    );
}

#[test]
fn words_complete_behind_an_equals_sign_and_a_colon() {
    let sandbox = project();
    check(
        &sandbox,
        "",
        &[
            ("list --status=o", "list|--status=open"),
            ("list --type=b", "list|--type=bug"),
            ("list --awaiting=in", "list|--awaiting=input"),
            ("list --query status=o", "list|--query|status=open"),
            (
                "list --query \"type=bug and status=o",
                "list|--query|type=bug and status=open",
            ),
            (
                "list --query 'type=bug and status=o",
                "list|--query|type=bug and status=open",
            ),
            (
                "list --query type=bug\\ and\\ status=o",
                "list|--query|type=bug and status=open",
            ),
            ("list --query=status=o", "list|--query=status=open"),
            ("list -l api:", "list|-l|api:fast"),
            ("list -l=api:f", "list|-l=api:fast"),
            ("list --owner dana@", "list|--owner|dana@example.com"),
            ("list --owner dana@ex", "list|--owner|dana@example.com"),
            // No option is completed by a ticket, nor a label by a part of it.
            ("show --json=", "show|--json="),
            ("list -l two", "list|-l|two"),
            ("show a", "show|abc"),
            ("sh", "show"),
        ],
    );
}

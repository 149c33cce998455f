//! The file that `tk init` writes.

const TEMPLATE: &str = r##"# Configuration of tk. Everything is optional: each line here shows the default, or an
# example where there is none. Take the `#` away from a table's name and from what you change.

#[tickets]
#initial_status = "open"
#default_type = "task"
#types = ["task", "bug", "feature", "chore", "epic"]

# The columns of the board. Naming any replaces them all; at least one of each category.
#[[status]]
#id = "open"
#name = "Open"
#category = "open"
#[[status]]
#id = "in_progress"
#name = "In progress"
#category = "active"
#[[status]]
#id = "closed"
#name = "Closed"
#category = "done"

# Which status may follow which. Without it, each may follow every other.
#[transitions]
#open = ["in_progress", "closed"]
#in_progress = ["open", "closed"]
#closed = ["open"]

#[run]
#agent = "claude"
# Places for workers; by default the width of the graph, at most 4.
#parallel = 4
# When merged work goes to your branch: "end" of the run, every "ticket", or "never".
#land = "end"
# Commands that must pass on every merged tree.
#checks = ["make test"]
# How often a failed check goes back to the worker, and fresh attempts after a crash.
#fix_rounds = 2
#retries = 1
# Silence after which a worker of an agent of kind "claude" counts as stuck (a "command" has only
# `max_time` of its agent); how long a live one waits for an answer.
#stall = "10m"
#live_wait = "5m"
# How long to wait, at first, where a usage limit does not say when it is over.
#limit_wait = "15m"
# Permission requests that no rule settles: "deny", or "ask" a person.
#on_permission = "deny"
# Caps of a run: money, the money of each ticket, tokens, time. By default none.
#max_cost = 20.0
#max_ticket_cost = 5.0
#max_tokens = 50000000
#max_time = "2h"
# The most that all runs of this clone together may cost in a day. By default no limit.
#daily_budget_usd = 100.0
# Under a cap, an agent that has told no cost: "reserve" charges what was put aside for its worker,
# "refuse" does, too, and begins no other of it in the run.
#cost_unknown = "reserve"
# Whether tickets made by agents run without a person's approval.
#trust_agent_tickets = false
# How many tickets are merged and checked together.
#batch = 1
# Where a run's claims are taken: "local" to this clone, or "remote": on the git remote, too,
# which has to allow pushes of refs/tk/*.
#claims = "local"
# How long one check may take.
#check_time = "30m"

#[worktree]
#dir = ".worktrees"
# Commands run once in each new worktree, and how long they may take together.
#setup = ["npm ci"]
#setup_time = "10m"

# What tokens cost, in dollars per million, over the prices that tk knows.
#[prices."some-model"]
#input = 3.0
#output = 15.0
#cache_write = 3.75
#cache_read = 0.3

# A program that is started when somebody is owed an answer, a run ends or a budget is reached,
# with the event as JSON on its input; and what a terminal does then.
#[notify]
#command = ["notify-send", "tk"]
#bell = true
#title = true

# A service as OpenAI's that tells what texts mean, for `tk search`. It is told what tickets say.
#[search]
#embeddings_url = "http://localhost:11434/v1/embeddings"
#embeddings_model = "nomic-embed-text"
#embeddings_key_env = "TK_EMBEDDINGS_KEY"
"##;

/// A configuration file with everything in it commented out.
#[must_use]
pub const fn template() -> &'static str {
    TEMPLATE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use crate::model::Config;

    /// Lines that are settings have no space after the `#`.
    fn setting(line: &str) -> Option<&str> {
        line.strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()))
    }

    #[test]
    fn as_written_it_is_the_default() {
        assert_eq!(parse(template(), "config.toml").unwrap(), Config::default());
    }

    #[test]
    fn uncommented_as_a_whole_it_parses() {
        let text: Vec<&str> = template()
            .lines()
            .map(|line| setting(line).unwrap_or(line))
            .collect();
        parse(&text.join("\n"), "config.toml").unwrap();
    }

    #[test]
    fn every_line_uncommented_alone_under_its_table_parses() {
        let mut table = "";
        let mut seen = 0;
        for line in template().lines().filter_map(setting) {
            if line.starts_with('[') {
                table = line;
            } else if !table.starts_with("[[") && !table.starts_with("[prices") {
                let text = format!("{table}\n{line}\n");
                parse(&text, "config.toml").unwrap_or_else(|error| panic!("{text}: {error}"));
                seen += 1;
            }
        }
        assert!(seen > 25, "{seen}");
    }

    #[test]
    fn shown_defaults_are_the_defaults() {
        let shown: Vec<&str> = template()
            .lines()
            .filter_map(setting)
            .filter(|line| {
                let examples = [
                    "parallel",
                    "checks",
                    "max_",
                    "daily",
                    "setup =",
                    "[prices",
                    "input",
                    "output",
                    "cache_",
                    "command",
                    "[search]",
                    "embeddings",
                    "[transitions]",
                    "open =",
                    "in_progress =",
                    "closed =",
                ];
                !examples.iter().any(|example| line.starts_with(example))
            })
            .collect();
        let text = shown.join("\n");
        assert_eq!(parse(&text, "config.toml").unwrap(), Config::default());
    }
}

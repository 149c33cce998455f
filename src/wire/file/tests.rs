//! The schemas of files and what reads the files are of one mind.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::SchemaEntry;
use crate::config::{self, ConfigError};
use crate::format;
use crate::format::tests::arb_ticket;
use crate::model::{AgentConfig, Config};

fn schema(name: &str) -> Value {
    SchemaEntry::find(name).unwrap().schema()
}

fn validator(name: &str) -> jsonschema::Validator {
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema(name)).unwrap()
}

/// A TOML text as a language server shows it to a schema: times are texts.
fn as_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::Datetime(time) => json!(time.to_string()),
        toml::Value::Array(items) => items.iter().map(as_json).collect(),
        toml::Value::Table(table) => table
            .iter()
            .map(|(key, value)| (key.clone(), as_json(value)))
            .collect(),
        plain => serde_json::to_value(plain).unwrap(),
    }
}

fn file(text: &str) -> Value {
    as_json(&toml::Value::Table(text.parse().unwrap()))
}

fn keys(schema: &Value) -> BTreeSet<String> {
    let properties = schema["properties"].as_object().unwrap();
    properties.keys().cloned().collect()
}

/// The words between backticks or commas of what an error says was expected.
fn words(expected: &str) -> BTreeSet<String> {
    let separators = |c: char| c == '`' || c == ',' || c.is_whitespace();
    let no_words = ["or", "one", "of", ""];
    let words = expected.split(separators);
    let words = words.filter(|word| !no_words.contains(word));
    words.map(str::to_owned).collect()
}

/// The words that a property allows.
fn allowed(property: &Value) -> Option<BTreeSet<String>> {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(listed) = property["enum"].as_array() {
        return listed.iter().map(word).collect();
    }
    let branches = property["oneOf"].as_array()?;
    branches.iter().map(|each| word(&each["const"])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_ticket_that_is_written_is_valid(tickets in prop::collection::vec(arb_ticket(), 8)) {
        let validator = validator("ticket");
        for ticket in tickets {
            let text = format::print(&ticket);
            let json = file(&text);
            let wrong: Vec<String> = validator
                .iter_errors(&json)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            prop_assert!(wrong.is_empty(), "{}\n{text}", wrong.join("\n"));
        }
    }
}

#[test]
fn a_ticket_has_the_keys_that_tk_knows() {
    let known: BTreeSet<String> = format::KEYS.iter().map(|&key| key.to_owned()).collect();
    assert_eq!(keys(&schema("ticket")), known);
}

#[test]
fn the_tables_of_a_ticket_have_the_keys_that_tk_writes() {
    let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..200 {
        let ticket = arb_ticket().new_tree(&mut runner).unwrap().current();
        let json = file(&format::print(&ticket));
        for list in ["acceptance", "subtasks", "notes", "runs"] {
            for table in json[list].as_array().into_iter().flatten() {
                let keys = table.as_object().unwrap().keys().cloned();
                written.entry(list.to_owned()).or_default().extend(keys);
            }
        }
    }
    let schema = schema("ticket");
    for (list, written) in &written {
        let items = &schema["properties"][list]["items"];
        assert_eq!(keys(items), *written, "{list}");
    }
    assert_eq!(written.len(), 4);
}

#[test]
fn what_tk_refuses_in_a_ticket_is_not_valid() {
    let validator = validator("ticket");
    let id = crate::model::TicketId::parse("k7m").unwrap();
    for line in [
        "",
        "title = 3",
        "title = \" \"",
        "title = \"a\\nb\"",
        "title = \"x\"\npriority = 5",
        "title = \"x\"\npriority = \"high\"",
        "title = \"x\"\nlabels = \"a\"",
        "title = \"x\"\nlabels = [\"\"]",
        "title = \"x\"\nblocked_by = [\"../x\"]",
        "title = \"x\"\nparent = \"A B\"",
        "title = \"x\"\nrequires = \"blessing\"",
        "title = \"x\"\nawaiting = \"godot\"",
        "title = \"x\"\nverdict = \"maybe\"",
        "title = \"x\"\nestimate = \"2 hours\"",
        "title = \"x\"\nestimate = 2",
        "title = \"x\"\ndue = \"tomorrow\"",
        "title = \"x\"\ndue = 2026-11-20T08:38:50Z",
        "title = \"x\"\ncreated_at = 2026-11-20",
        "title = \"x\"\n[[acceptance]]\nmet = true",
        "title = \"x\"\n[[subtasks]]\ntitle = \"\"",
        "title = \"x\"\n[[notes]]\ntext = \"a\"\nkind = \"rumour\"",
        "title = \"x\"\n[[runs]]\nattempt = 1",
        "title = \"x\"\n[[runs]]\nrun = \"1\"\ncost_usd = -1",
        "title = \"x\"\nnotes = \"text\"",
    ] {
        assert!(
            format::parse(&id, line, &Config::default()).is_err(),
            "{line}"
        );
        assert!(!validator.is_valid(&file(line)), "{line}");
    }
}

/// The table of the schema at that path, and a text that opens it in a file.
const TABLES: &[(&str, &str)] = &[
    ("", ""),
    ("/properties/tickets", "[tickets]\n"),
    (
        "/properties/status/items",
        "[[status]]\nid = \"open\"\ncategory = \"open\"\n",
    ),
    ("/properties/run", "[run]\n"),
    ("/properties/worktree", "[worktree]\n"),
    (
        "/properties/prices/additionalProperties",
        "[prices.m]\ninput = 1\noutput = 1\n",
    ),
    ("/properties/notify", "[notify]\n"),
    ("/properties/search", "[search]\n"),
];

fn refused_config(text: &str) -> ConfigError {
    config::parse(text, "config.toml").unwrap_err()
}

fn refused_agent(text: &str) -> ConfigError {
    config::parse_agent("a", text, "a.toml").unwrap_err()
}

/// The keys that the reader knows, as it says when it meets one that it does not.
fn known(refused: &ConfigError) -> BTreeSet<String> {
    let hint = refused.hint.as_deref().unwrap();
    words(hint.strip_prefix("known keys: ").unwrap())
}

/// What the reader expects, as it says when a value is of no form at all.
fn expected(refused: &ConfigError) -> String {
    let (_, expected) = refused.message.split_once(": expected ").unwrap();
    expected.to_owned()
}

#[test]
fn the_configuration_has_the_keys_that_tk_knows() {
    let schema = schema("config");
    for (path, opening) in TABLES {
        let refused = refused_config(&format!("{opening}zzzzzz = 1\n"));
        assert_eq!(
            keys(schema.pointer(path).unwrap()),
            known(&refused),
            "{path}"
        );
        assert!(!validator("config").is_valid(&file(&format!("{opening}zzzzzz = 1\n"))));
    }
}

#[test]
fn an_agent_has_the_keys_that_tk_knows() {
    assert_eq!(
        keys(&schema("agent")),
        known(&refused_agent("zzzzzz = 1\n"))
    );
    assert!(!validator("agent").is_valid(&json!({"zzzzzz": 1})));
}

#[test]
fn words_are_those_that_tk_knows() {
    let mut seen = 0;
    let mut check = |property: &Value, key: &str, refused: &dyn Fn(&str) -> ConfigError| {
        if let Some(allowed) = allowed(property) {
            let expected = expected(&refused(&format!("{key} = \"zzzzzz\"\n")));
            assert_eq!(allowed, words(&expected), "{key}");
            seen += 1;
        }
    };
    let config = schema("config");
    for (path, opening) in TABLES {
        for (key, property) in config.pointer(path).unwrap()["properties"]
            .as_object()
            .unwrap()
        {
            // A key of the opening may be there only once.
            let opening: String = opening
                .lines()
                .filter(|line| !line.starts_with(key))
                .map(|line| format!("{line}\n"))
                .collect();
            check(property, key, &|line| {
                refused_config(&format!("{opening}{line}"))
            });
        }
    }
    let agent = schema("agent");
    for (key, property) in agent["properties"].as_object().unwrap() {
        check(property, key, &refused_agent);
    }
    assert_eq!(seen, 8);
}

#[test]
fn defaults_are_the_defaults() {
    let schema = schema("config");
    let mut text = String::new();
    for (path, opening) in TABLES
        .iter()
        .filter(|(_, opening)| opening.starts_with('['))
    {
        let table = schema.pointer(path).unwrap()["properties"]
            .as_object()
            .unwrap();
        let lines: Vec<String> = table
            .iter()
            .filter_map(|(key, property)| Some(format!("{key} = {}\n", property.get("default")?)))
            .collect();
        if !lines.is_empty() {
            text.push_str(&format!("{opening}{}", lines.concat()));
        }
    }
    assert!(text.contains("on_permission"), "{text}");
    assert_eq!(config::parse(&text, "").unwrap(), Config::default());

    let agent = self::schema("agent");
    let lines = agent["properties"].as_object().unwrap().iter();
    let lines = lines.filter_map(|(key, each)| Some(format!("{key} = {}\n", each.get("default")?)));
    let text: String = lines.collect();
    let read = config::parse_agent("claude", &text, "").unwrap();
    assert_eq!(read, AgentConfig::claude(), "{text}");
}

#[test]
fn the_template_is_valid_when_uncommented() {
    let is_setting = |rest: &&str| rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase());
    let lines = config::template().lines();
    let lines = lines.map(|line| line.strip_prefix('#').filter(is_setting).unwrap_or(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    let json = file(&text);
    let validator = validator("config");
    let wrong: Vec<String> = validator
        .iter_errors(&json)
        .map(|e| e.to_string())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn what_tk_refuses_in_an_agent_is_not_valid() {
    let validator = validator("agent");
    for text in [
        "model = 3",
        "model = \"--dangerous\"",
        "kind = \"command\"",
        "command = [\"x\"]",
        "kind = \"command\"\ncommand = [\"x\"]\nmodel = \"m\"",
        "kind = \"command\"\ncommand = []",
        "system = \"../secret\"",
        "system = \"/etc/passwd\"",
        "mcp_servers = [\"a/../../b\"]",
        "max_cost = 0",
        "max_turns = 0",
        "max_time = \"soon\"",
    ] {
        refused_agent(text);
        assert!(!validator.is_valid(&file(text)), "{text}");
    }
    for text in [
        "",
        "kind = \"command\"\ncommand = [\"./agent.sh\", \"\"]",
        "system = \"prompts/reviewer.md\"\nmax_cost = 2.0\nmax_time = \"1h30m\"",
    ] {
        config::parse_agent("a", text, "a.toml").unwrap();
        assert!(validator.is_valid(&file(text)), "{text}");
    }
}

//! Everything that the tests see is as its schema says.
//!
//! Documents are held to more than the schemas promise to others: a key that no schema names
//! is a mistake here, and may be there for a reader of tomorrow's `tk`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use tk::config;
use tk::format;
use tk::model::{Config, TicketId};

/// The validators by the name of their file in `.tick-schema/`.
fn validators() -> &'static BTreeMap<String, Validator> {
    static VALIDATORS: OnceLock<BTreeMap<String, Validator>> = OnceLock::new();
    VALIDATORS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tick-schema");
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
        let compile = |file: fs::DirEntry| {
            let name = file.file_name().into_string().unwrap();
            let text = fs::read_to_string(file.path()).unwrap();
            let mut schema: Value = serde_json::from_str(&text).unwrap();
            if name.ends_with(".v1.json") {
                close(&mut schema);
            }
            let options = jsonschema::options().should_validate_formats(true);
            let validator = options.build(&schema);
            let validator = validator.unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, validator)
        };
        files.map(compile).collect()
    })
}

/// Refuses keys that are not named, wherever keys are.
fn close(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(object) => {
            let combined = object.contains_key("oneOf");
            for (key, value) in object.iter_mut() {
                match key.as_str() {
                    // The branches share the keys beside them.
                    "oneOf" => {}
                    "properties" | "$defs" => {
                        value.as_object_mut().unwrap().values_mut().for_each(close);
                    }
                    _ => close(value),
                }
            }
            if object.contains_key("properties") && !object.contains_key("additionalProperties") {
                let rest = if combined {
                    "unevaluatedProperties"
                } else {
                    "additionalProperties"
                };
                object.insert(rest.to_owned(), Value::Bool(false));
            }
        }
        _ => {}
    }
}

/// What is wrong with the value by the schema of that file; nothing where it is valid.
fn wrong(file: &str, value: &Value) -> Vec<String> {
    let Some(validator) = validators().get(file) else {
        return vec![format!("there is no `.tick-schema/{file}`")];
    };
    let errors = validator.iter_errors(value);
    let shown = errors.map(|error| format!("{}: {error}", error.instance_path()));
    shown.collect()
}

/// Fails the test unless what `tk … --json` said is what its schemas say.
#[track_caller]
pub(crate) fn check_answer(args: &[&OsStr], stdout: &str, stderr: &str) {
    let options = || args.iter().take_while(|arg| **arg != "--");
    let asks = |names: &[&str]| options().any(|arg| names.iter().any(|name| *arg == *name));
    // Help is no document, and a schema is not of its own kind.
    if !asks(&["--json"]) || asks(&["--help", "-h", "--version", "help", "schema"]) {
        return;
    }
    for line in stdout.lines().chain(stderr.lines()) {
        let value: Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("under `--json`, {args:?} said `{line}`: {error}"));
        let named = value["schema"].as_str();
        let file = match named.map(|name| name.strip_prefix("tk.")) {
            Some(Some(name)) => format!("{name}.json"),
            Some(None) => panic!("{args:?} named no schema of tk: {line}"),
            None => "event.v1.json".to_owned(),
        };
        let wrong = wrong(&file, &value);
        assert!(
            wrong.is_empty(),
            "what {args:?} said is not as `.tick-schema/{file}` says:\n{}\n{line}\n\
             (`TK_BLESS=1 cargo test --test generated` after a change of the types)",
            wrong.join("\n")
        );
    }
}

/// Fails the test where a file in the `.ticks` folder is not as its schema says, or is and
/// `tk` refuses it. `meant` says which texts the test has written itself: those may be
/// anything that `tk` refuses.
pub(crate) fn check_files(ticks: &Path, meant: impl Fn(&Path, &str) -> bool) {
    let settings = fs::read_to_string(ticks.join("config.toml")).unwrap_or_default();
    let settings = config::parse(&settings, "").unwrap_or_default();
    for folder in [ticks.to_owned(), ticks.join("agents")] {
        let Ok(files) = fs::read_dir(&folder) else {
            continue;
        };
        for file in files {
            let path = file.unwrap().path();
            let is_regular = path.symlink_metadata().is_ok_and(|meta| meta.is_file());
            let is_toml = path.extension().is_some_and(|ending| ending == "toml");
            // Nobody may ever write to the other end of a pipe.
            if !is_regular || !is_toml {
                continue;
            }
            // What is no text is refused, and has tests of its own.
            if let Ok(text) = fs::read_to_string(&path) {
                check_file(&path, &text, &settings, &meant);
            }
        }
    }
}

fn check_file(path: &Path, text: &str, settings: &Config, meant: &impl Fn(&Path, &str) -> bool) {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let is_agent = path.parent().unwrap().ends_with("agents");
    let (schema, refused) = if is_agent {
        ("agent.json", config::parse_agent(stem, text, "").is_err())
    } else if stem == "config" {
        ("config.json", config::parse(text, "").is_err())
    } else {
        let id = TicketId::parse(stem);
        let refused = id.map_or(true, |id| format::parse(&id, text, settings).is_err());
        ("ticket.json", refused)
    };
    let wrong = match text.parse::<toml::Table>() {
        Ok(table) => wrong(schema, &as_json(&toml::Value::Table(table))),
        Err(error) => vec![error.to_string()],
    };
    let shown = path.display();
    assert!(
        wrong.is_empty() || (refused && meant(path, text)),
        "{shown} is not as `.tick-schema/{schema}` says, and {}:\n{}\n{text}",
        if refused {
            "the test has not written it so with `Sandbox::write`"
        } else {
            "tk takes it"
        },
        wrong.join("\n")
    );
}

/// As a language server shows TOML to a schema: times are texts.
pub(crate) fn as_json(value: &toml::Value) -> Value {
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

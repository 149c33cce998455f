//! The JSON Schemas of everything public: documents, events, and the files people write.
//!
//! Generated from the types, so that they cannot say anything else than the program does.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use super::file::{AgentFile, ConfigFile, TemplateFile, TicketFile};
use super::{
    BlockedDocument, ChangesDocument, ClaimDocument, CompletionsDocument, DeleteDocument,
    DemoDocument, DiffDocument, DoctorDocument, ErrorDocument, Event, ExportDocument,
    GraphDocument, HistoryDocument, ImportDocument, InitDocument, ManDocument, NewDocument,
    PlanDocument, PrimeDocument, PromptDocument, ResolveDocument, RestoreDocument, RetryDocument,
    RunsDocument, SearchDocument, SettingsDocument, StatsDocument, StopDocument, SyncDocument,
    TallyDocument, TicketsDocument, UndoDocument, WarningDocument,
};

/// The schema of one kind of document or file.
#[derive(Clone, Copy, Debug)]
pub struct SchemaEntry {
    /// Its name, such as `list` or `ticket`.
    pub name: &'static str,
    kind: Kind,
    make: fn(SchemaGenerator) -> Schema,
}

/// What a schema is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A document that names its own schema.
    Document,
    /// A line of a stream.
    Line,
    /// A TOML file.
    File,
}

/// `tk schema --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SchemasDocument {
    /// `tk.schema.v1`.
    pub schema: &'static str,
    /// Every schema there is, by name.
    pub schemas: Vec<SchemaRow>,
}

/// One schema of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SchemaRow {
    /// Its name, for `tk schema NAME`.
    pub name: &'static str,
    /// What it describes.
    pub about: String,
    /// The file in `.tick-schema/`.
    pub file: String,
}

const fn document<T: JsonSchema>(name: &'static str) -> SchemaEntry {
    entry::<T>(name, Kind::Document)
}

const fn entry<T: JsonSchema>(name: &'static str, kind: Kind) -> SchemaEntry {
    SchemaEntry {
        name,
        kind,
        make: SchemaGenerator::into_root_schema_for::<T>,
    }
}

/// Every schema, by name. A command with a document of its own adds a line.
pub const SCHEMAS: &[SchemaEntry] = &[
    entry::<AgentFile>("agent", Kind::File),
    document::<ChangesDocument>("answer"),
    document::<ChangesDocument>("approve"),
    document::<ChangesDocument>("ask"),
    document::<ChangesDocument>("block"),
    document::<BlockedDocument>("blocked"),
    document::<ClaimDocument>("claim"),
    document::<ChangesDocument>("close"),
    document::<CompletionsDocument>("completions"),
    entry::<ConfigFile>("config", Kind::File),
    document::<DeleteDocument>("delete"),
    document::<DemoDocument>("demo"),
    document::<DiffDocument>("diff"),
    document::<DoctorDocument>("doctor"),
    document::<ChangesDocument>("edit"),
    document::<ErrorDocument>("error"),
    entry::<Event>("event", Kind::Line),
    document::<ExportDocument>("export"),
    document::<GraphDocument>("graph"),
    document::<HistoryDocument>("history"),
    document::<ImportDocument>("import"),
    document::<InitDocument>("init"),
    document::<TicketsDocument>("list"),
    document::<ManDocument>("man"),
    document::<NewDocument>("new"),
    document::<TicketsDocument>("next"),
    document::<ChangesDocument>("note"),
    document::<PlanDocument>("plan"),
    document::<PrimeDocument>("prime"),
    document::<PromptDocument>("prompt"),
    document::<TicketsDocument>("ready"),
    document::<ChangesDocument>("reject"),
    document::<ChangesDocument>("release"),
    document::<ChangesDocument>("reopen"),
    document::<ResolveDocument>("resolve"),
    document::<RestoreDocument>("restore"),
    document::<RetryDocument>("retry"),
    document::<RunsDocument>("runs"),
    document::<SchemasDocument>("schema"),
    document::<SearchDocument>("search"),
    document::<SettingsDocument>("settings"),
    document::<TicketsDocument>("show"),
    document::<StatsDocument>("stats"),
    document::<StopDocument>("stop"),
    document::<SyncDocument>("sync"),
    document::<TallyDocument>("tally"),
    entry::<TemplateFile>("template", Kind::File),
    entry::<TicketFile>("ticket", Kind::File),
    document::<ChangesDocument>("unblock"),
    document::<UndoDocument>("undo"),
    document::<ChangesDocument>("update"),
    document::<WarningDocument>("warning"),
];

impl SchemaEntry {
    /// The schema of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        SCHEMAS.iter().find(|entry| entry.name == name)
    }

    /// The file in `.tick-schema/`: files of people have no version, as they name none.
    #[must_use]
    pub fn file(&self) -> String {
        match self.kind {
            Kind::File => format!("{}.json", self.name),
            Kind::Document | Kind::Line => format!("{}.v1.json", self.name),
        }
    }

    /// What it describes, on one line.
    #[must_use]
    pub fn about(&self) -> String {
        match self.kind {
            Kind::File => format!("`{}`", self.path()),
            Kind::Line => "a line of `tk run --json` and `tk log --json`".to_owned(),
            Kind::Document if self.name == "error" => "an error, under `--json`".to_owned(),
            Kind::Document if self.name == "warning" => "a warning, under `--json`".to_owned(),
            Kind::Document if self.name == "settings" => "`tk config --json`".to_owned(),
            Kind::Document if self.name == "stats" => "`tk stats --runs --json`".to_owned(),
            Kind::Document if self.name == "tally" => "`tk stats --json`".to_owned(),
            Kind::Document if self.name == "plan" => "`tk run --plan --json`".to_owned(),
            Kind::Document => format!("`tk {} --json`", self.name),
        }
    }

    /// The schema itself.
    #[must_use]
    pub fn schema(&self) -> Value {
        let settings = SchemaSettings::draft2020_12();
        let settings = match self.kind {
            Kind::File => settings
                .with(|settings| settings.inline_subschemas = true)
                .with_transform(RecursiveTransform(with_plain_words)),
            Kind::Document | Kind::Line => settings.for_serialize(),
        };
        let settings = settings.with_transform(RecursiveTransform(without_rust_formats));
        let mut schema = (self.make)(settings.into_generator()).to_value();
        let title = match self.kind {
            Kind::File => self.path().to_owned(),
            Kind::Document | Kind::Line => format!("tk.{}.v1", self.name),
        };
        if self.kind == Kind::Document {
            schema["properties"]["schema"] = json!({
                "description": "The name and version of this schema.",
                "const": title,
            });
        }
        schema["title"] = Value::from(title);
        headed(schema)
    }

    /// The files that a file's schema is of.
    fn path(&self) -> &'static str {
        match self.name {
            "config" => ".ticks/config.toml",
            "agent" => ".ticks/agents/<name>.toml",
            "template" => ".ticks/templates/<name>.toml",
            _ => ".ticks/<id>.toml",
        }
    }

    /// The schema's text, as it is in `.tick-schema/`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:#}\n", self.schema())
    }
}

/// Takes away formats such as `uint32`, which are facts about this program: the bounds are
/// there as numbers.
fn without_rust_formats(schema: &mut Schema) {
    let format = schema.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| format.starts_with("uint") || format == "double") {
        schema.remove("format");
    }
}

/// One list where a value is one of some words, whatever types it was composed of: language
/// servers say once what is wrong with it, and complete it whole.
fn with_plain_words(schema: &mut Schema) {
    let Some(words) = words(schema.as_value()).filter(|_| schema.get("enum").is_none()) else {
        return;
    };
    if ["anyOf", "oneOf"].map(|key| schema.remove(key)) == [None, None] {
        return;
    }
    let (words, about): (Vec<Value>, Vec<Value>) = words.into_iter().unzip();
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), Value::from(words));
    schema.insert("x-taplo".to_owned(), json!({"docs": {"enumValues": about}}));
}

/// The words that are all a schema allows, each with what it means.
fn words(schema: &Value) -> Option<Vec<(Value, Value)>> {
    let about = schema.get("description").unwrap_or(&Value::Null);
    if let Some(word) = schema.get("const").filter(|word| word.is_string()) {
        return Some(vec![(word.clone(), about.clone())]);
    }
    if let Some(listed) = schema.get("enum").and_then(Value::as_array) {
        let word = |word: &Value| word.is_string().then(|| (word.clone(), Value::Null));
        return listed.iter().map(word).collect();
    }
    let branches = ["anyOf", "oneOf"].map(|key| schema.get(key).and_then(Value::as_array));
    let branches = branches.into_iter().flatten().flatten();
    let found: Vec<_> = branches.map(words).collect::<Option<_>>()?;
    Some(found.concat()).filter(|found| !found.is_empty())
}

/// What a reader looks for first, first.
fn headed(mut schema: Value) -> Value {
    let mut sorted = serde_json::Map::new();
    for key in ["$schema", "title", "description"] {
        if let Some(value) = schema.as_object_mut().and_then(|all| all.shift_remove(key)) {
            sorted.insert(key.to_owned(), value);
        }
    }
    if let Value::Object(rest) = schema {
        sorted.extend(rest);
    }
    Value::Object(sorted)
}

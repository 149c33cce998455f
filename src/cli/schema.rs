//! `tk schema`

use clap::ValueEnum;

use super::{Outcome, Session};
use crate::ops::{Error, ErrorCode};
use crate::wire::{SCHEMAS, SchemaEntry, SchemaRow, SchemasDocument};

/// What `.taplo.toml` says so that an editor checks and completes tk's files.
const TAPLO: &str = include_str!("schema/taplo.toml");

/// What `tombi.toml` says to the same end.
const TOMBI: &str = include_str!("schema/tombi.toml");

/// Print the JSON Schema of a document or file
///
/// Every document of `--json` names its schema: `tk.list.v1` is `tk schema list`. The files
/// in `.ticks/` have one too: `ticket`, `config`, `agent`, `template`. Without a name, lists them
/// all.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tk schema               # every schema there is
  tk schema list          # what `tk list --json` prints
  tk schema ticket        # what a ticket's file may hold
  tk schema --editor      # what to put into .taplo.toml, so that editors complete tickets
  tk schema --editor=tombi > tombi.toml")]
pub(super) struct Args {
    /// Its name, as `list`, `tk.list.v1` or `ticket`
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Print the configuration of a TOML language server: taplo (also Even Better TOML), or tombi
    #[arg(
        long,
        value_name = "SERVER",
        conflicts_with = "name",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "taplo"
    )]
    editor: Option<Server>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Server {
    Taplo,
    Tombi,
}

impl Server {
    const fn settings(self) -> &'static str {
        match self {
            Self::Taplo => TAPLO,
            Self::Tombi => TOMBI,
        }
    }
}

impl Args {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let screen = &session.screen;
        if let Some(server) = self.editor {
            screen.text(server.settings())?;
        } else if let Some(name) = &self.name {
            screen.text(&find(name)?.text())?;
        } else if screen.is_json() {
            screen.document(&SchemasDocument {
                schema: "tk.schema.v1",
                schemas: SCHEMAS.iter().map(row).collect(),
            })?;
        } else {
            let lines = SCHEMAS.iter().map(|entry| {
                let (name, about) = (entry.name, entry.about());
                format!("{name:<12} {about}\n")
            });
            screen.text(&lines.collect::<String>())?;
        }
        Ok(0)
    }
}

fn row(entry: &SchemaEntry) -> SchemaRow {
    SchemaRow {
        name: entry.name,
        about: entry.about(),
        file: entry.file(),
    }
}

/// The schema by its name, with or without what surrounds it in documents and file names.
fn find(given: &str) -> Result<&'static SchemaEntry, Error> {
    let name = given.trim();
    let name = name.strip_suffix(".json").unwrap_or(name);
    let name = name.strip_suffix(".v1").unwrap_or(name);
    let name = name.strip_prefix("tk.").unwrap_or(name);
    SchemaEntry::find(name).ok_or_else(|| {
        let shown: String = given
            .chars()
            .take(60)
            .flat_map(char::escape_debug)
            .collect();
        let message = format!("there is no schema `{shown}`");
        let near = SCHEMAS
            .iter()
            .map(|entry| (strsim::jaro_winkler(name, entry.name), entry.name))
            .filter(|(likeness, _)| *likeness > 0.75)
            .max_by(|(a, _), (b, _)| a.total_cmp(b));
        let error = Error::new(ErrorCode::InvalidArgument, message);
        match near {
            Some((_, near)) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`tk schema` lists them"),
        }
    })
}

//! The configuration as it is, and where each value comes from.

use serde_json::{Map, Value, json};

use super::values::{invalid, printable, suggest};
use super::{Project, Result};
use crate::config::origins;
use crate::model::{Config, LandMode, OnPermission, StatusDef};
use crate::wire::{Origin, Setting};

/// The settings, in the order of the file that `tk init` writes; with a key, that one, or
/// those of the table of that name.
///
/// # Errors
/// When there is no such key, or the file cannot be read.
pub fn settings(project: &Project, key: Option<&str>) -> Result<Vec<Setting>> {
    let text = project.store.part("config.toml")?.unwrap_or_default();
    let lines = origins(&text);
    let all = values(&project.config).into_iter().map(|(key, value)| {
        let line = lines.get(&key).copied();
        let path = line.map(|_| project.store.shown("config.toml"));
        let origin = match line {
            Some(_) => Origin::File,
            None => Origin::Default,
        };
        Setting {
            key,
            value,
            origin,
            path,
            line,
        }
    });
    let all: Vec<Setting> = all.collect();
    let Some(given) = key.map(str::trim) else {
        return Ok(all);
    };
    let below = format!("{given}.");
    let fits = |setting: &&Setting| setting.key == given || setting.key.starts_with(&below);
    let found: Vec<Setting> = all.iter().filter(fits).cloned().collect();
    if found.is_empty() {
        let error = invalid(format!("there is no setting `{}`", printable(given)));
        let keys = all.iter().map(|setting| setting.key.as_str());
        return Err(suggest(error, given, keys).hint("`tk config` lists them"));
    }
    Ok(found)
}

/// Every key with its value.
fn values(config: &Config) -> Vec<(String, Value)> {
    let statuses = &config.statuses;
    let run = &config.run;
    let text = |value: Option<String>| value.map_or(Value::Null, Value::String);
    let money = |value: Option<crate::model::Usd>| {
        value.map_or(Value::Null, |amount| json!(amount.dollars()))
    };
    let mut all = vec![
        ("tickets.initial_status", json!(statuses.initial().as_str())),
        ("tickets.default_type", json!(config.default_type)),
        ("tickets.types", json!(config.types)),
        ("status", statuses.all().iter().map(status).collect()),
        ("transitions", transitions(config)),
        ("run.agent", json!(run.agent)),
        ("run.parallel", json!(run.parallel)),
        ("run.land", json!(land(run.land))),
        ("run.checks", json!(run.checks)),
        ("run.check_time", json!(run.check_time.to_string())),
        ("run.fix_rounds", json!(run.fix_rounds)),
        ("run.retries", json!(run.retries)),
        ("run.stall", json!(run.stall.to_string())),
        ("run.live_wait", json!(run.live_wait.to_string())),
        ("run.limit_wait", json!(run.limit_wait.to_string())),
        ("run.on_permission", json!(permission(run.on_permission))),
        ("run.max_cost", money(run.max_cost)),
        ("run.max_ticket_cost", money(run.max_ticket_cost)),
        ("run.max_tokens", json!(run.max_tokens)),
        (
            "run.max_time",
            text(run.max_time.map(|span| span.to_string())),
        ),
        ("run.daily_budget_usd", money(run.daily_budget)),
        (
            "run.cost_unknown",
            json!(word(run.cost_unknown_reserve, "reserve", "refuse")),
        ),
        ("run.trust_agent_tickets", json!(run.trust_agent_tickets)),
        ("run.batch", json!(run.batch)),
        (
            "run.claims",
            json!(word(run.remote_claims, "remote", "local")),
        ),
        ("worktree.dir", json!(config.worktree.dir)),
        ("worktree.setup", json!(config.worktree.setup)),
        (
            "worktree.setup_time",
            json!(config.worktree.setup_time.to_string()),
        ),
        ("notify.command", json!(config.notify.command)),
        ("notify.bell", json!(config.notify.bell)),
        ("notify.title", json!(config.notify.title)),
        (
            "search.embeddings_url",
            text(config.search.embeddings_url.clone()),
        ),
        (
            "search.embeddings_model",
            json!(config.search.embeddings_model),
        ),
        (
            "search.embeddings_key_env",
            text(config.search.embeddings_key_env.clone()),
        ),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect::<Vec<_>>();
    all.extend(config.prices.iter().map(|(model, price)| {
        let price = json!({
            "input": price.input,
            "output": price.output,
            "cache_write": price.cache_write,
            "cache_read": price.cache_read,
        });
        (format!("prices.{model}"), price)
    }));
    all
}

fn status(def: &StatusDef) -> Value {
    json!({
        "id": def.id.as_str(),
        "name": def.name,
        "category": def.category.as_str(),
    })
}

/// What may follow each status.
fn transitions(config: &Config) -> Value {
    let statuses = &config.statuses;
    let row = |def: &StatusDef| {
        let next = statuses.next(&def.id);
        let next = next.iter().map(|to| Value::from(to.as_str()));
        (def.id.to_string(), next.collect())
    };
    Value::Object(statuses.all().iter().map(row).collect::<Map<_, _>>())
}

const fn word(set: bool, yes: &'static str, no: &'static str) -> &'static str {
    if set { yes } else { no }
}

const fn land(mode: LandMode) -> &'static str {
    match mode {
        LandMode::End => "end",
        LandMode::Ticket => "ticket",
        LandMode::Never => "never",
    }
}

const fn permission(mode: OnPermission) -> &'static str {
    match mode {
        OnPermission::Deny => "deny",
        OnPermission::Ask => "ask",
    }
}

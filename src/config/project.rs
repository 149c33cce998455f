//! `.ticks/config.toml`.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use toml::de::DeValue;

use super::ConfigError;
use super::reader::{Section, Source, float, money, number, spelt, text, texts};
use super::statuses;
use crate::model::{
    Category, Config, LandMode, NotifyConfig, OnPermission, Price, RunConfig, Span, StatusId,
    WorktreeConfig, escaped,
};

/// The most places a run may have.
const MOST_PLACES: u64 = 256;

const A_SPAN: &str = "a length of time such as `\"10m\"`";
const A_LIST: &str = "a list of texts such as `[\"make test\"]`";

/// The configuration that `text` spells; what it leaves out has its default.
///
/// # Errors
/// When the text is not TOML, has a key that is not known, or a value that cannot be.
pub fn parse(text: &str, path: &str) -> Result<Config, ConfigError> {
    let source = Source { path, text };
    let table = source.parse()?;
    let mut top = Section::new(source, "", table.span(), table.get_ref());
    let mut config = Config::default();
    let mut initial = None;
    if let Some(mut section) = top.table("tickets")? {
        initial = tickets(&mut section, &mut config)?;
        check_initial(&section, initial.as_ref(), &mut top)?;
        section.finish()?;
    }
    config.statuses = statuses::read(&mut top, initial)?;
    if let Some(mut section) = top.table("run")? {
        run(&mut section, &mut config.run)?;
        section.finish()?;
    }
    if let Some(mut section) = top.table("worktree")? {
        worktree(&mut section, &mut config.worktree)?;
        section.finish()?;
    }
    if let Some(section) = top.table("prices")? {
        config.prices = prices(&section)?;
    }
    if let Some(mut section) = top.table("notify")? {
        notify(&mut section, &mut config.notify)?;
        section.finish()?;
    }
    if let Some(mut section) = top.table("search")? {
        let search = &mut config.search;
        let url = section.get("embeddings_url", "an `http` address", super::reader::text)?;
        if url.is_some_and(|url| names_a_user(&url)) {
            // A password is not repeated.
            let message = "`search.embeddings_url` has a user or password in it, which is printed \
                           and committed: take it out, and let `embeddings_key_env` name a \
                           variable that holds a key";
            return Err(section.error("embeddings_url", message.to_owned()));
        }
        search.embeddings_url = section.get("embeddings_url", "an `http` address", address)?;
        if let Some(model) = section.get(
            "embeddings_model",
            "the name of a model",
            super::reader::text,
        )? {
            search.embeddings_model = model;
        }
        let expected = "the name of a variable that begins with `TK_`";
        search.embeddings_key_env = section.get("embeddings_key_env", expected, key_variable)?;
        section.finish()?;
    }
    top.finish()?;
    Ok(config)
}

fn tickets(
    section: &mut Section<'_, '_>,
    config: &mut Config,
) -> Result<Option<StatusId>, ConfigError> {
    let initial = section.get("initial_status", "the id of a status", text)?;
    let expected = "a list of different words of a-z, 0-9, `_` and `-`, in lower case, such as `[\"task\", \"epic\"]`";
    if let Some(types) = section.get("types", expected, words)? {
        config.types = types;
    }
    match section.get("default_type", "one of the types", text)? {
        Some(kind) => config.default_type = kind,
        None if !config.types.contains(&config.default_type) => {
            config.default_type.clone_from(&config.types[0]);
        }
        None => {}
    }
    if !config.types.contains(&config.default_type) {
        let message = format!(
            "`tickets.default_type` is `{}`: expected one of {}",
            escaped(&config.default_type, 60),
            config.types.join(", ")
        );
        return Err(section.error("default_type", message));
    }
    Ok(initial.map(|word| StatusId::new(&word)))
}

/// The status of new tickets must be one of the configured, and nothing that is begun.
fn check_initial(
    section: &Section<'_, '_>,
    initial: Option<&StatusId>,
    top: &mut Section<'_, '_>,
) -> Result<(), ConfigError> {
    let Some(initial) = initial else {
        return Ok(());
    };
    let statuses = statuses::read(top, None)?;
    if statuses.get(initial).map(|def| def.category) == Some(Category::Open) {
        return Ok(());
    }
    let open: Vec<&str> = statuses
        .all()
        .iter()
        .filter(|def| def.category == Category::Open)
        .map(|def| def.id.as_str())
        .collect();
    let message = format!(
        "`tickets.initial_status` is `{}`: expected a status of category `open`, such as {}",
        escaped(initial.as_str(), 60),
        open.join(", ")
    );
    Err(section.error("initial_status", message))
}

fn run(section: &mut Section<'_, '_>, run: &mut RunConfig) -> Result<(), ConfigError> {
    let count = |least: u64, most: u64| {
        move |value: &DeValue<'_>| number(value).filter(|n| (least..=most).contains(n))
    };
    if let Some(agent) = section.get("agent", "the name of an agent", text)? {
        run.agent = agent;
    }
    let expected = format!("a number from 1 to {MOST_PLACES}");
    let parallel = section.get("parallel", &expected, count(1, MOST_PLACES))?;
    run.parallel = parallel.and_then(|n| usize::try_from(n).ok());
    set(
        &mut run.land,
        section.get("land", "`end`, `ticket` or `never`", land)?,
    );
    set(&mut run.checks, section.get("checks", A_LIST, texts)?);
    let small = |value: &DeValue<'_>| count(0, 100)(value).and_then(|n| u32::try_from(n).ok());
    set(
        &mut run.fix_rounds,
        section.get("fix_rounds", "a number from 0 to 100", small)?,
    );
    set(
        &mut run.retries,
        section.get("retries", "a number from 0 to 100", small)?,
    );
    set(&mut run.stall, section.get("stall", A_SPAN, spelt)?);
    set(&mut run.live_wait, section.get("live_wait", A_SPAN, spelt)?);
    let limit_wait = section.get("limit_wait", A_SPAN, spelt)?;
    set(&mut run.limit_wait, limit_wait);
    set(
        &mut run.on_permission,
        section.get("on_permission", "`deny` or `ask`", on_permission)?,
    );
    let dollars = "an amount in dollars such as `20.0`";
    run.max_cost = section.get("max_cost", dollars, money)?;
    run.max_ticket_cost = section.get("max_ticket_cost", dollars, money)?;
    run.max_tokens = section.get("max_tokens", "a whole number above 0", count(1, u64::MAX))?;
    run.max_time = section.get("max_time", A_SPAN, spelt)?;
    run.daily_budget = section.get("daily_budget_usd", dollars, money)?;
    set(
        &mut run.cost_unknown_reserve,
        section.get("cost_unknown", "`refuse` or `reserve`", |value| {
            one_of(value, [("refuse", false), ("reserve", true)])
        })?,
    );
    set(
        &mut run.trust_agent_tickets,
        section.get("trust_agent_tickets", "`true` or `false`", DeValue::as_bool)?,
    );
    let batch = section.get("batch", "a number from 1 to 256", count(1, 256))?;
    set(&mut run.batch, batch.and_then(|n| usize::try_from(n).ok()));
    set(
        &mut run.remote_claims,
        section.get("claims", "`local` or `remote`", |value| {
            one_of(value, [("local", false), ("remote", true)])
        })?,
    );
    set(
        &mut run.check_time,
        section.get("check_time", A_SPAN, some_time)?,
    );
    Ok(())
}

fn worktree(section: &mut Section<'_, '_>, to: &mut WorktreeConfig) -> Result<(), ConfigError> {
    let expected = "a folder inside the working tree, such as `\".worktrees\"`";
    set(&mut to.dir, section.get("dir", expected, inner_folder)?);
    set(&mut to.setup, section.get("setup", A_LIST, texts)?);
    set(
        &mut to.setup_time,
        section.get("setup_time", A_SPAN, some_time)?,
    );
    Ok(())
}

fn notify(section: &mut Section<'_, '_>, to: &mut NotifyConfig) -> Result<(), ConfigError> {
    let expected = "a program and its arguments, such as `[\"notify-send\", \"tk\"]`";
    set(&mut to.command, section.get("command", expected, texts)?);
    let yes_or_no = "`true` or `false`";
    set(
        &mut to.bell,
        section.get("bell", yes_or_no, DeValue::as_bool)?,
    );
    set(
        &mut to.title,
        section.get("title", yes_or_no, DeValue::as_bool)?,
    );
    Ok(())
}

fn prices(section: &Section<'_, '_>) -> Result<BTreeMap<String, Price>, ConfigError> {
    let mut prices = BTreeMap::new();
    for (model, _, value) in section.entries() {
        let mut entry = section.entry(model, value)?;
        let expected = "dollars per million tokens, such as `3.0`";
        let price = |value: &DeValue<'_>| float(value).filter(|n| (0.0..=1e6).contains(n));
        let input = entry.need("input", expected, price)?;
        let output = entry.need("output", expected, price)?;
        let cache_write = entry.get("cache_write", expected, price)?;
        let cache_read = entry.get("cache_read", expected, price)?;
        entry.finish()?;
        let price = Price {
            input,
            output,
            cache_write: cache_write.unwrap_or(input),
            cache_read: cache_read.unwrap_or(input),
        };
        prices.insert(model.to_owned(), price);
    }
    Ok(prices)
}

fn set<T>(to: &mut T, found: Option<T>) {
    if let Some(found) = found {
        *to = found;
    }
}

fn one_of<T: Copy, const N: usize>(value: &DeValue<'_>, words: [(&str, T); N]) -> Option<T> {
    let given = value.as_str()?;
    words
        .iter()
        .find(|(word, _)| *word == given)
        .map(|(_, meaning)| *meaning)
}

fn land(value: &DeValue<'_>) -> Option<LandMode> {
    one_of(
        value,
        [
            ("end", LandMode::End),
            ("ticket", LandMode::Ticket),
            ("never", LandMode::Never),
        ],
    )
}

fn on_permission(value: &DeValue<'_>) -> Option<OnPermission> {
    one_of(
        value,
        [("deny", OnPermission::Deny), ("ask", OnPermission::Ask)],
    )
}

fn some_time(value: &DeValue<'_>) -> Option<Span> {
    spelt(value).filter(|span: &Span| span.seconds() > 0)
}

fn words(value: &DeValue<'_>) -> Option<Vec<String>> {
    let words = texts(value)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let fine = !words.is_empty() && words.iter().all(|word| word.chars().all(fits));
    let mut seen = std::collections::BTreeSet::new();
    (fine && words.iter().all(|word| seen.insert(word.clone()))).then_some(words)
}

fn address(value: &DeValue<'_>) -> Option<String> {
    text(value).filter(|url| url.starts_with("http://") || url.starts_with("https://"))
}

/// Whether an address has something before its host, as in `https://user:password@host/`.
fn names_a_user(url: &str) -> bool {
    let behind = url.split_once("//").map_or(url, |(_, behind)| behind);
    let host = behind.split(['/', '?', '#']).next();
    host.is_some_and(|host| host.contains('@'))
}

/// A configuration that comes with a repository must not be able to name any variable there is,
/// and have it sent to an address of its own.
fn key_variable(value: &DeValue<'_>) -> Option<String> {
    let fine = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
    text(value).filter(|name| name.starts_with("TK_") && name.bytes().all(fine))
}

fn inner_folder(value: &DeValue<'_>) -> Option<String> {
    let folder = text(value)?;
    let inside = Path::new(&folder)
        .components()
        .all(|part| matches!(part, Component::Normal(name) if name != ".git" && name != ".ticks"));
    inside.then_some(folder)
}

#[cfg(test)]
mod tests;

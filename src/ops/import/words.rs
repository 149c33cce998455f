//! What statuses and types of another tracker are here.

use crate::model::{Category, Config, StatusId};
use crate::port::{Imported, Standing};
use crate::wire::{Misfit, MisfitKind};

/// Types that are called otherwise elsewhere.
const TYPES: &[(&str, &str)] = &[
    ("enhancement", "feature"),
    ("story", "feature"),
    ("defect", "bug"),
    ("workstream", "epic"),
    ("molecule", "epic"),
];

/// Gives the ticket its status and type. What is not configured here is kept as it was.
pub(super) fn settle(config: &Config, from: &mut Imported) {
    from.ticket.kind = kind(config, from);
    from.ticket.status = status(config, from);
    // What is open has no end; only what was reopened there still says so.
    if !from.own
        && !config.statuses.is_done(&from.ticket.status)
        && let Some(at) = from.ticket.closed_at.take()
    {
        keep(from, "closed_at", &at.to_string());
    }
}

fn status(config: &Config, from: &mut Imported) -> StatusId {
    let initial = config.statuses.initial().clone();
    let Some(Standing { word, category }) = from.status.take() else {
        return initial;
    };
    let id = StatusId::new(&word);
    if config.statuses.get(&id).is_some() {
        return id;
    }
    keep(from, "status", &word);
    let known = category.and_then(|category| match category {
        Category::Open => Some(initial.clone()),
        other => config.statuses.first(other).cloned(),
    });
    // Of a word that nobody knows, that there is an end of it says what it means.
    let told = match from.ticket.closed_at {
        Some(_) => config.statuses.first(Category::Done).cloned(),
        None => None,
    };
    let status = known.clone().or(told).unwrap_or(initial);
    if known.is_none() {
        let word = super::super::values::printable(&word);
        let message = format!("the status `{word}` is `{status}` here");
        let kind = MisfitKind::Status;
        from.misfits.push(Misfit { kind, message });
    }
    status
}

fn kind(config: &Config, from: &mut Imported) -> String {
    let Some(word) = from.kind.take() else {
        return config.default_type.clone();
    };
    let lower = word.trim().to_lowercase();
    let named = |name: &str| config.types.iter().find(|kind| *kind == name).cloned();
    if let Some(kind) = named(&word).or_else(|| named(&lower)) {
        return kind;
    }
    keep(from, "type", &word);
    let other = TYPES.iter().find(|(name, _)| *name == lower);
    if let Some(kind) = other.and_then(|(_, kind)| named(kind)) {
        return kind;
    }
    let kind = config.default_type.clone();
    let word = super::super::values::printable(&word);
    let message = format!("the type `{word}` is `{kind}` here");
    let what = MisfitKind::Type;
    from.misfits.push(Misfit {
        kind: what,
        message,
    });
    kind
}

/// Keeps the word as it was there.
fn keep(from: &mut Imported, key: &str, word: &str) {
    let kept = crate::format::Kept::Text(word.to_owned());
    if !from.kept.iter().any(|(name, _)| name == key) {
        from.kept.push((key.to_owned(), kept));
    }
}

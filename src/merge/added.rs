//! The comments and unknown keys that the sides of a merge added.

use crate::format::extras;
use crate::model::Ticket;

use super::three_way::Sides;

/// The comments and unknown keys that each side added or changed.
pub(super) struct Added {
    was: Vec<String>,
    pub(super) ours: Vec<String>,
    pub(super) theirs: Vec<String>,
    /// Those of the base that neither side changed or removed.
    pub(super) kept: Vec<String>,
}

impl Added {
    pub(super) fn of(sides: &Sides<'_>) -> Self {
        let base = sides.base.text.map(|text| (text, sides.base.ticket));
        let was = base.map(extras_of).unwrap_or_default();
        let (ours, theirs) = (extras_of(sides.ours), extras_of(sides.theirs));
        let gone = |side: &[String]| without(was.clone(), side);
        Self {
            kept: without(without(was.clone(), &gone(&ours)), &gone(&theirs)),
            ours: without(ours, &was),
            theirs: without(theirs, &was),
            was,
        }
    }

    /// Whether the sides only added some, and none of one name.
    pub(super) fn is_all(&self) -> bool {
        self.kept.len() == self.was.len() && self.contested().is_empty()
    }

    /// Those of the base and of both sides, equal ones once.
    pub(super) fn there(&self) -> Vec<String> {
        [self.was.clone(), self.all()].concat()
    }

    /// The text without a comment that it has more often than the sides, if it has those that neither
    /// side changed, and none that nobody has.
    pub(super) fn fitted(&self, mut text: String, ticket: &Ticket) -> Option<String> {
        let surplus = |text: &str| without(extras_of((text, ticket)), &self.there());
        for extra in surplus(&text) {
            let lines = text.split_inclusive('\n').rev();
            let (mut end, mut found) = (text.len(), None);
            for line in lines {
                let start = end - line.len();
                if line.trim() == extra {
                    found = Some(start..end);
                    break;
                }
                end = start;
            }
            text.replace_range(found?, "");
        }
        let has_kept = without(self.kept.clone(), &extras_of((&text, ticket))).is_empty();
        (has_kept && surplus(&text).is_empty()).then_some(text)
    }

    /// Those that are in none of these texts.
    pub(super) fn lost(&self, texts: [(&String, &Ticket); 2]) -> Vec<String> {
        let all = self.all();
        if all.is_empty() {
            return all;
        }
        let there = texts.map(|(text, ticket)| extras_of((text, ticket)));
        without(all, &there.concat())
    }

    /// Those of both sides, equal ones once.
    pub(super) fn all(&self) -> Vec<String> {
        let only_theirs = without(self.theirs.clone(), &self.ours);
        [self.ours.clone(), only_theirs].concat()
    }

    /// The unknown keys to which the sides gave different values.
    pub(super) fn contested(&self) -> Vec<String> {
        let differs = |mine: &&String| {
            let mut others = self.theirs.iter().filter(|other| name(other) == name(mine));
            name(mine) != COMMENTS && others.any(|other| other != *mine)
        };
        let names = self.ours.iter().filter(differs).map(|extra| name(extra));
        names.map(str::to_owned).collect()
    }
}

/// What comments are called among the keys that conflict.
pub(super) const COMMENTS: &str = "comments";

/// A file's comments and unknown keys.
pub(super) fn extras_of((text, ticket): (&str, &Ticket)) -> Vec<String> {
    // Only texts that were read as tickets come here, so there is no error to be told.
    extras(text, ticket).unwrap_or_default()
}

/// The items less those of the other list, each as often as it stands there.
pub(super) fn without(mut items: Vec<String>, others: &[String]) -> Vec<String> {
    for other in others {
        if let Some(index) = items.iter().position(|item| item == other) {
            items.remove(index);
        }
    }
    items
}

/// What a comment or unknown key is called in a conflict.
pub(super) fn name(extra: &str) -> &str {
    if extra.starts_with('#') {
        COMMENTS
    } else {
        extra.split_once(" = ").map_or(extra, |(path, _)| path)
    }
}

//! The one order of the entries of sets that the texts of a merge are to have. A text in which they
//! stand in another has them twice where it is merged by lines.

use crate::format::{Order, orders};

use super::list::{order_against, slots};

/// The order of each set that one of the texts has in one of its own; a set that is sorted in all
/// stays sorted by itself.
pub(super) fn order_of(base: Option<&str>, ours: &str, theirs: &str) -> Vec<Order> {
    let all = [base.unwrap_or_default(), ours, theirs].map(orders);
    let mut keys: Vec<&'static str> = all.iter().flatten().map(|(key, _)| *key).collect();
    keys.sort_unstable();
    keys.dedup();
    let of = |key: &'static str| {
        let lists = all.each_ref().map(|sets| {
            let set = sets.iter().find(|(other, _)| *other == key);
            set.map_or(&[][..], |(_, entries)| entries)
        });
        if lists
            .iter()
            .all(|list| list.is_sorted_by(|one, next| one < next))
        {
            return None;
        }
        let [base, ours, theirs] = lists.map(|list| slots(list, String::clone));
        let order = order_against(&base, &ours, &theirs).into_iter();
        Some((key, order.map(|(entry, _)| entry).collect()))
    };
    keys.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::format::{parse, repeated};
    use crate::merge::{Choice, Merged, choose, hunks, merge_ticket};
    use crate::model::{Config, TicketId};

    /// How a list is written by hand.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Style {
        Inline,
        Lines,
        Commented,
    }

    fn file(owner: &str, labels: &[String], style: Style) -> String {
        let lines = |line: fn(&String) -> String| -> String {
            let lines: String = labels.iter().map(line).collect();
            format!("[\n{lines}]")
        };
        let list = match style {
            _ if labels.is_empty() => "[]".to_owned(),
            Style::Inline => format!("{labels:?}"),
            Style::Lines => lines(|label| format!("  \"{label}\",\n")),
            Style::Commented => lines(|label| format!("  \"{label}\", # {label}\n")),
        };
        format!("title = \"T\"\nowner = \"{owner}\"\npriority = 2\nlabels = {list}\n")
    }

    /// What a side makes of a list: without some, with others, each at some place.
    fn changed(base: &[String], gone: &[usize], come: &[(String, usize)]) -> Vec<String> {
        let mut list = base.to_vec();
        for place in gone {
            if !list.is_empty() {
                list.remove(place % list.len());
            }
        }
        for (label, place) in come {
            if !list.contains(label) {
                list.insert(place % (list.len() + 1), label.clone());
            }
        }
        list
    }

    fn change(new: &'static str) -> impl Strategy<Value = (Vec<usize>, Vec<(String, usize)>)> {
        let label = prop::sample::select(new.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let gone = prop::collection::vec(0..9_usize, 0..2);
        (gone, prop::collection::vec((label, 0..9_usize), 0..3))
    }

    fn merge(base: &str, ours: &str, theirs: &str) -> Merged {
        let id = TicketId::parse("k7m").unwrap();
        merge_ticket(&id, Some(base), ours, theirs, &Config::default())
    }

    #[track_caller]
    fn labels(text: &str) -> Vec<String> {
        assert_eq!(repeated(text), None, "{text}");
        let id = TicketId::parse("k7m").unwrap();
        let ticket = parse(&id, text, &Config::default());
        let ticket = ticket.unwrap_or_else(|error| panic!("{error}\n{text}"));
        ticket.labels.into_iter().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

        #[test]
        fn sets_of_hand_merge_as_sets(
            base in prop::sample::subsequence(vec!["a", "b", "c", "d"], 0..4).prop_shuffle(),
            one in change("m n o p"), two in change("m n s t"),
            style in prop::sample::select(vec![Style::Inline, Style::Lines, Style::Commented]),
            owners in (0..3_usize, 0..3_usize),
        ) {
            let base: Vec<String> = base.into_iter().map(str::to_owned).collect();
            // What is left of the comments beside elements that go is a matter of comments.
            let gone = |places: Vec<usize>| match style {
                Style::Commented => Vec::new(),
                Style::Inline | Style::Lines => places,
            };
            let mine = changed(&base, &gone(one.0), &one.1);
            let other = changed(&base, &gone(two.0), &two.1);
            let owner = |who: usize| ["o", "ann", "bob"][who];
            let (ours, theirs) = (owner(owners.0), owner(owners.1));
            let [was, ours, theirs] = [("o", &base), (ours, &mine), (theirs, &other)]
                .map(|(owner, labels)| file(owner, labels, style));
            let stays = |label: &&String| {
                !base.contains(label) || mine.contains(label) && other.contains(label)
            };
            let mut law: Vec<String> = mine.iter().chain(&other).filter(stays).cloned().collect();
            law.sort();
            law.dedup();
            let merged = merge(&was, &ours, &theirs);
            let conflicts = owners.0 != owners.1 && owners.0 != 0 && owners.1 != 0;
            prop_assert_eq!(matches!(merged, Merged::Conflict { .. }), conflicts, "{:#?}", merged);
            match merged {
                Merged::Clean(text) => {
                    prop_assert_eq!(labels(&text), law, "{}", text);
                    prop_assert_eq!(merge(&was, &theirs, &ours), Merged::Clean(text));
                }
                Merged::Conflict { text, keys, choices } => {
                    prop_assert_eq!(&keys, &["owner".to_owned()], "{}", &text);
                    prop_assert!(hunks(&text).all(|hunk| hunk.keys == keys), "{}", &text);
                    let told = [Choice::Ours, Choice::Theirs].map(|side| choose(&text, |_| Some(side)));
                    prop_assert_eq!(&told, &choices);
                    for text in told {
                        prop_assert_eq!(labels(&text), law.clone(), "{}", text);
                    }
                }
                Merged::TwoTickets { text } => panic!("two tickets in one: {text}"),
            }
        }
    }
}

//! That expressions are read back as they are shown, that nothing makes the parser fail but in
//! its own way, and that evaluation is that of a plain reading of the language.

mod evaluation;
mod kept_words;

use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::condition::Condition;
use super::expression::Expression;
use super::field::{Field, Flag, Kind};
use super::token::Operator;
use super::value::Value;
use super::when::When;
use super::*;
use crate::graph::Graph;
use crate::model::{
    Acceptance, Awaiting, Gate, Outline, Priority, Span, StatusId, Ticket, TicketId, Usd, Verdict,
};

fn now() -> Timestamp {
    "2026-11-20T08:38:50Z".parse().unwrap()
}

fn read(text: &str) -> Result<Query, QueryError> {
    Query::parse(text, &Config::default(), now())
}

/// The query as it is shown, or what is wrong and the part that is at fault.
#[track_caller]
fn told(text: &str) -> String {
    match read(text) {
        Ok(query) => query.to_string(),
        Err(error) => format!("{error} [{}]", &text[error.at.clone()]),
    }
}

#[test]
fn expressions_are_shown_in_one_way() {
    for (text, shown) in [
        (
            "type=bug and priority<=P1 and (label:api or label:auth) and updated>-7d and \"login\"",
            "type=bug and priority<=1 and (label=api or label=auth) and updated>-7d and \"login\"",
        ),
        ("status:In-Progress", "status=in_progress"),
        ("status=done", "status=closed"),
        ("ready blocked", "ready and blocked"),
        ("READY AND NOT Blocked", "ready and not blocked"),
        ("!ready||open&&closed", "not ready or open and closed"),
        ("((ready))", "ready"),
        ("(ready and open) and closed", "(ready and open) and closed"),
        ("not(ready or open)", "not (ready or open)"),
        ("is:ready has:owner", "ready and has:owner"),
        ("p = high , low", "priority=1,3"),
        ("priority:0-2", "priority=0-2"),
        ("title:login title=login", "title:login and title=login"),
        (
            "owner='ann lee' owner=\"\"",
            "owner=\"ann lee\" and owner=\"\"",
        ),
        ("label:area:api", "label=area:api"),
        // Between quotes a value may be any word.
        (
            "label='and' owner!=\"Not\",'||'",
            "label=\"and\" and owner!=\"Not\",\"||\"",
        ),
        ("label:a&&b label=android", "label=a&&b and label=android"),
        ("'don\\'t \\\\ \\x'", "\"don't \\\\ \\\\x\""),
        ("due<2026-11-20T10:00+02:00", "due<2026-11-20T08:00:00Z"),
        ("due<2026-11-20T10:00", "due<2026-11-20T10:00:00Z"),
        (
            "created>=Today estimate<90m",
            "created>=today and estimate<1h30m",
        ),
        ("updated>-2w cost>$2.5", "updated>-14d and cost>2.50"),
        ("defer-until>now", "defer>now"),
        ("epic epic:auth", "epic and epic=auth"),
    ] {
        assert_eq!(told(text), shown, "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, expected) in [
        (
            "",
            "the query is empty: expected a condition such as `priority<=1` []",
        ),
        (
            "ready and",
            "a condition is missing: expected one such as `priority<=1` []",
        ),
        ("(ready", "nothing closes this `(` [(]"),
        ("ready)", "no `(` opens what this closes [)]"),
        ("()", "`)` stands where a condition is expected [)]"),
        ("or ready", "`or` stands where a condition is expected [or]"),
        (
            "ready, open",
            "a `,` stands between values only: expected a condition [,]",
        ),
        (
            "\"\"",
            "the text is blank: expected something to look for [\"\"]",
        ),
        ("ready 'open", "nothing ends what this ' begins ['open]"),
        ("=1", "`=` needs a field before it [=]"),
        (
            "priority",
            "`priority` alone says nothing: expected an operator and a value [priority]",
        ),
        (
            "prio rity=1",
            "`prio` alone says nothing: expected an operator and a value [prio]",
        ),
        ("lable:api", "unknown field `lable` [lable]"),
        ("has:lable", "unknown field `lable` [lable]"),
        ("has<owner", "`has` takes `:`, not `<` [<]"),
        (
            "ready=true",
            "`ready` takes no value: expected `ready` or `not ready` [=]",
        ),
        (
            "label<api",
            "`label` cannot be compared by `<`: expected one of = : != ~ [<]",
        ),
        ("label=)", "a value is missing after `=` [)]"),
        ("label==~x", "a value is missing after `==` [~]"),
        ("label=a,", "a value is missing after `=` []"),
        ("owner!= and p=2", "a value is missing after `!=` [and]"),
        ("label:OR", "a value is missing after `:` [OR]"),
        ("label=a, not b", "a value is missing after `=` [not]"),
        ("p<= &&ready", "a value is missing after `<=` [&&ready]"),
        ("has:and", "a value is missing after `:` [and]"),
        ("priority<1,2", "`<` takes one value [,]"),
        (
            "priority<0-2",
            "the range `0-2` is neither more nor less than another [0-2]",
        ),
        (
            "priority=2-0",
            "the range `2-0` is reversed: expected `0-2` [2-0]",
        ),
        (
            "priority=5",
            "unknown priority `5`: expected one of 0 (highest), 1, 2, 3, 4 (lowest) [5]",
        ),
        (
            "priority<=-1",
            "unknown priority `-1`: expected one of 0 (highest), 1, 2, 3, 4 (lowest) [-1]",
        ),
        (
            "priority=1-",
            "unknown priority `1-`: expected one of 0 (highest), 1, 2, 3, 4 (lowest) [1-]",
        ),
        (
            "type=story",
            "unknown type `story`: expected one of task, bug, feature, chore, epic [story]",
        ),
        (
            "status=\"\"",
            "the status is blank: expected something to look for [\"\"]",
        ),
        (
            "created>soon",
            "`soon` is no time: expected one such as `2026-11-20`, \
            `2026-11-20T08:30:00Z`, `today`, `tomorrow`, `yesterday`, `now`, `-7d` or `+2w` [soon]",
        ),
        (
            "created>-7",
            "`-7` is no time: expected one such as `2026-11-20`, \
            `2026-11-20T08:30:00Z`, `today`, `tomorrow`, `yesterday`, `now`, `-7d` or `+2w` [-7]",
        ),
        (
            "due>+10000w",
            "`+10000w` is too far away: expected at most `3660d` [+10000w]",
        ),
        (
            "closed>-100000d",
            "`-100000d` is too far away: expected at most `3660d` [-100000d]",
        ),
        (
            "cost>many",
            "`many` is not an amount in dollars: expected a number such as `2.50` [many]",
        ),
        (
            "\u{1b}x",
            "unknown word `\\u{1b}x`: expected one of open, active, closed, ready, \
            blocked, overdue, deferred, epic [\u{1b}x]",
        ),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn hostile_texts_end_in_an_error() {
    for text in ["(", "not ", "!", "\"", "a", "(ready ", "label:x,"] {
        for length in [LONGEST, 1 << 20] {
            let text = text.repeat(length / text.len());
            let error = read(&text).unwrap_err();
            assert!(error.at.end <= text.len());
        }
    }
    let deep = |levels: usize| format!("{}ready{}", "(".repeat(levels), ")".repeat(levels));
    assert_eq!(told(&deep(100)), "ready");
    assert_eq!(
        told(&deep(101)),
        "this lies too deep: expected at most 100 levels [(]"
    );
    let wide = "ready or ".repeat(7_000) + "open";
    assert!(read(&wide).is_ok());
}

#[test]
fn names_are_given_once() {
    let mut names = std::collections::BTreeSet::new();
    for field in Field::ALL {
        for name in std::iter::once(&field.name()).chain(field.aliases()) {
            assert!(names.insert(*name), "{name}");
            assert_eq!(Field::named(name), Some(*field));
        }
        let example = field.example();
        assert!(read(example).is_ok(), "{example}");
    }
}

fn text() -> impl Strategy<Value = String> {
    let plain = "[a-z]{1,6}";
    let any = any::<String>().prop_filter("blank", |text| !text.trim().is_empty());
    prop_oneof![plain, "[ a\"'\\\\(),:=*-]{1,8}x", any]
}

fn trimmed() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.trim().to_owned())
}

fn when() -> impl Strategy<Value = When> {
    let span = || (0..300_000_000_u64).prop_map(Span::from_secs);
    let day = (1..9_998_i16, 1..=12_i8, 1..=28_i8);
    prop_oneof![
        day.prop_map(|(year, month, day)| When::Day(Date::new(year, month, day).unwrap())),
        (-1..=1_i8).prop_map(When::Near),
        (0..200_000_000_000_i64)
            .prop_map(|second| When::Moment(Timestamp::from_second(second).unwrap())),
        Just(When::Now),
        span().prop_map(When::Ago),
        span().prop_map(When::Ahead),
    ]
}

fn value(field: Field, operator: Operator) -> BoxedStrategy<Value> {
    let one_of = |words: Vec<String>| proptest::sample::select(words).prop_map(Value::Word);
    fn names<T: ToString>(all: &[T]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }
    let config = Config::default();
    let statuses = config.statuses.all().iter().map(|def| def.id.to_string());
    let kind = field.kind();
    let some = match kind {
        Kind::Text => text().prop_map(Value::Word).boxed(),
        Kind::Free => trimmed().prop_map(Value::Word).boxed(),
        Kind::Ticket => trimmed().prop_map(Value::Ticket).boxed(),
        Kind::Status => one_of(statuses.collect()).boxed(),
        Kind::Type => one_of(config.types.clone()).boxed(),
        Kind::Gate => one_of(names(Gate::ALL)).boxed(),
        Kind::Awaiting => one_of(names(Awaiting::ALL)).boxed(),
        Kind::Verdict => one_of(names(Verdict::ALL)).boxed(),
        Kind::Priority => (0..=4_u8, 0..=4_u8)
            .prop_map(move |(a, b)| {
                let b = if is_exact(operator) { b } else { a };
                let number = |number| Priority::new(number).unwrap();
                Value::Priorities(number(a.min(b)), number(a.max(b)))
            })
            .boxed(),
        Kind::Moment | Kind::Day => when().prop_map(Value::When).boxed(),
        Kind::Length => (0..300_000_000_u64)
            .prop_map(|seconds| Value::Length(Span::from_secs(seconds)))
            .boxed(),
        Kind::Money => (0..1_000_000_u64)
            .prop_map(|cents| Value::Money(Usd::from_nanos(cents * 10_000_000)))
            .boxed(),
    };
    let needed = matches!(
        field,
        Field::Id | Field::Status | Field::Type | Field::Priority
    );
    match is_exact(operator) && !needed {
        true => prop_oneof![4 => some, 1 => Just(Value::Nothing)].boxed(),
        false => some,
    }
}

fn is_exact(operator: Operator) -> bool {
    matches!(operator, Operator::Is | Operator::IsNot)
}

fn condition() -> impl Strategy<Value = Condition> {
    let compared = proptest::sample::select(Field::ALL)
        .prop_flat_map(|field| {
            let operators = proptest::sample::select(field.kind().operators());
            (Just(field), operators)
        })
        .prop_flat_map(|(field, operator)| {
            let operator = operator.for_kind(field.kind());
            let many = is_exact(operator) || operator == Operator::Contains;
            let most = if many { 3 } else { 1 };
            let values = proptest::collection::vec(value(field, operator), 1..=most);
            values.prop_map(move |values| Condition::Compared {
                field,
                operator,
                values,
            })
        });
    prop_oneof![
        1 => text().prop_map(Condition::Says),
        1 => proptest::sample::select(Flag::ALL).prop_map(Condition::Is),
        1 => proptest::sample::select(Field::ALL).prop_map(Condition::Filled),
        6 => compared,
    ]
}

fn expressions(
    of: impl Strategy<Value = Condition> + 'static,
) -> impl Strategy<Value = Expression> {
    of.prop_map(Expression::Condition)
        .prop_recursive(4, 24, 3, |inner| {
            let several = || proptest::collection::vec(inner.clone(), 2..=3);
            prop_oneof![
                several().prop_map(Expression::And),
                several().prop_map(Expression::Or),
                inner
                    .clone()
                    .prop_map(|part| Expression::Not(Box::new(part))),
            ]
        })
}

/// Pieces of the language in any order.
fn soup() -> impl Strategy<Value = String> {
    let pieces: Vec<&str> =
        "( ) , = != <= ~ : ! && | and or not \" ' \\ label priority epic ready \
        has is due 1 0-2 -7d today bug é 漢"
            .split(' ')
            .chain([" ", " "])
            .collect();
    proptest::collection::vec(proptest::sample::select(pieces), 0..20)
        .prop_map(|pieces| pieces.concat())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn an_expression_is_read_back_as_it_is_shown(expression in expressions(condition())) {
        let shown = expression.to_string();
        let read = read(&shown);
        prop_assert_eq!(read.map(|query| query.expression), Ok(expression), "{}", shown);
    }

    #[test]
    fn any_text_is_read_or_refused_in_its_place(text in prop_oneof![soup(), any::<String>()]) {
        match read(&text) {
            Ok(query) => {
                let shown = query.to_string();
                let again = read(&shown).map(|query| query.expression);
                prop_assert_eq!(again, Ok(query.expression), "{}", shown);
            }
            Err(error) => prop_assert!(text.get(error.at.clone()).is_some(), "{:?}", error),
        }
    }
}

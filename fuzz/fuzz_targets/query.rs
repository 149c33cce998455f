//! Queries: no text is too much, a fault is told with a place in the text, and what is shown of
//! a query means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tk::model::Config;
use tk::query::Query;

fuzz_target!(|text: &str| {
    let config = Config::default();
    let now = jiff::Timestamp::from_second(1_795_000_000).expect("a time");
    let query = match Query::parse(text, &config, now) {
        Ok(query) => query,
        Err(error) => {
            let at = error.at.clone();
            assert!(
                text.get(at.clone()).is_some(),
                "no part of the text: {at:?}, {error}"
            );
            assert!(
                !error.message.is_empty() && !error.message.contains('\n'),
                "{error}"
            );
            return;
        }
    };
    let shown = query.to_string();
    if shown.len() > tk::query::LONGEST {
        return;
    }
    let again = Query::parse(&shown, &config, now);
    let again = again.unwrap_or_else(|error| panic!("{error}: {shown}"));
    assert_eq!(again.to_string(), shown);
    assert_eq!(again.names_closed(), query.names_closed(), "{shown}");
    assert_eq!(again.labels(), query.labels(), "{shown}");
});

//! `--query`, and how its expressions are written.

use crate::ops::Within;
use crate::query::{Field, Flag};

/// `--query` where it only narrows what a command shows.
#[derive(Debug, clap::Args)]
pub(super) struct QueryArg {
    /// Only those that fit the expression; `tk list --help` says how it is written
    #[arg(long, value_name = "EXPR")]
    query: Option<String>,
}

impl QueryArg {
    /// What is asked, as it was typed.
    pub(super) fn text(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// What is asked, in that epic if one is named.
    pub(super) fn within<'w>(&'w self, epic: Option<&'w str>) -> Within<'w> {
        Within {
            epic,
            query: self.text(),
        }
    }
}

const LANGUAGE: &str = "\
That fit the expression, such as

  type=bug and priority<=1 and (label:api or label:auth) and updated>-7d and \"login\"

Conditions stand beside each other, with `and`, `or`, `not` and parentheses; without a word \
between two, both must hold. Closed tickets are meant where it says something about status or \
closing, and with --all.

  \"log in\"       the words, one after the other, in any text
  \"log*\"         a word that begins so
  FIELD=VALUE    is that, or one of them is; != is not
  FIELD:VALUE    the same; in texts: the words are in it
  FIELD~VALUE    has that in it
  FIELD<VALUE    also <= > >=, of what has an order
  FIELD=A,B      one of these
  FIELD=\"\"       there is none; has:FIELD there is one

Of texts, capitals and accents do not matter, but with =.

Times are `2026-11-20`, `2026-11-20T08:30:00Z`, `today`, `tomorrow`, `yesterday`, `now`, `-7d` \
and `+2w`, of UTC; = is that second where an hour is written, else the whole day. Values with \
blanks, commas or parentheses in them, and `and`, `or` and `not`, stand between quotes.
";

/// Between the columns of the help, and how wide they are; all of it is ASCII.
const GAP: &str = "  ";
const NAMES: usize = 15;
const EXAMPLES: usize = 26;
const BLANKS: &str = "                          ";

/// How expressions are written, with every field.
pub(super) fn help() -> String {
    let mut help = format!("{LANGUAGE}\nFields:\n");
    for field in Field::ALL {
        row(&mut help, field.name(), field.example(), field.about());
    }
    help.push_str("\nWords:\n");
    for flag in Flag::ALL {
        row(&mut help, flag.name(), "", flag.about());
    }
    help.trim_end().to_owned()
}

/// Without the machinery of `format!`: every call of a command that takes expressions puts its
/// help together.
fn row(help: &mut String, name: &str, example: &str, about: &str) {
    let mut column = 0;
    for (text, width) in [(name, NAMES), (example, EXAMPLES), (about, 0)] {
        if text.is_empty() {
            // No column is kept free for an example; about what needs no word, nothing is said.
            continue;
        }
        help.push_str(&BLANKS[..column]);
        help.push_str(GAP);
        help.push_str(text);
        column = width.saturating_sub(text.len());
    }
    help.push('\n');
}

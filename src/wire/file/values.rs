//! The forms of values that several files share.

use schemars::JsonSchema;

/// A ticket's id: the name of its file without `.toml`
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$"))]
pub(super) struct Id(String);

/// A ticket's id, or nothing
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^([a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?)?$"))]
pub(super) struct IdOrNothing(String);

/// One line of text, or nothing
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^[^\u0000-\u001f\u007f-\u009f]*$"))]
pub(super) struct Line(String);

/// One line of text that is not blank
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"))]
pub(super) struct FullLine(String);

/// Text of any number of lines that is not blank
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"\S"))]
pub(super) struct FullText(String);

/// A shell command
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"\S"))]
pub(super) struct ShellCommand(String);

/// A length of time such as `45m`, `2h`, `1h30m`, `3d`
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^\s*(?=[0-9])([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?\s*$"))]
pub(super) struct Length(String);

/// A length of time such as `45m`, `2h`, `1h30m`, `3d`, or nothing
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^\s*([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?\s*$"))]
pub(super) struct LengthOrNothing(String);

/// `daily`, `weekly`, `monthly`, `yearly`, or a number of days, weeks, months or years such as
/// `3d`, `2w`, `1mo`, `1y`; `1mo@31` where the last day of shorter months stands for the 31st; or
/// nothing
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^\s*((daily|weekly|[0-9]+(d|w))|(monthly|yearly|[0-9]+(mo|y))(@((29|30|31)(/(29|30|31)?)?|/(29|30|31)))?)?\s*$"))]
pub(super) struct HowOften(String);

/// A moment with its offset from UTC, such as `2026-11-20T08:38:50Z`, without quotes
#[derive(JsonSchema)]
#[schemars(extend("format" = "date-time"))]
pub(super) struct Moment(String);

/// A day such as `2026-11-20`, without quotes
#[derive(JsonSchema)]
#[schemars(extend("format" = "date"))]
pub(super) struct Day(String);

/// A day or a moment, without quotes
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum DayOrMoment {
    /// Until that day begins, in UTC
    Day(Day),
    /// Until that moment
    Moment(Moment),
}

/// An amount in US dollars, such as `2.50`
#[derive(JsonSchema)]
#[schemars(extend("minimum" = 0, "maximum" = 1_000_000_000))]
pub(super) struct Dollars(f64);

/// A file relative to `.ticks/`, such as `prompts/reviewer.md`
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^(?!/)(?!(.*/)?\.\.?(/|$)).*\S"))]
pub(super) struct InnerFile(String);

/// Nothing, written as an empty text
#[derive(JsonSchema)]
#[schemars(extend("const" = ""))]
pub(super) struct Nothing(String);

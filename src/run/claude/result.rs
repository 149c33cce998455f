//! What a turn of a worker came to.

use serde_json::Value;

use super::event::TurnResult;
use crate::model::Usd;
use crate::run::failure::FailureClass;
use crate::run::price::Usage;

/// What a worker said of its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether it is done.
    pub status: ReportStatus,
    /// What was done.
    pub summary: String,
    /// The files it says it changed.
    pub files_changed: Vec<String>,
    /// What it says it tested.
    pub tests: Vec<String>,
    /// What a reviewer should know.
    pub notes: Option<String>,
    /// What a person has to decide.
    pub question: Option<String>,
}

/// Whether a worker says that its work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportStatus {
    /// Done.
    Done,
    /// It cannot go on.
    Blocked,
    /// Some of it is done.
    Partial,
}

impl Report {
    /// A report, if the value is one: a known status and a summary. Optional properties that
    /// are not of their type are left out.
    #[must_use]
    pub fn parse(value: &Value) -> Option<Self> {
        let status = match value["status"].as_str()? {
            "done" => ReportStatus::Done,
            "blocked" => ReportStatus::Blocked,
            "partial" => ReportStatus::Partial,
            _ => return None,
        };
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let texts = |key: &str| {
            let items = value[key].as_array().into_iter().flatten();
            items
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect()
        };
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Some(Self {
            status,
            summary: text("summary")?,
            files_changed: texts("files_changed"),
            tests: texts("tests"),
            notes: given(text("notes")),
            question: given(text("question")),
        })
    }
}

/// What a turn of a worker came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerResult {
    /// What went wrong; `None` when the worker says that the work is done.
    pub failure: Option<Failure>,
    /// What it said of its work.
    pub report: Option<Report>,
    /// What the process has cost, by the client's own count; `None` when it told none.
    pub cost: Option<Usd>,
    /// All its tokens; the estimate when the client told none.
    pub usage: Usage,
    /// Its model turns.
    pub turns: u64,
    /// The last it said.
    pub text: Option<String>,
    /// The tools it was not allowed to use.
    pub denied: Vec<String>,
}

/// What went wrong with a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The class.
    pub class: FailureClass,
    /// What happened, in words.
    pub reason: String,
}

impl WorkerResult {
    /// What a turn came to; `said` is the class of an error that was told on the way.
    pub(super) fn of(turn: TurnResult, said: Option<FailureClass>) -> Self {
        let report = turn.structured.as_ref().and_then(Report::parse);
        Self {
            failure: failure(&turn, report.as_ref(), said),
            report,
            cost: turn.cost,
            usage: turn.models.values().copied().sum(),
            turns: turn.turns,
            text: turn.text,
            denied: turn.denied,
        }
    }
}

fn failure(
    turn: &TurnResult,
    report: Option<&Report>,
    said: Option<FailureClass>,
) -> Option<Failure> {
    let fail = |class, reason: String| Some(Failure { class, reason });
    // First of all: a subtype `success` with `is_error` is a failure.
    if turn.is_error || turn.subtype != "success" {
        let class = error_class(turn, said);
        let reason = match class {
            // The client adds a diagnosis of its own state, which tells nobody anything.
            FailureClass::Interrupted => "it was interrupted".to_owned(),
            _ => error_reason(turn),
        };
        return fail(class, reason);
    }
    match (report, &turn.structured) {
        (Some(report), _) if report.status == ReportStatus::Done => None,
        (Some(report), _) => fail(FailureClass::NotDone, report.summary.clone()),
        (None, None) => fail(
            FailureClass::NoReport,
            "it ended without the structured result it was asked for".to_owned(),
        ),
        (None, Some(_)) => fail(
            FailureClass::NoReport,
            "its structured result lacks a `status` of done, blocked or partial, or a `summary`"
                .to_owned(),
        ),
    }
}

fn error_class(turn: &TurnResult, said: Option<FailureClass>) -> FailureClass {
    match turn.subtype.as_str() {
        "error_max_turns" => return FailureClass::MaxTurns,
        "error_max_budget_usd" => return FailureClass::MaxBudget,
        "error_max_structured_output_retries" => return FailureClass::NoReport,
        _ => {}
    }
    let reason = turn.terminal_reason.as_deref().unwrap_or_default();
    if reason.starts_with("aborted") {
        return FailureClass::Interrupted;
    }
    if turn
        .errors
        .iter()
        .any(|error| error.starts_with("No conversation found"))
    {
        return FailureClass::UnknownSession;
    }
    said.or_else(|| turn.api_status.and_then(of_status))
        .unwrap_or(FailureClass::Error)
}

fn error_reason(turn: &TurnResult) -> String {
    let errors = turn.errors.join("; ");
    match (&turn.text, errors.is_empty()) {
        (_, false) => errors,
        (Some(text), true) if !text.trim().is_empty() => text.clone(),
        _ => format!("the turn ended as `{}`", turn.subtype),
    }
}

/// The class of an error by the client's name for it.
pub(super) fn of_name(name: &str) -> Option<FailureClass> {
    match name {
        "authentication_failed" | "oauth_org_not_allowed" => Some(FailureClass::Authentication),
        "billing_error" => Some(FailureClass::Billing),
        "rate_limit" => Some(FailureClass::UsageLimit),
        "overloaded" | "server_error" => Some(FailureClass::Overloaded),
        _ => None,
    }
}

/// The class of an error by the status of the answer.
fn of_status(status: u64) -> Option<FailureClass> {
    match status {
        401 | 403 => Some(FailureClass::Authentication),
        402 => Some(FailureClass::Billing),
        429 => Some(FailureClass::UsageLimit),
        500..=599 => Some(FailureClass::Overloaded),
        _ => None,
    }
}

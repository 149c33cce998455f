//! What the doctor found, in groups: what is wrong, and below it what to do.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::terminal::safe;
use crate::wire::{DoctorDocument, Finding, FindingKind, Severity};

/// The command that mends.
const MENDING: &str = "tk doctor --fix";

/// The findings by group, then what they come to.
#[must_use]
pub fn report(document: &DoctorDocument, fix: bool) -> String {
    let bold = Style::new().bold();
    let mut out = String::new();
    let mut group = "";
    for finding in &document.findings {
        if group != group_of(finding.kind) {
            group = group_of(finding.kind);
            line(&mut out, format_args!("{bold}{group}{bold:#}"));
        }
        one(&mut out, finding);
    }
    line(&mut out, format_args!("{}", sum(document, fix)));
    if let Some(folder) = &document.backup {
        let folder = safe(folder);
        line(&mut out, format_args!("as it was before: {folder}"));
    }
    out
}

fn one(out: &mut String, finding: &Finding) {
    let dim = Style::new().dimmed();
    let (word, colour) = match (finding.fixed, finding.severity) {
        (true, _) => ("mended", AnsiColor::Green),
        (_, Severity::Error) => ("error", AnsiColor::Red),
        (_, Severity::Warning) => ("warning", AnsiColor::Yellow),
        (_, Severity::Note) => ("note", AnsiColor::Cyan),
    };
    let style = Style::new().fg_color(Some(colour.into()));
    let mark = if finding.fixable && !finding.fixed {
        "*"
    } else {
        ""
    };
    let word = format!("{word}{mark}");
    let (subject, message) = (subject(finding), safe(&finding.message));
    let colon = if subject.is_empty() { "" } else { ": " };
    let place = safe(&subject);
    line(
        out,
        format_args!("  {style}{word:<8}{style:#}  {place}{colon}{message}"),
    );
    if let Some(why) = &finding.failure {
        line(out, format_args!("            not mended: {}", safe(why)));
    }
    // How all of those are mended is told once, at the end.
    let told = finding.fixed || finding.command.as_deref() == Some(MENDING);
    if !told && !finding.hint.is_empty() {
        let hint = safe(&finding.hint);
        line(out, format_args!("            {dim}{hint}{dim:#}"));
    }
}

/// What it is about: the file with its line where that tells most, else the ticket.
fn subject(finding: &Finding) -> String {
    let of_ticket = matches!(
        finding.kind,
        FindingKind::MissingReference | FindingKind::SelfReference | FindingKind::Cycle
    );
    let place = |path: &String| match finding.line {
        Some(line) => format!("{path}:{line}"),
        None => path.clone(),
    };
    let path = finding.path.as_ref().filter(|_| !of_ticket).map(place);
    let path = match (path, &finding.branch) {
        (Some(path), Some(branch)) => Some(format!("{path} on {branch}")),
        (path, branch) => path.or_else(|| branch.clone()),
    };
    let id = || finding.ticket.clone().or_else(|| finding.run.clone());
    path.or_else(id).unwrap_or_default()
}

fn sum(document: &DoctorDocument, fix: bool) -> String {
    let tickets = counted(document.checked, "ticket");
    let count = |fits: &dyn Fn(&Finding) -> bool| {
        document
            .findings
            .iter()
            .filter(|finding| fits(finding))
            .count()
    };
    let mended = count(&|finding| finding.fixed);
    let wrong = count(&|finding| finding.severity != Severity::Note);
    let fixable = count(&|finding| finding.fixable && !finding.fixed);
    match (document.remaining, mended) {
        (0, 0) => format!("nothing wrong: {tickets} checked"),
        (0, mended) => format!("nothing wrong any more: {mended} mended, {tickets} checked"),
        (left, 0) if fixable == 0 || fix => {
            format!("{} wrong: {tickets} checked", counted(left, "thing"))
        }
        (left, 0) => format!(
            "{} wrong: {tickets} checked; `{MENDING}` mends {fixable} (*)",
            counted(left, "thing")
        ),
        (left, mended) => {
            format!("{mended} of {wrong} mended, {left} left: {tickets} checked")
        }
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}

const fn group_of(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::InvalidTicket
        | FindingKind::MisnamedFile
        | FindingKind::Conflict
        | FindingKind::MissingReference
        | FindingKind::SelfReference
        | FindingKind::UnplainText
        | FindingKind::RepeatedEntry
        | FindingKind::ImportedTwice
        | FindingKind::Cycle
        | FindingKind::OpenChildren
        | FindingKind::Unclaimed
        | FindingKind::UntoldEnd => "Tickets",
        FindingKind::InvalidConfig
        | FindingKind::InvalidAgent
        | FindingKind::InvalidTemplate
        | FindingKind::UnknownAgent => "Configuration",
        FindingKind::StaleClaim
        | FindingKind::LeftClaim
        | FindingKind::InvalidElsewhere
        | FindingKind::UnfinishedFile
        | FindingKind::InvalidUndo
        | FindingKind::InterruptedRun
        | FindingKind::LivingWorker
        | FindingKind::InvalidRun
        | FindingKind::InvalidLedger
        | FindingKind::LeakedWorktree
        | FindingKind::LeakedBranch
        | FindingKind::UnlandedWork
        | FindingKind::KeptWork
        | FindingKind::SupersededWork
        | FindingKind::MissingWorktree
        | FindingKind::MissingBranch
        | FindingKind::UnknownFolder => "Left over",
        FindingKind::Attributes
        | FindingKind::MergeDriver
        | FindingKind::Exclude
        | FindingKind::IgnoredTickets
        | FindingKind::UnwatchedTickets
        | FindingKind::TrackedLocal
        | FindingKind::UnusableLock
        | FindingKind::UnusableFolder => "Set-up",
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _infallible = writeln!(out, "{text}");
}

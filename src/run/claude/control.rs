//! What the client is told: lines for its standard input, without their ends.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::conversation::{Permission, Question};

/// A prompt. More may follow, in the same process.
#[must_use]
pub fn prompt(text: &str) -> String {
    json!({"type": "user", "message": {"role": "user", "content": text}}).to_string()
}

/// Ends the turn at once; its result follows, with the cost. `request` is any new id.
///
/// To be preferred to the interrupt signal, on which the client ends without a result, and so
/// without telling its cost, while it waits for the model.
#[must_use]
pub fn interrupt(request: &str) -> String {
    json!({
        "type": "control_request",
        "request_id": request,
        "request": {"subtype": "interrupt"},
    })
    .to_string()
}

/// Whether a line that was written to a client is an [`interrupt`].
#[must_use]
pub fn is_interrupt(line: &str) -> bool {
    let value: Value = serde_json::from_str(line).unwrap_or_default();
    value["type"] == "control_request" && value["request"]["subtype"] == "interrupt"
}

/// The request that a line which was written to a client answers.
#[must_use]
pub fn answered(line: &str) -> Option<String> {
    let value: Value = serde_json::from_str(line).ok()?;
    let request = value["response"]["request_id"].as_str()?;
    (value["type"] == "control_response").then(|| request.to_owned())
}

/// The answers to a question, by the text of what was asked.
#[must_use]
pub fn answer(question: &Question, answers: &BTreeMap<String, String>) -> String {
    let mut input = question.input.clone();
    if !input.is_object() {
        input = json!({});
    }
    input["answers"] = json!(answers);
    allow_input(&question.request, &input)
}

/// Allows a use of a tool, as it was asked for.
#[must_use]
pub fn allow(permission: &Permission) -> String {
    allow_input(&permission.request, &permission.input)
}

/// Refuses a use of a tool, or an answer; the model reads the reason.
#[must_use]
pub fn deny(request: &str, reason: &str) -> String {
    respond(request, &json!({"behavior": "deny", "message": reason}))
}

/// Refuses a request that is not known here, so that the client does not wait for ever.
#[must_use]
pub fn unsupported(request: &str) -> String {
    json!({
        "type": "control_response",
        "response": {
            "subtype": "error",
            "request_id": request,
            "error": "this host does not know the request",
        },
    })
    .to_string()
}

fn allow_input(request: &str, input: &Value) -> String {
    respond(
        request,
        &json!({"behavior": "allow", "updatedInput": input}),
    )
}

fn respond(request: &str, response: &Value) -> String {
    json!({
        "type": "control_response",
        "response": {"subtype": "success", "request_id": request, "response": response},
    })
    .to_string()
}

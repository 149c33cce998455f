//! Asking a service what texts mean: any that answers as OpenAI's `/v1/embeddings` does.
//!
//! The only code that uses the network itself. It knows no tickets and keeps nothing; a key is
//! neither printed nor part of any error.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The most bytes of an answer that are read.
const LARGEST: u64 = 64 << 20;

/// A service, and how it is asked.
#[derive(Clone)]
pub struct Service {
    url: String,
    model: String,
    key: Option<String>,
}

/// Why there are no vectors.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddingsError {
    /// A key would be readable on its way.
    #[error("a key is sent by `https://` or to this machine only")]
    Open,
    /// It cannot be reached.
    #[error("it cannot be asked: {0}")]
    Unreachable(String),
    /// It says nothing in that time.
    #[error("it does not answer within {0:?}")]
    Slow(Duration),
    /// It refuses.
    #[error("it answered with status {0}")]
    Status(u16),
    /// What it says is not what was asked for.
    #[error("its answer is of no use: {0}")]
    Answer(String),
}

impl EmbeddingsError {
    /// Whether the service refuses what it was asked about: one of the texts, or so many.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Status(400 | 413 | 422))
    }

    /// Whether it may answer about fewer or other texts.
    #[must_use]
    pub const fn is_of_texts(&self) -> bool {
        self.is_refusal() || matches!(self, Self::Slow(_))
    }
}

#[derive(Serialize)]
struct Question<'q> {
    model: &'q str,
    input: &'q [String],
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: Option<usize>,
    embedding: Vec<f32>,
}

/// The key is not told.
impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("url", &self.url)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// The service at that address, asked for that model, with that key if there is one.
    ///
    /// # Errors
    /// [`EmbeddingsError::Open`] where the key would be readable on its way.
    pub fn new(url: &str, model: &str, key: Option<&str>) -> Result<Self, EmbeddingsError> {
        if key.is_some() && !url.starts_with("https://") && !is_here(url) {
            return Err(EmbeddingsError::Open);
        }
        Ok(Self {
            url: url.to_owned(),
            model: model.to_owned(),
            key: key.map(str::to_owned),
        })
    }

    /// The vectors of the texts, in their order, each of length 1, all of as many numbers.
    ///
    /// # Errors
    /// When it does not answer in that time, or not with that.
    pub fn embed(
        &self,
        texts: &[String],
        time: Duration,
    ) -> Result<Vec<Vec<f32>>, EmbeddingsError> {
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(time))
            // To where it sends us the key was not given.
            .max_redirects(0)
            .http_status_as_error(false);
        if is_here(&self.url) {
            // To a proxy, `localhost` is another machine, and the key can be read on the way to it.
            config = config.proxy(None);
        }
        let config = config.build();
        let question = Question {
            model: &self.model,
            input: texts,
        };
        let wrong = |error: &dyn fmt::Display| EmbeddingsError::Answer(error.to_string());
        let failed = |error: ureq::Error| match error {
            ureq::Error::Timeout(_) => EmbeddingsError::Slow(time),
            other => EmbeddingsError::Unreachable(other.to_string()),
        };
        let question = serde_json::to_vec(&question).map_err(|error| wrong(&error))?;
        let mut request = ureq::Agent::new_with_config(config)
            .post(&self.url)
            .content_type("application/json");
        if let Some(key) = &self.key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        let mut response = request.send(&question).map_err(failed)?;
        if !response.status().is_success() {
            return Err(EmbeddingsError::Status(response.status().as_u16()));
        }
        let body = response.body_mut().with_config().limit(LARGEST);
        let body = body.read_to_vec().map_err(failed)?;
        let answer = serde_json::from_slice(&body).map_err(|error| {
            // What stands there is not told: it could be anything, even the key.
            let (line, column) = (error.line(), error.column());
            wrong(&format!(
                "no list of vectors, from line {line}, column {column} on"
            ))
        })?;
        in_order(answer, texts.len()).map_err(|message| wrong(&message))
    }
}

/// Whether the address is of this machine.
fn is_here(url: &str) -> bool {
    let host = url.strip_prefix("http://").unwrap_or_default();
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// The vectors in the order of the texts, each brought to length 1.
fn in_order(answer: Answer, count: usize) -> Result<Vec<Vec<f32>>, String> {
    if answer.data.len() != count {
        let told = answer.data.len();
        return Err(format!("{told} vectors: expected {count}"));
    }
    let mut vectors: Vec<Vec<f32>> = vec![Vec::new(); count];
    for (place, item) in answer.data.into_iter().enumerate() {
        let index = item.index.unwrap_or(place);
        let Some(vector) = vectors.get_mut(index).filter(|vector| vector.is_empty()) else {
            return Err(format!("a vector of text {index}: expected one of each"));
        };
        let length = item.embedding.iter().map(|x| x * x).sum::<f32>().sqrt();
        if !length.is_finite() || length <= 0.0 {
            return Err(format!("the vector of text {index} has no direction"));
        }
        *vector = item.embedding.into_iter().map(|x| x / length).collect();
    }
    let sizes = || vectors.iter().map(Vec::len);
    match (sizes().min(), sizes().max()) {
        (Some(least), Some(most)) if least != most => {
            Err(format!("vectors of {least} and of {most} numbers"))
        }
        _ => Ok(vectors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_nowhere_in_the_open() {
        for (url, fine) in [
            ("https://api.example.com/v1/embeddings", true),
            ("http://localhost:11434/v1/embeddings", true),
            ("http://127.0.0.1/x", true),
            ("http://[::1]:80/x", true),
            ("http://api.example.com/v1/embeddings", false),
            ("http://localhost.example.com/x", false),
            ("http://localhost:80@example.com/x", false),
            ("http://example.com/?localhost", false),
        ] {
            let service = Service::new(url, "m", Some("secret"));
            assert_eq!(service.is_ok(), fine, "{url}");
            assert!(!format!("{service:?}").contains("secret"));
            assert!(Service::new(url, "m", None).is_ok());
        }
    }

    #[test]
    fn answers_are_put_in_order_or_refused() {
        let read = |text: &str| in_order(serde_json::from_str(text).unwrap(), 2);
        let two = r#"{"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,4]}]}"#;
        assert_eq!(read(two).unwrap(), [[0.6, 0.8], [0.0, 1.0]]);
        for text in [
            r#"{"data":[{"embedding":[1]}]}"#,
            r#"{"data":[{"embedding":[1]},{"embedding":[1,2]}]}"#,
            r#"{"data":[{"embedding":[1]},{"embedding":[]}]}"#,
            r#"{"data":[{"embedding":[1]},{"embedding":[0]}]}"#,
            r#"{"data":[{"index":1,"embedding":[1]},{"index":1,"embedding":[1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]}"#,
        ] {
            read(text).unwrap_err();
        }
    }
}

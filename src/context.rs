//! Time, randomness and environment: the one door through which they enter.
//!
//! Tests fix them by `TK_TEST_NOW` (an RFC 3339 time) and `TK_TEST_SEED` (a number);
//! `TK_TEST_LOCK_WAIT` (milliseconds) is how long the store's lock is waited for,
//! `TK_TEST_ANSWER_WAIT` (milliseconds) how long an answer of the network or of
//! the worker program, and
//! `TK_TEST_LEASE` (milliseconds) how long a run's claims hold;
//! `TK_TEST_INDEX` turns the cache of the store `off`, or makes it write `eager`ly. Where a
//! test has a run's process die is in [`point`].

pub mod point;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What a command sees of the world besides the repository.
#[derive(Debug)]
pub struct Context {
    /// The folder it works in.
    pub cwd: PathBuf,
    env: BTreeMap<String, String>,
    fixed_now: Option<Timestamp>,
    lock_wait: Option<Duration>,
    answer_wait: Option<Duration>,
    random: Mutex<fastrand::Rng>,
}

/// Why the environment could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum InvalidContext {
    /// There is no current folder.
    #[error("the current folder is gone or cannot be read: {0}")]
    Cwd(#[source] std::io::Error),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    /// A variable that fixes something is not of its form.
    #[error("`{name}` is `{value}`: expected {expected}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
}

impl Context {
    /// The process's own context. Variables that are not UTF-8 are taken as absent.
    ///
    /// # Errors
    /// When there is no current folder, no source of randomness, or a fixing variable is
    /// not of its form.
    pub fn from_process() -> Result<Self, InvalidContext> {
        let cwd = std::env::current_dir().map_err(InvalidContext::Cwd)?;
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let context = Self::new(cwd, env)?;
        let die_at = context.var("TK_TEST_DIE_AT");
        point::arm(die_at, context.var("TK_TEST_POINTS")).ok_or_else(|| {
            InvalidContext::Variable {
                name: "TK_TEST_DIE_AT",
                value: die_at.unwrap_or_default().to_owned(),
                expected: "a point and a moment such as `merge:before`, or `merge:before:2`",
            }
        })?;
        Ok(context)
    }

    /// A context of the given folder and variables.
    ///
    /// # Errors
    /// When there is no source of randomness, or a fixing variable is not of its form.
    pub fn new(cwd: PathBuf, env: BTreeMap<String, String>) -> Result<Self, InvalidContext> {
        let invalid = |name, value: &str, expected| InvalidContext::Variable {
            name,
            value: value.to_owned(),
            expected,
        };
        let fixed_now = match env.get("TK_TEST_NOW") {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| {
                invalid("TK_TEST_NOW", text, "a time such as `2026-11-20T08:38:50Z`")
            })?),
        };
        let seed = match env.get("TK_TEST_SEED") {
            Some(text) => text
                .parse()
                .map_err(|_| invalid("TK_TEST_SEED", text, "a whole number"))?,
            None => getrandom::u64().map_err(|error| InvalidContext::Random(error.to_string()))?,
        };
        let milliseconds = |name| match env.get(name) {
            None => Ok(None),
            Some(text) => match text.parse() {
                Ok(wait) => Ok(Some(Duration::from_millis(wait))),
                Err(_) => Err(invalid(name, text, "a number of milliseconds")),
            },
        };
        let lock_wait = milliseconds("TK_TEST_LOCK_WAIT")?;
        let answer_wait = milliseconds("TK_TEST_ANSWER_WAIT")?;
        Ok(Self {
            cwd,
            env,
            fixed_now,
            lock_wait,
            answer_wait,
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
        })
    }

    /// The same world, seen from another folder.
    ///
    /// # Errors
    /// As [`Context::new`].
    pub fn within(&self, folder: &std::path::Path) -> Result<Self, InvalidContext> {
        Self::new(folder.to_owned(), self.env.clone())
    }

    /// The time now, to the millisecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = self.fixed_now.unwrap_or_else(Timestamp::now);
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// The machine's time zone, which the variable `TZ` names or the system's settings; UTC where
    /// neither does, as for every other program.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        TimeZone::system()
    }

    /// How long the store's lock is waited for, where a test has said so.
    #[must_use]
    pub const fn lock_wait(&self) -> Option<Duration> {
        self.lock_wait
    }

    /// How long a service is waited for, where a test has said so.
    #[must_use]
    pub const fn answer_wait(&self) -> Option<Duration> {
        self.answer_wait
    }

    /// The variable's value, if it is set and not empty.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A random number below `bound`, which must not be 0.
    #[must_use]
    pub fn random_below(&self, bound: usize) -> usize {
        self.random().usize(..bound)
    }

    /// 128 random bits.
    #[must_use]
    pub fn random_u128(&self) -> u128 {
        self.random().u128(..)
    }

    fn random(&self) -> MutexGuard<'_, fastrand::Rng> {
        // A generator is in order whatever its last user was doing.
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! What a person types, until Ctrl-C: that ends the questions, and not what was answered before.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// How soon Ctrl-C is heeded.
const HEED: Duration = Duration::from_millis(50);

/// While it lives, Ctrl-C is told to whoever asks.
pub(super) struct Heard {
    /// Whether Ctrl-C does what it always does.
    usual: Arc<AtomicBool>,
    came: Arc<AtomicBool>,
}

impl Heard {
    /// # Errors
    /// When the system does not allow it.
    pub(super) fn begin() -> io::Result<Self> {
        let heard = Self {
            usual: Arc::default(),
            came: Arc::default(),
        };
        flag::register_conditional_default(SIGINT, Arc::clone(&heard.usual))?;
        flag::register(SIGINT, Arc::clone(&heard.came))?;
        Ok(heard)
    }

    /// Whether Ctrl-C came.
    pub(super) fn is_over(&self) -> bool {
        self.came.load(Ordering::SeqCst)
    }

    /// What `ask` answers; nothing where Ctrl-C came before. It is left waiting then, in a thread
    /// that ends with the program.
    ///
    /// # Errors
    /// As `ask`.
    pub(super) fn answer(
        &self,
        ask: impl FnOnce() -> io::Result<String> + Send + 'static,
    ) -> io::Result<Option<String>> {
        let (answered, answer) = mpsc::channel();
        thread::spawn(move || answered.send(ask()));
        while !self.is_over() {
            match answer.recv_timeout(HEED) {
                Ok(typed) => return typed.map(Some),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
            }
        }
        Ok(None)
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.usual.store(true, Ordering::SeqCst);
    }
}

//! A live worker that waits for a person: what it asked, and for how much longer.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use tokio::time::Instant;

use super::past::{PastRequests, Standing};
use super::{Start, Work};
use crate::model::{Asked, AskedPart, Awaiting};
use crate::run::asking::{self, Asking, Said};
use crate::run::claude::control;
use crate::run::claude::conversation::{Permission, Question};
use crate::run::tickets;
use crate::run::trouble::Trouble;
use crate::run::watch::Watch;
use crate::wire::EventKind;

/// What the client waits for.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Question(Question),
    Permission(Permission),
}

/// The requests of one worker, the first of which is put to a person.
pub(super) struct Waiting<'a> {
    work: &'a Work<'a>,
    requests: VecDeque<Request>,
    /// What the first of them looks like in the ticket, since when it is there, and who tells
    /// of changes of the ticket.
    asked: Option<(Asking, Instant, Watch)>,
    /// What people have approved before.
    granted: Vec<String>,
    /// What an earlier runner asked for this worker.
    past: PastRequests,
    /// All that it has asked, as it is in the ticket.
    all: Vec<String>,
}

impl Request {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Question(question) => &question.request,
            Self::Permission(permission) => &permission.request,
        }
    }

    fn asking(&self) -> Asking {
        match self {
            Self::Question(question) => Asking {
                awaiting: Awaiting::Input,
                text: asked(question).to_string(),
            },
            Self::Permission(permission) => asking::permission(&permission.tool, &permission.what),
        }
    }

    fn told(&self) -> EventKind {
        let (question, options) = match self {
            Self::Question(question) => {
                let texts: Vec<&str> = question.parts.iter().map(|p| p.question.as_str()).collect();
                let options = question.parts.iter().flat_map(|p| p.options.clone());
                (texts.join("\n"), options.collect())
            }
            Self::Permission(_) => (self.asking().text, Vec::new()),
        };
        EventKind::Ask { question, options }
    }
}

fn asked(question: &Question) -> Asked {
    let parts = question.parts.iter();
    Asked {
        parts: parts
            .map(|part| AskedPart::new(&part.question, &part.options))
            .collect(),
    }
}

impl<'a> Waiting<'a> {
    pub(super) fn new(work: &'a Work<'a>) -> Self {
        let asker = tickets::actor(work.job).to_string();
        Self {
            work,
            requests: VecDeque::new(),
            asked: None,
            granted: asking::granted(&work.job.ticket, &asker),
            past: match work.start {
                Start::New(..) => PastRequests::default(),
                Start::Left(left) => PastRequests::of(left),
            },
            all: Vec::new(),
        }
    }

    /// All that the worker has asked, as it is in the ticket.
    pub(super) fn into_asked(self) -> Vec<String> {
        self.all
    }

    /// Until when the worker waits.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let wait = self.work.shared.config.run.live_wait.duration();
        self.asked.as_ref().map(|(_, since, _)| *since + wait)
    }

    /// Takes in a request that was answered before.
    pub(super) fn pass(&mut self, request: &Request) {
        self.all.push(request.asking().text);
        self.past.meet(&request.told());
    }

    /// Takes in a request; the line to answer with at once.
    pub(super) async fn add(&mut self, request: Request) -> Result<Option<String>, Trouble> {
        self.all.push(request.asking().text);
        match self.past.meet(&request.told()) {
            Standing::New => {}
            Standing::Over => return Ok(None),
            Standing::Last(since) => return self.ask_again(request, since).await,
        }
        if let Request::Permission(permission) = &request
            && self.granted.contains(&request.asking().text)
        {
            self.decided(permission, true)?;
            return Ok(Some(control::allow(permission)));
        }
        self.requests.push_back(request);
        self.ask_next().await?;
        Ok(None)
    }

    /// Takes in the request that a runner asked before it died: it is not asked twice, and was
    /// perhaps answered when no runner lived.
    async fn ask_again(
        &mut self,
        request: Request,
        since: Timestamp,
    ) -> Result<Option<String>, Trouble> {
        let asking = request.asking();
        self.requests.push_back(request);
        let watch = Watch::patient(self.work.shared.store.ticks_dir());
        let asker = tickets::actor(self.work.job).to_string();
        let ticket = tickets::current(self.work.shared, self.work.job)?;
        if !asking::was_asked(&ticket, &asker, &asking, since) {
            let told = asking.clone();
            self.work
                .blocking(move |shared, job| asking::ask(shared, job, &told))
                .await?;
        }
        self.tell_asked(asking, watch).await?;
        self.look().await
    }

    /// Puts the first request to a person, where none is.
    async fn ask_next(&mut self) -> Result<(), Trouble> {
        let (None, Some(request)) = (&self.asked, self.requests.front()) else {
            return Ok(());
        };
        let asking = request.asking();
        let desk = self.work.desk;
        desk.record(request.told()).await?;
        // Watched before it is asked, so that no answer falls between the two.
        let watch = Watch::patient(self.work.shared.store.ticks_dir());
        let told = asking.clone();
        self.work
            .blocking(move |shared, job| asking::ask(shared, job, &told))
            .await?;
        self.tell_asked(asking, watch).await
    }

    /// The question is in the ticket: waits for the answer.
    async fn tell_asked(&mut self, asking: Asking, watch: Watch) -> Result<(), Trouble> {
        self.record(EventKind::Awaiting {
            awaiting: asking.awaiting.to_string(),
            text: asking.text.clone(),
        })
        .await?;
        self.asked = Some((asking, Instant::now(), watch));
        Ok(())
    }

    /// Writes down what became of a request, once.
    async fn record(&mut self, kind: EventKind) -> Result<(), Trouble> {
        if !self.past.knows(&kind) {
            self.work.desk.record(kind).await?;
        }
        Ok(())
    }

    /// Returns when the ticket may have been answered.
    pub(super) async fn changed(&self) {
        match &self.asked {
            Some((_, _, watch)) => watch.changed().await,
            None => std::future::pending().await,
        }
    }

    /// Looks whether a person has answered; what to tell the client.
    pub(super) async fn look(&mut self) -> Result<Option<String>, Trouble> {
        let (Some((asking, ..)), Some(request)) = (&self.asked, self.requests.front()) else {
            return Ok(None);
        };
        let (asking, request) = (asking.clone(), request.clone());
        let asker = tickets::actor(self.work.job).to_string();
        let Ok(ticket) = tickets::current(self.work.shared, self.work.job) else {
            // Somebody is in the middle of writing it.
            return Ok(None);
        };
        let said = asking::said(&ticket, &asker, &asking);
        let line = match (&request, said) {
            (_, Said::Nothing) => return Ok(None),
            (Request::Question(question), Said::Answer(text) | Said::Refusal(text)) => {
                let answers = answers(question, &text);
                self.record(EventKind::Answer { text }).await?;
                control::answer(question, &answers)
            }
            (Request::Question(question), Said::Withdrawn) => {
                control::deny(&question.request, "nobody will answer: decide yourself")
            }
            (Request::Permission(permission), Said::Answer(text)) => {
                self.granted.push(asking.text.clone());
                self.record(EventKind::Answer { text }).await?;
                self.decided(permission, true)?;
                control::allow(permission)
            }
            (Request::Permission(permission), said) => {
                let reason = match said {
                    Said::Refusal(text) => {
                        let reason = format!("a person refused it: {text}");
                        self.record(EventKind::Answer { text }).await?;
                        reason
                    }
                    _ => "a person took the request away".to_owned(),
                };
                self.decided(permission, false)?;
                control::deny(&permission.request, &reason)
            }
        };
        self.asked = None;
        self.requests.pop_front();
        self.ask_next().await?;
        Ok(Some(line))
    }

    fn decided(&mut self, permission: &Permission, allowed: bool) -> Result<(), Trouble> {
        let kind = EventKind::Permission {
            tool: permission.tool.clone(),
            request: permission.what.clone(),
            allowed,
        };
        if !self.past.knows(&kind) {
            self.work.desk.tell(kind)?;
        }
        Ok(())
    }

    /// The client no longer waits for an answer to that request.
    pub(super) async fn withdraw(&mut self, id: &str) -> Result<(), Trouble> {
        let is_first = self.requests.front().is_some_and(|first| first.id() == id);
        self.requests.retain(|request| request.id() != id);
        if is_first {
            self.take_back().await?;
            self.ask_next().await?;
        }
        Ok(())
    }

    /// The worker has ended its turn: nobody waits for an answer any more.
    pub(super) async fn take_back(&mut self) -> Result<(), Trouble> {
        let Some((asking, ..)) = self.asked.take() else {
            return Ok(());
        };
        self.work
            .blocking(move |shared, job| asking::withdraw(shared, job, &asking))
            .await
    }

    /// What the ticket was told that is still open.
    pub(super) fn open(&self) -> Option<Asking> {
        self.asked.as_ref().map(|(asking, ..)| asking.clone())
    }
}

/// The answers by the text of what was asked, as the client wants them.
fn answers(question: &Question, text: &str) -> BTreeMap<String, String> {
    let asked = asked(question);
    // Whoever wrote the note without `tk answer` may have meant a number as well.
    let said = asked.answer(text).unwrap_or_else(|_| text.to_owned());
    let texts = question.parts.iter().map(|part| part.question.clone());
    texts.zip(asked.answers(&said)).collect()
}

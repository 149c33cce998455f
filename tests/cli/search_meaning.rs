//! Finding tickets by what they mean, as a service on this machine tells, and as it fails to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::project::worktrees_of_bare;
use crate::support::Sandbox;

/// How long a connection may say nothing before the service gives it up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the service answers.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Good,
    /// Vectors with one number more.
    Larger,
    /// Only for what is asked, vectors with one number more.
    Mixed,
    /// Nothing, until the other side gives up.
    Silent,
    /// Nothing about more texts than that.
    AtMost(usize),
    /// Nothing where one of the texts has that word.
    SilentAbout(&'static str),
    /// That status, where one of the texts has that word.
    Refuses(u16, &'static str),
    /// That status, and that text.
    Status(u16, &'static str),
}

/// The texts that it was asked about in one request, and the key that came with them.
type Asked = (Vec<String>, Option<String>);

/// An embeddings service that knows two things to talk about.
struct Service {
    address: String,
    mood: Arc<Mutex<Mood>>,
    /// By request.
    asked: Arc<Mutex<Vec<Asked>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mood = Arc::new(Mutex::new(Mood::Good));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (mood, asked, ended) = (mood.clone(), asked.clone(), ended.clone());
            move || {
                for stream in listener.incoming() {
                    if ended.load(Ordering::SeqCst) {
                        break;
                    }
                    let mood = *mood.lock().unwrap();
                    // One that goes away in between is none of ours.
                    let _ = answer(stream.unwrap(), mood, &asked);
                }
            }
        });
        Self {
            address,
            mood,
            asked,
            ended,
            thread: Some(thread),
        }
    }

    fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// What it was asked since this was asked last.
    fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn url(&self) -> String {
        format!("http://{}/v1/embeddings", self.address)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(stream: TcpStream, mood: Mood, asked: &Mutex<Vec<Asked>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut length, mut authorisation) = (0, None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else {
            match line.trim() {
                "" => break,
                _ => continue,
            }
        };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap(),
            "authorization" => authorisation = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let question: Value = serde_json::from_slice(&body)?;
    assert_eq!(question["model"], "tiny");
    let texts: Vec<String> = serde_json::from_value(question["input"].clone())?;
    let (status, text) = match mood {
        Mood::Silent => return silence(reader),
        Mood::SilentAbout(word) if texts.iter().any(|text| text.contains(word)) => {
            asked.lock().unwrap().push((texts, authorisation));
            return silence(reader);
        }
        Mood::AtMost(most) if texts.len() > most => return silence(reader),
        Mood::Status(status, text) => (status, text.to_owned()),
        Mood::Refuses(status, word) if texts.iter().any(|text| text.contains(word)) => {
            (status, String::new())
        }
        Mood::Good
        | Mood::Larger
        | Mood::Mixed
        | Mood::AtMost(_)
        | Mood::SilentAbout(_)
        | Mood::Refuses(..) => (200, vectors(&texts, mood)),
    };
    asked.lock().unwrap().push((texts, authorisation));
    let head = format!(
        "HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        text.len()
    );
    (&stream).write_all((head + &text).as_bytes())
}

/// Waits until the other side hangs up.
fn silence(mut reader: BufReader<TcpStream>) -> std::io::Result<()> {
    let _ = reader.read(&mut [0]);
    Ok(())
}

/// As many of logging in and of money as there are in each text, told the other way round.
fn vectors(texts: &[String], mood: Mood) -> String {
    let count = |text: &str, words: &[&str]| {
        let text = text.to_lowercase();
        let counts = words.iter().map(|word| text.matches(word).count());
        counts.sum::<usize>() as f64
    };
    let vector = |text: &String| {
        let more = match mood {
            Mood::Larger => true,
            Mood::Mixed => texts.len() > 1,
            _ => false,
        };
        let mut vector = vec![
            count(text, &["login", "sign in", "password"]),
            count(text, &["invoice", "payment", "bill"]),
            0.1,
        ];
        vector.extend(more.then_some(0.1));
        vector
    };
    let data = texts.iter().enumerate().rev();
    let data = data.map(|(index, text)| json!({"index": index, "embedding": vector(text)}));
    json!({"data": data.collect::<Vec<_>>()}).to_string()
}

fn project(url: &str) -> Sandbox {
    let sandbox = Sandbox::initialised()
        .with_env("TK_KEY", "very-secret")
        // Nobody is there; this machine itself is asked without one.
        .with_env("HTTP_PROXY", "http://127.0.0.1:9");
    sandbox.write(
        ".ticks/config.toml",
        &format!(
            "[search]\nembeddings_url = \"{url}\"\nembeddings_model = \"tiny\"\n\
             embeddings_key_env = \"TK_KEY\"\n"
        ),
    );
    for (id, title) in [
        ("in1", "Sign in with a passkey"),
        ("in2", "Login is slow"),
        ("pay", "Payment of an invoice twice"),
        ("doc", "Write the manual"),
    ] {
        sandbox.ticket(id, &format!("title = \"{title}\"\n"));
    }
    sandbox
}

fn ids(found: &Value) -> Vec<&str> {
    let tickets = found["tickets"].as_array().unwrap().iter();
    tickets
        .map(|ticket| ticket["id"].as_str().unwrap())
        .collect()
}

#[test]
fn what_means_the_same_is_found_and_each_text_asked_about_once() {
    let service = Service::new();
    let sandbox = project(&service.url());
    let search = |words: &str| sandbox.tk(["search", words, "--json"]).json();
    let found = search("login");
    assert_eq!(
        (&found["by_meaning"], &found["warnings"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(ids(&found), ["in2", "in1"]);
    // The first by words, 30, and the second by meaning, 70 of 61/62.
    assert_eq!(found["tickets"][0]["score"], 0.98871);
    assert_eq!(found["tickets"][1]["snippets"], json!([]));
    let asked = service.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].0, ["login"]);
    assert_eq!(asked[1].0.len(), 4);
    assert!(
        asked
            .iter()
            .all(|(_, key)| key.as_deref() == Some("Bearer very-secret"))
    );
    // No ticket has the word; what it means is known.
    assert_eq!(ids(&search("bill"))[0], "pay");
    assert_eq!(
        service.asked(),
        [(
            vec!["bill".to_owned()],
            Some("Bearer very-secret".to_owned())
        )]
    );
    // Only what says something else is asked about.
    sandbox.tk(["update", "in2", "-p", "0"]).ok();
    sandbox.tk(["note", "doc", "also of payment"]).ok();
    search("login");
    let asked = service.asked();
    assert_eq!(asked[1].0, ["Write the manual\n\nalso of payment"]);
    assert_eq!(asked.len(), 2);
    let again = sandbox.tk(["search", "login", "--json"]).stdout;
    assert_eq!(again, sandbox.tk(["search", "login", "--json"]).stdout);
    let filtered = sandbox.tk(["search", "login", "-p", "0", "--json"]).json();
    assert_eq!(ids(&filtered), ["in2"]);
}

/// Worktrees of a bare repository have tickets of their own each.
#[test]
fn each_text_is_asked_about_once_also_by_turns_in_two_worktrees() {
    let service = Service::new();
    let sandbox = project(&service.url());
    worktrees_of_bare(&sandbox, &["one", "two"]);
    sandbox.write("../two/.ticks/doc.toml", "title = \"Write less\"\n");
    let asked_by = |tree: &str| -> usize {
        sandbox.tk(["-C", tree, "search", "login"]).ok();
        let asked = service.asked().into_iter().skip(1);
        asked.map(|(texts, _)| texts.len()).sum()
    };
    let asked = ["../one", "../two", "../one", "../two"].map(asked_by);
    assert_eq!(asked, [4, 1, 0, 0]);
    // What is of no ticket any more does not stay for ever.
    for round in 0..9 {
        let text = format!("title = \"Written {round} times\"\n");
        sandbox.write("../one/.ticks/doc.toml", &text);
        assert_eq!(asked_by("../one"), 1);
    }
    let kept = std::fs::metadata(sandbox.path().join("../bare.git/tk/vectors")).unwrap();
    assert!(kept.len() < 14 * 28, "{} bytes", kept.len());
}

#[test]
fn a_service_that_fails_leaves_the_words_and_a_warning() {
    let service = Service::new();
    let sandbox = project(&service.url());
    let mut told = String::new();
    for mood in [
        Mood::Status(500, "{\"error\": \"very-secret\"}"),
        Mood::Status(302, ""),
        Mood::Status(200, "no JSON"),
        Mood::Status(200, "{\"data\": [{\"embedding\": [1, \"very-secret\"]}]}"),
        Mood::Status(200, "{\"data\": []}"),
        Mood::Mixed,
    ] {
        service.be(mood);
        let output = sandbox.tk(["search", "login", "--json"]);
        assert_eq!(output.code, 0, "{mood:?} {output}");
        let found = output.json();
        assert_eq!(ids(&found), ["in2"], "{mood:?}");
        assert_eq!(found["by_meaning"], false);
        let warning = found["warnings"][0].as_str().unwrap();
        assert!(output.stderr.contains("tk.warning.v1"), "{output}");
        assert!(!output.to_string().contains("very-secret"));
        told.push_str(&warning.replace(&service.address, "HOST"));
        told.push('\n');
    }
    assert_snapshot!(told, @r#"
    `http://HOST/v1/embeddings` does not tell what texts mean, so only words count: it answered with status 500
    `http://HOST/v1/embeddings` does not tell what texts mean, so only words count: it answered with status 302
    `http://HOST/v1/embeddings` does not tell what texts mean, so only words count: its answer is of no use: no list of vectors, from line 1, column 2 on
    `http://HOST/v1/embeddings` does not tell what texts mean, so only words count: its answer is of no use: no list of vectors, from line 1, column 41 on
    `http://HOST/v1/embeddings` does not tell what texts mean, so only words count: its answer is of no use: 0 vectors: expected 1
    `http://HOST/v1/embeddings` does not tell what texts mean, so only words count: its answer is of no use: vectors of 3 and of 4 numbers
    "#);
    // A text with its own size is no reason to fail for ever: what is known is asked anew.
    service.be(Mood::Good);
    assert_eq!(
        sandbox.tk(["search", "login", "--json"]).json()["by_meaning"],
        true
    );
    service.asked();
    service.be(Mood::Larger);
    assert_eq!(
        sandbox.tk(["search", "login", "--json"]).json()["by_meaning"],
        true
    );
    assert_eq!(service.asked()[1].0.len(), 4);
}

#[test]
fn a_service_that_is_away_or_silent_is_not_waited_for() {
    let service = Service::new();
    let sandbox = project(&service.url()).with_env("TK_TEST_ANSWER_WAIT", "300");
    service.be(Mood::Silent);
    let output = sandbox.tk(["search", "login"]);
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stdout.starts_with("in2"), "{output}");
    assert!(
        output.stderr.starts_with("warning: `http://127.0.0.1:"),
        "{output}"
    );
    let url = service.url();
    drop(service);
    let output = project(&url).tk(["search", "login"]);
    assert_eq!(output.code, 0, "{output}");
    assert!(output.stdout.starts_with("in2"), "{output}");
    assert!(output.stderr.contains("only words count"), "{output}");
}

#[test]
fn a_slow_service_is_asked_about_fewer_texts_at_once() {
    let service = Service::new();
    let sandbox = project(&service.url()).with_env("TK_TEST_ANSWER_WAIT", "1500");
    for number in 0..8 {
        sandbox.ticket(&format!("z{number}"), "title = \"Something else\"\n");
    }
    service.be(Mood::AtMost(4));
    let found = sandbox.tk(["search", "login", "--json"]).json();
    assert_eq!(
        (&found["by_meaning"], &found["warnings"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(ids(&found), ["in2", "in1"]);
    service.asked();
    sandbox.tk(["search", "login"]).ok();
    assert_eq!(service.asked().len(), 1);
}

/// Nobody waits for the answer about the same text at every search.
#[test]
fn a_text_that_is_never_answered_about_is_waited_for_once_a_day() {
    let service = Service::new();
    let mut sandbox = project(&service.url()).with_env("TK_TEST_ANSWER_WAIT", "1500");
    let search = |sandbox: &Sandbox| {
        service.asked();
        let found = sandbox.tk(["search", "login", "--json"]).json();
        assert_eq!(ids(&found), ["in2", "in1"]);
        assert_eq!(found["by_meaning"], true, "{found}");
        let told = found["warnings"].to_string();
        (service.asked().len(), told.replace(&service.url(), "URL"))
    };
    let late = "[\"`URL` did not answer in time about what `pay` says, so only words find it, and \
                it is not asked again until 2026-11-21T08:38:50Z\"]";
    service.be(Mood::SilentAbout("invoice"));
    // The question, all four at once, then one, two, and one alone.
    assert_eq!(search(&sandbox), (5, late.to_owned()));
    assert_eq!(search(&sandbox), (1, late.to_owned()));
    sandbox.at("2026-11-21T08:38:49Z");
    assert_eq!(search(&sandbox), (1, late.to_owned()));
    sandbox.at("2026-11-21T08:38:50Z");
    let later = late.replace("-21T", "-22T");
    assert_eq!(search(&sandbox), (2, later.clone()));
    assert_eq!(search(&sandbox), (1, later));
    // Another text is asked about at once.
    service.be(Mood::Good);
    sandbox.tk(["update", "pay", "--title", "Payment"]).ok();
    assert_eq!(search(&sandbox), (2, "[]".to_owned()));
}

#[test]
fn a_text_that_is_refused_leaves_the_others() {
    for status in [400, 413, 422] {
        let service = Service::new();
        let sandbox = project(&service.url());
        for id in ["q1", "q2", "q3"] {
            sandbox.ticket(id, "title = \"The invoice\"\n");
        }
        let search = |words: &str| sandbox.tk(["search", words, "--json"]).json();
        let told = |found: &Value| {
            assert_eq!(found["by_meaning"], true, "{found}");
            let warnings = found["warnings"].as_array().unwrap().iter();
            let warnings = warnings.map(|text| text.as_str().unwrap().to_owned());
            let all: Vec<String> = warnings.collect();
            all.join("\n").replace(&service.url(), "URL")
        };
        service.be(Mood::Refuses(status, "invoice"));
        let refused =
            "`URL` refuses what `pay`, `q1`, `q2` and 1 more say, so only words find them";
        // Once they are known, nobody is asked again.
        for questions in [None, Some(1)] {
            let found = search("login");
            assert_eq!(ids(&found), ["in2", "in1"]);
            assert_eq!(told(&found), refused);
            let asked = service.asked().len();
            assert!(questions.is_none_or(|count| count == asked), "{asked}");
        }
        assert!(ids(&search("twice")).contains(&"pay"));
        for id in ["q1", "q2", "q3"] {
            sandbox.tk(["update", id, "--title", "The bill"]).ok();
        }
        let refused = "`URL` refuses what `pay` says, so only words find it";
        assert_eq!(told(&search("login")), refused);
        sandbox.tk(["update", "pay", "--title", "Payment"]).ok();
        assert_eq!(told(&search("login")), "");
    }
}

#[test]
fn what_is_known_counts_where_the_service_fails_at_what_is_new() {
    let service = Service::new();
    let sandbox = project(&service.url());
    sandbox.tk(["search", "login"]).ok();
    sandbox.ticket("add", "title = \"The invoice\"\n");
    for status in [401, 403, 404, 429, 500, 503] {
        service.be(Mood::Refuses(status, "invoice"));
        service.asked();
        let output = sandbox.tk(["search", "login", "--json"]);
        let found = output.json();
        assert_eq!(found["by_meaning"], true);
        assert_eq!(ids(&found), ["in2", "in1"]);
        let warning = format!(
            "`{}` does not tell what one ticket means: it answered with status {status}",
            service.url()
        );
        assert_eq!(found["warnings"], json!([warning]));
        assert!(output.stderr.contains(&warning), "{output}");
        assert_eq!(service.asked().len(), 2);
    }
    service.be(Mood::Good);
    let found = sandbox.tk(["search", "login", "--json"]).json();
    assert_eq!(found["warnings"], json!([]));
}

#[test]
fn a_key_is_neither_sent_in_the_open_nor_taken_from_any_variable() {
    let sandbox = project("http://embeddings.invalid/v1/embeddings");
    assert_snapshot!(sandbox.tk(["search", "login"]), @r"
    in2  P2  open  task  Login is slow
    --- stderr
    warning: `http://embeddings.invalid/v1/embeddings` does not tell what texts mean, so only words count: a key is sent by `https://` or to this machine only
    ");
    sandbox.write(
        ".ticks/config.toml",
        "[search]\nembeddings_key_env = \"AWS_SECRET_ACCESS_KEY\"\n",
    );
    assert_snapshot!(sandbox.tk(["search", "login"]), @r#"
    --- stderr
    error: .ticks/config.toml:2: `search.embeddings_key_env` is `"AWS_SECRET_ACCESS_KEY"`: expected the name of a variable that begins with `TK_`
    --- exit 4
    "#);
}

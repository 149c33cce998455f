use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;
use crate::model::StatusId;
use crate::store::AtomicFile;

struct Place {
    folder: tempfile::TempDir,
    store: Store,
    config: Config,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let ticks = folder.path().join(".ticks");
    fs::create_dir(&ticks).unwrap();
    let store = Store::open(ticks, folder.path().join("tk"));
    let config = Config::default();
    Place {
        folder,
        store,
        config,
    }
}

fn id(text: &str) -> TicketId {
    TicketId::parse(text).unwrap()
}

fn ticket(name: &str) -> Ticket {
    Ticket::new(
        id(name),
        format!("The {name}"),
        "task".to_owned(),
        StatusId::new("open"),
    )
}

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.store.ticks_dir().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn edit(&self, name: &str, edit: impl FnOnce(&mut Ticket)) -> Result<Written, StoreError> {
        let locked = self.store.lock()?;
        let before = locked.read(&id(name), &self.config)?;
        let mut after = before.ticket.clone();
        edit(&mut after);
        locked.write(Change { before, after }, &self.config)
    }

    fn create(&self, name: &str) -> Option<Stored> {
        let locked = self.store.lock().unwrap();
        locked.create(&[ticket(name)], &self.config).ok()?;
        locked.read(&id(name), &self.config).ok()
    }
}

#[test]
fn created_once_and_read_back() {
    let place = place();
    let made = place.create("abc").unwrap();
    assert_eq!(place.create("abc"), None);
    assert_eq!(made.ticket, ticket("abc"));
    let loaded = place.store.load_all(&place.config).unwrap();
    assert_eq!(loaded.get(&id("abc")), Some(&ticket("abc")));
    place.create("xyz").unwrap();
    let index = place.store.index(&place.config).unwrap();
    for guess in [None, Some(0), Some(1), Some(99)] {
        assert_eq!(index.etag(&id("abc"), guess), Some(made.etag), "{guess:?}");
        assert_eq!(index.etag(&id("nobody"), guess), None, "{guess:?}");
    }
    assert_eq!(loaded.get(&id("abd")), None);
}

#[test]
fn an_edit_keeps_what_it_does_not_understand() {
    let place = place();
    place.write("abc.toml", "# mine\ntitle = \"One\" # said\nfuture = 3\n");
    let written = place.edit("abc", |ticket| ticket.owner = Some("ann".to_owned()));
    let text = fs::read_to_string(place.path("abc.toml")).unwrap();
    assert!(text.starts_with("# mine\ntitle = \"One\" # said\n"));
    assert!(text.contains("future = 3\n"));
    assert_eq!(written.unwrap().etags, [Etag::of(text.as_bytes())]);
}

#[test]
fn what_does_not_parse_is_never_overwritten() {
    let place = place();
    place.write("abc.toml", "title = \n");
    let edited = place.edit("abc", |ticket| ticket.owner = None);
    assert!(matches!(edited, Err(StoreError::Invalid(_))));
    let locked = place.store.lock().unwrap();
    let text = "title = \"x\"\n".to_owned();
    let written = locked.write_text(&id("abc"), text.clone(), &place.config);
    assert!(matches!(written, Err(StoreError::Invalid(_))));
    let taken = locked.create(&[ticket("abd"), ticket("abc")], &place.config);
    assert!(matches!(taken, Err(StoreError::Taken(taken)) if taken == id("abc")));
    assert!(!place.path("abd.toml").exists());
    assert_eq!(
        fs::read_to_string(place.path("abc.toml")).unwrap(),
        "title = \n"
    );
    locked.write_text(&id("new2"), text, &place.config).unwrap();
    let bad = "title = 3\n".to_owned();
    assert!(locked.write_text(&id("new2"), bad, &place.config).is_err());
}

#[test]
fn of_several_changes_none_is_written_if_one_cannot_be() {
    let place = place();
    let (one, two) = (place.create("abc").unwrap(), place.create("abd").unwrap());
    let (before, mut after) = ([&one, &two], vec![one.ticket.clone(), two.ticket.clone()]);
    after[0].owner = Some("ann".to_owned());
    after[1].kind = "no such type".to_owned();
    let locked = place.store.lock().unwrap();
    let before = |place: usize, _: &Ticket| Ok::<_, StoreError>(before[place]);
    assert!(locked.prepare(after, before, &place.config).is_err());
    assert_eq!(place.store.read(&id("abc"), &place.config).unwrap(), one);
    assert_eq!(place.store.read(&id("abd"), &place.config).unwrap(), two);
}

#[test]
fn of_very_many_changes_none_is_written_if_the_last_one_cannot_be() {
    let place = place();
    let ids: Vec<TicketId> = (0..1_200).map(|number| id(&format!("t{number}"))).collect();
    for id in &ids {
        place.write(&format!("{id}.toml"), "title = \"x\"\n");
    }
    let locked = place.store.lock().unwrap();
    let before = |_: usize, ticket: &Ticket| locked.read(&ticket.id, &place.config);
    let after = |wrong: &str| -> Vec<Ticket> {
        let tickets = ids.iter().map(|id| {
            let mut ticket = before(0, &ticket(id.as_str())).unwrap().ticket;
            ticket.owner = Some("ann".to_owned());
            if wrong == id.as_str() {
                ticket.kind = "no such type".to_owned();
            }
            ticket
        });
        tickets.collect()
    };
    let owned = || {
        let tickets = place.store.load_all(&place.config).unwrap();
        let owned = tickets.tickets.iter().filter(|it| it.owner.is_some());
        (owned.count(), fs::read_dir(place.path("")).unwrap().count())
    };
    let failed = locked.prepare(after("t1199"), before, &place.config);
    assert!(matches!(failed, Err(StoreError::Unwritable { .. })));
    assert_eq!(owned(), (0, ids.len()));
    let rehearsed = locked.rehearse(after(""), before, &place.config);
    locked.put(rehearsed.unwrap()).unwrap();
    drop(locked.prepare(after(""), before, &place.config).unwrap());
    assert_eq!(owned(), (0, ids.len()));
    let prepared = locked.prepare(after(""), before, &place.config).unwrap();
    let written = locked.put(prepared).unwrap();
    assert!(written.changed.iter().map(|new| &new.id).eq(&ids));
    assert_eq!(owned(), (ids.len(), ids.len()));
}

#[test]
fn files_that_are_no_tickets_are_named_and_take_nothing_down() {
    let place = place();
    place.create("abc").unwrap();
    place.write("bad.toml", "title = \"x\"\nstatus = \"nope\"\n");
    place.write("Not An Id.toml", "title = \"x\"\n");
    place.write("config.toml", "");
    place.write("notes.txt", "");
    place.write(".tk-rest.tmp", "");
    fs::write(place.path("bytes.toml"), b"title = \"x\"\n# \xff\n").unwrap();
    fs::create_dir(place.path("dir.toml")).unwrap();
    let outside = place.folder.path().join("outside.toml");
    fs::write(&outside, "title = \"x\"\n").unwrap();
    symlink(&outside, place.path("link.toml")).unwrap();
    symlink("nowhere", place.path("gone.toml")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        place.path("pipe.toml"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let loaded = place.store.load_all(&place.config).unwrap();
    assert_eq!(loaded.tickets.len(), 1);
    let wrong: Vec<String> = loaded
        .invalid
        .iter()
        .map(|file| file.to_string().chars().take(70).collect())
        .collect();
    assert_eq!(
        wrong,
        [
            ".ticks/Not An Id.toml:1: the file's name must be an id: `Not An Id` is",
            ".ticks/bad.toml:2: `status`: unknown status `nope`: expected one of op",
            ".ticks/bytes.toml:1: line 2 is not UTF-8 text",
            ".ticks/dir.toml:1: it is a folder: expected a regular file",
            ".ticks/gone.toml:1: it is a symbolic link: expected a regular file",
            ".ticks/link.toml:1: it is a symbolic link: expected a regular file",
            ".ticks/pipe.toml:1: it is a pipe or device: expected a regular file",
        ]
    );
    place.store.lock().unwrap().sweep().unwrap();
    assert!(!place.path(".tk-rest.tmp").exists());
}

#[test]
fn many_tickets_are_read_by_several_threads_in_order() {
    let place = place();
    for number in 0..500 {
        place.write(&format!("t{number:04}.toml"), "title = \"x\"\n");
    }
    let loaded = place.store.load_all(&place.config).unwrap();
    assert_eq!(loaded.tickets.len(), 500);
    assert!(loaded.tickets.is_sorted_by(|a, b| a.id < b.id));
}

#[test]
fn writers_at_once_lose_nothing() {
    let place = place();
    place.create("abc").unwrap();
    std::thread::scope(|scope| {
        for number in 0..16 {
            let place = &place;
            scope.spawn(move || {
                let label = format!("l{number:02}");
                let label_it = |ticket: &mut Ticket| assert!(ticket.labels.insert(label));
                place.edit("abc", label_it).unwrap();
            });
        }
    });
    let read = place.store.read(&id("abc"), &place.config).unwrap();
    assert_eq!(read.ticket.labels.len(), 16);
}

#[test]
fn configuration_and_agents_have_defaults_and_errors_with_their_place() {
    let place = place();
    assert_eq!(place.store.config().unwrap(), Config::default());
    assert_eq!(place.store.agent("claude").unwrap().name, "claude");
    assert_eq!(
        place.store.agent("../x").unwrap_err().to_string(),
        "no agent `../x`: expected one of claude"
    );
    place.write("config.toml", "[run]\nx = 1\n");
    assert_eq!(
        place.store.config().unwrap_err().to_string(),
        ".ticks/config.toml:2: unknown key `x` in `run`"
    );
    fs::create_dir(place.path("agents")).unwrap();
    place.write("agents/fast.toml", "model = \"haiku\"\n");
    assert_eq!(
        place.store.agent("fast").unwrap().model.as_deref(),
        Some("haiku")
    );
    assert_eq!(place.store.agent_names().unwrap(), ["claude", "fast"]);
}

#[test]
fn what_is_written_piece_by_piece_has_no_name_before_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    fs::write(&path, "old").unwrap();
    let names = || fs::read_dir(folder.path()).unwrap().count();
    let mut file = AtomicFile::begin(&path).unwrap();
    file.write_all(b"one ").unwrap();
    file.flush().unwrap();
    assert_eq!(
        (names(), fs::read_to_string(&path).unwrap()),
        (1, "old".to_owned())
    );
    file.write_all(b"two").unwrap();
    file.put().unwrap();
    assert_eq!(
        (names(), fs::read_to_string(&path).unwrap()),
        (1, "one two".to_owned())
    );
}

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::model::Ticket;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

struct Place {
    folder: tempfile::TempDir,
    store: Store,
    config: Config,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".ticks")).unwrap();
        let store = Store::open(folder.path().join(".ticks"), folder.path().join("tk"));
        Self {
            folder,
            store: store.caching(Caching::Eager),
            config: Config::default(),
        }
    }

    /// With that many tickets.
    fn with(count: usize) -> Self {
        let place = Self::new();
        for number in 0..count {
            place.write(&format!("t{number}.toml"), "title = \"Nothing\"\n");
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.store.ticks_dir().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("tk/index")
    }

    /// The index by the cache is as that without one.
    #[track_caller]
    fn check(&self) -> Index {
        let cached = self.store.index(&self.config).unwrap();
        let plain = self.store.clone().caching(Caching::Off);
        let plain = plain.index(&self.config).unwrap();
        assert_eq!(told(&cached), told(&plain));
        // Not by the same way, either: every file parsed whole.
        let loaded = self.store.load_all(&self.config).unwrap();
        assert_eq!(plain.invalid, loaded.invalid);
        let outlines = loaded.tickets.iter().map(|t| Outline::from(t).ticket());
        assert!(outlines.eq(plain.tickets.iter().map(Outline::ticket)));
        cached
    }

    fn kept(&self) -> Option<Cached> {
        let folder = Folder::open(self.store.ticks_dir()).unwrap();
        Cached::read(&self.cache(), &cached::key(&folder, &self.config)?)
    }

    /// Looks until the clock has moved on, so that all those tickets are in the cache.
    #[track_caller]
    fn warm(&self, count: usize) {
        let begun = Instant::now();
        while self.kept().is_none_or(|kept| kept.len() != count) {
            assert!(begun.elapsed() < PATIENCE, "never all in the cache");
            self.check();
        }
    }
}

fn told(index: &Index) -> (Vec<(Ticket, Etag)>, Vec<InvalidFile>) {
    let tickets = index.tickets.iter().map(Outline::ticket);
    let etags = index.etags.iter().copied();
    (tickets.zip(etags).collect(), index.invalid.clone())
}

/// Puts other bytes in the place of equally many, and the checksum right.
fn forge(path: &Path, old: &[u8], new: &[u8]) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(old.len()).position(|window| window == old);
    let at = at.unwrap();
    bytes[at..at + old.len()].copy_from_slice(new);
    let sum = crc32fast::hash(&bytes[12..]);
    bytes[8..12].copy_from_slice(&sum.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_has_not_changed_is_not_read() {
    let place = Place::with(3);
    place.warm(3);
    // What only the cache says is told: so it was not read in the files.
    forge(&place.cache(), b"Nothing", b"Somehow");
    let index = place.store.index(&place.config).unwrap();
    assert_eq!(index.tickets[0].title(), "Somehow");
    assert_eq!(index.tickets[1].title(), "Nothing");
    // Any touch, and the file is read.
    fs::File::open(place.path("t0.toml"))
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    place.check();
}

/// Whatever time a program has set, and whatever is in its way.
#[test]
fn times_to_come_and_obstacles_keep_nothing_out() {
    let place = Place::with(2);
    let file = fs::File::open(place.path("t0.toml")).unwrap();
    file.set_modified(std::time::SystemTime::now() + Duration::from_secs(1 << 25))
        .unwrap();
    fs::create_dir_all(place.cache()).unwrap();
    fs::create_dir(place.cache().with_extension("new")).unwrap();
    place.warm(2);
}

#[test]
fn files_that_are_no_tickets_are_told_of_each_time() {
    let place = Place::with(2);
    place.write("bad.toml", "title = 3\n");
    place.write("No.toml", "title = \"x\"\n");
    place.write("half.toml", "title = \"x\"\n<<<<<<< ours\n");
    fs::create_dir(place.path("folder.toml")).unwrap();
    symlink(place.path("t0.toml"), place.path("link.toml")).unwrap();
    fs::write(place.path("bytes.toml"), b"title = \"\xff\"\n").unwrap();
    place.warm(2);
    assert_eq!(place.check().invalid.len(), 6);
    // One that becomes a ticket, and one that is none any more.
    place.write("bad.toml", "title = \"3\"\n");
    place.write("t0.toml", "title = 3\n");
    assert_eq!(place.check().invalid.len(), 6);
}

/// Two texts of one size, written in place over and over as fast as it goes, so in the same tick
/// of the clock as often as not.
#[test]
fn edits_of_equal_size_in_the_same_tick_are_seen() {
    let place = Place::with(2);
    for round in 0..400 {
        place.write("t0.toml", ["title = \"a\"\n", "title = \"b\"\n"][round % 2]);
        let first = place.check();
        assert_eq!(first.tickets[0].title(), ["a", "b"][round % 2]);
        place.write("t0.toml", ["title = \"c\"\n", "title = \"d\"\n"][round % 2]);
        let second = place.check();
        assert_eq!(second.tickets[0].title(), ["c", "d"][round % 2]);
    }
}

#[test]
fn a_damaged_cache_is_none() {
    let place = Place::with(3);
    place.write("t1.toml", "title = \"y\"\nblocked_by = [\"t0\"]\n");
    place.warm(3);
    let whole = fs::read(place.cache()).unwrap();
    let put = |bytes: &[u8]| {
        fs::write(place.cache(), bytes).unwrap();
        place.check();
    };
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        put(&flipped);
        put(&whole[..at]);
    }
    put(&[whole.as_slice(), b"more"].concat());
    put(&[0; 4096]);
    put(b"tkindex1");
}

#[test]
fn what_is_no_file_in_its_place_harms_nobody() {
    let place = Place::with(3);
    place.warm(3);
    for name in ["tk/index", "tk/index.new"] {
        let path = place.folder.path().join(name);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(path.join("mine")).unwrap();
        place.check();
        assert!(path.join("mine").is_dir(), "{name}");
        fs::remove_dir_all(&path).unwrap();

        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        place.check();
        let _ = fs::remove_file(&path);

        let precious = place.folder.path().join("precious");
        fs::write(&precious, "kept").unwrap();
        symlink(&precious, &path).unwrap();
        place.check();
        assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
        let _ = fs::remove_file(&path);
    }
    // Where nothing can be written at all.
    fs::remove_dir_all(place.folder.path().join("tk")).unwrap();
    fs::write(place.folder.path().join("tk"), "").unwrap();
    place.check();
}

#[test]
fn another_configuration_or_folder_has_nothing_of_it() {
    let mut place = Place::with(3);
    place.write("t1.toml", "title = \"y\"\ntype = \"bug\"\n");
    place.write("t2.toml", "title = \"z\"\n");
    place.warm(3);
    let usual = place.config.types.clone();
    place.config.types.retain(|kind| kind != "bug");
    assert_eq!(place.check().invalid.len(), 1);
    place.config.types = usual;
    place.config.default_type = "chore".to_owned();
    assert_eq!(place.check().tickets[2].kind(), "chore");
    place.warm(3);
    // The same names and the very same files, in another folder with the same local one.
    let other = place.folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::hard_link(place.path("t1.toml"), other.join("t1.toml")).unwrap();
    fs::write(other.join("t2.toml"), "title = \"q\"\n").unwrap();
    let first = place.store.clone();
    for _ in 0..3 {
        place.store = Store::open(&other, first.local_dir()).caching(Caching::Eager);
        assert_eq!(place.check().tickets.len(), 2);
        place.store = first.clone();
        assert_eq!(place.check().tickets.len(), 3);
    }
}

#[test]
fn small_changes_do_not_rewrite_it() {
    let place = Place::with(60);
    place.warm(60);
    let usual = place.store.clone().caching(Caching::Usual);
    let before = fs::read(place.cache()).unwrap();
    for number in 0..2 {
        place.write(&format!("t{number}.toml"), "title = \"Changed\"\n");
    }
    let index = usual.index(&place.config).unwrap();
    assert_eq!(index.tickets[0].title(), "Changed");
    assert_eq!(fs::read(place.cache()).unwrap(), before);
    for number in 0..30 {
        place.write(&format!("t{number}.toml"), "title = \"Again\"\n");
    }
    let begun = Instant::now();
    while fs::read(place.cache()).unwrap() == before {
        assert!(begun.elapsed() < PATIENCE, "never rewritten");
        usual.index(&place.config).unwrap();
    }
    place.check();
}

/// Many read and write the cache while files change under them; each sees a text that was
/// there, and in the end all is as it is.
#[test]
fn readers_and_writers_together_tell_nothing_wrong() {
    let place = Place::with(20);
    let writing = AtomicBool::new(true);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut latest = 0;
                while writing.load(Ordering::Relaxed) {
                    let index = place.store.index(&place.config).unwrap();
                    assert!(index.invalid.is_empty(), "{:?}", index.invalid);
                    assert_eq!(index.tickets.len(), 20);
                    let round = index.tickets[3].title().parse::<u32>().unwrap_or(0);
                    assert!(round >= latest, "{round} after {latest}");
                    latest = round;
                }
            });
        }
        let write = |round: u32| {
            let unfinished = place.path(".tk-x.tmp");
            fs::write(&unfinished, format!("title = \"{round}\"\n")).unwrap();
            let id = index_of_third();
            fs::rename(&unfinished, place.path(&format!("{id}.toml"))).unwrap();
        };
        (1000..1400).for_each(write);
        writing.store(false, Ordering::Relaxed);
    });
    let index = place.check();
    assert_eq!(index.tickets[3].title(), "1399");
    assert!(!place.folder.path().join("tk/index.new").exists());
}

/// The ticket that is at place 3 among `t0` to `t19`.
fn index_of_third() -> String {
    let mut ids: Vec<String> = (0..20).map(|number| format!("t{number}")).collect();
    ids.sort();
    ids.swap_remove(3)
}

#[derive(Clone, Debug)]
enum Step {
    Write(u8, String),
    Replace(u8, String),
    Touch(u8, u32),
    Rename(u8, u8),
    Copy(u8, u8),
    Delete(u8),
    Look,
    LoseCache,
}

fn step() -> impl Strategy<Value = Step> {
    let file = || 0..6_u8;
    let text = || {
        prop_oneof![
            6 => (0..3_u8, 0..6_u8).prop_map(|(title, by)| {
                format!("title = \"{title}\"\nblocked_by = [\"f{by}\"]\nlabels = [\"l{by}\"]\n")
            }),
            1 => (0..3_u8).prop_map(|value| format!("title = {value}\n")),
            1 => (0..3_u8).prop_map(|title| format!("title = \"{title}\"\nstatus = \"closed\"\n")),
        ]
    };
    prop_oneof![
        4 => (file(), text()).prop_map(|(file, text)| Step::Write(file, text)),
        2 => (file(), text()).prop_map(|(file, text)| Step::Replace(file, text)),
        2 => (file(), 0..3_u32).prop_map(|(file, time)| Step::Touch(file, time)),
        2 => (file(), file()).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => (file(), file()).prop_map(|(from, to)| Step::Copy(from, to)),
        1 => file().prop_map(Step::Delete),
        6 => Just(Step::Look),
        1 => Just(Step::LoseCache),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_the_files_it_is_seen(steps in proptest::collection::vec(step(), 1..40)) {
        let place = Place::new();
        let at = |file: u8| place.path(&format!("f{file}.toml"));
        for step in steps {
            // What cannot be done to a file that is not there is not done.
            let _ = match step {
                Step::Write(file, text) => fs::write(at(file), text),
                Step::Replace(file, text) => {
                    let new = place.path(".tk-x.tmp");
                    fs::write(&new, text).and_then(|()| fs::rename(&new, at(file)))
                }
                Step::Touch(file, time) => fs::File::open(at(file)).and_then(|file| {
                    // Long ago, or long to come.
                    let ahead = Duration::from_secs(u64::from(time) * 3_000_000_000);
                    file.set_modified(std::time::UNIX_EPOCH + ahead)
                }),
                Step::Rename(from, to) => fs::rename(at(from), at(to)),
                Step::Copy(from, to) => fs::copy(at(from), at(to)).map(drop),
                Step::Delete(file) => fs::remove_file(at(file)),
                Step::Look => {
                    place.check();
                    Ok(())
                }
                Step::LoseCache => fs::remove_file(place.cache()),
            };
        }
        place.check();
    }
}

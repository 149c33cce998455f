use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;

use super::*;

struct Place {
    folder: tempfile::TempDir,
    store: Store,
    config: Config,
}

impl Place {
    fn with(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".ticks")).unwrap();
        let store = Store::open(folder.path().join(".ticks"), folder.path().join("tk"));
        let place = Self {
            folder,
            store: store.caching(Caching::Eager),
            config: Config::default(),
        };
        for number in 0..count {
            place.write(number, "Nothing");
        }
        place
    }

    fn path(&self, number: usize) -> PathBuf {
        self.store.ticks_dir().join(format!("t{number}.toml"))
    }

    fn write(&self, number: usize, title: &str) {
        fs::write(self.path(number), format!("title = \"{title}\"\n")).unwrap();
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("tk/search")
    }

    fn texts(&self, store: &Store) -> Vec<String> {
        let index = store.index(&self.config).unwrap();
        let texts = store.texts(&index, &self.config).unwrap();
        let text = |bytes: &&[u8]| String::from_utf8(bytes[4..].to_vec()).unwrap();
        texts.all().iter().map(text).collect()
    }

    /// The words by the cache are those without one.
    #[track_caller]
    fn check(&self) -> Vec<String> {
        let cached = self.texts(&self.store);
        let plain = self.texts(&self.store.clone().caching(Caching::Off));
        assert_eq!(cached, plain);
        cached
    }
}

/// Puts other bytes in the place of equally many, and the checksum right.
fn forge(path: &Path, old: &[u8], new: &[u8]) {
    let mut bytes = fs::read(path).unwrap();
    let mut windows = bytes.windows(old.len());
    let at = windows.position(|window| window == old).unwrap();
    bytes[at..at + old.len()].copy_from_slice(new);
    let sum = crc32fast::hash(&bytes[CHECKED..]);
    bytes[CHECKSUM..CHECKED].copy_from_slice(&sum.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_has_not_changed_is_not_read() {
    let place = Place::with(3);
    place.check();
    // What only the cache says is told: so it was not read in the files.
    forge(&place.cache(), b"nothing", b"somehow");
    assert_eq!(place.texts(&place.store)[0], " somehow\n t0\n\n\n\n\n");
    place.write(0, "Anything");
    assert_eq!(place.check()[0], " anything\n t0\n\n\n\n\n");
}

#[test]
fn a_damaged_cache_is_none() {
    let place = Place::with(3);
    place.write(1, "Größe 登録");
    place.check();
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
    put(MAGIC);
}

#[test]
fn one_of_another_program_is_none() {
    let place = Place::with(2);
    place.check();
    let key = key();
    let mut other = key.clone();
    other[0] += 1;
    forge(&place.cache(), &key, &other);
    forge(&place.cache(), b"nothing", b"somehow");
    place.check();
}

#[test]
fn what_is_no_file_in_its_place_harms_nobody() {
    let place = Place::with(2);
    for name in ["tk/search", "tk/search.new"] {
        let path = place.folder.path().join(name);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(path.join("mine")).unwrap();
        place.check();
        assert!(path.join("mine").is_dir(), "{name}");
        fs::remove_dir_all(&path).unwrap();
        let precious = place.folder.path().join("precious");
        fs::write(&precious, "kept").unwrap();
        std::os::unix::fs::symlink(&precious, &path).unwrap();
        place.check();
        assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
        let _ = fs::remove_file(&path);
    }
    fs::remove_dir_all(place.folder.path().join("tk")).unwrap();
    fs::write(place.folder.path().join("tk"), "").unwrap();
    place.check();
}

#[test]
fn a_ticket_that_goes_away_or_is_none_any_more_has_no_words() {
    let place = Place::with(3);
    let index = place.store.index(&place.config).unwrap();
    fs::remove_file(place.path(0)).unwrap();
    fs::write(place.path(1), "title = 3\n").unwrap();
    let texts = place.store.texts(&index, &place.config).unwrap();
    let lengths: Vec<usize> = texts.all().iter().map(|text| text.len()).collect();
    assert_eq!((lengths[0], lengths[1]), (0, 0));
    assert!(lengths[2] > 0);
    drop(texts);
    assert_eq!(place.check().len(), 1);
}

/// What was read after the index is kept under the name of what was read.
#[test]
fn a_text_that_changes_meanwhile_is_not_kept_as_the_one_before() {
    let place = Place::with(2);
    let index = place.store.index(&place.config).unwrap();
    place.write(0, "Changed");
    drop(place.store.texts(&index, &place.config).unwrap());
    place.write(0, "Nothing");
    assert_eq!(place.check()[0], " nothing\n t0\n\n\n\n\n");
}

#[test]
fn readers_and_writers_together_tell_nothing_wrong() {
    let place = Place::with(12);
    let writing = AtomicBool::new(true);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut latest = 0;
                while writing.load(Ordering::Relaxed) {
                    let texts = place.texts(&place.store);
                    let number = texts[3].split([' ', '\n']).nth(1).unwrap();
                    let number: u32 = number.parse().unwrap_or(0);
                    assert!(number >= latest, "{number} after {latest}");
                    latest = number;
                }
            });
        }
        let third = place.store.ids().unwrap().into_iter().nth(3).unwrap();
        for round in 1000..1200 {
            let unfinished = place.store.ticks_dir().join(".tk-x.tmp");
            fs::write(&unfinished, format!("title = \"{round}\"\n")).unwrap();
            let path = place.store.ticks_dir().join(format!("{third}.toml"));
            fs::rename(&unfinished, path).unwrap();
        }
        writing.store(false, Ordering::Relaxed);
    });
    assert!(place.check()[3].starts_with(" 1199\n"));
    assert!(!place.folder.path().join("tk/search.new").exists());
}

#[test]
fn small_changes_do_not_rewrite_it() {
    let place = Place::with(60);
    place.check();
    let usual = place.store.clone().caching(Caching::Usual);
    let before = fs::read(place.cache()).unwrap();
    (0..2).for_each(|number| place.write(number, "Changed"));
    assert_eq!(place.texts(&usual)[0], " changed\n t0\n\n\n\n\n");
    assert_eq!(fs::read(place.cache()).unwrap(), before);
    (0..30).for_each(|number| place.write(number, "Again"));
    assert_eq!(place.texts(&usual)[0], " again\n t0\n\n\n\n\n");
    assert_ne!(fs::read(place.cache()).unwrap(), before);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_the_files_it_is_seen(
        steps in proptest::collection::vec((0..4_u8, 0..6_usize, "[a-c ]{1,6}"), 1..30)
    ) {
        let place = Place::with(0);
        for (step, number, title) in steps {
            match step {
                0 => place.write(number, &format!("x{title}")),
                1 => drop(fs::remove_file(place.path(number))),
                2 => drop(fs::remove_file(place.cache())),
                _ => drop(place.check()),
            }
        }
        place.check();
    }
}

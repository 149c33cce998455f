//! The house's rules, checked on the source text: layers, streams, the disk, processes, sizes.

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// What each module may use of the others. What is not here may use nothing.
    const MAY_USE: &[(&str, &[&str])] = &[
        ("model", &[]),
        ("context", &[]),
        ("cores", &[]),
        ("wire", &["model"]),
        ("format", &["model"]),
        ("config", &["model"]),
        ("merge", &["format", "model"]),
        ("graph", &["model", "wire"]),
        ("compare", &["model", "wire"]),
        ("tally", &["model", "wire"]),
        ("port", &["format", "model", "wire"]),
        ("search", &["cores", "model"]),
        ("query", &["graph", "model", "search"]),
        ("embeddings", &[]),
        (
            "store",
            &[
                "config", "context", "cores", "format", "merge", "model", "search",
            ],
        ),
        ("git", &["context", "cores", "model"]),
        (
            "ops",
            &[
                "compare",
                "config",
                "context",
                "cores",
                "embeddings",
                "format",
                "git",
                "graph",
                "merge",
                "model",
                "port",
                "query",
                "search",
                "store",
                "tally",
                "wire",
            ],
        ),
        (
            "run",
            &[
                "context", "format", "git", "graph", "merge", "model", "ops", "store", "wire",
            ],
        ),
        ("ui", &["graph", "model", "ops", "run", "wire"]),
        (
            "cli",
            &[
                "context", "git", "model", "ops", "port", "query", "run", "store", "ui", "wire",
            ],
        ),
    ];

    /// Files outside `store` and `git` that touch the disk by themselves, and why they must.
    const TOUCH_THE_DISK: &[(&str, &str)] = &[
        ("cli/man.rs", "makes the folder of the pages"),
        (
            "context/point.rs",
            "tells a test which points of a run were reached",
        ),
        ("cli/text.rs", "reads the file that `@file` names"),
        (
            "run/attempt.rs",
            "the folder between the runner and a worker's shim",
        ),
        (
            "run/attempt/fence.rs",
            "the lock between the runner and a worker's shim",
        ),
        (
            "run/demo/repository.rs",
            "makes the sample repository from nothing",
        ),
        (
            "run/demo/worker.rs",
            "writes the sample's code, as a worker does",
        ),
        ("run/folder.rs", "a run's folder beside the journal"),
        (
            "run/inbox.rs",
            "the folder between the runner and a worker's shim",
        ),
        ("run/process.rs", "reads /proc"),
        (
            "run/shim.rs",
            "the folder between the runner and a worker's shim",
        ),
        ("run/tail.rs", "follows a worker's output files"),
    ];

    /// Views that others may use: the terminal itself, and a run's events as lines.
    const SHARED_VIEWS: &[&str] = &["events", "json_events", "screen", "terminal"];

    const LONGEST: usize = 500;

    struct Source {
        /// Relative to `src`.
        name: String,
        text: String,
    }

    impl Source {
        /// The module below the crate's root that it belongs to.
        fn module(&self) -> &str {
            let first = self.name.split('/').next().unwrap_or_default();
            first.strip_suffix(".rs").unwrap_or(first)
        }

        /// The lines, numbered, without comments and without unit tests at the end.
        fn code(&self) -> impl Iterator<Item = (usize, &str)> {
            let end = self
                .text
                .find("\n#[cfg(test)]\nmod tests")
                .unwrap_or(self.text.len());
            let lines = (1..).zip(self.text[..end].lines());
            lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
        }

        fn is_test(&self) -> bool {
            self.name.ends_with("/tests.rs") || self.name.contains("/tests/")
        }

        /// The lines that hold one of the words.
        fn find<'s>(&'s self, words: &'s [&str]) -> impl Iterator<Item = String> + 's {
            let code = self.code();
            let hits = code.filter(|(_, line)| words.iter().any(|word| line.contains(word)));
            hits.map(|(number, line)| format!("src/{}:{number}: {}", self.name, line.trim()))
        }
    }

    fn sources() -> Vec<Source> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![root.clone()];
        let mut files: Vec<PathBuf> = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    files.push(path);
                }
            }
        }
        files.sort();
        let source = |path: PathBuf| Source {
            name: path
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned(),
            text: fs::read_to_string(&path).unwrap(),
        };
        files
            .into_iter()
            .map(source)
            .filter(|source| !source.is_test())
            .collect()
    }

    #[track_caller]
    fn none(found: Vec<String>, rule: &str) {
        assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
    }

    /// The names after each `crate::` of the line.
    fn uses(line: &str) -> impl Iterator<Item = &str> {
        line.split("crate::").skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            &rest[..end.unwrap_or(rest.len())]
        })
    }

    #[test]
    fn a_module_uses_only_what_stands_below_it() {
        let mut wrong = Vec::new();
        let mut unused: BTreeSet<_> = MAY_USE
            .iter()
            .flat_map(|(module, allowed)| allowed.iter().map(move |used| (*module, *used)))
            .collect();
        let sources = sources();
        for source in &sources {
            let module = source.module();
            if matches!(module, "lib" | "main") {
                continue;
            }
            let row = MAY_USE.iter().find(|(name, _)| *name == module);
            let Some((_, allowed)) = row else {
                wrong.push(format!("src/{}: no row for `{module}`", source.name));
                continue;
            };
            for (number, line) in source.code() {
                for used in uses(line) {
                    unused.remove(&(module, used));
                    if used != module && !allowed.contains(&used) {
                        wrong.push(format!("src/{}:{number}: uses `{used}`", source.name));
                    }
                }
                assert!(
                    !line.contains("crate::{"),
                    "src/{}:{number}: one `use` a module, so that edges can be seen",
                    source.name
                );
            }
        }
        none(wrong, "a module uses only what stands below it");
        assert!(unused.is_empty(), "rows that nothing uses: {unused:?}");
    }

    #[test]
    fn the_rows_themselves_have_no_circle() {
        for (place, (module, allowed)) in MAY_USE.iter().enumerate() {
            for used in *allowed {
                let below = MAY_USE[..place].iter().any(|(name, _)| name == used);
                assert!(
                    below,
                    "`{module}` uses `{used}`, which does not stand below it"
                );
            }
        }
    }

    #[test]
    fn views_do_not_use_each_other() {
        let mut wrong = Vec::new();
        for source in sources() {
            let Some(view) = source.name.strip_prefix("ui/") else {
                continue;
            };
            let view = view.split(['/', '.']).next().unwrap_or_default();
            for (number, line) in source.code() {
                let paths = line
                    .split("ui::")
                    .skip(1)
                    .chain(line.split("use super::").skip(1));
                for path in paths {
                    let used = path.split([':', ';', '{']).next().unwrap_or_default();
                    let is_view = used.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                    let nested = source.name.matches('/').count() > 1;
                    let fine = used == view || SHARED_VIEWS.contains(&used) || nested;
                    if is_view && !used.is_empty() && !fine {
                        wrong.push(format!("src/{}:{number}: uses `{used}`", source.name));
                    }
                }
            }
        }
        none(wrong, "views never import each other");
    }

    #[test]
    fn only_ui_writes_to_the_streams() {
        let words = [
            "println!",
            "print!(",
            "eprintln!",
            "eprint!(",
            "dbg!(",
            "io::stdout()",
            "io::stderr()",
            "anstream::",
        ];
        let found = sources();
        let found = found
            .iter()
            .filter(|s| !matches!(s.module(), "ui" | "main"));
        none(
            found.flat_map(|s| s.find(&words)).collect(),
            "only `ui` prints",
        );
    }

    #[test]
    fn only_the_store_touches_the_disk() {
        let words = [
            "std::fs",
            "tokio::fs",
            " fs::",
            "(fs::",
            "!fs::",
            "=fs::",
            "File::open",
        ];
        let named = |source: &&Source| TOUCH_THE_DISK.iter().any(|(name, _)| *name == source.name);
        let all = sources();
        let others = all
            .iter()
            .filter(|s| !matches!(s.module(), "store" | "git") && !named(s));
        let imports = ["std::os::unix::fs"];
        let found = others.flat_map(|s| s.find(&words));
        let found = found.filter(|hit| !imports.iter().any(|import| hit.contains(import)));
        none(
            found.collect(),
            "only `store`, `git` and the files named with a reason touch the disk",
        );
        for (name, _) in TOUCH_THE_DISK {
            let source = all.iter().find(|source| source.name == *name);
            let source = source.unwrap_or_else(|| panic!("`{name}` is named and not there"));
            let it_does = source.find(&words).next().is_some();
            assert!(it_does, "`{name}` is named and does not touch the disk");
        }
    }

    #[test]
    fn only_git_and_run_start_processes() {
        let words = ["process::Command", "Command::new("];
        let all = sources();
        let others = all.iter().filter(|s| !matches!(s.module(), "git" | "run"));
        none(
            others.flat_map(|s| s.find(&words)).collect(),
            "only `git` and `run` start processes",
        );
    }

    #[test]
    fn files_hold_one_idea() {
        let all = sources();
        let long = all.iter().filter_map(|source| {
            let lines = source.code().last().map_or(0, |(number, _)| number);
            let name = &source.name;
            (lines > LONGEST).then(|| format!("src/{name}: {lines} lines"))
        });
        none(
            long.collect(),
            "a file has at most 500 lines without its tests",
        );
        let vague = ["util", "utils", "helper", "helpers", "common", "misc"];
        let badly_named = all.iter().filter(|source| {
            let parts = source.name.trim_end_matches(".rs").split('/');
            parts.into_iter().any(|part| vague.contains(&part))
        });
        none(
            badly_named.map(|source| source.name.clone()).collect(),
            "a file is named after its idea",
        );
    }

    #[test]
    fn lints_are_expected_with_a_reason_and_never_allowed() {
        let found: Vec<String> = sources()
            .iter()
            .flat_map(|source| source.find(&["#[allow(", "#![allow("]).collect::<Vec<_>>())
            .collect();
        none(found, "`#[expect(…, reason)]` instead of `allow`");
    }
}

//! What is generated and committed is what the binary generates.
//! `TK_BLESS=1 cargo test --test generated` rewrites it.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    /// The binary's standard output.
    fn tk(args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tk"));
        let output = command.env_clear().args(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "tk {args:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Compares the committed folder with what it should hold, or makes it so.
    #[track_caller]
    fn check(folder: &str, wanted: &BTreeMap<String, String>) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let bless = std::env::var_os("TK_BLESS").is_some_and(|value| value == "1");
        if bless {
            fs::create_dir_all(&path).unwrap();
            for (name, text) in wanted {
                fs::write(path.join(name), text).unwrap();
            }
        }
        let mut found = BTreeMap::new();
        for file in fs::read_dir(&path).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            if bless && !wanted.contains_key(&name) {
                fs::remove_file(file.path()).unwrap();
            } else {
                found.insert(name, fs::read_to_string(file.path()).unwrap());
            }
        }
        let names: Vec<&String> = found.keys().collect();
        assert_eq!(
            names,
            wanted.keys().collect::<Vec<_>>(),
            "{folder}: {BLESS}"
        );
        for (name, text) in wanted {
            assert!(*text == found[name], "{folder}/{name} is old: {BLESS}");
        }
    }

    const BLESS: &str = "`TK_BLESS=1 cargo test --test generated` rewrites what is generated";

    #[test]
    fn schemas() {
        let list: serde_json::Value = serde_json::from_str(&tk(&["schema", "--json"])).unwrap();
        let rows = list["schemas"].as_array().unwrap().iter();
        let wanted = rows.map(|row| {
            let name = row["name"].as_str().unwrap();
            (
                row["file"].as_str().unwrap().to_owned(),
                tk(&["schema", name]),
            )
        });
        check(".tick-schema", &wanted.collect());
    }

    #[test]
    fn completions() {
        let files = [
            ("bash", "tk.bash"),
            ("zsh", "_tk"),
            ("fish", "tk.fish"),
            ("powershell", "tk.ps1"),
            ("elvish", "tk.elv"),
        ];
        let wanted = files.map(|(shell, file)| (file.to_owned(), tk(&["completions", shell])));
        check("completions", &wanted.into());
    }

    #[test]
    fn manual() {
        let folder = tempfile::tempdir().unwrap();
        tk(&["man", "--quiet", folder.path().to_str().unwrap()]);
        let page = |file: fs::DirEntry| {
            let name = file.file_name().into_string().unwrap();
            (name, fs::read_to_string(file.path()).unwrap())
        };
        let files = fs::read_dir(folder.path()).unwrap();
        check("man", &files.map(|file| page(file.unwrap())).collect());
    }
}

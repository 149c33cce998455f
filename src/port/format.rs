//! Which formats there are, and how their archives lie on the disk.

/// A format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportFormat {
    /// ticks: `.tick/issues/*.json`.
    Ticks,
    /// beads: JSON Lines.
    Beads,
    /// ticket: `.tickets/*.md`.
    Ticket,
    /// Backlog.md: `backlog/tasks/*.md`, and the folders beside that.
    Backlog,
    /// taskwarrior: what `task export` prints.
    Taskwarrior,
    /// GitHub: what `gh issue list --json …` prints.
    Github,
    /// What `tk export` writes.
    Jsonl,
}

/// A format that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// JSON Lines, without a loss.
    Jsonl,
    /// A table.
    Csv,
    /// For people.
    Markdown,
    /// For `task import`.
    Taskwarrior,
}

/// Where the files of an archive are, from the folder that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// A file of its own for each ticket, with that ending; in the folders of the first row of
    /// which the first folder is there.
    Each(&'static str, &'static [&'static [&'static str]]),
    /// As [`Files::Each`], with the files of all folders within.
    Tree(&'static str, &'static [&'static [&'static str]]),
    /// One file: the first of these that is there.
    One(&'static [&'static str]),
}

impl ImportFormat {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Ticks,
        Self::Beads,
        Self::Ticket,
        Self::Backlog,
        Self::Taskwarrior,
        Self::Github,
        Self::Jsonl,
    ];

    /// The word for it, which also begins the origins of its tickets.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ticks => "ticks",
            Self::Beads => "beads",
            Self::Ticket => "ticket",
            Self::Backlog => "backlog",
            Self::Taskwarrior => "taskwarrior",
            Self::Github => "github",
            Self::Jsonl => "jsonl",
        }
    }

    /// Where its files are.
    #[must_use]
    pub const fn files(self) -> Files {
        match self {
            Self::Ticks => Files::Each("json", &[&[".tick/issues"], &["issues"], &[""]]),
            Self::Ticket => Files::Each("md", &[&[".tickets"], &[""]]),
            Self::Backlog => Files::Tree(
                "md",
                &[
                    &[
                        "backlog/tasks",
                        "backlog/completed",
                        "backlog/drafts",
                        "backlog/archive",
                    ],
                    &[
                        ".backlog/tasks",
                        ".backlog/completed",
                        ".backlog/drafts",
                        ".backlog/archive",
                    ],
                    &["tasks", "completed", "drafts", "archive"],
                    &[""],
                ],
            ),
            Self::Beads => Files::One(&[
                ".beads/issues.jsonl",
                ".beads/beads.jsonl",
                "issues.jsonl",
                "beads.jsonl",
            ]),
            Self::Taskwarrior | Self::Github | Self::Jsonl => Files::One(&[]),
        }
    }
}

impl ExportFormat {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Jsonl, Self::Csv, Self::Markdown, Self::Taskwarrior];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Taskwarrior => "taskwarrior",
        }
    }

    /// Whether `tk` reads it as well.
    #[must_use]
    pub const fn comes_back(self) -> bool {
        matches!(self, Self::Jsonl | Self::Taskwarrior)
    }
}

//! What can be asked about a ticket.

use super::token::Operator;

/// What values a field has, and so how they can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Texts, in which words are looked for.
    Text,
    /// Words, of any kind.
    Free,
    /// Words out of a closed set.
    Status,
    Type,
    Gate,
    Awaiting,
    Verdict,
    /// Tickets.
    Ticket,
    Priority,
    /// Moments.
    Moment,
    /// Days.
    Day,
    /// Lengths of time.
    Length,
    /// Dollars.
    Money,
}

impl Kind {
    /// The operators that fit.
    pub(super) const fn operators(self) -> &'static [Operator] {
        use Operator::{AtLeast, AtMost, Contains, Has, Is, IsNot, Less, More};
        match self {
            Self::Text => &[Has, Contains, Is, IsNot],
            Self::Free => &[Is, Has, IsNot, Contains],
            Self::Status
            | Self::Type
            | Self::Gate
            | Self::Awaiting
            | Self::Verdict
            | Self::Ticket => &[Is, Has, IsNot],
            Self::Priority | Self::Moment | Self::Day | Self::Length | Self::Money => {
                &[Is, Has, IsNot, Less, AtMost, More, AtLeast]
            }
        }
    }
}

macro_rules! fields {
    ($($variant:ident $name:literal $aliases:tt $kind:ident $about:literal $example:literal;)+) => {
        /// A field of tickets, as queries name it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is documented to people by `Field::about`")]
        pub enum Field { $($variant),+ }

        impl Field {
            /// Every field, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Other names that are understood.
            pub(super) const fn aliases(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &$aliases),+ }
            }

            pub(super) const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind),+ }
            }

            /// What it is.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about),+ }
            }

            /// A condition on it.
            #[must_use]
            pub const fn example(self) -> &'static str {
                match self { $(Self::$variant => $example),+ }
            }
        }
    };
}

fields! {
    Text "text" [] Text "title, description, notes and acceptance" "text~login";
    Title "title" [] Text "" "title:login";
    Description "description" ["desc"] Text "" "description:token";
    Notes "notes" ["note"] Text "what was said" "notes~timeout";
    Acceptance "acceptance" [] Text "what must be true" "acceptance:401";
    Status "status" ["state"] Status "one of the configured" "status=in_progress";
    Type "type" ["kind"] Type "one of the configured" "type=bug,feature";
    Priority "priority" ["prio", "p"] Priority "0 is the highest" "priority<=1";
    Label "label" ["labels", "tag", "tags"] Free "one of them" "label:api,auth";
    Owner "owner" ["assignee"] Free "nobody: `owner=\"\"`" "owner=ann@example.com";
    Id "id" [] Ticket "" "id=k7m,x4d";
    Parent "parent" [] Ticket "the epic it is directly in" "parent=k7m";
    Epic "epic" ["below"] Ticket "an epic above it, as `--parent`" "epic:auth";
    BlockedBy "blocked_by" ["blocker"] Ticket "a blocker it names" "blocked_by=k7m";
    Blocks "blocks" [] Ticket "a ticket that names it as blocker" "blocks:k7m";
    After "after" [] Ticket "the soft order" "after=k7m";
    Related "related" [] Ticket "" "related=k7m";
    DiscoveredFrom "discovered_from" [] Ticket "" "discovered_from=k7m";
    DuplicateOf "duplicate_of" [] Ticket "" "duplicate_of=k7m";
    Requires "requires" ["gate"] Gate "the gate before it closes" "requires=review";
    Awaiting "awaiting" [] Awaiting "what a person owes it" "awaiting:input,work";
    Verdict "verdict" [] Verdict "the last answer to its gate" "verdict=rejected";
    Agent "agent" [] Free "to run it with" "agent=claude";
    Model "model" [] Free "to run it with" "model~opus";
    Lock "lock" [] Free "" "lock=db";
    Pr "pr" [] Free "the pull request's address" "pr~/42";
    Reason "reason" [] Free "why it was closed" "reason~done";
    Checks "checks" ["check"] Free "its commands" "checks~cargo";
    Touches "touches" [] Free "its globs" "touches~src/api";
    Subtasks "subtasks" ["subtask"] Free "their titles" "subtasks~begin";
    CreatedBy "created_by" ["author"] Free "" "created_by~agent:";
    ClosedBy "closed_by" [] Free "" "closed_by=ann@example.com";
    Created "created" ["created_at"] Moment "when it was filed" "created>=2026-11-01";
    Started "started" ["started_at"] Moment "when work began" "started<-2w";
    Updated "updated" ["updated_at"] Moment "the latest time in it" "updated>-7d";
    Closed "closed" ["closed_at"] Moment "" "closed>=yesterday";
    Due "due" [] Day "" "due<=+1w";
    Defer "defer" ["defer_until", "deferred_until"] Moment "until when it is put off" "defer>today";
    Repeat "repeat" ["repeats"] Free "how often it comes again" "has:repeat";
    RecursFrom "recurs_from" [] Ticket "the ticket it came after" "recurs_from=k7m";
    Estimate "estimate" [] Length "" "estimate<=4h";
    Cost "cost" ["cost_usd"] Money "of its attempts together, in dollars" "cost>2.50";
}

impl Field {
    /// The field of that name, whatever its capitals; dashes are read as underscores.
    pub(super) fn named(word: &str) -> Option<Self> {
        let word = word.to_lowercase().replace('-', "_");
        let mut all = Self::ALL.iter().copied();
        all.find(|field| field.name() == word || field.aliases().contains(&word.as_str()))
    }
}

macro_rules! flags {
    ($($variant:ident $name:literal $about:literal;)+) => {
        /// Something that a ticket is or is not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is documented to people by `Flag::about`")]
        pub enum Flag { $($variant),+ }

        impl Flag {
            /// Every flag, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it is.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about),+ }
            }
        }
    };
}

flags! {
    Open "open" "not over, whatever its status";
    Active "active" "somebody works at it";
    Closed "closed" "over";
    Ready "ready" "it can be started now";
    Blocked "blocked" "it has to wait";
    Overdue "overdue" "past its due day";
    Deferred "deferred" "put off until later";
    Epic "epic" "the parent of others, or of type `epic`";
}

impl Flag {
    pub(super) fn named(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        Self::ALL.iter().copied().find(|flag| flag.name() == word)
    }
}

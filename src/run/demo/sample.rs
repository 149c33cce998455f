//! The sample project and its epic: a unit converter in shell, small enough to read at a
//! glance, with one ticket for every way a ticket can go.

/// A ticket of the sample epic, and what the scripted worker does about it.
#[derive(Clone, Copy, Debug)]
pub struct SampleTicket {
    /// The id.
    pub id: &'static str,
    /// The title.
    pub title: &'static str,
    /// The type.
    pub kind: &'static str,
    /// The epic it is a part of.
    pub parent: Option<&'static str>,
    /// What must land before.
    pub blocked_by: &'static [&'static str],
    /// The estimate, in minutes.
    pub minutes: u64,
    /// What it is about.
    pub description: &'static str,
    /// A check of the gate.
    pub check: Option<&'static str>,
    /// The human gate.
    pub requires_review: bool,
    /// Whether it is for a person.
    pub awaits_work: bool,
    /// What the scripted worker writes, round by round: files and their content. No round: it
    /// claims to be done and changes nothing.
    pub rounds: &'static [&'static [(&'static str, &'static str)]],
    /// What it says it did.
    pub summary: &'static str,
}

/// The epic of the sample.
pub const EPIC: &str = "uni";

const BASE: SampleTicket = SampleTicket {
    id: "",
    title: "",
    kind: "task",
    parent: Some(EPIC),
    blocked_by: &[],
    minutes: 30,
    description: "",
    check: None,
    requires_review: false,
    awaits_work: false,
    rounds: &[],
    summary: "",
};

const CONVERT: &str = "\
#!/bin/sh
# convert KIND FROM TO NUMBER
dir=$(dirname \"$0\")/../lib
if [ $# -ne 4 ]; then
    echo 'usage: convert KIND FROM TO NUMBER'
    [ \"$1\" = --help ]
    exit
fi
[ -f \"$dir/$1.sh\" ] || { echo \"unknown kind: $1\" >&2; exit 2; }
. \"$dir/$1.sh\"
convert \"$2\" \"$3\" \"$4\"
";

const LENGTH: &str = "\
convert() {
    case $1-$2 in
        km-m) echo $(($3 * 1000)) ;;
        m-km) echo $(($3 / 1000)) ;;
        *) echo \"unknown units: $1 $2\" >&2; return 2 ;;
    esac
}
";

const WEIGHT: &str = "\
convert() {
    case $1-$2 in
        kg-g) echo $(($3 * 1000)) ;;
        g-kg) echo $(($3 / 1000)) ;;
        *) echo \"unknown units: $1 $2\" >&2; return 2 ;;
    esac
}
";

const TEMPERATURE_WRONG: &str = "\
convert() {
    case $1-$2 in
        c-f) echo $(($3 * 9 / 5)) ;;
        *) echo \"unknown units: $1 $2\" >&2; return 2 ;;
    esac
}
";

const TEMPERATURE: &str = "\
convert() {
    case $1-$2 in
        c-f) echo $(($3 * 9 / 5 + 32)) ;;
        f-c) echo $((($3 - 32) * 5 / 9)) ;;
        *) echo \"unknown units: $1 $2\" >&2; return 2 ;;
    esac
}
";

/// The tickets, epics first.
pub const TICKETS: &[SampleTicket] = &[
    SampleTicket {
        id: EPIC,
        title: "Unit converter",
        kind: "epic",
        parent: None,
        description: "A command that converts lengths, weights and temperatures.\n",
        ..BASE
    },
    SampleTicket {
        id: "doc",
        title: "Documentation",
        kind: "epic",
        description: "What users read.\n",
        ..BASE
    },
    SampleTicket {
        id: "cmd",
        title: "The command and its usage",
        minutes: 60,
        description: "`bin/convert KIND FROM TO NUMBER` reads `lib/KIND.sh` and calls `convert`.\n",
        check: Some("sh bin/convert --help"),
        rounds: &[&[("bin/convert", CONVERT)]],
        summary: "Added bin/convert, which loads lib/KIND.sh and calls its convert function.",
        ..BASE
    },
    SampleTicket {
        id: "len",
        title: "Lengths",
        blocked_by: &["cmd"],
        description: "Kilometres and metres.\n",
        check: Some("test \"$(sh bin/convert length km m 3)\" = 3000"),
        rounds: &[&[("lib/length.sh", LENGTH)]],
        summary: "Added lib/length.sh for km and m.",
        ..BASE
    },
    SampleTicket {
        id: "tmp",
        title: "Temperatures",
        blocked_by: &["cmd"],
        minutes: 90,
        description: "Celsius and Fahrenheit, both ways.\n",
        check: Some("test \"$(sh bin/convert temperature c f 100)\" = 212"),
        rounds: &[
            &[("lib/temperature.sh", TEMPERATURE_WRONG)],
            &[("lib/temperature.sh", TEMPERATURE)],
        ],
        summary: "Added lib/temperature.sh for Celsius and Fahrenheit.",
        ..BASE
    },
    SampleTicket {
        id: "wgt",
        title: "Weights",
        blocked_by: &["cmd"],
        description: "Kilograms and grams.\n",
        check: Some("test \"$(sh bin/convert weight kg g 2)\" = 2000"),
        rounds: &[&[("lib/weight.sh", WEIGHT)]],
        summary: "Added lib/weight.sh for kg and g.",
        ..BASE
    },
    SampleTicket {
        id: "man",
        title: "Usage page",
        parent: Some("doc"),
        blocked_by: &["len", "tmp"],
        description: "`docs/usage.md` with an example of each kind.\n",
        check: Some("grep -q temperature docs/usage.md"),
        rounds: &[&[(
            "docs/usage.md",
            "# Usage\n\n    convert length km m 3\n    convert temperature c f 100\n",
        )]],
        summary: "Wrote docs/usage.md with an example of each kind.",
        ..BASE
    },
    SampleTicket {
        id: "faq",
        title: "Questions and answers",
        parent: Some("doc"),
        description: "`docs/faq.md`; wording is reviewed by a person.\n",
        requires_review: true,
        rounds: &[&[(
            "docs/faq.md",
            "# Questions\n\n## Are fractions supported?\n\nNot yet.\n",
        )]],
        summary: "Wrote docs/faq.md.",
        ..BASE
    },
    SampleTicket {
        id: "lic",
        title: "Choose a licence",
        description: "For the maintainers to decide.\n",
        awaits_work: true,
        ..BASE
    },
    SampleTicket {
        id: "old",
        title: "Remove the unused parser",
        description: "If there still is one.\n",
        summary: "There is no unused parser left.",
        ..BASE
    },
    SampleTicket {
        id: "rel",
        title: "Release notes",
        blocked_by: &["man", "wgt"],
        description: "`NEWS.md` for the first release.\n",
        rounds: &[&[(
            "NEWS.md",
            "# 1.0\n\nConverts lengths, weights and temperatures.\n",
        )]],
        summary: "Wrote NEWS.md.",
        ..BASE
    },
];

/// The sample's ticket of that id.
#[must_use]
pub fn ticket(id: &str) -> Option<&'static SampleTicket> {
    TICKETS.iter().find(|ticket| ticket.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_every_way_a_ticket_can_go() {
        let work = || TICKETS.iter().filter(|ticket| ticket.kind != "epic");
        assert!(work().count() >= 8);
        assert!(
            work().any(|ticket| ticket.rounds.len() == 2),
            "one fails its check first"
        );
        assert!(
            work().any(|ticket| ticket.requires_review),
            "one requires review"
        );
        assert!(work().any(|ticket| ticket.awaits_work), "one awaits work");
        assert!(
            work().any(|t| t.rounds.is_empty() && !t.awaits_work),
            "one changes nothing"
        );
        assert!(
            work().any(|ticket| ticket.parent == Some("doc")),
            "one is in a nested epic"
        );
        for ticket in TICKETS {
            assert!(
                ticket
                    .blocked_by
                    .iter()
                    .all(|id| self::ticket(id).is_some())
            );
        }
    }
}

//! Every question, and the tests that answer it: nothing is left to chance, or to be looked for.

/// A question, and where it is answered: a module below `tests/cli/` and a test in it.
const QUESTIONS: &[(&str, &[&str])] = &[
    // Listing.
    ("a filter for a computed state", &["probes/listing states"]),
    ("comma lists of states", &["probes/listing states"]),
    (
        "an unknown state, type, sort key, field",
        &["probes/listing unknown_words"],
    ),
    ("a limit of 0 and -1", &["probes/listing limits"]),
    (
        "contradictory filters: an owner, and none",
        &["probes/listing contradictions_and_blanks"],
    ),
    (
        "an empty string as a value",
        &["probes/listing contradictions_and_blanks"],
    ),
    (
        "reversed ranges of priority or date",
        &["probes/listing ranges_and_days"],
    ),
    (
        "count equals list under the same defaults",
        &["probes/listing limits"],
    ),
    ("`--ready` with `--status`", &["probes/listing states"]),
    ("older than 0 days", &["probes/listing ranges_and_days"]),
    (
        "a label with a comma, a glob, a colon",
        &["probes/listing labels"],
    ),
    // Ready and blocked.
    (
        "the parent blocked, deferred, awaiting",
        &["probes/readiness parents"],
    ),
    (
        "deferred without a date, to a past date",
        &["probes/readiness deferral"],
    ),
    ("a blocker outside the epic", &["probes/readiness blockers"]),
    ("closed blockers not shown", &["probes/readiness blockers"]),
    ("diamonds", &["probes/readiness blockers"]),
    (
        "long chains",
        &[
            "probes/readiness long_chains",
            "chain a_chain_of_a_hundred_thousand_neither_explodes_nor_overflows",
        ],
    ),
    ("all children closed", &["probes/readiness epics"]),
    ("an epic without children", &["probes/readiness epics"]),
    (
        "a closed epic with open children",
        &["probes/readiness epics"],
    ),
    ("a ticket blocked by an epic", &["probes/readiness epics"]),
    (
        "blocked by a deleted ticket",
        &[
            "probes/readiness blockers",
            "delete forced_it_clears_the_references",
        ],
    ),
    // Edges.
    ("a second kind on the same pair", &["probes/edges kinds"]),
    ("self, direct, transitive cycles", &["probes/edges cycles"]),
    ("cycles by reparenting", &["probes/edges cycles"]),
    (
        "cycles through an epic and its child",
        &["probes/edges cycles"],
    ),
    ("removing an edge that is not there", &["probes/edges ends"]),
    ("unknown ids", &["probes/edges ends", "probes/input ids"]),
    ("a parent under its own child", &["probes/edges parents"]),
    (
        "a child shown once after reparenting",
        &["probes/edges parents"],
    ),
    // Lifecycle.
    (
        "the close guard by `close`, `update --status`, several at once, `edit`",
        &[
            "probes/lifecycle the_close_guard",
            "edit a_status_goes_its_usual_way",
        ],
    ),
    ("close twice", &["probes/lifecycle closing_and_reopening"]),
    (
        "reopen an open one",
        &["probes/lifecycle closing_and_reopening"],
    ),
    (
        "a reopened blocker",
        &["probes/lifecycle closing_and_reopening"],
    ),
    (
        "closing an epic with open children",
        &["probes/lifecycle closing_and_reopening"],
    ),
    (
        "creating under a closed parent",
        &[
            "probes/lifecycle closing_and_reopening",
            "new nothing_is_filed_under_a_closed_epic",
        ],
    ),
    (
        "a claim together with a status",
        &["probes/lifecycle claims"],
    ),
    (
        "a claim of a claimed one",
        &["probes/lifecycle claims", "claim a_lease_runs_out"],
    ),
    (
        "a release of another's claim",
        &[
            "probes/lifecycle claims",
            "claim agents_release_what_they_hold_only",
        ],
    ),
    (
        "approve what awaits nothing",
        &["probes/lifecycle every_awaiting_and_verdict"],
    ),
    (
        "reject without text",
        &["probes/lifecycle every_awaiting_and_verdict"],
    ),
    (
        "every awaiting × verdict",
        &["probes/lifecycle every_awaiting_and_verdict"],
    ),
    // Values.
    ("a blank title, label, note", &["probes/values blanks"]),
    (
        "100 kB of text",
        &["probes/values long_texts", "hostile how_long_things_may_be"],
    ),
    (
        "control and bidirectional characters",
        &[
            "probes/values texts",
            "hostile files_and_their_names",
            "hostile arguments",
        ],
    ),
    ("CRLF", &["probes/values texts"]),
    (
        "quotes, `\"\"\"`, backslashes, `#` in strings",
        &["probes/values quoting"],
    ),
    (
        "emoji and combining width in tables",
        &["probes/values widths"],
    ),
    ("due in the past", &["probes/values days_and_times"]),
    ("29 February", &["probes/values days_and_times"]),
    (
        "offsets normalised to UTC",
        &["probes/values days_and_times"],
    ),
    ("priority words", &["probes/values priorities"]),
    (
        "adding a label that is there, removing one that is not",
        &["probes/values labels"],
    ),
    // Many at once.
    (
        "64 claimers, one winner, 63 told who, also from several worktrees",
        &[
            "claim of_64_claimers_one_wins_and_63_are_told_who",
            "probes/lifecycle claims",
        ],
    ),
    (
        "64 writers on one ticket, nothing lost",
        &["together of_64_writers_on_one_ticket_nothing_is_lost"],
    ),
    (
        "a reader during writes sees whole files",
        &["together a_reader_sees_whole_files_only"],
    ),
    (
        "a scalar update leaves labels, edges and notes alone",
        &["together a_scalar_changes_alone"],
    ),
    (
        "delete cleans references or refuses",
        &[
            "delete what_others_refer_to_stays",
            "delete forced_it_clears_the_references",
        ],
    ),
    (
        "disk full in the middle",
        &[
            "full_disk a_write_that_fails_half_way_changes_nothing",
            "full_disk a_full_disk_changes_nothing",
        ],
    ),
    (
        "the lock's holder killed",
        &["together the_lock_of_a_killed_process_is_free"],
    ),
    // Surroundings.
    (
        "called from a hook in a linked worktree with `GIT_DIR` and `GIT_INDEX_FILE` set",
        &["probes/surroundings hooks_of_a_linked_worktree"],
    ),
    ("inside a submodule", &["probes/surroundings submodules"]),
    (
        "a sparse checkout",
        &["probes/surroundings sparse_checkouts"],
    ),
    ("`core.hooksPath`", &["probes/surroundings hooks_elsewhere"]),
    (
        "`safe.directory` refuses",
        &["probes/surroundings repositories_of_others"],
    ),
    ("a shallow clone", &["probes/surroundings shallow_clones"]),
    (
        "no HOME, a HOME that may only be read",
        &["probes/surroundings homes"],
    ),
    (
        "a path with spaces, quotes and newlines",
        &["probes/surroundings odd_paths"],
    ),
    ("case-insensitive file systems", &["probes/input capitals"]),
    (
        "no command but landing changes a tracked file outside `.ticks/`",
        &["probes/surroundings the_rest_of_the_checkout_stays_as_it_is"],
    ),
];

#[test]
fn every_question_has_its_tests() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    for (question, answers) in QUESTIONS {
        assert!(!answers.is_empty(), "{question}");
        for answer in *answers {
            let (module, test) = answer.split_once(' ').unwrap();
            let text = std::fs::read_to_string(folder.join(format!("{module}.rs"))).unwrap();
            let test = format!("#[test]\nfn {test}() {{");
            assert!(text.contains(&test), "{question}: no {answer}");
        }
    }
}

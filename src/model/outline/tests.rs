use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::format::tests::arb_ticket;

/// The ticket as its outline has it.
fn without_texts(ticket: &Ticket) -> Ticket {
    let mut ticket = ticket.clone();
    ticket.description.clear();
    for note in &mut ticket.notes {
        note.by.clear();
        note.text.clear();
    }
    for run in &mut ticket.runs {
        *run = RunRecord {
            run: String::new(),
            attempt: 0,
            agent: String::new(),
            model: None,
            session: None,
            summary: None,
            input_tokens: None,
            output_tokens: None,
            turns: None,
            ..run.clone()
        };
    }
    ticket
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_outline_tells_all_but_texts(ticket in arb_ticket(), before in 0..9_usize) {
        let made = Outline::from(&ticket);
        let mut bytes = vec![7; before];
        bytes.extend(made.packed());
        bytes.extend([9; 5]);
        let length = u32::try_from(made.packed().len()).unwrap();
        let start = u32::try_from(before).unwrap();
        let lying = Outline::lying_in(ticket.id.clone(), &Arc::new(Bytes::Own(bytes)), start, length);
        for outline in [made, lying] {
            prop_assert_eq!(outline.ticket(), without_texts(&ticket));
            prop_assert_eq!(outline.status(), ticket.status.as_str());
            prop_assert_eq!(outline.kind(), &ticket.kind);
            prop_assert_eq!(outline.priority(), ticket.priority);
            prop_assert_eq!(outline.requires(), ticket.requires);
            prop_assert_eq!(outline.awaiting(), ticket.awaiting);
            prop_assert_eq!(outline.created_at(), ticket.created_at);
            prop_assert_eq!(outline.updated_at(), ticket.updated_at());
            prop_assert_eq!(outline.title(), &ticket.title);
            prop_assert_eq!(outline.owner(), ticket.owner.as_deref());
            prop_assert!(outline.labels().into_iter().eq(&ticket.labels));
            prop_assert_eq!(outline.due(), ticket.due);
            prop_assert_eq!(outline.touches(), ticket.touches.clone());
            let parent = ticket.parent.as_ref().map(TicketId::as_str);
            prop_assert_eq!(outline.parent(), parent);
            let repeat = ticket.repeat.map(|repeat| repeat.to_string());
            prop_assert_eq!(outline.repeat(), repeat.as_deref());
            prop_assert_eq!(outline.agent(), ticket.agent.as_deref());
            prop_assert_eq!(outline.started_at(), ticket.started_at);
            prop_assert_eq!(outline.closed_at(), ticket.closed_at);
            let expected = (ticket.agent.clone(), ticket.lock.clone());
            prop_assert_eq!(outline.agent_and_lock(), expected);
            let edges = outline.edges();
            prop_assert_eq!(edges.status, ticket.status.as_str().as_bytes());
            let statuses = Statuses::default();
            prop_assert_eq!(outline.category(&statuses), statuses.category(&ticket.status));
            prop_assert_eq!(edges.is_epic, ticket.kind == "epic");
            prop_assert_eq!(edges.parent, parent.map(str::as_bytes));
            let bytes: Vec<&[u8]> = edges.blocked_by.clone().bytes().collect();
            prop_assert!(bytes.into_iter().eq(ticket.blocked_by.iter().map(|id| id.as_str().as_bytes())));
            prop_assert!(edges.blocked_by.ids().eq(ticket.blocked_by.iter().cloned()));
            prop_assert!(edges.after.ids().eq(ticket.after.iter().cloned()));
            prop_assert_eq!(edges.defer_until, ticket.defer_until);
            let landed: Vec<u64> = ticket.runs.iter().filter_map(landed_seconds).collect();
            prop_assert_eq!(outline.times(), (ticket.estimate, landed));
        }
    }

    /// Whoever reads has checked the bytes; were they wrong all the same, nothing may break.
    #[test]
    fn nothing_is_read_past_the_end(ticket in arb_ticket(), keep in 0..300_u32, flip in 0..300_usize) {
        let mut bytes = Outline::from(&ticket).packed().to_vec();
        let flip = flip % bytes.len();
        bytes[flip] ^= 0x55;
        let length = u32::try_from(bytes.len()).unwrap().min(keep);
        let outline = Outline::lying_in(ticket.id.clone(), &Arc::new(Bytes::Own(bytes)), 0, length);
        let _ = (outline.ticket(), outline.edges(), outline.times(), outline.labels());
        let beyond = Outline::lying_in(ticket.id, &Arc::default(), 7, u32::MAX);
        prop_assert_eq!(beyond.title(), "");
    }
}

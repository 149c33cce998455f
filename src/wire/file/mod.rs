//! The files that people write by hand, as types whose only use is their JSON Schema.
//!
//! What reads the files is `format` and `config`, which tell a person what is wrong and where;
//! this tells an editor the same things beforehand. Tests keep the two of one mind: the same
//! keys, the same words, and what `tk` writes is valid. A value that means "nothing" in a
//! ticket (an empty string) is allowed here too, because `tk` writes it.

#![expect(dead_code, reason = "the types are never made; their schemas are")]

mod agent;
mod config;
mod template;
#[cfg(test)]
mod tests;
mod ticket;
mod values;

pub(super) use agent::AgentFile;
pub(super) use config::ConfigFile;
pub(super) use template::TemplateFile;
pub(super) use ticket::TicketFile;

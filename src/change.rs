//! Everything that changes something, a file a verb.
//!
//! What may happen to the facts is computed from a view of them without writing: each operation returns the
//! facts as they would become, or why it is not possible. The writer commits it, a what-if only looks at it.

pub mod expected;
pub mod acceptance;
pub(crate) mod judgement;
pub mod link_keys;
pub mod registration;
pub mod line;
pub mod import;
pub mod removal;
pub mod renegotiation;
pub mod relationship;
pub(crate) mod subscription_actions;
pub mod registry;
pub mod selling;
pub mod token_error;
pub mod tokens;
pub mod sessions;
pub mod open_sessions;
pub mod persons;
pub mod rotation;

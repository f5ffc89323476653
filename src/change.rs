//! Everything that changes something, a file a verb.
//!
//! What may happen to the facts is computed from a view of them without writing: each operation returns what would
//! become of which fact, or why it cannot be. The writer commits it, a what-if only looks at it.

pub mod acceptance;
pub mod import;
pub(crate) mod judgement;
pub mod line;
pub mod link_keys;
pub mod registration;
pub mod registry;
pub mod relationship;
pub mod removal;
pub mod renegotiation;
pub mod selling;
pub(crate) mod subscription_actions;
pub mod tokens;

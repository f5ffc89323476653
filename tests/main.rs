//! Every integration test, in one binary.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod invitation_and_json;
mod machine;
mod stage;
//mod stories;

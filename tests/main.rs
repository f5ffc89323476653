//! Every integration test, in one binary.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access_review;
mod authzen;
mod changes;
mod decide;
mod difference;
mod disk;
mod decisions;
mod faults;
mod house;
mod http;
mod in_force;
mod invitation_and_json;
mod killed;
mod ledger;
mod machine;
mod metrics;
mod openapi;
mod oracle;
mod pages;
mod permissions;
mod process;
mod proofs;
mod publishing;
mod replay;
mod rules;
mod search;
mod server;
mod shipped;
mod stage;
mod stories;
mod tables;
mod tenants;
mod transfer;
mod what_if;
mod worlds;

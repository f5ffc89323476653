//! Standing.
pub mod id;
pub mod clock;
pub mod limits;
pub mod domain;
pub mod config;
pub mod question;
pub mod facts;
pub mod policy;
pub mod decide;
pub mod caller;
pub mod audit;
pub mod store;
pub mod pdp;
pub mod http;
pub mod cli;

//! Everything that is asked: one question or many, searches, what-if, the lists and pages, and the export.

pub(crate) mod as_decided;
pub mod export;
pub mod past;
pub(crate) mod short;
pub mod ask;
pub mod batch;
pub mod forward;
pub mod pages;
pub mod search;
pub mod own_standing;
pub mod what_if;

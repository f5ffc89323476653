//! Both readers of a body held equal, for tests and for bodies that nobody thought of.

use super::question::{plain, plain_batch};
use super::wire::{self, Asked};
use crate::answer::batch::{Batch, Semantic};
use crate::json::read;
use crate::limits::Limits;
use crate::question::Question;

/// The question of a body as the strict reader has it.
fn strict(text: &[u8], limits: &Limits) -> Option<Question> {
    wire::question(&wire::object(read(text, limits.depth).ok()?).ok()?).ok()
}

/// The questions of a body as the strict reader has them.
pub(super) fn strict_batch(text: &[u8], limits: &Limits) -> Option<Asked> {
    wire::asked(&wire::object(read(text, limits.depth).ok()?).ok()?, limits.evaluations).ok()
}

/// What a body asks, to be compared.
pub(super) fn parts(asked: Asked) -> (Vec<Result<Question, String>>, Option<Semantic>) {
    match asked {
        Asked::One(question) => (vec![Ok(*question)], None),
        Asked::Many(Batch { questions, semantic }) => (questions, Some(semantic)),
    }
}

/// Reads a body as that of each search, which has one way only.
fn search(text: &[u8], limits: &Limits) -> Option<()> {
    let body = wire::object(read(text, limits.depth).ok()?).ok()?;
    let _ = (wire::entity(&body, "resource"), wire::action(&body), wire::kind(&body, "subject"), wire::page(&body));
    Some(())
}

/// Where the short way says yes, the strict reader says the same: anything else ends the program.
pub fn agree(text: &[u8], limits: &Limits) {
    search(text, limits);
    let shown = String::from_utf8_lossy(text);
    if let Some(question) = plain(text, limits) {
        assert_eq!(Some(question), strict(text, limits), "{shown}");
    }
    if let Some(asked) = plain_batch(text, limits) {
        assert_eq!(Some(parts(asked)), strict_batch(text, limits).map(parts), "{shown}");
    }
}

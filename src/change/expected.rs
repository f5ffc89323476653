//! What whoever makes a change was shown that it would do: it is computed again on the newest facts, and where it is
//! something else by then, nothing is done.

use serde::Serialize;

/// The code of [`NotAsExpected`].
pub(crate) const NOT_AS_EXPECTED: &str = "not_as_expected";

/// A change, and what it is expected to do; nothing is expected where it does not say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expecting<C, E> {
    /// The change.
    pub change: C,
    /// What it is expected to do.
    pub expected: Option<E>,
}

impl<C, E> From<C> for Expecting<C, E> {
    fn from(change: C) -> Self {
        Self { change, expected: None }
    }
}

/// A change would do something else than it was expected to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, thiserror::Error)]
#[error(
    "this would do something else by now than what was expected, and nothing was done; look at it again and decide anew"
)]
pub struct NotAsExpected<E> {
    /// What was expected.
    pub expected: E,
    /// What it would do.
    pub found: E,
}

impl<E: Serialize> NotAsExpected<E> {
    /// Both, for whoever decides anew.
    pub(crate) fn evidence(&self) -> Option<serde_json::Value> {
        serde_json::to_value(self).ok()
    }
}

/// What a change does, which is the same in whatever order it is written.
pub(crate) trait Effect: Clone + PartialEq {
    /// The same in the one order in which it is compared.
    fn sorted(&self) -> Self;
}

/// Compares what a change does with what it was expected to do.
///
/// # Errors
/// [`NotAsExpected`], with both.
pub(crate) fn as_expected<E: Effect>(expected: Option<&E>, found: &E) -> Result<(), Box<NotAsExpected<E>>> {
    let Some(expected) = expected.map(E::sorted) else { return Ok(()) };
    let found = found.sorted();
    if expected == found { Ok(()) } else { Err(Box::new(NotAsExpected { expected, found })) }
}

/// A list in its order.
pub(crate) fn in_order<T: Clone + Ord>(list: &[T]) -> Vec<T> {
    let mut list = list.to_vec();
    list.sort();
    list
}

//! A whole review, put together a few rows at a time.

use crate::evidence::access_review::{Access, Reviewing};
use crate::pdp::page::Page;

/// How many rows of a whole review are put together at a time.
const ROWS_AT_ONCE: usize = 200;

/// Every page of a review, as what is made while it is sent.
pub(super) fn pages(review: Reviewing) -> impl Iterator<Item = std::io::Result<Page<Access>>> {
    review.pages(ROWS_AT_ONCE).map(|page| page.map_err(std::io::Error::other))
}

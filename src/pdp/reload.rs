//! What may change of a decision point while it is open, besides its facts and its rules.

use std::sync::PoisonError;

use crate::limits::Limits;
use crate::pdp::Pdp;

/// Puts other limits in force: whatever is asked from then on is held to them.
pub fn put_limits(pdp: &Pdp, limits: Limits) {
    *pdp.settings.limits.write().unwrap_or_else(PoisonError::into_inner) = limits;
}

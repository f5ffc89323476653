//! What is counted by the address it comes from: wrong proofs, so that whoever guesses is told to wait and a right proof
//! never is, and views of a link by somebody who has not signed in.

use std::net::IpAddr;
use std::time::Duration;

use crate::pdp::Pdp;

/// Counts a wrong proof from an address. How long it has to wait, where it sent more than it may.
pub fn wrong_proof_from(pdp: &Pdp, address: IpAddr) -> Option<Duration> {
    pdp.settings.attempts.wrong_proof_from(address)
}

/// Counts a view of a link by somebody who has not signed in. How long the address has to wait, where it had more than it
/// may.
pub fn link_view_from(pdp: &Pdp, address: IpAddr) -> Option<Duration> {
    pdp.settings.attempts.link_view_from(address)
}

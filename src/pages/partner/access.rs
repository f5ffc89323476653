//! What a partner may do.

use super::own::called;
use crate::evidence::access_review::AccessOf;
use crate::id::PartnerId;
use crate::pages::access::{Review, review};
use crate::pages::context::{Answer, Fault, PageCall};

/// `GET /partners/{partner}/access`
pub async fn access(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let partner: PartnerId = page.param("partner")?;
    let called = called(&page, &partner);
    let of = AccessOf::Partner(partner);
    review(&page, Review { of, called, title: "nav-may", says: "may-says" }).await
}

//! Who may do what at a customer.

use super::relationships::called;
use crate::evidence::access_review::AccessOf;
use crate::id::CustomerId;
use crate::pages::access::{Review, review};
use crate::pages::context::{Answer, Fault, PageCall};

/// `GET /customers/{customer}/access`
pub async fn access(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let customer: CustomerId = page.param("customer")?;
    let called = called(&page, &customer);
    let of = AccessOf::Customer(customer);
    review(&page, Review { of, called, title: "nav-access", says: "access-says" }).await
}

//! The pages of a customer's administrator.

mod known;
mod relationships;
mod one_partner;
mod subscriptions;
mod access;

pub use access::access;
pub use one_partner::one_partner;
pub use relationships::relationships;
pub use subscriptions::subscriptions;

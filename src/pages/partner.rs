//! The pages of a partner.

mod own;
mod customers;
mod one_customer;
mod subscription;

pub use customers::customers;
pub use one_customer::one_customer;
pub use subscription::subscription;

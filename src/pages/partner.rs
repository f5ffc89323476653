//! The pages of a partner.

mod own;
mod customers;
mod one_customer;
mod subscription;
mod renegotiation;
mod changes;
mod access;
mod request;

pub use access::access;
pub use changes::changes;
pub use customers::customers;
pub use one_customer::one_customer;
pub use renegotiation::{question as renegotiation, said};
pub use request::{email, request};
pub use subscription::subscription;

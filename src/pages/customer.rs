//! The pages of a customer's administrator.

mod known;
mod relationships;
mod one_partner;
mod removal;
mod renegotiation;
mod subscriptions;
mod changes;
mod access;
mod choice;
mod kept_choice;
mod request;
mod tried;

pub use access::access;
pub use changes::changes;
pub use one_partner::one_partner;
pub use relationships::relationships;
pub use removal::{question as removal, removed};
pub use renegotiation::{question as renegotiation, said};
pub use request::{acceptance, check, checked_again, request};
pub use subscriptions::subscriptions;

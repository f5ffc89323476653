//! What may happen to the facts, worked out on a view of them and written by nobody: each operation says what would
//! become of which fact, or why it cannot be. The writer commits it, a what-if only looks at it.

pub(super) mod acceptance;
pub(super) mod line;
pub(super) mod registration;
pub(super) mod removal;
pub(super) mod renegotiation;

pub use acceptance::{Acceptance, AcceptanceError, Accepted, Displaced};
pub use line::{Line, LineError};
pub use registration::{CustomerError, PartnerError, SubscriptionError, Telling};
pub use removal::{Removal, RemovalError, Removed};
pub use renegotiation::{Renegotiated, Renegotiation, RenegotiationError, Withdrawal};

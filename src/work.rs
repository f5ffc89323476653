//! Long work: whose turn it is, how long a piece of it may take, and when it ends.
//!
//! Whatever may look at everything is done in turns, on threads of their own that the system prefers others to. Turns go
//! round between callers, so nobody waits behind all that somebody else asked for. Whoever is at work says so at every
//! step: a piece that was long enough while others wait gives its turn away and goes on when it has the next one; one
//! whose client is gone, or that used up what a call may take, ends there. It also says how far it has come, to whoever waits
//! for it.

mod start;
mod turns;
mod progress;
mod task;
mod threads;
mod parts;

pub use parts::in_parts;
pub use progress::{Come, Count, Counted, Progress, come, progress};
pub use start::{start_goes_on, started, starting};
pub use task::{Owner, Stopped, Task, aside, end_all, is_ending, is_long, step};
pub use threads::{Broken, behind, in_turn};
pub use turns::{Turn, Turns};

//! Changes that weigh much: made by somebody who proved a short time ago who they are.

use maud::{Markup, html};

use super::address::address;
use super::context::{Fault, PageCall};

impl PageCall {
    /// Has whoever looks proved a short time ago who they are? Where nobody signs in there is nothing to prove.
    #[must_use]
    pub fn is_proved_lately(&self) -> bool {
        let Some(held) = &self.held else { return true };
        self.setting.sessions.is_fresh(held.session.proved, self.setting.pdp.now())
    }

    /// Refuses a change that weighs much to whoever proved too long ago who they are; they go on at `at`.
    ///
    /// # Errors
    /// [`Fault::ProveAgain`].
    pub fn proved_lately(&self, at: &str) -> Result<(), Fault> {
        if self.is_proved_lately() { Ok(()) } else { Err(Fault::ProveAgain(at.to_owned())) }
    }

    /// The button of a change that weighs much, or the way to prove again who one is and come back to `at`.
    #[must_use]
    pub fn weighty(&self, button: Markup, at: &str) -> Markup {
        if self.is_proved_lately() {
            return button;
        }
        html! { a.button href=(prove_again(at)) { (self.words.say("prove-again")) } }
    }
}

/// Where somebody proves again who they are, to go on at an address.
#[must_use]
pub fn prove_again(at: &str) -> String {
    address("/sign-in", &[("next", Some(at)), ("again", Some("yes"))])
}

//! Changes that weigh much: made by somebody who proved a short time ago who they are.

use maud::{Markup, html};

use super::address::address;
use super::context::{Fault, PageCall};
use crate::pdp::opening::trust;
use crate::trust::provider::Provider;

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

    /// Where whoever looks proves again who they are, to go on at an address: at their provider, where they have one.
    fn proving_again(&self, at: &str) -> String {
        let issuer = self.held.as_ref().and_then(|held| held.session.signed_in_at.as_ref()).map(|at| &at.issuer);
        match issuer.and_then(|issuer| trust(&self.setting.pdp).provider_of(issuer)) {
            Some(provider) => way_to(provider, Some(at), true, false),
            None => prove_again(at),
        }
    }

    /// The button of a change that weighs much, or the way to prove again who one is and come back to `at`.
    #[must_use]
    pub fn weighty(&self, button: Markup, at: &str) -> Markup {
        if self.is_proved_lately() {
            return button;
        }
        html! { a.button href=(self.proving_again(at)) { (self.words.say("prove-again")) } }
    }

    /// The same for a form that something is typed in: one proves who one is beside it, in another tab, and what was typed
    /// stays to be sent.
    #[must_use]
    pub fn weighty_in_other_tab(&self, button: Markup, at: &str) -> Markup {
        if self.is_proved_lately() {
            return button;
        }
        html! {
            a.button href=(self.proving_again(at)) target="_blank" { (self.words.say("prove-again-beside")) }
            (button)
        }
    }
}

/// Where somebody proves again who they are, to go on at an address.
#[must_use]
pub fn prove_again(at: &str) -> String {
    address("/sign-in", &[("next", Some(at)), ("again", Some("yes"))])
}

/// The way to a provider: to sign in, to prove again who one is, or to be somebody else.
#[must_use]
pub fn way_to(provider: &Provider, next: Option<&str>, again: bool, other: bool) -> String {
    let yes = |is: bool| is.then_some("yes");
    let parts =
        [("with", Some(provider.settings.name.as_str())), ("next", next), ("again", yes(again)), ("other", yes(other))];
    address("/sign-in/start", &parts)
}

//! The beginning of a session: under a new name, in place of what was open in the browser before.

use super::context::{Answer, Fault, PageCall, is_own_path};
use super::frame::own_first_page;
use super::page_route::is_page;
use crate::caller::Identity;
use crate::change::sessions::{Beginning, begin_session, end_session};
use crate::pdp::call::Call;

/// Where somebody goes on once they are signed in.
#[must_use]
pub fn next_of<'a>(page: &PageCall, given: &'a str) -> Option<&'a str> {
    let path = given.split('?').next().unwrap_or_default();
    (is_own_path(given) && is_page(page, path) && !path.starts_with("/sign-")).then_some(given)
}

/// A call that it does not matter for whether its session is over meanwhile: it is what ends it.
#[must_use]
pub fn outliving(page: &PageCall) -> Call {
    Call { session: None, ..page.call.clone() }
}

/// Ends what was open in this browser: it was of somebody else, or of what they may not be any more.
///
/// # Errors
/// [`Fault`] when it cannot be ended.
pub async fn end_held(page: &PageCall) -> Result<(), Fault> {
    if let Some(held) = &page.held {
        end_session(&page.setting.pdp, &outliving(page), &held.session.id).await?;
    }
    Ok(())
}

/// Begins a session of somebody and leads them to where they go on, else to their own first page.
///
/// # Errors
/// A [`Fault`] when the session before cannot be ended or they may not begin one.
pub async fn begin(
    page: &PageCall,
    identity: Identity,
    beginning: Beginning,
    next: Option<&str>,
) -> Result<Answer, Fault> {
    let setting = &page.setting;
    let first = own_first_page(&identity.caller).filter(|path| is_page(page, path));
    let call = Call { caller: identity.caller, person: identity.person, proof: identity.proof, ..outliving(page) };
    let begun = begin_session(&setting.pdp, &call, beginning).await?;
    // A new name at every sign-in; what was open in this browser before is over.
    end_held(page).await?;
    let to = next.map(str::to_owned).or(first).unwrap_or_else(|| "/".to_owned());
    // A choice that somebody else left is nobody's any more.
    let gone = [setting.acting_as_cookie(), setting.sign_in_cookie()].map(|name| setting.set_cookie(name, "", Some(0)));
    let own = setting.set_cookie(setting.cookie(), &begun.secret, None);
    Ok(Answer::SeeOther { to, cookies: [own].into_iter().chain(gone).collect() })
}

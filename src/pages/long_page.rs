//! Pages that may look at everything: made when it is their turn, and shown as being made where that takes long. Whoever
//! waits for one may leave: it goes on, and what it came to is theirs when they come back.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use data_encoding::HEXLOWER;
use hyper::Method;
use hyper::header::COOKIE;
use jiff::SignedDuration;
use maud::html;

use super::beginning_of_list::come;
use super::context::{Answer, Fault, PageCall};
use super::page_route::PageRoute;
use super::response::{faulty, framed, see_other, sent, whole};
use super::sent_form::sent_as;
use super::waiting_page::being_made;
use super::when::moment;
use crate::change::sessions::{is_session_open, random_bytes};
use crate::clock::Timestamp;
use crate::http::waiting::Found;
use crate::http::{SiteResponse, Taking, long};
use crate::limits::{PAGE_WAITING_FETCHED_SECONDS, PAGE_WAITING_KEPT_MINUTES};
use crate::work::Owner;

/// How often it is looked whether the session is over that a page goes on for.
const LOOKED_EVERY: Duration = Duration::from_secs(2);

type CameTo = Result<Answer, Fault>;

/// Has a page that may look at everything answer a call. What is not made within a moment goes on without its
/// client, if that has a session which it can be kept for: until then nothing goes on that nobody waits for.
pub(super) async fn long_page(
    route: &'static PageRoute,
    page: PageCall,
    whose: &str,
    taking: Option<Taking>,
) -> SiteResponse {
    let mut kept = page.as_looked_at();
    let (pdp, waiting) = (&page.setting.pdp, &page.setting.waiting);
    let is_form = route.method != Method::GET;
    // A file that is saved is no page that could load itself again, and one that is sent may be sent back as large as it is.
    let is_waited_for = if is_form { route.is_large } else { page.parameters.given("format").is_some() };
    let session = page.held.as_ref().filter(|_| !is_waited_for).map(|held| held.session.id.clone());
    let address = (!is_form).then(|| format!("{} {}", page.words.0.code(), page.here()));
    if let (Some(session), Some(address)) = (&session, &address) {
        match waiting.taken(session, address, pdp.now()) {
            Some((name, Found::GoesOn(progress, keeps))) => {
                return framed(&kept, &being_made(page.words, &name, progress.come(), keeps)).map(Into::into);
            }
            Some((_, Found::Made(made))) => return made.map(Into::into),
            None => {}
        }
    }
    let sent_as = is_form.then(|| sent_as(&page.call.caller, &page.headers, &page.body, &page.path)).flatten();
    // Sent twice, it is the same that goes on.
    if let (Some(session), Some(name)) = (&session, &sent_as)
        && let Some(Found::GoesOn(..)) = waiting.of(session, name, pdp.now())
    {
        return see_other(&going_on_at(name), &[]).map(Into::into);
    }
    let asked = session.map(|session| waiting.asks(session));
    let budget = Duration::from_secs(pdp.limits().long_seconds as u64);
    let owner = Owner::followed(whose, Some(budget), page.progress.clone());
    let mut work = Box::pin(async move {
        let made = Box::pin(async move {
            let _taking = taking;
            // Its turn may come late.
            match is_open(&page) {
                Ok(true) => {}
                Ok(false) => return Ok(Err(Fault::SignIn)),
                Err(fault) => return Ok(Err(fault)),
            }
            Ok(come(route, page).await)
        });
        long(owner, made).await.unwrap_or(Err(Fault::TookTooLong))
    });
    let Some(asked) = asked else { return sent(&kept, work.await) };
    if let Some(came_to) = soon(kept.setting.waiting.patience(), work.as_mut()).await {
        return sent(&kept, came_to);
    }
    let keeps = match is_form || route.is_kept {
        true => SignedDuration::from_mins(PAGE_WAITING_KEPT_MINUTES),
        false => SignedDuration::from_secs(PAGE_WAITING_FETCHED_SECONDS),
    };
    let held = sent_as.or_else(|| random_name(&kept)).and_then(|name| {
        let work = (kept.progress.clone(), keeps);
        kept.setting.waiting.hold(name, asked, address, work, kept.setting.pdp.now())
    });
    let Some(making) = held else { return sent(&kept, work.await) };
    let meanwhile = match is_form {
        true => see_other(&going_on_at(making.name()), &[]),
        false => framed(&kept, &being_made(kept.words, making.name(), kept.progress.come(), keeps)),
    };
    // What was done before is said by now.
    kept.headers.remove(COOKIE);
    tokio::spawn(async move {
        let came_to = tokio::select! {
            came_to = work => came_to,
            // What nobody may see any more is done for nobody.
            () = is_lost(&kept) => return,
        };
        let now = kept.setting.pdp.now();
        let came_to = if is_form { came_to } else { dated(&kept, came_to, now) };
        making.made(whole(&kept, came_to), || faulty(&kept, &Fault::NoRoom), now);
    });
    meanwhile.map(Into::into)
}

/// Is the session still open that asked for a page? Whoever has none has nothing to lose.
fn is_open(page: &PageCall) -> Result<bool, Fault> {
    let Some(held) = &page.held else { return Ok(true) };
    is_session_open(&page.setting.pdp, &held.secret, page.setting.sessions).map_err(|_| Fault::Unavailable)
}

/// Waits until the session that asked for a page is over.
async fn is_lost(page: &PageCall) {
    // Where that cannot be read it is not known, and looked at again: a record would say that the session ended.
    while is_open(page) != Ok(false) {
        tokio::time::sleep(LOOKED_EVERY).await;
    }
    // What waits for the writer is not done any more, or nobody could be told whether it was.
    page.call.session.iter().for_each(|session| session.is_over.store(true, Ordering::Release));
}

/// Where it is shown how far something has come.
fn going_on_at(name: &str) -> String {
    format!("/waiting/{name}")
}

/// A name that nobody can guess.
fn random_name(page: &PageCall) -> Option<String> {
    let mut random = [0; 16];
    random_bytes(&page.setting.pdp, &mut random).ok()?;
    Some(HEXLOWER.encode(&random))
}

/// What work comes to within so long; with no patience at all it is not even looked at.
async fn soon(patience: Duration, work: Pin<&mut (impl Future<Output = CameTo> + Send)>) -> Option<CameTo> {
    if patience.is_zero() {
        return None;
    }
    tokio::time::timeout(patience, work).await.ok()
}

/// A page that says when it was made: whoever left may come back later.
fn dated(page: &PageCall, came_to: CameTo, at: Timestamp) -> CameTo {
    let Ok(Answer::Shown(mut shown)) = came_to else { return came_to };
    let says = page.words.with("made-at", [("at", moment(page.words, at).into())]);
    shown.main = html! { (shown.main) p.soft.made { (says) } };
    Ok(Answer::Shown(shown))
}

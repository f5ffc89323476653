//! What is shown while a page is made: how far it has come, as a page that loads itself again and as a stream.

use hyper::StatusCode;
use jiff::SignedDuration;
use maud::{Markup, html};
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant, sleep_until, timeout_at};

use super::context::{Answer, Fault, PageCall};
use super::frame::Shown;
use super::held::Held;
use super::sent_form::key_of_sent;
use super::when::moment;
use super::words::Words;
use crate::change::sessions::is_session_open;
use crate::http::waiting::Found;
use crate::http::{StreamEvent, event_stream};
use crate::pdp::call::done_under;
use crate::work::{Come, Counted};

/// When whoever finds as many streams as there may be asks again: their page loads itself.
pub(super) const LATER: Duration = Duration::from_secs(3);
/// How often at most a stream says how far something has come.
const EVENT_EVERY: Duration = Duration::from_millis(500);

/// After how many seconds at least, and at most, a browser loads a page again that shows something that goes on.
const AGAIN_AFTER: [i64; 2] = [3, 30];

/// After how many seconds a browser loads a page again whose loading has a record, where what it shows has gone on for so
/// long: the longer, the later, so that little of the ledger is about waiting.
pub(super) fn again_after(gone_on: SignedDuration) -> u16 {
    let [least, most] = AGAIN_AFTER;
    u16::try_from((gone_on.as_secs() / 5).clamp(least, most)).unwrap_or(u16::MAX)
}

/// How far something has come, as a sentence and a bar; a script reads at an address how far it comes from here on.
pub(super) fn bar(words: Words, at: &str, come: Come) -> Markup {
    let known = (come.of > 0).then_some(come);
    html! {
        div data-progress=(at) {
            p role="status" { (says(words, come)) }
            progress aria-label=(words.say("being-made-bar")) value=[known.map(|come| come.done)] max=[known.map(|come| come.of)] {}
        }
    }
}

/// The page of one that is being made.
pub(super) fn being_made(words: Words, name: &str, come: Come, keeps: SignedDuration) -> Shown {
    let minutes = usize::try_from(keeps.as_mins()).unwrap_or_default();
    let main = html! {
        h1 { (words.say("being-made")) }
        (bar(words, &format!("/waiting/{name}/progress"), come))
        p.soft {
            (words.say("being-made-again"))
            @if minutes > 0 { " " (words.with("being-made-leave", [("minutes", minutes.into())])) }
        }
    };
    // Whether it is made is looked up without a record.
    Shown::of(words.say("being-made"), main).loading_again(again_after(SignedDuration::ZERO))
}

fn says(words: Words, come: Come) -> String {
    let key = match (come.what, come.of) {
        _ if come.done == 0 && come.of == 0 => "being-made-says",
        (Counted::Place, _) => "come-place",
        (Counted::Examinations, _) => "come-examinations",
        (Counted::Answers, 0) => "come-answers-so-far",
        (Counted::Steps, _) | (_, 0) => "come-so-far",
        (Counted::Rows, _) => "come-rows",
        (Counted::Proofs, _) => "come-proofs",
        (Counted::Answers, _) => "come-answers",
        (Counted::Changes, _) => "come-changes",
        (Counted::Records, _) => "come-records",
        (Counted::Resources, _) => "come-resources",
    };
    words.text(key, &[("done", &come.done.to_string()), ("count", &come.of.to_string())])
}

/// What a session began under the name that the path holds.
fn found(page: &PageCall) -> Result<(String, Option<Found>), Fault> {
    page.signed_in()?;
    let name: String = page.param("id")?;
    let Held { session, .. } = page.held.as_ref().ok_or(Fault::NotFound)?;
    let found = page.setting.waiting.of(&session.id, &name, page.setting.pdp.now());
    Ok((name, found))
}

/// Nothing of what it came to is left: it was kept for long enough, the session is another one, or the service was started
/// again. Was what was sent done? That is known of what goes on for nobody any more, to whoever sent it.
fn gone(page: &PageCall, name: &str) -> Result<Shown, Fault> {
    let (words, pdp) = (page.words, &page.setting.pdp);
    let sent = key_of_sent(&page.call.caller, name).filter(|_| !page.setting.waiting.goes_on(name));
    let done = sent.map(|(key, request)| done_under(pdp, &page.call.caller, key, &request)).transpose();
    let done = done.map_err(|_| Fault::Unavailable)?;
    let (key, says) = match done {
        Some(Some(at)) => ("waiting-done", words.with("waiting-done-says", [("at", moment(words, at).into())])),
        Some(None) => ("waiting-not-done", html! { (words.say("waiting-not-done-says")) }),
        None => ("waiting-gone", html! { (words.say("waiting-gone-says")) }),
    };
    let main = html! {
        h1 { (words.say(key)) }
        p { (says) }
        p { a href="/" { (words.say("to-first-page")) } }
    };
    let status = if done.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok(Shown::of(words.say(key), main).with_status(status))
}

/// `GET /waiting/{id}`
pub(super) async fn waiting(page: PageCall) -> Result<Answer, Fault> {
    let (name, found) = found(&page)?;
    Ok(match found {
        Some(Found::GoesOn(progress, keeps)) => being_made(page.words, &name, progress.come(), keeps).into(),
        Some(Found::Made(made)) => Answer::Streamed(Box::new(made.map(Into::into))),
        None => gone(&page, &name)?.into(),
    })
}

/// `GET /waiting/{id}/progress`
pub(super) async fn progress(page: PageCall) -> Result<Answer, Fault> {
    let come = match found(&page)?.1.ok_or(Fault::NotFound)? {
        Found::GoesOn(progress, _) => progress.followed().ok_or(Fault::TooMany(LATER))?,
        Found::Made(_) => over(),
    };
    Ok(followed(page, come))
}

/// What is followed where it is over.
pub(super) fn over() -> watch::Receiver<Come> {
    watch::channel(Come { is_over: true, ..Come::default() }).1
}

/// A stream of how far something comes.
pub(super) fn followed(page: PageCall, come: watch::Receiver<Come>) -> Answer {
    let now = Instant::now();
    let mut following = Following { page, come, said: None, may_say: now, looked: now, is_over: false };
    let (events, ready) = mpsc::channel(1);
    let sending = async move {
        while let Some(event) = following.next().await {
            if events.send(event).await.is_err() {
                return;
            }
        }
    };
    tokio::spawn(sending);
    Answer::Streamed(Box::new(event_stream(ready)))
}

struct Following {
    page: PageCall,
    come: watch::Receiver<Come>,
    said: Option<Come>,
    /// From when on how far it has come may be told again.
    may_say: Instant,
    /// When it was last looked whether the session is open.
    looked: Instant,
    is_over: bool,
}

impl Following {
    /// What is told next; nothing once it is over, the session is, or the server stops.
    async fn next(&mut self) -> Option<StreamEvent> {
        let heartbeat = self.page.streaming.heartbeat;
        while !self.is_over {
            let come = *self.come.borrow_and_update();
            if come.is_over {
                self.is_over = true;
                return Some(Some(("done", json!({}).to_string())));
            }
            let is_said = self.said == Some(come);
            if !is_said && self.may_say <= Instant::now() {
                (self.said, self.may_say) = (Some(come), Instant::now() + EVENT_EVERY);
                let says = says(self.page.words, come);
                let data = json!({ "done": come.done, "of": come.of, "says": says });
                return Some(Some(("progress", data.to_string())));
            }
            let (come, may_say) = (&mut self.come, self.may_say);
            let news = async {
                // Whoever makes it says that it is over before it goes; its end is told at once.
                match is_said {
                    true => come.changed().await.is_ok(),
                    false => {
                        timeout_at(may_say, come.wait_for(|come| come.is_over)).await.map_or(true, |over| over.is_ok())
                    }
                }
            };
            tokio::select! {
                () = self.page.streaming.shutdown.stopped() => return None,
                () = sleep_until(self.looked + heartbeat) => {
                    self.looked = Instant::now();
                    return self.is_session_open().then_some(None);
                }
                is_followed = news => if !is_followed { return None },
            }
        }
        None
    }

    fn is_session_open(&self) -> bool {
        let Some(Held { secret, .. }) = &self.page.held else { return false };
        let setting = &self.page.setting;
        is_session_open(&setting.pdp, secret, setting.sessions).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Found, SignedDuration, again_after};
    use crate::clock::Timestamp;
    use crate::http::waiting::{Waiting, Whole};
    use crate::id::SessionId;
    use crate::limits::{PAGES_WAITING_BYTES_MAX, PAGES_WAITING_OF_ONE_BYTES_MAX};
    use crate::work::Progress;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn session(digit: &str) -> SessionId {
        digit.repeat(32).parse().unwrap_or_else(|error| unreachable!("{error}"))
    }

    /// What a page or a form of so many bytes comes to whose browser asks for it again.
    fn shown(waiting: &Waiting, of: &str, address: Option<&str>, bytes: usize) -> Option<String> {
        let work = (Progress::default(), SignedDuration::from_mins(1));
        let (of, name) = (session(of), format!("{of}{address:?}"));
        let making = waiting.hold(name.clone(), waiting.asks(of.clone()), address.map(str::to_owned), work, NOW)?;
        making.made(Whole::new(vec![b'x'; bytes].into()), || Whole::new("no room".into()), NOW);
        match waiting.of(&of, &name, NOW)? {
            Found::Made(page) if page.body().len() == bytes => Some("it".to_owned()),
            Found::Made(page) => Some(String::from_utf8_lossy(page.body()).into_owned()),
            Found::GoesOn(..) => Some("goes on".to_owned()),
        }
    }

    #[test]
    fn a_page_that_shows_what_goes_on_for_ten_minutes_is_loaded_some_thirty_times() {
        let (mut passed, mut loads) = (0, 0);
        while passed < 600 {
            passed += i64::from(again_after(SignedDuration::from_secs(passed)));
            loads += 1;
        }
        assert_eq!((again_after(SignedDuration::from_secs(-60)), again_after(SignedDuration::MAX), loads), (3, 30, 34));
    }

    #[test]
    fn a_large_page_is_kept_alone_and_where_forms_of_others_take_all_the_room_it_is_said() {
        let waiting = Waiting::after(Duration::ZERO);
        let large = PAGES_WAITING_OF_ONE_BYTES_MAX + 1;
        assert_eq!(shown(&waiting, "0", Some("/words"), 1).as_deref(), Some("it"));
        assert_eq!(shown(&waiting, "0", Some("/ledger"), large).as_deref(), Some("it"));
        assert!(waiting.taken(&session("0"), "/words", NOW).is_none(), "it made room");
        for (form, digit) in "123456789abcdef".chars().enumerate() {
            let is_kept = shown(&waiting, &digit.to_string(), None, PAGES_WAITING_BYTES_MAX / 15).is_some();
            assert!(is_kept, "form {form}");
        }
        assert_eq!(shown(&waiting, "0", Some("/ledger"), large).as_deref(), Some("no room"));
        assert_eq!(shown(&waiting, "0", None, large), None, "of a form it is said whether it was done");
    }

    #[test]
    fn a_page_that_was_asked_for_before_its_session_sent_a_form_is_not_what_it_asks_for_again() {
        let waiting = Waiting::after(Duration::ZERO);
        let asked = || ["1", "1", "2"].map(|of| waiting.asks(session(of)));
        let holds = |(name, asked), address: Option<&str>| {
            let work = (Progress::default(), SignedDuration::from_mins(1));
            let held = waiting.hold(format!("{name}"), asked, address.map(str::to_owned), work, NOW);
            held.is_some_and(|held| {
                held.made(Whole::default(), Whole::default, NOW);
                waiting.taken(&session("1"), "/ledger", NOW).is_some()
            })
        };
        let [first, form, other] = asked();
        waiting.changes(&session("1"));
        assert!(!holds((1, first), Some("/ledger")), "it may be of before");
        assert!(!holds((2, form), None), "what a form came to has no address");
        assert!(waiting.of(&session("1"), "2", NOW).is_some(), "and is kept");
        assert!(!holds((3, other), Some("/ledger")) && waiting.of(&session("2"), "3", NOW).is_some());
        let [since, ..] = asked();
        assert!(holds((4, since), Some("/ledger")));
    }
}

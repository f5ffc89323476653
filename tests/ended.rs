//! What waits for its turn when whoever asked for it may ask for nothing any more, and what a form came to that nobody was
//! told of: it is not done, or it is done and said.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use futures_util::FutureExt as _;
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};
use standing::caller::{Caller, Identity, Proof};
use standing::change;
use standing::change::removal::Removal;
use standing::change::sessions::{Beginning, begin_session, open_session};
use standing::change::tokens::{NewToken, Speaker, create_token, revoke_token};
use standing::clock::{Clock as _, SharedClock, Timestamp};
use standing::config::pages::SessionSettings;
use standing::domain::partner::PartnerKind;
use standing::pdp::Pdp;
use standing::pdp::call::{Call, CallError, InSession, PreconditionError};
use standing::pdp::links::LinkRing;
use standing::store::Store;

use crate::doors::{House, pages};
use crate::people::Browser;
use crate::server::Answer;
use crate::stage::{Stage, operator, shipped, terms};
use crate::waiting::{REMOVAL, got, patient, sends, signed_in};

const PARTNER: &str = "/customers/adatum/partners/contoso";

/// An import that holds up every change until it is let go.
struct Import {
    goes_on: Sender<()>,
    over: tokio::task::JoinHandle<()>,
}

impl Import {
    async fn begin(stage: &Stage) -> Self {
        let line = |nth: usize| format!("{{\"noun\":\"customer\",\"id\":\"c{nth}\",\"name\":\"C\"}}\n");
        let lines: String = (0..5_000).map(line).collect();
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let (goes_on, held): (Sender<()>, Receiver<()>) = channel();
        let progress = move |_, _| {
            begun.send(()).unwrap_or_default();
            held.recv().unwrap_or_default();
        };
        let pdp = stage.pdp.clone();
        let over = tokio::spawn(async move {
            change::import::import(&pdp, &operator(), Cursor::new(lines), progress).await.unwrap();
        });
        assert!(begins.recv().await.is_some());
        Self { goes_on, over }
    }

    /// The same while figures are read: what is noted of their reader's token comes before, and waits for nothing.
    async fn at(house: &House) -> Self {
        waiting(house).await;
        Self::begin(&house.stage).await
    }

    async fn goes_on(self) {
        drop(self.goes_on);
        self.over.await.unwrap();
    }
}

/// How many writes wait.
async fn waiting(house: &House) -> f64 {
    let figures = house.get("/metrics", "192.0.2.1:1", &house.token, &[]).await.text;
    let waiting = figures.lines().find_map(|line| line.strip_prefix("standing_store_writes_waiting "));
    waiting.unwrap().parse().unwrap()
}

/// Waits until so many changes wait.
async fn until_waiting(house: &House, changes: usize) {
    let (began, mut seen) = (Instant::now(), 0);
    // What is written meanwhile waits for a moment, and what the import holds up is there whenever it is looked.
    while seen < 5 {
        seen = if waiting(house).await >= changes as f64 { seen + 1 } else { 0 };
        assert!(began.elapsed() < Duration::from_secs(120), "no {changes} wait");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What is said of a form once nothing of it goes on.
async fn said_of(browser: &mut Browser<'_>, to: &str) -> Answer {
    let began = Instant::now();
    let mut said = got(browser, to);
    while said.status == 404 && began.elapsed() < Duration::from_secs(120) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        said = got(browser, to);
    }
    said
}

fn customer() -> Speaker {
    Speaker::Customer("adatum".parse().unwrap())
}

/// What the ledger says became of the removals that were asked for.
async fn removals(house: &House) -> String {
    let path = "/v1/decisions?action=Api::removeDelegatedAdministration";
    house.get(path, "192.0.2.1:1", &house.token, &[]).await.text
}

fn says(answer: &Answer, what: &str) {
    assert!(answer.text.contains(what), "`{what}` is not said: {}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_whose_session_is_ended_before_its_turn_comes_is_not_done() {
    let house = patient(Duration::ZERO).await;
    let mut browser = signed_in(&house, customer()).await;
    let secret = browser.cookies().values().next().unwrap().clone();
    let session = HEXLOWER.encode(&Sha256::digest(secret)[..16]).parse().unwrap();
    let question = browser.get(REMOVAL);
    let import = Import::at(&house).await;
    let call = operator();
    let mut ending = Box::pin(change::sessions::end_session(&house.stage.pdp, &call, &session));
    assert!(ending.as_mut().now_or_never().is_none(), "it waits for the import");
    let answer = sends(&mut browser, &question);
    let to = answer.header("location").unwrap().to_owned();
    until_waiting(&house, 2).await;
    import.goes_on().await;
    ending.await.unwrap();
    let mut again = signed_in(&house, customer()).await;
    says(&again.get(PARTNER), "azure");
    let (records, said) = (removals(&house).await, said_of(&mut again, &to).await);
    assert!(records.contains("\"refused\":\"session_ended\""), "{records}");
    says(&said, "What you sent was not done");
    assert_eq!(got(&mut browser, &to).status, 303, "who was signed out is shown nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_ends_with_its_session_and_what_waits_of_it_is_not_done_when_its_turn_comes() {
    let house = patient(Duration::ZERO).await;
    let mut browser = signed_in(&house, customer()).await;
    let question = browser.get(REMOVAL);
    let import = Import::at(&house).await;
    let to = sends(&mut browser, &question).header("location").unwrap().to_owned();
    until_waiting(&house, 1).await;
    // A working day is over while a stream tells of it: it tells that the work is.
    let told = std::thread::scope(|scope| {
        let stream = scope.spawn(|| got(&mut browser, &format!("{to}/progress")));
        house.passes(Duration::from_secs(8 * 60 * 60));
        stream.join().unwrap()
    });
    // It ends with the work, or before it where it was looked first whether the session is open.
    assert!(told.status == 303 || told.header("content-type") == Some("text/event-stream"), "{told:?}");
    import.goes_on().await;
    let mut again = signed_in(&house, customer()).await;
    says(&again.get(PARTNER), "azure");
    // It is looked every two seconds whether the session is open; then nothing of it goes on.
    says(&said_of(&mut again, &to).await, "What you sent was not done");
    let records = removals(&house).await;
    assert!(records.contains("\"refused\":\"session_ended\""), "{records}");
    assert!(!records.contains("\"outcome\":{\"revision\""), "{records}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_token_is_revoked_before_its_turn_comes_is_not_done() {
    let (stage, caller) = administered().await;
    let token = create_token(&stage.pdp, &operator(), NewToken::of(customer())).await.unwrap().value;
    let call = Call::by(Identity { caller, person: None, proof: Proof::Token { id: token.id.clone() }, until: None });
    let removal = || Removal { customer: "adatum".parse().unwrap(), partner: None, service: None };
    let import = Import::begin(&stage).await;
    let by = operator();
    let mut revoking = Box::pin(revoke_token(&stage.pdp, &by, &token.id));
    let mut removing = Box::pin(change::relationship::remove(&stage.pdp, &call, removal()));
    assert!(revoking.as_mut().now_or_never().is_none() && removing.as_mut().now_or_never().is_none());
    import.goes_on().await;
    revoking.await.unwrap();
    let refused = removing.await.unwrap_err();
    assert!(matches!(refused, CallError::Precondition(PreconditionError::TokenEnded)), "{refused:?}");
    assert_eq!(refused.code(), "token_ended");
    let still = change::relationship::remove(&stage.pdp, &operator(), removal()).await.unwrap();
    assert_eq!(still.value.removed.len(), 1, "nothing was removed before");
}

/// What a removal of everybody came to that waited for an import while so much time passed; nothing where it was made.
async fn removed_after(stage: &Stage, call: &Call, passes: SignedDuration) -> Option<PreconditionError> {
    let removal = Removal { customer: "adatum".parse().unwrap(), partner: None, service: None };
    let import = Import::begin(stage).await;
    let mut removing = Box::pin(change::relationship::remove(&stage.pdp, call, removal));
    assert!(removing.as_mut().now_or_never().is_none(), "it waits for the import");
    stage.clock.set(stage.clock.now().checked_add(passes).unwrap());
    import.goes_on().await;
    match removing.await {
        Ok(removed) => {
            assert_eq!(removed.value.removed.len(), 1, "nothing was removed before");
            None
        }
        Err(CallError::Precondition(ended)) => Some(ended),
        Err(error) => panic!("{error}"),
    }
}

/// A stage where somebody administers a service of a customer, and whoever speaks for the customer.
async fn administered() -> (Stage, Caller) {
    let stage = Stage::new();
    stage.partner("contoso", PartnerKind::DirectBill).await;
    stage.customer("adatum").await;
    stage.accepts("adatum", "contoso", &["office365"]).await;
    (stage, Caller::Customer { id: "adatum".parse().unwrap() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_session_that_nobody_saw_for_too_long_before_its_turn_is_not_made() {
    let (stage, caller) = administered().await;
    let identity = Identity { caller, ..Identity::anonymous() };
    let begun = begin_session(&stage.pdp, &Call::by(identity.clone()), Beginning::default()).await.unwrap();
    let lasts = SessionSettings::default();
    let (until, idle) = (Timestamp::MAX, lasts.idle());
    let session = Some(InSession { id: begun.id, until, idle, is_over: Arc::default() });
    let call = Call { session, ..Call::by(identity.clone()) };
    // Seen after a while, it lasts as long again.
    let second = SignedDuration::from_secs(1);
    stage.clock.set(stage.clock.now().checked_add(idle - second).unwrap());
    assert!(open_session(&stage.pdp, &begun.secret, lasts).await.unwrap().is_some());
    assert_eq!(removed_after(&stage, &call, idle).await, Some(PreconditionError::SessionEnded));
    let begun = begin_session(&stage.pdp, &Call::by(identity.clone()), Beginning::default()).await.unwrap();
    let session = Some(InSession { id: begun.id, until, idle, is_over: Arc::default() });
    stage.clock.set(stage.clock.now().checked_add(idle - second).unwrap());
    assert!(open_session(&stage.pdp, &begun.secret, lasts).await.unwrap().is_some());
    let call = Call { session, ..Call::by(identity) };
    assert_eq!(removed_after(&stage, &call, idle - second).await, None, "it was seen since it began");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_asked_with_what_expires_before_its_turn_is_not_made() {
    let (stage, caller) = administered().await;
    let proof = Proof::Jwt { issuer: "https://login.adatum.example".to_owned() };
    let lasts = SignedDuration::from_secs(60);
    let call = || {
        let until = stage.clock.now().checked_add(lasts).ok();
        Call::by(Identity { caller: caller.clone(), person: None, proof: proof.clone(), until })
    };
    assert_eq!(removed_after(&stage, &call(), lasts).await, Some(PreconditionError::TokenEnded));
    assert_eq!(removed_after(&stage, &call(), lasts - SignedDuration::from_secs(1)).await, None);
}

/// The files of a folder.
fn files(folder: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.filter_map(|entry| Some((entry.file_name(), std::fs::read(entry.path()).ok()?))).collect()
}

/// The service as it is found when it is started again after it was cut off now.
async fn started_again(house: &House) -> House {
    let clock = house.stage.clock.clone();
    let shared: SharedClock = clock.clone();
    let (began, own) = (Instant::now(), house.stage.folder.path());
    // What is written while it is copied may be torn: a copy counts that is what was there afterwards, and opens.
    let (folder, store) = loop {
        let folder = tempfile::tempdir().unwrap();
        for name in files(own).into_keys() {
            // A file that is gone meanwhile is missed below.
            std::fs::copy(own.join(&name), folder.path().join(&name)).unwrap_or_default();
        }
        let is_whole = files(folder.path()) == files(own);
        match is_whole.then(|| Store::open(folder.path(), SharedClock::clone(&shared))) {
            Some(Ok(store)) => break (folder, store),
            torn => assert!(began.elapsed() < Duration::from_secs(120), "{:?}", torn.map(Result::err)),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let pdp = Pdp::of(store, LinkRing::of_seed([7; 32], &shared), shipped(), terms()).unwrap();
    let stage = Stage::of(pdp, clock, folder);
    let site = pages(&stage, Duration::from_secs(3_600));
    House::open(stage, Some(site)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_is_held_when_the_service_stops_is_done_and_said_or_not_done() {
    let house = patient(Duration::ZERO).await;
    let mut browser = signed_in(&house, customer()).await;
    let question = browser.get(REMOVAL);
    let import = Import::at(&house).await;
    let to = sends(&mut browser, &question).header("location").unwrap().to_owned();
    // Pressed twice it is the same that goes on.
    assert_eq!(sends(&mut browser, &question).header("location"), Some(&*to));
    until_waiting(&house, 1).await;
    let again = started_again(&house).await;
    let mut after = Browser::at(&again.base);
    after.cookies().clone_from(browser.cookies());
    says(&got(&mut after, &to), "What you sent was not done");
    says(&after.get(PARTNER), "azure");
    // Here it goes on, and is done while nobody looks.
    import.goes_on().await;
    says(&got(&mut browser, &format!("{to}/progress")), "event:done");
    let again = started_again(&house).await;
    let mut after = Browser::at(&again.base);
    after.cookies().clone_from(browser.cookies());
    says(&got(&mut after, &to), "What you sent was done");
    let mut parts: Vec<&str> = to.split('-').collect();
    parts[2] = "0123456789abcdef";
    let other = parts.join("-");
    says(&got(&mut after, &other), "What you sent was not done");
    assert!(removals(&again).await.contains("\"outcome\":{\"revision\""), "{}", removals(&again).await);
    // Somebody else is not told that nothing was done.
    let mut partner = signed_in(&again, Speaker::Partner("contoso".parse().unwrap())).await;
    let unknown = got(&mut partner, &to);
    assert!(unknown.status == 404 && unknown.text.contains("may have been done"), "{unknown:?}");
    // What is no name of a form says nothing of one.
    let unknown = got(&mut after, "/waiting/0123456789abcdef0123456789abcdef");
    assert_eq!(unknown.status, 404);
}

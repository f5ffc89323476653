//! What takes long is shown while it is made: by a page that loads itself again and by a stream, to the session that began
//! it and to nobody else; whoever leaves comes back to it, and each call is recorded once.

use std::collections::BTreeMap;
use std::time::Duration;

use standing::answer::what_if::{Proposed, what_if};
use standing::assure::table::Table;
use standing::change::tokens::{NewToken, Speaker, create_token};
use standing::domain::partner::PartnerKind;
use standing::evidence::access_review::{AccessOf, access_review};
use standing::evidence::changes::{ChangeFilter, newest_changes};
use standing::evidence::decisions::{DecisionFilter, decisions};
use standing::facts::Role;
use standing::limits::PAGE_WAITING_KEPT_MINUTES;
use standing::work::{Come, Counted, Progress};

use crate::doors::{House, pages};
use crate::people::{Browser, encoded, waits_at};
use crate::server::Answer;
use crate::stage::{Stage, operator, shipped};

const FORM: [(&str, &str); 2] =
    [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
const VERIFICATION: &str = "/ledger/verification?now=yes";
pub const REMOVAL: &str = "/customers/adatum/partners/contoso/removal";

/// A service whose pages are waited for so long.
pub async fn patient(patience: Duration) -> House {
    let stage = Stage::new();
    stage.partner("contoso", PartnerKind::DirectBill).await;
    stage.customer("adatum").await;
    stage.accepts("adatum", "contoso", &["office365", "azure"]).await;
    let site = pages(&stage, patience);
    House::open(stage, Some(site)).await
}

/// A browser in which somebody is signed in.
pub async fn signed_in<'a>(house: &'a House, who: Speaker) -> Browser<'a> {
    let made = create_token(&house.stage.pdp, &operator(), NewToken::of(who)).await.unwrap();
    let mut browser = Browser::at(&house.base);
    let signed_in = browser.post("/sign-in/token", &[("token", &made.value.token)]);
    assert_eq!(signed_in.status, 303, "{}", signed_in.text);
    browser
}

async fn records(house: &House, of: &str) -> usize {
    let path = format!("/v1/decisions?action=Api::{of}&limit=1000");
    let answer = house.get(&path, "192.0.2.1:1", &house.token, &[]).await;
    answer.json()["decisions"].as_array().unwrap().len()
}

pub fn got(browser: &mut Browser<'_>, path: &str) -> Answer {
    browser.call_once("GET", path, &[("sec-fetch-site", "none")], None)
}

/// Sends the form of the question whether to remove a partner, and answers what comes at once.
fn removes(browser: &mut Browser<'_>) -> Answer {
    let question = browser.get(REMOVAL);
    sends(browser, &question)
}

/// The same from the question as it was shown.
pub fn sends(browser: &mut Browser<'_>, question: &Answer) -> Answer {
    let hidden = ["form_key", "once", "shown"].map(|name| Browser::hidden(question, name).replace("&quot;", "\""));
    let [key, once, shown] = hidden.each_ref().map(String::as_str);
    let fields = encoded(&[("form_key", key), ("once", once), ("shown", shown)]);
    browser.call_once("POST", REMOVAL, &FORM, Some(&fields))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_takes_long_says_so_at_once_and_is_there_when_it_is_made() {
    let house = patient(Duration::ZERO).await;
    let mut auditor = signed_in(&house, Speaker::Role(Role::Auditor)).await;
    let before = records(&house, "readDecisions").await;
    let waiting = got(&mut auditor, VERIFICATION);
    assert_eq!((waiting.status, waiting.header("refresh")), (200, Some("3")), "{}", waiting.text);
    assert!(waiting.text.contains("<progress") && waiting.text.contains("role=\"status\""), "{}", waiting.text);
    // Whoever leaves comes back to it, and the stream ends with what it tells of.
    let told = got(&mut auditor, &waits_at(&waiting).unwrap());
    assert_eq!(told.header("content-type"), Some("text/event-stream"));
    assert_eq!(told.header("x-accel-buffering"), Some("no"));
    assert!(told.text.trim_end().ends_with("event:done\ndata:{}"), "{}", told.text);
    let made = got(&mut auditor, VERIFICATION);
    assert_eq!((made.status, made.header("refresh"), waits_at(&made)), (200, None, None), "{}", made.text);
    assert!(
        made.text.contains("Everything is as it was written") && made.text.contains("Worked out at"),
        "{}",
        made.text
    );
    assert_eq!(records(&house, "readDecisions").await - before, 2, "the look and this list's first");
    // Asked for again it is made again.
    assert!(waits_at(&got(&mut auditor, VERIFICATION)).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_whose_work_takes_long_leads_to_where_it_is_shown_and_from_there_to_where_it_would_have_led() {
    let house = patient(Duration::ZERO).await;
    let mut customer = signed_in(&house, Speaker::Customer("adatum".parse().unwrap())).await;
    let mut other = signed_in(&house, Speaker::Customer("adatum".parse().unwrap())).await;
    let sent = removes(&mut customer);
    let to = sent.header("location").unwrap_or_default().to_owned();
    assert!(sent.status == 303 && to.starts_with("/waiting/"), "{sent:?}");
    for path in [to.clone(), format!("{to}/progress")] {
        // The same customer in another session reads at most that it was done, and nothing of what it came to.
        let said = got(&mut other, &path);
        assert!(said.status == 404 || said.text.contains("What you sent was done"), "{said:?}");
        let nobody = got(&mut Browser::at(&house.base), &path);
        assert!(nobody.status == 303 && nobody.header("location").unwrap().starts_with("/sign-in"), "{nobody:?}");
    }
    assert!(got(&mut customer, &format!("{to}/progress")).text.contains("event:done"));
    for _ in 0..2 {
        let made = got(&mut customer, &to);
        assert_eq!((made.status, made.header("location")), (303, Some("/customers/adatum/partners/contoso")));
    }
    // Where the page of a partner takes long too, it is said while that is made.
    let after = got(&mut customer, "/customers/adatum/partners/contoso");
    assert!(after.text.contains("no longer administers"), "{}", after.text);
    assert_eq!(records(&house, "removeDelegatedAdministration").await, 1);
    house.passes(Duration::from_secs(PAGE_WAITING_KEPT_MINUTES as u64 * 60));
    let gone = got(&mut customer, &to);
    assert!(gone.text.contains("What you sent was done"), "it is not kept for ever: {}", gone.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_lost_meanwhile_shows_nothing_to_whoever_comes_then() {
    let house = patient(Duration::ZERO).await;
    let mut customer = signed_in(&house, Speaker::Customer("adatum".parse().unwrap())).await;
    let sent = removes(&mut customer);
    let to = sent.header("location").unwrap().to_owned();
    let lost = customer.cookies().clone();
    let key = Browser::hidden(&customer.get("/words"), "form_key");
    assert_eq!(customer.post("/sign-out", &[("form_key", &key)]).status, 303);
    for cookies in [lost, BTreeMap::new()] {
        *customer.cookies() = cookies;
        for path in [to.clone(), format!("{to}/progress")] {
            assert_eq!(got(&mut customer, &path).status, 303, "they have to sign in");
        }
    }
    let mut again = signed_in(&house, Speaker::Customer("adatum".parse().unwrap())).await;
    // What was sent may be known to be done or not; nothing of what it came to is shown.
    let said = got(&mut again, &to);
    assert!(said.status == 404 || said.text.contains("What you sent was "), "{}", said.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_made_before_somebody_changed_something_is_not_what_they_come_back_to() {
    let house = patient(Duration::ZERO).await;
    let mut auditor = signed_in(&house, Speaker::Role(Role::Auditor)).await;
    for changes in [false, true] {
        let waiting = got(&mut auditor, VERIFICATION);
        assert!(got(&mut auditor, &waits_at(&waiting).unwrap()).text.contains("event:done"));
        if changes {
            assert_eq!(auditor.post("/language", &[("language", "en"), ("next", "/words")]).status, 303);
        }
        assert_eq!(waits_at(&got(&mut auditor, VERIFICATION)).is_some(), changes, "what is made anew is waited for");
    }
    // What may be done now is not shown as it was a while ago, nor what is done by now.
    let mut customer = signed_in(&house, Speaker::Customer("adatum".parse().unwrap())).await;
    for (path, later, is_kept) in [(REMOVAL, 9, true), (REMOVAL, 10, false), ("/customers/adatum/access", 10, false)] {
        let waiting = got(&mut customer, path);
        assert!(got(&mut customer, &waits_at(&waiting).unwrap()).text.contains("event:done"));
        house.passes(Duration::from_secs(later));
        assert_eq!(waits_at(&got(&mut customer, path)).is_none(), is_kept, "{path} {later} s later");
        house.passes(Duration::from_secs(10));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_in_time_is_answered_as_ever() {
    let house = patient(Duration::from_secs(3_600)).await;
    let mut auditor = signed_in(&house, Speaker::Role(Role::Auditor)).await;
    let made = got(&mut auditor, VERIFICATION);
    assert!(
        made.text.contains("Everything is as it was written") && !made.text.contains("Worked out at"),
        "{}",
        made.text
    );
    let mut customer = signed_in(&house, Speaker::Customer("adatum".parse().unwrap())).await;
    assert_eq!(removes(&mut customer).header("location"), Some("/customers/adatum/partners/contoso"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_saves_a_file_or_may_not_see_a_page_is_answered_by_the_page_itself() {
    let house = patient(Duration::ZERO).await;
    let mut auditor = signed_in(&house, Speaker::Role(Role::Auditor)).await;
    let saved = got(&mut auditor, "/access-review?customer=adatum&format=csv");
    assert!(saved.status == 200 && saved.header("content-type").unwrap().starts_with("text/csv"), "{saved:?}");
    let mut customer = signed_in(&house, Speaker::Customer("adatum".parse().unwrap())).await;
    assert_eq!(customer.get(VERIFICATION).status, 404, "it came to that nothing is there");
    assert_eq!(got(&mut Browser::at(&house.base), VERIFICATION).status, 303, "a visitor has no session to keep it for");
}

#[test]
fn long_work_of_every_kind_says_what_is_counted_and_of_how_much() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stage = Stage::new();
    runtime.block_on(async {
        stage.partner("contoso", PartnerKind::DirectBill).await;
        stage.customer("adatum").await;
        stage.accepts("adatum", "contoso", &["office365", "azure"]).await;
    });
    let (pdp, by) = (&stage.pdp, operator());
    let come = |work: &dyn Fn()| {
        let progress = Progress::default();
        progress.follows(work);
        let Come { what, done, of, .. } = progress.come();
        (what, done > 0, of)
    };
    let (rows, is_done, of) = come(&|| drop(Table::of(&shipped())));
    assert_eq!((rows, is_done, of > 1_000), (Counted::Rows, true, true), "{of}");
    let removal = Proposed::Remove { customer: "adatum".parse().unwrap(), partner: None, service: None };
    let tried = come(&|| drop(runtime.block_on(what_if(pdp, &by, vec![removal.clone()])).unwrap()));
    assert!(matches!(tried, (Counted::Answers, true, 2..)), "{tried:?}");
    let of_customer = AccessOf::Customer("adatum".parse().unwrap());
    let reviewed = come(&|| {
        let review = runtime.block_on(access_review(pdp, &by, of_customer.clone(), None)).unwrap();
        drop(review.value.page(50, None).unwrap());
    });
    assert!(matches!(reviewed, (Counted::Answers, true, 0)), "{reviewed:?}");
    let filter = DecisionFilter::default();
    let listed = come(&|| drop(runtime.block_on(decisions(pdp, &by, &filter, 50, None)).unwrap()));
    assert!(matches!(listed, (Counted::Records, true, 3..)), "{listed:?}");
    let filter = ChangeFilter::default();
    let changes = come(&|| drop(runtime.block_on(newest_changes(pdp, &by, &filter, 50, None)).unwrap()));
    assert!(matches!(changes, (Counted::Changes, _, 3)), "{changes:?}");
}

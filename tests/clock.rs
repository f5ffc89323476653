//! A clock that is set back, and one that is set ahead.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use standing::answer::past::ReadOptions;
use standing::change::acceptance::Acceptance;
use standing::change::tokens::{NewToken, Speaker};
use standing::clock::{Clock as _, ClockState, SharedClock, Stopped, Timestamp};
use standing::config::{RulesAt, RulesFrom};
use standing::domain::partner::{Partner, PartnerKind, PartnerStatus};
use standing::http::{Listener, Shutdown, surface};
use standing::pdp::call::CallError;
use standing::pdp::opening::{self, Opening};
use standing::pdp::{Pdp, PdpError, ready};
use standing::policy::{RuleFiles, Rulebook};
use standing::question::{Entity, Question};
use standing::store::StoreError;
use standing::{answer, change, evidence, publish};
use tempfile::TempDir;

use crate::server::{Answer, call};
use crate::stage::{BEGIN, operator, shipped, terms, time};

fn clock(at: &str) -> (Arc<Stopped>, SharedClock) {
    let clock = Arc::new(Stopped::at(time(at)));
    let shared: SharedClock = Arc::<Stopped>::clone(&clock);
    (clock, shared)
}

fn open(data: &TempDir, clock: &SharedClock) -> Result<Pdp, PdpError> {
    opening::open(data.path(), Arc::clone(clock), shipped(), terms())
}

const HOUR_ON: &str = "2026-01-01T01:00:00Z";
const TWO_HOURS_ON: &str = "2026-01-01T02:00:00Z";
const HALF_AN_HOUR_ON: &str = "2026-01-01T00:30:00Z";

/// A store in which p may support c until an hour after it began.
async fn granted(pdp: &Pdp) {
    let told = Partner {
        id: "p".parse().unwrap(),
        name: "P".to_owned(),
        kind: PartnerKind::DirectBill,
        status: PartnerStatus::Active,
        mpn_id: None,
        provider: None,
    };
    change::registry::put_partner(pdp, &operator(), told).await.unwrap();
    let customer =
        standing::domain::customer::Customer { id: "c".parse().unwrap(), name: "C".to_owned(), domain: None };
    change::registry::put_customer(pdp, &operator(), customer).await.unwrap();
    let token = change::relationship::links(pdp).token(&"p".parse().unwrap());
    let acceptance = |partner| Acceptance {
        partner,
        customer: "c".parse().unwrap(),
        services: vec!["office365".parse().unwrap()],
        until: Some(time(HOUR_ON)),
    };
    change::relationship::accept(pdp, &operator(), token.as_str(), acceptance).await.unwrap();
}

async fn may(pdp: &Pdp) -> Result<bool, StoreError> {
    let question = Question::new(Entity::new("Partner", "p"), "provideSupport", Entity::new("Service", "c/office365"));
    match answer::ask::ask(pdp, &operator(), question, &ReadOptions::default()).await {
        Ok(told) => Ok(told.value.decision.is_allowed()),
        Err(CallError::Store(error)) => Err(error),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_has_ended_stays_ended_when_the_clock_is_set_back_and_over_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let (hands, shared) = clock(BEGIN);
    let pdp = open(&data, &shared).unwrap();
    granted(&pdp).await;
    assert!(may(&pdp).await.unwrap());
    hands.set(time(TWO_HOURS_ON));
    assert!(!may(&pdp).await.unwrap(), "it has ended");
    for back in [HALF_AN_HOUR_ON, BEGIN, "2020-01-01T00:00:00Z", "2026-01-01T01:59:00Z"] {
        hands.jump(time(back));
        assert!(!may(&pdp).await.unwrap(), "it began again with the clock at {back}");
        assert!(pdp.now() >= time(TWO_HOURS_ON));
    }
    drop(pdp);
    for back in [HALF_AN_HOUR_ON, BEGIN, "2020-01-01T00:00:00Z"] {
        let (_, shared) = clock(back);
        let pdp = open(&data, &shared).unwrap();
        assert!(!may(&pdp).await.unwrap(), "it began again after a restart at {back}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_ended_stays_ended_when_the_clock_is_set_back_and_over_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let (hands, shared) = clock(BEGIN);
    let pdp = open(&data, &shared).unwrap();
    let new = NewToken { expires: Some(time(HOUR_ON)), ..NewToken::of(Speaker::Customer("c".parse().unwrap())) };
    granted(&pdp).await;
    let token = change::tokens::create_token(&pdp, &operator(), new).await.unwrap().value.token;
    assert!(change::tokens::authenticate(&pdp, &token).unwrap().is_some());
    hands.set(time(TWO_HOURS_ON));
    assert!(change::tokens::authenticate(&pdp, &token).unwrap().is_none());
    hands.jump(time(BEGIN));
    assert!(
        change::tokens::authenticate(&pdp, &token).unwrap().is_none(),
        "nothing was written, and it has ended all the same"
    );
    // A checkpoint is no record, and tells that time has passed.
    evidence::ledger::keep_checkpoint(&pdp).await.unwrap();
    drop(pdp);
    let (_, shared) = clock(BEGIN);
    let pdp = open(&data, &shared).unwrap();
    assert!(pdp.now() >= time(TWO_HOURS_ON));
    assert!(change::tokens::authenticate(&pdp, &token).unwrap().is_none(), "it has ended over a restart too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_keeps_no_newest_time_yet_goes_by_its_newest_record() {
    let data = tempfile::tempdir().unwrap();
    let (hands, shared) = clock(BEGIN);
    let pdp = open(&data, &shared).unwrap();
    granted(&pdp).await;
    hands.set(time(TWO_HOURS_ON));
    assert!(!may(&pdp).await.unwrap());
    drop(pdp);
    let table: redb::TableDefinition<&str, &[u8]> = redb::TableDefinition::new("meta");
    let database = redb::Database::open(data.path().join("standing.redb")).unwrap();
    let write = database.begin_write().unwrap();
    assert!(write.open_table(table).unwrap().remove("newest").unwrap().is_some());
    write.commit().unwrap();
    drop(database);
    let (_, shared) = clock(BEGIN);
    let pdp = open(&data, &shared).unwrap();
    assert!(!may(&pdp).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_clock_is_set_back_time_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let (hands, shared) = clock(BEGIN);
    let pdp = open(&data, &shared).unwrap();
    granted(&pdp).await;
    hands.jump(time("2025-12-01T00:00:00Z"));
    assert!(may(&pdp).await.unwrap(), "an hour has not passed yet");
    // Two hours later by a clock that is a month behind.
    hands.set(time("2025-12-01T02:00:00Z"));
    assert!(!may(&pdp).await.unwrap(), "it ends although the clock has not come so far");
    assert!(matches!(pdp.clock_state(), ClockState::Behind { by } if by.as_hours() == 31 * 24));
}

struct Served {
    base: String,
    /// Where figures are served without a record.
    figures: String,
    _stop: tokio::sync::watch::Sender<bool>,
}

impl Served {
    async fn over(pdp: &Arc<Pdp>) -> Self {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let [base, figures] = [Listener::Anonymous, Listener::Watching].map(|kind| {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let base = format!("http://{}", listener.local_addr().unwrap());
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let served = surface(Arc::clone(pdp), kind, Shutdown::on(stopped.clone()));
            tokio::spawn(warp::serve(served).incoming(listener).run());
            base
        });
        Self { base, figures, _stop: stop }
    }

    async fn get(&self, path: &'static str) -> Answer {
        Self::get_of(self.base.clone(), path).await
    }

    async fn get_of(base: String, path: &'static str) -> Answer {
        tokio::task::spawn_blocking(move || call(&base, "GET", path, &[], None)).await.unwrap().unwrap()
    }

    async fn difference(&self) -> i64 {
        let text = Self::get_of(self.figures.clone(), "/metrics").await.text;
        let line = text.lines().find(|line| line.starts_with("standing_clock_difference_seconds ")).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_and_a_figure_tell_of_a_clock_that_was_set() {
    let data = tempfile::tempdir().unwrap();
    let (hands, shared) = clock(BEGIN);
    let pdp = Arc::new(open(&data, &shared).unwrap());
    granted(&pdp).await;
    let served = Served::over(&pdp).await;
    let ready = served.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["clock"]["state"]), (200, &Value::from("agrees")));
    assert_eq!(served.difference().await, 0);

    hands.jump(time("2025-12-31T23:00:00Z"));
    let ready = served.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["clock"]["state"]), (200, &Value::from("behind")));
    assert_eq!(ready.json()["clock"]["seconds"], 3_600);
    assert_eq!(served.difference().await, -3_600);

    hands.jump(time("2027-01-01T00:00:00Z"));
    let ready = served.get("/readyz").await;
    assert_eq!((ready.status, ready.code().as_str()), (503, "clock_disagrees"));
    assert!(ready.text.contains("set it right"), "{}", ready.text);
    assert_eq!(served.difference().await, 365 * 24 * 3_600);
    assert_eq!(served.get("/healthz").await.status, 200);
    let refused = served.get("/v1/partners").await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "clock_disagrees"), "no answer has its record then");

    hands.jump(time(BEGIN));
    assert_eq!(served.get("/readyz").await.status, 200);
    assert_eq!(served.get("/v1/partners").await.status, 200, "it goes on by itself");
    assert_eq!(served.difference().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_write_by_a_clock_that_was_set_ahead_is_none() {
    let data = tempfile::tempdir().unwrap();
    let (hands, shared) = clock(BEGIN);
    let pdp = open(&data, &shared).unwrap();
    granted(&pdp).await;
    // As much as clocks are corrected is followed.
    hands.jump(time("2026-01-01T00:09:59Z"));
    assert!(may(&pdp).await.unwrap());
    let (records, revision) = (pdp.records().unwrap(), pdp.revision());
    for ahead in ["2026-01-01T00:11:00Z", "2027-01-01T00:00:00Z", "9998-01-01T00:00:00Z"] {
        hands.jump(time(ahead));
        assert!(matches!(may(&pdp).await, Err(StoreError::ClockJumped { .. })), "{ahead}");
        assert!(ready::ready(&pdp).await.is_err());
        assert!(pdp.now() < time("2026-01-01T00:10:00Z"), "nobody is told the wrong time");
    }
    assert_eq!((pdp.records().unwrap(), pdp.revision()), (records, revision), "nothing was written");
    hands.jump(time("2026-01-01T00:10:00Z"));
    assert!(may(&pdp).await.unwrap());
    drop(pdp);
    // And so nothing keeps the time ahead after a restart.
    let (hands, shared) = clock("2026-01-01T00:10:01Z");
    assert_eq!(open(&data, &shared).unwrap().now(), hands.now());
}

/// The files of rules that know nothing of a start by hand, as they were written before there was one.
fn rules_of_before() -> RuleFiles {
    let files = RuleFiles::built_in();
    let applies = " appliesTo { principal: [Partner, Customer, Operator], resource: Installation };";
    let older = files.iter().map(|(path, text)| {
        // What is a group now was a call then.
        let group = "action manageTokens in [call]";
        let text = text.replace(&format!("{group};"), &format!("{group}{applies}"));
        let lines = text.lines().collect::<Vec<_>>();
        let kept = lines.iter().enumerate().filter(|(at, line)| {
            let next = lines.get(at + 1).copied().unwrap_or_default();
            !line.contains("startAnyway") && !next.contains("action startAnyway")
        });
        (path.to_owned(), kept.map(|(_, line)| format!("{line}\n")).collect::<String>())
    });
    older.collect()
}

async fn begin(data: &Path, clock: &SharedClock, files: RuleFiles, opening: Opening) -> Result<Pdp, PdpError> {
    // Where rules are published the folder counts at the first start alone, so it may go.
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files.iter() {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let wanted = RulesAt::folder(folder.path()).into();
    publish::begin::begin_by(data, Arc::clone(clock), wanted, RulesFrom::Publishing, terms(), opening).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_long_after_the_newest_entry_is_refused_until_somebody_says_that_the_clock_is_right() {
    for (files, action) in [(RuleFiles::built_in(), "Api::startAnyway"), (rules_of_before(), "Api::manageTokens")] {
        standing::policy::Bundle::load(files.clone(), Rulebook::Domain).unwrap();
        let data = tempfile::tempdir().unwrap();
        let (_, shared) = clock(BEGIN);
        let pdp = begin(data.path(), &shared, files.clone(), Opening::default()).await.unwrap();
        granted(&pdp).await;
        drop(pdp);
        let (_, shared) = clock("2027-01-01T23:00:00Z");
        drop(begin(data.path(), &shared, files.clone(), Opening::default()).await.unwrap());
        let late = "2028-01-04T00:00:00Z";
        let (_, shared) = clock(late);
        for refused in [begin(data.path(), &shared, files.clone(), Opening::default()).await, open(&data, &shared)] {
            let Err(PdpError::Store(error @ StoreError::ClockAhead { .. })) = refused else { panic!("it started") };
            assert!(error.to_string().contains("--accept-clock"), "{error}");
        }
        let by_hand = Opening { accept_clock: true, ..Opening::default() };
        let pdp = Arc::new(begin(data.path(), &shared, files, by_hand).await.unwrap());
        assert_eq!(pdp.now(), time(late));
        let said = started_by_hand(&pdp, action).await;
        assert_eq!(said["acceptedClock"], late);
    }
}

/// What the record of a start by hand says.
async fn started_by_hand(pdp: &Arc<Pdp>, action: &str) -> Value {
    let served = Served::over(pdp).await;
    let path: &'static str = String::leak(format!("/v1/decisions?action={action}&order=newest&limit=1"));
    let list = served.get(path).await.json();
    let record = &list["decisions"][0];
    assert_eq!(record["decision"], true, "`{action}` is not recorded: {list}");
    record["question"]["context"].clone()
}

#[test]
fn the_machines_own_clock_goes_on() {
    let system = standing::clock::System;
    let (now, before): (Timestamp, _) = (system.now(), system.monotonic());
    assert!(now > time("2024-01-01T00:00:00Z"));
    assert!(system.monotonic() >= before && before > std::time::Duration::ZERO);
}

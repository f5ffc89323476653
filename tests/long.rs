//! Long calls never hold up short ones.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use standing::answer::batch::{Batch, Semantic, ask_all};
use standing::answer::past::ReadOptions;
use standing::audit::Record;
use standing::change;
use standing::clock::{Clock, SharedClock, Timestamp};
use standing::decide::Decision;
use standing::domain::partner::PartnerKind;
use standing::evidence;
use standing::http::{Listener, ROUTES, Shutdown, Work, surface};
use standing::id::Revision;
use standing::pdp::opening;
use standing::question::{Entity, Question};

use standing::work::{Owner, Stopped, in_turn, step};

use crate::server::call;
use crate::stage::{BEGIN, Stage, operator, shipped, terms, time};

/// A clock at which whoever looks waits, while it is held.
#[derive(Default)]
struct Held {
    is_held: AtomicBool,
    waiting: Mutex<usize>,
    bell: Condvar,
}

impl Held {
    fn hold(&self) {
        self.is_held.store(true, Ordering::SeqCst);
    }

    fn release(&self) {
        self.is_held.store(false, Ordering::SeqCst);
        *self.waiting.lock().unwrap() = 0;
        self.bell.notify_all();
    }

    /// Waits until somebody waits.
    fn is_reached(&self) -> bool {
        let waiting = self.waiting.lock().unwrap();
        let (waiting, _) =
            self.bell.wait_timeout_while(waiting, Duration::from_secs(60), |waiting| *waiting == 0).unwrap();
        *waiting > 0
    }
}

impl Clock for Held {
    fn now(&self) -> Timestamp {
        let mut waiting = self.waiting.lock().unwrap();
        while self.is_held.load(Ordering::SeqCst) {
            *waiting += 1;
            self.bell.notify_all();
            waiting = self.bell.wait(waiting).unwrap();
        }
        time(BEGIN)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Every long call, by its route.
fn long_calls() -> Vec<(&'static str, &'static str, &'static str, Option<Value>)> {
    let subject = json!({ "type": "Partner", "id": "p" });
    let resource = json!({ "type": "Subscription", "id": "s" });
    let action = json!({ "name": "removeSeats" });
    let many = vec![json!({ "subject": subject, "action": action, "resource": resource }); 200];
    vec![
        ("POST", "/access/v1/evaluations", "/access/v1/evaluations", Some(json!({ "evaluations": many }))),
        (
            "POST",
            "/access/v1/search/subject",
            "/access/v1/search/subject",
            Some(json!({ "subject": { "type": "Partner" }, "action": action, "resource": resource })),
        ),
        (
            "POST",
            "/access/v1/search/resource",
            "/access/v1/search/resource",
            Some(json!({ "subject": subject, "action": action, "resource": { "type": "Subscription" } })),
        ),
        (
            "POST",
            "/access/v1/search/action",
            "/access/v1/search/action",
            Some(json!({ "subject": subject, "resource": resource })),
        ),
        ("POST", "/v1/what-if", "/v1/what-if", Some(json!({ "changes": [] }))),
        ("GET", "/v1/changes", "/v1/changes?event=partner-registered", None),
        ("GET", "/v1/customers/{customer}/changes", "/v1/customers/c/changes", None),
        ("GET", "/v1/partners/{partner}/changes", "/v1/partners/p/changes", None),
        ("GET", "/v1/partners/{partner}/standing", "/v1/partners/p/standing", None),
        ("POST", "/v1/customers/{customer}/what-if", "/v1/customers/c/what-if", Some(json!({ "changes": [] }))),
        ("POST", "/v1/partners/{partner}/what-if", "/v1/partners/p/what-if", Some(json!({ "changes": [] }))),
        ("GET", "/v1/export", "/v1/export", None),
        ("GET", "/v1/backup", "/v1/backup", None),
        ("GET", "/v1/decisions", "/v1/decisions", None),
        ("POST", "/v1/decisions/replay", "/v1/decisions/replay", Some(json!({}))),
        ("GET", "/v1/ledger/verification", "/v1/ledger/verification", None),
        ("GET", "/v1/ledger/export", "/v1/ledger/export", None),
        ("GET", "/v1/access-review", "/v1/access-review?partner=p", None),
        ("POST", "/v1/rules/review", "/v1/rules/review", Some(json!({ "files": {} }))),
        ("GET", "/v1/rules/difference", "/v1/rules/difference?from=00000000&to=00000000", None),
        ("POST", "/v1/rules/proposals", "/v1/rules/proposals", Some(json!({ "files": {} }))),
        ("POST", "/v1/rules/proposals/{proposal}/approval", "/v1/rules/proposals/1/approval", Some(json!({}))),
        ("POST", "/v1/rules/rollback", "/v1/rules/rollback", Some(json!({ "to": "0" }))),
    ]
}

#[test]
fn every_call_that_may_look_at_everything_is_long() {
    let long = |work: Work| work != Work::Short;
    let marked: BTreeSet<(&str, &str)> =
        ROUTES.iter().filter(|route| long(route.work)).map(|route| (route.method.as_str(), route.path)).collect();
    let listed: BTreeSet<(&str, &str)> = long_calls().iter().map(|(method, route, ..)| (*method, *route)).collect();
    assert_eq!(marked, listed);
}

#[test]
fn health_is_answered_while_long_calls_are_under_way_on_one_thread() {
    let clock = Arc::new(Held::default());
    let data = tempfile::tempdir().unwrap();
    let terms = terms();
    let shared: SharedClock = Arc::<Held>::clone(&clock);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_stack_size(16 * 1024 * 1024)
        .enable_all()
        .build()
        .unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let base = runtime.block_on(async {
        let pdp = Arc::new(opening::open(data.path(), shared, shipped(), terms).unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let served = surface(pdp, Listener::Anonymous, Shutdown::on(stopped));
        tokio::spawn(warp::serve(served).incoming(listener).run());
        base
    });
    for (method, route, path, body) in long_calls() {
        clock.hold();
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| {
                let body = body.map(|body| body.to_string());
                let headers: &[(&str, &str)] =
                    if body.is_some() { &[("content-type", "application/json")] } else { &[] };
                call(&base, method, path, headers, body.as_deref().map(str::as_bytes)).unwrap()
            });
            assert!(clock.is_reached(), "`{method} {route}` does not look at the clock");
            let health = call(&base, "GET", "/healthz", &[], None);
            let is_under_way = !asked.is_finished();
            clock.release();
            assert_eq!(health.unwrap().status, 200, "{method} {route}");
            assert!(is_under_way, "`{method} {route}` was answered before its time");
            assert!(asked.join().unwrap().status < 500, "{method} {route}");
        });
    }
    drop(stop);
    runtime.shutdown_background();
}

/// Does steps until one of them ends the work; `begun` says that it is at work.
fn work_on(begun: &tokio::sync::mpsc::UnboundedSender<()>) -> Stopped {
    begun.send(()).unwrap();
    loop {
        if let Err(stopped) = step() {
            return stopped;
        }
        std::hint::spin_loop();
    }
}

#[test]
fn long_work_ends_with_whoever_waits_for_it_and_with_its_budget() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let (ended, ends) = std::sync::mpsc::channel();
    runtime.block_on(async {
        let (owner, of_work) = (Owner::new("a", None), begun.clone());
        let task = owner.task();
        // It is at work, and then nobody waits for it any more.
        tokio::select! {
            _ = in_turn(&owner, move || ended.send(work_on(&of_work)).unwrap()) => panic!("it ended by itself"),
            begun = begins.recv() => assert!(begun.is_some()),
        }
        drop(owner);
        assert_eq!(task.stopped(), Some(Stopped::Gone));
        assert_eq!(ends.recv().unwrap(), Stopped::Gone);

        let owner = Owner::new("a", Some(Duration::from_millis(20)));
        assert_eq!(in_turn(&owner, move || work_on(&begun)).await, Ok(Stopped::TooLong));
        assert_eq!(owner.stopped(), Some(Stopped::TooLong));
        assert_eq!(step(), Ok(()), "what is no long work goes on");
    });
}

#[test]
fn work_that_others_wait_behind_lets_them_have_their_turns_and_goes_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    runtime.block_on(async {
        let cores = std::thread::available_parallelism().unwrap().get();
        let owners: Vec<_> = (0..cores).map(|index| Owner::new(&format!("long {index}"), None)).collect();
        // As many as there are turns and more go on until something short is done.
        let long = owners.iter().map(|owner| {
            let done = Arc::clone(&done);
            in_turn(owner, move || {
                while !done.load(Ordering::SeqCst) {
                    step().unwrap();
                }
            })
        });
        let long = futures_util::future::join_all(long);
        let short = async {
            let owner = Owner::new("short", None);
            let done = Arc::clone(&done);
            in_turn(&owner, move || done.store(true, Ordering::SeqCst)).await.unwrap();
        };
        let (long, ()) = tokio::join!(long, short);
        assert!(long.iter().all(Result::is_ok));
    });
}

#[test]
fn a_call_that_works_for_longer_than_one_may_is_told_so_and_others_are_answered() {
    let clock = Arc::new(Held::default());
    let data = tempfile::tempdir().unwrap();
    let mut terms = terms();
    terms.limits.long_seconds = 0;
    let shared: SharedClock = Arc::<Held>::clone(&clock);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let base = runtime.block_on(async {
        let pdp = Arc::new(opening::open(data.path(), shared, shipped(), terms).unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let served = surface(pdp, Listener::Anonymous, Shutdown::on(stopped));
        tokio::spawn(warp::serve(served).incoming(listener).run());
        base
    });
    clock.hold();
    std::thread::scope(|scope| {
        let path = "/v1/access-review?partner=p";
        let asked = scope.spawn(|| call(&base, "GET", path, &[], None).unwrap());
        assert!(clock.is_reached());
        // Longer than a piece may be.
        std::thread::sleep(Duration::from_millis(20));
        clock.release();
        let answer = asked.join().unwrap();
        assert_eq!((answer.status, answer.code().as_str()), (503, "took_too_long"));
        assert_eq!(answer.header("retry-after"), Some("1"));
    });
    runtime.shutdown_background();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_whose_caller_is_gone_brings_in_nothing() {
    let stage = Stage::new();
    let line = |nth: usize| format!("{{\"noun\":\"customer\",\"id\":\"c{nth}\",\"name\":\"C\"}}\n");
    let lines: String = (0..5_000).map(line).collect();
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    // It waits at its first report until its caller is gone.
    let (caller, gone) = std::sync::mpsc::channel::<()>();
    let progress = move |_, _| {
        begun.send(()).unwrap_or_default();
        gone.recv().unwrap_or_default();
    };
    let by = operator();
    let import = change::import::import(&stage.pdp, &by, Cursor::new(lines), progress);
    tokio::select! {
        _ = import => panic!("it was not waited for"),
        begun = begins.recv() => assert!(begun.is_some()),
    }
    drop(caller);
    // Whatever is written next comes after it.
    stage.partner("p", PartnerKind::Advisor).await;
    assert_eq!(stage.pdp.revision(), Revision(1));
    let known = change::registry::customer(&stage.pdp, &operator(), &"c1".parse().unwrap()).await.unwrap();
    assert!(known.value.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_batch_is_answered_and_recorded_in_its_order_though_its_records_have_frames_of_their_own() {
    let stage = Stage::new();
    stage.partner("p", PartnerKind::DirectBill).await;
    stage.partner("q", PartnerKind::DirectBill).await;
    stage.customer("c").await;
    for number in 0..7 {
        let seller = if number % 3 == 0 { "p" } else { "q" };
        stage.accepts("c", seller, &["mail"]).await;
        stage.sold(&format!("s{number}"), "c", "mail", Some(seller)).await;
    }
    let asked = |number: usize| {
        let (partner, action) = (["p", "q", "nobody"][number % 3], ["addSeats", "provision"][number % 2]);
        let resource = Entity::new("Subscription", format!("s{}", number * number % 11));
        Question::new(Entity::new("Partner", partner), action, resource)
    };
    let questions: Vec<Question> = (0..1_500).map(asked).collect();
    let one_by_one = stage.ask_all(questions.iter().cloned()).await;
    assert!(one_by_one.iter().any(Decision::is_allowed));
    let batch = Batch { questions: questions.iter().cloned().map(Ok).collect(), semantic: Semantic::ExecuteAll };
    let pdp = Arc::clone(&stage.pdp);
    let owner = Owner::new("a", None);
    let long = in_turn(&owner, move || {
        tokio::runtime::Handle::current().block_on(ask_all(&pdp, &operator(), batch, &ReadOptions::default()))
    });
    let answered = long.await.unwrap().unwrap();
    let decisions: Vec<Decision> = answered.value.into_iter().map(|answer| answer.unwrap().decision).collect();
    assert!(decisions == one_by_one);
    for ((seq, question), decision) in answered.seqs.iter().zip(&questions).zip(&decisions).step_by(7) {
        let found = evidence::ledger::decision(&stage.pdp, &operator(), *seq).await.unwrap().value.unwrap();
        let record = Record::from_bytes(&found.record).unwrap();
        assert_eq!((&record.question, record.decision), (question, decision.is_allowed()), "{seq:?}");
    }
    assert_eq!(answered.seqs.len(), questions.len());
    assert!(answered.seqs.is_sorted());
}

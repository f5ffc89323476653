//! Finding records: every filter says what a look at every record says, and pages are complete while more is written.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::Value;
use standing::answer::batch::{Batch, Semantic};
use standing::answer::past::ReadOptions;
use standing::answer::search::{Pager, Search, SearchTarget};
use standing::audit::{Indexed, Record, RecordKind};
use standing::caller::Caller;
use standing::clock::{Clock as _, SharedClock, Stopped, System, Timestamp};
use standing::evidence::decisions::{DecisionFilter, Order};
use standing::facts::Role;
use standing::id::Seq;
use standing::pdp::Pdp;
use standing::pdp::call::Call;
use standing::question::{Action, Entity, Members, Question};
use standing::store::Store;
use standing::{answer, evidence};

use crate::server::{Server, question};
use crate::stage::{ACTIONS, operator};
use crate::worlds::{Chance, PARTNERS, World, rules};

/// Every record, read from the ledger without any index.
pub async fn every_record(pdp: &Arc<Pdp>) -> Vec<Value> {
    let (mut records, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let told =
            evidence::decisions::decisions(pdp, &operator(), &DecisionFilter::default(), 1000, cursor.as_deref())
                .await
                .unwrap();
        records.extend(told.value.items);
        cursor = Some(match told.value.next {
            Some(next) => next,
            None => return records,
        });
    }
}

fn caller_of(record: &Value) -> String {
    let caller = &record["caller"];
    let word = |name: &str| caller[name].as_str().unwrap_or_default().to_owned();
    match word("type").as_str() {
        "Operator" => format!("{}:{}", word("role"), word("id")),
        kind => format!("{}:{}", kind.to_lowercase(), word("id")),
    }
}

fn entity_of(record: &Value, place: &str) -> String {
    let named = &record["question"][place];
    format!("{}::{}", named["type"].as_str().unwrap(), named["id"].as_str().unwrap())
}

/// What a record has to be for a filter, said without any index.
fn is_wanted(record: &Value, filter: &DecisionFilter) -> bool {
    let is =
        |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|wanted| found == Some(wanted));
    let at: Timestamp = record["at"].as_str().unwrap().parse().unwrap();
    let deciding: Vec<&str> = record["deciding"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    is(&filter.subject, Some(&entity_of(record, "subject")))
        && is(&filter.action, record["question"]["action"]["name"].as_str())
        && is(&filter.resource, Some(&entity_of(record, "resource")))
        && filter.decision.is_none_or(|decision| record["decision"] == decision)
        && is(&filter.caller, Some(&caller_of(record)))
        && is(&filter.reason, record["reason"].as_str())
        && is(&filter.rules, record["rules"].as_str())
        && filter.rule.as_deref().is_none_or(|rule| deciding.contains(&rule))
        && is(&filter.asked.map(|asked| asked.as_str().to_owned()), record["asked"].as_str())
        && is(&filter.request_id, record["requestId"].as_str())
        && filter.from.is_none_or(|from| from <= at)
        && filter.to.is_none_or(|to| at < to)
}

/// Every page of a list, put together.
async fn all_pages(pdp: &Arc<Pdp>, filter: &DecisionFilter, limit: usize) -> Vec<u64> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page =
            evidence::decisions::decisions(pdp, &operator(), filter, limit, cursor.as_deref()).await.unwrap().value;
        assert!(page.items.len() <= limit);
        found.extend(page.items.iter().map(|record| record["seq"].as_u64().unwrap()));
        match page.next {
            Some(next) => cursor = Some(next),
            None => return found,
        }
    }
}

/// A world in which much was asked, by several callers, over several days, some of it in batches.
pub async fn asked_world(seed: u64) -> World {
    let world = World::made_up(rules(&[]), seed).await;
    let mut chance = Chance::of(seed + 1000);
    let callers = [
        Caller::local(),
        Caller::Operator { id: "t1".to_owned(), role: Role::Asker },
        Caller::Partner { id: "p1".parse().unwrap() },
    ];
    for _ in 0..60 {
        let mut call = Call::of(callers[chance.below(callers.len())].clone());
        call.request_id =
            [None, Some("r-1".to_owned()), Some("\u{0}odd".to_owned()), Some("x".repeat(300))][chance.below(4)].clone();
        let asked = |chance: &mut Chance| {
            let subject = if chance.below(9) == 0 { "nobody\u{0}" } else { chance.of_all(&PARTNERS) };
            let id = format!("s-{}", chance.below(20));
            Question::new(Entity::new("Partner", subject), chance.of_all(&ACTIONS), Entity::new("Subscription", id))
        };
        match chance.below(4) {
            0 => {
                let questions = (0..chance.below(300)).map(|_| Ok(asked(&mut chance))).collect();
                let batch = Batch { questions, semantic: Semantic::ExecuteAll };
                let _ = answer::batch::ask_all(&world.pdp, &call, batch, &ReadOptions::default()).await;
            }
            1 => {
                let target = SearchTarget::Resource {
                    subject: Entity::new("Partner", chance.of_all(&PARTNERS)),
                    action: Action { name: chance.of_all(&ACTIONS).to_owned(), properties: Members::new() },
                    kind: "Subscription".to_owned(),
                };
                let search = Search { target, context: Members::new(), page: Some(Pager::default()) };
                let _ = answer::search::search(&world.pdp, &call, search, &ReadOptions::default()).await;
            }
            _ => {
                let _ = answer::ask::ask(&world.pdp, &call, asked(&mut chance), &ReadOptions::default()).await;
            }
        }
        // Clocks are set back too.
        let minutes = i64::try_from(chance.below(600)).unwrap() - 120;
        world.clock.set(world.clock.now().checked_add(jiff::Span::new().minutes(minutes)).unwrap());
    }
    world
}

/// A filter of which each field is given or not, with a value that some record has, or none.
fn some_filter(chance: &mut Chance, records: &[Value]) -> DecisionFilter {
    let record = &records[chance.below(records.len())];
    let other = &records[chance.below(records.len())];
    let mut filter = DecisionFilter::default();
    for _ in 0..=chance.below(3) {
        let from = if chance.below(5) == 0 { other } else { record };
        match chance.below(12) {
            0 => filter.subject = Some(entity_of(from, "subject")),
            1 => filter.action = from["question"]["action"]["name"].as_str().map(str::to_owned),
            2 => filter.resource = Some(entity_of(from, "resource")),
            3 => filter.decision = from["decision"].as_bool(),
            4 => filter.caller = Some(caller_of(from)),
            5 => filter.reason = from["reason"].as_str().map(str::to_owned),
            6 => filter.rules = from["rules"].as_str().map(str::to_owned),
            7 => filter.rule = from["deciding"][0].as_str().map(str::to_owned),
            8 => filter.asked = Some([RecordKind::Evaluation, RecordKind::Search, RecordKind::Call][chance.below(3)]),
            9 => filter.request_id = from["requestId"].as_str().map(str::to_owned),
            10 => filter.from = from["at"].as_str().map(|at| at.parse().unwrap()),
            _ => filter.to = other["at"].as_str().map(|at| at.parse().unwrap()),
        }
    }
    if chance.below(12) == 0 {
        filter.reason = Some("no_such_reason".to_owned());
    }
    filter
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]
    #[test]
    fn every_filter_finds_what_a_look_at_every_record_finds(seed in 1_u64..1_000_000) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = asked_world(seed).await;
            let records = every_record(&world.pdp).await;
            let known = records.len() as u64;
            let mut chance = Chance::of(seed);
            for round in 0..40 {
                let mut filter = some_filter(&mut chance, &records);
                let wanted: Vec<u64> = records
                    .iter()
                    .filter(|record| is_wanted(record, &filter))
                    .map(|record| record["seq"].as_u64().unwrap())
                    .collect();
                let limit = [1, 7, 100, 1000][chance.below(4)].max(wanted.len() / 8);
                // What was recorded meanwhile is of the listing itself.
                let before = |found: Vec<u64>| found.into_iter().filter(|seq| *seq <= known).collect::<Vec<_>>();
                let found = before(all_pages(&world.pdp, &filter, limit).await);
                assert_eq!(found, wanted, "world {seed}, round {round}: {filter:?}");
                filter.order = Order::Newest;
                let mut back = before(all_pages(&world.pdp, &filter, limit).await);
                back.reverse();
                assert_eq!(back, wanted, "world {seed}, round {round}, newest first: {filter:?}");
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_complete_and_ends_while_more_is_recorded() {
    let world = asked_world(5).await;
    let asked = |number: usize| {
        Question::new(Entity::new("Partner", "p1"), "provision", Entity::new("Subscription", format!("s-{number}")))
    };
    let pdp = Arc::clone(&world.pdp);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let asking = tokio::spawn(async move {
        let mut number = 0;
        while !*stopped.borrow() {
            number += 1;
            answer::ask::ask(&pdp, &operator(), asked(number % 30), &ReadOptions::default()).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    });
    for order in [Order::Oldest, Order::Newest] {
        for limit in [20, 150] {
            let filter = DecisionFilter { asked: Some(RecordKind::Evaluation), order, ..DecisionFilter::default() };
            let filter =
                if limit == 20 { DecisionFilter { subject: Some("Partner::p1".to_owned()), ..filter } } else { filter };
            let before = world.pdp.records().unwrap();
            let mut found = all_pages(&world.pdp, &filter, limit).await;
            if order == Order::Newest {
                found.reverse();
            }
            assert!(found.is_sorted_by(|a, b| a < b), "each once and in order");
            let records = every_record(&world.pdp).await;
            let wanted: BTreeSet<u64> = records
                .iter()
                .filter(|record| is_wanted(record, &filter))
                .map(|record| record["seq"].as_u64().unwrap())
                .collect();
            let last = found.iter().copied().max().unwrap_or(0).max(before);
            let wanted: Vec<u64> = wanted.into_iter().filter(|seq| *seq <= last).collect();
            assert_eq!(found, wanted, "{order:?} {limit}");
        }
    }
    stop.send_replace(true);
    asking.await.unwrap();
}

#[test]
fn a_store_without_an_index_gets_it_when_it_is_opened() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    for partner in ["contoso", "fabrikam"] {
        server.post("/access/v1/evaluation", &question(partner, "removeSeats", "Subscription", "s-office"));
    }
    let path = "/v1/decisions?subject=Partner::fabrikam&asked=evaluation&limit=1000";
    let before = server.get(path).json();
    assert_eq!(before["decisions"].as_array().unwrap().len(), 1, "{before}");
    assert!(server.terminate().success());
    let tables = ["ledger_index", "ledger_segments"].map(redb::TableDefinition::<&[u8], &[u8]>::new);
    let spans = redb::TableDefinition::<u64, u64>::new("ledger_segment_spans");
    {
        let file = redb::Database::open(data.path().join("standing.redb")).unwrap();
        let write = file.begin_write().unwrap();
        assert!(tables.into_iter().all(|table| write.delete_table(table).unwrap()));
        assert!(write.delete_table(spans).unwrap());
        write.commit().unwrap();
    }
    let clock: SharedClock = Arc::new(System);
    drop(Store::open(data.path(), clock).unwrap());
    let server = Server::start(data.path(), &["--anonymous"]);
    assert_eq!(server.get(path).json(), before);
}

#[test]
fn filters_are_checked_and_a_cursor_belongs_to_its_list() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    for (query, code) in [
        ("subject=contoso", "invalid_parameter"),
        ("subject=::contoso", "invalid_parameter"),
        ("resource=s-office", "invalid_parameter"),
        ("decision=maybe", "invalid_parameter"),
        ("caller=anonymous", "invalid_parameter"),
        ("caller=Operator::anonymous", "invalid_parameter"),
        ("caller=nobody:contoso", "invalid_parameter"),
        ("rules=abc", "invalid_parameter"),
        ("asked=guess", "invalid_parameter"),
        ("from=yesterday", "invalid_parameter"),
        ("order=random", "invalid_parameter"),
        ("limit=0", "invalid_parameter"),
        ("cursor=x", "invalid_cursor"),
        ("colour=red", "unknown_parameter"),
    ] {
        let answer = server.get(&format!("/v1/decisions?{query}"));
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{query}: {}", answer.text);
    }
    let page = server.get("/v1/decisions?limit=2").json();
    assert_eq!(page["complete"], false);
    let next = page["next"].as_str().unwrap();
    let second = server.get(&format!("/v1/decisions?limit=2&cursor={next}")).json();
    assert_eq!(second["decisions"][0]["seq"], 3, "{second}");
    let other = server.get(&format!("/v1/decisions?limit=2&order=newest&cursor={next}"));
    assert_eq!((other.status, other.code().as_str()), (400, "invalid_cursor"));
    let first = server.get("/v1/decisions?order=newest&limit=1").json();
    let single = server.get(&format!("/v1/decisions/{}", first["decisions"][0]["seq"])).json();
    assert_eq!(first["decisions"][0], single);
}

/// What the index costs a record: appended one by one and in batches, with and without what it is found by.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures, and says nothing right or wrong"]
async fn appending_costs() {
    let world = asked_world(3).await;
    let mut records = Vec::new();
    for seq in 1..=world.pdp.records().unwrap().min(2000) {
        let bytes = evidence::ledger::decision(&world.pdp, &operator(), Seq(seq)).await.unwrap().value.unwrap();
        records.push(Record::from_bytes(&bytes.record).unwrap());
    }
    let each = |took: Duration, count: usize| took.as_secs_f64() * 1e6 / count as f64;
    let began = Instant::now();
    let bytes: usize = records.iter().map(|record| record.to_bytes().unwrap().len()).sum();
    let plain = began.elapsed();
    let began = Instant::now();
    let terms: usize = records.iter().map(|record| Indexed::read(&record.to_bytes().unwrap()).terms.len()).sum();
    println!(
        "a record: {} bytes, {:.1} terms; writing it {:.1} us, and reading its terms {:.1} us",
        bytes / records.len(),
        terms as f64 / records.len() as f64,
        each(plain, records.len()),
        each(began.elapsed(), records.len())
    );
    for (what, at_once, rounds) in [("one by one", 1, 1000), ("64 at once", 64, 100), ("1000 at once", 1000, 40)] {
        for _ in 0..2 {
            let data = tempfile::tempdir().unwrap();
            let clock: SharedClock = Arc::new(Stopped::at("2026-01-01T00:00:00Z".parse().unwrap()));
            let store = Store::open(data.path(), clock).unwrap();
            let mut took = Duration::ZERO;
            for round in 0..rounds {
                let record = |number: usize| records[(round * 31 + number) % records.len()].recorded().unwrap();
                let batch: Vec<_> = (0..at_once).map(record).collect();
                let began = Instant::now();
                store.append(batch).await.unwrap();
                took += began.elapsed();
            }
            drop(store);
            let bytes = std::fs::metadata(data.path().join("standing.redb")).unwrap().len();
            println!("{what:<13} {:8.1} us a record, file {bytes}", each(took, at_once * rounds));
        }
    }
}

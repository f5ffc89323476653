//! Import and export: all or nothing, and an export imported is the same world.

use std::sync::Arc;

use standing::caller::Caller;
use standing::change::import::ImportError;
use standing::domain::event::Event;
use standing::domain::partner::{PartnerKind, PartnerStatus};
use standing::facts::Role;
use standing::id::Revision;
use standing::limits::{ADMINISTRATORS_MAX, IMPORT_LINE_MAX};
use standing::pdp::call::{Call, CallError, Idempotency, PreconditionError};
use standing::{answer, change, evidence};

use crate::stage::terms;
use crate::worlds::{World, operator, rules};

const CAST: &str = r#"{"noun":"partner","id":"p1","name":"One","kind":"directBill","status":"active"}
{"noun":"partner","partner":"p2","name":"Two","kind":"indirectProvider","status":"active"}
{"noun":"partner","id":"p3","name":"Three","kind":"advisor","status":"active"}
{"noun":"customer","id":"c1","name":"Adatum"}
{"noun":"customer","id":"c2","name":"Wingtip"}
{"noun":"subscription","id":"s-1","customer":"c1","service":"office365","originalReseller":"p1","quantity":5,"status":"active"}
{"noun":"subscription","id":"s-2","customer":"c1","service":"office365","quantity":5,"status":"active","parent":"s-1"}
{"noun":"grant","customer":"c1","service":"office365","partner":"p2","delegatedAdministrator":true,"since":"2025-06-01T00:00:00Z"}
"#;

async fn refusal(world: &World, lines: &[u8]) -> String {
    match world.import(lines).await {
        Err(CallError::Refused(error)) => error.to_string(),
        other => panic!("it was not refused for its lines: {other:?}"),
    }
}

#[tokio::test]
async fn an_export_imported_in_an_empty_store_is_the_same_world() {
    for seed in 1..=12 {
        let world = World::made_up(rules(&[]), seed).await;
        let exported = world.export().await;
        let copy = World::empty(rules(&[]));
        copy.clock.set(standing::clock::Clock::now(&*world.clock));
        let imported = copy.import(&exported).await.unwrap();
        assert_eq!(imported.value.lines, exported.lines().count() as u64, "world {seed}");
        assert_eq!(imported.revision, Revision(1), "one revision, world {seed}");
        assert_eq!(copy.export().await, exported, "world {seed}");
        assert_eq!(copy.answers().await, world.answers().await, "world {seed}");
        let again = copy.import(&exported).await.unwrap();
        assert_eq!(again.revision, Revision(1), "nothing changed, world {seed}");
        // The answers stay the same when grants come to their end dates.
        for world in [&world, &copy] {
            let later = standing::clock::Clock::now(&*world.clock).checked_add(jiff::Span::new().hours(20)).unwrap();
            world.clock.set(later);
        }
        assert_eq!(copy.answers().await, world.answers().await, "world {seed}, later");
    }
}

#[tokio::test]
async fn a_byte_order_mark_before_the_first_line_is_passed_over_and_one_before_another_is_named() {
    let world = World::empty(rules(&[]));
    let line = "{\"noun\":\"customer\",\"id\":\"c1\",\"name\":\"Adatum\"}\n";
    let marked = refusal(&world, format!("{line}\u{feff}{line}").as_bytes()).await;
    assert!(marked.contains("byte order mark"), "{marked}");
    assert_eq!(world.import(format!("\u{feff}{line}").as_bytes()).await.unwrap().value.customers, 1);
}

#[tokio::test]
async fn an_import_is_one_event_that_counts_what_changed() {
    let world = World::empty(rules(&[]));
    let imported = world.import(CAST).await.unwrap().value;
    assert_eq!((imported.lines, imported.partners, imported.customers), (8, 3, 2));
    assert_eq!((imported.subscriptions, imported.grants, imported.commercial_relationships), (2, 1, 0));
    let page = evidence::changes::changes(&world.pdp, &operator(), Revision(0), 10).await.unwrap().value;
    let events: Vec<_> = page.changes.iter().map(|change| change.event.clone()).collect();
    let event = Event::Imported { partners: 3, customers: 2, subscriptions: 2, grants: 1, commercial_relationships: 0 };
    assert_eq!(events, [event]);
    let renamed = CAST.replace("Adatum", "Adatum School");
    let imported = world.import(&renamed).await.unwrap().value;
    assert_eq!((imported.lines, imported.partners, imported.customers, imported.revision), (8, 0, 1, Revision(2)));
    let unchanged = world.import(&renamed).await.unwrap();
    assert_eq!((unchanged.value.customers, unchanged.revision, world.pdp.revision()), (0, Revision(2), Revision(2)));
    let record =
        evidence::ledger::decision(&world.pdp, &operator(), unchanged.seqs[0]).await.unwrap().value.unwrap().record;
    assert_eq!(
        standing::audit::Record::from_bytes(&record).unwrap().outcome,
        Some(standing::audit::CallOutcome::Unchanged)
    );
}

#[tokio::test]
async fn an_error_in_the_last_line_leaves_nothing() {
    let world = World::empty(rules(&[]));
    let mut lines = CAST.to_owned();
    lines.push_str("\n{\"noun\":\"grant\",\"customer\":\"c9\",\"service\":\"crm\",\"partner\":\"p1\",\"delegatedAdministrator\":true,\"since\":\"2025-06-01T00:00:00Z\"}");
    let records = world.pdp.records().unwrap();
    let refused = refusal(&world, lines.as_bytes()).await;
    assert_eq!(refused, "line 10: grant of `c9/crm` to `p1`: customer `c9` is not known; put its line before this one");
    assert_eq!(world.pdp.revision(), Revision(0));
    assert_eq!(world.export().await, "");
    assert!(world.pdp.records().unwrap() > records, "the refusal is recorded");
    world.import(CAST).await.unwrap();
    assert_eq!(world.pdp.revision(), Revision(1), "the store is as good as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_beside_a_refused_import_stays() {
    let world = Arc::new(World::empty(rules(&[])));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40 {
        let world = Arc::clone(&world);
        tasks.spawn(async move {
            if number % 4 == 0 {
                let lines = format!("{CAST}nothing");
                refusal(&world, lines.as_bytes()).await;
            } else {
                world.partner(&format!("beside-{number}"), PartnerKind::Advisor, PartnerStatus::Active).await;
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(world.pdp.revision(), Revision(30));
    let exported = world.export().await;
    assert_eq!(exported.lines().count(), 30);
    assert!(exported.lines().all(|line| line.contains("beside-")), "{exported}");
}

#[tokio::test]
async fn a_wrong_line_is_refused_by_its_number_and_leaves_nothing() {
    let world = World::empty(rules(&[]));
    world.import(CAST).await.unwrap();
    let long = format!("{{\"noun\":\"customer\",\"id\":\"c3\",\"name\":\"{}\"}}", "x".repeat(IMPORT_LINE_MAX));
    let nouns = "`partner`, `customer`, `subscription`, `grant`, `commercialRelationship`";
    let grant = |rest: &str| {
        format!("{{\"noun\":\"grant\",\"customer\":\"c1\",\"service\":\"office365\",\"partner\":\"p1\",{rest}}}")
    };
    let table: Vec<(Vec<u8>, String)> = [
        ("nothing", "column 2: expected ident; write one JSON object on a line".to_owned()),
        ("{\"noun\":\"customer\",\"id\":\"c3\"", "column 28: EOF while parsing an object; write one JSON object on a line".to_owned()),
        ("[1]", "it is no JSON object; put one noun on a line".to_owned()),
        ("{} {}", "column 4: trailing characters; write one JSON object on a line".to_owned()),
        ("{\"id\":\"c3\",\"name\":\"x\"}", format!("missing member `noun`, expected one of {nouns}")),
        ("{\"noun\":\"service\",\"id\":\"c3\"}", format!("member `noun`: unknown noun, expected one of {nouns}")),
        ("{\"noun\":7,\"id\":\"c3\"}", format!("member `noun`: unknown noun, expected one of {nouns}")),
        ("{\"noun\":\"customer\",\"id\":\"c3\",\"name\":\"x\",\"name\":\"y\"}", "column 46: member `name` is named twice; leave one of them out".to_owned()),
        ("{\"noun\":\"customer\",\"id\":\"c3\",\"customer\":\"c4\",\"name\":\"y\"}", "duplicate member `id`".to_owned()),
        ("{\"noun\":\"customer\",\"id\":\"c3\",\"name\":\"x\",\"colour\":\"red\"}", "member `colour`: unknown member `colour`, expected one of `customer`, `id`, `name`, `domain`".to_owned()),
        ("{\"noun\":\"customer\",\"id\":\"c3\"}", "missing member `name`".to_owned()),
        ("{\"noun\":\"customer\",\"id\":\"c 3\",\"name\":\"x\"}", "member `id`: customer `c 3` holds ` `; use only `A-Za-z0-9._~@:+-`".to_owned()),
        ("{\"noun\":\"customer\",\"id\":\"c3\",\"name\":\"\"}", "customer `c3`: `name` is empty; give at least one character".to_owned()),
        ("{\"noun\":\"partner\",\"id\":\"p4\",\"name\":\"x\",\"kind\":\"reseller\",\"status\":\"active\"}", "member `kind`: unknown variant `reseller`, expected one of `directBill`, `indirectProvider`, `indirectReseller`, `advisor`".to_owned()),
        ("{\"noun\":\"subscription\",\"id\":\"s-3\",\"customer\":\"c9\",\"service\":\"crm\",\"quantity\":1,\"status\":\"active\"}", "subscription `s-3`: customer `c9` is not known; put its line before this one".to_owned()),
        ("{\"noun\":\"subscription\",\"id\":\"s-3\",\"customer\":\"c1\",\"service\":\"crm\",\"quantity\":1,\"status\":\"active\",\"originalReseller\":\"p9\"}", "subscription `s-3`: original reseller `p9` is not known; put its line before this one".to_owned()),
        ("{\"noun\":\"subscription\",\"id\":\"s-3\",\"customer\":\"c1\",\"service\":\"crm\",\"quantity\":1,\"status\":\"active\",\"parent\":\"s-9\"}", "subscription `s-3`: parent `s-9` is not known; put its line before this one".to_owned()),
        ("{\"noun\":\"subscription\",\"id\":\"s-3\",\"customer\":\"c2\",\"service\":\"crm\",\"quantity\":1,\"status\":\"active\",\"parent\":\"s-1\"}", "subscription `s-3`: parent `s-1` is of customer `c1`; an add-on is of the same customer".to_owned()),
        ("{\"noun\":\"subscription\",\"id\":\"s-3\",\"customer\":\"c1\",\"service\":\"crm\",\"quantity\":1,\"status\":\"active\",\"parent\":\"s-2\"}", "subscription `s-3`: parent `s-2` is an add-on itself; name the subscription that one adds to".to_owned()),
        ("{\"noun\":\"subscription\",\"id\":\"s-1\",\"customer\":\"c1\",\"service\":\"office365\",\"originalReseller\":\"p2\",\"quantity\":5,\"status\":\"active\"}", "subscription `s-1`: `originalReseller` of subscription `s-1` is fixed at creation; leave it as it is, or register a new subscription".to_owned()),
        ("{\"noun\":\"subscription\",\"id\":\"s-3\",\"customer\":\"c1\",\"service\":\"crm\",\"quantity\":-1,\"status\":\"active\"}", "member `quantity`: invalid value: integer `-1`, expected u32".to_owned()),
        ("{\"noun\":\"commercialRelationship\",\"customer\":\"c1\",\"partner\":\"p9\",\"state\":\"ended\",\"since\":\"2025-01-01T00:00:00Z\"}", "commercial relationship of `c1` and `p9`: partner `p9` is not known; put its line before this one".to_owned()),
        ("{\"noun\":\"commercialRelationship\",\"customer\":\"c1\",\"partner\":\"p1\",\"state\":\"ended\",\"since\":\"2025-01-01T00:00:00Z\",\"proposal\":{\"by\":\"partner\",\"outcome\":\"end\"}}", "commercial relationship of `c1` and `p1`: the commercial relationship of customer `c1` and partner `p1` is `ended` already; there is nothing to `end`".to_owned()),
        ("{\"noun\":\"partner\",\"id\":\"p4\",\"name\":\"x\",\"kind\":[[[[[[[[[]]]]]]]]],\"status\":\"active\"}", "arrays and objects stand more than 8 deep; nest them less".to_owned()),
    ]
    .into_iter()
    .map(|(line, message)| (line.as_bytes().to_vec(), message))
    .chain([
        (long.into_bytes(), format!("it is longer than {IMPORT_LINE_MAX} bytes; put one noun on a line")),
        (b"{\"noun\":\"customer\",\"id\":\"c3\",\"name\":\"\xff\"}".to_vec(), "it is not UTF-8; encode it as UTF-8".to_owned()),
    ])
    .collect();
    let before = world.export().await;
    for (line, message) in table {
        let mut lines = b"{\"noun\":\"customer\",\"id\":\"c7\",\"name\":\"put before\"}\r\n\n  \n".to_vec();
        lines.extend(&line);
        lines.extend(b"\n{\"noun\":\"customer\",\"id\":\"c8\",\"name\":\"put after\"}\n");
        assert_eq!(refusal(&world, &lines).await, format!("line 4: {message}"));
        assert_eq!(world.pdp.revision(), Revision(1));
    }
    assert_eq!(world.export().await, before);
    // A grant that has ended stands beside the one that holds.
    let ended =
        grant("\"delegatedAdministrator\":false,\"since\":\"2025-01-01T00:00:00Z\",\"until\":\"2025-02-01T00:00:00Z\"");
    world.import(ended).await.unwrap();
    let changes_kind = "{\"noun\":\"grant\",\"customer\":\"c1\",\"service\":\"office365\",\"partner\":\"p3\",\"delegatedAdministrator\":true,\"since\":\"2025-06-01T00:00:00Z\"}\n{\"noun\":\"partner\",\"id\":\"p3\",\"name\":\"Three\",\"kind\":\"directBill\",\"status\":\"active\"}";
    let message = refusal(&world, changes_kind.as_bytes()).await;
    assert_eq!(
        message,
        "line 2: partner `p3`: partner `p3` would be the second transacting partner of service `c1/office365` beside `p2`; remove one of them first"
    );
}

#[tokio::test]
async fn a_service_has_no_more_administrators_than_one_may_have() {
    let world = World::empty(rules(&[]));
    let mut lines = "{\"noun\":\"customer\",\"id\":\"c1\",\"name\":\"x\"}\n".to_owned();
    for number in 0..=ADMINISTRATORS_MAX {
        lines.push_str(&format!(
            "{{\"noun\":\"partner\",\"id\":\"a{number}\",\"name\":\"x\",\"kind\":\"advisor\",\"status\":\"active\"}}\n"
        ));
        lines.push_str(&format!("{{\"noun\":\"grant\",\"customer\":\"c1\",\"service\":\"crm\",\"partner\":\"a{number}\",\"delegatedAdministrator\":true,\"since\":\"2025-06-01T00:00:00Z\"}}\n"));
    }
    let message = refusal(&world, lines.as_bytes()).await;
    let last = 3 + 2 * ADMINISTRATORS_MAX;
    assert_eq!(
        message,
        format!(
            "line {last}: grant of `c1/crm` to `a{ADMINISTRATORS_MAX}`: service `c1/crm` has {ADMINISTRATORS_MAX} delegated administrators, the most there may be; leave this grant out"
        )
    );
}

/// Lines after which something goes wrong.
struct Faulty {
    lines: std::io::Cursor<&'static str>,
    fault: fn() -> std::io::Result<usize>,
}

fn faulty(lines: &'static str, fault: fn() -> std::io::Result<usize>) -> std::io::BufReader<Faulty> {
    std::io::BufReader::new(Faulty { lines: std::io::Cursor::new(lines), fault })
}

impl std::io::Read for Faulty {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self.lines.read(out)? {
            0 => (self.fault)(),
            read => Ok(read),
        }
    }
}

impl std::io::Seek for Faulty {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.lines.seek(to)
    }
}

#[tokio::test]
async fn whoever_may_not_import_or_export_is_refused_before_a_line_is_read() {
    let world = World::empty(rules(&[]));
    let asker = Call::of(Caller::Operator { id: "someone".to_owned(), role: Role::Asker });
    let refused = change::import::import(&world.pdp, &asker, faulty("", || panic!("it was read")), |_, _| ()).await;
    assert!(matches!(refused, Err(CallError::Denied(_))), "{refused:?}");
    assert!(matches!(answer::export::export(&world.pdp, &asker).await, Err(CallError::Denied(_))));
    assert_eq!(world.pdp.records().unwrap(), 2);
}

#[tokio::test]
async fn lines_that_cannot_be_read_to_the_end_leave_nothing() {
    let world = World::empty(rules(&[]));
    let broken = faulty(CAST, || Err(std::io::Error::other("the disk is gone")));
    match change::import::import(&world.pdp, &operator(), broken, |_, _| ()).await {
        Err(CallError::Refused(ImportError::Unreadable { line: 9, cause })) => assert_eq!(cause, "the disk is gone"),
        other => panic!("{other:?}"),
    }
    let panicking = faulty(CAST, || panic!("a fault"));
    let failed = change::import::import(&world.pdp, &operator(), panicking, |_, _| ()).await;
    assert!(matches!(failed, Err(CallError::Store(_))), "{failed:?}");
    assert_eq!((world.pdp.revision(), world.export().await), (Revision(0), String::new()));
    world.import(CAST).await.unwrap();
}

#[tokio::test]
async fn a_retry_with_the_same_key_is_answered_and_not_imported_again() {
    let world = World::empty(rules(&[]));
    let mut call = operator();
    call.idempotency = Some(Idempotency { key: "once".to_owned(), request: [1; 32] });
    let lines = std::io::Cursor::new;
    let first = change::import::import(&world.pdp, &call, lines(CAST), |_, _| ()).await.unwrap();
    let again =
        change::import::import(&world.pdp, &call, lines("nothing that could be read"), |_, _| ()).await.unwrap();
    assert!(!first.is_repeat && again.is_repeat);
    assert_eq!((first.value, first.revision), (again.value, again.revision));
    call.idempotency = Some(Idempotency { key: "once".to_owned(), request: [2; 32] });
    let reused = change::import::import(&world.pdp, &call, lines(CAST), |_, _| ()).await;
    assert!(matches!(reused, Err(CallError::Precondition(PreconditionError::KeyReused(_)))), "{reused:?}");
}

#[tokio::test]
async fn an_export_shows_one_revision_whatever_is_written_meanwhile() {
    let world = World::empty(rules(&[]));
    let mut lines = String::new();
    for number in 0..3_000 {
        lines.push_str(&format!(
            "{{\"noun\":\"customer\",\"id\":\"c{number:04}\",\"name\":\"A name that takes its room\"}}\n"
        ));
    }
    world.import(&lines).await.unwrap();
    let mut export = answer::export::export(&world.pdp, &operator()).await.unwrap().value;
    assert_eq!(export.revision(), Revision(1));
    let mut told = export.next().unwrap().unwrap();
    let later = lines.replace("A name", "Another name") + CAST;
    world.import(&later).await.unwrap();
    let mut chunks = 1;
    for chunk in export {
        let chunk = chunk.unwrap();
        assert_eq!(chunk.last(), Some(&b'\n'), "a chunk holds whole lines");
        told.extend(chunk);
        chunks += 1;
    }
    assert!(chunks > 2, "{chunks}");
    assert_eq!(String::from_utf8(told).unwrap(), lines);
}

#[tokio::test]
async fn progress_is_told_now_and_then_and_at_the_end() {
    let world = World::once(rules(&[]));
    let lines: String =
        (0..2_500).map(|number| format!("{{\"noun\":\"customer\",\"id\":\"c{number}\",\"name\":\"x\"}}\n")).collect();
    let bytes = lines.len() as u64;
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    let progress = move |lines, bytes| hearing.lock().unwrap().push((lines, bytes));
    change::import::import(&world.pdp, &operator(), std::io::Cursor::new(lines), progress).await.unwrap();
    let heard = heard.lock().unwrap().clone();
    assert_eq!(heard.iter().map(|(lines, _)| *lines).collect::<Vec<_>>(), [1_000, 2_000, 2_500]);
    assert_eq!(heard.last().unwrap().1, bytes);
}

/// What a million subscriptions take; run it in release with `--ignored`.
#[tokio::test]
#[ignore = "takes minutes and a gigabyte of disk"]
async fn a_million_subscriptions_are_imported_in_bounded_memory() {
    use std::io::{BufReader, BufWriter, Write as _};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.ndjson");
    let mut file = BufWriter::new(std::fs::File::create(&path).unwrap());
    for partner in 0..2_000 {
        writeln!(file, "{{\"noun\":\"partner\",\"id\":\"partner-{partner}\",\"name\":\"Partner {partner}\",\"kind\":\"directBill\",\"status\":\"active\",\"mpnId\":\"{}\"}}", 4_000_000 + partner).unwrap();
    }
    for customer in 0..200_000 {
        writeln!(file, "{{\"noun\":\"customer\",\"id\":\"customer-{customer}\",\"name\":\"Customer {customer}\",\"domain\":\"customer-{customer}.example\"}}").unwrap();
    }
    let mut chance = crate::worlds::Chance::of(1);
    for number in 0..1_000_000_usize {
        let customer = number % 200_000;
        let partner = (customer * 7 + number / 600_000) % 2_000;
        writeln!(file, "{{\"noun\":\"subscription\",\"id\":\"{:08x}-{number:07}\",\"customer\":\"customer-{customer}\",\"service\":\"{}\",\"offer\":\"offer-{}\",\"originalReseller\":\"partner-{partner}\",\"partnerOfRecord\":\"{}\",\"quantity\":{},\"status\":\"active\"}}", chance.below(1 << 31), ["office365", "azure"][number / 200_000 % 2], number % 50, 4_000_000 + partner, 1 + number % 300).unwrap();
    }
    for customer in 0..200_000 {
        writeln!(file, "{{\"noun\":\"grant\",\"customer\":\"customer-{customer}\",\"service\":\"office365\",\"partner\":\"partner-{}\",\"delegatedAdministrator\":true,\"since\":\"2025-06-01T00:00:00Z\"}}", customer * 7 % 2_000).unwrap();
    }
    file.into_inner().unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    let clock: standing::clock::SharedClock = Arc::new(standing::clock::System);
    let store = standing::store::Store::open(folder.path(), Arc::clone(&clock)).unwrap();
    let terms = terms();
    let links = standing::pdp::links::LinkRing::of_seed([7; 32], &clock);
    let pdp = standing::pdp::Pdp::of(store, links, rules(&[]), terms).unwrap();
    let began = std::time::Instant::now();
    let reader = BufReader::with_capacity(1 << 20, std::fs::File::open(&path).unwrap());
    let mut last = began;
    let imported = change::import::import(&pdp, &operator(), reader, move |lines, bytes| {
        if last.elapsed().as_secs() >= 10 {
            println!("{lines} lines, {bytes} bytes after {:?}", began.elapsed());
            last = std::time::Instant::now();
        }
    })
    .await
    .unwrap();
    println!("imported {} lines, {size} bytes, in {:?}; {}", imported.value.lines, began.elapsed(), peak());
    println!("the store has {} bytes", std::fs::metadata(folder.path().join("standing.redb")).unwrap().len());
    for line in [
        r#"{"accept": {"partner": "partner-3", "customer": "customer-5", "services": ["office365"]}}"#,
        r#"{"put": {"noun": "partner", "id": "partner-35", "name": "x", "kind": "directBill", "status": "suspended"}}"#,
        r#"{"renegotiate": {"partner": "partner-35", "customer": "customer-5", "outcome": "end"}}"#,
    ] {
        let began = std::time::Instant::now();
        let delta =
            answer::what_if::what_if(&pdp, &operator(), vec![serde_json::from_str(line).unwrap()]).await.unwrap().value;
        println!("what if {line}: gained {}, lost {}, in {:?}", delta.gained.len(), delta.lost.len(), began.elapsed());
    }
    let began = std::time::Instant::now();
    let bytes: usize =
        answer::export::export(&pdp, &operator()).await.unwrap().value.map(|chunk| chunk.unwrap().len()).sum();
    println!("exported {bytes} bytes in {:?}; {}", began.elapsed(), peak());
    let began = std::time::Instant::now();
    let reader = BufReader::new(std::fs::File::open(&path).unwrap());
    let again = change::import::import(&pdp, &operator(), reader, |_, _| ()).await.unwrap();
    println!("imported the same again in {:?}: revision {}; {}", began.elapsed(), again.revision, peak());
    let began = std::time::Instant::now();
    let renamed = std::fs::read_to_string(&path).unwrap().replace("\"quantity\":", "\"quantity\":1") + "nothing";
    let renamed = std::io::Cursor::new(renamed);
    let refused = change::import::import(&pdp, &operator(), renamed, |_, _| ()).await;
    println!("refused at the last line after {:?}: {:?}; {}", began.elapsed(), refused.map(|_| ()), peak());
    assert_eq!(pdp.revision(), Revision(1));
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("RssAnon"))
        .collect::<Vec<_>>()
        .join(", ")
}

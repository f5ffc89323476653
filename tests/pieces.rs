//! An import in pieces: nobody sees any of it before all of it is there, everybody is answered meanwhile, and whatever ends
//! it before leaves nothing.

use std::fs::Permissions;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::json;
use standing::answer::ask::ask;
use standing::answer::past::{AsOf, ReadOptions};
use standing::answer::search::{Search, SearchTarget};
use standing::change::import::{ImportError, Imported, import};
use standing::clock::{SharedClock, Stopped};
use standing::domain::customer::Customer;
use standing::evidence::backup::{BackupFolder, KeysWanted, copy_store};
use standing::id::Revision;
use standing::pdp::Pdp;
use standing::pdp::call::{CallError, Committed};
use standing::pdp::figures::{Format, figures};
use standing::pdp::links::LinkRing;
use standing::question::{Entity, Question};
use standing::store::{ImportPieces, Store, StoreError};
use standing::{answer, change, evidence, random};

use crate::disk::{Disk, Fault, Op, apply};
use crate::faults::{Content, content, is_sound};
use crate::server::{Server, call, standing};
use crate::stage::{BEGIN, operator, shipped, terms, time};

/// Small pieces, many of them: rows wait in memory several times, and each time are several pieces.
const PIECES: ImportPieces = ImportPieces { waiting_bytes: 1_500, rows: 8 };
/// What a store holds of facts.
const FACTS: [&str; 4] = ["facts", "present", "customer_summaries", "journal"];

/// Lines of a partner, and of some customers with two subscriptions each, in the words of one day.
fn lines(customers: usize, word: &str) -> Vec<u8> {
    let mut lines = format!(r#"{{"noun":"partner","id":"p1","name":"{word}","kind":"directBill","status":"active"}}"#);
    for number in 0..customers {
        let customer = format!("c{}", number * 7 % customers);
        lines += &format!("\n{{\"noun\":\"customer\",\"id\":\"{customer}\",\"name\":\"{word} {number}\"}}");
        for service in ["crm", "office365"] {
            lines += &format!(
                "\n{{\"noun\":\"subscription\",\"id\":\"s-{service}-{customer}\",\"customer\":\"{customer}\",\"service\":\"{service}\",\"originalReseller\":\"p1\",\"quantity\":{},\"status\":\"active\"}}",
                word.len()
            );
        }
    }
    lines.into_bytes()
}

type Came = Result<Committed<Imported>, CallError<ImportError>>;

/// A disk with a store of some facts, and what an import makes of it.
struct Scene {
    clock: SharedClock,
    bytes: Vec<u8>,
    before: Content,
    told: Vec<u8>,
}

impl Scene {
    async fn set() -> Self {
        let clock: SharedClock = Arc::new(Stopped::at(time(BEGIN)));
        let (bytes, before, told) = (Vec::new(), Content::new(), lines(12, "told otherwise"));
        let mut scene = Self { clock, bytes, before, told };
        let disk = Disk::default();
        let pdp = scene.open(&disk);
        import(&pdp, &operator(), Cursor::new(lines(6, "told")), |_, _| {}).await.unwrap();
        drop(pdp);
        (scene.bytes, scene.before) = (disk.bytes(), content(disk.bytes()));
        scene
    }

    fn open(&self, disk: &Disk) -> Pdp {
        let store = disk.store(&self.clock).unwrap().import_in(PIECES);
        Pdp::of(store, LinkRing::of_seed([7; 32], &self.clock), shipped(), terms()).unwrap()
    }

    async fn import(&self, pdp: &Pdp) -> Came {
        import(pdp, &operator(), Cursor::new(self.told.clone()), |_, _| {}).await
    }

    /// A disk on which the import was done, and what it holds.
    async fn imported(&self) -> (Disk, Content) {
        let disk = Disk::of(self.bytes.clone());
        let pdp = self.open(&disk);
        let imported = self.import(&pdp).await.unwrap();
        assert_eq!((imported.value.lines, imported.revision, pdp.revision()), (37, Revision(2), Revision(2)));
        drop(pdp);
        let after = content(disk.bytes());
        (disk, after)
    }

    /// What is on the disk when the import is killed before its last piece.
    async fn staged(&self) -> Vec<u8> {
        let (disk, _) = self.imported().await;
        let mut bytes = self.bytes.clone();
        let mut last_staged = None;
        for op in &disk.log() {
            apply(&mut bytes, op);
            if matches!(op, Op::Sync) && content(bytes.clone())["meta"].contains_key(b"staged".as_slice()) {
                last_staged = Some(bytes.clone());
            }
        }
        last_staged.unwrap()
    }
}

fn is_same(found: &Content, expected: &Content) -> bool {
    FACTS.iter().all(|table| found[*table] == expected[*table])
}

fn has_left_nothing(found: &Content) -> bool {
    found["meta"].get(b"format".as_slice()).map(Vec::as_slice) == Some(&[6])
        && !found["meta"].contains_key(b"staged".as_slice())
}

/// Opens what is left of a disk, and closes it again; what it holds then.
fn opened(scene: &Scene, bytes: Vec<u8>) -> (Disk, Content) {
    let disk = Disk::of(bytes);
    let store = disk.store(&scene.clock).unwrap();
    is_sound(&store, None);
    drop(store);
    let found = content(disk.bytes());
    (disk, found)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_any_piece_an_import_leaves_nothing_and_is_done_when_it_is_made_again() {
    let scene = Scene::set().await;
    let (disk, after) = scene.imported().await;
    let log = disk.log();
    let syncs = log.iter().filter(|op| matches!(op, Op::Sync)).count();
    assert!(syncs > 20, "it was written in {syncs} syncs");
    let (mut bytes, mut staged, mut is_done) = (scene.bytes.clone(), 0, false);
    for op in &log {
        apply(&mut bytes, op);
        if !matches!(op, Op::Sync) {
            continue;
        }
        staged += usize::from(content(bytes.clone())["meta"].contains_key(b"staged".as_slice()));
        let (disk, found) = opened(&scene, bytes.clone());
        assert!(has_left_nothing(&found));
        let is_after = is_same(&found, &after);
        assert!(is_after || (is_same(&found, &scene.before) && !is_done), "half an import is there");
        is_done = is_after;
        let pdp = scene.open(&disk);
        scene.import(&pdp).await.unwrap();
        drop(pdp);
        assert!(is_same(&content(disk.bytes()), &after), "it is done when it is made again");
    }
    assert!(is_done && staged > 10, "{staged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_an_import_is_taken_back_the_next_start_goes_on() {
    let scene = Scene::set().await;
    let staged = scene.staged().await;
    let disk = Disk::of(staged.clone());
    drop(disk.store(&scene.clock).unwrap());
    let mut bytes = staged;
    for op in &disk.log() {
        apply(&mut bytes, op);
        let (_, found) = opened(&scene, bytes.clone());
        assert!(has_left_nothing(&found) && is_same(&found, &scene.before));
    }
}

/// What a service manager is told while a server starts on these bytes, until it is ready.
fn said_over(bytes: &[u8], is_closed: bool) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, Permissions::from_mode(0o700)).unwrap();
    let file = data.join(Store::FILE_NAME);
    std::fs::write(&file, bytes).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    if is_closed {
        drop(redb::Database::open(&file).unwrap());
    }
    crate::reload::said_at_a_start(&data, &["--anonymous", "--new-keys", "--accept-clock"], &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_is_told_to_wait_while_a_start_takes_an_import_back_or_reads_the_whole_file() {
    let scene = Scene::set().await;
    let staged = scene.staged().await;
    let first = |bytes: &[u8], is_closed| said_over(bytes, is_closed).remove(0);
    assert_eq!(first(&staged, true), "EXTEND_TIMEOUT_USEC=120000000", "the pieces of an import are taken back");
    assert_eq!(first(&staged, false), "EXTEND_TIMEOUT_USEC=960000000", "the file was not closed");
    assert_eq!(first(&scene.bytes, true), "READY=1", "nothing takes long");
}

/// Says something until it can be written.
async fn until_written<T, E: std::fmt::Debug>(said: impl AsyncFn() -> Result<T, CallError<E>>) -> T {
    let began = Instant::now();
    loop {
        match said().await {
            Ok(said) => return said,
            Err(CallError::Store(_)) => {
                assert!(began.elapsed() < Duration::from_secs(5), "nothing is written any more")
            }
            Err(error) => panic!("{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn renames(pdp: &Pdp) -> Result<Revision, CallError<impl std::fmt::Debug + use<>>> {
    let told = Customer { id: "c0".parse().unwrap(), name: "renamed".to_owned(), domain: None };
    change::registry::put_customer(pdp, &operator(), told).await.map(|changed| changed.revision)
}

/// What a rename makes of what a disk holds.
async fn renamed(scene: &Scene, bytes: Vec<u8>) -> Content {
    let disk = Disk::of(bytes);
    renames(&scene.open(&disk)).await.unwrap();
    content(disk.bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_disk_fails_once_an_import_is_whole_or_absent_and_changes_go_on() {
    let scene = Scene::set().await;
    let (disk, _) = scene.imported().await;
    let (before, after) = (renamed(&scene, scene.bytes.clone()).await, renamed(&scene, disk.bytes()).await);
    for (fault, every) in [(Fault::Write, 9), (Fault::HalfWrite, 11), (Fault::Sync, 1), (Fault::ForgetfulSync, 2)] {
        let mut there = [0, 0];
        for well in (0..).step_by(every) {
            let disk = Disk::of(scene.bytes.clone());
            let pdp = scene.open(&disk);
            disk.fails_once(fault, well);
            let came = scene.import(&pdp).await;
            if !disk.mend() {
                came.unwrap();
                break;
            }
            assert!(came.is_ok() || matches!(came, Err(CallError::Store(_))), "{came:?}");
            until_written(async || ask(&pdp, &operator(), question(), &ReadOptions::default()).await).await;
            until_written(async || renames(&pdp).await).await;
            drop(pdp);
            let what = format!("{fault:?} after {well} that went well");
            let (_, found) = opened(&scene, disk.bytes());
            let is_after = is_same(&found, &after);
            assert!(has_left_nothing(&found) && (is_after || is_same(&found, &before)), "{what}: half of it is there");
            assert!(is_after || came.is_err(), "{what}: it was told as done");
            there[usize::from(is_after)] += 1;
        }
        println!("{fault:?}: {} times nothing of it was there, {} times all of it", there[0], there[1]);
        assert!(there[0] > 5, "{fault:?}");
    }
}

fn question() -> Question {
    Question::new(Entity::new("Partner", "p1"), "receiveBill", Entity::new("Subscription", "s-crm-c0"))
}

/// Lines of which the reader waits for a word before it gives the last ones.
struct Waits {
    lines: Cursor<Vec<u8>>,
    until: u64,
    gate: Option<(Sender<()>, Receiver<()>)>,
}

impl Read for Waits {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.lines.position() >= self.until
            && let Some((reached, gate)) = self.gate.take()
        {
            reached.send(()).unwrap();
            // Whoever went away waits for nothing.
            let _ = gate.recv();
        }
        self.lines.read(out)
    }
}

impl Seek for Waits {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.lines.seek(to)
    }
}

/// Lines that wait before the last ones; what says that they do, and what lets them go on.
fn waiting(lines: Vec<u8>) -> (impl BufRead + Seek + Send, Receiver<()>, Sender<()>) {
    let ((reached, waits), (go, gate)) = (channel(), channel());
    let until = lines.len() as u64 * 9 / 10;
    let reader = Waits { lines: Cursor::new(lines), until, gate: Some((reached, gate)) };
    (BufReader::with_capacity(16, reader), waits, go)
}

async fn export(pdp: &Pdp) -> String {
    let exported = answer::export::export(pdp, &operator()).await.unwrap().value;
    String::from_utf8(exported.flat_map(|chunk| chunk.unwrap()).collect()).unwrap()
}

/// Everything that may be read of facts.
async fn everything(pdp: &Pdp) -> Vec<String> {
    let told = ask(pdp, &operator(), question(), &ReadOptions::default()).await.unwrap();
    let target = SearchTarget::Resource {
        subject: Entity::new("Partner", "p1"),
        action: question().action,
        kind: "Subscription".to_owned(),
    };
    let search = Search { target, context: question().context, page: None };
    let found = answer::search::search(pdp, &operator(), search, &ReadOptions::default()).await.unwrap();
    let changes = evidence::changes::changes(pdp, &operator(), Revision(0), 100).await.unwrap().value;
    vec![
        format!("{} at {}", told.value.decision.is_allowed(), told.revision),
        format!("{:?}", found.value.results),
        format!("{changes:?}"),
        export(pdp).await,
        pdp.revision().to_string(),
    ]
}

fn writes_waiting(pdp: &Pdp) -> u64 {
    let figures = figures(pdp, Format::PlainText).unwrap();
    let line = figures.lines().find_map(|line| line.strip_prefix("standing_store_writes_waiting "));
    line.unwrap().parse().unwrap()
}

async fn verified(pdp: &Pdp) {
    let mut walk = evidence::ledger::verify_ledger(pdp, &operator()).await.unwrap().value;
    while walk.advance(1_000).is_some() {}
    let walked = walk.end();
    assert!(walked.whole, "{walked:?}");
}

/// What a backup that is made now holds once it is opened.
async fn backed_up(scene: &Scene, pdp: &Pdp) -> Content {
    let yard = tempfile::tempdir().unwrap();
    let path = yard.path().join("backup");
    let folder = BackupFolder::begin(&path).unwrap();
    let mut store = folder.store().unwrap();
    for piece in copy_store(pdp, &operator()).await.unwrap().value {
        store.add(&piece.unwrap()).unwrap();
    }
    folder.end(store, yard.path(), &KeysWanted::LeftOut, &random::System).unwrap();
    let (_, found) = opened(scene, std::fs::read(path.join(Store::FILE_NAME)).unwrap());
    assert!(has_left_nothing(&found));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_an_import_everybody_is_answered_as_before_it_and_changes_wait() {
    let scene = Scene::set().await;
    let disk = Disk::of(scene.bytes.clone());
    let pdp = Arc::new(scene.open(&disk));
    let before = everything(&pdp).await;
    let (lines, waits, go) = waiting(scene.told.clone());
    let imports = tokio::spawn({
        let pdp = Arc::clone(&pdp);
        async move { import(&pdp, &operator(), lines, |_, _| {}).await }
    });
    tokio::task::spawn_blocking(move || waits.recv().unwrap()).await.unwrap();
    assert!(content(disk.bytes())["meta"].contains_key(b"staged".as_slice()), "a part of it is on the disk");
    let changes = tokio::spawn({
        let pdp = Arc::clone(&pdp);
        async move { renames(&pdp).await.ok() }
    });
    while writes_waiting(&pdp) == 0 {
        assert!(!changes.is_finished(), "a change does not wait");
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        assert_eq!(everything(&pdp).await, before, "nothing of it is seen");
        verified(&pdp).await;
    }
    assert!(is_same(&backed_up(&scene, &pdp).await, &scene.before), "a backup holds nothing of it");
    assert_eq!((writes_waiting(&pdp), changes.is_finished(), imports.is_finished()), (1, false, false));
    go.send(()).unwrap();
    assert_eq!(imports.await.unwrap().unwrap().revision, Revision(2));
    assert_eq!(changes.await.unwrap(), Some(Revision(3)), "what waited was done on what was imported");
    verified(&pdp).await;
    let exported = export(&pdp).await;
    assert!(exported.contains("renamed") && exported.contains("told otherwise 11"), "{exported}");
    // What an earlier moment was stays so.
    let then = ReadOptions { as_of: Some(AsOf::Revision(Revision(1))), ..ReadOptions::default() };
    let told = ask(&pdp, &operator(), question(), &then).await.unwrap();
    assert_eq!(format!("{} at {}", told.value.decision.is_allowed(), told.revision), before[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_nobody_waits_for_or_that_ends_in_a_wrong_line_leaves_nothing_and_lets_changes_go_on() {
    let scene = Scene::set().await;
    for is_wrong in [false, true] {
        let disk = Disk::of(scene.bytes.clone());
        let pdp = Arc::new(scene.open(&disk));
        let mut told = scene.told.clone();
        if is_wrong {
            told.extend(b"\nnothing");
        }
        let (lines, waits, go) = waiting(told);
        let imports = tokio::spawn({
            let pdp = Arc::clone(&pdp);
            async move { import(&pdp, &operator(), lines, |_, _| {}).await }
        });
        tokio::task::spawn_blocking(move || waits.recv().unwrap()).await.unwrap();
        if !is_wrong {
            imports.abort();
        }
        let ended = tokio::spawn(imports);
        if !is_wrong {
            assert!(ended.await.unwrap().unwrap_err().is_cancelled());
            go.send(()).unwrap();
        } else {
            go.send(()).unwrap();
            match ended.await.unwrap().unwrap() {
                Err(CallError::Refused(ImportError::Line { line, .. })) => assert_eq!(line, 38),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(renames(&pdp).await.unwrap(), Revision(2));
        verified(&pdp).await;
        drop(pdp);
        let found = content(disk.bytes());
        assert!(has_left_nothing(&found));
        assert!(is_same(&found, &renamed(&scene, scene.bytes.clone()).await));
    }
}

#[test]
fn a_program_that_knows_nothing_of_pieces_leaves_a_store_with_some_alone() {
    // What it says of a format that it does not know; the number is what such a program compares.
    let error = StoreError::NewerFormat { path: "standing.redb".into(), found: 0x85, known: 5 };
    assert!(error.to_string().contains("has format 133, and this program reads up to 5; use a newer standing"));
}

#[test]
fn killed_at_any_moment_of_a_large_import_a_server_has_nothing_of_it_or_all() {
    let data = tempfile::tempdir().unwrap();
    let lines = lines(4_000, "told");
    let mut done = 0;
    for wait in [400, 900, 1_400, 60_000] {
        let server = Server::start(data.path(), &["--anonymous"]);
        let base = server.base.clone();
        let sent = lines.clone();
        let imports = std::thread::spawn(move || {
            call(&base, "POST", "/v1/import", &[("content-type", "application/x-ndjson")], Some(&sent))
        });
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(wait) && !imports.is_finished() {
            let asked = json!({ "subject": { "type": "Partner", "id": "p1" }, "action": { "name": "receiveBill" }, "resource": { "type": "Subscription", "id": "s-crm-c0" } });
            assert_eq!(server.post("/access/v1/evaluation", &asked).status, 200);
        }
        server.kill();
        let is_done = imports.join().unwrap().is_ok_and(|answer| answer.status == 200);
        let data = data.path().to_str().unwrap();
        let verified = standing(&["ledger", "verify", "--data", data]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
        let file = format!("{data}/exported");
        let exported = standing(&["export", &file, "--data", data]);
        assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
        let count = std::fs::read_to_string(file).unwrap().lines().count();
        assert!(count == 16_001 || (count == 0 && !is_done), "{count} lines are there");
        done += usize::from(count > 0);
    }
    assert!(done > 0, "it is never done");
}

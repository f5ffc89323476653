//! What durability costs: single decisions over HTTP, each recorded before it is answered, with syncs and without.
//!
//! `cargo bench --bench durability` serves in this process over a file, once as it is and once over the same file with
//! syncs that do nothing, asks on 1, 16 and 64 connections, and prints throughput, waits, and the bytes the file takes
//! for a record. There is no setting for the latter: a server never answers before its records are synced. The figures
//! are of one run on one machine, to be compared with each other.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::StorageBackend;
use redb::backends::FileBackend;
use serde_json::json;
use standing::cli::demo;
use standing::clock::{SharedClock, System};
use standing::domain::grant::Multichannel;
use standing::http::{Listener, Shutdown, surface};
use standing::limits::Limits;
use standing::pdp::links::LinkRing;
use standing::pdp::{Pdp, Terms, rules};
use standing::policy::{Bundle, RuleFiles, Rulebook};
use standing::store::Store;

const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// How long each is asked on.
const ASKED_FOR: Duration = Duration::from_secs(8);
/// How many records the file is measured with.
const RECORDS: usize = 100_000;

/// A file whose syncs may do nothing. It takes no locks: the folder is this program's own.
#[derive(Debug)]
struct Bytes {
    file: FileBackend,
    syncs: bool,
}

impl Bytes {
    fn open(path: &Path, syncs: bool) -> Self {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap();
        Self { file: FileBackend::new(file).unwrap(), syncs }
    }
}

impl StorageBackend for Bytes {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.syncs { self.file.sync_data() } else { Ok(()) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }
}

/// One connection that is kept alive.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    fn ask(&mut self, body: &str) {
        let head = format!(
            "POST /access/v1/evaluation HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.0.get_mut().write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        let (mut line, mut length) = (String::new(), 0);
        self.0.read_line(&mut line).unwrap();
        assert!(line.contains(" 200 "), "{line}");
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).unwrap();
        assert!(answer.starts_with(b"{\"decision\":true"));
    }
}

/// A server in this process.
struct Served {
    runtime: tokio::runtime::Runtime,
    pdp: Arc<Pdp>,
    address: SocketAddr,
    _stop: tokio::sync::watch::Sender<bool>,
}

impl Served {
    fn over(path: &Path, syncs: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let path = path.to_owned();
        let (pdp, address) = runtime.block_on(async move {
            let clock: SharedClock = Arc::new(System);
            let store = Store::over(move || Bytes::open(&path, syncs), Arc::clone(&clock)).unwrap();
            let terms = Terms {
                multichannel: Multichannel::Displace,
                limits: Limits::default(),
                public_url: "https://standing.example".to_owned(),
                solver: None,
            };
            let rules = Bundle::load(RuleFiles::built_in(), Rulebook::Domain).unwrap();
            let pdp = Arc::new(Pdp::of(store, LinkRing::of_seed([7; 32], &clock), rules, terms).unwrap());
            rules::keep_rules(&pdp, "start").await.unwrap();
            demo::demo(&pdp).await.unwrap();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let served = surface(Arc::clone(&pdp), Listener::Anonymous, Shutdown::on(stopped));
            tokio::spawn(warp::serve(served).incoming(listener).run());
            (pdp, address)
        });
        Self { runtime, pdp, address, _stop: stop }
    }

    /// Asks on so many connections until `enough`; how long every answer took.
    fn asked(&self, connections: usize, enough: impl Fn(usize, Duration) -> bool + Sync) -> Vec<Duration> {
        let body = json!({
            "subject": { "type": "Partner", "id": "contoso" },
            "action": { "name": "removeSeats" },
            "resource": { "type": "Subscription", "id": "s-office" },
        });
        let (body, began, enough) = (body.to_string(), Instant::now(), &enough);
        std::thread::scope(|scope| {
            let ask = || {
                let mut connection = Connection::open(self.address);
                let mut took = Vec::new();
                while !enough(took.len(), began.elapsed()) {
                    let asked = Instant::now();
                    connection.ask(&body);
                    took.push(asked.elapsed());
                }
                took
            };
            let asking: Vec<_> = (0..connections).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().flat_map(|asking| asking.join().unwrap()).collect()
        })
    }
}

fn main() {
    println!("single decisions over HTTP, each recorded before it is answered");
    println!("  syncs  connections  answers/s     p50 us     p99 us");
    for syncs in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let served = Served::over(&folder.path().join("standing.redb"), syncs);
        for connections in CONNECTIONS {
            served.asked(connections, |_, took| took > Duration::from_secs(1));
            let began = Instant::now();
            let mut took = served.asked(connections, |_, took| took > ASKED_FOR);
            let each = took.len() as f64 / began.elapsed().as_secs_f64();
            took.sort();
            println!(
                "  {:5}  {connections:11}  {each:9.0}  {:9}  {:9}",
                if syncs { "yes" } else { "no" },
                took[took.len() / 2].as_micros(),
                took[took.len() * 99 / 100].as_micros()
            );
        }
        served.runtime.shutdown_timeout(Duration::from_secs(5));
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("standing.redb");
    let served = Served::over(&path, true);
    let (bytes, records) = (std::fs::metadata(&path).unwrap().len(), served.pdp.records().unwrap());
    served.asked(64, |answered, _| answered >= RECORDS / 64);
    let (more, grown) = (served.pdp.records().unwrap() - records, std::fs::metadata(&path).unwrap().len() - bytes);
    println!(
        "{more} records, one by one on 64 connections: {:.0} bytes of the file for each",
        grown as f64 / more as f64
    );
}

//! A disk that is nearly full: whether it is ready is whether records can be written.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use standing::answer;
use standing::answer::past::ReadOptions;
use standing::clock::{SharedClock, Stopped};
use standing::pdp::links::LinkRing;
use standing::pdp::{Pdp, ready};
use standing::question::{Entity, Question};

use crate::disk::Disk;
use crate::server::{Server, question};
use crate::stage::{BEGIN, operator, shipped, terms, time};

/// A small disk in memory, gone when it is dropped.
struct Small(tempfile::TempDir);

impl Small {
    /// Only root makes one.
    fn of(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size},mode=0700");
        let made =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "standing-test"]).arg(folder.path()).output();
        made.is_ok_and(|made| made.status.success()).then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[test]
fn on_a_full_disk_it_is_not_ready_as_long_as_nothing_is_answered_and_says_so_once_a_minute() {
    for size in ["2m", "3m", "4m", "6m"] {
        let Some(disk) = Small::of(size) else {
            println!("skipped: a disk cannot be mounted here");
            return;
        };
        let server = match Server::try_start(disk.path(), &["--anonymous"]) {
            Ok(server) => server,
            // There is no room for a store at all.
            Err(_) => continue,
        };
        let ask = || {
            let body = question("p", "provision", "Service", "c/s").to_string();
            let headers = [("content-type", "application/json")];
            server.send("POST", "/access/v1/evaluation", &headers, Some(body.as_bytes())).status
        };
        let began = Instant::now();
        // What else is there to fill: everything but a little.
        let mut filler = std::fs::File::create(disk.path().join("filler")).unwrap();
        while std::io::Write::write(&mut filler, &[1; 4_096]).is_ok_and(|written| written > 0) {}
        drop(filler);
        while ask() == 200 {
            assert!(began.elapsed() < Duration::from_secs(120), "{size}: the disk is never full");
        }
        let (mut answered, mut ready) = (0, 0);
        for _ in 0..30 {
            let is_ready = server.get("/readyz").status == 200;
            let status = ask();
            let is_answered = status == 200;
            // Before it is full it says why, and afterwards that it cannot be written.
            assert!([200, 507, 503].contains(&status), "{size}: {status}");
            answered += usize::from(is_answered);
            ready += usize::from(is_ready);
            assert!(is_answered || !is_ready, "{size}: it says that it is ready, and does not answer");
            assert_eq!(server.get("/healthz").status, 200);
        }
        println!("{size}: {answered} of 30 were answered, {ready} times it was ready");
        let lines = server.printed().lines().filter(|line| line.contains("nothing could be written")).count();
        assert!(began.elapsed() > Duration::from_secs(60) || lines <= 1, "{lines} lines: {}", server.printed());
        std::fs::remove_file(disk.path().join("filler")).unwrap();
        let mended = Instant::now();
        while server.get("/readyz").status != 200 {
            assert!(mended.elapsed() < Duration::from_secs(30), "{size}: it is not ready again");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(ask(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_however_little_room_it_is_ready_only_if_it_answers() {
    let (mut full, mut roomy) = (0, 0);
    for room in (0..48).map(|pages| pages * 4_096) {
        let disk = Disk::default();
        let clock: SharedClock = Arc::new(Stopped::at(time(BEGIN)));
        let terms = terms();
        let pdp = Pdp::of(disk.store(&clock).unwrap(), LinkRing::of_seed([7; 32], &clock), shipped(), terms).unwrap();
        let answers = async || {
            let question = Question::new(Entity::new("Partner", "p"), "provision", Entity::new("Service", "c/s"));
            answer::ask::ask(&pdp, &operator(), question, &ReadOptions::default()).await.is_ok()
        };
        assert!(answers().await);
        disk.has_room(Some(disk.bytes().len() + room));
        for _ in 0..40 {
            let is_ready = ready::ready(&pdp).await.is_ok();
            let is_answered = answers().await;
            assert!(
                is_answered || !is_ready,
                "with room for {room} bytes it says that it is ready, and does not answer"
            );
            full += usize::from(!is_answered);
            roomy += usize::from(is_answered);
        }
        disk.has_room(None);
        ready::ready(&pdp).await.unwrap();
        assert!(answers().await);
    }
    println!("{roomy} were answered, {full} were not");
}

//! Hostile callers, one after the other, beside a good one that asks every 10 ms.
//!
//! `cargo bench --bench hostile` starts the built server on an empty folder, fills it, and prints one table: what the
//! good caller waits, quiet and under each attack, what the server takes of memory and of the disk, and how long it is
//! until it answers as before. Everything is bounded in count and time, and goes over loopback. It fails where a server
//! has to be started again.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacks;
mod scene;

use std::time::{Duration, Instant};

use attacks::{ATTACKS, Attack};
use scene::{Good, Scene};

/// How long each attack goes on.
const GOES_ON: Duration = Duration::from_secs(4);
/// What the good caller may always wait.
const ALWAYS: Duration = Duration::from_millis(5);
/// How long it may take until a server answers as before.
const RECOVERED_WITHIN: Duration = Duration::from_secs(20);
/// So many answers in a row are an answer as before.
const AS_BEFORE: usize = 20;

fn at(sorted: &[Duration], part: usize) -> Duration {
    sorted.get(sorted.len() * part / 1_000).or(sorted.last()).copied().unwrap_or(Duration::MAX)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// What the good caller waits while an attack goes on, and how often it got no answer.
fn beside(scene: &Scene, attack: &Attack) -> (Vec<Duration>, usize, usize) {
    let until = Instant::now() + GOES_ON;
    std::thread::scope(|scope| {
        let attackers: Vec<_> =
            (0..attack.at_once).map(|index| scope.spawn(move || (attack.run)(scene, index, until))).collect();
        let mut good = Good::of(scene);
        let (mut waited, mut unanswered) = (Vec::new(), 0);
        while Instant::now() < until {
            let began = Instant::now();
            match good.ask() {
                Some(took) => waited.push(took),
                None => unanswered += 1,
            }
            std::thread::sleep(Duration::from_millis(10).saturating_sub(began.elapsed()));
        }
        let calls = attackers.into_iter().map(|attacker| attacker.join().unwrap_or_default()).sum();
        waited.sort();
        (waited, unanswered, calls)
    })
}

/// How long it is until the good caller waits no longer than `most`, many times in a row.
fn recovered(scene: &Scene, most: Duration) -> Option<Duration> {
    let began = Instant::now();
    let (mut good, mut in_a_row, mut since) = (Good::of(scene), 0, began);
    while began.elapsed() < RECOVERED_WITHIN {
        if in_a_row == 0 {
            since = Instant::now();
        }
        in_a_row = if good.ask().is_some_and(|took| took <= most) { in_a_row + 1 } else { 0 };
        if in_a_row == AS_BEFORE {
            return Some(since - began);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

fn main() {
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let scene = Scene::set();
    let quiet = beside(&scene, &Attack { name: "nobody", at_once: 0, run: |_, _, _| 0 }).0;
    let most = ALWAYS.max(2 * at(&quiet, 990));
    println!(
        "the good caller waits {:.1} ms at most in 99 of 100 asks when all is quiet; {:.1} ms hold\n",
        ms(at(&quiet, 990)),
        ms(most)
    );
    println!(
        "| attack | calls | p50 ms | p99 ms | worst ms | no answer | holds | memory MiB | disk MiB | as before after ms |"
    );
    println!("|---|---:|---:|---:|---:|---:|---|---:|---:|---:|");
    let mut has_failed = false;
    let row = |name: &str, calls: usize, waited: &[Duration], unanswered: usize, disk: f64, after: Option<Duration>| {
        let holds = if unanswered == 0 && at(waited, 990) <= most { "yes" } else { "no" };
        let after = after.map_or("never".to_owned(), |after| format!("{:.0}", ms(after)));
        println!(
            "| {name} | {calls} | {:.1} | {:.1} | {:.1} | {unanswered} | {holds} | {:.0} | {disk:.1} | {after} |",
            ms(at(waited, 500)),
            ms(at(waited, 990)),
            ms(waited.last().copied().unwrap_or(Duration::MAX)),
            scene.memory_mib(),
        );
    };
    row("nobody", 0, &quiet, 0, 0.0, Some(Duration::ZERO));
    for attack in ATTACKS.iter().filter(|attack| only.as_ref().is_none_or(|only| attack.name.contains(only))) {
        let disk = scene.disk_mib();
        let (waited, unanswered, calls) = beside(&scene, attack);
        let after = recovered(&scene, most.max(Duration::from_millis(20)));
        row(attack.name, calls, &waited, unanswered, scene.disk_mib() - disk, after);
        has_failed |= after.is_none();
    }
    let asked = Instant::now();
    let stopped = scene.stop();
    println!("\nthe server stopped {:.1} s after it was told to: {stopped}", asked.elapsed().as_secs_f64());
    if has_failed || !stopped {
        std::process::exit(1);
    }
}

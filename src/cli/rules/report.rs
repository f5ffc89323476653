//! What is known of a set of rules, as a reviewer reads it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::assure::flips::{ActionFlips, Turned as TurnedRows};
use crate::assure::prove::{Beyond, Proof, Proofs};
use crate::assure::release::Outcome;
use crate::pdp::{ActionDifference, Concerned, Evidence, Turns, WorldDifference};
use crate::policy::Finding;

/// The most standings and names that are printed for each action and way; JSON has more, and says how many there are.
const SHOWN: usize = 12;

/// A finding in one line, its hint in the next.
pub(super) fn finding(finding: &Finding) -> String {
    let word = if finding.advisory { "advice: " } else { "" };
    format!("{word}{finding}\n")
}

/// What became of each claim, one a line.
pub(super) fn claims(proofs: &Proofs) -> String {
    let mut text = String::new();
    for claim in &proofs.claims {
        let said = match &claim.proof {
            Proof::Proved => "proved".to_owned(),
            Proof::CheckedOnEveryRow => "not proved (checked on every row)".to_owned(),
            Proof::NotProved { why } => format!("not proved ({why})"),
            Proof::Broken { .. } => "BROKEN".to_owned(),
        };
        let _ = writeln!(text, "{said}: {} ({})", claim.title, claim.claim);
        if let Proof::Broken { counterexample } = &claim.proof {
            let _ = writeln!(text, "  {}", counterexample.sentence);
        }
    }
    let never = match proofs.never_errs {
        Some(true) => "proved: no rule errs, whatever is asked",
        Some(false) => "BROKEN: a rule can err",
        None => "not proved: no rule errs in any row, and it is not proved that none ever does",
    };
    let _ = writeln!(text, "{never}");
    let by = match (&proofs.solver, &proofs.why) {
        (Some(solver), _) => format!("proved with {solver}, which was asked {} questions", proofs.questions),
        (None, Some(why)) => format!("there is no proof: {why}"),
        (None, None) => {
            "there is no solver on this machine: every claim was checked on every row, not proved".to_owned()
        }
    };
    let _ = writeln!(text, "{by}");
    text
}

fn heading(text: &mut String, title: &str) {
    let _ = writeln!(text, "{title}\n{}", "-".repeat(title.chars().count()));
}

/// Everything about a candidate.
pub(super) fn review(evidence: &Evidence) -> String {
    let mut text = String::new();
    let short = |digest: &crate::policy::Digest| digest.as_str().chars().take(12).collect::<String>();
    let _ = writeln!(
        text,
        "candidate {}, compared with {} in force\n",
        short(&evidence.candidate),
        short(&evidence.in_force)
    );
    heading(&mut text, "Findings");
    if evidence.findings.is_empty() {
        text.push_str("none\n");
    }
    text.extend(evidence.findings.iter().map(finding));
    if let Some(proofs) = &evidence.proofs {
        text.push('\n');
        heading(&mut text, "Claims");
        text.push_str(&claims(proofs));
    }
    text.push('\n');
    text.push_str(&differences(evidence));
    let said = match evidence.outcome {
        Outcome::Proved => "It can be put in force: every claim is proved.",
        Outcome::NotProved => {
            "It can be put in force with a word why it is not proved: every claim was checked on every row."
        }
        Outcome::Refused => "It cannot be put in force.",
    };
    let _ = writeln!(text, "\n{said}");
    text
}

/// What a candidate answers differently.
pub(super) fn differences(evidence: &Evidence) -> String {
    let mut text = String::new();
    heading(&mut text, "Rows of the table that turn");
    if evidence.rows.iter().all(|flips| flips.loosened.rows + flips.tightened.rows == 0) {
        text.push_str("none\n");
    }
    for flips in &evidence.rows {
        rows(&mut text, flips);
    }
    for beyond in &evidence.beyond {
        beyond_the_rows(&mut text, beyond, &evidence.rows);
    }
    text.push('\n');
    heading(&mut text, "The live world");
    match &evidence.world {
        Some(world) => live(&mut text, world),
        None => text.push_str("not compared\n"),
    }
    text
}

fn rows(text: &mut String, flips: &ActionFlips) {
    for (word, turned) in [("loosened", &flips.loosened), ("tightened", &flips.tightened)] {
        let TurnedRows { rows, standings, witness } = turned;
        if *rows == 0 {
            continue;
        }
        let _ = writeln!(text, "{} {word}: {rows} rows", flips.action);
        if let Some(witness) = witness {
            let _ = writeln!(text, "  for example {}", witness.sentence);
        }
        for standing in standings.iter().take(SHOWN) {
            let _ = writeln!(text, "  - {standing}");
        }
        if standings.len() > SHOWN {
            let _ =
                writeln!(text, "  - and {} more kinds of standing (`--json` has them all)", standings.len() - SHOWN);
        }
    }
    if flips.reworded > 0 {
        let _ = writeln!(
            text,
            "{} reworded: {} rows keep their answer, by other rules or for another reason",
            flips.action, flips.reworded
        );
    }
}

fn beyond_the_rows(text: &mut String, beyond: &Beyond, rows: &[ActionFlips]) {
    let of = rows.iter().find(|flips| flips.action == beyond.action);
    let shown = [of.map_or(0, |flips| flips.loosened.rows), of.map_or(0, |flips| flips.tightened.rows)];
    for ((word, case), shown) in
        [("loosened", &beyond.loosened), ("tightened", &beyond.tightened)].into_iter().zip(shown)
    {
        if let (Some(case), 0) = (case, shown) {
            let _ = writeln!(text, "{} {word} beyond the table: {}", beyond.action, case.sentence);
        }
    }
    if let Some(why) = &beyond.unknown {
        let _ = writeln!(text, "{}: not proved that nothing else turns ({why})", beyond.action);
    }
}

fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

fn concerned(of: &Concerned) -> String {
    format!(
        "{}, {}, {}, {}",
        count(of.partners, "partner"),
        count(of.customers, "customer"),
        count(of.services, "service"),
        count(of.subscriptions, "subscription")
    )
}

fn live(text: &mut String, world: &WorldDifference) {
    let _ = writeln!(
        text,
        "{} would be gained and {} lost at revision {}; concerned: {}",
        count(world.gained, "answer"),
        world.lost,
        world.revision,
        concerned(&world.concerned)
    );
    for ActionDifference { action, gained, lost } in &world.actions {
        for (word, turns) in [("gained", gained), ("lost", lost)] {
            if turns.count > 0 {
                turns_of(text, action, word, turns);
            }
        }
    }
}

fn turns_of(text: &mut String, action: &str, word: &str, turns: &Turns) {
    let _ = writeln!(text, "{action} {word}: {}; {}", count(turns.count, "answer"), concerned(&turns.concerned));
    for pair in turns.named.iter().take(SHOWN) {
        let (subject, resource) = (&pair.subject, &pair.resource);
        let _ = writeln!(text, "  - {}::{} on {}::{}", subject.kind, subject.id, resource.kind, resource.id);
    }
    for strangers in &turns.strangers {
        let _ = writeln!(text, "  - {strangers}: {}", count(strangers.pairs, "answer"));
    }
    let left = turns.count - turns.named.iter().take(SHOWN).count() as u64;
    if left > 0 {
        let _ = writeln!(text, "  - {left} more (`--all` names each)");
    }
}

/// An answer that turns, one a line.
pub(super) fn turned(line: &Value) -> String {
    let named = |entity: &Value| {
        let text = |member: &str| entity[member].as_str().unwrap_or_default().to_owned();
        format!("{}::{}", text("type"), text("id"))
    };
    let told = ["gained", "lost"].into_iter().find_map(|turn| Some((turn, line.get(turn)?)));
    told.map_or_else(String::new, |(turn, of)| {
        let action = of["action"].as_str().unwrap_or_default();
        format!("{turn} {} {action} {}\n", named(&of["subject"]), named(&of["resource"]))
    })
}

//! What a candidate answers differently, as a reviewer reads it: rows of the table, and everybody in the live world.

use console::style;

use crate::assure::context::Said;
use crate::assure::prove::Beyond;
use crate::assure::retitled::{Retitled, Reworded};
use crate::assure::table_diff::{ActionFlips, IfSaid, Turned as TurnedRows};
use crate::cli::page::Page;
use crate::publish::difference::{ActionDifference, Concerned, IfSaid as WorldIfSaid, Turns, WorldDifference};
use crate::publish::review::Evidence;

/// The most standings and names that are printed for each action and way; JSON has more, and says how many there are.
const SHOWN: usize = 12;
/// To whom the first counts of the live world apply, where what callers say turns an answer.
const LEAST: &str = " if callers say no more than they have to";

/// What a candidate answers differently.
pub(super) fn differences(page: &mut Page, evidence: &Evidence) {
    page.heading("Rows of the table that turn");
    let is_listed = |flips: &ActionFlips| {
        let turns = flips.loosened.rows + flips.tightened.rows + flips.if_said.len();
        flips.is_new || flips.is_gone || turns > 0 || flips.unknown.is_some()
    };
    if !evidence.rows.iter().any(is_listed) {
        page.line("none");
    }
    for flips in &evidence.rows {
        rows(page, flips);
    }
    for beyond in &evidence.beyond {
        beyond_the_rows(page, beyond);
    }
    if let Some(why) = &evidence.beyond_unknown {
        page.line(format!("it is not known what turns beyond the table ({why})"));
    }
    titles(page, &evidence.retitled);
    page.heading("The live world");
    match &evidence.world {
        Some(world) => live(page, world, &evidence.rows),
        None => page.line("not compared"),
    }
}

fn loosened() -> String {
    style("loosened").yellow().to_string()
}

fn tightened() -> String {
    style("tightened").cyan().to_string()
}

fn rows(page: &mut Page, flips: &ActionFlips) {
    rows_of_least(page, flips);
    let action = &flips.action;
    for IfSaid { said, loosened: gained, tightened: lost, not_loosened, not_tightened } in &flips.if_said {
        let said = if_said(said);
        for (word, turned, fewer) in [(loosened(), gained, *not_loosened), (tightened(), lost, *not_tightened)] {
            if turned.rows > 0 {
                page.line(format!("{action} {word}: {} more{said}", count(turned.rows as u64, "row")));
                examples(page, turned);
            }
            if fewer > 0 {
                page.line(format!("{action} {word}: {} fewer{said}", count(fewer as u64, "row")));
            }
        }
    }
    if let Some(why) = &flips.unknown {
        page.line(unknown(action, why));
    }
}

fn unknown(action: &str, why: &str) -> String {
    format!("{action}: it is not known what else turns by what callers say ({why})")
}

/// The condition under which something turns.
fn if_said(said: &Said) -> String {
    format!(" if the caller says {}", said.words)
}

/// What turns for a caller that says no more than it has to.
fn rows_of_least(page: &mut Page, flips: &ActionFlips) {
    let ActionFlips { action, is_new, is_gone, .. } = flips;
    let least = flips.said.as_ref().map(if_said).unwrap_or_default();
    let yes = |turned: &TurnedRows| count(turned.rows as u64, "row");
    if *is_new {
        match flips.loosened.rows {
            0 => page.line(format!("new action {action}: a no in every row{least}")),
            _ => page.line(format!("new action {action}: a yes in {}{least}", yes(&flips.loosened))),
        }
        return examples(page, &flips.loosened);
    }
    if *is_gone {
        match flips.tightened.rows {
            0 => page.line(format!("{action} is no action any more; it was a no in every row{least}")),
            _ => page.line(format!("{action} is no action any more; it was a yes in {}{least}", yes(&flips.tightened))),
        }
        return examples(page, &flips.tightened);
    }
    for (word, turned) in [(loosened(), &flips.loosened), (tightened(), &flips.tightened)] {
        if turned.rows > 0 {
            page.line(format!("{action} {word}: {}{least}", count(turned.rows as u64, "row")));
            examples(page, turned);
        }
    }
    if flips.reworded > 0 {
        let rows = count(flips.reworded as u64, "row");
        let keep = if flips.reworded == 1 { "keeps its answer" } else { "keep their answer" };
        page.line(format!("{action} reworded: {rows} {keep}, by other rules or for another reason"));
    }
}

fn examples(page: &mut Page, turned: &TurnedRows) {
    if let Some(witness) = &turned.witness {
        page.below(format!("for example {}", witness.sentence));
    }
    for standing in turned.standings.iter().take(SHOWN) {
        page.item(standing);
    }
    if turned.standings.len() > SHOWN {
        page.item(format!("and {} more kinds of standing (`--json` has them all)", turned.standings.len() - SHOWN));
    }
}

fn beyond_the_rows(page: &mut Page, beyond: &Beyond) {
    for (word, case) in [(loosened(), &beyond.loosened), (tightened(), &beyond.tightened)] {
        if let Some(case) = case {
            page.line(format!("{} {word} beyond the table: {}", beyond.action, case.sentence));
        }
    }
    if let Some(why) = &beyond.unknown {
        page.line(format!("{}: it is not known what else turns beyond the table ({why})", beyond.action));
    }
}

/// What is said of rules otherwise.
fn titles(page: &mut Page, retitled: &[Retitled]) {
    if !retitled.is_empty() {
        page.heading("Titles and reasons that change");
    }
    for Retitled { rule, title, reason } in retitled {
        for (word, said) in [("title", title), ("reason", reason)] {
            if let Some(Reworded { was, is }) = said {
                page.line(format!("`{rule}`: the {word} was \"{was}\" and is \"{is}\""));
            }
        }
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

fn live(page: &mut Page, world: &WorldDifference, rows: &[ActionFlips]) {
    page.line(format!(
        "{} would be gained and {} lost at revision {}{}; concerned: {}",
        count(world.gained, "answer"),
        world.lost,
        world.revision,
        if world.actions.iter().any(|action| action.said.is_some()) { LEAST } else { "" },
        concerned(&world.concerned)
    ));
    for ActionDifference { action, gained, lost, said, if_said: others, unknown: why } in &world.actions {
        let is_new = rows.iter().any(|flips| flips.is_new && flips.action == *action);
        let action = if is_new { format!("new action {action}") } else { action.clone() };
        for (word, turns) in [(style("gained").yellow(), gained), (style("lost").cyan(), lost)] {
            if turns.count > 0 {
                turns_of(page, &format!("{action} {word}"), turns, &said.as_ref().map(if_said).unwrap_or_default());
            }
        }
        for WorldIfSaid { said, gained, lost, not_gained, not_lost } in others {
            let ways = [(style("gained").yellow(), gained, not_gained), (style("lost").cyan(), lost, not_lost)];
            for (word, turns, fewer) in ways {
                if turns.count > 0 {
                    turns_of(page, &format!("{action} {word}"), turns, &format!(" more{}", if_said(said)));
                }
                if *fewer > 0 {
                    page.line(format!("{action} {word}: {} fewer{}", count(*fewer, "answer"), if_said(said)));
                }
            }
        }
        if let Some(why) = why {
            page.line(unknown(&action, why));
        }
    }
}

fn turns_of(page: &mut Page, what: &str, turns: &Turns, when: &str) {
    page.line(format!("{what}: {}{when}; {}", count(turns.count, "answer"), concerned(&turns.concerned)));
    for pair in turns.named.iter().take(SHOWN) {
        let (subject, resource) = (&pair.subject, &pair.resource);
        page.item(format!("{}::{} on {}::{}", subject.kind, subject.id, resource.kind, resource.id));
    }
    for unrelated in &turns.unrelated {
        page.item(format!("{unrelated}: {}", count(unrelated.pairs, "answer")));
    }
    let left = turns.count - turns.named.iter().take(SHOWN).count() as u64;
    if left > 0 {
        page.item(format!("{left} more (`--all` names each)"));
    }
}

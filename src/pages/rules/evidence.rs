//! What is known of a set of rules before it is in force: what it came to, broken promises, who gains and loses, rows
//! that turn, changed files, promises, findings; always in this order.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::naming::file_address;
use crate::answer::what_if::Named;
use crate::assure::proof::{Proof, Proofs};
use crate::assure::prove::Beyond;
use crate::assure::release::Outcome;
use crate::assure::retitled::{Retitled, Reworded};
use crate::assure::table_diff::{ActionFlips, Turned};
use crate::id::Seq;
use crate::pages::answer::{Tone, answer, panel};
use crate::pages::called::Called;
use crate::pages::context::{Fault, PageCall};
use crate::pages::side_by_side::side_by_side;
use crate::pages::table::Table;
use crate::pages::words::{Words, id, name};
use crate::pdp::call::{CallError, would_be_let_in};
use crate::publish::PublishError;
use crate::publish::difference::{Turns, WorldDifference};
use crate::publish::review::Evidence;
use crate::publish::rules_difference::rules_difference;

/// Texts by path.
pub(super) type Files = BTreeMap<String, String>;

/// What was kept of a review; nothing where there is none, or an earlier program kept it in a form of its own.
pub(super) fn kept(evidence: Option<&Value>) -> Option<Evidence> {
    serde_json::from_value(evidence?.clone()).ok()
}

/// Everything that is known of a candidate.
pub(super) fn evidence(page: &PageCall, known: &Evidence, old: &Files, new: &Files) -> Result<Markup, Fault> {
    let words = page.words;
    Ok(html! {
        (outcome(words, known))
        (broken(words, known.proofs.as_ref()))
        @if let Some(world) = &known.world { (live_world(page, world)?) }
        // What cannot be read is compared with nothing.
        @if known.proofs.is_none() && known.world.is_none() && known.rows.is_empty() {
            (not_compared(words))
        } @else { (rows(words, &known.rows)) }
        (beyond(words, &known.beyond, known.beyond_unknown.as_deref()))
        (titles(words, &known.retitled))
        (changed_files(words, old, new))
        (promises(words, known))
        (findings(words, &known.findings, known.candidate.as_str())?)
    })
}

/// What it came to, in a panel.
pub(super) fn outcome(words: Words, known: &Evidence) -> Markup {
    let claims = known.proofs.as_ref().map_or(0, |proofs| proofs.claims.len());
    let turned = known.world.as_ref().map(|world| (world.lost as usize, world.gained as usize));
    let (tone, key) = match known.outcome {
        Outcome::Proved => (Tone::Good, "evidence-proved"),
        Outcome::NotProved => (Tone::Care, "evidence-unproved"),
        Outcome::Refused => (Tone::Bad, "evidence-refused"),
    };
    let refusing = known.findings.iter().filter(|finding| !finding.advisory).count();
    let body = html! {
        p {
            (words.with(&format!("{key}-says"), [("claims", claims.into()), ("count", refusing.into())]))
            @if let Some((lost, gained)) = turned {
                " " strong { (words.with("evidence-turned", [("lost", lost.into()), ("gained", gained.into())])) }
            }
        }
    };
    panel(tone, &words.say(key), &body)
}

fn broken(words: Words, proofs: Option<&Proofs>) -> Markup {
    let broken = proofs.into_iter().flat_map(|proofs| &proofs.claims).filter_map(|claim| match &claim.proof {
        Proof::Broken { counterexample } => Some((claim, counterexample)),
        _ => None,
    });
    let broken: Vec<_> = broken.collect();
    html! {
        @if !broken.is_empty() {
            h2 id="broken" { (words.say("evidence-broken")) }
            @for (claim, counterexample) in broken {
                div.panel.bad lang="en" {
                    h3 { (claim.title) }
                    p { (counterexample.sentence) }
                    p.small { (id(claim.claim.as_str())) }
                }
            }
        }
    }
}

/// A partner, a customer, or what a question is about, as a person reads it.
fn named(called: &Called<'_>, who: &Named) -> Markup {
    called.with_id(&format!("{}:{}", who.kind.to_lowercase(), who.id), &who.id)
}

/// Who gains and loses what among everything that is registered.
pub(super) fn live_world(page: &PageCall, world: &WorldDifference) -> Result<Markup, Fault> {
    let words = page.words;
    let called = Called::of(page)?;
    let mut rows: Vec<Vec<Markup>> = Vec::new();
    let mut others: Vec<Markup> = Vec::new();
    let mut unknown: Vec<Markup> = Vec::new();
    for action in &world.actions {
        let mut enter = |turns: &Turns, is_gained: bool| {
            for pair in &turns.named {
                rows.push(vec![
                    named(&called, &pair.subject),
                    words.action(&action.action),
                    named(&called, &pair.resource),
                    answer(words, !is_gained),
                    answer(words, is_gained),
                ]);
            }
            let key = if is_gained { "live-others-gain" } else { "live-others-lose" };
            others.extend(turns.unrelated.iter().map(|unrelated| {
                let whom = html! { span lang="en" { (unrelated) } };
                let parts = [("action", words.action(&action.action).into()), ("whom", whom.into())];
                words.with(key, parts)
            }));
        };
        enter(&action.gained, true);
        enter(&action.lost, false);
        for said in &action.if_said {
            enter(&said.gained, true);
            enter(&said.lost, false);
        }
        unknown.extend(action.unknown.as_ref().map(|why| html! { span lang="en" { (why) } }));
    }
    let concerned = &world.concerned;
    let named = rows.len();
    let columns = ["who", "may", "on", "now", "then"].map(|key| words.say(&format!("column-{key}")));
    let table = Table { caption: None, labelled_by: Some("world"), columns: columns.into(), rows };
    Ok(html! {
        h2 id="world" { (words.say("live-title")) }
        p { (words.with("live-says", [
            ("revision", world.revision.to_string().into()),
            ("partners", (concerned.partners as usize).into()),
            ("customers", (concerned.customers as usize).into()),
            ("subscriptions", (concerned.subscriptions as usize).into()),
            ("gained", (world.gained as usize).into()),
            ("lost", (world.lost as usize).into()),
        ])) }
        @if named > 0 { (table.scrolling(&words.say("live-title"))) }
        @if !others.is_empty() { ul { @for other in others { li { (other) } } } }
        @if world.gained + world.lost > 0 {
            p.soft { (words.with(if world.complete { "live-complete" } else { "live-cut" }, [("count", named.into())])) }
        }
        @for why in unknown { p { (words.say("live-unknown")) " " (why) } }
    })
}

/// The rows of the tables that turn.
pub(super) fn rows(words: Words, flips: &[ActionFlips]) -> Markup {
    let mut rows: Vec<Vec<Markup>> = Vec::new();
    let mut examples: Vec<&str> = Vec::new();
    let mut enter = |action: &str, turned: &'_ Turned, is_yes: bool| {
        if turned.rows == 0 {
            return;
        }
        rows.push(vec![
            words.action(action),
            html! { @for standing in &turned.standings { div lang="en" { (standing) } } },
            answer(words, !is_yes),
            answer(words, is_yes),
            html! { span.count { (turned.rows) } },
        ]);
    };
    for flip in flips {
        enter(&flip.action, &flip.loosened, true);
        enter(&flip.action, &flip.tightened, false);
        for said in &flip.if_said {
            enter(&flip.action, &said.loosened, true);
            enter(&flip.action, &said.tightened, false);
        }
        let witnesses = [&flip.loosened, &flip.tightened].into_iter().filter_map(|turned| turned.witness.as_ref());
        examples.extend(witnesses.map(|witness| &*witness.sentence));
    }
    let reworded: usize = flips.iter().map(|flip| flip.reworded).sum();
    let columns = ["action", "standing", "now", "then", "rows"].map(|key| words.say(&format!("column-{key}")));
    let is_none = rows.is_empty();
    let table = Table { caption: None, labelled_by: Some("rows"), columns: columns.into(), rows };
    html! {
        h2 id="rows" { (words.say("rows-title")) }
        @if is_none { p { (words.say("rows-none")) } } @else { (table.scrolling(&words.say("rows-title"))) }
        @for example in examples { p { (words.say("rows-example")) " " span lang="en" { (example) } } }
        @if reworded > 0 { p.soft { (words.with("rows-reworded", [("count", reworded.into())])) } }
    }
}

/// That nothing was compared.
fn not_compared(words: Words) -> Markup {
    html! {
        h2 id="rows" { (words.say("rows-title")) }
        p { (words.say("rows-not-compared")) }
    }
}

/// What turns in no row of the tables, and of which actions that is not known.
fn beyond(words: Words, beyond: &[Beyond], unknown: Option<&str>) -> Markup {
    let of = |one: &Beyond| [&one.loosened, &one.tightened].map(|case| Some(case.as_ref()?.sentence.clone()));
    let cases: Vec<String> = beyond.iter().flat_map(of).flatten().collect();
    let why = beyond.iter().filter_map(|one| Some(format!("{}: {}", one.action, one.unknown.as_deref()?)));
    let why: Vec<String> = why.chain(unknown.map(str::to_owned)).collect();
    html! {
        @if !cases.is_empty() {
            p { strong { (words.say("beyond-rows")) } }
            ul lang="en" { @for case in cases { li { (case) } } }
        }
        @for why in why { p { (words.say("beyond-rows-unknown")) " " span lang="en" { (why) } } }
    }
}

/// What is said of rules otherwise.
fn titles(words: Words, retitled: &[Retitled]) -> Markup {
    let said = |one: &Retitled| {
        let changed = [one.title.clone(), one.reason.clone()].into_iter().flatten();
        changed.map(|Reworded { was, is }| (was, is)).collect::<Vec<_>>()
    };
    html! {
        @if !retitled.is_empty() {
            h2 id="titles" { (words.say("retitled-title")) }
            ul lang="en" { @for one in retitled { @for (was, is) in said(one) { li {
                (was) " → " (is) " " span.small { (id(one.rule.as_str())) }
            } } } }
        }
    }
}

/// What turns between two sets that are kept, and where that is recorded; nothing of a set that was never in force, or
/// for whoever may not have rules reviewed.
pub(super) async fn difference(page: &PageCall, from: &str, to: &str) -> Result<Option<(Markup, Vec<Seq>)>, Fault> {
    let pdp = &page.setting.pdp;
    if !would_be_let_in::<PublishError>(pdp, &page.call, "reviewRules")? {
        return Ok(None);
    }
    let read = match rules_difference(pdp, &page.call, from, to).await {
        Ok(read) => read,
        Err(CallError::Refused(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let difference = &read.value;
    let is_of_rows =
        !difference.rows.is_empty() || !difference.beyond.is_empty() || difference.beyond_unknown.is_some();
    let is_compared = difference.same || difference.world.is_some() || is_of_rows;
    let markup = html! {
        @if let Some(world) = &difference.world { (live_world(page, world)?) }
        @if is_compared || difference.findings.is_empty() { (rows(page.words, &difference.rows)) }
        @else { (not_compared(page.words)) }
        (beyond(page.words, &difference.beyond, difference.beyond_unknown.as_deref()))
        @if !difference.findings.is_empty() { (findings(page.words, &difference.findings, to)?) }
    };
    Ok(Some((markup, read.seqs)))
}

/// The files that two sets have otherwise, side by side.
pub(super) fn changed_files<'a>(words: Words, old: &'a Files, new: &'a Files) -> Markup {
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed: Vec<&String> = paths.into_iter().filter(|path| old.get(*path) != new.get(*path)).collect();
    let same = new.iter().filter(|(path, text)| old.get(*path) == Some(*text)).count();
    let text = |files: &'a Files, path: &String| files.get(path).map_or("", String::as_str);
    html! {
        h2 id="files" { (words.say("files-title")) }
        p { (words.with("files-changed", [("changed", changed.len().into()), ("same", same.into())])) }
        @for path in changed {
            @let key = match (old.contains_key(path), new.contains_key(path)) {
                (false, _) => "file-added",
                (_, false) => "file-removed",
                _ => "file-changed",
            };
            h3 { (id(path)) " " span.tag { (words.say(key)) } }
            (side_by_side(words, path, text(old, path), text(new, path), &words.text("file-both", &[("path", path)])))
        }
    }
}

fn promises(words: Words, known: &Evidence) -> Markup {
    let Some(proofs) = &known.proofs else { return html! {} };
    let proved = proofs.claims.iter().filter(|claim| claim.proof == Proof::Proved).count();
    let solver = proofs.solver.clone().unwrap_or_default();
    html! {
        h2 id="promises" { (words.say("promises-title")) }
        p {
            (words.with("promises-proved", [("proved", proved.into()), ("count", proofs.claims.len().into())])) " "
            (words.say(match proofs.never_errs {
                Some(true) => "promises-never-errs",
                Some(false) => "promises-can-err",
                None => "promises-unknown-errs",
            }))
            " "
            @if proofs.solver.is_some() {
                (words.with("promises-solver", [("solver", name(&solver).into()), ("count", proofs.questions.into())]))
            } @else { (words.say("promises-no-solver")) }
        }
        details {
            summary { (words.say("promises-each")) }
            ul lang="en" { @for claim in &proofs.claims { li {
                @let (class, key) = match &claim.proof {
                    Proof::Proved => ("yes", "promise-proved"),
                    Proof::CheckedOnEveryRow => ("no", "promise-checked"),
                    Proof::NotProved { .. } => ("no", "promise-unproved"),
                    Proof::Broken { .. } => ("no", "promise-broken"),
                };
                span class=(class) lang=(words.0.code()) { (words.say(key)) } " " (claim.title) " "
                span.small { (id(claim.claim.as_str())) }
            } } }
        }
        @if !known.retired.is_empty() {
            h3 { (words.say("promises-retired")) }
            ul lang="en" { @for retired in &known.retired { li {
                (retired.title) " " span.small { (id(&retired.promise)) }
                @if let (Some(by), Some(why)) = (&retired.by, &retired.why) { ": " (name(by)) ", " (name(why)) }
            } } }
        }
    }
}

/// A finding, as it is told.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    path: String,
    line: usize,
    column: usize,
    message: String,
    hint: Option<String>,
    #[serde(default)]
    advisory: bool,
    #[serde(default)]
    in_force: bool,
}

impl Found {
    /// Where it is, as people write it.
    fn place(&self) -> String {
        match self.line {
            0 => self.path.clone(),
            line => format!("{}:{line}:{}", self.path, self.column),
        }
    }

    /// The address of its line; nothing where it is in no file.
    fn address(&self, set: &str) -> Option<String> {
        let file = file_address((!self.in_force).then_some(set), &self.path);
        let is_file = self.path.contains('.');
        is_file.then(|| if self.line == 0 { file } else { format!("{file}#L{}", self.line) })
    }
}

/// What was found, those first that refuse.
pub(super) fn findings(words: Words, found: &impl Serialize, set: &str) -> Result<Markup, Fault> {
    let found = serde_json::to_value(found).and_then(serde_json::from_value::<Vec<Found>>);
    let found = found.map_err(|_| Fault::Unavailable)?;
    Ok(html! {
        h2 id="findings" { (words.say("findings-title")) }
        @if found.is_empty() { p { (words.say("findings-none")) } } @else {
            ul { @for one in found { li lang="en" {
                @if one.advisory { span.tag lang=(words.0.code()) { (words.say("finding-advice")) } " " }
                @match one.address(set) {
                    Some(to) => a href=(to) { (id(&one.place())) },
                    None => (id(&one.place())),
                }
                ": " (one.message)
                @if let Some(hint) = &one.hint { "; " (hint) }
            } } }
        }
    })
}

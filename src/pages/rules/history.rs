//! Every set of rules that decided: when, by whom, why; and one of them.

use std::collections::{BTreeMap, BTreeSet};

use maud::html;

use super::evidence::{kept, outcome};
use super::naming::{entry_why, file_address, set_link, short, whom, whom_and_person};
use crate::config::RulesFrom;
use crate::id::Seq;
use crate::pages::address::address;
use crate::pages::called::Called;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::frame::Shown;
use crate::pages::table::{Table, paging};
use crate::pages::when::moment;
use crate::pages::words::id;
use crate::pdp::rules::rules_from;
use crate::publish::ProposalReport;
use crate::publish::proposal::proposals_numbered;
use crate::publish::report::{RulesEntry, rules_history, rules_with};

const ON_A_PAGE: usize = 50;

/// `GET /rules/history`
pub async fn history(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let cursor = page.asked("cursor");
    let read = rules_history(&page.setting.pdp, &page.call, ON_A_PAGE, cursor.as_deref()).await?;
    let next = read.value.next.as_ref().map(|next| address(&page.path, &[("cursor", Some(next))]));
    let first = cursor.map(|_| page.path.clone());
    let (proposed, seqs) = proposed(&page, &read.value.items).await?;
    let main = html! {
        h1 id="history" { (words.say("nav-rules-history")) }
        p { (words.say("history-says")) }
        (entries(&page, &read.value.items, &proposed, "history")?)
        (paging(words, read.value.items.len(), first.as_deref(), next.as_deref()))
    };
    Ok(Shown::of(words.say("nav-rules-history"), main).at(read.revision, &[&read.seqs[..], &seqs[..]].concat()).into())
}

/// What was proposed, by its number.
type Proposed = BTreeMap<u64, ProposalReport>;

/// The proposals that rules came in force by, and where it is recorded that they were looked at.
async fn proposed(page: &PageCall, entries: &[RulesEntry]) -> Result<(Proposed, Vec<Seq>), Fault> {
    let numbers: BTreeSet<u64> = entries.iter().filter_map(|entry| entry.proposal).collect();
    if numbers.is_empty() {
        return Ok((Proposed::new(), Vec::new()));
    }
    let read = proposals_numbered(&page.setting.pdp, &page.call, &numbers).await?;
    Ok((read.value.into_iter().map(|proposal| (proposal.id, proposal)).collect(), read.seqs))
}

fn entries(
    page: &PageCall,
    entries: &[RulesEntry],
    proposed: &Proposed,
    labelled_by: &'static str,
) -> Result<maud::Markup, Fault> {
    let called = Called::of(page)?;
    // Whoever put them in force approved what another proposed.
    let by = |entry: &RulesEntry| {
        let proposal = entry.proposal.and_then(|number| proposed.get(&number));
        let who = proposal.map(|one| whom_and_person(&called, &one.proposer, one.person.as_deref()));
        html! {
            (whom(&called, &entry.by))
            @if let Some(who) = who {
                br; span.soft.small { (page.words.with("history-proposed", [("who", who.into())])) }
            }
        }
    };
    let rows = entries
        .iter()
        .map(|entry| vec![set_link(&entry.digest), moment(page.words, entry.at), by(entry), entry_why(page, entry)]);
    let columns = ["set", "in-force-since", "by", "why"].map(|key| page.words.say(&format!("column-{key}")));
    let rows = rows.collect();
    Ok(Table { caption: None, labelled_by: Some(labelled_by), columns: columns.into(), rows }.stacked())
}

/// `GET /rules/sets/{digest}`
pub async fn set(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let digest: String = page.param("digest")?;
    let pdp = &page.setting.pdp;
    let read = rules_with(pdp, &page.call, &digest).await?;
    let set = &read.value;
    let current = pdp.digest().to_string();
    let is_in_force = set.digest == current;
    let (proposed, seqs) = proposed(&page, &set.in_force).await?;
    let title = words.text("set-title", &[("set", &short(&set.digest))]);
    let main = html! {
        p.trail { a href="/rules/history" { (words.say("back-to-history")) } }
        h1 { (words.with("set-title", [("set", id(&short(&set.digest)).into())])) }
        p.small { (id(&set.digest)) }
        @if is_in_force { p { strong { (words.say("set-in-force")) } } }
        @if let Some(known) = kept(set.evidence.as_ref()) { (outcome(words, &known)) }
        h2 id="in-force" { (words.say("set-when")) }
        @if set.in_force.is_empty() { p { (words.say("set-never")) } }
        @else { (entries(&page, &set.in_force, &proposed, "in-force")?) }
        p.buttons {
            a.button.quiet href=(address("/rules/tables", &[("set", Some(&set.digest))])) { (words.say("nav-rules-tables")) }
            a.button.quiet href=(address("/rules/files", &[("set", Some(&set.digest))])) { (words.say("nav-rules-files")) }
            @if !is_in_force {
                a href=(address("/rules/compare", &[("from", Some(&current)), ("to", Some(&set.digest))])) { (words.say("set-compare")) }
                @if !set.in_force.is_empty() && rules_from(pdp) == RulesFrom::Publishing {
                    a href=(address("/rules/rollback", &[("to", Some(&set.digest))])) { (words.say("set-go-back")) }
                }
            }
        }
        h2 { (words.say("set-files")) }
        ul { @for path in set.files.keys() { li { a href=(file_address(Some(&set.digest), path)) { (id(path)) } } } }
    };
    Ok(Shown::of(title, main).at(read.revision, &[&read.seqs[..], &seqs[..]].concat()).into())
}

//! The ledger, walked along from its first record to the newest: as it was written, or what is not.

use std::time::Instant;

use maud::{Markup, html};

use super::replay_all::time_for_a_page;
use crate::audit::{Fault as Broken, Finding, Walked};
use crate::evidence::ledger::{LedgerWalk, verify_ledger};
use crate::pages::answer::{Tone, panel};
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::facts::facts;
use crate::pages::frame::Shown;
use crate::pages::table::Table;
use crate::pages::words::{Words, id};
use crate::work::{Counted, come};

/// How many records are walked past at a time.
const STEPS: u64 = 2_000;
/// How many findings are listed; the others are counted.
const LISTED_MAX: usize = 200;
/// The command that walks as long as it takes.
const COMMAND: &str = "standing ledger verify";

/// `GET /ledger/verification`
pub async fn verification(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let asked = &page.parameters;
    let read = verify_ledger(&page.setting.pdp, &page.call).await?;
    let size = read.value.size();
    let walked = if asked.given("now").is_some() { Some(walked(&page, read.value).await?) } else { None };
    let main = html! {
        p.trail { a href="/ledger" { (words.say("nav-ledger")) } }
        h1 { (words.say("verification")) }
        p.lead { (words.with("verification-says", [("count", usize::try_from(size).unwrap_or(usize::MAX).into())])) }
        @match &walked {
            Some(Ok(walked)) => (result(words, walked)),
            Some(Err(so_far)) => (panel(Tone::Care, &words.say("verification-long-title"), &html! {
                p { (words.with("verification-long-says", [
                    ("count", usize::try_from(*so_far).unwrap_or(usize::MAX).into()), ("command", id(COMMAND).into()),
                ])) }
            })),
            None => {},
        }
        form.screen method="get" action="/ledger/verification" {
            input type="hidden" name="now" value="yes";
            div.buttons { button.quiet { (words.say(if walked.is_some() { "verify-again" } else { "verify-now" })) } }
        }
        p { (words.say("verification-outside")) " " (id(COMMAND)) }
    };
    Ok(Shown::of(words.say("verification"), main).at(read.revision, &read.seqs).into())
}

/// Walks to the end, or as far as there is time for; others have their turn between two pieces.
async fn walked(page: &PageCall, mut walk: LedgerWalk) -> Result<Result<Walked, u64>, Fault> {
    let (begun, most) = (Instant::now(), time_for_a_page(page));
    let size = walk.size();
    while let Some(behind) = walk.advance(STEPS) {
        come(Counted::Records, behind, size);
        if begun.elapsed() > most {
            return Ok(Err(behind));
        }
        tokio::task::yield_now().await;
    }
    Ok(Ok(walk.end()))
}

fn result(words: Words, walked: &Walked) -> Markup {
    let number = |count: u64| html! { (count) };
    let rows = [
        ("walked-records", number(walked.records)),
        ("walked-archived", number(walked.archived)),
        ("walked-checkpoints", number(walked.checkpoints)),
        ("walked-root", id(&walked.root_hash)),
    ]
    .map(|(key, value)| (words.say(key), value));
    let heading = match walked.findings.first() {
        None => words.say("as-written"),
        Some(first) => words.text("not-as-written", &[("seq", &first.seq.to_string())]),
    };
    let tone = if walked.whole { Tone::Good } else { Tone::Bad };
    let says = if walked.whole { "as-written-says" } else { "not-as-written-says" };
    let body = html! {
        p { (words.with(says, [("count", walked.findings.len().into())])) }
        @for remark in &walked.remarks { p.small lang="en" { (remark) } }
    };
    let columns = ["record", "wrong", "detail"].map(|key| words.say(&format!("column-{key}"))).into();
    let rows_found = walked.findings.iter().take(LISTED_MAX).map(|finding| row(words, finding)).collect();
    let caption = Some(html! { (words.say("findings")) });
    let table = Table { caption, labelled_by: None, columns, rows: rows_found };
    html! {
        (panel(tone, &heading, &body))
        @if !walked.findings.is_empty() { (table.stacked()) }
        @if let Some(more) = walked.findings.len().checked_sub(LISTED_MAX).filter(|more| *more > 0) {
            p.soft { (words.with("all-more", [("count", more.into())])) }
        }
        (facts(&rows))
    }
}

fn row(words: Words, finding: &Finding) -> Vec<Markup> {
    let Finding { fault, seq, last, message } = finding;
    let last = last.filter(|last| last != seq);
    vec![
        html! { a href=(format!("/ledger/{seq}")) { (seq) } @if let Some(last) = last { "–" (last) } },
        html! { (words.say(broken(*fault))) },
        html! { span lang="en" { (message) } },
    ]
}

fn broken(fault: Broken) -> &'static str {
    match fault {
        Broken::Changed => "broken-changed",
        Broken::Dropped => "broken-dropped",
        Broken::Inserted => "broken-inserted",
        Broken::Swapped => "broken-swapped",
        Broken::Moved => "broken-moved",
        Broken::Tree => "broken-tree",
        Broken::Unreadable => "broken-unreadable",
        Broken::Journal => "broken-journal",
        Broken::Table => "broken-table",
        Broken::Checkpoint => "broken-checkpoint",
    }
}

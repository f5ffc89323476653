//! The signed heads of the ledger that are kept, to be downloaded, and one that somebody kept, held against the ledger.

use maud::{Markup, html};

use crate::evidence::ledger::checkpoints::{KeptCheckpoint, checkpoints as kept, kept_checkpoint};
use crate::evidence::ledger::comparison::{Comparison, compare_checkpoint};
use crate::evidence::ledger::{ConsistencyProof, ledger_key};
use crate::pages::address::address;
use crate::pages::answer::{Tone, panel};
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::facts::facts;
use crate::pages::form::{Area, FieldError, area, summary};
use crate::pages::frame::Shown;
use crate::pages::table::{Table, no_row, paging};
use crate::pages::typed::{Sent, as_of_before};
use crate::pages::words::{Words, id};
use crate::pdp::call::Response;
use crate::pdp::page::Page;

const ON_A_PAGE: usize = 50;
const PATH: &str = "/ledger/checkpoints";
const TEXT: &str = "text/plain; charset=utf-8";

/// `GET /ledger/checkpoints`
pub async fn checkpoints(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let asked = &page.parameters;
    let cursor = asked.given("cursor");
    let found = kept(&page.setting.pdp, &page.call, ON_A_PAGE, cursor).await?;
    let words = page.words;
    let list = list(words, &found, cursor.is_some());
    let main = framed(&page, "checkpoints", "", &[], &html! {}, &list)?;
    let shown = Shown::of(words.say("checkpoints"), main);
    Ok(shown.at(found.revision, &found.seqs).into())
}

/// `POST /ledger/checkpoints`: a checkpoint that somebody kept is held against the ledger. It changes nothing.
pub async fn compared(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let form = match page.form_typed(&["note"])? {
        Sent::Form(form) => form,
        Sent::OfBefore(form) => {
            let found = kept(&page.setting.pdp, &page.call, ON_A_PAGE, None).await?;
            let all = list(words, &found, false);
            let main = framed(&page, "checkpoints", form.text("note"), &[], &html! {}, &all)?;
            let shown = Shown::of(words.say("checkpoints"), main).at(found.revision, &found.seqs);
            return Ok(as_of_before(words, shown).into());
        }
    };
    // Whoever pastes a note may lose the line end that it ends with.
    let typed = form.text("note");
    let note = format!("{}\n", typed.trim());
    let read = compare_checkpoint(&page.setting.pdp, &page.call, &note).await?;
    let mistake = (read.value == Comparison::NotACheckpoint).then(|| {
        let key = if typed.trim().is_empty() { "mistake-note-empty" } else { "mistake-note" };
        FieldError { field: "note".to_owned(), says: words.say(key) }
    });
    let errors: Vec<FieldError> = mistake.into_iter().collect();
    let outcome = outcome(words, &read.value);
    let back = html! { p { a href=(PATH) { (words.say("checkpoints-all")) } } };
    let main = framed(&page, "checkpoint-compared", typed, &errors, &outcome, &back)?;
    let shown = Shown::of(words.say("checkpoint-compared"), main);
    Ok(if errors.is_empty() { shown.at(read.revision, &read.seqs) } else { shown.as_mistake() }.into())
}

/// The page round what came of a comparison, and the list.
fn framed(
    page: &PageCall,
    title: &str,
    typed: &str,
    errors: &[FieldError],
    outcome: &Markup,
    list: &Markup,
) -> Result<Markup, Fault> {
    let words = page.words;
    let note = Area {
        id: "note",
        label: words.say("note"),
        value: typed,
        language: "en",
        is_code: false,
        rows: 6,
        is_optional: false,
    };
    Ok(html! {
        (summary(words, errors))
        p.trail { a href="/ledger" { (words.say("nav-ledger")) } }
        h1 id="checkpoints" { (words.say(title)) }
        (outcome)
        p { (words.say("checkpoints-say")) }
        h2 { (words.say("compare")) }
        p { (words.say("checkpoint-compare-says")) }
        form.screen method="post" action=(PATH) {
            (page.hidden()?)
            (area(words, &note, errors))
            div.buttons { button { (words.say("compare-now")) } }
        }
        h2 { (words.say("ledger-key")) }
        p { (words.say("ledger-key-says")) " " (id(ledger_key(&page.setting.pdp).public().text())) }
        p { a href=(format!("{PATH}/key")) { (words.say("ledger-key-download")) } }
        (list)
    })
}

fn list(words: Words, found: &Response<Page<KeptCheckpoint>>, goes_on: bool) -> Markup {
    let Page { items, next, .. } = &found.value;
    let rows = items.iter().map(|kept| {
        let to = format!("{PATH}/{}", kept.size);
        vec![
            html! { (kept.size) },
            html! {
                @match (&kept.root_hash, &kept.wrong) {
                    (Some(root), _) => (id(root)),
                    (None, wrong) => {
                        span.wrong { (words.say("checkpoint-wrong")) } " "
                        span.small lang="en" { (wrong.as_deref().unwrap_or_default()) }
                    },
                }
            },
            html! { a href=(to) { (words.text("note-download", &[("count", &kept.size.to_string())])) } },
        ]
    });
    let columns = ["records", "root", "note"].map(|key| words.say(&format!("column-{key}")));
    let table = Table { caption: None, labelled_by: Some("kept"), columns: columns.into(), rows: rows.collect() };
    let next = next.as_ref().map(|next| address(PATH, &[("cursor", Some(next))]));
    let first = goes_on.then_some(PATH);
    html! {
        h2 id="kept" { (words.say("checkpoints-kept")) }
        @if items.is_empty() { (no_row(words, "checkpoints-none", first, next.as_deref())) } @else { (table.stacked()) }
        @if !items.is_empty() || first.is_some() || next.is_some() {
            (paging(words, items.len(), first, next.as_deref()))
        }
    }
}

/// What came of holding a checkpoint against the ledger, in words.
fn outcome(words: Words, comparison: &Comparison) -> Markup {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let bad = |title: &str, body: Markup| panel(Tone::Bad, &words.say(title), &body);
    match comparison {
        Comparison::Consistent(proof) => consistent(words, proof),
        Comparison::Other { size, signed, here } => bad(
            "other-title",
            html! {
                p { (words.with("other-says", [("count", count(*size).into())])) }
                (facts(&[(words.say("root-signed"), id(signed)), (words.say("root-here"), id(here))]))
            },
        ),
        Comparison::Beyond { size, records } => bad(
            "beyond-title",
            html! {
                p { (words.with("beyond-says", [("size", count(*size).into()), ("records", count(*records).into())])) }
            },
        ),
        Comparison::OtherLedger { origin } => bad(
            "other-ledger-title",
            html! {
                p { (words.with("other-ledger-says", [("origin", id(origin).into())])) }
            },
        ),
        Comparison::NotSigned => bad("not-signed-title", html! { p { (words.say("not-signed-says")) } }),
        Comparison::NotACheckpoint => html! {},
    }
}

fn consistent(words: Words, proof: &ConsistencyProof) -> Markup {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let steps = proof.proof.iter().enumerate();
    let body = html! {
        p { (words.with("consistent-says", [("from", count(proof.from).into()), ("to", count(proof.to).into())])) }
        details {
            summary { (words.say("proof-show")) }
            dl.facts {
                dt { (words.with("proof-root", [("count", count(proof.from).into())])) } dd { (id(&proof.from_root_hash)) }
                @for (index, hash) in steps {
                    dt { (words.with("proof-step", [("step", (index + 1).into())])) } dd { (id(hash)) }
                }
                dt { (words.with("proof-root", [("count", count(proof.to).into())])) } dd { (id(&proof.to_root_hash)) }
            }
        }
    };
    panel(Tone::Good, &words.say("consistent-title"), &body)
}

/// `GET /ledger/checkpoints/{size}`: a signed head that is kept, as it was signed.
pub async fn note(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let size: u64 = page.param("size")?;
    let found = kept_checkpoint(&page.setting.pdp, &page.call, size).await?.value.ok_or(Fault::NotFound)?;
    Ok(Answer::File { name: format!("checkpoint-{size}.txt"), media: TEXT, bytes: found.note.into_bytes() })
}

/// `GET /ledger/checkpoints/key`: the public key, as `ledger.pub` holds it.
pub async fn key(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    // Whoever may see the heads may see what they are signed with.
    kept(&page.setting.pdp, &page.call, 1, None).await?;
    let bytes = format!("{}\n", ledger_key(&page.setting.pdp).public().text()).into_bytes();
    Ok(Answer::File { name: "ledger.pub".to_owned(), media: TEXT, bytes })
}

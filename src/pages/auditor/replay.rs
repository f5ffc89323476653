//! One record, decided again by the rules that are asked for: then and now side by side.

use maud::html;

use super::record::{seq, unreadable};
use super::replayed::{by, by_words, outcome, rules_fields, side_by_side};
use crate::evidence::record_detail::{DetailError, record_detail};
use crate::evidence::replay::{By, ReplayError};
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::form::{FieldError, summary};
use crate::pages::frame::Shown;
use crate::pdp::call::{CallError, Coded as _};

/// `GET /ledger/{seq}/replay`
pub async fn replay(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let (words, seq) = (page.words, seq(&page)?);
    let asked = &page.parameters;
    // Another set is named in a field of its own, and says more than the choice beside it.
    let rules = asked.given("set").unwrap_or_else(|| asked.text("rules"));
    let mut errors = Vec::new();
    let (pdp, call) = (&page.setting.pdp, &page.call);
    let read = match record_detail(pdp, call, seq, by(rules)).await {
        Err(CallError::Refused(DetailError::Replay(error))) => {
            errors.push(set_error(words, &error));
            record_detail(pdp, call, seq, By::Then).await
        }
        read => read,
    };
    let read = match read {
        Ok(read) => read,
        Err(error) => return unreadable(words, seq, error),
    };
    let Some(detail) = &read.value else { return Err(Fault::NotFound) };
    let title = words.text("replay-title", &[("seq", &seq.to_string())]);
    let main = html! {
        (summary(words, &errors))
        p.trail { a href="/ledger" { (words.say("nav-ledger")) } " · " a href=(format!("/ledger/{seq}")) {
            (words.text("record-title", &[("seq", &seq.to_string())]))
        } }
        h1 { (title) }
        @if errors.is_empty() {
            p.lead { (words.with("replay-says", [("by", by_words(words, rules).into())])) }
            (outcome(words, &detail.replayed, rules))
            (side_by_side(words, &detail.replayed))
        }
        form.screen method="get" action=(page.path) {
            (rules_fields(words, rules, &errors))
            div.buttons { button.quiet { (words.say("decide-again")) } }
        }
    };
    let shown = Shown::of(title, main);
    Ok(if errors.is_empty() { shown.at(read.revision, &read.seqs) } else { shown.as_mistake() }.into())
}

/// What is wrong with the set of rules that something is to be decided by.
pub fn set_error(words: crate::pages::words::Words, error: &ReplayError) -> FieldError {
    FieldError { field: "set".to_owned(), says: words.say(&format!("mistake-{}", error.code())) }
}

//! The ledger: records found by every field, each search with an address of its own.

use std::str::FromStr;

use maud::{Markup, html};
use serde::de::IntoDeserializer;
use serde::de::value::Error as Unread;

use super::names::answer_of;
use crate::audit::{Record, RecordKind};
use crate::caller::named_caller;
use crate::evidence::decisions::{DecisionFilter, Order, decision_list, decisions, is_digest, is_entity};
use crate::evidence::ledger::records_kept;
use crate::http::{decisions_sheet, span_begin, span_end};
use crate::pages::answer::{Tone, panel};
use crate::pages::called::Called;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::form::{Choices, Field, FieldError, choices_checked, field, summary};
use crate::pages::frame::Shown;
use crate::pages::parameters::Parameters;
use crate::pages::table::{Table, no_row, paging};
use crate::pages::when::moment;
use crate::pages::words::{Words, id};
use crate::pdp::absent::MissingRecords;
use crate::pdp::call::{CallError, Coded as _, Response};
use crate::pdp::page::{ListError, Page};

const ON_A_PAGE: usize = 50;
/// The fields that are not asked for at first.
const MORE: [&str; 5] = ["caller", "rule", "rules", "asked", "requestId"];
const KINDS: [RecordKind; 4] = [RecordKind::Evaluation, RecordKind::Search, RecordKind::Look, RecordKind::Call];

/// `GET /ledger`
pub async fn ledger(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let asked = &page.parameters;
    let (filter, mut errors) = filter(page.words, asked);
    let (pdp, call) = (&page.setting.pdp, &page.call);
    // Before this call has a record too, so that the numbers on the page agree.
    let count = kept(&page)?;
    if errors.is_empty() && asked.given("format") == Some("csv") {
        match decision_list(pdp, call, &DecisionFilter { words: true, ..filter.clone() }).await {
            Ok(list) => return Ok(Answer::Streamed(Box::new(decisions_sheet(list)))),
            Err(error) => errors.push(rules_error(page.words, error)?),
        }
    }
    let cursor = asked.given("cursor");
    // Whoever may not read the ledger does not learn what is wrong with a field either.
    let searched = if errors.is_empty() { filter } else { DecisionFilter::default() };
    let found = match decisions(pdp, call, &searched, ON_A_PAGE, cursor).await {
        Ok(found) => Some(found).filter(|_| errors.is_empty()),
        Err(error) => {
            errors.push(rules_error(page.words, error)?);
            None
        }
    };
    let words = page.words;
    let main = html! {
        (summary(words, &errors))
        h1 id="ledger" { (words.say("nav-ledger")) }
        p { (words.with("ledger-says", [("count", count.into())])) " " (ways(words)) }
        (form(&page, asked, &errors))
        @if let Some(found) = &found { (results(&page, asked, found, count, cursor.is_some())?) }
    };
    let shown = Shown::of(words.say("nav-ledger"), main);
    Ok(match &found {
        Some(found) => shown.at(found.revision, &found.seqs).into(),
        None => shown.as_mistake().into(),
    })
}

fn kept(page: &PageCall) -> Result<usize, Fault> {
    let kept = records_kept(&page.setting.pdp).map_err(|_| Fault::Unavailable)?;
    Ok(usize::try_from(kept).unwrap_or(usize::MAX))
}

/// The ways to what else can be asked of the ledger.
fn ways(words: Words) -> Markup {
    html! {
        a href="/ledger/verification" { (words.say("verification")) } " · "
        a href="/ledger/replay" { (words.say("replay-all")) } " · "
        a href="/ledger/checkpoints" { (words.say("checkpoints")) }
    }
}

/// The mistake of a set of rules that is none.
fn rules_error(words: Words, error: CallError<ListError>) -> Result<FieldError, Fault> {
    match error {
        CallError::Refused(error @ (ListError::UnknownRules(_) | ListError::Ambiguous(_))) => {
            Ok(FieldError { field: "rules".to_owned(), says: words.say(&format!("mistake-{}", error.code())) })
        }
        error => Err(error.into()),
    }
}

/// A word of the service as it is written.
fn word<'de, T: serde::Deserialize<'de>>(text: &'de str) -> Option<T> {
    let reading: serde::de::value::StrDeserializer<'de, Unread> = text.into_deserializer();
    T::deserialize(reading).ok()
}

/// What a search asks for, and what is wrong with it.
fn filter(words: Words, asked: &Parameters) -> (DecisionFilter, Vec<FieldError>) {
    let mut errors = Vec::new();
    let mut wrong = |field: &str, mistake: &str| {
        errors.push(FieldError { field: field.to_owned(), says: words.say(mistake) });
    };
    let text = |name: &str| asked.given(name).map(str::to_owned);
    for name in ["subject", "resource"] {
        if asked.given(name).is_some_and(|text| !is_entity(text)) {
            wrong(name, "mistake-entity");
        }
    }
    let caller = asked.given("caller").map(named_caller);
    if caller == Some(None) {
        wrong("caller", "mistake-caller");
    }
    let decision = asked.given("decision").map(bool::from_str);
    if decision.as_ref().is_some_and(Result::is_err) {
        wrong("decision", "mistake-choice");
    }
    let moment = |name: &str, read: fn(&str) -> Option<crate::clock::Timestamp>| asked.given(name).map(read);
    let (from, to) = (moment("from", span_begin), moment("to", span_end));
    for (name, moment) in [("from", from), ("to", to)] {
        if moment == Some(None) {
            wrong(name, "mistake-moment");
        }
    }
    let order: Option<Option<Order>> = asked.given("order").map(word);
    if order == Some(None) {
        wrong("order", "mistake-choice");
    }
    if asked.given("rules").is_some_and(|text| !is_digest(text)) {
        wrong("rules", "mistake-digest");
    }
    let kind: Option<Option<RecordKind>> = asked.given("asked").map(word);
    if kind == Some(None) {
        wrong("asked", "mistake-choice");
    }
    let filter = DecisionFilter {
        subject: text("subject"),
        action: text("action"),
        resource: text("resource"),
        decision: decision.and_then(Result::ok),
        caller: caller.flatten(),
        reason: text("reason"),
        rules: text("rules"),
        rule: text("rule"),
        asked: kind.flatten(),
        request_id: text("requestId"),
        from: from.flatten(),
        to: to.flatten(),
        order: order.flatten().unwrap_or(Order::Newest),
        words: false,
    };
    (filter, errors)
}

fn form(page: &PageCall, asked: &Parameters, errors: &[FieldError]) -> Markup {
    let words = page.words;
    let line = |name: &'static str, hint: Option<&str>| {
        let hint = hint.map(|hint| html! { (words.say("for-example")) " " (id(hint)) });
        let of = Field::text(words, name, &format!("field-{name}"), asked.text(name), false);
        field(words, &Field { hint, ..of }, errors)
    };
    let choice = |name: &'static str, options: Vec<(&'static str, String)>| {
        let of = Choices { id: name, label: words.say(&format!("field-{name}")), options, chosen: asked.text(name) };
        choices_checked(words, &of, errors)
    };
    let any = || ("", words.say("any"));
    let kinds = KINDS.map(|kind| (kind.as_str(), words.say(&format!("record-kind-{}", kind.as_str()))));
    let is_more = MORE.iter().any(|name| asked.given(name).is_some());
    html! {
        form.screen method="get" action="/ledger" role="search" {
            div.find {
                (line("subject", Some("Partner::contoso")))
                (line("action", Some("provideSupport")))
                (line("resource", Some("Subscription::s-office")))
                (choice("decision", vec![any(), ("true", words.say("answer-yes")), ("false", words.say("answer-no"))]))
                (line("reason", Some("no_relationship")))
                (line("from", Some("2026-11-26")))
                (line("to", Some("2026-11-26T12:00:00Z")))
                (choice("order", vec![("", words.say("order-newest")), ("oldest", words.say("order-oldest"))]))
            }
            details open[is_more] {
                summary { (words.say("more-fields")) }
                div.find {
                    (line("caller", Some("partner:contoso")))
                    (line("rule", Some("may/remove-seats")))
                    (line("rules", None))
                    (choice("asked", std::iter::once(any()).chain(kinds).collect()))
                    (line("requestId", None))
                }
            }
            div.buttons { button.quiet { (words.say("search")) } a href="/ledger" { (words.say("search-all")) } }
        }
    }
}

fn results(
    page: &PageCall,
    asked: &Parameters,
    found: &Response<Page<serde_json::Value>>,
    count: usize,
    goes_on: bool,
) -> Result<Markup, Fault> {
    let (words, called) = (page.words, Called::of(page)?);
    let Page { items, next, missing, .. } = &found.value;
    let rows = items.iter().map(|item| row(page, &called, item)).collect();
    let columns =
        ["record", "when", "who-asked", "asked", "answer"].map(|key| words.say(&format!("column-{key}"))).into();
    let table = Table { caption: None, labelled_by: Some("ledger"), columns, rows };
    let at = |more: &[(&str, Option<&str>)]| asked.address("/ledger", more);
    let next = next.as_ref().map(|next| at(&[("cursor", Some(next))]));
    let first = goes_on.then(|| at(&[]));
    Ok(html! {
        (missing_here(words, missing))
        @if items.is_empty() && next.is_none() && first.is_none() {
            p { (words.with("ledger-none", [("count", count.into())])) }
        } @else {
            @if items.is_empty() { (no_row(words, "none-so-far", first.as_deref(), next.as_deref())) }
            @else { (table.stacked()) }
            (paging(words, items.len(), first.as_deref(), next.as_deref()))
            p { a href=(at(&[("format", Some("csv"))])) { (words.say("download-csv")) } }
        }
    })
}

fn row(page: &PageCall, called: &Called<'_>, item: &serde_json::Value) -> Vec<Markup> {
    let words = page.words;
    let seq = item["seq"].to_string();
    let link = html! { a href=(format!("/ledger/{seq}")) { (seq) } };
    let Ok(record) = serde_json::from_value::<Record>(item.clone()) else {
        let none = || html! {};
        return vec![link, none(), none(), none(), html! { (words.say("unreadable-record")) }];
    };
    let caller = record.caller.to_string();
    let why = html! {
        @if let Some(reason) = &record.reason { br; span.small { (id(&reason.to_string())) } }
        @for rule in &record.deciding { br; span.small { (id(rule.as_str())) } }
    };
    vec![
        link,
        moment(words, record.at),
        html! {
            (called.caller(&caller))
            @if let Some(person) = record.person.as_ref().filter(|person| !caller.ends_with(&format!(":{}", person.subject))) {
                br; span.small { (id(&person.subject)) }
            }
        },
        called.asked(&record),
        html! { (answer_of(words, &record)) (why) },
    ]
}

/// Records that belong into a list and cannot be read.
fn missing_here(words: Words, missing: &[MissingRecords]) -> Markup {
    let body = html! {
        @for MissingRecords { first, last, records, archive, why } in missing {
            p {
                (words.with("missing-records", [
                    ("count", usize::try_from(*records).unwrap_or(usize::MAX).into()),
                    ("first", first.to_string().into()),
                    ("last", last.to_string().into()),
                ]))
                " " span lang="en" { (id(archive.as_deref().unwrap_or("?"))) ": " (why) }
            }
        }
    };
    html! { @if !missing.is_empty() { (panel(Tone::Bad, &words.say("missing-title"), &body)) } }
}

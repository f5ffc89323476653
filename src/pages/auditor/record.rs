//! One record: what was asked and answered, that it is the record that was written, and that it is decided the same again.

use hyper::StatusCode;
use maud::{Markup, html};

use super::names::{answer_of, is_call};
use super::replayed::{THEN, outcome};
use crate::audit::{CallOutcome, Record};
use crate::caller::Proof;
use crate::domain::commercial::RelationshipState;
use crate::evidence::ledger::prove::prove_decision;
use crate::evidence::ledger::{LedgerError, decision};
use crate::evidence::record_detail::{DetailError, RecordDetail, record_detail};
use crate::evidence::replay::By;
use crate::facts::{Facts, SubscriptionFacts};
use crate::id::Seq;
use crate::pages::address::address;
use crate::pages::answer::{Tone, panel};
use crate::pages::called::Called;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::facts::facts;
use crate::pages::frame::Shown;
use crate::pages::when::moment;
use crate::pages::words::{Words, id};
use crate::pdp::call::CallError;
use crate::question::{Entity, Members};

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";

/// `GET /ledger/{seq}`
pub async fn record(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let seq = seq(&page)?;
    let read = match record_detail(&page.setting.pdp, &page.call, seq, By::Then).await {
        Ok(read) => read,
        Err(error) => return unreadable(page.words, seq, error),
    };
    let Some(detail) = &read.value else { return Err(Fault::NotFound) };
    let (words, called) = (page.words, Called::of(&page)?);
    let title = words.text("record-title", &[("seq", &seq.to_string())]);
    let main = html! {
        (trail(words, detail))
        h1 {
            (title)
            @if let Some(record) = &detail.record { ": " (answer_of(words, record)) }
        }
        @if let Some(record) = &detail.record { (lead(words, &called, record)) }
        (written(words, detail))
        (outcome(words, &detail.replayed, THEN))
        p { a href=(format!("/ledger/{seq}/replay?rules=current")) { (words.say("decide-by-current")) } }
        @if let Some(record) = &detail.record {
            h2 { (words.say("what-was-asked")) }
            (asked(words, &called, record))
            h2 { (words.say("what-was-answered")) }
            (answered(words, record))
            h2 { (words.with("facts-title", [("revision", record.facts.revision.to_string().into())])) }
            (found(words, &called, &record.facts))
        }
        h2 { (words.say("as-stored")) }
        (stored(words, detail))
    };
    Ok(Shown::of(title, main).at(read.revision, &read.seqs).into())
}

/// The number of a record in the path.
pub fn seq(page: &PageCall) -> Result<Seq, Fault> {
    page.param("seq")
}

/// The page of a record that cannot be read: what is wrong with it, and where it should be.
pub fn unreadable(words: Words, seq: Seq, error: CallError<DetailError>) -> Result<Answer, Fault> {
    let (status, says, why) = match &error {
        CallError::Refused(DetailError::Ledger(LedgerError::Damaged(_))) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "record-damaged", None)
        }
        CallError::Refused(DetailError::Ledger(LedgerError::Absent(absent))) => {
            (StatusCode::SERVICE_UNAVAILABLE, "record-absent", Some(absent.place()))
        }
        _ => return Err(error.into()),
    };
    let title = words.text("record-title", &[("seq", &seq.to_string())]);
    let body = html! {
        p { (words.say(says)) }
        @if let Some(why) = why { p lang="en" { (why) } }
        p { a href="/ledger/verification" { (words.say("verification")) } }
    };
    let main = html! {
        p.trail { a href="/ledger" { (words.say("nav-ledger")) } }
        h1 { (title) }
        (panel(Tone::Bad, &words.say("record-unreadable-title"), &body))
    };
    Ok(Shown::of(title, main).with_status(status).into())
}

fn trail(words: Words, detail: &RecordDetail) -> Markup {
    let seq = detail.seq.0;
    let link = |to: u64, key: &str| {
        html! { a href=(format!("/ledger/{to}")) { (words.text(key, &[("seq", &to.to_string())])) } }
    };
    html! {
        p.trail {
            a href="/ledger" { (words.say("nav-ledger")) }
            @if seq > 1 { " · " (link(seq - 1, "older")) }
            @if seq < detail.records { " · " (link(seq + 1, "newer")) }
        }
    }
}

/// What was asked and answered, in a few sentences.
fn lead(words: Words, called: &Called<'_>, record: &Record) -> Markup {
    html! {
        p.lead {
            (moment(words, record.at)) ": " (called.sentence(record)) " "
            @if let Some(results) = record.results.as_ref().filter(|_| record.invalid.is_none()) {
                (words.with("found-says", [("count", results.count.into())]))
            } @else if is_call(record) {
                (words.say(if record.decision { "call-allowed" } else { "call-refused" }))
            } @else {
                (words.say(if record.decision { "answer-was-yes" } else { "answer-was-no" }))
            }
            @if let Some(reason) = &record.reason {
                " " (words.reason(&reason.to_string(), reason.sentence().unwrap_or_default()))
            }
            @if let Some(came) = outcome_of(words, record) { " " (came) }
        }
    }
}

/// What came of a call that would change something.
fn outcome_of(words: Words, record: &Record) -> Option<Markup> {
    Some(match record.outcome.as_ref()? {
        CallOutcome::Revision(revision) => {
            let to = html! { a href=(format!("/changes/{revision}")) { (revision) } };
            words.with("outcome-revision", [("revision", to.into())])
        }
        CallOutcome::Done => html! { (words.say("outcome-done")) },
        CallOutcome::Unchanged => html! { (words.say("outcome-unchanged")) },
        CallOutcome::Refused(code) => words.with("outcome-refused", [("why", words.reason(code, "").into())]),
    })
}

/// That it is the record that was written, with its proof.
fn written(words: Words, detail: &RecordDetail) -> Markup {
    let (proof, seq) = (&detail.proof, detail.seq);
    let size = usize::try_from(proof.size).unwrap_or(usize::MAX);
    let key = match (detail.is_proved, detail.signed) {
        (true, Some(true)) => "written-signed",
        (true, None) => "written-here",
        (true, Some(false)) => "written-otherwise",
        (false, _) => "written-not",
    };
    let is_good = detail.is_proved && detail.signed != Some(false);
    let body = html! {
        p { (words.with(key, [("count", size.into())])) }
        details {
            summary { (words.say("proof-show")) }
            p { (words.say("proof-says")) }
            dl.facts {
                dt { (words.say("proof-leaf")) } dd { (id(&proof.leaf_hash)) }
                @for (index, hash) in proof.proof.iter().enumerate() {
                    dt { (words.with("proof-step", [("step", (index + 1).into())])) } dd { (id(hash)) }
                }
                dt { (words.with("proof-root", [("count", size.into())])) } dd { (id(&proof.root_hash)) }
            }
            p { a href=(format!("/ledger/{seq}/proof")) { (words.say("proof-download")) } }
        }
        p.small.soft {
            (words.say("written-caution")) " "
            a href="/ledger/checkpoints" { (words.say("compare-kept")) }
        }
    };
    let (tone, title) = if is_good { (Tone::Good, "written-title") } else { (Tone::Bad, "written-not-title") };
    panel(tone, &words.say(title), &body)
}

fn asked(words: Words, called: &Called<'_>, record: &Record) -> Markup {
    let question = &record.question;
    // A search has no id in what it looks for, and what was no question has nothing at all.
    let entity = |role: &str, entity: &Entity| {
        let text = format!("{}::{}", entity.kind, entity.id);
        let others = address("/ledger", &[(role, Some(&text))]);
        match entity.id.is_empty() {
            true => id(&entity.kind),
            false => html! { (id(&text)) " " a href=(others) { (words.say("others-about")) } },
        }
    };
    let kind = words.say(&format!("record-kind-{}", record.asked.as_str()));
    let mut rows = vec![(words.say("asked-kind"), html! { (kind) })];
    let action = question.action.name.as_str();
    for (is_there, key, value) in [
        (!question.subject.kind.is_empty(), "field-subject", entity("subject", &question.subject)),
        (!action.is_empty(), "field-action", id(action)),
        (!question.resource.kind.is_empty(), "field-resource", entity("resource", &question.resource)),
    ] {
        if is_there {
            rows.push((words.say(key), value));
        }
    }
    rows.push((words.say("asked-at"), html! { time datetime=(record.at) { (id(&record.at.to_string())) } }));
    if let Some(about) = &record.about {
        rows.push((words.say("asked-about"), id(&format!("{}::{}", about.kind, about.id))));
    }
    for (key, said) in [
        ("asked-said", &question.context),
        ("asked-action-said", &question.action.properties),
        ("asked-subject-said", &question.subject.properties),
        ("asked-resource-said", &question.resource.properties),
    ] {
        if let Some(text) = members(said) {
            rows.push((words.say(key), id(&text)));
        }
    }
    rows.push((words.say("asked-by"), called.caller(&record.caller.to_string())));
    if let Some(person) = &record.person {
        rows.push((words.say("asked-person"), id(&person.to_string())));
    }
    if let Some(proof) = &record.proof {
        rows.push((words.say("asked-proof"), proved_by(words, proof)));
    }
    if let Some(request) = &record.request_id {
        rows.push((words.say("field-requestId"), id(request)));
    }
    if let Some(trace) = &record.trace {
        rows.push((words.say("asked-trace"), id(trace)));
    }
    facts(&rows)
}

/// What was said besides, as it is written; nothing where nothing was.
fn members(said: &Members) -> Option<String> {
    if said.is_empty() { None } else { serde_json::to_string(said).ok() }
}

fn proved_by(words: Words, proof: &Proof) -> Markup {
    match proof {
        Proof::Token { id: token } => words.with("proof-token", [("id", id(&token.to_string()).into())]),
        Proof::Jwt { issuer } => words.with("proof-jwt", [("issuer", id(issuer).into())]),
        Proof::SignIn { issuer } => words.with("proof-sign-in", [("issuer", id(issuer).into())]),
        Proof::Certificate { sha256 } => words.with("proof-certificate", [("sha256", id(sha256).into())]),
        Proof::Socket => html! { (words.say("proof-socket")) },
        Proof::Unasked => html! { (words.say("proof-unasked")) },
        Proof::Service => html! { (words.say("proof-service")) },
    }
}

fn answered(words: Words, record: &Record) -> Markup {
    let mut rows = vec![(words.say("verdict-answer"), answer_of(words, record))];
    let mut rule_list = |key: &str, rules: &mut dyn Iterator<Item = String>| {
        let rules: Vec<Markup> =
            rules.map(|rule| html! { a href=(address("/ledger", &[("rule", Some(&rule))])) { (id(&rule)) } }).collect();
        if !rules.is_empty() {
            rows.push((words.say(key), words.list(&rules)));
        }
    };
    rule_list("verdict-rules", &mut record.deciding.iter().map(|rule| rule.as_str().to_owned()));
    rule_list("admitted-by", &mut record.admitted.iter().map(|rule| rule.as_str().to_owned()));
    if let Some(reason) = &record.reason {
        let to = address("/ledger", &[("reason", Some(&reason.to_string()))]);
        rows.push((words.say("field-reason"), html! { a href=(to) { (id(&reason.to_string())) } }));
    }
    for fault in &record.faults {
        let body = html! { (id(fault.rule.as_str())) " " span lang="en" { (fault.message) } };
        rows.push((words.say("rule-fault"), body));
    }
    if let Some(invalid) = &record.invalid {
        rows.push((words.say("asked-wrong"), html! { span lang="en" { (invalid) } }));
    }
    if let Some(results) = &record.results {
        rows.push((words.say("verdict-page"), id(&results.sha256)));
    }
    if let Some(came) = outcome_of(words, record) {
        rows.push((words.say("came-of-it"), came));
    }
    let set = record.rules.as_str();
    let to = address("/ledger", &[("rules", Some(set))]);
    rows.push((words.say("verdict-set"), html! { a href=(to) { (id(set)) } }));
    facts(&rows)
}

/// The facts an answer turned on.
fn found(words: Words, called: &Called<'_>, found: &Facts) -> Markup {
    let mut rows = vec![(words.say("facts-at"), moment(words, found.at))];
    let of = |key: &str, text: &str| words.text(key, &[("id", text)]);
    for (partner, fact) in &found.partners {
        let parts = [
            ("kind", words.say(&format!("kind-{}", fact.kind)).into()),
            ("status", words.say(&format!("status-{}", fact.status)).into()),
        ];
        rows.push((of("fact-partner", partner.as_str()), words.with("fact-partner-is", parts)));
    }
    for customer in &found.customers {
        rows.push((of("fact-customer", customer.as_str()), html! { (words.say("fact-known")) }));
    }
    for (service, administrators) in &found.services {
        let who: Vec<Markup> = administrators.iter().map(|partner| called.partner(partner.as_str())).collect();
        let who = if who.is_empty() {
            html! { (words.say("nobody")) }
        } else {
            words.list(&who)
        };
        rows.push((of("fact-service", &service.to_string()), who));
    }
    for (subscription, fact) in &found.subscriptions {
        rows.push((of("fact-subscription", subscription.as_str()), subscription_is(words, called, fact)));
    }
    for (customer, partners) in &found.relationships {
        for (partner, state) in partners {
            let is = words.say(match state {
                RelationshipState::Active => "stands",
                RelationshipState::Ended => "has-ended",
            });
            let between = format!("{customer}, {partner}");
            rows.push((of("fact-relationship", &between), html! { (is) }));
        }
    }
    for (operator, role) in &found.operators {
        rows.push((of("fact-operator", operator), html! { (words.say(&format!("role-{role}"))) }));
    }
    for (key, unknown) in [("fact-subject", found.unknown_subject), ("fact-resource", found.unknown_resource)] {
        if let Some(unknown) = unknown {
            rows.push((words.say(key), words.reason(&unknown.to_string(), "")));
        }
    }
    facts(&rows)
}

fn subscription_is(words: Words, called: &Called<'_>, fact: &SubscriptionFacts) -> Markup {
    let status = words.say(&format!("status-{}", fact.status));
    let service = called.service(&fact.service);
    let parts = |key: &str, other: Markup| {
        words.with(
            key,
            [("service", service.clone().into()), ("status", status.clone().into()), ("other", other.into())],
        )
    };
    match (&fact.parent, &fact.original_reseller) {
        (Some(parent), _) => parts("fact-add-on", id(parent.as_str())),
        (None, Some(seller)) => parts("fact-sold", called.partner(seller.as_str())),
        (None, None) => parts("fact-bought", html! {}),
    }
}

fn stored(words: Words, detail: &RecordDetail) -> Markup {
    let (kept, seq) = (&detail.kept, detail.seq);
    let laid_out = serde_json::from_slice::<serde_json::Value>(&kept.record)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| String::from_utf8_lossy(&kept.record).into_owned());
    let mut rows = vec![(words.say("stored-sha256"), id(&detail.sha256)), (words.say("proof-leaf"), id(&kept.hash))];
    if let Some(record) = &detail.record {
        rows.push((words.say("verdict-engine"), id(&record.engine)));
        if let Some(world) = &record.world {
            rows.push((words.say("stored-world"), id(world)));
        }
    }
    rows.push((
        words.say("stored-where"),
        match &kept.archive {
            Some(archive) => words.with("stored-archive", [("file", id(archive).into())]),
            None => html! { (words.say("stored-here")) },
        },
    ));
    rows.push((words.say("stored-bytes"), words.with("stored-count", [("count", kept.record.len().into())])));
    html! {
        (facts(&rows))
        p { a href=(format!("/ledger/{seq}/record")) { (words.say("stored-download")) } }
        details {
            summary { (words.say("stored-show")) }
            p.small.soft { (words.say("stored-show-says")) }
            div.text role="region" aria-label=(words.say("as-stored")) tabindex="0" {
                pre translate="no" lang="en" { (laid_out) }
            }
        }
    }
}

/// `GET /ledger/{seq}/record`: its exact bytes.
pub async fn bytes(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let seq = seq(&page)?;
    let found = match decision(&page.setting.pdp, &page.call, seq).await {
        Ok(found) => found.value.ok_or(Fault::NotFound)?,
        Err(error) => return unreadable(page.words, seq, error.map(DetailError::Ledger)),
    };
    Ok(Answer::File { name: format!("record-{seq}.json"), media: JSON, bytes: found.record })
}

/// `GET /ledger/{seq}/proof`: the record with its proof and the signed head, as a file that is verified elsewhere.
pub async fn proof(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let seq = seq(&page)?;
    let found = match prove_decision(&page.setting.pdp, &page.call, seq).await {
        Ok(found) => found.value.ok_or(Fault::NotFound)?,
        Err(error) => return unreadable(page.words, seq, error.map(DetailError::Ledger)),
    };
    let bytes = found.to_text().into_bytes();
    Ok(Answer::File { name: format!("record-{seq}-proof.ndjson"), media: NDJSON, bytes })
}

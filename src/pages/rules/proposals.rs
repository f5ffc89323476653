//! What is proposed, each with its evidence first, and what may be done with it.

use maud::{Markup, html};

use super::evidence::{evidence, kept};
use super::naming::{editors, set_link, short, whom, whom_and_person};
use crate::pages::address::address;
use crate::pages::called::Called;
use crate::pages::context::{Answer, Fault, PageCall, WhatWasDone};
use crate::pages::facts::facts;
use crate::pages::frame::Shown;
use crate::pages::table::{Table, no_row, paging};
use crate::pages::when::moment;
use crate::pages::words::{id, name};
use crate::pdp::call;
use crate::publish::approval::{Against, stands_against};
use crate::publish::proposal::{proposal as read_proposal, proposals as read_proposals, withdraw};
use crate::publish::report::rules_with;
use crate::publish::{ProposalReport, PublishError};

const ON_A_PAGE: usize = 50;

/// How far a proposal came, in a word.
fn state(page: &PageCall, proposal: &ProposalReport) -> String {
    page.words.say(&format!("proposal-{}", proposal.state_code()))
}

/// `GET /rules/proposals`
pub async fn proposals(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let cursor = page.asked("cursor");
    let read = read_proposals(&page.setting.pdp, &page.call, ON_A_PAGE, cursor.as_deref()).await?;
    let called = Called::of(&page)?;
    let rows = read.value.items.iter().map(|proposal| {
        vec![
            html! { a href=(format!("/rules/proposals/{}", proposal.id)) {
                (words.with("proposal-number", [("number", proposal.id.to_string().into())]))
            } },
            html! { @if let Some(title) = &proposal.title { (name(title)) } @else { (id(&short(&proposal.digest))) } },
            html! { (state(&page, proposal)) },
            whom_and_person(&called, &proposal.proposer, proposal.person.as_deref()),
            moment(words, proposal.at),
        ]
    });
    let columns = ["proposal", "what-it-does", "state", "by", "when"].map(|key| words.say(&format!("column-{key}")));
    let rows: Vec<_> = rows.collect();
    let is_none = rows.is_empty();
    let table = Table { caption: None, labelled_by: Some("proposals"), columns: columns.into(), rows };
    let next = read.value.next.as_ref().map(|next| address(&page.path, &[("cursor", Some(next))]));
    let first = cursor.map(|_| page.path.clone());
    let main = html! {
        h1 id="proposals" { (words.say("nav-rules-proposals")) }
        @if is_none { (no_row(words, "proposals-none", first.as_deref(), next.as_deref())) }
        @else { (table.stacked()) }
        @if !is_none || first.is_some() || next.is_some() {
            (paging(words, read.value.items.len(), first.as_deref(), next.as_deref()))
        }
    };
    Ok(Shown::of(words.say("nav-rules-proposals"), main).at(read.revision, &read.seqs).into())
}

/// `GET /rules/proposals/{proposal}`
pub async fn proposal(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let read = read_proposal(&page.setting.pdp, &page.call, page.param("proposal")?).await?;
    let proposal = &read.value;
    let base = rules_with(&page.setting.pdp, &page.call, &proposal.base).await?;
    let files = proposal.files.clone().unwrap_or_default();
    let number = proposal.id.to_string();
    let title = match &proposal.title {
        Some(said) => words.text("proposal-title", &[("number", &number), ("title", said)]),
        None => words.text("proposal-number", &[("number", &number)]),
    };
    let main = html! {
        p.trail { a href="/rules/proposals" { (words.say("back-to-proposals")) } }
        h1 { (words.with("proposal-number", [("number", number.as_str().into())]))
            @if let Some(said) = &proposal.title { ": " (name(said)) } }
        (facts(&about(&page, proposal)?))
        @match kept(proposal.evidence.as_ref()) {
            Some(known) => (evidence(&page, &known, &base.value.files, &files)?),
            None => p { (words.say("rules-no-evidence")) },
        }
        (decide(&page, proposal)?)
    };
    let seqs = [&read.seqs[..], &base.seqs[..]].concat();
    Ok(Shown::of(title, main).at(read.revision, &seqs).into())
}

/// Who proposed it, when, over which set, and how far it came.
pub(super) fn about(page: &PageCall, proposal: &ProposalReport) -> Result<Vec<(String, Markup)>, Fault> {
    let words = page.words;
    let called = Called::of(page)?;
    let mut rows = vec![
        (words.say("column-state"), html! { (state(page, proposal)) }),
        (
            words.say("proposal-by"),
            html! {
                (whom_and_person(&called, &proposal.proposer, proposal.person.as_deref())) ", " (moment(words, proposal.at))
            },
        ),
        (words.say("fact-set"), set_link(&proposal.digest)),
        (words.say("proposal-over"), set_link(&proposal.base)),
    ];
    if !proposal.editors.is_empty() {
        rows.push((words.say("column-edited-by"), editors(&called, &proposal.editors)));
    }
    if let Some(why) = &proposal.why {
        rows.push((words.say("column-why"), name(why)));
    }
    if let Some(at) = proposal.activate_at {
        rows.push((words.say("proposal-from"), moment(words, at)));
    }
    if let Some(approved) = &proposal.approval {
        rows.push((
            words.say("proposal-approved-by"),
            html! {
                (whom_and_person(&called, &approved.by, approved.person.as_deref())) ", " (moment(words, approved.at))
                @if let Some(comment) = &approved.comment { br; (name(comment)) }
                @if let Some(unproved) = &approved.unproved { br; (words.say("field-unproved")) ": " (name(unproved)) }
            },
        ));
    }
    if let Some(ended) = &proposal.ended {
        rows.push((
            words.say("proposal-ended-by"),
            html! {
                (whom(&called, &ended.by)) ", " (moment(words, ended.at))
                @if let Some(message) = &ended.message { br; span lang="en" { (message) } }
            },
        ));
    }
    Ok(rows)
}

/// What whoever looks may do with it.
fn decide(page: &PageCall, proposal: &ProposalReport) -> Result<Markup, Fault> {
    let words = page.words;
    let is_open = proposal.state_code() == "open";
    if !is_open && proposal.state_code() != "scheduled" {
        return Ok(html! {});
    }
    let against = stands_against(&page.setting.pdp, &page.call, proposal.id)?;
    // Whoever only reads has nothing to decide.
    if against == Some(Against::NotLetIn) {
        return Ok(html! {});
    }
    let path = format!("/rules/proposals/{}", proposal.id);
    Ok(html! {
        section.screen aria-labelledby="decide" {
            h2 id="decide" { (words.say("proposal-decide")) }
            @match (is_open, against) {
                (false, _) => p { (words.say("proposal-waits")) },
                (true, None) => {
                    p { (words.say("proposal-may-approve")) }
                    p.buttons {
                        a.button href=(format!("{path}/approval")) { (words.say("proposal-go-on")) }
                        a href=(format!("{path}/refusal")) { (words.say("proposal-say-no")) }
                    }
                },
                (true, Some(against)) => p { (why_not(page, against)) },
            }
            p.buttons { a.button.quiet href=(format!("{path}/withdrawal")) { (words.say("proposal-withdraw")) } }
        }
    })
}

/// Why somebody may not approve.
pub(super) fn why_not(page: &PageCall, against: Against) -> String {
    let words = page.words;
    let said = match against {
        Against::NotLetIn => None,
        Against::Refused(code) => words.find(&format!("why-not-{code}")),
    };
    said.unwrap_or_else(|| words.say("why-not"))
}

/// `GET /rules/proposals/{proposal}/withdrawal`
pub async fn withdrawal(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let read = read_proposal(&page.setting.pdp, &page.call, page.param("proposal")?).await?;
    let number = read.value.id.to_string();
    let back = format!("/rules/proposals/{number}");
    let is_there = ["open", "scheduled"].contains(&read.value.state_code());
    let may = call::would_be_let_in::<PublishError>(&page.setting.pdp, &page.call, "proposeRules")?;
    let main = html! {
        p.trail { a href=(back) { (words.say("back-to-proposal")) } }
        h1 { (words.with("withdrawal-title", [("number", number.as_str().into())])) }
        p { (words.say("withdrawal-says")) }
        (facts(&about(&page, &read.value)?))
        @if !is_there { p { (words.say("why-not-proposal_closed")) } } @else if may {
            form method="post" action=(format!("{back}/withdrawal")) {
                (page.hidden()?)
                div.buttons {
                    button.hard { (words.with("withdraw-now", [("number", number.as_str().into())])) }
                    a href=(back) { (words.say("go-back")) }
                }
            }
        } @else { p { (words.say("withdrawal-not-yours")) } }
    };
    let title = words.text("withdrawal-title", &[("number", &number)]);
    Ok(Shown::of(title, main).at(read.revision, &read.seqs).into())
}

/// `POST /rules/proposals/{proposal}/withdrawal`
pub async fn withdrawn(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let form = page.form(&[])?;
    let number: u64 = page.param("proposal")?;
    let call = page.sending(&form)?;
    withdraw(&page.setting.pdp, &call, number).await?;
    let done = WhatWasDone::plain("done-withdrawn");
    Ok(page.see_done(format!("/rules/proposals/{number}"), &done))
}

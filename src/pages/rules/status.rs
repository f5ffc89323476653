//! The rules in force: since when, by whom, why, and whether they are proved.

use maud::{Markup, html};

use super::evidence::{findings, kept, outcome};
use super::naming::{set_link, whom};
use crate::config::RulesFrom;
use crate::pages::answer::{Tone, panel};
use crate::pages::called::Called;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::facts::facts;
use crate::pages::frame::Shown;
use crate::pages::when::moment;
use crate::pages::words::{id, name};
use crate::publish::proposal::proposals;
use crate::publish::report::{RulesStatus, rules_status, why_code};

/// How many proposals are looked through for those that are open.
const LOOKED_THROUGH: usize = 200;

/// `GET /rules`
pub async fn status(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let read = rules_status(&page.setting.pdp, &page.call).await?;
    let proposed = proposals(&page.setting.pdp, &page.call, LOOKED_THROUGH, None).await?;
    let RulesStatus { digest, from, evidence, refused, scheduled, retired, passed_over, .. } = &read.value;
    let open: Vec<_> = proposed.value.items.iter().filter(|proposal| proposal.state_code() == "open").collect();
    let known = kept(evidence.as_ref());
    let main = html! {
        h1 { (words.say("rules-title")) }
        p.lead { (words.say("rules-lead")) }
        (facts(&about(&page, &read.value)?))
        @match &known {
            Some(known) => (outcome(words, known)),
            None => p { (words.say("rules-no-evidence")) },
        }
        @if let Some(refused) = refused {
            (panel(Tone::Bad, &words.say("rules-refused"), &html! {
                p { (words.with("rules-refused-says", [("at", moment(words, refused.at).into())])) }
                @let set = refused.digest.clone().unwrap_or_default();
                (findings(words, &refused.findings, &set)?)
            }))
        }
        @if let Some(scheduled) = scheduled {
            (panel(Tone::Note, &words.say("rules-scheduled"), &html! {
                p {
                    (words.with("rules-scheduled-says", [("at", moment(words, scheduled.at).into())])) " "
                    a href=(format!("/rules/proposals/{}", scheduled.proposal)) {
                        (words.with("proposal-number", [("number", scheduled.proposal.to_string().into())]))
                    }
                }
            }))
        }
        @if *from == RulesFrom::Files {
            (panel(Tone::Note, &words.say("rules-from-files"), &html! { p { (words.say("rules-from-files-says")) } }))
        } @else {
            h2 { (words.say("proposals-open")) }
            @if open.is_empty() { p { (words.say("proposals-none-open")) } } @else {
                ul { @for proposal in open { li {
                    a href=(format!("/rules/proposals/{}", proposal.id)) {
                        (words.with("proposal-number", [("number", proposal.id.to_string().into())]))
                    }
                    @if let Some(title) = &proposal.title { ": " (name(title)) }
                } } }
            }
        }
        @if !retired.is_empty() {
            h2 { (words.say("promises-retired")) }
            ul lang="en" { @for retired in retired { li { (retired.title) " " span.small { (id(&retired.promise)) } } } }
        }
        @if !passed_over.is_empty() {
            h2 { (words.say("rules-passed-over")) }
            ul { @for path in passed_over { li { (id(path)) } } }
        }
        p.buttons {
            a.button.quiet href="/rules/tables" { (words.say("nav-rules-tables")) }
            a.button.quiet href="/rules/files" { (words.say("nav-rules-files")) }
            a href=(format!("/rules/sets/{digest}")) { (words.say("rules-this-set")) }
        }
    };
    let seqs = [&read.seqs[..], &proposed.seqs[..]].concat();
    Ok(Shown::of(words.say("rules-title"), main).at(read.revision, &seqs).into())
}

fn about(page: &PageCall, status: &RulesStatus) -> Result<Vec<(String, Markup)>, Fault> {
    let words = page.words;
    let mut rows = vec![(words.say("fact-set"), set_link(&status.digest))];
    if let Some(since) = status.since {
        rows.push((words.say("fact-in-force-since"), moment(words, since)));
    }
    if let Some(by) = &status.by {
        rows.push((words.say("column-by"), whom(&Called::of(page)?, by)));
    }
    if let Some(reason) = status.why {
        rows.push((
            words.say("column-why"),
            html! {
                (words.say(&format!("rules-why-{}", why_code(reason))))
                @if status.emergency { " " span.tag { (words.say("rules-emergency")) } }
            },
        ));
    }
    if let Some(comment) = &status.comment {
        rows.push((words.say("fact-comment"), name(comment)));
    }
    if let Some(folder) = &status.folder {
        rows.push((words.say("fact-folder"), id(folder)));
    }
    Ok(rows)
}

//! What is known of a set of rules, as a reviewer reads it: the news first, what is as it should be in one line.

use std::path::Path;

use console::style;
use serde_json::Value;

use super::differences::differences;
use crate::assure::promises::Retired;
use crate::assure::proof::Control;
use crate::assure::proof::{ClaimProof, Proof, Proofs};
use crate::assure::release::Outcome;
use crate::cli::page::Page;
use crate::config::RulesFrom;
use crate::policy::{Digest, Finding, RuleFiles};
use crate::publish::review::Evidence;

/// How much is reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Detail {
    /// The news; what is proved in one line.
    News,
    /// Each claim by itself.
    Everything,
}

/// As much of a digest as is printed where people read it; it is taken wherever a digest is.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

/// Who did something, with its name where it has one.
pub(super) fn who(of: &Value, member: &str) -> String {
    let id = of[member].as_str().unwrap_or("nobody");
    match of[format!("{member}Name")].as_str() {
        Some(name) => format!("{name} ({id})"),
        None => id.to_owned(),
    }
}

/// Findings, each with its hint, and with its line where the file is one of `sources`.
pub(super) fn findings(page: &mut Page, found: &[Finding], sources: &RuleFiles) {
    for finding in found {
        let word = if finding.advisory { style("advice: ").yellow().to_string() } else { String::new() };
        page.line(format!("{word}{finding}"));
        // What stands in the rules in force has its lines there, and not in these files.
        let text = sources.get(&finding.path).filter(|_| finding.line > 0 && !finding.is_in_force);
        if let Some(line) = text.and_then(|text| text.lines().nth(finding.line - 1)) {
            page.source(finding.line, line, finding.column);
        }
    }
}

/// The promises that go, and who took each away.
fn going(page: &mut Page, retired: &[Retired]) {
    for Retired { promise, title, by, on, why, .. } in retired {
        page.line(format!("{promise}: {title}"));
        match (by, why) {
            (Some(by), Some(why)) => {
                let on = on.as_ref().map(|on| format!(" on {on}")).unwrap_or_default();
                page.below(format!("retired by {by}{on}: {why}"));
            }
            _ => page.below("nobody says who retires it and why"),
        }
    }
}

/// How many of the claims are seen to be able to fail, and those that are not.
fn controls(page: &mut Page, proofs: &Proofs) {
    let is_seen = |claim: &&ClaimProof| matches!(claim.negative_control, Some(Control::Broken { .. }));
    let seen = proofs.claims.iter().filter(is_seen).count();
    if seen > 0 {
        page.line(format!("{}: a mistake in the rules that would break it is named", claims_of(seen)));
    }
    for claim in &proofs.claims {
        if let Some(Control::NotFound { why }) = &claim.negative_control {
            page.line(format!("not seen to fail: {} ({}): {why}", claim.title, claim.claim));
        }
    }
}

/// The verdicts of the claims: first those that do not hold, then those that are not proved, and at last the others.
pub(super) fn claims(page: &mut Page, proofs: &Proofs, detail: Detail) {
    let those = |is: fn(&Proof) -> bool| proofs.claims.iter().filter(move |claim| is(&claim.proof));
    for claim in those(|proof| matches!(proof, Proof::Broken { .. })) {
        write_claim(page, claim, style("BROKEN").red().bold().to_string());
        if let Proof::Broken { counterexample } = &claim.proof {
            page.below(&counterexample.sentence);
        }
    }
    for claim in those(|proof| matches!(proof, Proof::NotProved { .. })) {
        if let Proof::NotProved { why } = &claim.proof {
            write_claim(page, claim, format!("{} ({why})", style("not proved").yellow()));
        }
    }
    let listed = detail == Detail::Everything;
    for (claim, word) in those(|proof| matches!(proof, Proof::CheckedOnEveryRow))
        .map(|claim| (claim, style("not proved (checked on every row)").yellow().to_string()))
        .chain(those(|proof| matches!(proof, Proof::Proved)).map(|claim| (claim, style("proved").green().to_string())))
        .filter(|_| listed)
    {
        write_claim(page, claim, word);
    }
    let (proved, checked) = (
        those(|proof| matches!(proof, Proof::Proved)).count(),
        those(|proof| matches!(proof, Proof::CheckedOnEveryRow)).count(),
    );
    let more = if listed { "" } else { "; `--verbose` lists them" };
    if checked > 0 {
        page.line(format!("{}: checked on every row, and not proved{more}", claims_of(checked)));
    }
    if proved > 0 {
        let by = proofs.solver.as_deref().unwrap_or("a solver");
        let asked = proofs.questions;
        page.line(format!(
            "{}: proved for every possible input by {by}, which was asked {asked} questions{more}",
            claims_of(proved)
        ));
    }
    if !listed {
        controls(page, proofs);
    }
    page.line(match proofs.never_errs {
        Some(true) => "no rule errs, whatever is asked: proved".to_owned(),
        Some(false) => format!("{}: a rule can err", style("BROKEN").red().bold()),
        None => "no rule errs in any row, and it is not proved that none ever does".to_owned(),
    });
    match (&proofs.solver, &proofs.why) {
        (Some(_), _) => {}
        (None, Some(why)) => page.line(format!("there is no proof: {why}")),
        (None, None) => {
            page.line("there is no solver on this machine, so nothing is proved; install cvc5 to have it so");
        }
    }
}

fn write_claim(page: &mut Page, claim: &ClaimProof, word: String) {
    page.line(format!("{word}: {} ({})", claim.title, claim.claim));
    match &claim.negative_control {
        Some(Control::Broken { rule, mistake, counterexample, .. }) => {
            page.below(format!("it can fail: in `{rule}` {mistake}, and {}", counterexample.sentence));
        }
        Some(Control::NotFound { why }) => page.below(format!("not seen to fail: {why}")),
        None => {}
    }
}

fn claims_of(number: usize) -> String {
    if number == 1 { "1 claim".to_owned() } else { format!("{number} claims") }
}

/// The outcome of a review, in one sentence.
fn verdict(evidence: &Evidence) -> String {
    match evidence.outcome {
        Outcome::Proved => style("It can be put in force: every claim is proved.").green().to_string(),
        Outcome::NotProved => {
            style("It can be put in force with a word why it is not proved: every claim was checked on every row.")
                .yellow()
                .to_string()
        }
        Outcome::Refused => {
            let refusing = evidence.findings.iter().filter(|finding| !finding.advisory).count();
            let findings =
                if refusing == 1 { "1 finding refuses".to_owned() } else { format!("{refusing} findings refuse") };
            style(format!("It cannot be put in force: {findings} it.")).red().to_string()
        }
    }
}

/// Everything about a candidate.
pub(super) fn review(page: &mut Page, evidence: &Evidence, sources: &RuleFiles, detail: Detail) {
    let digest = |digest: &Digest| short(digest.as_str());
    let (candidate, in_force) = (digest(&evidence.candidate), digest(&evidence.in_force));
    page.line(format!("candidate {candidate}, compared with {in_force} in force"));
    page.line(verdict(evidence));
    if !evidence.findings.is_empty() {
        page.heading("Findings");
        findings(page, &evidence.findings, sources);
    }
    differences(page, evidence);
    if let Some(proofs) = &evidence.proofs {
        page.heading("Claims");
        claims(page, proofs, detail);
    }
    if !evidence.retired.is_empty() {
        page.heading("Promises that go");
        going(page, &evidence.retired);
    }
}

/// What the reader of a review does next.
pub(super) fn next_after_review(page: &mut Page, outcome: Outcome, candidate: &Path, from: Option<RulesFrom>) {
    let candidate = candidate.display();
    page.heading("What to do next");
    match (outcome, from) {
        (Outcome::Refused, _) => {
            page.line("Mend what was found, and review it again:");
            page.as_it_is(format!("  standing rules review {candidate}"));
        }
        (_, Some(RulesFrom::Publishing)) => {
            page.line("Propose it, and have somebody else approve it:");
            page.as_it_is(format!("  standing rules propose {candidate}"));
        }
        (_, Some(RulesFrom::Files)) => {
            page.line(
                "Put its files into the folder of rules that the server watches: they come in force as they are saved. Where rules are published instead (`rules_from = \"publishing\"`), propose it:",
            );
            page.as_it_is(format!("  standing rules propose {candidate}"));
        }
        (_, None) => {
            page.line("Put its files into the folder of rules that a server watches, or propose it where rules are published:");
            page.as_it_is(format!("  standing rules propose {candidate}"));
        }
    }
}

/// An answer that turns, one a line.
pub(super) fn turned(line: &Value) -> String {
    let named = |entity: &Value| {
        let text = |member: &str| entity[member].as_str().unwrap_or_default().to_owned();
        format!("{}::{}", text("type"), text("id"))
    };
    let turned = ["gained", "lost"].into_iter().find_map(|turn| Some((turn, line.get(turn)?)));
    turned.map_or_else(String::new, |(turn, of)| {
        let action = of["action"].as_str().unwrap_or_default();
        let said = of["said"]["words"].as_str().map(|said| format!(" if the caller says {said}")).unwrap_or_default();
        format!("{turn} {} {action} {}{said}\n", named(&of["subject"]), named(&of["resource"]))
    })
}

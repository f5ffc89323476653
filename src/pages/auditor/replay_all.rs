//! The ledger, or a range of it, decided again: what differs, and nothing else.

use std::time::{Duration, Instant};

use maud::{Markup, html};

use super::replay::set_error;
use super::replayed::{THEN, by, by_words, missing, rules_fields, said};
use crate::evidence::replay::run::replay_all as run;
use crate::evidence::replay::{ReplayError, ReplayLine, Replayed, Replaying, Run, Totals};
use crate::id::Seq;
use crate::pages::answer::{Tone, panel};
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::form::{Field, FieldError, field, summary};
use crate::pages::frame::Shown;
use crate::pages::parameters::Parameters;
use crate::pages::table::Table;
use crate::pages::words::Words;
use crate::pdp::call::{CallError, Response};
use crate::work::{Counted, come};

/// How many records that differ are listed; the others are counted.
const LISTED_MAX: usize = 200;

/// What a run came to, as far as it came.
struct Outcome {
    totals: Totals,
    differing: Vec<Replayed>,
    /// How many more differ than are listed.
    more: usize,
    /// Where it goes on, when it took as long as a page may.
    go_on: Option<Seq>,
}

/// `GET /ledger/replay`
pub async fn replay_all(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let asked = &page.parameters;
    let rules = asked.given("set").unwrap_or_else(|| asked.text("rules")).to_owned();
    let (from, to) = (number(asked, "from"), number(asked, "to"));
    let mut errors: Vec<FieldError> = [("from", from), ("to", to)]
        .into_iter()
        .filter(|(_, number)| *number == Some(None))
        .map(|(name, _)| FieldError { field: name.to_owned(), says: words.say("mistake-number") })
        .collect();
    let is_asked = !rules.is_empty() && errors.is_empty();
    // Whoever may not read the ledger is told so before a form is shown, and a form alone decides nothing again.
    let (from, to) = if is_asked { (from.flatten(), to.flatten()) } else { (Some(Seq(1)), Some(Seq(0))) };
    let begun = begin(&page, &rules, from, to, is_asked).await;
    let begun = match begun {
        Err(CallError::Refused(error)) => {
            errors.push(set_error(words, &error));
            None
        }
        begun => Some(begun?),
    };
    let (at, done) = match begun {
        Some(Response { value, revision, seqs, .. }) => {
            let first = from.unwrap_or(Seq(1)).max(Seq(1));
            (Some((revision, seqs)), if is_asked { Some(through(&page, value, first).await?) } else { None })
        }
        None => (None, None),
    };
    let main = html! {
        (summary(words, &errors))
        p.trail { a href="/ledger" { (words.say("nav-ledger")) } }
        h1 { (words.say("replay-all")) }
        p.lead { (words.say("replay-all-says")) }
        @if let Some(done) = &done { (results(words, asked, &rules, done)) }
        form.screen method="get" action="/ledger/replay" {
            (rules_fields(words, if rules.is_empty() { THEN } else { &rules }, &errors))
            (range(words, asked, &errors))
            div.buttons { button.quiet { (words.say("decide-again")) } }
        }
    };
    let shown = Shown::of(words.say("replay-all"), main);
    Ok(match at {
        Some((revision, seqs)) if errors.is_empty() => shown.at(revision, &seqs).into(),
        _ => shown.as_mistake().into(),
    })
}

async fn begin(
    page: &PageCall,
    rules: &str,
    from: Option<Seq>,
    to: Option<Seq>,
    is_asked: bool,
) -> Result<Response<Replaying>, CallError<ReplayError>> {
    let by = by(if is_asked { rules } else { THEN });
    run(&page.setting.pdp, &page.call, |_| Ok(Run { by, from, to, all: false })).await
}

/// A number of a record; nothing in it for what is none.
fn number(asked: &Parameters, name: &str) -> Option<Option<Seq>> {
    asked.given(name).map(|text| text.parse::<u64>().ok().filter(|number| *number > 0).map(Seq))
}

/// How long a page may work: a bit less than a call may.
pub fn time_for_a_page(page: &PageCall) -> Duration {
    Duration::from_secs(page.setting.pdp.limits().long_seconds as u64) * 2 / 3
}

/// Goes through the records; others have their turn between two pieces.
async fn through(page: &PageCall, mut replaying: Replaying, first: Seq) -> Result<Outcome, Fault> {
    let (begun, most) = (Instant::now(), time_for_a_page(page));
    let mut outcome = Outcome { totals: Totals::default(), differing: Vec::new(), more: 0, go_on: None };
    while let Some(line) = replaying.next() {
        match line.map_err(|_| Fault::Unavailable)? {
            ReplayLine::Replayed(replayed) if outcome.differing.len() < LISTED_MAX => outcome.differing.push(*replayed),
            ReplayLine::Replayed(_) => outcome.more += 1,
            ReplayLine::Progress { replayed, of } => {
                come(Counted::Records, replayed, of);
                if replayed < of && begun.elapsed() > most {
                    outcome.totals = replaying.totals();
                    outcome.go_on = Some(Seq(first.0 + replayed));
                    break;
                }
                tokio::task::yield_now().await;
            }
            ReplayLine::Totals { totals } => outcome.totals = totals,
        }
    }
    Ok(outcome)
}

fn range(words: Words, asked: &Parameters, errors: &[FieldError]) -> Markup {
    let line = |name: &'static str| {
        field(words, &Field::text(words, name, &format!("range-{name}"), asked.text(name), true), errors)
    };
    html! { (line("from")) (line("to")) }
}

fn results(words: Words, asked: &Parameters, rules: &str, done: &Outcome) -> Markup {
    let Totals { records, same, different, turned, undecidable, facts_disagree } = done.totals;
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let is_then = rules == THEN;
    let is_same = different == 0 && undecidable == 0 && facts_disagree == 0 && done.differing.is_empty();
    let (tone, title) = match (is_same, is_then) {
        (true, _) => (Tone::Good, "all-same-title"),
        (false, true) => (Tone::Bad, "all-differ-title"),
        (false, false) => (Tone::Note, "all-differ-title"),
    };
    let body = html! {
        p { (words.with("all-says", [("by", by_words(words, rules).into()), ("count", count(records).into())])) }
        ul {
            @for (key, number) in [
                ("all-same", same), ("all-different", different), ("all-turned", turned),
                ("all-undecidable", undecidable), ("all-facts", facts_disagree),
            ] { li { (words.with(key, [("count", count(number).into())])) } }
        }
        @if let Some(next) = done.go_on {
            p { (words.say("all-not-yet")) " " a href=(asked.address(
                "/ledger/replay", &[("from", Some(&next.to_string()))],
            )) { (words.text("all-go-on", &[("seq", &next.to_string())])) } }
        }
    };
    let rows = done.differing.iter().map(|replayed| row(words, rules, replayed)).collect();
    let columns = ["record", "then-decided", "now-decided", "differs"].map(|key| words.say(&format!("column-{key}")));
    let caption = Some(html! { (words.say("all-listed")) });
    let table = Table { caption, labelled_by: None, columns: columns.into(), rows };
    html! {
        (panel(tone, &words.say(title), &body))
        @if !done.differing.is_empty() { (table.stacked()) }
        @if done.more > 0 { p.soft { (words.with("all-more", [("count", done.more.into())])) } }
    }
}

fn row(words: Words, rules: &str, replayed: &Replayed) -> Vec<Markup> {
    let seq = replayed.seq;
    let to = crate::pages::address::address(&format!("/ledger/{seq}/replay"), &[("rules", Some(rules))]);
    let verdict = |verdict: Option<&crate::evidence::replay::Verdict>| {
        html! {
            @match verdict {
                Some(verdict) => {
                    (said(words, verdict))
                    @for rule in &verdict.rules { br; span.small { (crate::pages::words::id(rule.as_str())) } }
                },
                None => span.soft { (words.say("not-known")) },
            }
        }
    };
    vec![
        html! { a href=(to) { (seq) } },
        verdict(replayed.then.as_ref()),
        verdict(replayed.now.as_ref()),
        html! {
            @if replayed.facts_agree == Some(false) { p { (words.say("facts-disagree-title")) } }
            (missing(words, replayed))
        },
    ]
}

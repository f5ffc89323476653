//! A record that was decided again: then and now, and what differs or is missing.

use maud::{Markup, html};

use crate::evidence::replay::{By, Ingredient, Replayed, Verdict};
use crate::pages::answer::{Tone, answer, panel};
use crate::pages::form::{Choices, Field, FieldError, choices, field};
use crate::pages::table::Table;
use crate::pages::words::{Words, id};

/// The words for rules that are no digest.
pub const THEN: &str = "then";
/// Those in force.
pub const CURRENT: &str = "current";

/// By which rules something is decided again, as an address says it: `then`, `current`, or a digest.
pub fn by(rules: &str) -> By {
    By::said(Some(rules.to_owned()).filter(|rules| !rules.is_empty()))
}

/// By which rules that is, for a sentence.
pub fn by_words(words: Words, rules: &str) -> Markup {
    match rules {
        THEN | "" => html! { (words.say("by-then")) },
        CURRENT => html! { (words.say("by-current")) },
        digest => words.with("by-set", [("set", id(digest).into())]),
    }
}

/// The fields that ask by which rules to decide: a choice, and the digest of another set.
pub fn rules_fields(words: Words, rules: &str, errors: &[FieldError]) -> Markup {
    let is_other = ![THEN, CURRENT, ""].contains(&rules);
    let options = vec![(THEN, words.say("rules-then")), (CURRENT, words.say("rules-current"))];
    let other = Field::text(words, "set", "rules-other", if is_other { rules } else { "" }, true);
    html! {
        (choices(&Choices { id: "rules", label: words.say("by-which-rules"), options, chosen: rules }))
        (field(words, &other, errors))
    }
}

/// What deciding a record again came to, in a panel.
pub fn outcome(words: Words, replayed: &Replayed, rules: &str) -> Markup {
    let is_then = [THEN, ""].contains(&rules);
    let (tone, heading, says) = match (replayed.same, &replayed.now) {
        (true, _) if replayed.question.is_none() => (Tone::Good, "same-title", "same-no-question"),
        (true, _) if is_then => (Tone::Good, "same-title", "same-says"),
        (true, _) => (Tone::Good, "same-title", "same-by-others"),
        (false, Some(_)) if is_then => (Tone::Bad, "differs-title", "differs-says"),
        (false, Some(_)) => (Tone::Note, "differs-title", "differs-by-others"),
        (false, None) => (Tone::Care, "undecidable-title", "undecidable-says"),
    };
    let body = html! {
        p { (words.with(says, [("by", by_words(words, rules).into())])) }
        (missing(words, replayed))
    };
    html! {
        (panel(tone, &words.say(heading), &body))
        @if replayed.facts_agree == Some(false) {
            (panel(Tone::Bad, &words.say("facts-disagree-title"), &html! { p { (words.say("facts-disagree-says")) } }))
        }
    }
}

/// What was needed and is not as it was.
pub fn missing(words: Words, replayed: &Replayed) -> Markup {
    html! {
        @if !replayed.missing.is_empty() {
            ul { @for missing in &replayed.missing {
                li { (words.say(ingredient(missing.ingredient))) " " span.small lang="en" { (missing.message) } }
            } }
        }
    }
}

fn ingredient(ingredient: Ingredient) -> &'static str {
    match ingredient {
        Ingredient::Record => "missing-record",
        Ingredient::Rules => "missing-rules",
        Ingredient::Facts => "missing-facts",
        Ingredient::World => "missing-world",
        Ingredient::PageToken => "missing-page",
        Ingredient::Engine => "missing-engine",
    }
}

/// Then and now side by side.
pub fn side_by_side(words: Words, replayed: &Replayed) -> Markup {
    let (Some(then), now) = (&replayed.then, &replayed.now) else { return html! {} };
    let row = |key: &str, of: &dyn Fn(&Verdict) -> Markup| {
        let now = now.as_ref().map_or_else(|| html! { span.soft { (words.say("not-known")) } }, of);
        vec![html! { (words.say(key)) }, of(then), now]
    };
    let is_search = then.count.is_some();
    let mut rows = vec![row("verdict-answer", &|verdict| said(words, verdict))];
    if is_search {
        rows.push(row("verdict-page", &|verdict| id(verdict.sha256.as_deref().unwrap_or_default())));
    } else {
        rows.push(row("verdict-reason", &|verdict| match &verdict.reason {
            Some(reason) => words.reason(&reason.to_string(), reason.sentence().unwrap_or_default()),
            None => html! { span.soft { (words.say("none")) } },
        }));
        rows.push(row("verdict-rules", &|verdict| {
            html! {
                @if verdict.rules.is_empty() { span.soft { (words.say("none")) } }
                @for (index, rule) in verdict.rules.iter().enumerate() { @if index > 0 { ", " } (id(rule.as_str())) }
            }
        }));
    }
    rows.push(row("verdict-set", &|verdict| id(verdict.digest.as_str())));
    rows.push(row("verdict-engine", &|verdict| id(&verdict.engine)));
    let columns = ["verdict", "then-decided", "now-decided"].map(|key| words.say(&format!("column-{key}")));
    let caption = Some(html! { (words.say("side-by-side")) });
    Table { caption, labelled_by: None, columns: columns.into(), rows }.stacked()
}

/// What a verdict says: how many a search found, else yes or no.
pub fn said(words: Words, verdict: &Verdict) -> Markup {
    match verdict.count {
        Some(count) => words.with("found-count", [("count", count.into())]),
        None => answer(words, verdict.decision),
    }
}

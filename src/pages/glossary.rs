//! What the words mean: those of the pages in the language, and those of the rules as they are written.

use maud::{Markup, html};

use super::context::{Answer, Fault, PageCall};
use super::frame::Shown;
use super::words::Words;

/// The words of the pages, in the order in which somebody meets them.
const WORDS: [&str; 18] = [
    "partner",
    "customer",
    "relationship-request",
    "administers",
    "service",
    "sold",
    "billed",
    "support",
    "commercial",
    "renegotiation",
    "displaced",
    "seats",
    "record",
    "revision",
    "rule",
    "turns",
    "promise",
    "proposal",
];

/// The glossary of the rules.
const GLOSSARY: &str = include_str!("../../policies/GLOSSARY.md");

/// `GET /words`
pub async fn words(page: PageCall) -> Result<Answer, Fault> {
    let words = page.words;
    let main = html! {
        h1 { (words.say("words")) }
        p.lead { (words.say("words-says")) }
        dl.facts { @for word in WORDS {
            dt id=(word) { (words.say(&format!("word-{word}"))) }
            dd { (words.say(&format!("word-{word}-means"))) }
        } }
        h2 id="rules" { (words.say("words-rules")) }
        p { (words.say("words-rules-says")) }
        @for (heading, rows) in sections() {
            section lang="en" {
                h3 { (heading) }
                dl.facts { @for (word, means) in rows {
                    dt id=(anchor(heading, word)) { (code(word)) }
                    dd { (code(means)) }
                } }
            }
        }
    };
    Ok(Shown::of(words.say("words"), main).into())
}

/// The address of a word within its section: the same word may stand in two.
fn anchor(heading: &str, word: &str) -> String {
    let plain = |text: &str| text.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    format!("{}.{}", plain(heading), plain(word.trim_matches('`')))
}

/// The sections of the glossary, each with its words and what they mean.
fn sections() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let mut sections: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for line in GLOSSARY.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            sections.push((heading, Vec::new()));
        } else if let Some(cells) = line.strip_prefix("| ")
            && let [word, means, ..] = cells.split(" | ").collect::<Vec<_>>()[..]
            && let Some((_, rows)) = sections.last_mut()
            && word != "Word"
        {
            rows.push((word, means));
        }
    }
    sections.retain(|(_, rows)| !rows.is_empty());
    sections
}

/// Text in which code stands between backticks.
fn code(text: &str) -> Markup {
    html! {
        @for (index, piece) in text.split('`').enumerate() {
            @if index % 2 == 1 { span.code translate="no" { (piece) } } @else { (piece) }
        }
    }
}

/// A link to what a word means.
#[must_use]
pub fn link(words: Words, word: &'static str) -> Markup {
    html! { a href=(format!("/words#{word}")) { (words.say(&format!("word-{word}"))) } }
}

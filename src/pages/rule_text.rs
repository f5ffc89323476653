//! A text of rules with its colours and the numbers of its lines, each of which has an address.

use std::borrow::Cow;

use maud::{Markup, html};

use crate::publish::tables::{is_rules, is_schema};

/// What a part of a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A comment.
    Comment,
    /// A string.
    Quoted,
    /// An annotation, as `@title`.
    Annotation,
    /// A word of the language.
    Word,
    /// Anything else.
    Plain,
}

/// The words of the language that say what a rule does.
const WORDS: [&str; 21] = [
    "permit",
    "forbid",
    "when",
    "unless",
    "principal",
    "action",
    "resource",
    "context",
    "in",
    "is",
    "has",
    "like",
    "if",
    "then",
    "else",
    "true",
    "false",
    "contains",
    "containsAll",
    "containsAny",
    "isEmpty",
];

/// The parts of a line of rules, in order; together they are the line.
#[must_use]
pub fn parts(line: &str) -> Vec<(Part, &str)> {
    let mut found: Vec<(Part, &str)> = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (part, length) = first_part(rest);
        let (taken, left) = rest.split_at(length);
        found.push((part, taken));
        rest = left;
    }
    found
}

/// What the first part of a text is, and how long it is in bytes.
fn first_part(text: &str) -> (Part, usize) {
    let until = |is_end: fn(char) -> bool| text.find(is_end).unwrap_or(text.len());
    let is_in_name = |c: char| c.is_alphanumeric() || c == '_';
    let name_from = |at: usize| {
        let after = text.get(at..).unwrap_or_default();
        at + after.find(|c: char| !is_in_name(c)).unwrap_or(after.len())
    };
    match text.chars().next() {
        _ if text.starts_with("//") => (Part::Comment, text.len()),
        Some('"') => (Part::Quoted, quoted(text)),
        Some('@') if name_from(1) > 1 => (Part::Annotation, name_from(1)),
        Some(c) if is_in_name(c) => {
            let length = name_from(0);
            let is_word = text.get(..length).is_some_and(|word| WORDS.contains(&word));
            (if is_word { Part::Word } else { Part::Plain }, length)
        }
        Some('/' | '@') => (Part::Plain, 1),
        _ => (Part::Plain, until(|c| c.is_alphanumeric() || "_\"@/".contains(c))),
    }
}

/// The length of a string with its quotes, or of what is left where it does not end.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A line of a file: of rules with its colours, of anything else as it is.
#[must_use]
pub fn coloured(path: &str, line: &str) -> Markup {
    if !is_rules(path) && !is_schema(path) {
        return html! { (visible(line)) };
    }
    html! {
        @for (part, text) in parts(line) {
            @let text = visible(text);
            @match part {
                Part::Comment => span.rem { (text) },
                Part::Quoted => span.str { (text) },
                Part::Annotation => span.note-at { (text) },
                Part::Word => span.word { (text) },
                Part::Plain => (text),
            }
        }
    }
}

/// How many lines of a file are numbered and coloured; a longer one is shown as it is.
const LINES_NUMBERED_MAX: usize = 8_000;

/// A text in which whatever would hide or turn round what follows it is shown by its code.
fn visible(text: &str) -> Cow<'_, str> {
    let is_hidden = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
            || (c.is_control() && c != '\t')
    };
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| if is_hidden(c) { format!("[U+{:04X}]", u32::from(c)) } else { c.to_string() });
    Cow::Owned(shown.collect())
}

/// A whole file, in a region that scrolls sideways and can be focused.
#[must_use]
pub fn file_text(path: &str, text: &str, label: &str) -> Markup {
    if text.lines().count() > LINES_NUMBERED_MAX {
        return html! { pre.text role="region" aria-label=(label) tabindex="0" lang="en" translate="no" { (text) } };
    }
    html! {
        div.text role="region" aria-label=(label) tabindex="0" lang="en" translate="no" {
            table role="presentation" { tbody {
                @for (index, line) in text.lines().enumerate() {
                    tr id=(format!("L{}", index + 1)) { td.at { (index + 1) } td { (coloured(path, line)) } }
                }
            } }
        }
    }
}

//! The files of a set of rules: the question each answers, and its text with the numbers of its lines.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::naming::{file_address, set_link};
use crate::pages::address::address;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::frame::Shown;
use crate::pages::rule_text::file_text;
use crate::pages::table::Table;
use crate::pages::words::id;
use crate::pdp::call::{CallError, Response};
use crate::publish::PublishError;
use crate::publish::report::{KeptRules, rules_with};
use crate::publish::tables::{is_rules, tables};

/// The folders of a set in the order they are read, each with the key of what stands in it.
const FOLDERS: [(&str, &str); 6] = [
    ("policies/may/api/", "files-api"),
    ("policies/never/api/", "files-never-api"),
    ("policies/may/", "files-may"),
    ("policies/never/", "files-never"),
    ("policies/always/", "files-always"),
    ("policies/tables/", "files-tables"),
];

/// What a file says of itself, read from its text, so that a file that is wrong is listed too.
struct Said<'a> {
    question: Option<&'a str>,
    title: Option<&'a str>,
    source: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn of(path: &str, text: &'a str) -> Self {
        if !is_rules(path) {
            return Self { question: None, title: None, source: None };
        }
        let annotation = |called: &str| {
            let after = text.split_once(&format!("@{called}(\""))?.1;
            after.split_once("\")").map(|(said, _)| said)
        };
        let question = text.lines().next().and_then(|line| line.strip_prefix("//")).map(str::trim);
        Self { question, title: annotation("title"), source: annotation("source") }
    }
}

/// The files of the set that is asked for, of the rules in force where none is.
async fn read(page: &PageCall) -> Result<Response<KeptRules>, Fault> {
    let digest = page.asked("set").unwrap_or_else(|| page.setting.pdp.digest().to_string());
    Ok(rules_with(&page.setting.pdp, &page.call, &digest).await?)
}

/// `GET /rules/files`
pub async fn files(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let set = page.asked("set");
    let read = read(&page).await?;
    let mut groups: BTreeMap<usize, Vec<(&String, &String)>> = BTreeMap::new();
    for (path, text) in &read.value.files {
        let place = FOLDERS.iter().position(|(folder, _)| path.starts_with(folder)).unwrap_or(FOLDERS.len());
        groups.entry(place).or_default().push((path, text));
    }
    let main = html! {
        h1 { (words.say("nav-rules-files")) }
        p { (words.with("files-says", [("set", set_link(&read.value.digest).into()), ("count", read.value.files.len().into())])) }
        @for (place, files) in groups {
            @let key = FOLDERS.get(place).map_or("files-other", |(_, key)| key);
            h2 id=(key) { (words.say(key)) }
            @if matches!(key, "files-tables" | "files-other") {
                ul { @for (path, _) in &files { li { a href=(file_address(set.as_deref(), path)) { (id(path)) } } } }
            } @else { (listed(&page, set.as_deref(), key, &files)) }
        }
    };
    Ok(Shown::of(words.say("nav-rules-files"), main).at(read.revision, &read.seqs).into())
}

fn listed(page: &PageCall, set: Option<&str>, key: &'static str, files: &[(&String, &String)]) -> Markup {
    let rows = files.iter().map(|(path, text)| {
        let said = Said::of(path, text);
        vec![
            html! { a href=(file_address(set, path)) { (id(path.rsplit('/').next().unwrap_or(path))) } },
            html! { span lang="en" { (said.question.or(said.title).unwrap_or_default()) } },
            html! { span.small lang="en" { (said.source.unwrap_or_default()) } },
        ]
    });
    let columns = ["file", "question", "source"].map(|key| page.words.say(&format!("column-{key}")));
    Table { caption: None, labelled_by: Some(key), columns: columns.into(), rows: rows.collect() }.stacked()
}

/// `GET /rules/files/{path}`
pub async fn file(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let set = page.asked("set");
    let path: String = page.param("file")?;
    let read = read(&page).await?;
    let text = read.value.files.get(&path).ok_or(Fault::NotFound)?;
    let said = Said::of(&path, text);
    let (decides, seqs) = decides(&page, set.as_deref(), &path).await?;
    let main = html! {
        p.trail { a href=(address("/rules/files", &[("set", set.as_deref())])) { (words.say("back-to-files")) } }
        h1 { (id(&path)) }
        @if let Some(title) = said.title { p.lead lang="en" { (title) "." } }
        @if let Some(source) = said.source { p { (words.say("column-source")) ": " span lang="en" { (source) } } }
        p.soft { (words.with("file-of-set", [("set", set_link(&read.value.digest).into())])) }
        (file_text(&path, text, &words.text("file-text", &[("path", &path)])))
        (decides)
    };
    let seqs = [&read.seqs[..], &seqs[..]].concat();
    Ok(Shown::of(path.clone(), main).at(read.revision, &seqs).into())
}

/// How many answers the rule of a file decides, by action.
async fn decides(page: &PageCall, set: Option<&str>, path: &str) -> Result<(Markup, Vec<crate::id::Seq>), Fault> {
    let words = page.words;
    let read = match tables(&page.setting.pdp, &page.call, set).await {
        Ok(read) => read,
        // A set that was proposed and never in force has files and no answers.
        Err(CallError::Refused(PublishError::UnknownRules(_))) => return Ok((html! {}, Vec::new())),
        Err(error) => return Err(error.into()),
    };
    let rule = read.value.rules.iter().find(|(_, text)| text.path == path).map(|(rule, _)| rule);
    let mut counts: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for (action, _, cell) in read.value.printed.table.cells() {
        if rule.is_some_and(|rule| cell.rules.iter().any(|known| known.as_str() == rule)) {
            let [yes, no] = counts.entry(action).or_default();
            *if cell.allowed { yes } else { no } += 1;
        }
    }
    let markup = html! {
        @if !counts.is_empty() {
            h2 { (words.say("file-decides")) }
            ul { @for (action, [yes, no]) in counts { li {
                a href=(address(&format!("/rules/tables/{action}"), &[("set", set)])) { (words.action(action)) } ": "
                (words.with("file-decides-rows", [("yes", yes.into()), ("no", no.into())]))
            } } }
        }
    };
    Ok((markup, read.seqs))
}

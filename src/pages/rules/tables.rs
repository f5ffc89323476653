//! Every answer of a set of rules: an action a page, rows are standings, columns are statuses.

use maud::{Markup, html};

use super::naming::{file_address, set_link};
use crate::assure::sheets::{Sheet, SheetAnswer};
use crate::assure::table::Cell;
use crate::pages::address::address;
use crate::pages::answer::answer;
use crate::pages::context::{Answer, Fault, PageCall};
use crate::pages::frame::Shown;
use crate::pages::table::Table;
use crate::pages::words::{Words, id};
use crate::publish::tables::{RulesTables, tables as read_tables};

/// `GET /rules/tables`
pub async fn tables(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let set = page.asked("set");
    let read = read_tables(&page.setting.pdp, &page.call, set.as_deref()).await?;
    let printed = &read.value.printed;
    let rows = printed.table.actions().map(|(action, answers)| {
        let [yes, no] = counts(printed.sheets(action));
        vec![
            html! { a href=(address(&format!("/rules/tables/{action}"), &[("set", set.as_deref())])) { (id(action)) } },
            html! { span lang="en" { (answers.doc().unwrap_or_default()) } },
            html! { span.count { (yes) } },
            html! { span.count { (no) } },
            html! { @match read.value.signed.get(action) {
                Some(path) => a href=(file_address(set.as_deref(), path)) { (words.say("table-signed")) },
                None => span.soft { (words.say("table-unsigned")) },
            } },
        ]
    });
    let columns = ["action", "what-it-does", "yes", "no", "signed"].map(|key| words.say(&format!("column-{key}")));
    let table = Table { caption: None, labelled_by: Some("tables"), columns: columns.into(), rows: rows.collect() };
    let main = html! {
        h1 id="tables" { (words.say("nav-rules-tables")) }
        p { (words.say("tables-says")) " " (of_set(words, &read.value)) }
        (table.stacked())
    };
    Ok(Shown::of(words.say("nav-rules-tables"), main).at(read.revision, &read.seqs).into())
}

fn of_set(words: Words, read: &RulesTables) -> Markup {
    let key = if read.is_in_force { "tables-in-force" } else { "tables-of-set" };
    words.with(key, [("set", set_link(&read.digest).into())])
}

/// How many answers of these sheets are a yes, and how many a no.
fn counts(sheets: &[Sheet]) -> [usize; 2] {
    let answers = || sheets.iter().flat_map(|sheet| &sheet.rows).flat_map(|row| &row.answers);
    let yes = answers().filter(|answer| answer.cell.allowed).count();
    [yes, answers().count() - yes]
}

/// `GET /rules/tables/{action}`
pub async fn table(page: PageCall) -> Result<Answer, Fault> {
    page.signed_in()?;
    let words = page.words;
    let set = page.asked("set");
    let action: String = page.param("action")?;
    let read = read_tables(&page.setting.pdp, &page.call, set.as_deref()).await?;
    let answers = read.value.printed.table.action(&action).ok_or(Fault::NotFound)?;
    let sheets = read.value.printed.sheets(&action);
    let [yes, no] = counts(sheets);
    let main = html! {
        p.trail { a href=(address("/rules/tables", &[("set", set.as_deref())])) { (words.say("back-to-tables")) } }
        h1 { (words.with("table-title", [("action", id(&action).into())])) }
        @if let Some(doc) = answers.doc() { p.lead lang="en" { (doc) "." } }
        p {
            (words.with("table-counts", [("yes", yes.into()), ("no", no.into())])) " " (of_set(words, &read.value))
            @if let Some(path) = read.value.signed.get(&action) {
                " " a href=(file_address(set.as_deref(), path)) { (words.say("table-signed-says")) }
            }
        }
        @if let Some(said) = answers.said() {
            p { (words.say("table-said")) " " span lang="en" { (said.least) } }
            @if let Some(why) = &said.unknown { p { (words.say("live-unknown")) " " span lang="en" { (why) } } }
        }
        @if sheets.is_empty() { p { (words.say("table-none")) } }
        @for sheet in sheets {
            @for heading in &sheet.headings { h2 lang="en" { (heading) } }
            (shown(&read.value, set.as_deref(), words, sheet))
        }
        @if let Some(owed) = answers.owed().filter(|_| !sheets.is_empty()) {
            h2 { (words.say("table-owed")) }
            ul lang="en" { @for (relationship, duties) in owed { li {
                "commercial relationship " (relationship) ": " (duties)
            } } }
        }
    };
    let title = words.text("table-title", &[("action", &action)]);
    Ok(Shown::of(title, main).at(read.revision, &read.seqs).into())
}

fn shown(read: &RulesTables, set: Option<&str>, words: Words, sheet: &Sheet) -> Markup {
    let who = ["standing", "relationship"].map(|key| words.say(&format!("column-{key}")));
    let rows = sheet.rows.iter().map(|row| {
        let who = [&row.standing, &row.relationship].map(|said| html! { span lang="en" { (said) } });
        let answers = row.answers.iter().map(|answer| said(read, set, words, answer));
        who.into_iter().chain(answers).collect()
    });
    let columns = who.into_iter().chain(sheet.titles.iter().cloned()).collect();
    let table = Table { caption: None, labelled_by: None, columns, rows: rows.collect() };
    table.scrolling(&sheet.headings.join("; "))
}

fn said(read: &RulesTables, set: Option<&str>, words: Words, one: &SheetAnswer) -> Markup {
    let cell = |cell: &Cell| {
        html! {
            (answer(words, cell.allowed))
            @for rule in cell.rules.iter().chain(&cell.faults) { " " span.small { (rule_link(read, set, rule.as_str())) } }
            @if let Some(reason) = &cell.reason { " " span.small.soft { (id(reason.as_str())) } }
        }
    };
    html! {
        (cell(&one.cell))
        @for other in &one.cell.if_said { br; span.small lang="en" { (other.said) } ": " (cell(&other.cell)) }
    }
}

/// A rule, as a link to the line of its file.
fn rule_link(read: &RulesTables, set: Option<&str>, rule: &str) -> Markup {
    match read.rules.get(rule) {
        Some(text) => html! {
            a href=(format!("{}#L{}", file_address(set, &text.path), text.line)) title=(text.title) { (id(rule)) }
        },
        None => id(rule),
    }
}

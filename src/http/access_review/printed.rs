//! The access review as a page to print and sign: a row for each partner and what it may do something to.

use data_encoding::BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use warp::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use warp::reply::Response;

use super::whole;
use crate::clock::Timestamp;
use crate::evidence::access_review::{Access, AccessOf, LastUsed, Reviewing};
use crate::http::streamed::{in_pieces, streamed};
use crate::id::{Revision, Seq};
use crate::pdp::absent::MissingRecords;
use crate::pdp::page::Page;
use crate::standing::Right;

/// How much of a digest is enough to tell two sets of rules apart by eye.
const DIGEST_SHOWN: usize = 12;
const STYLE: &str = "\
    body{font:14px/1.45 system-ui,\"Segoe UI\",Roboto,Helvetica,Arial,sans-serif;margin:2em;color:#111}\
    h1{font-size:1.5em;margin:0 0 .4em}p{margin:.3em 0;max-width:62em}\
    table{border-collapse:collapse;width:100%;margin:1em 0}\
    th,td{border:1px solid #999;padding:.35em .5em;text-align:left;vertical-align:top}\
    thead th{background:#eee;white-space:nowrap}\
    .id,.at{white-space:nowrap}.id{font-family:ui-monospace,Consolas,monospace;font-size:.88em;color:#333}\
    .long{font-size:.62em}small{color:#555}ul{margin:0;padding:0;list-style:none}li+li{margin-top:.2em}\
    .box{text-align:center;font-size:1.3em;line-height:1}.sign{min-width:8em}.warn{border:2px solid #a00;padding:.5em}\
    .signed{margin-top:2.5em}.signed span{display:inline-block;min-width:18em;border-top:1px solid #333;margin-right:2em}\
    @media print{body{margin:0;font-size:8.5pt}thead{display:table-header-group}tr{break-inside:avoid}\
    thead th{background:none}.signed{break-inside:avoid}@page{size:A4 landscape;margin:12mm}}";

/// Nothing but the sheet of its own, by its digest.
fn policy() -> String {
    format!("default-src 'none'; style-src 'sha256-{}'", BASE64.encode(&Sha256::digest(STYLE)))
}

/// The page as an answer, made while it is sent.
pub(super) fn page(review: Reviewing, revision: Revision, seqs: &[Seq]) -> Response {
    let words = Words::of(&review);
    let head = head(&review).into_bytes();
    let mut rows = Rows { words, open: Vec::new(), missing: Vec::new(), rows: 0, answers: 0 };
    let mut pages = whole::pages(review);
    let mut has_ended = false;
    let rest = std::iter::from_fn(move || match pages.next() {
        Some(page) => Some(page.map(|page| rows.add(page).into_bytes())),
        None if has_ended => None,
        None => {
            has_ended = true;
            Some(Ok(format!("{}{}", rows.close(), foot(&rows)).into_bytes()))
        }
    });
    let made = std::iter::once(Ok(head)).chain(rest);
    let mut response = streamed(in_pieces(made), "text/html; charset=utf-8", revision, seqs);
    if let Ok(policy) = HeaderValue::from_str(&policy()) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What actions are in words, and whose names go without saying.
struct Words {
    actions: Vec<(String, String)>,
    /// Is it all of one customer, who stands at the top of the page?
    is_of_customer: bool,
}

impl Words {
    fn of(review: &Reviewing) -> Self {
        let said = |action: &String| review.words(action).unwrap_or(action).to_owned();
        let actions = review.actions().iter().map(|action| (action.clone(), said(action))).collect();
        Self { actions, is_of_customer: matches!(review.of, AccessOf::Customer(_)) }
    }

    fn action<'a>(&'a self, name: &'a str) -> &'a str {
        self.actions.iter().find(|(known, _)| known == name).map_or(name, |(_, words)| words)
    }
}

/// The rows of the page, as they come: what one partner may do to one thing follows one another.
struct Rows {
    words: Words,
    /// What was read of a row that may go on.
    open: Vec<Access>,
    /// Records that cannot be read.
    missing: Vec<MissingRecords>,
    rows: usize,
    answers: usize,
}

impl Rows {
    fn add(&mut self, page: Page<Access>) -> String {
        let mut made = String::new();
        page.missing.into_iter().for_each(|more| MissingRecords::join(&mut self.missing, more));
        for access in page.items {
            let goes_on = self
                .open
                .last()
                .is_none_or(|open| (&open.subject, &open.resource) == (&access.subject, &access.resource));
            if !goes_on {
                made.push_str(&self.close());
            }
            self.open.push(access);
        }
        made
    }

    /// Ends the row that is open, if one is.
    fn close(&mut self) -> String {
        let open = std::mem::take(&mut self.open);
        let Some(first) = open.first() else { return String::new() };
        self.rows += 1;
        self.answers += open.len();
        row(&self.words, first, &open).into_string()
    }
}

fn row(words: &Words, first: &Access, row: &[Access]) -> Markup {
    let since = row.iter().map(|access| access.since).min().unwrap_or(first.since);
    let used = row.iter().filter_map(|access| access.last_used.as_ref());
    let is_unknown = used.clone().any(|used| used.at.is_none());
    let last_used = used.filter_map(|used| used.at).max();
    html! {
        tr {
            td { (named(first.subject_name.as_deref(), &first.subject.id)) }
            td {
                small { (first.resource.kind) } " "
                @if first.resource.kind == "Service" { (first.service) } @else { (id(&first.resource.id)) }
                @if first.resource.kind != "Service" { br; (first.service) }
                @if !words.is_of_customer {
                    br; (named(first.customer_name.as_deref(), first.customer.as_str()))
                }
            }
            td { ul { @for access in row { li { (may(words, access, since)) } } } }
            td { (because(first)) }
            td.at { (minute(since)) }
            td.at {
                @match last_used {
                    Some(at) => { (minute(at)) }
                    None if is_unknown => { "unknown" }
                    None => { "never" }
                }
            }
            td.box { "\u{2610}" } td.box { "\u{2610}" } td.sign {}
        }
    }
}

/// An action in words, with the rules that allow it, and when it was used.
fn may(words: &Words, access: &Access, since: Timestamp) -> Markup {
    html! {
        (words.action(&access.action)) " "
        small.id { @for (at, rule) in access.rules.iter().enumerate() { @if at > 0 { ", " } (rule.as_str()) } }
        @if access.since != since { " " small { "since " span.at { (minute(access.since)) } } }
        @if let Some(LastUsed { at, seq, missing, .. }) = &access.last_used {
            " " small {
                @match at {
                    Some(at) => { "used " span.at { (minute(*at)) } ", decision " (seq) }
                    None => { "used by decision " (seq) ", which cannot be read: " (missing.as_deref().unwrap_or("")) }
                }
            }
        }
    }
}

/// Why it may: what it has to do with the thing.
fn because(access: &Access) -> Markup {
    let said = |right: &Right| match right {
        Right::OriginalReseller => "sold it",
        Right::DelegatedAdministrator => "administers the service",
    };
    html! {
        @if access.standing.is_empty() { "a rule says so" }
        ul { @for right in &access.standing { li { (said(right)) } } }
    }
}

/// A name with its id, which is never broken.
fn named(name: Option<&str>, of: &str) -> Markup {
    html! { @if let Some(name) = name { (name) " " } (id(of)) }
}

fn id(id: &str) -> Markup {
    // One that would not fit a column is written smaller.
    let is_long = id.len() > 32;
    html! { span.id.long[is_long] { (id) } }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

fn head(review: &Reviewing) -> String {
    let (kind, of) = match &review.of {
        AccessOf::Customer(customer) => ("customer", customer.as_str()),
        AccessOf::Partner(partner) => ("partner", partner.as_str()),
    };
    let digest: String = review.rules().chars().take(DIGEST_SHOWN).collect();
    let opened = html! {
        (DOCTYPE)
        (PreEscaped("<html lang=\"en\">"))
        head { meta charset="utf-8"; title { "Access review of " (kind) " " (of) } style { (PreEscaped(STYLE)) } }
        (PreEscaped("<body>"))
        h1 { "Access review of " (kind) " " (named(Some(&review.name), of)) }
        p {
            "What partners may do as of " strong { (minute(review.at)) } " UTC, at revision " (review.revision())
            ", by the rules " span.id { (digest) } ". All times are UTC."
        }
        p {
            small {
                strong { "Since" } " is the newest moment from which on the facts have given this answer by these rules; "
                strong { "last used" } " is the newest recorded question that was answered with a yes."
            }
        }
        @let depends = review.depends_on_context();
        @if !depends.is_empty() {
            p.warn {
                "What a caller says besides can turn the answers to " (depends.join(", "))
                ": these rows are for one that says nothing."
            }
        }
        (PreEscaped("<table>"))
        thead { tr {
            th { "Partner" } th { "On" } th { "May" } th { "Because it" } th { "Since" } th { "Last used" }
            th { "Keep" } th { "Remove" } th { "Signature" }
        } }
        (PreEscaped("<tbody>"))
    };
    opened.into_string()
}

/// The last line is the one by which a reader sees that nothing was cut off.
fn foot(rows: &Rows) -> String {
    let closed = html! {
        (PreEscaped("</tbody></table>"))
        @for missing in &rows.missing {
            p.warn {
                "Not complete: when something was last used stands in records " (missing.first) " to " (missing.last)
                ", which cannot be read. Archive " span.id { (missing.archive.as_deref().unwrap_or("unknown")) } ": "
                (missing.why) "."
            }
        }
        p.signed { span { "Reviewed by" } span { "Date" } span { "Signature" } }
        p { (rows.answers) " rights in all." }
        p { "End of the review: " (rows.rows) " rows." }
        (PreEscaped("</body></html>\n"))
    };
    closed.into_string()
}

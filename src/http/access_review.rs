//! The access review: as JSON in pages, as CSV for a spreadsheet, and as a page to print; the last two are whole.

use maud::{DOCTYPE, PreEscaped, html};
use serde_json::json;
use warp::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, HeaderValue, VARY};
use warp::reply::Response;

use super::exchange::{Exchange, page_body, streamed, told, with_header};
use super::problem::Problem;
use crate::id::{CustomerId, PartnerId};
use crate::pdp::{Access, AccessOf, AccessReviewError, CallError, LastUsed, Reviewing};

/// How many rows of a whole review are put together at a time.
const ROWS_AT_ONCE: usize = 200;
/// What the first character of a cell may not be, or a spreadsheet reads it as a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

const COLUMNS: [&str; 8] =
    ["subject", "action", "resource", "rules", "standing", "since", "lastUsedAt", "lastUsedDecision"];

const STYLE: &str = "body{font:14px/1.4 sans-serif;margin:2em}table{border-collapse:collapse;width:100%}\
    th,td{border:1px solid #999;padding:.3em .5em;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
    th{background:#eee}caption{text-align:left;margin-bottom:1em}\
    @media print{body{margin:0;font-size:9pt}thead{display:table-header-group}tr{break-inside:avoid}\
    th{background:none}@page{size:A4 landscape;margin:15mm}}";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Html,
}

pub(super) async fn review(mut x: Exchange) -> Result<Response, Problem> {
    let format = format(&mut x)?;
    let customer = x.query::<CustomerId>("customer")?;
    let partner = x.query::<PartnerId>("partner")?;
    let of = match (customer, partner) {
        (Some(customer), None) => AccessOf::Customer(customer),
        (None, Some(partner)) => AccessOf::Partner(partner),
        _ => {
            return Err(Problem::bad(
                "invalid_parameter",
                "the review is of one customer or one partner; give `customer` or `partner`".to_owned(),
            ));
        }
    };
    let paging = if format == Format::Json { Some(x.paging()?) } else { None };
    x.no_more_query()?;
    let opened = x.pdp.access_review(&x.call, of).await?;
    let response = match paging {
        Some((limit, cursor)) => {
            let page = opened.value.page(limit, cursor.as_deref()).map_err(CallError::Failed)?;
            let mut body = page_body("access", &page)?;
            body["at"] = json!(opened.value.at);
            body["rules"] = json!(opened.value.rules());
            told(&opened, &body)?
        }
        None => whole(format, opened.value, opened.revision, &opened.seqs),
    };
    Ok(with_header(response, VARY, "Accept"))
}

/// As the query says, else as the caller accepts it.
fn format(x: &mut Exchange) -> Result<Format, Problem> {
    match x.query::<String>("format")?.as_deref() {
        Some("json") => return Ok(Format::Json),
        Some("csv") => return Ok(Format::Csv),
        Some("html") => return Ok(Format::Html),
        Some(other) => {
            return Err(Problem::bad(
                "invalid_parameter",
                format!("`format` cannot be `{other}`; use one of `json`, `csv`, `html`"),
            ));
        }
        None => {}
    }
    let accepted = x.headers.get_all(ACCEPT).iter().filter_map(|accepted| accepted.to_str().ok());
    let media = accepted.flat_map(|accepted| accepted.split(','));
    let media = media.map(|media| media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    // The first that is known; a browser names a page before anything else.
    let known = |media: String| match media.as_str() {
        "application/json" => Some(Format::Json),
        "text/csv" => Some(Format::Csv),
        "text/html" => Some(Format::Html),
        _ => None,
    };
    Ok(media.filter_map(known).next().unwrap_or(Format::Json))
}

fn whole(format: Format, review: Reviewing, revision: crate::id::Revision, seqs: &[crate::id::Seq]) -> Response {
    if format == Format::Csv {
        let head = std::iter::once(row(COLUMNS));
        let rows = review.pages(ROWS_AT_ONCE).map(|page| {
            let rows: Result<Vec<Vec<u8>>, _> = page.map_err(failed)?.iter().map(|access| row(cells(access))).collect();
            Ok(rows?.concat())
        });
        let mut response = streamed(head.chain(rows), "text/csv; charset=utf-8; header=present", revision, seqs);
        let disposition = HeaderValue::from_static("attachment; filename=\"access-review.csv\"");
        response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
        return response;
    }
    let head = std::iter::once(Ok(head(&review).into_bytes()));
    let mut counted = 0;
    let mut pages = review.pages(ROWS_AT_ONCE);
    let mut has_ended = false;
    let rest = std::iter::from_fn(move || match pages.next() {
        Some(page) => Some(page.map_err(failed).map(|rows| {
            counted += rows.len();
            rows.iter().map(|access| table_row(access).into_string()).collect::<String>().into_bytes()
        })),
        // The last line, by which a reader sees that nothing was cut off.
        None if has_ended => None,
        None => {
            has_ended = true;
            Some(Ok(format!("</tbody></table><p>End of the review: {counted} rows.</p></body></html>\n").into_bytes()))
        }
    });
    let mut response = streamed(head.chain(rest), "text/html; charset=utf-8", revision, seqs);
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

fn failed(error: AccessReviewError) -> std::io::Error {
    std::io::Error::other(error)
}

/// What stands in the cells of a row.
fn cells(access: &Access) -> [String; 8] {
    let joined = |words: Vec<&str>| words.join(" ");
    let used = access.last_used.as_ref();
    [
        format!("{}::{}", access.subject.kind, access.subject.id),
        access.action.clone(),
        format!("{}::{}", access.resource.kind, access.resource.id),
        joined(access.rules.iter().map(|rule| rule.as_str()).collect()),
        joined(access.standing.iter().map(|right| right.as_str()).collect()),
        access.since.to_string(),
        used.map(last_used_at).unwrap_or_default(),
        used.map(|used| used.seq.to_string()).unwrap_or_default(),
    ]
}

/// When something was last used, or why that is not known.
fn last_used_at(used: &LastUsed) -> String {
    match (&used.at, &used.missing) {
        (Some(at), _) => at.to_string(),
        (None, missing) => format!("unknown: {}", missing.as_deref().unwrap_or("its record cannot be read")),
    }
}

/// A row of CSV as RFC 4180 has it; no cell begins as a formula does.
fn row(cells: [impl AsRef<str>; 8]) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let guarded = cells.iter().map(|cell| {
        let cell = cell.as_ref();
        if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell.to_owned() }
    });
    writer.write_record(guarded)?;
    writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
}

fn head(review: &Reviewing) -> String {
    let (kind, id) = match &review.of {
        AccessOf::Customer(customer) => ("customer", customer.as_str()),
        AccessOf::Partner(partner) => ("partner", partner.as_str()),
    };
    let title = format!("Access review of {kind} {id}");
    let opened = html! {
        (DOCTYPE)
        (PreEscaped("<html lang=\"en\">"))
        head { meta charset="utf-8"; title { (title) } style { (PreEscaped(STYLE)) } }
        (PreEscaped("<body>"))
        h1 { (title) }
        p { (review.name) ". What partners may do as of " (review.at) ", revision " (review.revision())
            ", by the rules " code { (review.rules()) } ". " i { "Since" } " is the newest moment from which on the "
            "facts have given this answer by these rules." }
        (PreEscaped("<table>"))
        thead { tr {
            th { "Who" } th { "May" } th { "On" } th { "By rule" } th { "Standing" } th { "Since" } th { "Last used" }
        } }
        (PreEscaped("<tbody>"))
    };
    opened.into_string()
}

fn table_row(access: &Access) -> maud::Markup {
    let [subject, action, resource, rules, standing, since, ..] = cells(access);
    html! {
        tr {
            td { (subject) } td { (action) } td { (resource) } td { (rules) } td { (standing) } td { (since) }
            td {
                @match &access.last_used {
                    Some(used) => { (last_used_at(used)) " (decision " (used.seq) ")" }
                    None => { "never" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn no_cell_begins_as_a_formula_does_and_quotes_are_doubled() {
        let cells = ["=1+1", "+1", "-1", "@x", "\tx", "a,b", "a\"b", "plain"];
        let row = String::from_utf8(row(cells).unwrap_or_default()).unwrap_or_default();
        assert_eq!(row, "'=1+1,'+1,'-1,'@x,'\tx,\"a,b\",\"a\"\"b\",plain\r\n");
    }
}

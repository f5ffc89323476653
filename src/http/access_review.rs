//! The access review: as JSON in pages, as CSV for a spreadsheet, and as a page to print; the last two are whole.

mod whole;
mod printed;

use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use warp::http::header::VARY;
use warp::reply::Response;

use super::format::{Format, format};
use super::page::page_body;
use super::problem::Problem;
use super::request::Request;
use super::response::{at_revision, read_response, with_header};
use super::sheet;
use super::times::Past;
use crate::evidence;
use crate::evidence::access_review::{Access, AccessOf, LastUsed, ReviewedBy, Reviewing};
use crate::id::{CustomerId, PartnerId, Revision, Seq};

const FORMS: [Format; 3] = [Format::Json, Format::Csv, Format::Html];
const FILE: &str = "attachment; filename=\"access-review.csv\"";

const COLUMNS: [&str; 12] = [
    "subject",
    "action",
    "resource",
    "rules",
    "standing",
    "since",
    "lastUsedAt",
    "lastUsedDecision",
    "subjectName",
    "service",
    "customer",
    "customerName",
];

/// Of whom the review is, and in which form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// Those of this customer.
    #[param(inline)]
    customer: Option<CustomerId>,
    /// Those this partner sold.
    #[param(inline)]
    partner: Option<PartnerId>,
    /// The form of the answer, whatever is accepted.
    #[param(inline)]
    format: Option<Format>,
    /// By which rules a moment in the past is reviewed; those of then where nothing is said.
    #[param(inline)]
    rules: Option<ReviewedBy>,
}

pub(super) async fn review(mut request: Request) -> Result<Response, Problem> {
    let Of { customer, partner, format: asked, rules } = request.query()?;
    let format = format(&request, asked, &FORMS)?;
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
    let as_of = request.query::<Past>()?.moment(request.pdp.now())?;
    let paging = if format == Format::Json { Some(request.paging()?) } else { None };
    request.no_more_query()?;
    let (pdp, by) = (&request.pdp, rules.unwrap_or(ReviewedBy::Then));
    let opened = evidence::access_review::access_review_by(pdp, &request.call, of, as_of, by).await?;
    let revision = opened.value.revision();
    let response = match (paging, format) {
        (Some((limit, cursor)), _) => {
            let page = opened.value.page(limit, cursor.as_deref())?;
            let mut body = page_body("access", &page)?;
            body["at"] = json!(opened.value.at);
            body["rules"] = json!(opened.value.rules());
            let depends = opened.value.depends_on_context();
            if !depends.is_empty() {
                body["dependsOnContext"] = json!(depends);
            }
            // The revision of the review, which may be one of the past.
            at_revision(read_response(&opened, &body)?, revision)
        }
        (None, Format::Html) => printed::page(opened.value, revision, &opened.seqs),
        (None, _) => spreadsheet(opened.value, revision, &opened.seqs),
    };
    Ok(with_header(response, VARY, "Accept"))
}

/// A whole review as a spreadsheet, which is made while it is sent.
pub(crate) fn spreadsheet(review: Reviewing, revision: Revision, seqs: &[Seq]) -> Response {
    let head = std::iter::once(sheet::row(COLUMNS));
    let rows = whole::pages(review).map(|page| {
        let rows: Result<Vec<Vec<u8>>, _> = page?.items.iter().map(|access| sheet::row(cells(access))).collect();
        Ok(rows?.concat())
    });
    sheet::rows(head.chain(rows), FILE, revision, seqs)
}

/// What stands in the cells of a row.
fn cells(access: &Access) -> [String; 12] {
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
        access.subject_name.clone().unwrap_or_default(),
        access.service.to_string(),
        access.customer.to_string(),
        access.customer_name.clone().unwrap_or_default(),
    ]
}

/// When something was last used, or why that is not known.
fn last_used_at(used: &LastUsed) -> String {
    match (&used.at, &used.missing) {
        (Some(at), _) => at.to_string(),
        (None, missing) => format!("unknown: {}", missing.as_deref().unwrap_or("its record cannot be read")),
    }
}

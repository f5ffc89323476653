//! Partners.

use warp::http::StatusCode;
use warp::reply::Response;

use super::conditions::noun_reply;
use super::problem::Problem;
use super::request::{Request, changed, page_body, tagged, told};
use super::times::Past;
use crate::answer;
use crate::change;
use crate::domain::partner::Partner;
use crate::id::PartnerId;

pub(super) async fn put(mut x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id: PartnerId = x.param("partner")?;
    let partner: Partner = x.noun("partner", id.as_str()).await?;
    let done = change::registry::put_partner(&x.pdp, &x.call, partner).await?;
    let status = if done.value.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tagged(changed(status, &done, &done.value.noun)?, done.value.revision))
}

pub(super) async fn get(x: Request) -> Result<Response, Problem> {
    x.no_more_query()?;
    let id: PartnerId = x.param("partner")?;
    let found = change::registry::partner(&x.pdp, &x.call, &id).await?;
    match &found.value {
        Some(known) => noun_reply(&x, &found, &known.noun, known.revision),
        None => Err(Problem::not_found("unknown_partner", format!("partner `{id}` is not known; register it first"))),
    }
}

pub(super) async fn list(mut x: Request) -> Result<Response, Problem> {
    let (limit, cursor) = x.paging()?;
    x.no_more_query()?;
    let page = change::registry::list_partners(&x.pdp, &x.call, limit, cursor.as_deref()).await?;
    told(&page, &page_body("partners", &page.value)?)
}

pub(super) async fn customers(mut x: Request) -> Result<Response, Problem> {
    let (limit, cursor) = x.paging()?;
    let as_of = x.query::<Past>()?.moment(x.pdp.now())?;
    x.no_more_query()?;
    let id: PartnerId = x.param("partner")?;
    let page = answer::pages::customer_list(&x.pdp, &x.call, &id, as_of, limit, cursor.as_deref()).await?;
    told(&page, &page_body("customers", &page.value)?)
}

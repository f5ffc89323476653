//! Lists whose cursor is none of theirs: shown from their beginning, with a word that says so.

use hyper::Method;
use maud::html;

use super::context::{Answer, Fault, PageCall};
use super::page_route::PageRoute;

/// The code of a cursor that is none of a list.
const INVALID_CURSOR: &str = "invalid_cursor";

/// What a page came to; a list that was asked to go on from nowhere in it begins from its beginning.
///
/// # Errors
/// Those of the page.
pub(super) async fn come(route: &'static PageRoute, page: PageCall) -> Result<Answer, Fault> {
    let is_going_on = route.method == Method::GET && page.parameters.given("cursor").is_some();
    let from_beginning = is_going_on.then(|| PageCall {
        query: page.parameters.address("", &[]).trim_start_matches('?').to_owned(),
        parameters: page.parameters.without("cursor"),
        params: page.params.clone(),
        own_origins: page.own_origins.clone(),
        ..page.as_looked_at()
    });
    let words = page.words;
    match ((route.run)(page).await, from_beginning) {
        (Err(Fault::Refused(_, code, _)), Some(page)) if code == INVALID_CURSOR => {
            let mut answer = (route.run)(page).await?;
            if let Answer::Shown(shown) = &mut answer {
                shown.main = html! { p.heed { (words.say("cursor-wrong")) } (shown.main) };
            }
            Ok(answer)
        }
        (came_to, _) => came_to,
    }
}

//! The pages as a listener serves them: who looks, in which language, and the headers of every page.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, HeaderValue, LOCATION, VARY};
use hyper::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::assets::asset;
use super::beginning_of_list::come;
use super::cast::called;
use super::context::{Fault, PageCall, cookie};
use super::held::Held;
use super::long_page::long_page;
use super::page_route::PageRoute;
use super::parameters::Parameters;
use super::response::{dressed, faulty, framed, guarded, put, response, sent};
use super::setting::Setting;
use super::typed::signed_out;
use super::words::Words;
use super::{PAGES, fault, language};
use crate::caller::{Caller, Identity, Proof};
use crate::change::sessions::open_session;
use crate::change::tokens::note_token_use;
use crate::http::{Listener, Quotas, Site, SiteResponse, Taking, Visit};
use crate::limits::{FORM_BODY_BYTES_MAX, RULES_BODY_BYTES_MAX};
use crate::pdp::attempts::holder;
use crate::pdp::call::Call;
use crate::pdp::ready::has_room;
use crate::work::Progress;

const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// The link of a partner's email as it was before there were pages.
const OLD_LINK: &str = "/v1/relationship-requests/";
/// The paths that are not of people.
const OF_PROGRAMS: [&str; 6] = ["/v1/", "/access/", "/.well-known/", "/healthz", "/readyz", "/metrics"];

/// The pages by their path.
static BY_PATH: LazyLock<matchit::Router<Vec<&'static PageRoute>>> = LazyLock::new(|| {
    let mut by_path: BTreeMap<&str, Vec<&'static PageRoute>> = BTreeMap::new();
    for page in PAGES {
        by_path.entry(page.path).or_default().push(page);
    }
    let mut router = matchit::Router::new();
    for (path, pages) in by_path {
        if let Err(error) = router.insert(path, pages) {
            tracing::error!(path, %error, "a page cannot be served");
        }
    }
    router
});

/// Is there a page at a path that can be fetched, where a world of its own may be served?
fn is_page(path: &str, in_world: bool) -> bool {
    let is_it = |page: &&PageRoute| page.method == Method::GET && (page.in_worlds || !in_world);
    BY_PATH.at(path).is_ok_and(|found| found.value.iter().any(is_it))
}

/// The pages of a server.
pub struct Pages(Arc<Setting>);

impl Pages {
    /// The pages of a server.
    #[must_use]
    pub fn of(setting: Setting) -> Self {
        Self(Arc::new(setting))
    }
}

fn wants_page(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")))
}

fn is_old_link(path: &str) -> bool {
    path.strip_prefix(OLD_LINK).is_some_and(|token| !token.is_empty() && !token.contains('/'))
}

impl Site for Pages {
    fn serves(&self, method: &Method, path: &str, headers: &HeaderMap) -> bool {
        let is_got = method == Method::GET;
        if path == "/" {
            return is_got && wants_page(headers);
        }
        if path.starts_with("/assets/") || path == "/mark.svg" || BY_PATH.at(path).is_ok() {
            return true;
        }
        if is_old_link(path) {
            return is_got && wants_page(headers) && !headers.contains_key(AUTHORIZATION);
        }
        // Whoever mistypes an address in a browser reads a page, and a program what programs read.
        is_got && wants_page(headers) && path != "/openapi.json" && !OF_PROGRAMS.iter().any(|of| path.starts_with(of))
    }

    fn bytes_max(&self, path: &str) -> usize {
        let is_large = BY_PATH.at(path).is_ok_and(|found| found.value.iter().any(|page| page.is_large));
        if is_large { RULES_BODY_BYTES_MAX } else { FORM_BODY_BYTES_MAX }
    }

    fn visit<'a>(&'a self, visit: Visit) -> Pin<Box<dyn Future<Output = SiteResponse> + Send + 'a>> {
        Box::pin(answered(&self.0, visit))
    }
}

async fn answered(setting: &Arc<Setting>, visit: Visit) -> SiteResponse {
    if visit.path.starts_with("/assets/") || visit.path == "/mark.svg" {
        let path = if visit.path == "/mark.svg" { super::assets::MARK.address() } else { &visit.path };
        let file = match asset(path).filter(|_| visit.method == Method::GET) {
            Some(asset) => {
                let mut response = response(StatusCode::OK, asset.media, Bytes::from_static(asset.bytes));
                response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(FOR_GOOD));
                guarded(response.headers_mut());
                response
            }
            None => {
                let mut response = response(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", Bytes::new());
                guarded(response.headers_mut());
                response
            }
        };
        return file.map(Into::into);
    }
    if is_old_link(&visit.path) {
        let to = visit.path.trim_start_matches("/v1").to_owned();
        let mut response = response(StatusCode::FOUND, "text/plain; charset=utf-8", Bytes::new());
        put(response.headers_mut(), LOCATION, &to);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
        return response.map(Into::into);
    }
    let words = Words(language::of(setting, &visit.headers));
    if let Some(key) = setting.closed {
        let mut response =
            response(StatusCode::SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", Bytes::from(words.say(key)));
        dressed(setting, words, response.headers_mut());
        return response.map(Into::into);
    }
    let mut response = of_page(setting, words, visit).await;
    dressed(setting, words, response.headers_mut());
    response
}

/// The page of a call.
async fn of_page(setting: &Arc<Setting>, words: Words, visit: Visit) -> SiteResponse {
    let quotas = visit.quotas.clone();
    let (route, page) = match of_visit(setting, words, visit).await {
        Ok(found) => found,
        Err((page, Fault::NotFound)) => return framed(&page, &fault::page(words, &Fault::NotFound)).map(Into::into),
        Err((page, fault)) => return faulty(&page, &fault).map(Into::into),
    };
    let whose = whose(&page);
    // Until it is answered, or whoever looks at it is gone.
    let taking = match quotas.map(|quotas| taken(&quotas, &page, &whose)).transpose() {
        Ok(taking) => taking,
        Err(fault) => return faulty(&page, &fault).map(Into::into),
    };
    if let Some(kept) = signed_out(&page, &route.method) {
        return framed(&page, &kept).map(Into::into);
    }
    let changes =
        (route.method != Method::GET).then(|| page.held.as_ref().map(|held| held.session.id.clone())).flatten();
    let changes = || changes.iter().for_each(|session| setting.waiting.changes(session));
    changes();
    // A visitor is shown who asks, or has to sign in: that looks at a few facts.
    let answer = if route.is_long && page.call.caller != Caller::Visitor {
        long_page(route, page, &whose, taking).await
    } else {
        let kept = page.as_looked_at();
        sent(&kept, come(route, page).await)
    };
    // What was asked for while it was changed may be of before as well.
    changes();
    answer
}

/// Whose a call of a page is: those who have not said who they are are known by their address.
fn whose(page: &PageCall) -> String {
    match &page.call.caller {
        Caller::Visitor => {
            let address = page.connection.client(&page.setting.pdp, &page.headers).map(holder);
            address.map_or_else(String::new, |address| format!("page:{address}"))
        }
        caller => caller.to_string(),
    }
}

/// Lets a call of a page in, as far as there is room for its record and the quotas of whoever looks at it go.
fn taken(quotas: &Quotas, page: &PageCall, whose: &str) -> Result<Taking, Fault> {
    if !has_room(&page.setting.pdp) {
        return Err(Fault::Unavailable);
    }
    let mut taking = quotas.begin(whose, page.body.len() as u64).map_err(|reached| {
        page.setting.pdp.metrics.limit_reached(reached.setting());
        Fault::TooMany(Duration::from_secs(reached.retry_after()))
    })?;
    taking.spends(&page.call.spent);
    Ok(taking)
}

/// Who looks at which page.
async fn of_visit(
    setting: &Arc<Setting>,
    words: Words,
    visit: Visit,
) -> Result<(&'static PageRoute, PageCall), (Box<PageCall>, Fault)> {
    let Visit { method, path, query, host, connection, headers, streaming, body, quotas: _ } = visit;
    let mut page = PageCall {
        setting: Arc::clone(setting),
        is_page,
        words,
        call: Call::by(Identity::visitor()),
        held: None,
        params: BTreeMap::new(),
        own_origins: own_origins(setting, host.as_ref().map(|host| host.as_str())),
        path,
        query,
        parameters: Parameters::default(),
        connection,
        headers,
        progress: Progress::default(),
        streaming,
        body: Bytes::new(),
        done_before: std::sync::OnceLock::new(),
    };
    let framed = page.headers.get("sec-fetch-dest").and_then(|dest| dest.to_str().ok());
    if framed.is_some_and(|dest| ["iframe", "frame", "embed", "object"].contains(&dest)) {
        return Err((Box::new(page), Fault::Unreadable("unreadable-framed", String::new())));
    }
    // A name that leads here from elsewhere would make pages of other sites be of this one.
    if setting.listener == Listener::Anonymous && !host.as_ref().is_none_or(|host| is_loopback(host.host())) {
        return Err((Box::new(page), Fault::Unreadable("unreadable-host", String::new())));
    }
    let identity = match cookie(&page.headers, setting.cookie()) {
        Some(secret) => match open_session(&setting.pdp, &secret, setting.sessions).await {
            // The cast proved nothing: what one of it began on a demonstration opens nothing anywhere else.
            Ok(session) => session
                .filter(|session| setting.is_demo || session.identity.proof != Proof::Unasked)
                .inspect(|session| {
                    if let Some(token) = session.identity.proof.token() {
                        note_token_use(&setting.pdp, token);
                    }
                })
                .map(|session| {
                    let of_cast = called(&session.identity).filter(|_| setting.is_demo).map(str::to_owned);
                    let held = Held::of(&setting.pdp, session, secret);
                    Held { called: of_cast.or_else(|| held.called.clone()), ..held }
                }),
            Err(_) => return Err((Box::new(page), Fault::Unavailable)),
        },
        None => None,
    };
    page.call = Call::by(match &identity {
        Some(held) => held.session.identity.clone(),
        None if setting.listener == Listener::Anonymous && !setting.is_demo => Identity::anonymous(),
        None => Identity::visitor(),
    });
    page.call.request_id = page
        .headers
        .get("x-request-id")
        .map(|id| String::from_utf8_lossy(id.as_bytes()).chars().take(crate::limits::REQUEST_ID_LENGTH_MAX).collect());
    page.call.session = identity.as_ref().map(|held| held.in_session(setting.sessions));
    page.held = identity;
    let body = match body {
        Ok(body) => body,
        Err(_) => return Err((Box::new(page), Fault::Unreadable("unreadable-body", String::new()))),
    };
    page.body = body;
    let found = BY_PATH.at(&page.path).ok().map(|found| {
        let params = found
            .params
            .iter()
            .map(|(name, value)| Some((name.to_owned(), percent_decode_str(value).decode_utf8().ok()?.into_owned())));
        (found.value.iter().find(|page| page.method == method).copied(), params.collect::<Option<_>>())
    });
    let Some((Some(route), Some(params))) = found else { return Err((Box::new(page), Fault::NotFound)) };
    page.params = params;
    if setting.pdp.has_world() && !route.in_worlds {
        return Err((Box::new(page), Fault::NotFound));
    }
    match Parameters::read(&page.query, route.query, route.takes_any) {
        Ok(parameters) => page.parameters = parameters,
        Err(error) => return Err((Box::new(page), error.into())),
    }
    Ok((route, page))
}

/// The origins that are this server's own.
fn own_origins(setting: &Setting, host: Option<&str>) -> Vec<String> {
    let url = setting.pdp.public_url();
    let origin = url
        .split_once("://")
        .map(|(scheme, rest)| format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()));
    let here = host.filter(|_| !setting.is_secure()).map(|host| format!("http://{host}"));
    origin.into_iter().chain(here).collect()
}

fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        || host.eq_ignore_ascii_case("localhost")
}

//! Answers as browsers get them: pages in their frame, files, ways elsewhere, and the headers of all of them.

use bytes::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, LOCATION, REFERER, REFERRER_POLICY, REFRESH, RETRY_AFTER, SET_COOKIE, STRICT_TRANSPORT_SECURITY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, StatusCode};
use maud::html;

use super::address::address;
use super::context::{Answer, Fault, PageCall, cookie};
use super::fault;
use super::frame::{Frame, Shown, document, sections};
use super::page_route::is_page;
use super::proved::prove_again;
use super::setting::Setting;
use super::words::Words;
use crate::http::waiting::Whole;
use crate::http::{CSV, SiteResponse};

/// What a browser may do with a page: nothing comes from elsewhere, and nothing is put in a frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
const PERMISSIONS: &str = "clipboard-write=(self), camera=(), geolocation=(), microphone=()";

/// What a page came to, as it is sent.
pub(super) fn sent(page: &PageCall, came_to: Result<Answer, Fault>) -> SiteResponse {
    match came_to {
        Ok(Answer::Streamed(response)) => *response,
        came_to => whole(page, came_to).map(Into::into),
    }
}

/// The same where it is not sent yet: nothing that is made while it is sent can be kept.
pub(super) fn whole(page: &PageCall, came_to: Result<Answer, Fault>) -> Whole {
    match came_to {
        Ok(Answer::Shown(shown)) => framed(page, &shown),
        Ok(Answer::SeeOther { to, cookies }) => see_other(&to, &cookies),
        Ok(Answer::Sheet { name, bytes }) => saved(name, CSV, bytes),
        Ok(Answer::File { name, media, bytes }) => saved(&name, media, bytes),
        Ok(Answer::Streamed(_)) => faulty(page, &Fault::Unavailable),
        Err(fault) => faulty(page, &fault),
    }
}

/// A file to be saved.
fn saved(name: &str, media: &'static str, bytes: Vec<u8>) -> Whole {
    let mut response = response(StatusCode::OK, media, bytes.into());
    put(response.headers_mut(), CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""));
    response
}

/// Another page, with cookies to set.
pub(super) fn see_other(to: &str, cookies: &[String]) -> Whole {
    let mut response = response(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", Bytes::new());
    put(response.headers_mut(), LOCATION, to);
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    response
}

/// The answer where a page cannot be shown.
pub(super) fn faulty(page: &PageCall, why: &Fault) -> Whole {
    if *why == Fault::SignIn {
        let here = page.here();
        let cookies = is_without_cookies(page).then_some("needed");
        return see_other(&address("/sign-in", &[("next", Some(&here)), ("cookies", cookies)]), &[]);
    }
    if let Fault::ProveAgain(at) = why {
        return see_other(&prove_again(at), &[]);
    }
    let mut shown = fault::page(page.words, why);
    if *why == Fault::ForeignForm && is_page(page, &page.path) {
        shown.main = html! { (shown.main) p { a href=(page.path) { (page.words.say("fault-foreign-form-page")) } } };
    }
    let mut response = framed(page, &shown);
    if let Fault::TooMany(wait) = why {
        put(response.headers_mut(), RETRY_AFTER, &wait.as_secs().max(1).to_string());
    }
    response
}

/// Does somebody come from signing in and bring no cookie of it? To whoever has no session, the page where one signs in
/// leads to no other page that asks for one.
fn is_without_cookies(page: &PageCall) -> bool {
    let referer = page.headers.get(REFERER).and_then(|referer| referer.to_str().ok()).unwrap_or_default();
    let path = referer.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    let path = path.and_then(|path| path.split('?').next()).unwrap_or_default();
    let is_of_signing_in = ["/sign-in", "/sign-in/token", "/sign-in/cast"].contains(&path);
    is_of_signing_in && cookie(&page.headers, page.setting.cookie()).is_none()
}

/// A page in its frame.
pub(super) fn framed(page: &PageCall, shown: &Shown) -> Whole {
    let viewer = page.viewer();
    let sections = sections(&viewer, |path| (page.is_page)(path, page.setting.pdp.has_world()));
    let here = shown.here.clone().unwrap_or_else(|| page.here());
    let done = page.what_was_done();
    let says_done = done.is_some();
    let at = page.setting.pdp.now();
    let frame = Frame { words: page.words, viewer: &viewer, here: &here, sections: &sections, done, at };
    let text = document(&frame, shown).into_string();
    let mut response = response(shown.status, "text/html; charset=utf-8", text.into());
    let headers = response.headers_mut();
    if let Some(revision) = shown.revision {
        put(headers, HeaderName::from_static("standing-revision"), &revision.to_string());
    }
    match (shown.seqs.first(), shown.seqs.last()) {
        (Some(first), Some(last)) if first != last => {
            put(headers, HeaderName::from_static("standing-decision"), &format!("{first}-{last}"));
        }
        (Some(only), _) => put(headers, HeaderName::from_static("standing-decision"), &only.to_string()),
        _ => {}
    }
    if let Some(seconds) = shown.again_after {
        headers.insert(REFRESH, HeaderValue::from(seconds));
    }
    if says_done {
        let gone = page.setting.set_cookie(page.setting.done_cookie(), "", Some(0));
        put(headers, SET_COOKIE, &gone);
    }
    response
}

/// An answer of so many bytes.
pub(super) fn response(status: StatusCode, media: &'static str, body: Bytes) -> Whole {
    let mut response = Whole::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// Sets a header, where it can be one.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// What every answer says to a browser, whatever it holds.
pub(super) fn guarded(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in [
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", PERMISSIONS),
        ("x-robots-tag", "noindex"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// The headers of every page.
pub(super) fn dressed(setting: &Setting, words: Words, headers: &mut HeaderMap) {
    guarded(headers);
    // Not `no-referrer`: that would make the origin of a form be none.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("Cookie, Accept-Language"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(words.0.code()));
    if setting.is_secure() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

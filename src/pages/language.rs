//! The language one reads: chosen by hand, else what the browser asks for.

use hyper::HeaderMap;
use hyper::header::ACCEPT_LANGUAGE;

use super::context::{Answer, Fault, PageCall, cookie, is_own_path};
use super::form::{Form, is_from_here};
use super::page_route::is_page;
use super::setting::Setting;
use super::words::Language;

/// How long a choice is kept, in seconds: a year.
const KEPT_SECONDS: u64 = 365 * 24 * 3_600;

/// The language of a call.
#[must_use]
pub fn of(setting: &Setting, headers: &HeaderMap) -> Language {
    let chosen = cookie(headers, setting.language_cookie()).and_then(|code| Language::of_code(&code));
    chosen.unwrap_or_else(|| {
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
        Language::accepted(accepted)
    })
}

/// `POST /language`
pub async fn choose(page: PageCall) -> Result<Answer, Fault> {
    // It changes nothing of anybody but what they read, so it needs no key.
    if !is_from_here(&page.headers, &page.own_origins) {
        return Err(Fault::ForeignForm);
    }
    let form = Form::read(&page.headers, &page.body, &["language", "next"])?;
    let language = Language::of_code(form.text("language"));
    let language = language.ok_or(Fault::Unreadable("unreadable-language", String::new()))?;
    let next = form.text("next");
    // What a form was answered with cannot be fetched again, so that leads to the first page.
    let is_there = is_own_path(next) && is_page(&page, next.split('?').next().unwrap_or_default());
    let to = if is_there { next.to_owned() } else { "/".to_owned() };
    let setting = &page.setting;
    let cookies = vec![setting.set_cookie(setting.language_cookie(), language.code(), Some(KEPT_SECONDS))];
    Ok(Answer::SeeOther { to, cookies })
}

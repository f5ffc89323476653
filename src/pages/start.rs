//! The first page: what this is, and for whoever is signed in their own first page.

use maud::html;

use super::cast::cast;
use super::context::{Answer, Fault, PageCall};
use super::frame::{Shown, own_first_page};
use super::page_route::is_page;
use crate::caller::Caller;

/// `GET /`
pub async fn start(page: PageCall) -> Result<Answer, Fault> {
    let words = page.words;
    if page.setting.pdp.has_world() {
        let main = html! {
            h1 { (words.say("world-title")) }
            p.lead { (words.say("world-says")) }
            p { (words.say("world-asks")) " " span.code translate="no" { "/access/v1/evaluation" } }
            p { a href="/ledger" { (words.say("world-ledger")) } }
        };
        return Ok(Shown::of(words.say("world-title"), main).into());
    }
    let first = own_first_page(&page.call.caller).filter(|path| is_page(&page, path));
    if let (Some(to), Some(_)) = (first, &page.held) {
        return Ok(Answer::SeeOther { to, cookies: Vec::new() });
    }
    let main = html! {
        h1 { (words.say("start-title")) }
        p.lead { (words.say("start-says")) }
        ul {
            li { (words.say("start-customer")) }
            li { (words.say("start-partner")) }
            li { (words.say("start-reviewer")) }
            li { (words.say("start-auditor")) }
        }
        @if page.held.is_none() {
            @if page.setting.is_demo { (cast(&page, None)) }
            @else if page.call.caller == Caller::Visitor {
                p.buttons { a.button href="/sign-in" { (words.say("sign-in")) } }
            }
        }
        p { a href="/words" { (words.say("words")) } }
    };
    Ok(Shown::of(words.say("start-title"), main).into())
}

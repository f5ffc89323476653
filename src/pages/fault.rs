//! The pages of what cannot be shown.

use hyper::StatusCode;
use maud::html;

use super::context::Fault;
use super::frame::Shown;
use super::words::Words;

/// The page of a fault. What is not there and what one may not see have one and the same.
#[must_use]
pub fn page(words: Words, fault: &Fault) -> Shown {
    let (status, key) = match fault {
        Fault::NotFound | Fault::SignIn | Fault::ProveAgain(_) => (StatusCode::NOT_FOUND, "not-found"),
        Fault::ForeignForm => (StatusCode::FORBIDDEN, "foreign-form"),
        Fault::Unreadable(..) => (StatusCode::BAD_REQUEST, "unreadable"),
        Fault::Refused(status, ..) => (*status, "refused"),
        Fault::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "too-many"),
        Fault::TookTooLong => (StatusCode::SERVICE_UNAVAILABLE, "too-long"),
        Fault::NoRoom => (StatusCode::SERVICE_UNAVAILABLE, "no-room"),
        Fault::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    let title = words.say(&format!("fault-{key}"));
    let main = html! {
        h1 { (title) }
        @match fault {
            Fault::Unreadable(says, about) => p { (words.with(says, [("name", super::words::id(about).into())])) },
            Fault::Refused(_, code, otherwise) => p { (words.reason(code, otherwise)) },
            Fault::ForeignForm => {
                p { (words.say("fault-foreign-form-says")) " " span.soft.small.code translate="no" { "foreign_form" } }
            },
            _ => p { (words.say(&format!("fault-{key}-says"))) },
        }
        p { a href="/" { (words.say("to-first-page")) } }
    };
    Shown::of(title, main).with_status(status)
}

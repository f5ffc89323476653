//! Forms and queries of the pages: no field is taken that a form does not have, or twice.
#![no_main]

use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use libfuzzer_sys::fuzz_target;
use standing::pages::form::{Form, is_form_key};
use standing::pages::parameters::Parameters;

/// What a form holds that takes files.
const NAMES_WITH_FILES: [&str; 4] = ["form_key", "once", "version", "@folder"];

const NAMES: [&str; 5] = ["form_key", "once", "text", "version", "partner*"];

fuzz_target!(|body: &[u8]| {
    let media = HeaderValue::from_static("application/x-www-form-urlencoded");
    let headers: HeaderMap = [(CONTENT_TYPE, media)].into_iter().collect();
    if let Ok(form) = Form::read(&headers, body, &NAMES) {
        assert!(NAMES.iter().all(|name| name.ends_with('*') || form.all(name).len() < 2), "{form:?}");
        assert!(!is_form_key("secret", form.text("form_key")), "nobody was shown it");
        let once = form.idempotency("/rules").map(|idempotency| idempotency.key);
        assert_eq!(once.is_some(), once == Some(format!("page-{}", form.text("once"))), "{form:?}");
    }
    let media = HeaderValue::from_static("multipart/form-data; boundary=x");
    let headers: HeaderMap = [(CONTENT_TYPE, media)].into_iter().collect();
    if let Ok(form) = Form::read(&headers, body, &NAMES_WITH_FILES) {
        assert!(form.files().iter().all(|(name, _)| !name.is_empty()), "{form:?}");
        assert!(NAMES_WITH_FILES.iter().all(|name| form.all(name).len() < 2), "{form:?}");
    }
    let Ok(query) = std::str::from_utf8(body) else { return };
    for takes_any in [false, true] {
        if let Ok(parameters) = Parameters::read(query, &["customer", "format", "cursor"], takes_any) {
            let address = parameters.address("/changes", &[("cursor", Some("x"))]);
            let asked = address.split_once('?').map_or("", |(_, query)| query);
            let again = Parameters::read(asked, &["customer", "cursor"], false);
            assert_eq!(again.map(|again| again.text("customer").to_owned()), Ok(parameters.text("customer").to_owned()));
        }
    }
});

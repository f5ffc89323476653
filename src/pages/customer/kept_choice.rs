//! A choice that an address holds, so that one can go back to it, and read it in another language.
//!
//! No box is ticked by a link from elsewhere: the address holds a code over the choice that only whoever has the cookie can
//! have been given.

use crate::pages::context::PageCall;
use crate::pages::form::{Form, code, is_code};

/// What the code is over, besides the choice.
const CHOICE_WORD: &str = "standing choice ";
/// What comes before the code.
const BY: &str = "&by=";
/// The fields of a choice.
const FIELDS: [&str; 3] = ["service", "other", "until"];

/// An address with the query that holds what was chosen in a form.
pub(super) fn with_choice(page: &PageCall, path: &str, form: &Form) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in FIELDS {
        for value in form.all(name).iter().filter(|value| !value.is_empty()) {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    match &page.held {
        Some(held) if !query.is_empty() => {
            let code = code(&held.secret, format!("{CHOICE_WORD}{query}").as_bytes());
            format!("{path}?{query}{BY}{code}")
        }
        _ => path.to_owned(),
    }
}

/// What the address of a page holds that was chosen there before.
pub(super) fn kept_choice(page: &PageCall) -> Option<Form> {
    let (query, by) = page.query.rsplit_once(BY)?;
    let held = page.held.as_ref()?;
    is_code(&held.secret, format!("{CHOICE_WORD}{query}").as_bytes(), by).then(|| Form::of_query(query))
}

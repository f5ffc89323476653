//! What goes on for a form is called by what was sent, so that whoever sent it finds it again.

use data_encoding::HEXLOWER;
use hyper::HeaderMap;
use sha2::{Digest as _, Sha256};

use super::form::{FORM_KEY, Form};
use crate::caller::Caller;
use crate::pdp::call::Idempotency;

/// How much of a hash stands in the name: two forms of one page differ in it, and two callers.
const NAMED_HASH_BYTES: usize = 8;

/// How a hash begins, as it stands in a name.
fn beginning(hash: &[u8]) -> String {
    HEXLOWER.encode(hash.get(..NAMED_HASH_BYTES).unwrap_or_default())
}

/// A caller, as they stand in the name of what goes on for a form.
fn named(caller: &Caller) -> String {
    let hash: [u8; 32] = Sha256::digest(caller.to_string()).into();
    beginning(&hash)
}

/// A form that somebody sent, as what goes on for it is called: by its own name, which nobody else knows, what it says, and
/// who sent it. A form without a name of its own changes nothing, and has none here.
#[must_use]
pub fn sent_as(caller: &Caller, headers: &HeaderMap, body: &[u8], path: &str) -> Option<String> {
    let Idempotency { key, request } = Form::read(headers, body, &["*"]).ok()?.idempotency(path)?;
    Some(format!("{key}-{}-{}", beginning(&request), named(caller)))
}

/// The key under which a caller sent a form, and the beginning of the hash of what it says, by how what goes on for it is
/// called; nothing of what is no form, and of what somebody else sent: under whom that was done is not known here.
#[must_use]
pub fn key_of_sent<'a>(caller: &Caller, name: &'a str) -> Option<(&'a str, Vec<u8>)> {
    let (sent, _) = name.rsplit_once('-').filter(|(_, by)| *by == named(caller))?;
    let (key, request) = sent.rsplit_once('-').filter(|(key, _)| key.starts_with(FORM_KEY))?;
    Some((key, HEXLOWER.decode(request.as_bytes()).ok().filter(|request| request.len() == NAMED_HASH_BYTES)?))
}

#[cfg(test)]
mod tests {
    use super::super::form::MEDIA;
    use super::{Caller, HeaderMap, key_of_sent, sent_as};
    use hyper::header::{CONTENT_TYPE, HeaderValue};

    #[test]
    fn what_goes_on_for_a_form_is_called_by_its_own_name_and_known_to_whoever_sent_it() {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(MEDIA))]);
        let customer = |id: &str| Caller::Customer { id: id.parse().unwrap_or_else(|_| unreachable!("it is an id")) };
        let (sender, other) = (customer("adatum"), customer("fabrikam"));
        let sent = |body: &str| sent_as(&sender, &headers, body.as_bytes(), "/removal");
        let name = sent("once=ABC&service=azure").unwrap_or_default();
        let key = |caller: &Caller| key_of_sent(caller, &name).map(|(key, request)| (key, request.len()));
        assert_eq!([key(&sender), key(&other)], [Some(("page-ABC", 8)), None]);
        assert_ne!(sent("once=ABC&service=office365"), Some(name));
        assert_eq!(sent("service=azure"), None, "what has no name of its own changes nothing");
    }
}

//! Where a search goes on: the token of its next page.
//!
//! A token holds where the page ended, the limit, and a digest of the search it is for; it is checked whole, so that
//! one that was altered or belongs to another search is refused. It carries nothing that its bearer was not shown, and
//! whatever it says, all that a page shows is decided again; so it needs no secret.

use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;

use crate::answer::search::asked::PageProperties;
use crate::answer::search::digest::digest;
use crate::answer::search::target::{Pager, SearchError};
use crate::limits::{PAGE_MAX, PAGE_TOKEN_LENGTH_MAX, SEARCH_MAX};
use crate::pdp::reach::Place;

/// The version of a token whose first page said nothing in `page.properties`.
const VERSION: u8 = 1;
/// The version of one that holds what was said there, before its position.
const VERSION_WITH_PROPERTIES: u8 = 2;
const DIGEST_BYTES: usize = 16;
const CHECK_BYTES: usize = 8;
/// The bytes before the position: the version, the digest and the limit.
const HEAD_BYTES: usize = 1 + DIGEST_BYTES + 4;

/// What a search is, as far as its pages belong together.
pub(crate) type SearchDigest = [u8; DIGEST_BYTES];

/// Reads any bytes as what a token holds, but for the search it is of and its check: for tokens that nobody thought of.
#[cfg(fuzzing)]
pub fn read_any(bytes: &[u8]) {
    let Some((version, rest)) = bytes.split_first() else { return };
    let body = [&[*version], [0; DIGEST_BYTES].as_slice(), rest].concat();
    let token = BASE64URL_NOPAD.encode(&[&body, digest::<CHECK_BYTES>(&[&body]).as_slice()].concat());
    if let Some(page) = RequestedPage::parse(&token, &[0; DIGEST_BYTES]) {
        let again = RequestedPage::parse(&page.token(&page.from, &[0; DIGEST_BYTES]), &[0; DIGEST_BYTES]);
        assert_eq!(again.map(|page| page.from), Some(page.from), "a token says where it came from");
        assert!(RequestedPage::parse(&token, &[1; DIGEST_BYTES]).is_none(), "a token is of one search");
    }
}

/// The last candidate that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Position {
    /// None yet.
    Start,
    /// So many of a list that is the same every time.
    Count(usize),
    /// This one, of those that are looked at in the order of their ids.
    Id(String),
    /// This, of what the partner has something to do with.
    Reached(Place),
}

impl Position {
    fn write(&self) -> (u8, String) {
        match self {
            Self::Start => (0, String::new()),
            Self::Count(count) => (1, count.to_string()),
            Self::Id(id) => (2, id.clone()),
            Self::Reached(Place::Sold(id)) => (3, id.to_string()),
            Self::Reached(Place::Granted(service, None)) => (4, service.to_string()),
            Self::Reached(Place::Granted(service, Some(id))) => (5, format!("{service}/{id}")),
        }
    }

    fn read(tag: u8, text: &str) -> Option<Self> {
        Some(match tag {
            0 if text.is_empty() => Self::Start,
            1 => Self::Count(text.parse().ok()?),
            2 => Self::Id(text.to_owned()),
            3 => Self::Reached(Place::Sold(text.parse().ok()?)),
            4 => Self::Reached(Place::Granted(text.parse().ok()?, None)),
            5 => {
                let (service, id) = text.rsplit_once('/')?;
                Self::Reached(Place::Granted(service.parse().ok()?, Some(id.parse().ok()?)))
            }
            _ => return None,
        })
    }

    /// The id that was looked at last, where ids are in order; nothing when everything is still to be looked at.
    pub(crate) fn id<K: FromStr>(&self) -> Result<Option<K>, SearchError> {
        match self {
            Self::Id(id) => id.parse().map(Some).map_err(|_| SearchError::Token),
            // The rules or the partner changed since: what was led to by indexes has to be looked through whole, in
            // another order. It starts over, so that some may be seen again and none is left out.
            Self::Start | Self::Reached(_) => Ok(None),
            Self::Count(_) => Err(SearchError::Token),
        }
    }
}

/// Which page is asked for: from where, and for how many.
pub(crate) struct RequestedPage {
    pub(crate) from: Position,
    /// Nothing for as many as the server gives at once.
    pub(crate) limit: Option<u32>,
    /// What the caller said in `page.properties` of this page or the first.
    pub(crate) properties: Option<PageProperties>,
}

impl RequestedPage {
    /// Reads which page of the search with this digest is asked for.
    pub(crate) fn read(page: Option<&Pager>, search: &SearchDigest) -> Result<Self, SearchError> {
        let limit =
            page.and_then(|page| page.limit).map(|limit| u32::try_from(limit.min(PAGE_MAX)).unwrap_or(u32::MAX));
        let properties = page.and_then(|page| page.properties);
        let Some(token) = page.and_then(|page| page.token.as_deref()) else {
            return Ok(Self { from: Position::Start, limit, properties });
        };
        let before = Self::parse(token, search).ok_or(SearchError::Token)?;
        // What is left out is as it was on the pages before; what is said has to be the same.
        let is_other_limit = limit.is_some() && limit != before.limit;
        if is_other_limit || (properties.is_some() && properties != before.properties) {
            return Err(SearchError::Token);
        }
        Ok(before)
    }

    fn parse(token: &str, search: &SearchDigest) -> Option<Self> {
        if token.len() > PAGE_TOKEN_LENGTH_MAX {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (body, check) = bytes.split_last_chunk::<CHECK_BYTES>()?;
        let (head, position) = body.split_first_chunk::<HEAD_BYTES>()?;
        let (version, rest) = head.split_first()?;
        let (found, limit) = rest.split_last_chunk::<4>()?;
        if digest::<CHECK_BYTES>(&[body]) != *check || found != search {
            return None;
        }
        let (properties, position) = match *version {
            VERSION => (None, position),
            VERSION_WITH_PROPERTIES => {
                let (properties, position) = position.split_first_chunk()?;
                (Some(PageProperties::from_bytes(*properties)), position)
            }
            _ => return None,
        };
        let (&tag, text) = position.split_first()?;
        let limit = Some(u32::from_be_bytes(*limit)).filter(|limit| *limit != u32::MAX);
        Some(Self { from: Position::read(tag, std::str::from_utf8(text).ok()?)?, limit, properties })
    }

    /// The most results the page may hold.
    pub(crate) fn results_max(&self) -> usize {
        self.limit.map_or(SEARCH_MAX, |limit| limit as usize)
    }

    /// The token of the page after `at`.
    pub(crate) fn token(&self, at: &Position, search: &SearchDigest) -> String {
        let (tag, text) = at.write();
        let mut bytes = vec![if self.properties.is_some() { VERSION_WITH_PROPERTIES } else { VERSION }];
        bytes.extend_from_slice(search);
        bytes.extend_from_slice(&self.limit.unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(self.properties.iter().flat_map(PageProperties::as_bytes));
        bytes.push(tag);
        bytes.extend_from_slice(text.as_bytes());
        let check: [u8; CHECK_BYTES] = digest(&[&bytes]);
        bytes.extend_from_slice(&check);
        BASE64URL_NOPAD.encode(&bytes)
    }
}

//! One page of a list: what is on it, where it goes on, and what is missing.

use std::str::FromStr;

use crate::id::{CustomerId, PartnerId};
use crate::limits::{PAGE_MAX, SCAN_MAX};
use crate::pdp::absent::{Absent, MissingRecords};
use crate::pdp::call::{CallError, Coded};
use crate::pdp::cursor::Seal;
use crate::pdp::rules::AmbiguousDigest;
use crate::store::Listed;
use crate::store::StoreError;

/// Why a list cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The cursor is not one that this list gave this caller.
    #[error("`cursor` is not one that this list gave you with these parameters; begin without one")]
    Cursor,
    /// No rules here have a digest that begins so.
    #[error(
        "no rules here have a digest that begins with `{0}`; write the whole digest, or see the history of the rules"
    )]
    UnknownRules(String),
    /// Several sets of rules have digests that begin so.
    #[error(transparent)]
    Ambiguous(#[from] AmbiguousDigest),
    /// The customer is not registered.
    #[error("customer `{0}` is not known; check its id")]
    UnknownCustomer(CustomerId),
    /// The partner is not registered.
    #[error("partner `{0}` is not known; check its id")]
    UnknownPartner(PartnerId),
}

impl Coded for ListError {
    fn code(&self) -> &'static str {
        match self {
            Self::Cursor => "invalid_cursor",
            Self::UnknownRules(_) => "unknown_rules",
            Self::Ambiguous(_) => "ambiguous_digest",
            Self::UnknownCustomer(_) => "unknown_customer",
            Self::UnknownPartner(_) => "unknown_partner",
        }
    }
}

/// What the place in a cursor begins with once a record was missing.
const LACKS: &str = "incomplete ";

/// One page of a list, in an order that does not change; it is complete or says where to go on.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where to go on; nothing when the list ends here.
    pub next: Option<String>,
    seal: Seal,
    /// Records that belong on it and cannot be read.
    pub missing: Vec<MissingRecords>,
    /// Was a record missing on it, or on a page before it?
    lacks: bool,
    limit: usize,
    looked_at: usize,
    last: Option<String>,
}

impl<T> Page<T> {
    /// An empty page for at most `limit` items, of the list whose cursors have this seal.
    pub(crate) fn new(limit: usize, seal: Seal) -> Self {
        let (items, missing, limit) = (Vec::new(), Vec::new(), limit.min(PAGE_MAX));
        Self { items, next: None, seal, missing, lacks: false, limit, looked_at: 0, last: None }
    }

    /// Does the list end here, with nothing missing on any page?
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.next.is_none() && !self.lacks
    }

    /// How many items it may hold.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// What the cursor says was last on the page before; whatever is no cursor of this list is one and the same error,
    /// before anything is looked up.
    pub(crate) fn after<K: FromStr>(&mut self, cursor: Option<&str>) -> Result<Option<K>, ListError> {
        let Some(cursor) = cursor else { return Ok(None) };
        let opened = self.seal.open(cursor).ok_or(ListError::Cursor)?;
        let place = opened.strip_prefix(LACKS);
        self.lacks |= place.is_some();
        place.unwrap_or(&opened).parse().map(Some).map_err(|_| ListError::Cursor)
    }

    /// A page of what is numbered, from after the cursor on; `rows` gives those from a number on, as many as asked for.
    pub(crate) fn of_numbered<R: Into<T>>(
        limit: usize,
        cursor: Option<&str>,
        seal: Seal,
        rows: impl FnOnce(u64, usize) -> Result<Vec<(u64, R)>, StoreError>,
    ) -> Result<Self, CallError<ListError>> {
        let mut page = Self::new(limit, seal);
        let from = page.after::<u64>(cursor)?.map_or(0, |last| last.saturating_add(1));
        for (number, row) in rows(from, page.limit + 1)? {
            if page.take(row.into(), number.to_string()).is_break() {
                break;
            }
        }
        Ok(page)
    }

    /// Puts an item on the page, or notes that there is more.
    pub(crate) fn take(&mut self, item: T, at: String) -> Listed {
        if self.items.len() >= self.limit {
            return self.full();
        }
        self.items.push(item);
        self.pass(at)
    }

    /// Puts an item on the page that says itself where it stands.
    pub(crate) fn take_at(&mut self, item: T, at: impl FnOnce(&T) -> String) -> Listed {
        let at = at(&item);
        self.take(item, at)
    }

    /// Passes over something that is not wanted; a page that has looked at enough says where to go on.
    pub(crate) fn pass(&mut self, at: String) -> Listed {
        self.last = Some(at);
        self.looked_at += 1;
        if self.looked_at >= SCAN_MAX { self.full() } else { Listed::Continue(()) }
    }

    /// Notes that there is more, and where.
    pub(crate) fn go_on(&mut self, at: &str) {
        let lacks = if self.lacks { LACKS } else { "" };
        self.next = Some(self.seal.seal(&format!("{lacks}{at}")));
    }

    /// Notes a record that belongs on the page and cannot be read.
    pub(crate) fn lack(&mut self, absent: Absent) {
        MissingRecords::note(&mut self.missing, absent);
        self.lacks = true;
    }

    /// Notes that there is more, without looking at it.
    pub(crate) fn fill_up(&mut self) -> Listed {
        self.full()
    }

    fn full(&mut self) -> Listed {
        // A page for no items says that there are some by a cursor to the beginning.
        let last = self.last.take().unwrap_or_default();
        self.go_on(&last);
        Listed::Break(())
    }
}

/// Reads any text as a cursor, and as the place in one of ours: for texts that nobody thought of. Whether it is a place
/// of a kind.
#[cfg(fuzzing)]
pub fn read_any_cursor<K: FromStr>(key: &crate::audit::LedgerKey, text: &str) -> bool {
    let seal_of = |list: &str| Seal::of(key, &crate::caller::Caller::local(), &list.to_owned());
    let seal = seal_of("fuzzed");
    assert_eq!(seal.open(text), None, "only what was sealed opens");
    let sealed = seal.seal(text);
    let is_short = sealed.len() <= crate::limits::CURSOR_LENGTH_MAX;
    assert_eq!(seal.open(&sealed).as_deref(), is_short.then_some(text), "a cursor says where it leads");
    assert_eq!(seal_of("another").open(&sealed), None, "a cursor is of one list");
    Page::<()>::new(1, seal).after::<K>(Some(&sealed)).is_ok_and(|place| place.is_some())
}

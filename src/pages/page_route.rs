//! A page as the list of all pages has it: where it is, what it asks the rules, and what makes it.

use std::future::Future;
use std::pin::Pin;

use hyper::Method;

use super::context::{Answer, Fault, PageCall};

type Answering = Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send>>;

/// One page.
pub struct PageRoute {
    /// The method.
    pub method: Method,
    /// The path, its parts in braces.
    pub path: &'static str,
    /// The calls it asks the rules about, as the schema's `Api` namespace names them; none for a public one.
    pub calls: &'static [&'static str],
    /// The parameters that its query may have.
    pub query: &'static [&'static str],
    /// Is it there when a world of its own is served?
    pub in_worlds: bool,
    /// Is whatever else stands in its query passed over? Tools that send mail write into the links of what they send, and
    /// a provider says more of a sign-in than is asked.
    pub takes_any: bool,
    /// May it look at everything, so that it has its turn aside?
    pub is_long: bool,
    /// Is it kept for whoever leaves while it is made, and comes back minutes later? It says how things were then, so it is
    /// a page of the rules or of the ledger, and none of what may be done now.
    pub is_kept: bool,
    /// Is a file of rules sent to it, which may be large?
    pub is_large: bool,
    pub(super) run: fn(PageCall) -> Answering,
}

/// Is there a page at a path that can be fetched?
pub(super) fn is_page(page: &PageCall, path: &str) -> bool {
    (page.is_page)(path, false)
}

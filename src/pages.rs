//! Pages for the people the service is for: customers' administrators, partners, reviewers, auditors.
//!
//! A page is a function: who looks, one question to the rules, one snapshot of the store, markup. It does what the call
//! of the API does that it is over, and asks the rules as that does. It works without a script, and nothing on it comes
//! from another host.

pub mod words;
pub mod address;
pub mod when;
pub mod answer;
pub mod facts;
pub mod table;
pub mod rule_text;
pub mod side_by_side;
pub mod assets;
pub mod form;
pub mod frame;
pub mod setting;
pub mod context;
pub mod proved;
pub mod called;
pub mod fault;
pub mod glossary;
pub mod past;
pub mod turned;
pub mod renegotiation;
pub mod access;
pub mod changes;
mod language;
mod customer;
mod partner;
mod rules;
mod auditor;
mod sign_in;
mod start;
mod site;

pub use site::Pages;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;

use hyper::Method;

use context::{Answer, Fault, PageCall};

type Answering = Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send>>;

/// One page.
pub struct PageRoute {
    /// The method.
    pub method: Method,
    /// The path, its parts in braces.
    pub path: &'static str,
    /// The calls it asks the rules about, as the schema's `Api` namespace names them; none for a public one.
    pub calls: &'static [&'static str],
    /// Is it there when a world of its own is served?
    pub in_worlds: bool,
    /// May it look at everything, so that it has its turn aside?
    pub is_long: bool,
    run: fn(PageCall) -> Answering,
}

macro_rules! pages {
    ($($method:ident $path:literal $($call:literal)|* => $run:path $(, $more:ident)*;)*) => {
        /// Every page that is served.
        pub static PAGES: &[PageRoute] = &[$(PageRoute {
            method: Method::$method,
            path: $path,
            calls: &[$($call),*],
            in_worlds: $(pages!(@world $more) ||)* false,
            is_long: $(pages!(@long $more) ||)* false,
            run: |page| Box::pin($run(page)),
        }),*];
    };
    (@world world) => { true };
    (@world $other:ident) => { false };
    (@long long) => { true };
    (@long $other:ident) => { false };
}

pages! {
    GET    "/"                                              => start::start, world;
    GET    "/words"                                         => glossary::words, world;
    POST   "/language"                                      => language::choose, world;
    GET    "/sign-in"                                       => sign_in::sign_in, world;
    POST   "/sign-in/token" "signIn" | "signOut"            => sign_in::with_token, world;
    POST   "/sign-in/cast" "signIn" | "signOut"             => sign_in::with_cast;
    POST   "/sign-out" "signOut"                            => sign_in::sign_out, world;
    GET    "/signed-out"                                    => sign_in::signed_out, world;

    GET    "/relationship-requests/{token}" "readRelationshipRequest" | "readPartnerRelationships" | "listSubscriptions" => customer::request;
    POST   "/relationship-requests/{token}/check" "readRelationshipRequest" | "readPartnerRelationships" | "listSubscriptions" | "tryOwnChange" => customer::check, long;
    POST   "/relationship-requests/{token}/acceptance" "acceptRelationship" => customer::acceptance, long;
    GET    "/customers/{customer}/partners" "readPartnerRelationships" => customer::relationships;
    GET    "/customers/{customer}/partners/{partner}" "readPartnerRelationships" | "listSubscriptions" => customer::one_partner;
    GET    "/customers/{customer}/partners/{partner}/removal" "readPartnerRelationships" | "listSubscriptions" | "tryOwnChange" => customer::removal, long;
    POST   "/customers/{customer}/partners/{partner}/removal" "removeDelegatedAdministration" => customer::removed, long;
    GET    "/customers/{customer}/removal" "readPartnerRelationships" | "listSubscriptions" | "tryOwnChange" => customer::removal, long;
    POST   "/customers/{customer}/removal" "removeDelegatedAdministration" => customer::removed, long;
    GET    "/customers/{customer}/partners/{partner}/renegotiation" "readPartnerRelationships" | "listSubscriptions" | "tryOwnChange" => customer::renegotiation, long;
    POST   "/customers/{customer}/partners/{partner}/renegotiation" "renegotiateForCustomer" => customer::said, long;
    GET    "/customers/{customer}/subscriptions" "readPartnerRelationships" | "listSubscriptions" => customer::subscriptions;
    GET    "/customers/{customer}/changes" "readOwnChanges" | "readPartnerRelationships" | "listSubscriptions" => customer::changes, long;
    GET    "/customers/{customer}/access" "reviewAccess" => customer::access, long;

    GET    "/partners/{partner}/customers" "readCustomerList"     => partner::customers;
    GET    "/partners/{partner}/customers/{customer}" "askForItself" => partner::one_customer, long;
    GET    "/partners/{partner}/customers/{customer}/renegotiation" "askForItself" | "tryOwnChange" => partner::renegotiation, long;
    POST   "/partners/{partner}/customers/{customer}/renegotiation" "renegotiateForPartner" | "askForItself" | "tryOwnChange" => partner::said, long;
    GET    "/partners/{partner}/subscriptions/{subscription}" "askForItself" => partner::subscription, long;
    GET    "/partners/{partner}/request" "requestRelationship"    => partner::request;
    POST   "/partners/{partner}/request" "requestRelationship"    => partner::email;
    GET    "/partners/{partner}/changes" "readOwnChanges"         => partner::changes, long;
    GET    "/partners/{partner}/access" "reviewAccess"            => partner::access, long;

    GET    "/rules" "readRules"                                   => rules::status;
    GET    "/rules/tables" "readRules"                            => rules::tables, long;
    GET    "/rules/tables/{action}" "readRules"                   => rules::table, long;
    GET    "/rules/files" "readRules"                             => rules::files;
    GET    "/rules/files/{*file}" "readRules"                     => rules::file, long;
    GET    "/rules/history" "readRules"                           => rules::history;
    GET    "/rules/sets/{digest}" "readRules"                     => rules::set;
    GET    "/rules/compare" "readRules" | "reviewRules"           => rules::compare, long;
    GET    "/rules/proposals" "readRules"                         => rules::proposals;
    GET    "/rules/proposals/{proposal}" "readRules"              => rules::proposal, long;
    POST   "/rules/proposals/{proposal}/withdrawal" "proposeRules" => rules::withdrawn;
    GET    "/rules/proposals/{proposal}/approval" "readRules"     => rules::approval, long;
    POST   "/rules/proposals/{proposal}/approval" "approveRules" | "readRules" => rules::approved, long;
    GET    "/rules/proposals/{proposal}/refusal" "readRules"      => rules::refusal;
    POST   "/rules/proposals/{proposal}/refusal" "approveRules" | "readRules" => rules::refused;
    GET    "/rules/rollback" "readRules" | "reviewRules"          => rules::rollback, long;
    POST   "/rules/rollback" "rollBackRules" | "proposeRules" | "readRules" => rules::rolled_back, long;
    GET    "/rules/drafts" "draftRules"                           => rules::drafts;
    POST   "/rules/drafts" "draftRules"                           => rules::begun;
    GET    "/rules/drafts/{draft}" "draftRules" | "readRules"     => rules::one_draft, long;
    POST   "/rules/drafts/{draft}/base" "draftRules"              => rules::rebased;
    POST   "/rules/drafts/{draft}/removal" "draftRules"           => rules::removed;
    POST   "/rules/drafts/{draft}/proposal" "proposeRules" | "draftRules" | "readRules" => rules::proposed, long;
    GET    "/rules/drafts/{draft}/evidence" "draftRules" | "reviewRules" | "readRules" => rules::draft_evidence, long;
    POST   "/rules/drafts/{draft}/evidence" "reviewRules"         => rules::evidence_begun;
    POST   "/rules/drafts/{draft}/files" "draftRules"             => rules::added;
    GET    "/rules/drafts/{draft}/files/{*file}" "draftRules"     => rules::draft_file, long;
    POST   "/rules/drafts/{draft}/files/{*file}" "draftRules"     => rules::saved, long;

    GET    "/ledger" "readDecisions"                              => auditor::ledger, world, long;
    GET    "/ledger/replay" "readDecisions"                       => auditor::replay_all, world, long;
    GET    "/ledger/verification" "readDecisions"                 => auditor::verification, world, long;
    GET    "/ledger/checkpoints" "readDecisions"                  => auditor::checkpoints, world;
    POST   "/ledger/checkpoints" "readDecisions"                  => auditor::compared, world;
    GET    "/ledger/checkpoints/key" "readDecisions"              => auditor::key, world;
    GET    "/ledger/checkpoints/{size}" "readDecisions"           => auditor::note, world;
    GET    "/ledger/{seq}" "readDecisions"                        => auditor::record, world, long;
    GET    "/ledger/{seq}/record" "readDecisions"                 => auditor::bytes, world;
    GET    "/ledger/{seq}/proof" "readDecisions"                  => auditor::proof, world;
    GET    "/ledger/{seq}/replay" "readDecisions"                 => auditor::replay, world, long;
    GET    "/changes" "readChanges"                               => auditor::changes, long;
    GET    "/changes/{revision}" "readChanges"                    => auditor::revision;
    GET    "/access-review" "reviewAccess"                        => auditor::access, long;
}

/// The pages by their path.
static BY_PATH: LazyLock<matchit::Router<Vec<&'static PageRoute>>> = LazyLock::new(|| {
    let mut by_path: BTreeMap<&str, Vec<&'static PageRoute>> = BTreeMap::new();
    for page in PAGES {
        by_path.entry(page.path).or_default().push(page);
    }
    let mut router = matchit::Router::new();
    for (path, pages) in by_path {
        if let Err(error) = router.insert(path, pages) {
            tracing::error!(path, %error, "a page cannot be served");
        }
    }
    router
});

/// Is there a page at a path that can be fetched?
fn is_page(path: &str) -> bool {
    is_page_of(path, false)
}

/// The same, where a world of its own may be served.
fn is_page_of(path: &str, in_world: bool) -> bool {
    let is_it = |page: &&PageRoute| page.method == Method::GET && (page.in_worlds || !in_world);
    BY_PATH.at(path).is_ok_and(|found| found.value.iter().any(is_it))
}

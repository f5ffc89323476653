//! All routes on one screen.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use warp::http::Method;
use warp::reply::Response;

use super::authenticate::Access;
use super::authzen::interop::{CONFIGURATION, is_endpoint};
use super::body::Body;
use super::conditions::Conditional;
use super::long::Work;
use super::problem::Problem;
use super::request::Request;
use super::{
    access_review, authzen, changes, customers, decisions, drafts, forward_auth, health, ledger, link_keys, partners,
    relationships, root, rules, sessions, subscriptions, tokens, transfer, what_if,
};
use crate::pdp::Pdp;
use crate::pdp::metrics::RouteMetrics;

type Answering = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// One route.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, its parts in braces.
    pub path: &'static str,
    /// The calls it asks the rules about, as the schema's `Api` namespace names them; none for a public one.
    pub calls: &'static [&'static str],
    /// Whether it asks for credentials.
    pub access: Access,
    /// Is it there when a world of its own is served?
    pub in_worlds: bool,
    /// How long it may take.
    pub work: Work,
    /// What body it takes.
    pub body: Body,
    /// Is it about one noun, which has a revision that calls can be conditional on?
    pub is_noun: bool,
    pub(super) run: fn(Request) -> Answering,
}

impl Route {
    /// Is it one of AuthZEN's, where what is not known is passed over?
    #[must_use]
    pub fn is_authzen(&self) -> bool {
        is_endpoint(self.path)
    }

    /// Which conditions it takes.
    pub(super) fn conditional(&self) -> Conditional<'_> {
        let Self { method, path, is_noun, .. } = self;
        // A proxy, too, passes on the conditions of whoever calls, which are for what it protects.
        let passes_over = self.is_authzen() || *path == forward_auth::PATH;
        Conditional { method, path, is_authzen: passes_over, is_noun: *is_noun }
    }
}

macro_rules! routes {
    ($($method:ident $path:literal $($call:literal)|* => $run:path, $access:ident $(, $more:ident)* $(+ $work:ident)?;)*) => {
        /// Every route that is served.
        pub static ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            calls: &[$($call),*],
            access: Access::$access,
            in_worlds: $(routes!(@world $more) ||)* false,
            work: routes!(# $($work)?),
            body: Body::None$(.or(routes!(@body $more)))*,
            is_noun: $(routes!(@noun $more) ||)* false,
            run: |request| Box::pin($run(request)),
        }),*];
    };
    (@world world) => { true };
    (@world $other:ident) => { false };
    (@noun noun) => { true };
    (@noun $other:ident) => { false };
    (# long) => { Work::Long };
    (# sized) => { Work::AsItsBody };
    (#) => { Work::Short };
    (@body json) => { Body::Json };
    (@body json_or_none) => { Body::JsonOrNone };
    (@body lines) => { Body::Lines };
    (@body world) => { Body::None };
    (@body noun) => { Body::None };
}

routes! {
    GET    "/"                                                                 => root::index, Public, world;
    POST   "/access/v1/evaluation" "ask"|"askAboutThePast"                     => authzen::evaluation, Caller, world, json;
    POST   "/access/v1/evaluations" "ask"|"askAboutThePast"                    => authzen::evaluations, Caller, world, json + sized;
    POST   "/access/v1/search/subject" "ask"|"askAboutThePast"                 => authzen::search::subject, Caller, world, json + long;
    POST   "/access/v1/search/resource" "ask"|"askAboutThePast"                => authzen::search::resource, Caller, world, json + long;
    POST   "/access/v1/search/action" "ask"|"askAboutThePast"                  => authzen::search::action, Caller, world, json + long;
    GET    "/.well-known/authzen-configuration"                                => authzen::configuration, Public, world;
    GET    "/v1/forward-auth" "forwardAuth"                                    => forward_auth::forward_auth, Caller, world;

    GET    "/v1/partners" "listPartners"                                       => partners::list, Caller;
    GET    "/v1/partners/{partner}" "readPartner"                              => partners::get, Caller, noun;
    PUT    "/v1/partners/{partner}" "writePartner"                             => partners::put, Caller, noun, json;
    GET    "/v1/partners/{partner}/customers" "readCustomerList"               => partners::customers, Caller;
    GET    "/v1/partners/{partner}/standing" "askForItself"                    => partners::standing, Caller + long;
    GET    "/v1/customers" "listCustomers"                                     => customers::list, Caller;
    GET    "/v1/customers/{customer}" "readCustomer"                           => customers::get, Caller, noun;
    PUT    "/v1/customers/{customer}" "writeCustomer"                          => customers::put, Caller, noun, json;
    GET    "/v1/customers/{customer}/partners" "readPartnerRelationships"      => customers::partners, Caller;
    GET    "/v1/customers/{customer}/changes" "readOwnChanges"                 => customers::changes, Caller + long;
    GET    "/v1/partners/{partner}/changes" "readOwnChanges"                   => partners::changes, Caller + long;
    GET    "/v1/subscriptions" "listSubscriptions"                             => subscriptions::list, Caller;
    GET    "/v1/subscriptions/{subscription}" "readSubscription"               => subscriptions::get, Caller, noun;
    PUT    "/v1/subscriptions/{subscription}" "writeSubscription"              => subscriptions::put, Caller, noun, json;

    GET    "/v1/partners/{partner}/relationship-request" "requestRelationship" => relationships::request, Caller;
    POST   "/v1/partners/{partner}/relationship-request/email" "requestRelationship" => relationships::edit, Caller, json;
    GET    "/v1/relationship-requests/{token}" "readRelationshipRequest"       => relationships::offer, Caller;
    POST   "/v1/relationship-requests/{token}/acceptance" "acceptRelationship" => relationships::accept, Caller, json;
    DELETE "/v1/customers/{customer}/partners/{partner}/delegated-administration" "removeDelegatedAdministration" => relationships::remove, Caller;
    DELETE "/v1/customers/{customer}/delegated-administration" "removeDelegatedAdministration" => relationships::remove_all, Caller;
    POST   "/v1/customers/{customer}/partners/{partner}/renegotiation" "renegotiateForCustomer" | "renegotiateForPartner" => relationships::renegotiate, Caller, json;

    POST   "/v1/what-if" "whatIf"                                              => what_if::what_if, Caller, json + long;
    POST   "/v1/customers/{customer}/what-if" "tryOwnChange"                   => what_if::of_customer, Caller, json + long;
    POST   "/v1/partners/{partner}/what-if" "tryOwnChange"                     => what_if::of_partner, Caller, json + long;
    GET    "/v1/changes" "readChanges"                                         => changes::list, Caller + long;
    POST   "/v1/import" "import" | "importRelationships"                       => transfer::import, Caller, lines;
    GET    "/v1/export" "export"                                               => transfer::export, Caller + long;
    GET    "/v1/backup" "backup"                                               => transfer::backup, Caller, world + long;

    GET    "/v1/decisions" "readDecisions"                                     => decisions::list, Caller, world + long;
    GET    "/v1/decisions/{seq}" "readDecisions"                               => decisions::get, Caller, world;
    GET    "/v1/decisions/{seq}/proof" "readDecisions"                         => decisions::prove, Caller, world;
    POST   "/v1/decisions/{seq}/replay" "readDecisions"                        => decisions::replay, Caller, world;
    POST   "/v1/decisions/replay" "readDecisions"                              => decisions::replay_all, Caller, world, json + long;
    GET    "/v1/ledger/checkpoint" "readDecisions"                             => ledger::checkpoint, Caller, world;
    GET    "/v1/ledger/checkpoints" "readDecisions"                            => ledger::checkpoints, Caller, world;
    GET    "/v1/ledger/proof" "readDecisions"                                  => ledger::proof, Caller, world;
    GET    "/v1/ledger/consistency" "readDecisions"                            => ledger::consistency, Caller, world;
    GET    "/v1/ledger/verification" "readDecisions"                           => ledger::verify, Caller, world + long;
    GET    "/v1/ledger/export" "readDecisions"                                 => ledger::export, Caller, world + long;
    POST   "/v1/ledger/archive" "archiveLedger"                                => ledger::archive, Caller, world;
    GET    "/v1/access-review" "reviewAccess"                                  => access_review::review, Caller + long;

    GET    "/v1/rules" "readRules"                                             => rules::status, Caller;
    GET    "/v1/rules/history" "readRules"                                     => rules::history, Caller;
    POST   "/v1/rules/review" "reviewRules"                                    => rules::review, Caller, json + long;
    GET    "/v1/rules/difference" "reviewRules"                                => rules::difference, Caller + long;
    GET    "/v1/rules/proposals" "readRules"                                   => rules::proposals, Caller;
    POST   "/v1/rules/proposals" "proposeRules"                                => rules::propose, Caller, json + long;
    GET    "/v1/rules/proposals/{proposal}" "readRules"                        => rules::proposal, Caller;
    DELETE "/v1/rules/proposals/{proposal}" "proposeRules"                     => rules::withdraw, Caller;
    POST   "/v1/rules/proposals/{proposal}/approval" "approveRules"            => rules::approve, Caller, json_or_none + long;
    POST   "/v1/rules/proposals/{proposal}/refusal" "approveRules"             => rules::refuse, Caller, json;
    POST   "/v1/rules/rollback" "rollBackRules" | "proposeRules"              => rules::roll_back, Caller, json + long;
    GET    "/v1/rules/drafts" "draftRules"                                     => drafts::list, Caller;
    GET    "/v1/rules/drafts/{draft}" "draftRules"                             => drafts::get, Caller, noun;
    PUT    "/v1/rules/drafts/{draft}" "draftRules"                             => drafts::put, Caller, noun, json_or_none;
    POST   "/v1/rules/drafts/{draft}/review" "reviewRules"                     => drafts::begin_review, Caller;
    GET    "/v1/rules/drafts/{draft}/review" "reviewRules"                     => drafts::review, Caller;
    DELETE "/v1/rules/drafts/{draft}" "draftRules"                             => drafts::delete, Caller, noun;
    POST   "/v1/rules/drafts/{draft}/base" "draftRules"                        => drafts::rebase, Caller, noun, json_or_none;
    POST   "/v1/rules/drafts/{draft}/files" "draftRules"                       => drafts::put_files, Caller, noun, json;
    GET    "/v1/rules/drafts/{draft}/files/{path}" "draftRules"                => drafts::get_file, Caller, noun;
    PUT    "/v1/rules/drafts/{draft}/files/{path}" "draftRules"                => drafts::put_file, Caller, noun, json;
    DELETE "/v1/rules/drafts/{draft}/files/{path}" "draftRules"                => drafts::delete_file, Caller, noun;
    GET    "/v1/rules/{digest}" "readRules"                                    => rules::kept, Caller;
    GET    "/v1/tokens" "listTokens"                                           => tokens::list, Caller, world;
    POST   "/v1/tokens" "createToken"                                          => tokens::create, Caller, world, json;
    POST   "/v1/tokens/{token}/rotation" "rotateToken"                         => tokens::rotate, Caller, world, json_or_none;
    DELETE "/v1/tokens/{token}" "revokeToken"                                  => tokens::revoke, Caller, world;
    GET    "/v1/sessions" "listSessions"                                       => sessions::list, Caller, world;
    DELETE "/v1/sessions" "endSession"                                         => sessions::end_of_person, Caller, world;
    DELETE "/v1/sessions/{session}" "endSession"                               => sessions::end, Caller, world;
    GET    "/v1/link-keys" "listLinkKeys"                                      => link_keys::list, Caller;
    POST   "/v1/link-keys" "rotateLinkKey"                                     => link_keys::rotate, Caller;
    DELETE "/v1/link-keys/{key}" "retireLinkKey"                               => link_keys::retire, Caller;
    GET    "/healthz"                                                          => health::healthz, Public, world;
    GET    "/readyz"                                                           => health::readyz, Public, world;
    GET    "/metrics" "readMetrics"                                            => health::metrics, Caller, world;
    GET    "/openapi.json"                                                     => health::document, Public, world;
}

/// What there is at a path.
pub(super) enum Found<'a> {
    Route(&'a Served, BTreeMap<String, String>),
    /// The methods there are, as an `Allow` header lists them.
    OtherMethods(String),
    Nothing,
}

/// The path of a URL, without the slash that ends it.
fn public_path(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').map_or("", |at| after_scheme.get(at..).unwrap_or_default());
    path.trim_end_matches('/')
}

/// A route, and where its answers are counted.
pub(super) struct Served {
    pub(super) route: &'static Route,
    pub(super) metrics: RouteMetrics,
}

/// The paths at which almost everything is asked: they are looked up first, by comparison.
const ASKED_MOST: [&str; 2] = ["/access/v1/evaluation", "/access/v1/evaluations"];

/// The routes, ready to be looked up.
pub(super) struct Routes {
    asked_most: Vec<Arc<Served>>,
    by_path: matchit::Router<Vec<Arc<Served>>>,
}

impl Routes {
    pub(super) fn new(pdp: &Pdp) -> Self {
        let mut by_path: BTreeMap<&str, Vec<Arc<Served>>> = BTreeMap::new();
        let mut asked_most = Vec::new();
        for route in ROUTES {
            let metrics = pdp.metrics.of_route(route.method.as_str(), route.path);
            let served = Arc::new(Served { route, metrics });
            if ASKED_MOST.contains(&route.path) {
                asked_most.push(Arc::clone(&served));
            }
            by_path.entry(route.path).or_default().push(served);
        }
        // The metadata of a decision point whose URL has a path is below the well-known path too (AuthZEN §9.2).
        let configuration = format!("{CONFIGURATION}{}", public_path(pdp.public_url()));
        if let Some(route) = ROUTES.iter().find(|route| route.path == CONFIGURATION && configuration != CONFIGURATION) {
            let metrics = pdp.metrics.of_route(route.method.as_str(), route.path);
            by_path.insert(&configuration, vec![Arc::new(Served { route, metrics })]);
        }
        let mut router = matchit::Router::new();
        for (path, routes) in by_path {
            // The path of a file has slashes of its own, written as they are or encoded.
            let path = path.replace("/files/{path}", "/files/{*path}");
            // A path that cannot be entered would be missing from every answer; the tests call each one.
            if let Err(error) = router.insert(path.as_str(), routes) {
                tracing::error!(path, %error, "a route cannot be served");
            }
        }
        Self { asked_most, by_path: router }
    }

    pub(super) fn find(&self, method: &Method, path: &str) -> Result<Found<'_>, Problem> {
        let is_it = |served: &&Arc<Served>| served.route.path == path && served.route.method == *method;
        if let Some(served) = self.asked_most.iter().find(is_it) {
            return Ok(Found::Route(served, BTreeMap::new()));
        }
        let Ok(found) = self.by_path.at(path) else { return Ok(Found::Nothing) };
        let Some(served) = found.value.iter().find(|served| served.route.method == *method) else {
            let mut allowed: Vec<&str> = found.value.iter().map(|served| served.route.method.as_str()).collect();
            if allowed.contains(&"GET") {
                allowed.push("HEAD");
            }
            return Ok(Found::OtherMethods(allowed.join(", ")));
        };
        let mut params = BTreeMap::new();
        for (name, value) in found.params.iter() {
            let value = percent_decode_str(value).decode_utf8().map_err(|_| {
                Problem::bad("invalid_path", format!("`{value}` in the path is not UTF-8 once it is decoded"))
            })?;
            params.insert(name.to_owned(), value.into_owned());
        }
        Ok(Found::Route(served, params))
    }
}

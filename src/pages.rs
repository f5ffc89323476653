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
pub mod parts;
pub mod form;
pub mod file_field;
pub mod sent_form;
pub mod parameters;
pub mod frame;
pub mod sealed;
pub mod setting;
pub mod held;
pub mod context;
pub mod page_route;
pub mod proved;
mod done;
pub mod typed;
pub mod called;
pub mod fault;
pub mod glossary;
pub mod past;
pub mod turned;
pub mod renegotiation;
pub mod access;
pub mod changes;
mod response;
mod beginning_of_list;
mod waiting_page;
mod long_page;
mod language;
mod customer;
mod partner;
mod rules;
mod auditor;
mod cast;
mod beginning;
mod acting_as;
mod sign_in_page;
mod company;
mod sign_in;
mod start;
pub mod site;

use hyper::Method;

use page_route::PageRoute;

macro_rules! pages {
    ($($method:ident $path:literal $($call:literal)|* => $run:path $([$($query:ident)+])? $(, $more:ident)*;)*) => {
        /// Every page that is served.
        pub static PAGES: &[PageRoute] = &[$(PageRoute {
            method: Method::$method,
            path: $path,
            calls: &[$($call),*],
            in_worlds: $(pages!(@world $more) ||)* false,
            takes_any: $(pages!(@any $more) ||)* false,
            is_long: $(pages!(@long $more) ||)* false,
            is_kept: $(pages!(@kept $more) ||)* false,
            is_large: $(pages!(@large $more) ||)* false,
            query: &[$($(stringify!($query)),+)?],
            run: |page| Box::pin($run(page)),
        }),*];
    };
    (@world world) => { true };
    (@world $other:ident) => { false };
    (@any any) => { true };
    (@any $other:ident) => { false };
    (@long long) => { true };
    (@long $other:ident) => { false };
    (@kept kept) => { true };
    (@kept $other:ident) => { false };
    (@large large) => { true };
    (@large $other:ident) => { false };
}

pages! {
    GET    "/"                                              => start::start, world;
    GET    "/words"                                         => glossary::words, world;
    POST   "/language"                                      => language::choose, world;
    GET    "/sign-in"                                       => sign_in::sign_in [next again cookies], world;
    POST   "/sign-in/company"                               => sign_in::of_company, world;
    GET    "/sign-in/start"                                 => company::start [with next again other], world;
    GET    "/sign-in/callback" "signIn" | "signOut"         => company::callback, world, any;
    GET    "/sign-in/callback/{provider}" "signIn" | "signOut" => company::callback, world, any;
    GET    "/acting-as"                                     => acting_as::choices, world;
    POST   "/acting-as" "signIn" | "signOut"                => acting_as::chosen, world;
    POST   "/sign-in/token" "signIn" | "signOut"            => sign_in::with_token, world;
    POST   "/sign-in/cast" "signIn" | "signOut"             => sign_in::with_cast;
    POST   "/sign-out" "signOut"                            => sign_in::sign_out, world;
    GET    "/signed-out"                                    => sign_in::signed_out [of], world;
    GET    "/waiting/{id}"                                  => waiting_page::waiting, world;
    GET    "/waiting/{id}/progress"                         => waiting_page::progress, world;

    GET    "/relationship-requests/{token}" "readRelationshipRequest" | "readPartnerRelationships" | "listSubscriptions" => customer::request, any, long;
    GET    "/relationship-requests/{token}/check" "readRelationshipRequest" | "readPartnerRelationships" | "listSubscriptions" | "tryOwnChange" => customer::checked_again, any, long;
    POST   "/relationship-requests/{token}/check" "readRelationshipRequest" | "readPartnerRelationships" | "listSubscriptions" | "tryOwnChange" => customer::check, long;
    POST   "/relationship-requests/{token}/acceptance" "acceptRelationship" => customer::acceptance, long;
    GET    "/customers/{customer}/partners" "readPartnerRelationships" => customer::relationships [as_of cursor format];
    GET    "/customers/{customer}/partners/{partner}" "readPartnerRelationships" | "listSubscriptions" => customer::one_partner [cursor], long;
    GET    "/customers/{customer}/partners/{partner}/removal" "readPartnerRelationships" | "listSubscriptions" | "tryOwnChange" => customer::removal [service], long;
    POST   "/customers/{customer}/partners/{partner}/removal" "removeDelegatedAdministration" => customer::removed, long;
    GET    "/customers/{customer}/removal" "readPartnerRelationships" | "listSubscriptions" | "tryOwnChange" => customer::removal [service], long;
    POST   "/customers/{customer}/removal" "removeDelegatedAdministration" => customer::removed, long;
    GET    "/customers/{customer}/partners/{partner}/renegotiation" "readPartnerRelationships" | "listSubscriptions" | "tryOwnChange" => customer::renegotiation [outcome], long;
    POST   "/customers/{customer}/partners/{partner}/renegotiation" "renegotiateForCustomer" => customer::said, long;
    GET    "/customers/{customer}/subscriptions" "readPartnerRelationships" | "listSubscriptions" => customer::subscriptions [cursor];
    GET    "/customers/{customer}/changes" "readOwnChanges" | "readPartnerRelationships" => customer::changes [cursor], long;
    GET    "/customers/{customer}/access" "reviewAccess" => customer::access [as_of cursor format], long;

    GET    "/partners/{partner}/customers" "readCustomerList"     => partner::customers [q only as_of cursor format];
    GET    "/partners/{partner}/customers/{customer}" "askForItself" => partner::one_customer [cursor], long;
    GET    "/partners/{partner}/customers/{customer}/renegotiation" "askForItself" | "tryOwnChange" => partner::renegotiation [outcome], long;
    POST   "/partners/{partner}/customers/{customer}/renegotiation" "renegotiateForPartner" | "askForItself" | "tryOwnChange" => partner::said, long;
    GET    "/partners/{partner}/subscriptions/{subscription}" "askForItself" => partner::subscription [as_of], long;
    GET    "/partners/{partner}/request" "requestRelationship"    => partner::request [language];
    POST   "/partners/{partner}/request" "requestRelationship"    => partner::email;
    GET    "/partners/{partner}/changes" "readOwnChanges"         => partner::changes [cursor], long;
    GET    "/partners/{partner}/access" "reviewAccess"            => partner::access [as_of cursor format], long;

    GET    "/rules" "readRules"                                   => rules::status;
    GET    "/rules/tables" "readRules"                            => rules::tables [set], long, kept;
    GET    "/rules/tables/{action}" "readRules"                   => rules::table [set], long, kept;
    GET    "/rules/files" "readRules"                             => rules::files [set];
    GET    "/rules/files/{*file}" "readRules"                     => rules::file [set], long;
    GET    "/rules/history" "readRules"                           => rules::history [cursor];
    GET    "/rules/sets/{digest}" "readRules"                     => rules::set;
    GET    "/rules/compare" "readRules" | "reviewRules"           => rules::compare [from to], long, kept;
    GET    "/rules/proposals" "readRules"                         => rules::proposals [cursor];
    GET    "/rules/proposals/{proposal}" "readRules"              => rules::proposal, long;
    GET    "/rules/proposals/{proposal}/withdrawal" "readRules"   => rules::withdrawal;
    POST   "/rules/proposals/{proposal}/withdrawal" "proposeRules" => rules::withdrawn;
    GET    "/rules/proposals/{proposal}/approval" "readRules"     => rules::approval, long;
    POST   "/rules/proposals/{proposal}/approval" "approveRules" | "readRules" => rules::approved, long;
    GET    "/rules/proposals/{proposal}/refusal" "readRules"      => rules::refusal;
    POST   "/rules/proposals/{proposal}/refusal" "approveRules" | "readRules" => rules::refused;
    GET    "/rules/rollback" "readRules" | "reviewRules"          => rules::rollback [to], long, kept;
    POST   "/rules/rollback" "rollBackRules" | "proposeRules" | "readRules" => rules::rolled_back, long;
    GET    "/rules/drafts" "draftRules"                           => rules::drafts;
    POST   "/rules/drafts" "draftRules"                           => rules::begun;
    GET    "/rules/drafts/{draft}" "draftRules" | "readRules"     => rules::one_draft, long;
    GET    "/rules/drafts/{draft}/base" "draftRules"              => rules::base, long;
    POST   "/rules/drafts/{draft}/base" "draftRules"              => rules::rebased, long;
    GET    "/rules/drafts/{draft}/removal" "draftRules"           => rules::removal;
    POST   "/rules/drafts/{draft}/removal" "draftRules"           => rules::removed;
    POST   "/rules/drafts/{draft}/proposal" "proposeRules" | "draftRules" | "readRules" => rules::proposed, long;
    GET    "/rules/drafts/{draft}/evidence" "draftRules" | "reviewRules" | "readRules" => rules::draft_evidence, long;
    POST   "/rules/drafts/{draft}/evidence" "reviewRules"         => rules::evidence_begun;
    GET    "/rules/drafts/{draft}/evidence/progress" "reviewRules" => rules::evidence_progress;
    POST   "/rules/drafts/{draft}/files" "draftRules" | "readRules" => rules::added, large;
    POST   "/rules/drafts/{draft}/folder" "draftRules" | "readRules" => rules::uploaded, long, large;
    GET    "/rules/drafts/{draft}/files/{*file}" "draftRules"     => rules::draft_file, long;
    POST   "/rules/drafts/{draft}/files/{*file}" "draftRules"     => rules::saved, long, large;

    GET    "/ledger" "readDecisions"                              => auditor::ledger [subject action resource decision reason from to order caller rule rules asked requestId cursor format], world, long;
    GET    "/ledger/replay" "readDecisions"                       => auditor::replay_all [rules set from to], world, long, kept;
    GET    "/ledger/verification" "readDecisions"                 => auditor::verification [now], world, long, kept;
    GET    "/ledger/checkpoints" "readDecisions"                  => auditor::checkpoints [cursor], world;
    POST   "/ledger/checkpoints" "readDecisions"                  => auditor::compared, world;
    GET    "/ledger/checkpoints/key" "readDecisions"              => auditor::key, world;
    GET    "/ledger/checkpoints/{size}" "readDecisions"           => auditor::note, world;
    GET    "/ledger/{seq}" "readDecisions"                        => auditor::record, world, long;
    GET    "/ledger/{seq}/record" "readDecisions"                 => auditor::bytes, world;
    GET    "/ledger/{seq}/proof" "readDecisions"                  => auditor::proof, world;
    GET    "/ledger/{seq}/replay" "readDecisions"                 => auditor::replay [rules set], world, long;
    GET    "/changes" "readChanges"                               => auditor::changes [customer partner event from to cursor], long;
    GET    "/changes/{revision}" "readChanges"                    => auditor::revision;
    GET    "/access-review" "reviewAccess"                        => auditor::access [customer partner as_of rules cursor format], long;
}

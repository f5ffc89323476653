//! Requesting, accepting, removing and renegotiating a relationship.

use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::change::acceptance::{Acceptance, AcceptanceEffect, AcceptanceError, Accepted};
use crate::change::expected::{Expecting, NOT_AS_EXPECTED, NotAsExpected, as_expected};
use crate::change::judgement::{Judgement, Unaccepted};
use crate::change::removal::{Removal, RemovalEffect, RemovalError, Removed};
use crate::change::renegotiation::{Renegotiated, Renegotiation, RenegotiationEffect, RenegotiationError, Withdrawal};
use crate::change::{removal, renegotiation};
use crate::domain::commercial::Side;
use crate::domain::grant::Multichannel;
use crate::domain::invitation::{Email, EmailError, EmailLanguage, TokenError};
use crate::domain::partner::{Partner, PartnerKind};
use crate::id::{CustomerId, PartnerId};
use crate::pdp::call::{self, Call, CallError, CallTarget, Coded, Committed, Done, Response, Undone};
use crate::pdp::links::LinkRing;
use crate::pdp::refusal::Denied;
use crate::pdp::{Pdp, refused};

/// A partner's relationship request: the link, and the email to send it in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RelationshipRequest)]
pub struct RelationshipRequest {
    /// The link; the same every time, and nothing of any customer in it.
    pub link: String,
    /// The link's token.
    pub token: String,
    /// The email to send to the customer.
    pub email: Email,
}

/// What accepting a request would give.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RelationshipOffer)]
pub struct Offer {
    /// Who asks.
    #[schema(value_type = String)]
    pub partner: PartnerId,
    /// Its display name.
    pub name: String,
    /// How it takes part in the programme.
    pub kind: PartnerKind,
    /// What accepting gives, in a sentence.
    pub gives: String,
    /// What accepting may end, in a sentence; nothing for a partner that displaces nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub may_end: Option<String>,
}

/// What the customer of a partner that sells has to know before it accepts.
const MAY_END: &str = "For each service only one partner that sells to you holds these privileges: if another holds them for a service you name, accepting ends its delegated administration of that service. What it sold you stays as it is, and so does who bills you for it.";

/// Why a partner's request cannot be shown or edited.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The partner is not registered.
    #[error("partner `{0}` is not known; register it first")]
    UnknownPartner(PartnerId),
    /// The edited email is not as it may be.
    #[error(transparent)]
    Email(#[from] EmailError),
}

/// Why a link cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Its token is altered, foreign or retired.
    #[error("this link is not one of ours: {0}; ask the partner for its link")]
    Token(#[from] TokenError),
    /// Its partner is not registered any more.
    #[error("this link is of a partner that is not known; ask the partner for its link")]
    UnknownPartner,
    /// Its partner may not request relationships any more.
    #[error(transparent)]
    MayNotRequest(Denied),
    /// What it is accepted for cannot be.
    #[error(transparent)]
    Acceptance(#[from] AcceptanceError),
    /// Accepting it would do something else than was expected.
    #[error(transparent)]
    NotAsExpected(#[from] Box<NotAsExpected<AcceptanceEffect>>),
}

/// How a partner edits its email: the whole text, or the introduction alone, in a language.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Text(String),
    Paragraphs(Vec<String>, EmailLanguage),
}

/// The partner's relationship request.
///
/// # Errors
/// [`CallError::Denied`] for a suspended partner, an indirect reseller, and whoever may not speak for it.
pub async fn relationship_request(
    pdp: &Pdp,
    call: &Call,
    partner: &PartnerId,
) -> Result<Response<RelationshipRequest>, CallError<RequestError>> {
    let target = CallTarget::Partner(partner.clone());
    call::read(pdp, call, "requestRelationship", &target, |view, _| {
        let known = view.partner(partner)?.ok_or_else(|| RequestError::UnknownPartner(partner.clone()))?;
        Ok(request(pdp, &known.fact))
    })
    .await
}

/// The partner's relationship request with an edited email.
///
/// # Errors
/// [`RequestError::Email`] when the edit loses or touches the link.
pub(crate) async fn edited_request(
    pdp: &Pdp,
    call: &Call,
    partner: &PartnerId,
    edit: Edit,
) -> Result<Response<RelationshipRequest>, CallError<RequestError>> {
    let target = CallTarget::Partner(partner.clone());
    call::read(pdp, call, "requestRelationship", &target, |view, _| {
        let known = view.partner(partner)?.ok_or_else(|| RequestError::UnknownPartner(partner.clone()))?;
        let mut request = request(pdp, &known.fact);
        request.email = match edit {
            Edit::Text(text) => request.email.edited(&text).map_err(RequestError::from)?,
            Edit::Paragraphs(paragraphs, language) => {
                request.email.in_language(language).with_paragraphs(&paragraphs).map_err(RequestError::from)?
            }
        };
        Ok(request)
    })
    .await
}

/// Who asks with a link, and what accepting it gives. Nothing is recorded of a link that is none and that somebody
/// brings who has not said who they are: nothing is decided then, and whoever makes links up fills no ledger.
///
/// # Errors
/// [`LinkError::Token`] for a link that is altered, foreign or retired.
pub async fn offer(pdp: &Pdp, call: &Call, token: &str) -> Result<Response<Offer>, CallError<LinkError>> {
    let invitation = pdp.keys.links.verify(token);
    if call.caller == Caller::Visitor
        && let Err(error) = invitation
    {
        return Err(LinkError::from(error).into());
    }
    let target = match &invitation {
        Ok(invitation) => CallTarget::Partner(invitation.partner.clone()),
        Err(_) => CallTarget::Installation,
    };
    let rules = pdp.rules();
    call::read_by(pdp, &rules, call, "readRelationshipRequest", &target, |view, at| {
        let partner = view.partner(&invitation.map_err(LinkError::from)?.partner)?.ok_or(LinkError::UnknownPartner)?.fact;
        let judgement = Judgement { rules: &rules, at, multichannel: pdp.settings.terms.multichannel };
        let asking = judgement.admit_request(view, &partner.id)?;
        asking.permit().map_err(LinkError::MayNotRequest)?;
        let gives = format!(
            "`{}` gains delegated administrative privileges for the services you name: it may provision and support them. It gains no right to what others sold you, and bills you nothing for it.",
            partner.name
        );
        let may_end = (partner.kind.transacts() && pdp.settings.terms.multichannel == Multichannel::Displace)
            .then(|| MAY_END.to_owned());
        Ok(Offer { partner: partner.id, name: partner.name, kind: partner.kind, gives, may_end })
    })
    .await
}

/// Refuses an acceptance by a link that is none: to everybody alike, whoever else may accept, and recorded as what it
/// is.
async fn refuse_acceptance(pdp: &Pdp, call: &Call, error: TokenError) -> CallError<LinkError> {
    let why = LinkError::from(error.clone());
    match refused::refuse::<(), _>(pdp, call, "acceptRelationship", CallTarget::Installation, why).await {
        Ok(_) | Err(CallError::Denied(_)) => CallError::Refused(error.into()),
        Err(other) => other,
    }
}

/// Refuses an acceptance by a link that is none, whatever else is wrong with the call; nothing for a link that is
/// one.
///
/// # Errors
/// [`LinkError::Token`] for whatever is no link.
pub async fn check_acceptance(pdp: &Pdp, call: &Call, token: &str) -> Result<(), CallError<LinkError>> {
    match pdp.keys.links.verify(token) {
        Ok(_) => Ok(()),
        Err(error) => Err(refuse_acceptance(pdp, call, error).await),
    }
}

/// A customer accepts the request of a link.
///
/// # Errors
/// [`LinkError`]; [`CallError::Denied`] when the caller may not accept for the customer.
pub async fn accept<A: Into<Expecting<Acceptance, AcceptanceEffect>>>(
    pdp: &Pdp,
    call: &Call,
    token: &str,
    acceptance: impl FnOnce(PartnerId) -> A,
) -> Result<Committed<Accepted>, CallError<LinkError>> {
    let invitation = match pdp.keys.links.verify(token) {
        Ok(invitation) => invitation,
        Err(error) => return Err(refuse_acceptance(pdp, call, error).await),
    };
    let Expecting { change: acceptance, expected } = acceptance(invitation.partner).into();
    let target = CallTarget::Customer(acceptance.customer.clone());
    let multichannel = pdp.settings.terms.multichannel;
    let asked_by = call.clone();
    call::change(pdp, call, "acceptRelationship", target, move |context, rules| {
        let judgement = Judgement { rules, at: context.at, multichannel };
        let (asking, change_set, mut accepted) = match judgement.accept(&context.view, &acceptance) {
            Ok(accepted) => accepted,
            Err(Unaccepted::Denied(denied, asking)) => {
                return Err(Undone::denied(denied, vec![asking.record(&asked_by, rules)]));
            }
            Err(Unaccepted::Undone(CallError::Refused(AcceptanceError::UnknownPartner(_)))) => {
                return Err(LinkError::UnknownPartner.into());
            }
            Err(Unaccepted::Undone(error)) => return Err(error.map(LinkError::Acceptance).into()),
        };
        let records = vec![asking.record(&asked_by, rules)];
        if let Err(other) = as_expected(expected.as_ref(), &accepted.effect()) {
            return Err(Undone { error: LinkError::from(other).into(), records });
        }
        if !change_set.is_empty() {
            accepted.revision = context.next;
        }
        Ok(Done { records, ..Done::of((change_set, accepted)) })
    })
    .await
}

/// A customer removes delegated administrative privileges.
///
/// # Errors
/// [`RemovalError`]; [`CallError::Denied`] when the caller may not speak for the customer.
pub async fn remove(
    pdp: &Pdp,
    call: &Call,
    removal: impl Into<Expecting<Removal, RemovalEffect>>,
) -> Result<Committed<Removed>, CallError<RemovalError>> {
    let Expecting { change: removal, expected } = removal.into();
    let target = CallTarget::Customer(removal.customer.clone());
    call::change(pdp, call, "removeDelegatedAdministration", target, move |context, _| {
        let (change_set, mut removed) = removal::remove(&context.view, context.at, &removal)?;
        as_expected(expected.as_ref(), &removed.effect()).map_err(RemovalError::from)?;
        if !change_set.is_empty() {
            removed.revision = context.next;
        }
        Ok(Done::of((change_set, removed)))
    })
    .await
}

/// One side renegotiates the commercial relationship.
///
/// # Errors
/// [`RenegotiationError`]; [`CallError::Denied`] when the caller may not speak for that side.
pub async fn renegotiate(
    pdp: &Pdp,
    call: &Call,
    renegotiation: impl Into<Expecting<Renegotiation, RenegotiationEffect>>,
) -> Result<Committed<Renegotiated>, CallError<RenegotiationError>> {
    let Expecting { change: renegotiation, expected } = renegotiation.into();
    let (action, target) = for_side(renegotiation.by, &renegotiation.customer, &renegotiation.partner);
    call::change(pdp, call, action, target, move |context, _| {
        let (change_set, mut renegotiated) = renegotiation::renegotiate(&context.view, context.at, &renegotiation)?;
        as_expected(expected.as_ref(), &renegotiated.effect()).map_err(RenegotiationError::from)?;
        if !change_set.is_empty() {
            renegotiated.revision = context.next;
        }
        Ok(Done::of((change_set, renegotiated)))
    })
    .await
}

/// One side withdraws its proposal about the commercial relationship.
///
/// # Errors
/// [`RenegotiationError`]; [`CallError::Denied`] when the caller may not speak for that side.
pub async fn withdraw_renegotiation(
    pdp: &Pdp,
    call: &Call,
    withdrawal: impl Into<Expecting<Withdrawal, RenegotiationEffect>>,
) -> Result<Committed<Renegotiated>, CallError<RenegotiationError>> {
    let Expecting { change: withdrawal, expected } = withdrawal.into();
    let (action, target) = for_side(withdrawal.by, &withdrawal.customer, &withdrawal.partner);
    call::change(pdp, call, action, target, move |context, _| {
        let (change_set, mut renegotiated) = renegotiation::withdraw(&context.view, &withdrawal)?;
        as_expected(expected.as_ref(), &renegotiated.effect()).map_err(RenegotiationError::from)?;
        renegotiated.revision = context.next;
        Ok(Done::of((change_set, renegotiated)))
    })
    .await
}

/// The call by which a side speaks, and what it is about.
fn for_side(by: Side, customer: &CustomerId, partner: &PartnerId) -> (&'static str, CallTarget) {
    match by {
        Side::Customer => ("renegotiateForCustomer", CallTarget::Customer(customer.clone())),
        Side::Partner => ("renegotiateForPartner", CallTarget::Partner(partner.clone())),
    }
}

fn request(pdp: &Pdp, partner: &Partner) -> RelationshipRequest {
    let token = pdp.keys.links.token(&partner.id);
    let (program, page) = (token.link(&format!("{}/v1", pdp.public_url())), token.link(pdp.public_url()));
    let (link, other) = if pdp.settings.has_pages { (page, program) } else { (program, page) };
    let email = Email::of(partner, &link).or_over(other);
    RelationshipRequest { link, token: token.to_string(), email }
}

macro_rules! coded {
    ($($error:ident { $($pattern:pat => $code:expr,)* })*) => {$(
        impl Coded for $error {
            fn code(&self) -> &'static str {
                match self { $($pattern => $code,)* }
            }
        }
    )*};
}
pub(crate) use coded;

coded! {
    AcceptanceError {
        Self::UnknownCustomer(_) => "unknown_customer",
        Self::UnknownPartner(_) => "unknown_partner",
        Self::NoService => "no_service",
        Self::TooManyServices(_) => "too_many_services",
        Self::EndPassed { .. } => "end_date_passed",
        Self::Held { .. } => "service_held",
        Self::TooManyAdministrators(_) => "too_many_administrators",
    }
    RequestError {
        Self::UnknownPartner(_) => "unknown_partner",
        Self::Email(error) => match error {
            EmailError::LinkMissing => "link_missing",
            EmailError::LinkTouched => "link_touched",
            EmailError::LinkRepeated => "link_repeated",
            EmailError::EndingChanged => "ending_changed",
            _ => "invalid_email",
        },
    }
}

impl Coded for LinkError {
    fn code(&self) -> &'static str {
        match self {
            Self::Token(_) | Self::UnknownPartner => "unknown_link",
            Self::MayNotRequest(_) => "may_not_request",
            Self::Acceptance(error) => error.code(),
            Self::NotAsExpected(_) => NOT_AS_EXPECTED,
        }
    }

    fn evidence(&self) -> Option<serde_json::Value> {
        match self {
            Self::NotAsExpected(other) => other.evidence(),
            _ => None,
        }
    }
}

/// The keys that links are signed with.
#[must_use]
pub fn links(pdp: &Pdp) -> &LinkRing {
    &pdp.keys.links
}

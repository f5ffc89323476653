//! Which services a customer chooses for a partner, and what is wrong with a choice.

use jiff::civil::Date;
use maud::{Markup, html};

use super::known::{Known, tag};
use crate::answer::pages::PartnerRelationship;
use crate::change::relationship::Offer;
use crate::clock::Timestamp;
use crate::id::{PartnerId, ServiceName};
use crate::limits::ACCEPTED_SERVICES_MAX;
use crate::pages::context::PageCall;
use crate::pages::form::{FieldError, Form};
use crate::pages::words::name;

/// Does a second partner that sells not displace the first here, but is refused?
pub(super) fn is_refusing(offer: &Offer) -> bool {
    offer.kind.transacts() && offer.may_end.is_none()
}

/// A service that may be chosen, with who would lose it and who keeps it.
pub(super) fn choice(
    page: &PageCall,
    offer: &Offer,
    found: &Known,
    service: &ServiceName,
    administrators: &[&PartnerRelationship],
    form: &Form,
) -> Markup {
    let words = page.words;
    let field = format!("service-{service}");
    let says = format!("{field}-says");
    let is_held = administrators.iter().any(|partner| partner.partner == offer.partner);
    let loses: Vec<&&PartnerRelationship> =
        administrators.iter().filter(|partner| offer.kind.transacts() && partner.kind.transacts()).collect();
    let is_refused = is_refusing(offer) && !loses.is_empty();
    let keeps: Vec<Markup> = administrators
        .iter()
        .filter(|partner| !(offer.kind.transacts() && partner.kind.transacts()) && partner.partner != offer.partner)
        .map(|partner| html! { (name(&partner.name)) " " span.tag { (words.say(tag(partner.kind))) } })
        .collect();
    let is_ticked = form.all("service").iter().any(|chosen| chosen == service.as_str());
    html! {
        div.choice {
            @if is_held || is_refused { span aria-hidden="true" {} } @else {
                input type="checkbox" id=(field) name="service" value=(service) checked[is_ticked] aria-describedby=(says);
            }
            div {
                @if is_held || is_refused { strong { (page.service(service)) } }
                @else { label for=(field) { (page.service(service)) } }
                " " span.soft.code translate="no" { (service) }
                div id=(says) {
                    @if is_held { p.soft { (words.with("choice-held", [("partner", name(&offer.name).into())])) } }
                    @for partner in loses.iter().filter(|_| !is_held) {
                        p {
                            strong { (words.with(if is_refused { "choice-refused" } else { "choice-loses" }, [("partner", name(&partner.name).into())])) }
                            @if !is_refused {
                                " "
                                @let sold = found.sold(&partner.partner, Some(service));
                                (words.with(keeps_key(sold, partner.responsible_for_support), [("count", sold.into())]))
                            }
                        }
                    }
                    @if !keeps.is_empty() { p { (words.with("choice-beside", [("partners", words.list(&keeps).into())])) } }
                    @if administrators.is_empty() { p.soft { (words.say("choice-nobody")) } }
                }
            }
        }
    }
}

/// The key of what still ties a partner that loses a service: what it sold there, and its commercial relationship, which
/// may have ended whatever it sold, and may stand by what it sold elsewhere.
fn keeps_key(sold: usize, is_responsible: bool) -> &'static str {
    match (sold, is_responsible) {
        (0, false) => "choice-sold-nothing",
        (0, true) => "choice-sold-elsewhere",
        (_, false) => "choice-sold-ended",
        (_, true) => "choice-keeps-sold",
    }
}

/// What was chosen.
#[derive(Clone)]
pub(super) struct Choice {
    pub(super) services: Vec<ServiceName>,
    pub(super) until: Option<Timestamp>,
}

impl Choice {
    /// The services that a partner has already and whose end date becomes another one. Without one nothing becomes otherwise.
    pub(super) fn moved(&self, found: &Known, partner: &PartnerId) -> Vec<ServiceName> {
        let known = found.partners.iter().find(|known| known.partner == *partner);
        let held = known.iter().flat_map(|known| &known.services).filter(|held| held.delegated_administrator);
        let moves = held.filter(|held| self.until.is_some() && held.until != self.until);
        moves.map(|held| held.service.clone()).filter(|service| self.services.contains(service)).collect()
    }

    /// The day at whose end it ends by itself.
    pub(super) fn ends(&self) -> Option<Timestamp> {
        self.until.and_then(|until| until.checked_sub(jiff::SignedDuration::from_secs(1)).ok())
    }
}

/// Reads what was chosen, or what is wrong with it.
pub(super) fn choice_of(page: &PageCall, form: &Form, first: &str, found: &Known) -> Result<Choice, Vec<FieldError>> {
    let words = page.words;
    let mut errors = Vec::new();
    let mut services: Vec<ServiceName> =
        form.all("service").iter().filter_map(|service| service.parse().ok()).collect();
    let other = form.text("other").trim();
    if !other.is_empty() {
        match named(page, found, other).or_else(|| other.parse().ok()) {
            Some(other) => services.push(other),
            None => errors.push(FieldError { field: "other".to_owned(), says: words.say("other-wrong") }),
        }
    }
    services.sort();
    services.dedup();
    if services.is_empty() && errors.is_empty() {
        errors.insert(0, FieldError { field: first.to_owned(), says: words.say("choose-one") });
    }
    if services.len() > ACCEPTED_SERVICES_MAX {
        errors.insert(0, FieldError { field: first.to_owned(), says: words.say("reason-too_many_services") });
    }
    let text = form.text("until").trim();
    let until = match end_of(text) {
        None if !text.is_empty() => {
            errors.push(FieldError { field: "until".to_owned(), says: words.say("until-no-day") });
            None
        }
        Some(until) if until <= page.setting.pdp.now() => {
            errors.push(FieldError { field: "until".to_owned(), says: words.say("reason-end_date_passed") });
            None
        }
        until => until,
    };
    if errors.is_empty() { Ok(Choice { services, until }) } else { Err(errors) }
}

/// The service that is known by a name, in whatever case: the name that is shown, or the key. A key that differs in its
/// case alone would be another service, which nobody means.
fn named(page: &PageCall, found: &Known, written: &str) -> Option<ServiceName> {
    let (known, called) = (found.services(), &page.setting.services);
    let same = |text: &str| text.to_lowercase() == written.to_lowercase();
    let keys = || known.keys().chain(called.keys());
    let by_key = keys().find(|key| key.as_str() == written).or_else(|| keys().find(|key| same(key.as_str())));
    by_key.or_else(|| called.iter().find(|(_, called)| same(called)).map(|(key, _)| key)).cloned()
}

/// The moment at which a day ends.
fn end_of(day: &str) -> Option<Timestamp> {
    let day: Date = day.parse().ok()?;
    Some(day.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

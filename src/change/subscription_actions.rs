//! Which action of the rules stands for each thing a partner may change about a subscription.

use crate::change::registration::SubscriptionError;
use crate::decide::Namespace;
use crate::domain::subscription::{Subscription, SubscriptionStatus};
use crate::policy::Bundle;

/// Every action that a sale or a change by a partner is decided as.
const ALL: [&str; 8] = [
    "provision",
    "orderAddOns",
    "removeSeats",
    "addSeats",
    "transition",
    "changePartnerOfRecord",
    "suspend",
    "reactivate",
];

/// The actions a partner needs for what is otherwise than before, one for each difference.
///
/// # Errors
/// [`SubscriptionError::StatusNotItsOwn`] for a change of status that no action of a partner stands for.
pub(crate) fn differences(before: &Subscription, after: &Subscription) -> Result<Vec<&'static str>, SubscriptionError> {
    use SubscriptionStatus::{Active, Suspended};
    let of_status = match (before.status, after.status) {
        (was, is) if was == is => None,
        (Active, Suspended) => Some("suspend"),
        (Suspended, Active) => Some("reactivate"),
        _ => return Err(SubscriptionError::StatusNotItsOwn(after.id.clone())),
    };
    let others = [
        ("removeSeats", after.quantity < before.quantity),
        ("addSeats", after.quantity > before.quantity),
        ("transition", after.offer != before.offer),
        ("changePartnerOfRecord", after.partner_of_record != before.partner_of_record),
    ];
    let others = others.into_iter().filter(|(_, differs)| *differs).map(|(action, _)| action);
    Ok(of_status.into_iter().chain(others).collect())
}

/// Logs what rules of an earlier version lack: actions without which a partner's change is refused, and words
/// without which whatever is asked of a fact that holds them is.
pub(crate) fn log_missing(rules: &Bundle) {
    let known = |action: &&str| rules.vocabulary().action(Namespace::Domain.as_str(), action).is_some();
    let missing: Vec<&str> = ALL.into_iter().filter(|action| !known(action)).collect();
    if !missing.is_empty() {
        tracing::warn!(
            rules = %rules.digest(),
            actions = missing.join(", "),
            "the rules in force do not know these actions, so a change by a partner that needs one is refused as `unknown_action`; take the actions over from the shipped rules"
        );
    }
    for word in rules.missing_words() {
        tracing::warn!(rules = %rules.digest(), "{word}; what is asked of such a fact is refused as `invalid_fact`");
    }
}

//! What the rules said.

use serde::{Deserialize, Serialize};

use super::reason::Reason;
use crate::domain::words;
use crate::policy::{Bundle, RuleId};
use crate::standing::Right;

words! {
    /// A duty that stands whatever the answer is.
    Duty {
        /// Provide support to the customer, even without the privileges to do so inside its tenant.
        ProvideSupport = "provideSupport",
        /// Adhere to the terms of the reseller agreement.
        AdhereToResellerAgreement = "adhereToResellerAgreement",
    }
}

words! {
    /// What kind of no an answer is.
    Refusal {
        /// A rule forbids it, whatever else is allowed; `rules` names it.
        Forbidden = "forbidden",
        /// No rule permits it.
        NotPermitted = "notPermitted",
        /// The subject, the action or the resource is not known.
        Unknown = "unknown",
        /// It cannot be judged: the action does not apply to these types, a property is not of the declared type, the
        /// schema has no word for a fact, or a rule could not be evaluated.
        Invalid = "invalid",
    }
}

impl Refusal {
    fn of(verdict: &Verdict) -> Option<Self> {
        const INVALID: [&Reason; 4] =
            [&Reason::INVALID_FACT, &Reason::ACTION_NOT_APPLICABLE, &Reason::INVALID_PROPERTY, &Reason::RULE_ERROR];
        const UNKNOWN: [&Reason; 8] = [
            &Reason::UNKNOWN_SUBJECT,
            &Reason::UNKNOWN_PARTNER,
            &Reason::UNKNOWN_OPERATOR,
            &Reason::UNKNOWN_ACTION,
            &Reason::UNKNOWN_RESOURCE,
            &Reason::UNKNOWN_CUSTOMER,
            &Reason::UNKNOWN_SERVICE,
            &Reason::UNKNOWN_SUBSCRIPTION,
        ];
        match verdict {
            Verdict::Permitted(_) => None,
            Verdict::Forbidden(_) => Some(Self::Forbidden),
            Verdict::Faulty(_) => Some(Self::Invalid),
            Verdict::Refused(reason) if INVALID.contains(&reason) => Some(Self::Invalid),
            Verdict::Refused(reason) if UNKNOWN.contains(&reason) => Some(Self::Unknown),
            Verdict::Refused(_) | Verdict::Missing => Some(Self::NotPermitted),
        }
    }
}

/// A rule that could not be evaluated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RuleFault {
    /// Which rule.
    pub rule: RuleId,
    /// What went wrong.
    pub message: String,
}

impl RuleFault {
    pub(super) fn of(error: &cedar_policy::AuthorizationError) -> Self {
        let cedar_policy::AuthorizationError::PolicyEvaluationError(fault) = error;
        Self { rule: RuleId::from(AsRef::<str>::as_ref(fault.policy_id())), message: fault.inner().to_string() }
    }
}

/// What came of asking, before it is put into words.
#[derive(Clone, PartialEq)]
pub(super) enum Verdict {
    Permitted(Vec<RuleId>),
    Forbidden(Vec<RuleId>),
    Faulty(Vec<RuleFault>),
    Refused(Reason),
    Missing,
}

/// What the rules said about one question; only deciding makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    allowed: bool,
    refusal: Option<Refusal>,
    reason: Option<Reason>,
    message: String,
    rules: Vec<RuleId>,
    faults: Vec<RuleFault>,
    standing: Vec<Right>,
    duties: Vec<Duty>,
}

impl Decision {
    pub(super) fn new(bundle: &Bundle, verdict: Verdict, standing: Vec<Right>, duties: Vec<Duty>) -> Self {
        let refusal = Refusal::of(&verdict);
        let (allowed, reason, rules, faults) = match verdict {
            Verdict::Permitted(rules) => (true, None, rules, Vec::new()),
            Verdict::Forbidden(rules) => {
                let reason = rules.first().and_then(|id| bundle.rule(id)).and_then(|rule| rule.reason.as_deref());
                (false, Some(reason.map_or(Reason::NOT_PERMITTED, Reason::of_rule)), rules, Vec::new())
            }
            Verdict::Faulty(faults) => (false, Some(Reason::RULE_ERROR), Vec::new(), faults),
            Verdict::Refused(reason) => (false, Some(reason), Vec::new(), Vec::new()),
            Verdict::Missing => (false, Some(Reason::NOT_PERMITTED), Vec::new(), Vec::new()),
        };
        let title = rules.first().and_then(|id| bundle.rule(id)).map(|rule| rule.title.clone());
        let sentence = reason.as_ref().and_then(Reason::sentence);
        let message = title.or_else(|| sentence.map(str::to_owned)).unwrap_or_default();
        Self { allowed, refusal, reason, message, rules, faults, standing, duties }
    }

    /// The same with a hint in its message, where there is one.
    pub(super) fn hinting(mut self, hint: Option<String>) -> Self {
        if let Some(hint) = hint {
            self.message.push_str("; ");
            self.message.push_str(&hint);
        }
        self
    }

    /// Is it a yes?
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// What kind of no it is; nothing for a yes.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// Why it is a no; nothing for a yes.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// The answer in a sentence: the title of the rule that decided, or what the reason says.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The rules that decided, in the order of their names; none where a right is missing.
    #[must_use]
    pub fn rules(&self) -> &[RuleId] {
        &self.rules
    }

    /// The rules that could not be evaluated.
    #[must_use]
    pub fn faults(&self) -> &[RuleFault] {
        &self.faults
    }

    /// The rights the subject holds on the resource.
    #[must_use]
    pub fn standing(&self) -> &[Right] {
        &self.standing
    }

    /// The duties that stand whatever the answer is.
    #[must_use]
    pub fn duties(&self) -> &[Duty] {
        &self.duties
    }

    /// The proof that something was allowed, without which nothing can be changed.
    #[must_use]
    pub fn permit(&self) -> Option<Permit> {
        self.allowed.then_some(Permit(()))
    }
}

/// The proof that a decision allowed something; only an allowing [`Decision`] gives one.
#[derive(Clone, Copy, Debug)]
pub struct Permit(());

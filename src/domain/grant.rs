//! Delegated administration: the right to act inside a customer's tenant, one service at a time.
//!
//! A grant begins when the customer accepts the partner's request. It ends when the customer removes it, when
//! another transacting partner displaces it, or by itself at its end date. It is kept after its end: the Partner
//! Relationships page shows past ones too.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::times::{TimeError, has_come, not_before};
use super::words;
use crate::clock::{Timestamp, to_millisecond};
use crate::id::{CustomerId, PartnerId, ServiceName};

/// A partner's delegated administration of one service of one customer, as it is or as it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grant {
    /// Who gave it.
    #[schema(value_type = String)]
    pub customer: CustomerId,
    /// For which service.
    #[schema(value_type = String)]
    pub service: ServiceName,
    /// To whom.
    #[schema(value_type = String)]
    pub partner: PartnerId,
    /// Does it stand? `false` once it was removed or displaced; an end date that has passed ends it as well.
    pub delegated_administrator: bool,
    /// When it was given; for a grant that was removed and given again, the last time.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// When it ends by itself, or when it was ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default, deserialize_with = "crate::clock::optional_time", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Grant {
    /// Does the partner hold delegated administration at the moment `at`?
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.delegated_administrator && self.until.is_none_or(|until| at < until)
    }

    /// Checks its times at the moment `at`: it began, does not end before it began, and has an end that has passed
    /// where it does not stand.
    ///
    /// # Errors
    /// A [`TimeError`] that names the member.
    pub fn check_times(&self, at: Timestamp) -> Result<(), TimeError> {
        has_come("since", self.since, at)?;
        if let Some(until) = self.until {
            not_before("until", until, "since", self.since)?;
        }
        match self.until {
            None if !self.delegated_administrator => Err(TimeError::NoEnd),
            Some(until) if !self.delegated_administrator && until > at => Err(TimeError::EndNotYet { until, now: at }),
            _ => Ok(()),
        }
    }

    /// The grant with its times cut to whole milliseconds.
    #[must_use]
    pub fn to_milliseconds(self) -> Self {
        Self { since: to_millisecond(self.since), until: self.until.map(to_millisecond), ..self }
    }

    /// The grant, ended at `at`.
    #[must_use]
    pub fn ended(&self, at: Timestamp) -> Self {
        Self { delegated_administrator: false, until: Some(at), ..self.clone() }
    }
}

words! {
    /// How delegated administration ended.
    GrantEnd {
        /// The customer removed it.
        Removed = "removed",
        /// Another transacting partner was accepted for the service.
        Displaced = "displaced",
        /// Its end date has passed.
        Over = "over",
    }
}

/// What to do when a transacting partner is accepted for a service that another transacting partner administers.
///
/// The seed says there can be only one, and not what a second acceptance does.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Multichannel {
    /// The customer's acceptance displaces the former one, which keeps everything it sold.
    #[default]
    Displace,
    /// The acceptance is refused until the customer has removed the former one.
    Refuse,
}

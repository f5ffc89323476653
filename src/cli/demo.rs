//! The cast of the demonstration: one customer whose partners show every standing of the decision table.

use crate::caller::Caller;
use crate::change;
use crate::change::acceptance::Acceptance;
use crate::change::registration::{CustomerError, PartnerError, SubscriptionError};
use crate::change::relationship::LinkError;
use crate::change::removal::{Removal, RemovalError};
use crate::change::renegotiation::{Renegotiation, RenegotiationError};
use crate::domain::commercial::{Outcome, Side};
use crate::domain::customer::Customer;
use crate::domain::partner::{Partner, PartnerKind, PartnerStatus};
use crate::domain::subscription::{Subscription, SubscriptionStatus};
use crate::id::{IdError, Revision};
use crate::pdp::Pdp;
use crate::pdp::call::{Call, CallError};

/// Why the demonstration cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The store holds something already.
    #[error(
        "the store holds data already, at revision {0}; the demonstration needs an empty one, name another folder with `--data`"
    )]
    NotEmpty(Revision),
    /// A step of it failed.
    #[error("the demonstration cannot be set up: {0}")]
    Failed(String),
}

macro_rules! failed {
    ($($error:ty),*) => {$(
        impl From<$error> for DemoError {
            fn from(error: $error) -> Self {
                Self::Failed(error.to_string())
            }
        }
    )*};
}
failed!(
    CallError<PartnerError>,
    CallError<CustomerError>,
    CallError<SubscriptionError>,
    CallError<LinkError>,
    CallError<RemovalError>,
    CallError<RenegotiationError>,
    IdError
);

/// The name of the first partner of the cast, by which a store that holds it already is known.
const FIRST: &str = "contoso";

/// The partner that is suspended last.
const LAST: &str = "proseware";

/// What the services of the cast are called.
pub const SERVICES: [(&str, &str); 4] =
    [("office365", "Office 365"), ("azure", "Azure"), ("intune", "Intune"), ("dynamics", "Dynamics")];

/// Fills an empty store with the cast; a store that holds it already is left as it is.
///
/// # Errors
/// [`DemoError::NotEmpty`] for a store with other data.
pub async fn demo(pdp: &Pdp) -> Result<(), DemoError> {
    let call = Call::of(Caller::local());
    if pdp.revision() > Revision(0) {
        let cast = change::registry::partner(pdp, &call, &FIRST.parse()?)
            .await
            .map_err(|error| DemoError::Failed(error.to_string()))?;
        if cast.value.is_none() {
            return Err(DemoError::NotEmpty(pdp.revision()));
        }
        // The last step of the cast is written last; a demonstration that was killed before it starts over.
        let last = change::registry::partner(pdp, &call, &LAST.parse()?)
            .await
            .map_err(|error| DemoError::Failed(error.to_string()))?;
        if last.value.is_some_and(|known| known.noun.status == PartnerStatus::Suspended) {
            return Ok(());
        }
    }
    use PartnerKind::{Advisor, DirectBill, IndirectProvider, IndirectReseller};
    use PartnerStatus::{Active, Suspended};
    for (id, name, kind) in [
        (FIRST, "Contoso Cloud", DirectBill),
        ("fabrikam", "Fabrikam Services", DirectBill),
        ("northwind", "Northwind Distribution", IndirectProvider),
        ("tailspin", "Tailspin Resale", IndirectReseller),
        ("litware", "Litware Advice", Advisor),
        (LAST, "Proseware Hosting", DirectBill),
        ("stranger", "Stranger Systems", DirectBill),
    ] {
        let mpn_id = Some(format!("mpn-{id}").parse()?);
        let provider = if kind == IndirectReseller { Some("northwind".parse()?) } else { None };
        let partner = Partner { id: id.parse()?, name: name.to_owned(), kind, status: Active, mpn_id, provider };
        change::registry::put_partner(pdp, &call, partner).await?;
    }
    for (id, name) in [("adatum", "Adatum School"), ("wingtip", "Wingtip Toys")] {
        let customer = Customer { id: id.parse()?, name: name.to_owned(), domain: Some(format!("{id}.example")) };
        change::registry::put_customer(pdp, &call, customer).await?;
    }
    accept(pdp, &call, "contoso", "adatum", &["office365", "azure"]).await?;
    accept(pdp, &call, "proseware", "adatum", &["intune"]).await?;
    for (id, customer, service, seller, parent, status) in [
        ("s-office", "adatum", "office365", Some("contoso"), None, SubscriptionStatus::Active),
        ("s-office-add-on", "adatum", "office365", None, Some("s-office"), SubscriptionStatus::Active),
        ("s-azure", "adatum", "azure", Some("contoso"), None, SubscriptionStatus::Active),
        ("s-suspended", "adatum", "azure", Some("contoso"), None, SubscriptionStatus::Suspended),
        ("s-deleted", "adatum", "azure", Some("contoso"), None, SubscriptionStatus::Deleted),
        ("s-direct", "adatum", "office365", None, None, SubscriptionStatus::Active),
        ("s-intune", "adatum", "intune", Some("proseware"), None, SubscriptionStatus::Active),
        ("s-ended", "wingtip", "office365", Some("fabrikam"), None, SubscriptionStatus::Active),
    ] {
        let subscription = Subscription {
            id: id.parse()?,
            customer: customer.parse()?,
            service: service.parse()?,
            offer: Some(format!("{service}-e1").parse()?),
            original_reseller: seller.map(str::parse).transpose()?,
            partner_of_record: seller.map(|seller| format!("mpn-{seller}").parse()).transpose()?,
            quantity: 25,
            status,
            parent: parent.map(str::parse).transpose()?,
        };
        change::selling::put_subscription(pdp, &call, subscription).await?;
    }
    // The second transacting partner displaces the first on office365, which stays the original reseller there.
    accept(pdp, &call, "fabrikam", "adatum", &["office365"]).await?;
    // An advisor is added to them and displaces nobody.
    accept(pdp, &call, "litware", "adatum", &["office365"]).await?;
    // What the customer removed ends administration and nothing else.
    accept(pdp, &call, "northwind", "adatum", &["dynamics"]).await?;
    let removal = Removal {
        customer: "adatum".parse()?,
        partner: Some("northwind".parse()?),
        service: Some("dynamics".parse()?),
    };
    change::relationship::remove(pdp, &call, removal).await?;
    for by in [Side::Customer, Side::Partner] {
        let renegotiation =
            Renegotiation { customer: "wingtip".parse()?, partner: "fabrikam".parse()?, by, outcome: Outcome::End };
        match change::relationship::renegotiate(pdp, &call, renegotiation).await {
            Ok(_) | Err(CallError::Refused(RenegotiationError::Impossible(_))) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // Suspended last, when it has sold something.
    let suspended = Partner {
        id: LAST.parse()?,
        name: "Proseware Hosting".to_owned(),
        kind: DirectBill,
        status: Suspended,
        mpn_id: Some("mpn-proseware".parse()?),
        provider: None,
    };
    change::registry::put_partner(pdp, &call, suspended).await?;
    Ok(())
}

async fn accept(pdp: &Pdp, call: &Call, partner: &str, customer: &str, services: &[&str]) -> Result<(), DemoError> {
    let token = change::relationship::links(pdp).token(&partner.parse()?);
    let customer = customer.parse()?;
    let services = services.iter().map(|service| service.parse()).collect::<Result<Vec<_>, _>>()?;
    change::relationship::accept(pdp, call, token.as_str(), |partner| Acceptance {
        partner,
        customer,
        services,
        until: None,
    })
    .await?;
    Ok(())
}

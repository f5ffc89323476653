//! Removing delegated administration: what was never granted is not there to be removed, and says so.

use serde_json::{Value, json};
use standing::answer::what_if::Proposed;
use standing::change::removal::Removal;
use standing::domain::partner::PartnerKind;
use standing::{answer, change};

use crate::stage::{Stage, as_customer, operator};

/// c granted office365 and azure to contoso and dynamics to fabrikam; litware has to do with d alone.
async fn scene() -> Stage {
    let stage = Stage::new();
    for partner in ["contoso", "fabrikam", "litware"] {
        stage.partner(partner, PartnerKind::DirectBill).await;
    }
    stage.customer("c").await;
    stage.customer("d").await;
    stage.accepts("c", "contoso", &["office365", "azure"]).await;
    stage.accepts("c", "fabrikam", &["dynamics"]).await;
    stage.accepts("d", "litware", &["office365"]).await;
    stage.later();
    stage
}

/// What came of a removal: what was removed, or why nothing was.
async fn removes(stage: &Stage, partner: Option<&str>, service: Option<&str>) -> Result<Vec<String>, String> {
    let removal = Removal {
        customer: "c".parse().unwrap(),
        partner: partner.map(|partner| partner.parse().unwrap()),
        service: service.map(|service| service.parse().unwrap()),
    };
    let mut change = json!({ "customer": "c" });
    change.as_object_mut().unwrap().extend(partner.map(|partner| ("partner".to_owned(), Value::from(partner))));
    change.as_object_mut().unwrap().extend(service.map(|service| ("service".to_owned(), Value::from(service))));
    let change: Proposed = serde_json::from_value(json!({ "remove": change })).unwrap();
    let supposed =
        answer::what_if::what_if(&stage.pdp, &operator(), vec![change]).await.map_err(|error| error.to_string());
    let removed =
        change::relationship::remove(&stage.pdp, &as_customer("c"), removal).await.map_err(|error| error.to_string());
    assert_eq!(
        supposed.map(drop).map_err(|error| error.replace("`changes[0]`: ", "")),
        removed.as_ref().map(drop).map_err(Clone::clone),
        "what is supposed is judged as what is done"
    );
    removed.map(|changed| {
        changed.value.removed.iter().map(|removed| format!("{} {}", removed.partner, removed.service)).collect()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_granted_is_refused_by_its_name_with_what_was_meant() {
    let stage = scene().await;
    let before = stage.pdp.revision();
    let page = "see its Partner Relationships page for what is granted";
    let of_partner = "see its Partner Relationships page for who has it";
    let service = |service: &str, to: &str, instead: &str| {
        format!(
            "customer `c` never granted delegated administration of service `{service}`{to}, so nothing was removed; {instead}"
        )
    };
    let partner = |partner: &str, instead: &str| {
        format!(
            "customer `c` never granted delegated administration to partner `{partner}`, so nothing was removed; {instead}"
        )
    };
    for (who, what, message) in [
        (
            Some("contoso"),
            Some("Office365"),
            service("Office365", " to partner `contoso`", "did you mean `office365`?"),
        ),
        (Some("contoso"), Some("dynamics"), service("dynamics", " to partner `contoso`", page)),
        (None, Some("OFFICE365"), service("OFFICE365", "", "did you mean `office365`?")),
        (None, Some("intune"), service("intune", "", page)),
        (Some("Contoso"), None, partner("Contoso", "did you mean `contoso`?")),
        (Some("fabrikm"), Some("dynamics"), partner("fabrikm", "did you mean `fabrikam`?")),
        // Who has to do with other customers alone looks like who is not there.
        (Some("litware"), None, partner("litware", of_partner)),
        (Some("litwarf"), None, partner("litwarf", of_partner)),
    ] {
        assert_eq!(removes(&stage, who, what).await, Err(message));
    }
    assert_eq!(stage.pdp.revision(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_granted_and_has_ended_is_removed_again_without_an_error() {
    let stage = scene().await;
    assert_eq!(removes(&stage, Some("contoso"), Some("azure")).await, Ok(vec!["contoso azure".to_owned()]));
    let before = stage.pdp.revision();
    assert_eq!(removes(&stage, Some("contoso"), Some("azure")).await, Ok(Vec::new()));
    assert_eq!(removes(&stage, None, Some("azure")).await, Ok(Vec::new()));
    assert_eq!(stage.pdp.revision(), before, "nothing changed");
    let rest = vec!["contoso office365".to_owned(), "fabrikam dynamics".to_owned()];
    assert_eq!(removes(&stage, None, None).await, Ok(rest));
    assert_eq!(removes(&stage, None, None).await, Ok(Vec::new()));
}

//! Emails that a partner edited: whatever is taken holds the link once and untouched. The partner's name before the first
//! NUL, the text after it, in which a NUL stands for the link.
#![no_main]

use libfuzzer_sys::fuzz_target;
use standing::domain::invitation::Email;
use standing::domain::partner::{Partner, PartnerKind, PartnerStatus};

const LINK: &str = "https://standing.example/relationship-requests/AXJhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg";

fuzz_target!(|text: &str| {
    let (name, text) = text.split_once('\0').unwrap_or(("Contoso", text));
    let Ok(id) = "contoso".parse() else { return };
    let (kind, status) = (PartnerKind::DirectBill, PartnerStatus::Active);
    let partner = Partner { id, name: name.to_owned(), kind, status, mpn_id: None, provider: None };
    let email = Email::of(&partner, LINK);
    assert!(email.edited(email.text()).is_ok(), "what is sent unedited is taken: {}", email.text());
    for edited in [email.edited(&text.replace('\0', LINK)), email.edited(&format!("{text}\n\n{}", email.ending()))] {
        let Ok(edited) = edited else { continue };
        assert_eq!(edited.text().matches(LINK).count(), 1, "{}", edited.text());
        assert!(edited.edited(edited.text()).is_ok(), "what was taken is taken again: {}", edited.text());
    }
});

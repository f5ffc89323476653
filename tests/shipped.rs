//! The rules as they are shipped, which most tests are about.

use std::path::Path;
use std::sync::LazyLock;

use standing::assure::table::Table;
use standing::policy::{Bundle, RuleFiles, Rulebook};

/// The folder of the crate, which holds the shipped rules.
pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The files of the shipped rules, as a clone of the project has them.
pub fn shipped_files() -> RuleFiles {
    RuleFiles::read(Path::new(ROOT), &RuleFiles::built_in()).expect("the shipped rules can be read")
}

/// The shipped rules.
pub fn shipped() -> &'static Bundle {
    static SHIPPED: LazyLock<Bundle> =
        LazyLock::new(|| Bundle::load(shipped_files(), Rulebook::Domain).expect("the shipped rules are good"));
    &SHIPPED
}

/// The shipped rules with files put in or replaced.
pub fn candidate(changes: &[(&str, &str)]) -> Bundle {
    let mut files = shipped_files();
    for (path, text) in changes {
        files.insert(*path, *text);
    }
    Bundle::load(files, Rulebook::Domain).expect("the candidate rules are good")
}

/// Every answer of the shipped rules.
pub fn shipped_table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::of(shipped()));
    &TABLE
}

/// The worked example of the README: a transition needs delegated administration too. Some answers turn, and no
/// promise is broken.
pub const TIGHTER: (&str, &str) = (
    "policies/never/transition-needs-administration.cedar",
    r#"// What may a seller not do without delegated administration of the service?
// Move the subscription to another offer.
@id("never/transition-needs-administration")
@title("A transition needs delegated administration of the service")
@source("Upgrade an existing customer subscription, condition 2")
@reason("delegated_admin_permissions_disabled")
forbid (
  principal is Partner,
  action == Action::"transition",
  resource is Subscription
)
unless { resource.service.delegatedAdministrators.contains(principal) };
"#,
);

//! A client certificate whose holder may call, as the settings name it.

use serde::Deserialize;

use super::acts_as::{ActingRole, id_fault};

/// A name in a client certificate, and what its holder acts as.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateSettings {
    /// A DNS name among its alternative names.
    pub dns: Option<String>,
    /// A URI among its alternative names, for example `spiffe://example.org/gateway`.
    pub uri: Option<String>,
    /// Its subject, as RFC 4514 writes it: `CN=gateway,O=Contoso`.
    pub subject: Option<String>,
    /// What its holder acts as.
    pub role: ActingRole,
    /// The partner or customer its holder speaks for.
    #[serde(rename = "for")]
    pub speaks_for: Option<String>,
}

impl CertificateSettings {
    /// What cannot be.
    pub(super) fn fault(&self) -> Option<String> {
        let Self { dns, uri, subject, role, speaks_for } = self;
        let named: Vec<&String> = [dns, uri, subject].into_iter().flatten().collect();
        let [name] = named.as_slice() else {
            return Some("a certificate is named by one of `dns`, `uri` and `subject`".to_owned());
        };
        if name.is_empty() {
            return Some("a certificate is named by what is empty; name one of its names".to_owned());
        }
        match (role.needs_for(), speaks_for) {
            (true, Some(id)) => id_fault(*role, id),
            (true, None) => Some(format!("certificate `{name}`: role `{role}` needs `for`, the id of the {role}")),
            (false, Some(_)) => Some(format!("certificate `{name}`: role `{role}` speaks for nobody; leave `for` out")),
            (false, None) => None,
        }
    }
}

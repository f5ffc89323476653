//! Who holds a client certificate, by the names in it and the settings.
//!
//! The certificate was verified before, against the authorities that the listener was given: here it is only read.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use x509_parser::der_parser::oid::Oid;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use super::acts_as::acting;
use crate::caller::{Identity, Proof};
use crate::clock::Timestamp;
use crate::config::certificate::CertificateSettings;

/// What a URI of SPIFFE begins with.
const SPIFFE: &str = "spiffe://";

/// The names in a certificate.
#[derive(Debug, Default)]
struct Names {
    dns: Vec<String>,
    uris: Vec<String>,
    /// As RFC 4514 writes it; nothing where it holds what is not understood.
    subject: Option<String>,
    /// From when on it does not count any more.
    until: Option<Timestamp>,
}

/// Who holds a verified certificate at a time, if the settings say that and in one way only. Its connection may outlive
/// it.
pub(super) fn identity(settings: &[CertificateSettings], der: &[u8], now: Timestamp) -> Option<Identity> {
    let names = Names::read(der, now)?;
    let mut found = None;
    for certificate in settings {
        let Some(id) = names.name(certificate) else { continue };
        let caller = acting(certificate.role, certificate.speaks_for.as_deref(), &id)?;
        match &found {
            None => found = Some(caller),
            Some(known) if *known == caller => {}
            // Two lines of the settings say two things of it.
            Some(_) => return None,
        }
    }
    let sha256 = HEXLOWER.encode(&Sha256::digest(der));
    // No person: a machine that holds a key is nobody whose second look counts.
    let (proof, until) = (Proof::Certificate { sha256 }, names.until);
    found.map(|caller| Identity { caller, person: None, proof, until })
}

impl Names {
    /// Reads the names; nothing for what is no certificate, or none that counts at the time.
    fn read(der: &[u8], now: Timestamp) -> Option<Self> {
        let (rest, certificate) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() || !certificate.validity().is_valid_at(ASN1Time::from_timestamp(now.as_second()).ok()?) {
            return None;
        }
        // It counts in the whole second that it names.
        let until = Timestamp::from_second(certificate.validity().not_after.timestamp().saturating_add(1)).ok();
        let mut names = Self { subject: subject(certificate.subject()), until, ..Self::default() };
        // One that stands twice is an error, and then nobody holds it.
        let Some(alternative) = certificate.subject_alternative_name().ok()? else { return Some(names) };
        for name in &alternative.value.general_names {
            match name {
                GeneralName::DNSName(name) => names.dns.push((*name).to_owned()),
                GeneralName::URI(uri) => names.uris.push((*uri).to_owned()),
                GeneralName::Invalid(..) => return None,
                _ => {}
            }
        }
        Some(names)
    }

    /// How the certificate that the settings name is called, where it is this one.
    fn name(&self, CertificateSettings { dns, uri, subject, .. }: &CertificateSettings) -> Option<String> {
        let has_dns = |wanted: &&String| self.dns.iter().any(|name| name.eq_ignore_ascii_case(wanted));
        // An X.509-SVID has one URI, or it is none (SPIFFE X509-SVID, 2).
        let has_uri =
            |wanted: &&String| self.uris.contains(wanted) && (!wanted.starts_with(SPIFFE) || self.uris.len() == 1);
        if let Some(dns) = dns {
            return Some(dns).filter(has_dns).map(|dns| format!("dns:{}", dns.to_ascii_lowercase()));
        }
        if let Some(uri) = uri {
            return Some(uri).filter(has_uri).map(|uri| format!("uri:{uri}"));
        }
        let subject = subject.as_ref().filter(|subject| self.subject.as_ref() == Some(*subject))?;
        Some(format!("subject:{subject}"))
    }
}

/// A subject as RFC 4514 writes it, its last part first.
fn subject(name: &X509Name<'_>) -> Option<String> {
    let mut parts = Vec::new();
    for relative in name.iter() {
        let mut attributes = Vec::new();
        for attribute in relative.iter() {
            let value = attribute.as_str().ok()?;
            attributes.push(format!("{}={}", short_name(attribute.attr_type())?, escaped(value)));
        }
        parts.push(attributes.join("+"));
    }
    parts.reverse();
    Some(parts.join(",")).filter(|subject| !subject.is_empty())
}

/// The short name of a kind of attribute.
fn short_name(oid: &Oid<'_>) -> Option<&'static str> {
    Some(match oid.to_id_string().as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        _ => return None,
    })
}

/// A value in which nothing can be taken for what stands between values.
fn escaped(value: &str) -> String {
    let mut written = String::new();
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        let is_edge = (c == ' ' && (at == 0 || at == last)) || (c == '#' && at == 0);
        if is_edge || ['"', '+', ',', ';', '<', '>', '\\'].contains(&c) {
            written.push('\\');
        }
        written.push(c);
    }
    written
}

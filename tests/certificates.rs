//! Client certificates as proof of who calls: whom the settings name by a name in it, and nobody else.

use data_encoding::{BASE64, HEXLOWER};
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType, date_time_ymd};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use standing::clock::Clock as _;
use standing::pdp::figures;
use standing::pdp::opening::trust;

use crate::doors::{CERTIFICATE, House, PEER, trusting};
use crate::stage::time;

const SETTINGS: &str = r#"
    [[certificate]]
    dns = "gateway.example"
    role = "auditor"

    [[certificate]]
    uri = "spiffe://example.org/gateway"
    role = "auditor"

    [[certificate]]
    uri = "https://example.org/seller"
    role = "customer"
    for = "adatum"

    [[certificate]]
    subject = "CN=gateway,O=Contoso"
    role = "auditor"

    [[certificate]]
    subject = "CN=odd\\, O=Contoso"
    role = "auditor"
"#;

enum San<'a> {
    Dns(&'a str),
    Uri(&'a str),
}

/// A certificate with a subject and other names, as its holder shows it.
fn certificate(subject: &[(DnType, &str)], names: &[San<'_>]) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in subject {
        params.distinguished_name.push(kind.clone(), DnValue::Utf8String((*value).to_owned()));
    }
    let san = |name: &San<'_>| match name {
        San::Dns(name) => SanType::DnsName((*name).try_into().unwrap()),
        San::Uri(uri) => SanType::URI((*uri).try_into().unwrap()),
    };
    params.subject_alt_names = names.iter().map(san).collect();
    params.not_after = date_time_ymd(2026, 3, 1);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_over_opens_nothing_although_its_connection_goes_on() {
    let house = House::trusting(trusting(SETTINGS).await).await;
    let shown = BASE64.encode(&certificate(&[], &[San::Dns("gateway.example")]));
    let asked = async || house.with("/v1/partners", &[(CERTIFICATE, &shown)]).await.status;
    assert_eq!(asked().await, 200);
    let der = BASE64.decode(shown.as_bytes()).unwrap();
    let holder = trust(&house.stage.pdp).of_certificate(&der, house.stage.clock.now()).unwrap();
    assert_eq!(holder.until, Some(time("2026-03-01T00:00:01Z")), "what is asked with it has its turn before");
    for (moment, status) in [("2026-03-01T00:00:00Z", 200), ("2026-03-01T00:00:01Z", 401)] {
        house.stage.clock.set(time(moment));
        assert_eq!(asked().await, status, "{moment}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_holds_a_certificate_acts_as_the_settings_say_of_a_name_in_it() {
    use DnType::{CommonName, CountryName, OrganizationName};
    let house = House::trusting(trusting(SETTINGS).await).await;
    let contoso = [(OrganizationName, "Contoso"), (CommonName, "gateway")];
    for (what, der, status) in [
        ("its DNS name", certificate(&[], &[San::Dns("gateway.example")]), 200),
        ("its DNS name in capitals", certificate(&[], &[San::Dns("GATEWAY.example")]), 200),
        ("one of several", certificate(&[], &[San::Dns("other.example"), San::Dns("gateway.example")]), 200),
        ("another DNS name", certificate(&[], &[San::Dns("evil.gateway.example")]), 401),
        ("a wildcard", certificate(&[], &[San::Dns("*.example")]), 401),
        ("the DNS name as a common name", certificate(&[(CommonName, "gateway.example")], &[]), 401),
        ("its SPIFFE id", certificate(&[], &[San::Uri("spiffe://example.org/gateway")]), 200),
        ("another SPIFFE id", certificate(&[], &[San::Uri("spiffe://example.org/gateway/x")]), 401),
        (
            "two SPIFFE ids, which is none",
            certificate(&[], &[San::Uri("spiffe://example.org/gateway"), San::Uri("spiffe://example.org/other")]),
            401,
        ),
        (
            "who speaks for a customer, whom the rules refuse",
            certificate(&[], &[San::Uri("https://example.org/seller")]),
            403,
        ),
        ("its subject", certificate(&contoso, &[]), 200),
        ("more than its subject", certificate(&[&[(CountryName, "DE")], &contoso[..]].concat(), &[]), 401),
        ("less than its subject", certificate(&contoso[1..], &[]), 401),
        ("its subject in another order", certificate(&[contoso[1].clone(), contoso[0].clone()], &[]), 401),
        ("its subject with a comma in it", certificate(&[(CommonName, "odd, O=Contoso")], &[]), 200),
        // A value that looks like more of the subject is one value.
        ("a common name that looks like two parts", certificate(&[(CommonName, "gateway,O=Contoso")], &[]), 401),
        ("no name", certificate(&[], &[]), 401),
        ("names by which it would be two callers", certificate(&contoso, &[San::Dns("gateway.example")]), 401),
        (
            "names of two holders",
            certificate(&[], &[San::Dns("gateway.example"), San::Uri("https://example.org/seller")]),
            401,
        ),
        ("no certificate", b"x".to_vec(), 401),
        ("more than a certificate", [certificate(&contoso, &[]), vec![0]].concat(), 401),
    ] {
        let answer = house.with("/v1/partners", &[(CERTIFICATE, &BASE64.encode(&der))]).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_lets_nobody_in_is_a_wrong_proof_like_any_other() {
    let house = House::trusting(trusting(SETTINGS).await).await;
    let fits_none = BASE64.encode(&certificate(&[], &[San::Dns("other.example")]));
    let fits_two = [San::Dns("gateway.example"), San::Uri("https://example.org/seller")];
    let fits_two = BASE64.encode(&certificate(&[], &fits_two));
    let asked = async |shown: &str| house.with("/v1/partners", &[(CERTIFICATE, shown), (PEER, "192.0.2.7:1")]).await;
    let wrong = [fits_none.as_str(), fits_two.as_str()];
    for number in 0..10 {
        let answer = asked(wrong[number % 2]).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "unauthenticated"), "{number}: {}", answer.text);
    }
    for shown in wrong {
        let answer = asked(shown).await;
        assert_eq!((answer.status, answer.code().as_str()), (429, "too_many_wrong_credentials"), "{}", answer.text);
    }
    // The right one is let in from there all the same, and the first wrong one has its record.
    let right = BASE64.encode(&certificate(&[], &[San::Dns("gateway.example")]));
    assert_eq!(asked(right.as_str()).await.status, 200);
    let listed = house.with("/v1/decisions?action=Api::authenticate", &[(CERTIFICATE, &right)]).await.json();
    assert_eq!(listed["decisions"].as_array().unwrap().len(), 1, "{listed}");
    let figures = figures::figures(&house.stage.pdp, figures::Format::OpenMetrics).unwrap();
    assert!(figures.contains("\nstanding_wrong_credentials_total 12\n"), "{figures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_beside_a_certificate_says_who_calls_and_a_wrong_one_is_refused() {
    let house = House::trusting(trusting(SETTINGS).await).await;
    let der = certificate(&[], &[San::Uri("https://example.org/seller")]);
    let shown = BASE64.encode(&der);
    let right = format!("Bearer {}", house.token);
    assert_eq!(house.with("/v1/partners", &[(CERTIFICATE, &shown), ("authorization", &right)]).await.status, 200);
    let der = certificate(&[], &[San::Dns("gateway.example")]);
    let shown = BASE64.encode(&der);
    assert_eq!(house.with("/v1/partners", &[(CERTIFICATE, &shown)]).await.status, 200);
    for wrong in ["Bearer x", "Bearer a.b.c", "Basic eDp4", "Digest x", ""] {
        let answer = house.with("/v1/partners", &[(CERTIFICATE, &shown), ("authorization", wrong)]).await;
        assert_eq!(answer.status, 401, "{wrong}: {}", answer.text);
    }
    let path = "/v1/decisions?action=Api::listPartners&order=newest&limit=1";
    let record = house.with(path, &[(CERTIFICATE, &shown)]).await.json()["decisions"][0].clone();
    assert_eq!(record["proof"], json!({ "by": "certificate", "sha256": HEXLOWER.encode(&Sha256::digest(&der)) }));
    assert_eq!(record["caller"], json!({ "type": "Operator", "id": "dns:gateway.example", "role": "auditor" }));
    assert_eq!(record.get("person"), None, "a machine is nobody whose second look counts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_opens_nothing_where_the_settings_name_none() {
    let house = House::trusting(trusting("").await).await;
    let shown = BASE64.encode(&certificate(&[], &[San::Dns("gateway.example")]));
    let answer = house.with("/v1/partners", &[(CERTIFICATE, &shown)]).await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "unauthenticated"), "{}", answer.text);
    assert_eq!(house.with("/healthz", &[(CERTIFICATE, &shown)]).await.status, 200);
}

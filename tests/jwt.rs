//! JSON Web Tokens of issuers as proof of who calls: every part of one right or nobody, and issuers that rotate their
//! keys, go down and come back.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::crypto::sign;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::SanType;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use standing::clock::Clock as _;
use standing::pdp::opening::trust;
use tempfile::TempDir;

use crate::authority::{Authority, Issued};
use crate::doors::{House, trusting};
use crate::server::Answer;
use crate::stage::{BEGIN, time};

const ISSUER: &str = "https://login.adatum.example";
const PEER: &str = "192.0.2.1:1";

/// A key that signs, and what it is called.
#[derive(Clone)]
pub struct Signer {
    pub key: EncodingKey,
    pub algorithm: Algorithm,
    pub id: &'static str,
}

impl Signer {
    pub fn ed(id: &'static str, seed: u8) -> Self {
        let mut der = data_encoding::HEXLOWER.decode(b"302e020100300506032b657004220420").unwrap();
        der.extend([seed; 32]);
        Self { key: EncodingKey::from_ed_der(&der), algorithm: Algorithm::EdDSA, id }
    }

    pub fn ec(id: &'static str) -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Self { key: EncodingKey::from_ec_der(&pair.serialize_der()), algorithm: Algorithm::ES256, id }
    }

    pub fn rsa(id: &'static str, algorithm: Algorithm) -> Self {
        let der = PrivatePkcs1KeyDer::from_pem_slice(include_bytes!("jwt/rsa.pem")).unwrap();
        Self { key: EncodingKey::from_rsa_der(der.secret_pkcs1_der()), algorithm, id }
    }

    pub fn public(&self) -> Value {
        let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap()).unwrap();
        jwk["kid"] = self.id.into();
        jwk["use"] = "sig".into();
        jwk
    }

    pub fn header(&self) -> Value {
        json!({ "alg": format!("{:?}", self.algorithm), "typ": "JWT", "kid": self.id })
    }

    pub fn signs(&self, claims: &Value) -> String {
        self.signs_with(&self.header(), claims)
    }

    /// A token with whatever header.
    pub fn signs_with(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = sign(message.as_bytes(), &self.key, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

pub fn set(signers: &[&Signer]) -> Value {
    json!({ "keys": signers.iter().map(|signer| signer.public()).collect::<Vec<_>>() })
}

/// Now, in the seconds of a JWT.
fn now() -> i64 {
    time(BEGIN).as_second()
}

/// The claims of a right token of somebody who audits.
fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "standing", "sub": "ada", "groups": ["staff", "auditors"],
        "exp": now() + 600, "nbf": now() - 5, "iat": now() - 5,
    })
}

fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// Settings of one issuer whose keys are somewhere.
fn issuer(keys: &str) -> String {
    format!(
        r#"
        [[issuer]]
        issuer = "{ISSUER}"
        audience = "standing"
        {keys}
        acts_as = [
            {{ role = "auditor", when = {{ claim = "groups", has = "auditors" }} }},
            {{ role = "auditor", when = {{ claim = "groups", has = "also-auditors" }} }},
            {{ role = "reviewer", when = {{ claim = "groups", has = "reviewers" }} }},
            {{ role = "customer", for = "adatum", when = {{ claim = "groups", has = "admins" }} }},
        ]
        "#
    )
}

async fn house_by(settings: &str) -> House {
    House::trusting(trusting(settings).await).await
}

/// A house that trusts an issuer with these keys, and the file they are in.
async fn house(keys: &Value, more: &str) -> (House, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    std::fs::write(&file, keys.to_string()).unwrap();
    (house_by(&issuer(&format!("jwks_file = \"{}\"\n{more}", file.display()))).await, folder)
}

async fn called(house: &House, token: &str) -> Answer {
    house.get("/v1/partners", PEER, token, &[]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_says_who_calls_and_the_record_says_who_said_so() {
    let signers = [
        Signer::ed("ed", 1),
        Signer::ec("ec"),
        Signer::rsa("rsa", Algorithm::RS256),
        Signer::rsa("pss", Algorithm::PS256),
    ];
    let (house, _folder) = house(&set(&signers.iter().collect::<Vec<_>>()), "").await;
    for signer in &signers {
        let answer = called(&house, &signer.signs(&claims())).await;
        assert_eq!(answer.status, 200, "{}: {}", signer.id, answer.text);
        let records = house.get("/v1/decisions?action=Api::listPartners&order=newest&limit=1", PEER, &house.token, &[]);
        let record = records.await.json()["decisions"][0].clone();
        assert_eq!(record["person"], json!({ "issuer": ISSUER, "subject": "ada" }));
        assert_eq!(record["proof"], json!({ "by": "jwt", "issuer": ISSUER }));
        // What is asked with it has its turn before it ends, by as much as clocks may differ.
        let identity = trust(&house.stage.pdp).of_jwt(&signer.signs(&claims()), time(BEGIN)).await.unwrap();
        assert_eq!(identity.until.map(|until| until.as_second()), Some(now() + 600 + 60));
        assert_eq!(record["caller"], json!({ "type": "Operator", "id": format!("ada ({ISSUER})"), "role": "auditor" }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_with_one_wrong_claim_lets_nobody_in() {
    let signer = Signer::ed("ed", 1);
    let (house, _folder) = house(&set(&[&signer]), "").await;
    for (what, changes, status) in [
        ("right", json!({}), 200),
        ("another issuer", json!({ "iss": "https://login.evil.example" }), 401),
        ("the issuer with a slash", json!({ "iss": format!("{ISSUER}/") }), 401),
        ("no issuer", json!({ "iss": null }), 401),
        ("an issuer that is no text", json!({ "iss": [ISSUER] }), 401),
        ("another audience", json!({ "aud": "another" }), 401),
        ("one of several audiences", json!({ "aud": ["another", "standing"] }), 200),
        ("no audience", json!({ "aud": null }), 401),
        ("none of several audiences", json!({ "aud": ["another"] }), 401),
        ("an audience that is no text", json!({ "aud": ["standing", 1] }), 401),
        ("no end", json!({ "exp": null }), 401),
        ("an end that is a text", json!({ "exp": (now() + 600).to_string() }), 401),
        ("ended, within what clocks may differ", json!({ "exp": now() - 59 }), 200),
        ("ended", json!({ "exp": now() - 60 }), 401),
        ("an end before there were any", json!({ "exp": -1 }), 401),
        ("not yet, within what clocks may differ", json!({ "nbf": now() + 60 }), 200),
        ("not yet", json!({ "nbf": now() + 61 }), 401),
        ("a beginning that is a text", json!({ "nbf": "now" }), 401),
        ("issued later", json!({ "iat": now() + 61 }), 401),
        ("issued at no time", json!({ "iat": true }), 401),
        ("neither beginning nor issue", json!({ "nbf": null, "iat": null }), 200),
        ("an end with a fraction", json!({ "exp": now() as f64 + 0.5 }), 200),
        ("nobody", json!({ "sub": null }), 401),
        ("an empty subject", json!({ "sub": "" }), 401),
        ("a subject of two lines", json!({ "sub": "a\nb" }), 401),
        ("a subject that is too long", json!({ "sub": "a".repeat(2_049) }), 401),
        ("a subject that is no text", json!({ "sub": 7 }), 401),
    ] {
        let answer = house.get("/v1/partners", &peer_of(what), &signer.signs(&with(changes)), &[]).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{what}");
    }
}

/// An address of its own for each case: guessing has tests of its own.
fn peer_of(what: &str) -> String {
    let sum = what.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    format!("10.{}.{}.{}:1", sum >> 16 & 255, sum >> 8 & 255, sum & 255)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_signed_in_no_right_way_lets_nobody_in() {
    let (ed, ec, rsa) = (Signer::ed("ed", 1), Signer::ec("ec"), Signer::rsa("rsa", Algorithm::RS256));
    let (house, _folder) = house(&set(&[&ed, &ec, &rsa]), "").await;
    let right = ed.signs(&claims());
    let (message, signature) = right.rsplit_once('.').unwrap();
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let unsigned = |algorithm: &str| format!("{}.{}.", part(&json!({ "alg": algorithm })), part(&claims()));
    let mac = |secret: &[u8]| {
        let header = part(&json!({ "alg": "HS256", "typ": "JWT", "kid": "rsa" }));
        let message = format!("{header}.{}", part(&claims()));
        let signed = sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256).unwrap();
        format!("{message}.{signed}")
    };
    let modulus = BASE64URL_NOPAD.decode(rsa.public()["n"].as_str().unwrap().as_bytes()).unwrap();
    let stranger = Signer::ed("ed", 2);
    let headed = |header: Value| ed.signs_with(&header, &claims());
    for (what, token, status) in [
        ("right", right.clone(), 200),
        ("without a kind", headed(json!({ "alg": "EdDSA", "kid": "ed" })), 200),
        ("an access token", headed(json!({ "alg": "EdDSA", "kid": "ed", "typ": "at+jwt" })), 200),
        ("the only key for the algorithm", headed(json!({ "alg": "EdDSA" })), 200),
        ("alg none", unsigned("none"), 401),
        ("alg None", unsigned("None"), 401),
        ("alg none with a signature", headed(json!({ "alg": "none", "kid": "ed" })), 401),
        ("no alg", headed(json!({ "kid": "ed" })), 401),
        ("HS256 by the public key", mac(&modulus), 401),
        ("HS256 by the text of the public key", mac(rsa.public()["n"].as_str().unwrap().as_bytes()), 401),
        ("HS256 by nothing", mac(b""), 401),
        ("another key of the same name", stranger.signs(&claims()), 401),
        ("the key of another kind", headed(json!({ "alg": "EdDSA", "kid": "rsa" })), 401),
        ("another algorithm than it is signed by", headed(json!({ "alg": "RS256", "kid": "rsa" })), 401),
        ("an algorithm of the key that is not taken", Signer::rsa("rsa", Algorithm::RS512).signs(&claims()), 401),
        ("a key that is not there", headed(json!({ "alg": "EdDSA", "kid": "gone" })), 401),
        ("a name that is no text", headed(json!({ "alg": "EdDSA", "kid": 1 })), 401),
        (
            "a key that it brings along",
            {
                let header = json!({ "alg": "EdDSA", "jwk": stranger.public(), "jku": "https://evil.example/keys" });
                stranger.signs_with(&header, &claims())
            },
            401,
        ),
        ("something critical", headed(json!({ "alg": "EdDSA", "kid": "ed", "crit": ["exp"] })), 401),
        ("a body that is not encoded", headed(json!({ "alg": "EdDSA", "kid": "ed", "b64": false })), 401),
        ("a token for something else", headed(json!({ "alg": "EdDSA", "kid": "ed", "typ": "logout+jwt" })), 401),
        ("no signature", format!("{message}."), 401),
        ("two parts", message.to_owned(), 401),
        ("four parts", format!("{right}.x"), 401),
        ("padding", format!("{message}.{signature}=="), 401),
        (
            "other claims under the signature",
            {
                let (header, _) = message.split_once('.').unwrap();
                format!("{header}.{}.{signature}", part(&with(json!({ "sub": "eve" }))))
            },
            401,
        ),
        (
            "a claim that stands twice",
            {
                let claims = claims().to_string().replacen('{', "{\"sub\":\"eve\",", 1);
                let message = format!("{}.{}", part(&ed.header()), BASE64URL_NOPAD.encode(claims.as_bytes()));
                format!("{message}.{}", sign(message.as_bytes(), &ed.key, ed.algorithm).unwrap())
            },
            401,
        ),
        ("dots", "..".to_owned(), 401),
        ("very long", format!("{message}.{}", "A".repeat(17_000)), 401),
    ] {
        let answer = house.get("/v1/partners", &peer_of(what), &token, &[]).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        if status == 401 {
            assert_eq!(answer.code(), "unauthenticated", "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_cannot_or_must_not_be_used_are_left_out_and_say_nothing_of_the_others() {
    let (ed, ec) = (Signer::ed("ed", 1), Signer::ec("ec"));
    let changed = |signer: &Signer, member: &str, value: Value| {
        let mut key = signer.public();
        key[member] = value;
        key
    };
    for (what, key) in [
        ("for encryption", changed(&ec, "use", "enc".into())),
        ("for a trust domain, which this issuer has not", changed(&ec, "use", "jwt-svid".into())),
        ("for something else", changed(&ec, "key_ops", json!(["sign"]))),
        ("for another algorithm", changed(&ec, "alg", "ES384".into())),
        ("with its secret half", changed(&ec, "d", "AAAA".into())),
        ("shorter than a key", changed(&ec, "x", "AAAA".into())),
        ("of a kind nobody knows", changed(&ec, "kty", "XX".into())),
        ("no object", json!("key")),
    ] {
        let (house, _folder) = house(&json!({ "keys": [key, ed.public()] }), "").await;
        assert_eq!(called(&house, &ec.signs(&claims())).await.status, 401, "{what}");
        assert_eq!(called(&house, &ed.signs(&claims())).await.status, 200, "{what}");
    }
    let (house, _folder) = house(&json!({ "keys": [changed(&ed, "x", "AAAA".into())] }), "").await;
    assert_eq!(called(&house, &ed.signs(&claims())).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_may_act_as_nobody_or_as_several_is_told_so_and_not_let_in() {
    let signer = Signer::ed("ed", 1);
    let (house, _folder) = house(&set(&[&signer]), "").await;
    for (groups, status, code) in [
        (json!(["auditors"]), 200, ""),
        (json!(["auditors", "also-auditors"]), 200, ""),
        (json!("auditors"), 200, ""),
        (json!(["staff"]), 403, "no_role"),
        (json!(["Auditors"]), 403, "no_role"),
        (Value::Null, 403, "no_role"),
        (json!(["auditors", "reviewers"]), 403, "several_roles"),
        (json!(["auditors", "admins"]), 403, "several_roles"),
        // Who acts as a customer is let in, and the rules refuse one that is not there.
        (json!(["admins"]), 403, "unknown_customer"),
    ] {
        let answer = called(&house, &signer.signs(&with(json!({ "groups": groups })))).await;
        assert_eq!(answer.status, status, "{groups}: {}", answer.text);
        if status != 200 {
            assert_eq!(answer.code(), code, "{groups}");
        }
    }
    // However often: it is no guess.
    for _ in 0..12 {
        assert_eq!(called(&house, &signer.signs(&with(json!({ "groups": [] })))).await.status, 403);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workload_of_spiffe_is_known_by_its_subject_within_its_trust_domain() {
    let signer = Signer::ed("ed", 1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    // As a bundle has it: one key for tokens, another for certificates, which signs none.
    let mut keys = set(&[&signer, &Signer::ed("x509", 2)]);
    keys["keys"][0]["use"] = json!("jwt-svid");
    keys["keys"][1]["use"] = json!("x509-svid");
    std::fs::write(&file, keys.to_string()).unwrap();
    let settings = format!(
        r#"
        [[issuer]]
        issuer = "https://spire.example.org"
        trust_domain = "example.org"
        audience = "standing"
        jwks_file = "{}"
        acts_as = [{{ role = "auditor", when = {{ claim = "sub", has = "spiffe://example.org/gateway" }} }}]
        "#,
        file.display()
    );
    let house = house_by(&settings).await;
    for (changes, status) in [
        (json!({ "iss": null, "sub": "spiffe://example.org/gateway" }), 200),
        (json!({ "iss": "https://spire.example.org", "sub": "spiffe://example.org/gateway" }), 200),
        (json!({ "iss": null, "sub": "spiffe://example.org/other" }), 403),
        (json!({ "iss": null, "sub": "spiffe://example.org.evil/gateway" }), 401),
        (json!({ "iss": null, "sub": "spiffe://evil.example/gateway" }), 401),
        (json!({ "iss": null, "sub": "spiffe://example.org/../gateway" }), 401),
        (json!({ "iss": "https://spire.example.org", "sub": "spiffe://evil.example/gateway" }), 401),
        (json!({ "iss": "https://other.example.org", "sub": "spiffe://example.org/gateway" }), 401),
        (json!({ "iss": null, "sub": "spiffe://example.org/gateway", "aud": "another" }), 401),
    ] {
        let answer = called(&house, &signer.signs(&with(changes.clone()))).await;
        assert_eq!(answer.status, status, "{changes}: {}", answer.text);
    }
    let gateway = with(json!({ "iss": null, "sub": "spiffe://example.org/gateway" }));
    assert_eq!(called(&house, &Signer::ed("x509", 2).signs(&gateway)).await.status, 401);
}

/// What an issuer says, whoever asks.
enum Says {
    Keys(Value),
    Nothing,
    Redirect(String),
    Nonsense(String),
}

/// A connection, in the clear or not.
trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

/// An issuer that publishes its keys, and counts how often they are fetched.
struct Published {
    url: String,
    says: Arc<Mutex<Says>>,
    fetched: Arc<AtomicUsize>,
}

/// Reads the head of a call.
pub fn head_of(stream: &mut impl Read) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

impl Published {
    fn open(says: Says) -> Self {
        Self::open_with(says, None)
    }

    /// One that speaks https, as whom a certificate says.
    fn over_https(says: Says, own: &Issued) -> Self {
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_file(&own.certificate).unwrap()],
                PrivateKeyDer::from_pem_file(&own.key).unwrap(),
            );
        Self::open_with(says, Some(Arc::new(config.unwrap())))
    }

    fn open_with(says: Says, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}/keys", listener.local_addr().unwrap());
        let (says, fetched) = (Arc::new(Mutex::new(says)), Arc::new(AtomicUsize::new(0)));
        let (said, count) = (Arc::clone(&says), Arc::clone(&fetched));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let mut stream: Box<dyn ReadWrite> = match &tls {
                    None => Box::new(stream),
                    Some(tls) => Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(tls)).unwrap(), stream)),
                };
                if head_of(&mut stream).is_empty() {
                    // Whoever does not believe the certificate asks nothing.
                    continue;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let answer = match &*said.lock().unwrap() {
                    Says::Nothing => continue,
                    Says::Keys(keys) => {
                        let keys = keys.to_string();
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{keys}", keys.len())
                    }
                    Says::Redirect(to) => format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"),
                    Says::Nonsense(text) => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len()),
                };
                let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
            }
        });
        Self { url, says, fetched }
    }

    fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }

    async fn house(&self) -> House {
        house_by(&issuer(&format!("jwks_url = \"{}\"", self.url))).await
    }
}

/// Claims of a token that is issued now, which is later than the stage began.
fn fresh(house: &House) -> Value {
    let now = house.stage.clock.now().as_second();
    with(json!({ "exp": now + 600, "nbf": now, "iat": now }))
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_rotates_its_keys_goes_down_and_comes_back() {
    let (old, new) = (Signer::ed("old", 1), Signer::ed("new", 2));
    let issuer = Published::open(Says::Keys(set(&[&old])));
    let house = issuer.house().await;
    assert_eq!(issuer.fetched(), 1);
    assert_eq!(called(&house, &old.signs(&fresh(&house))).await.status, 200);
    assert_eq!(issuer.fetched(), 1, "a key that is there is not looked for");
    // A key of which nobody has heard is looked for.
    issuer.say(Says::Keys(set(&[&old, &new])));
    house.passes(MINUTE);
    assert_eq!(called(&house, &new.signs(&fresh(&house))).await.status, 200);
    assert_eq!(issuer.fetched(), 2);
    // It is down: what is known goes on, though it is old, and it is asked once a minute.
    issuer.say(Says::Nothing);
    for minute in 0..10 {
        house.passes(MINUTE);
        assert_eq!(called(&house, &old.signs(&fresh(&house))).await.status, 200, "minute {minute}");
        assert_eq!(called(&house, &new.signs(&fresh(&house))).await.status, 200, "minute {minute}");
    }
    assert!(issuer.fetched() <= 12, "{}", issuer.fetched());
    // It comes back without the old key, and says nonsense in between.
    for nonsense in ["{", "[]", "{\"keys\": 1}", "{\"keys\": [], \"keys\": []}"] {
        issuer.say(Says::Nonsense(nonsense.to_owned()));
        house.passes(MINUTE);
        assert_eq!(called(&house, &new.signs(&fresh(&house))).await.status, 200, "{nonsense}");
    }
    let before = old.signs(&fresh(&house));
    assert_eq!(called(&house, &before).await.status, 200);
    issuer.say(Says::Keys(set(&[&new])));
    house.passes(MINUTE);
    assert_eq!(called(&house, &new.signs(&fresh(&house))).await.status, 200);
    assert_eq!(called(&house, &old.signs(&fresh(&house))).await.status, 401);
    // One that was verified lately goes with its key.
    assert_eq!(called(&house, &before).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verified_token_goes_with_its_key_and_at_its_end() {
    let (one, other) = (Signer::ed("one", 1), Signer::ed("other", 2));
    let (house, folder) = house(&set(&[&one]), "").await;
    let token = one.signs(&claims());
    assert_eq!(called(&house, &token).await.status, 200);
    std::fs::write(folder.path().join("keys.json"), set(&[&other]).to_string()).unwrap();
    standing::pdp::opening::trust(&house.stage.pdp).read_again(time(BEGIN)).await;
    assert_eq!(called(&house, &token).await.status, 401);
    let token = other.signs(&with(json!({ "exp": now() + 10 })));
    for (passed, status) in [(9, 200), (60, 200), (1, 401)] {
        house.passes(Duration::from_secs(passed));
        assert_eq!(called(&house, &token).await.status, status, "{passed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_unknown_keys_asks_the_issuer_once_a_minute() {
    let signer = Signer::ed("ed", 1);
    let issuer = Published::open(Says::Keys(set(&[&signer])));
    let house = issuer.house().await;
    for minute in 1..=3 {
        house.passes(MINUTE);
        for number in 0..25 {
            let mut header = signer.header();
            header["kid"] = format!("unknown-{minute}-{number}").into();
            let token = signer.signs_with(&header, &fresh(&house));
            let answer = house.get("/v1/partners", &format!("10.{minute}.0.{number}:1"), &token, &[]).await;
            assert_eq!(answer.status, 401, "{}", answer.text);
        }
        assert_eq!(issuer.fetched(), 1 + minute);
        assert_eq!(called(&house, &signer.signs(&fresh(&house))).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_fetched_from_the_place_that_is_set_and_from_no_other() {
    let signer = Signer::ed("ed", 1);
    let elsewhere = Published::open(Says::Keys(set(&[&signer])));
    let issuer = Published::open(Says::Redirect(elsewhere.url.clone()));
    let house = issuer.house().await;
    assert_eq!(called(&house, &signer.signs(&claims())).await.status, 401);
    assert_eq!((issuer.fetched(), elsewhere.fetched()), (2, 0));
    // More than anybody's keys are is not read.
    issuer.say(Says::Nonsense(format!("{{\"keys\": [], \"x\": \"{}\"}}", "x".repeat(1024 * 1024))));
    house.passes(MINUTE);
    assert_eq!(called(&house, &signer.signs(&fresh(&house))).await.status, 401);
    issuer.say(Says::Keys(set(&[&signer])));
    house.passes(MINUTE);
    assert_eq!(called(&house, &signer.signs(&fresh(&house))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_come_over_https_from_a_host_for_which_the_authority_of_the_settings_vouches() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, stranger) = (Authority::new(folder.path(), "ours"), Authority::new(folder.path(), "stranger"));
    let (old, new) = (Signer::ed("old", 1), Signer::ed("new", 2));
    let issuer = Published::over_https(Says::Keys(set(&[&old])), &authority.of_a_server(1));
    let by = async |authority: &Authority, published: &Published| {
        let keys = format!("jwks_url = \"{}\"\nca = {:?}", published.url, authority.certificate);
        house_by(&self::issuer(&keys)).await
    };
    // Nobody believes another authority, nor a certificate for another host: then there are no keys.
    let house = by(&stranger, &issuer).await;
    assert_eq!(called(&house, &old.signs(&fresh(&house))).await.status, 401);
    assert_eq!(issuer.fetched(), 0, "nothing was asked of it");
    let name = [SanType::DnsName("keys.example".try_into().unwrap())];
    let elsewhere = Published::over_https(Says::Keys(set(&[&old])), &authority.issue("keys", &name, 2));
    let house = by(&authority, &elsewhere).await;
    assert_eq!(called(&house, &old.signs(&fresh(&house))).await.status, 401);
    assert_eq!(elsewhere.fetched(), 0, "nothing was asked of it");
    let house = by(&authority, &issuer).await;
    assert_eq!(called(&house, &old.signs(&fresh(&house))).await.status, 200);
    assert_eq!(issuer.fetched(), 1);
    // It is down, and comes back with another key.
    issuer.say(Says::Nothing);
    for minute in 0..7 {
        house.passes(MINUTE);
        assert_eq!(called(&house, &old.signs(&fresh(&house))).await.status, 200, "minute {minute}");
        assert_eq!(called(&house, &new.signs(&fresh(&house))).await.status, 401, "minute {minute}");
    }
    issuer.say(Says::Keys(set(&[&new])));
    house.passes(MINUTE);
    assert_eq!(called(&house, &new.signs(&fresh(&house))).await.status, 200);
    assert_eq!(called(&house, &old.signs(&fresh(&house))).await.status, 401);
}

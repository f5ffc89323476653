//! JSON Web Tokens: none that no issuer signed lets anybody in, and one that an issuer did lets in only whom it says, to
//! whom it is for, while it is good. Its header on the first line, its claims after it.
#![no_main]

use std::sync::LazyLock;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use jsonwebtoken::crypto::sign;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use standing::clock::Timestamp;
use standing::config::Settings;
use standing::trust::Trust;
use tokio::runtime::{Builder, Runtime};

const NOW: i64 = 1_767_225_600;
const ISSUER: &str = "https://login.example";

struct Known {
    runtime: Runtime,
    trust: Trust,
    key: EncodingKey,
    now: Timestamp,
}

static KNOWN: LazyLock<Option<Known>> = LazyLock::new(|| {
    let mut der = HEXLOWER.decode(b"302e020100300506032b657004220420").ok()?;
    der.extend([7; 32]);
    let key = EncodingKey::from_ed_der(&der);
    let jwk = Jwk::from_encoding_key(&key, Algorithm::EdDSA).ok()?;
    let folder = tempfile::tempdir().ok()?;
    let keys = folder.path().join("keys.json");
    std::fs::write(&keys, serde_json::json!({ "keys": [jwk] }).to_string()).ok()?;
    let settings: Settings = toml::from_str(&format!(
        r#"
        [[issuer]]
        issuer = "{ISSUER}"
        audience = ["standing", "other"]
        jwks_file = "{}"
        trust_domain = "example.org"
        acts_as = [
            {{ role = "auditor", when = {{ claim = "groups", has = "auditors" }} }},
            {{ role = "partner", for_claim = "tenant", for_allowed = "any", when = {{ claim = "groups", has = "partners" }} }},
        ]
        "#,
        keys.display()
    ))
    .ok()?;
    let (runtime, now) = (Builder::new_current_thread().build().ok()?, Timestamp::from_second(NOW).ok()?);
    let trust = runtime.block_on(Trust::open(&settings, now)).ok()?;
    Some(Known { runtime, trust, key, now })
});

/// Holds what a token that was taken says against what it has to say.
fn is_right(claims: &str) {
    let Ok(claims) = serde_json::from_str::<Value>(claims) else { panic!("claims that are no JSON: {claims}") };
    assert!(claims.get("iss").is_none_or(|issuer| issuer == ISSUER), "{claims}");
    assert!(claims["sub"].as_str().is_some_and(|name| name.starts_with("spiffe://example.org/")), "{claims}");
    assert!(claims["exp"].as_f64().is_some_and(|ends| ends > (NOW - 60) as f64), "{claims}");
    let is_ours = |audience: &Value| audience == "standing" || audience == "other";
    let is_for_us = is_ours(&claims["aud"]) || claims["aud"].as_array().is_some_and(|all| all.iter().any(is_ours));
    assert!(is_for_us, "{claims}");
}

fuzz_target!(|text: &str| {
    let Some(Known { runtime, trust, key, now }) = &*KNOWN else { panic!("no issuer can be made here") };
    let taken = |token: &str| runtime.block_on(trust.of_jwt(token, *now)).is_ok();
    assert!(!taken(text), "only what was signed is taken");
    let (header, claims) = text.split_once('\n').unwrap_or((r#"{"alg":"EdDSA"}"#, text));
    let message = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes())).join(".");
    let Ok(signature) = sign(message.as_bytes(), key, Algorithm::EdDSA) else { panic!("nothing can be signed here") };
    if taken(&format!("{message}.{signature}")) {
        is_right(claims);
    }
});

//! A provider of OpenID Connect for tests: it answers over a socket as one does, or wrongly in one way.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use standing::clock::{Clock as _, Stopped};

use crate::jwt::{Signer, head_of, set};

pub const CLIENT: &str = "standing";
pub const SECRET: &str = "a secret: with a colon";

/// What a browser was sent with.
#[derive(Clone)]
struct Asked {
    nonce: String,
    challenge: String,
    back: String,
}

/// Makes the ID token for whoever comes with a code.
type Tokens = Box<dyn Fn(&Signer, Value) -> String + Send>;

/// What a provider is and says.
pub struct Says {
    /// The keys it publishes; it signs with the first.
    pub keys: Vec<Signer>,
    /// What it says of whoever signs in, besides what it says of everybody; what is nothing it leaves out.
    pub claims: Value,
    /// What it says of itself, besides what every provider does.
    pub metadata: Value,
    /// How an ID token is made of its claims.
    pub tokens: Tokens,
    /// Does it answer at all?
    pub is_down: bool,
    /// Does it leave out its keys alone?
    pub has_no_keys: bool,
    /// Does it take calls and leave them without an answer?
    pub hangs: bool,
    /// Are its codes good more than once?
    pub forgets: bool,
    asked: BTreeMap<String, Asked>,
    /// The paths that were called.
    pub called: Vec<String>,
}

/// A provider that is served.
pub struct Provider {
    pub base: String,
    says: Arc<Mutex<Says>>,
}

/// The parameters of a query or form.
pub fn parameters(text: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

fn signs(signer: &Signer, claims: Value) -> String {
    signer.signs(&claims)
}

impl Provider {
    pub fn open(clock: &Arc<Stopped>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let says = Says {
            keys: vec![Signer::ed("one", 1)],
            claims: json!({}),
            metadata: json!({}),
            tokens: Box::new(signs),
            is_down: false,
            has_no_keys: false,
            hangs: false,
            forgets: false,
            asked: BTreeMap::new(),
            called: Vec::new(),
        };
        let says = Arc::new(Mutex::new(says));
        let (held, issuer, clock) = (Arc::clone(&says), base.clone(), Arc::clone(clock));
        std::thread::spawn(move || {
            let mut left = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let head = head_of(&mut stream);
                let header = |name: &str| {
                    let lines = head.lines().filter_map(|line| line.split_once(": "));
                    let mut lines = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
                    lines.next().map(|(_, value)| value.to_owned())
                };
                let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
                stream.read_exact(&mut body).unwrap();
                let path = head.split(' ').nth(1).unwrap().to_owned();
                let mut says = held.lock().unwrap();
                says.called.push(path.clone());
                if says.is_down || (says.has_no_keys && path == "/keys") {
                    continue;
                }
                if says.hangs {
                    left.push(stream);
                    continue;
                }
                let (status, answer) = match path.as_str() {
                    "/.well-known/openid-configuration" => (200, says.metadata(&issuer)),
                    "/keys" => (200, set(&says.keys.iter().collect::<Vec<_>>())),
                    "/token" => {
                        let form = parameters(std::str::from_utf8(&body).unwrap());
                        match says.token(&issuer, &form, header("authorization").as_deref(), clock.now().as_second()) {
                            Ok(token) => {
                                (200, json!({ "access_token": "x", "token_type": "Bearer", "id_token": token }))
                            }
                            Err(error) => (400, json!({ "error": error })),
                        }
                    }
                    _ => (404, json!({})),
                };
                let answer = answer.to_string();
                let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n", answer.len());
                let _ = stream.write_all((head + &answer).as_bytes());
            }
        });
        Self { base, says }
    }

    pub fn says(&self) -> MutexGuard<'_, Says> {
        self.says.lock().unwrap()
    }

    /// Has somebody sign in who was sent with this address, as a provider's own pages would, and answers where they are
    /// sent back to, below the service.
    pub fn signs_in(&self, sent_to: &str) -> String {
        let (at, query) = sent_to.split_once('?').unwrap();
        assert_eq!(at, format!("{}/authorize", self.base));
        let asked = parameters(query);
        for (name, value) in [("response_type", "code"), ("client_id", CLIENT), ("code_challenge_method", "S256")] {
            assert_eq!(asked[name], value, "{sent_to}");
        }
        assert!(asked["scope"].starts_with("openid profile email"), "{sent_to}");
        for random in ["state", "nonce", "code_challenge"] {
            assert!(asked[random].len() >= 43, "{random}: {sent_to}");
        }
        let mut says = self.says();
        let code = format!("code-{}", says.asked.len());
        let (nonce, challenge) = (asked["nonce"].clone(), asked["code_challenge"].clone());
        says.asked.insert(code.clone(), Asked { nonce, challenge, back: asked["redirect_uri"].clone() });
        let back = asked["redirect_uri"].strip_prefix("https://standing.example").unwrap();
        format!("{back}?code={code}&state={}", asked["state"])
    }
}

impl Says {
    fn metadata(&self, issuer: &str) -> Value {
        let mut metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "end_session_endpoint": format!("{issuer}/end"),
        });
        for (name, value) in self.metadata.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        metadata
    }

    fn token(
        &mut self,
        issuer: &str,
        form: &BTreeMap<String, String>,
        authorization: Option<&str>,
        now: i64,
    ) -> Result<String, &'static str> {
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = format!("Basic {}", BASE64.encode(format!("{CLIENT}:{}", encoded(SECRET)).as_bytes()));
        if authorization != Some(&basic) {
            return Err("invalid_client");
        }
        let asked = self.asked.get(&form["code"]).cloned().ok_or("invalid_grant")?;
        if !self.forgets {
            self.asked.remove(&form["code"]);
        }
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(form["code_verifier"].as_bytes()));
        if form["grant_type"] != "authorization_code"
            || challenge != asked.challenge
            || form["redirect_uri"] != asked.back
        {
            return Err("invalid_grant");
        }
        let mut claims = json!({
            "iss": issuer, "aud": CLIENT, "sub": "ada", "name": "Ada Lovelace", "email": "ada@adatum.example",
            "nonce": asked.nonce, "iat": now, "exp": now + 300,
        });
        for (name, value) in self.claims.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        Ok((self.tokens)(&self.keys[0], claims))
    }
}

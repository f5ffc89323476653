//! The company's account: there and back, everything that is wrong once, and for whom one acts then.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::crypto::sign;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use standing::caller::Person;
use standing::change::open_sessions::end_sessions_of;
use standing::clock::Clock as _;
use standing::domain::partner::PartnerKind;
use standing::pdp::opening;
use tempfile::TempDir;

use crate::doors::{House, PEER, pages, trusting};
use crate::jwt::Signer;
use crate::people::{Browser, main_of};
use crate::provider::{CLIENT, Provider, SECRET, parameters};
use crate::server::Answer;
use crate::stage::{Stage, operator};

const MINUTE: Duration = Duration::from_secs(60);

/// A service whose people sign in at a provider.
struct Company {
    house: House,
    provider: Provider,
    _secret: TempDir,
}

fn settings(provider: &Provider, secret: &TempDir, more: &str) -> String {
    let file = secret.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    format!(
        r#"
        [[sign_in]]
        name = "Adatum School"
        issuer = "{}"
        client_id = "{CLIENT}"
        client_secret_file = "{}"
        domains = ["adatum.example"]
        {more}
        acts_as = [
            {{ role = "customer", for = "adatum", when = {{ claim = "groups", has = "global-administrators" }} }},
            {{ role = "customer", for = "nobody", when = {{ claim = "groups", has = "strangers" }} }},
            {{ role = "auditor", when = {{ claim = "groups", has = "auditors" }} }},
        ]
        "#,
        provider.base,
        file.display()
    )
}

impl Company {
    async fn open() -> Self {
        Self::with("", "").await
    }

    /// The same with more said of the provider, and other providers.
    async fn with(more: &str, others: &str) -> Self {
        Self::of(more, |settings| settings + others).await
    }

    async fn of(more: &str, change: impl FnOnce(String) -> String) -> Self {
        let (stage, secret) = (Stage::new(), tempfile::tempdir().unwrap());
        let provider = Provider::open(&stage.clock);
        provider.says().claims = json!({ "groups": ["global-administrators"] });
        let trust = trusting(&change(settings(&provider, &secret, more))).await;
        let Stage { pdp, clock, folder } = stage;
        let stage = Stage::of(opening::trusting(Arc::into_inner(pdp).unwrap(), Arc::new(trust)), clock, folder);
        stage.customer("adatum").await;
        let site = pages(&stage, Duration::from_secs(3_600));
        Self { house: House::open(stage, Some(site)).await, provider, _secret: secret }
    }

    fn browser(&self) -> Browser<'_> {
        Browser::at(&self.house.base)
    }

    /// Sends a browser to the provider, and answers where it is sent back to.
    #[track_caller]
    fn away(&self, browser: &mut Browser<'_>, more: &str) -> String {
        let sent = browser.get(&format!("/sign-in/start?with=Adatum+School{more}"));
        assert_eq!(sent.status, 303, "{}", sent.text);
        self.provider.signs_in(sent.header("location").unwrap())
    }

    /// Signs in, and answers the page of ours to which one is sent back.
    #[track_caller]
    fn signs_in(&self, browser: &mut Browser<'_>, more: &str) -> Answer {
        let back = self.away(browser, more);
        browser.call("GET", &back, &[("sec-fetch-site", "cross-site")], None)
    }

    async fn records(&self, of: &str) -> Vec<Value> {
        let path = format!("/v1/decisions?action=Api::{of}&limit=100&order=newest");
        let answer = self.house.get(&path, "192.0.2.1:1", &self.house.token, &[]).await;
        answer.json()["decisions"].as_array().unwrap().clone()
    }
}

const SESSION: &str = "__Host-standing";

#[track_caller]
fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    browser.get("/customers/adatum/partners").status == 200
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_signs_in_at_their_company_and_the_record_says_so() {
    let company = Company::open().await;
    let mut browser = company.browser();
    let page = browser.get("/sign-in?next=/words");
    assert!(page.text.contains("href=\"/sign-in/start?with=Adatum+School&amp;next=%2Fwords\""), "{}", page.text);
    let sent = browser.get("/sign-in/start?with=Adatum+School&next=/customers/adatum/access");
    let cookie = sent.header("set-cookie").unwrap();
    for part in ["__Host-standing-sign-in=", "; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let back = company.provider.signs_in(sent.header("location").unwrap());
    let signed_in = browser.call("GET", &back, &[("sec-fetch-site", "cross-site")], None);
    assert_eq!(
        (signed_in.status, signed_in.header("location")),
        (303, Some("/customers/adatum/access")),
        "{}",
        signed_in.text
    );
    assert_eq!(browser.cookies().keys().collect::<Vec<_>>(), [SESSION], "the sign-in itself is over");
    let page = browser.get("/customers/adatum/access");
    assert!(
        page.status == 200 && page.text.contains("Ada Lovelace") && page.text.contains("Customer adatum"),
        "{}",
        page.text
    );
    let record = &company.records("signIn").await[0];
    let issuer = &company.provider.base;
    assert_eq!(record["caller"], json!({ "type": "Customer", "id": "adatum" }));
    assert_eq!(record["person"], json!({ "issuer": issuer, "subject": "ada" }));
    assert_eq!(record["proof"], json!({ "by": "signIn", "issuer": issuer }));
    for told in ["Lovelace", "ada@adatum.example"] {
        assert!(!record.to_string().contains(told), "what somebody is called is in no record: {record}");
    }
    // The API takes no cookie.
    let cookie = format!("{SESSION}={}", browser.cookies()[SESSION]);
    assert_eq!(company.house.with("/v1/customers/adatum/partners", &[("cookie", &cookie)]).await.status, 401);
}

/// What is wrong once, what it comes to, and the status.
type Wrong = (&'static str, Value, &'static str, u16);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_token_with_one_wrong_claim_is_a_page_and_no_session() {
    let company = Company::open().await;
    let now = company.house.stage.clock.now().as_second();
    let wrong = "This sign-in is not right";
    let cases: [Wrong; 24] = [
        ("right", json!({}), "", 303),
        ("another issuer", json!({ "iss": "https://login.evil.example" }), wrong, 403),
        ("no issuer", json!({ "iss": null }), wrong, 403),
        ("another audience", json!({ "aud": "another" }), wrong, 403),
        ("no audience", json!({ "aud": null }), wrong, 403),
        ("two audiences and no party", json!({ "aud": [CLIENT, "another"] }), wrong, 403),
        ("two audiences and another party", json!({ "aud": [CLIENT, "another"], "azp": "another" }), wrong, 403),
        ("two audiences and this party", json!({ "aud": [CLIENT, "another"], "azp": CLIENT }), "", 303),
        ("another party", json!({ "azp": "another" }), wrong, 403),
        ("another nonce", json!({ "nonce": "another" }), wrong, 403),
        ("no nonce", json!({ "nonce": null }), wrong, 403),
        ("a nonce that is no text", json!({ "nonce": 1 }), wrong, 403),
        ("expired", json!({ "exp": now - 60 }), wrong, 403),
        ("no end", json!({ "exp": null }), wrong, 403),
        ("issued later", json!({ "iat": now + 61 }), wrong, 403),
        ("issued before it was asked for", json!({ "iat": now - 61 }), wrong, 403),
        ("issued at no time", json!({ "iat": null }), wrong, 403),
        ("not yet", json!({ "nbf": now + 61 }), wrong, 403),
        ("nobody", json!({ "sub": null }), wrong, 403),
        ("a subject that is too long", json!({ "sub": "a".repeat(256) }), wrong, 403),
        ("proved later", json!({ "auth_time": now + 61 }), wrong, 403),
        ("proved at no moment", json!({ "auth_time": "lately" }), wrong, 403),
        ("proved long ago, where nobody asked", json!({ "auth_time": now - 86_400 }), "", 303),
        ("no groups", json!({ "groups": null }), "This account acts for nobody here", 403),
    ];
    for (what, changes, says, status) in cases {
        let mut claims = json!({ "groups": ["global-administrators"] });
        changes.as_object().unwrap().iter().for_each(|(name, value)| claims[name] = value.clone());
        company.provider.says().claims = claims;
        let mut browser = company.browser();
        let answer = company.signs_in(&mut browser, "");
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert!(answer.text.contains(says), "{what}: {}", answer.text);
        assert_eq!(is_signed_in(&mut browser), status == 303, "{what}");
    }
    // Of wrong ones the first of a minute is recorded.
    assert_eq!(company.records("authenticate").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_token_that_is_signed_in_no_right_way_is_a_page_and_no_session() {
    let company = Company::open().await;
    let rsa = Signer::rsa("rsa", Algorithm::RS256);
    let modulus = BASE64URL_NOPAD.decode(rsa.public()["n"].as_str().unwrap().as_bytes()).unwrap();
    company.provider.says().keys.push(rsa.clone());
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    type Made = Box<dyn Fn(&Signer, Value) -> String + Send>;
    let headed = |header: Value| -> Made { Box::new(move |signer, claims| signer.signs_with(&header, &claims)) };
    let mac: Made = Box::new(move |_, claims| {
        let message = format!("{}.{}", part(&json!({ "alg": "HS256", "kid": "rsa" })), part(&claims));
        format!(
            "{message}.{}",
            sign(message.as_bytes(), &EncodingKey::from_secret(&modulus), Algorithm::HS256).unwrap()
        )
    });
    let none: Made = Box::new(move |_, claims| format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims)));
    let cases: [(&str, Made, u16); 12] = [
        ("right", Box::new(|signer, claims| signer.signs(&claims)), 303),
        ("by another key of its own", Box::new(move |_, claims| rsa.signs(&claims)), 303),
        ("alg none", none, 403),
        ("alg none with a signature", headed(json!({ "alg": "none", "kid": "one" })), 403),
        ("HS256 by the public key", mac, 403),
        ("a key nobody knows", headed(json!({ "alg": "EdDSA", "kid": "gone" })), 403),
        ("another key of the same name", Box::new(|_, claims| Signer::ed("one", 9).signs(&claims)), 403),
        (
            "an algorithm that is not taken",
            Box::new(|_, claims| Signer::rsa("rsa", Algorithm::RS512).signs(&claims)),
            403,
        ),
        ("an access token", headed(json!({ "alg": "EdDSA", "kid": "one", "typ": "at+jwt" })), 403),
        ("something critical", headed(json!({ "alg": "EdDSA", "kid": "one", "crit": ["exp"] })), 403),
        ("no token", Box::new(|_, _| "x".to_owned()), 403),
        (
            "other claims under the signature",
            Box::new(move |signer, claims| {
                let right = signer.signs(&claims);
                let (header, signature) = (right.split('.').next().unwrap(), right.rsplit('.').next().unwrap());
                let mut other = claims;
                other["sub"] = "eve".into();
                format!("{header}.{}.{signature}", part(&other))
            }),
            403,
        ),
    ];
    for (what, made, status) in cases {
        company.provider.says().tokens = made;
        let mut browser = company.browser();
        let answer = company.signs_in(&mut browser, "");
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert_eq!(is_signed_in(&mut browser), status == 303, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_belongs_to_no_sign_in_of_this_browser_is_a_page_and_asks_the_provider_nothing() {
    let company = Company::open().await;
    let lost = "This sign-in cannot be finished";
    let exchanged = || company.provider.says().called.iter().filter(|path| *path == "/token").count();
    let mut browser = company.browser();
    let back = company.away(&mut browser, "");
    let (code, state) =
        (&parameters(back.split_once('?').unwrap().1)["code"], &parameters(back.split_once('?').unwrap().1)["state"]);
    let mut other = company.browser();
    company.away(&mut other, "");
    let at = "/sign-in/callback";
    for (what, path) in [
        ("without anything", at.to_owned()),
        ("another state", format!("{at}?code={code}&state=x")),
        ("no state", format!("{at}?code={code}")),
        ("two states", format!("{at}?code={code}&state={state}&state=x")),
        ("two codes", format!("{back}&code=x")),
        ("a state with more", format!("{at}?code={code}&state={state}x")),
    ] {
        let answer = browser.get(&path);
        assert!(answer.status == 400 && answer.text.contains(lost), "{what}: {}", answer.text);
        assert!(!is_signed_in(&mut browser), "{what}");
    }
    // In another browser, whatever was begun there.
    for browser in [&mut other, &mut company.browser()] {
        let answer = browser.get(&back);
        assert!(answer.status == 400 && answer.text.contains(lost), "{}", answer.text);
        assert!(!is_signed_in(browser));
    }
    assert_eq!(exchanged(), 0);
    // None of this ended it.
    let sealed = browser.cookies().clone();
    assert_eq!(browser.get(&back).status, 303);
    assert!(is_signed_in(&mut browser));
    // Once more, with the cookie kept and a provider that would take the code again.
    company.provider.says().forgets = true;
    let mut again = company.browser();
    *again.cookies() = sealed;
    let answer = again.get(&back);
    assert!(answer.status == 400 && answer.text.contains(lost) && !is_signed_in(&mut again), "{}", answer.text);
    assert_eq!(exchanged(), 1);
    // A cookie that was altered, and one that is too old.
    let back = company.away(&mut other, "");
    let cookie = other.cookies()["__Host-standing-sign-in"].clone();
    let altered = format!("{}{}", if cookie.starts_with('A') { 'B' } else { 'A' }, &cookie[1..]);
    other.cookies().insert("__Host-standing-sign-in".to_owned(), altered);
    assert_eq!(other.get(&back).status, 400);
    other.cookies().insert("__Host-standing-sign-in".to_owned(), cookie);
    company.house.passes(10 * MINUTE);
    assert_eq!(other.get(&back).status, 400);
    assert_eq!(exchanged(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_provider_itself_says_no_to_is_told_and_its_word_is_text() {
    let company = Company::open().await;
    let mut browser = company.browser();
    let back = company.away(&mut browser, "");
    let state = &parameters(back.split_once('?').unwrap().1)["state"];
    let answer = browser.get(&format!("/sign-in/callback?error=access_denied%3Cb%3E&state={state}"));
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(
        answer.text.contains("You were not signed in") && answer.text.contains("access_denied&lt;b&gt;"),
        "{}",
        answer.text
    );
    // A code that the provider does not take, and a secret it does not know us by, sign nobody in.
    let back = company.away(&mut browser, "");
    let state = &parameters(back.split_once('?').unwrap().1)["state"];
    assert_eq!(browser.get(&format!("/sign-in/callback?code=x&state={state}")).status, 403);
    assert!(!is_signed_in(&mut browser));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_says_of_whom_it_is_where_the_provider_announces_that() {
    for (announces, iss, status) in [
        (false, None, 303),
        (false, Some("its own"), 303),
        (false, Some("https://login.evil.example"), 403),
        (true, Some("its own"), 303),
        (true, None, 403),
        (true, Some("https://login.evil.example"), 403),
        (true, Some(""), 403),
    ] {
        let company = Company::open().await;
        company.provider.says().metadata = json!({ "authorization_response_iss_parameter_supported": announces });
        let mut browser = company.browser();
        let mut back = company.away(&mut browser, "");
        if let Some(iss) = iss {
            let iss = if iss == "its own" { &company.provider.base } else { iss };
            back += &format!("&iss={}", form_urlencoded::byte_serialize(iss.as_bytes()).collect::<String>());
        }
        assert_eq!(browser.get(&back).status, status, "{announces} {iss:?}");
        assert_eq!(is_signed_in(&mut browser), status == 303);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_rotates_its_keys_goes_down_and_comes_back() {
    let company = Company::open().await;
    assert_eq!(company.signs_in(&mut company.browser(), "").status, 303);
    // It signs with a new key, of which nobody has heard: that is looked for, at most once a minute.
    company.provider.says().keys = vec![Signer::ed("two", 2)];
    assert_eq!(company.signs_in(&mut company.browser(), "").status, 403);
    company.house.passes(MINUTE);
    assert_eq!(company.signs_in(&mut company.browser(), "").status, 303);
    let mut away = company.browser();
    let back = company.away(&mut away, "");
    company.provider.says().is_down = true;
    let down = away.get(&back);
    assert!(down.status == 503 && !is_signed_in(&mut away), "{}", down.text);
    // Whoever begins is told, and can go on with a token; what is asked again is asked seldom.
    company.house.passes(MINUTE);
    let called = company.provider.says().called.len();
    for _ in 0..5 {
        let down = company.browser().get("/sign-in/start?with=Adatum+School&next=/words");
        assert_eq!(down.status, 503, "{}", down.text);
        for part in ["cannot be reached now", "Adatum School", "name=\"token\"", "value=\"/words\""] {
            assert!(down.text.contains(part), "{part}: {}", down.text);
        }
    }
    assert_eq!(company.provider.says().called.len(), called + 1);
    company.provider.says().is_down = false;
    company.house.passes(Duration::from_secs(2));
    assert_eq!(company.signs_in(&mut company.browser(), "").status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_while_the_keys_of_their_provider_cannot_be_read_is_told_so_and_it_counts_against_nobody() {
    let company = Company::open().await;
    company.provider.says().has_no_keys = true;
    for _ in 0..12 {
        let down = company.signs_in(&mut company.browser(), "");
        assert_eq!(down.status, 503, "{}", down.text);
    }
    company.provider.says().has_no_keys = false;
    company.house.passes(MINUTE);
    assert_eq!(company.signs_in(&mut company.browser(), "").status, 303);
    // The same where it signs with a key that is new.
    company.provider.says().keys = vec![Signer::ed("two", 2)];
    company.provider.says().has_no_keys = true;
    company.house.passes(MINUTE);
    assert_eq!(company.signs_in(&mut company.browser(), "").status, 503);
    company.provider.says().has_no_keys = false;
    company.house.passes(MINUTE);
    assert_eq!(company.signs_in(&mut company.browser(), "").status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_sends_nobody_to_another_host_than_its_own_or_one_that_is_set() {
    for (what, said) in [
        ("another issuer", json!({ "issuer": "https://login.evil.example" })),
        ("a page elsewhere", json!({ "authorization_endpoint": "http://127.0.0.2:1/authorize" })),
        ("a page that looks like it", json!({ "authorization_endpoint": "http://127.0.0.1:1@evil.example/authorize" })),
        ("another way there", json!({ "authorization_endpoint": "https://login.evil.example/authorize" })),
        ("no page", json!({ "authorization_endpoint": null })),
        ("tokens elsewhere", json!({ "token_endpoint": "http://169.254.169.254/token" })),
        ("keys elsewhere", json!({ "jwks_uri": "http://127.0.0.1:1/keys" })),
        ("a way out elsewhere", json!({ "end_session_endpoint": "http://evil.example/end" })),
        ("a page that is no URL", json!({ "authorization_endpoint": "javascript:alert(1)" })),
    ] {
        let company = Company::open().await;
        company.provider.says().metadata = said;
        let answer = company.browser().get("/sign-in/start?with=Adatum+School");
        assert_eq!(answer.status, 503, "{what}: {}", answer.text);
        assert_eq!(company.provider.says().called, ["/.well-known/openid-configuration"], "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_led_away_nor_sent_to_sign_in_by_another_site() {
    let company = Company::open().await;
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/sign-in/start?with=Adatum+School",
        "/v1/partners",
    ] {
        let mut browser = company.browser();
        let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let answer = company.signs_in(&mut browser, &format!("&next={next}"));
        assert_eq!(answer.header("location"), Some("/customers/adatum/partners"), "{next}");
    }
    for site in ["cross-site", "same-site"] {
        let answer =
            company.browser().call("GET", "/sign-in/start?with=Adatum+School", &[("sec-fetch-site", site)], None);
        assert_eq!((answer.status, answer.header("location")), (303, Some("/sign-in")));
    }
    assert_eq!(company.browser().get("/sign-in/start?with=Nobody").status, 404);
    assert_eq!(company.browser().get("/sign-in/start").status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_may_act_for_several_chooses_and_changes_it_later() {
    let company = Company::open().await;
    company.provider.says().claims = json!({ "groups": ["global-administrators", "auditors"] });
    let mut browser = company.browser();
    let answer = company.signs_in(&mut browser, "&next=/words");
    assert_eq!((answer.status, answer.header("location")), (303, Some("/acting-as")), "{}", answer.text);
    assert!(!browser.cookies().contains_key(SESSION), "nothing is begun before it is chosen");
    let page = browser.get("/acting-as");
    let auditor = format!("auditor:ada ({})", company.provider.base);
    for part in
        ["For whom do you act?", "value=\"customer:adatum\"", "Customer adatum", &format!("value=\"{auditor}\"")]
    {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    for other in ["customer:wingtip", "operator:local", ""] {
        assert_eq!(browser.post("/acting-as", &[("as", other)]).status, 404, "{other}");
    }
    let foreign = browser.call(
        "POST",
        "/acting-as",
        &[("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")],
        Some("as=customer%3Aadatum"),
    );
    assert_eq!(foreign.status, 403);
    let kept = browser.cookies().clone();
    let chosen = browser.post("/acting-as", &[("as", "customer:adatum")]);
    assert_eq!((chosen.status, chosen.header("location")), (303, Some("/words")), "{}", chosen.text);
    assert_eq!(browser.cookies().keys().collect::<Vec<_>>(), [SESSION]);
    // What was chosen from is good once.
    let mut again = company.browser();
    *again.cookies() = kept;
    let answer = again.post("/acting-as", &[("as", "customer:adatum")]);
    assert!(answer.header("location") == Some("/sign-in") && !is_signed_in(&mut again), "{}", answer.text);
    // Later, for another: a new name, as old as the one before.
    company.house.passes(20 * MINUTE);
    let page = browser.get("/customers/adatum/partners");
    assert!(page.text.contains("href=\"/acting-as\""), "{}", page.text);
    company.house.passes(20 * MINUTE);
    let before = browser.cookies()[SESSION].clone();
    let page = browser.get("/acting-as");
    let key = Browser::hidden(&page, "form_key");
    assert_eq!(browser.post("/acting-as", &[("as", &auditor)]).status, 403, "without the key of the form");
    let changed = browser.post("/acting-as", &[("as", &auditor), ("form_key", &key)]);
    assert_eq!((changed.status, changed.header("location")), (303, Some("/ledger")), "{}", changed.text);
    assert_ne!(browser.cookies()[SESSION], before);
    assert_eq!(browser.get("/ledger").status, 200);
    let mut old = company.browser();
    old.cookies().insert(SESSION.to_owned(), before);
    assert!(!is_signed_in(&mut old));
    for _ in 0..16 {
        company.house.passes(27 * MINUTE);
        assert_eq!(browser.get("/ledger").status, 200);
    }
    company.house.passes(27 * MINUTE);
    assert_eq!(browser.get("/ledger").status, 303, "eight hours after the sign-in it is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_may_act_for_nobody_is_told_as_whom_and_what_is_missing() {
    let company = Company::open().await;
    company.provider.says().claims = json!({ "groups": ["staff"], "name": "<b>Eve</b>" });
    let mut browser = company.browser();
    let page = company.signs_in(&mut browser, "&next=/words");
    assert_eq!(page.status, 403);
    for part in [
        "&lt;b&gt;Eve&lt;/b&gt;",
        "ada@adatum.example",
        "groups",
        "href=\"/sign-in/start?with=Adatum+School&amp;next=%2Fwords&amp;other=yes\"",
    ] {
        assert!(main_of(&page).contains(part), "{part}: {}", page.text);
    }
    let sent = browser.get("/sign-in/start?with=Adatum+School&other=yes");
    assert_eq!(parameters(sent.header("location").unwrap().split_once('?').unwrap().1)["prompt"], "login");
    // A customer that is not known here is told so.
    company.provider.says().claims = json!({ "groups": ["strangers"] });
    let page = company.signs_in(&mut browser, "");
    assert!(page.status == 403 && page.text.contains("Whom you act for is not known here"), "{}", page.text);
    assert!(!browser.cookies().contains_key(SESSION));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn among_several_providers_the_domain_of_the_email_picks_and_none_is_shown_that_is_not_listed() {
    let other = |name: &str, more: &str| {
        format!(
            "[[sign_in]]\nname = \"{name}\"\nissuer = \"https://{}.example\"\nclient_id = \"s\"\n{more}\nacts_as = [{{ role = \"auditor\", when = {{ claim = \"a\", has = \"b\" }} }}]\n",
            name.to_lowercase()
        )
    };
    let others =
        other("Contoso", "listed = true") + &other("Wingtip", "domains = [\"wingtip.example\", \"wingtip.cn\"]");
    let company = Company::with("", &others).await;
    let mut browser = company.browser();
    let page = browser.get("/sign-in?next=/words");
    assert!(page.text.contains("with=Contoso") && page.text.contains("name=\"email\""), "{}", page.text);
    assert!(!page.text.contains("Adatum") && !page.text.contains("Wingtip"), "{}", page.text);
    for (email, picked) in [
        ("ada@adatum.example", Some("Adatum+School")),
        (" eve@WINGTIP.cn ", Some("Wingtip")),
        ("eve@contoso.example", None),
        ("eve@x.adatum.example", None),
        ("adatum.example", None),
        ("", None),
    ] {
        let page = browser.post("/sign-in/company", &[("email", email), ("next", "/words")]);
        assert_eq!(page.status, if picked.is_some() { 200 } else { 422 }, "{email}: {}", page.text);
        match picked {
            Some(name) => {
                assert!(page.text.contains(&format!("with={name}&amp;next=%2Fwords")), "{email}: {}", page.text)
            }
            None => assert!(
                page.text.contains("id=\"email-error\"") && !page.text.contains("with=Adatum"),
                "{email}: {}",
                page.text
            ),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_of_it_is_in_chinese_too() {
    let company = Company::with("", "").await;
    let mut browser = company.browser();
    browser.language = "zh-Hans";
    let is_chinese = |what: &str, page: &Answer| {
        let mut text = format!("<main{}", main_of(page));
        while let Some((before, rest)) = text.split_once('<') {
            text = format!("{before} {}", rest.split_once('>').unwrap().1);
        }
        for known in [
            "Adatum School",
            "Ada Lovelace",
            "ada@adatum.example",
            "groups",
            "access_denied",
            "standing_",
            "Customer adatum",
        ] {
            text = text.replace(known, "");
        }
        assert!(!text.chars().any(|c| c.is_ascii_alphabetic()), "{what}: {text}");
    };
    is_chinese("sign-in", &browser.get("/sign-in"));
    is_chinese("lost", &browser.get("/sign-in/callback"));
    company.provider.says().claims = json!({ "groups": ["staff"] });
    is_chinese("nobody", &company.signs_in(&mut browser, ""));
    company.provider.says().claims = json!({ "groups": ["strangers"] });
    is_chinese("unknown", &company.signs_in(&mut browser, ""));
    company.provider.says().claims = json!({ "nonce": "x" });
    is_chinese("wrong", &company.signs_in(&mut browser, ""));
    company.provider.says().claims = json!({ "auth_time": 1, "groups": ["staff"] });
    is_chinese("stale", &company.signs_in(&mut browser, "&again=yes"));
    let back = company.away(&mut browser, "");
    let state = &parameters(back.split_once('?').unwrap().1)["state"];
    is_chinese("refused", &browser.get(&format!("/sign-in/callback?error=access_denied&state={state}")));
    company.provider.says().claims = json!({ "groups": ["global-administrators", "auditors"] });
    company.signs_in(&mut browser, "");
    is_chinese("choices", &browser.get("/acting-as"));
    is_chinese("signed out", &browser.get("/signed-out?of=Adatum+School"));
    company.provider.says().is_down = true;
    company.house.passes(MINUTE);
    is_chinese("down", &browser.get("/sign-in/start?with=Adatum+School"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_makes_a_change_that_weighs_much_signs_in_anew_and_comes_back_to_the_same_page() {
    let company = Company::open().await;
    let stage = &company.house.stage;
    stage.partner("contoso", PartnerKind::DirectBill).await;
    stage.accepts("adatum", "contoso", &["office365"]).await;
    let groups = json!(["global-administrators"]);
    let again = "/sign-in/start?with=Adatum+School&amp;next=%2Fcustomers%2Fadatum%2Fremoval&amp;again=yes";
    let now = || company.house.stage.clock.now().as_second();
    let mut browser = company.browser();
    for (what, auth_time, asks) in [
        ("its provider does not say when somebody proved who they are", Value::Null, true),
        ("it was long ago", json!(now() - 15 * 60), true),
        ("it was lately", json!(now() - 14 * 60), false),
    ] {
        company.provider.says().claims = json!({ "groups": groups, "auth_time": auth_time });
        assert_eq!(company.signs_in(&mut browser, "").status, 303, "{what}");
        let page = browser.get("/customers/adatum/removal");
        assert_eq!(page.text.contains(&format!("href=\"{again}\"")), asks, "{what}: {}", page.text);
    }
    company.house.passes(MINUTE);
    let page = browser.get("/customers/adatum/removal");
    let sent = browser.post(
        "/customers/adatum/removal",
        &[("form_key", &Browser::hidden(&page, "form_key")), ("once", &Browser::hidden(&page, "once"))],
    );
    let proves = "/sign-in?next=%2Fcustomers%2Fadatum%2Fremoval&again=yes";
    assert_eq!((sent.status, sent.header("location")), (303, Some(proves)), "{}", sent.text);
    assert!(browser.get(proves).text.contains(&format!("href=\"{again}\"")));
    let more = "&next=/customers/adatum/removal&again=yes";
    for (what, auth_time, status) in [
        ("the provider does not say when", Value::Null, 403),
        ("before it was asked", json!(now() - 61), 403),
        ("now", json!(now()), 303),
    ] {
        let sent = browser.get(&format!("/sign-in/start?with=Adatum+School{more}"));
        let sent_to = sent.header("location").unwrap();
        assert_eq!(parameters(sent_to.split_once('?').unwrap().1)["max_age"], "0");
        let before = browser.cookies()[SESSION].clone();
        company.provider.says().claims = json!({ "groups": groups, "auth_time": auth_time });
        let back = browser.get(&company.provider.signs_in(sent_to));
        assert_eq!(back.status, status, "{what}: {}", back.text);
        if status == 303 {
            assert_eq!(back.header("location"), Some("/customers/adatum/removal"));
            assert_ne!(browser.cookies()[SESSION], before, "a new name");
        } else {
            assert!(back.text.contains("You did not sign in anew"), "{what}: {}", back.text);
            assert_eq!(browser.cookies()[SESSION], before);
        }
    }
    let page = browser.get("/customers/adatum/removal");
    assert!(!page.text.contains("again=yes"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_else_who_signs_in_anew_is_themselves_and_whoever_may_act_for_several_stays_who_they_were() {
    let company = Company::open().await;
    let now = company.house.stage.clock.now().as_second();
    let both = json!({ "groups": ["global-administrators", "auditors"], "auth_time": now });
    company.provider.says().claims = both.clone();
    let mut browser = company.browser();
    company.signs_in(&mut browser, "");
    browser.post("/acting-as", &[("as", "customer:adatum")]);
    let back = company.signs_in(&mut browser, "&next=/words&again=yes");
    assert_eq!(back.header("location"), Some("/words"), "{}", back.text);
    assert!(is_signed_in(&mut browser));
    // Another person is not taken for the one before.
    company.provider.says().claims["sub"] = "bob".into();
    let back = company.signs_in(&mut browser, "&next=/words&again=yes");
    assert_eq!(back.header("location"), Some("/acting-as"), "{}", back.text);
    // What one may not be any more one is not.
    company.provider.says().claims = json!({ "groups": ["auditors"], "auth_time": now });
    let back = company.signs_in(&mut browser, "&again=yes");
    assert_eq!(back.header("location"), Some("/ledger"), "{}", back.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_out_is_shown_the_way_out_of_the_provider_and_led_nowhere() {
    let company = Company::open().await;
    let mut browser = company.browser();
    company.signs_in(&mut browser, "");
    let page = browser.get("/words");
    let out = browser.post("/sign-out", &[("form_key", &Browser::hidden(&page, "form_key"))]);
    assert_eq!((out.status, out.header("location")), (303, Some("/signed-out?of=Adatum+School")));
    let page = browser.get("/signed-out?of=Adatum+School");
    let way = format!("href=\"{}/end?client_id={CLIENT}\"", company.provider.base);
    assert!(page.text.contains(&way), "{}", page.text);
    assert!(!is_signed_in(&mut browser));
    for without in ["/signed-out", "/signed-out?of=Nobody"] {
        assert!(!browser.get(without).text.contains("/end?"), "{without}");
    }
    company.provider.says().is_down = true;
    company.house.passes(MINUTE);
    let page = browser.get("/signed-out?of=Adatum+School");
    assert!(page.status == 200 && !page.text.contains("/end?"), "{}", page.text);
}

/// Another provider, which is never asked.
const OTHER: &str = r#"
    [[sign_in]]
    name = "Other"
    issuer = "https://login.other.example"
    client_id = "standing"
    domains = ["other.example"]
    acts_as = [{ role = "auditor", when = { claim = "groups", has = "auditors" } }]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn among_several_an_answer_that_does_not_say_of_whom_it_is_is_taken_at_a_place_of_its_providers_own() {
    for (announces, own) in [(false, true), (true, false)] {
        let company = Company::with("", OTHER).await;
        company.provider.says().metadata = json!({ "authorization_response_iss_parameter_supported": announces });
        let mut browser = company.browser();
        let mut back = company.away(&mut browser, "");
        let (path, query) = back.split_once('?').unwrap();
        let place = path.rsplit_once("/sign-in/callback").unwrap().1.to_owned();
        assert_eq!(place.len() == 17, own, "{back}");
        // Another provider has somebody who signs in at it sent to this one, and so to another place.
        for elsewhere in ["", "/0123456789abcdef", "/Other"].into_iter().filter(|other| *other != place) {
            let answer = browser.get(&format!("/sign-in/callback{elsewhere}?{query}"));
            assert_eq!((answer.status, is_signed_in(&mut browser)), (400, false), "{elsewhere}: {}", answer.text);
        }
        if announces {
            back += &format!(
                "&iss={}",
                form_urlencoded::byte_serialize(company.provider.base.as_bytes()).collect::<String>()
            );
        }
        assert_eq!((browser.get(&back).status, is_signed_in(&mut browser)), (303, true));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_left_to_be_chosen_is_nobody_elses_in_the_same_browser() {
    let company = Company::open().await;
    company.provider.says().claims = json!({ "groups": ["global-administrators"] });
    let mut browser = company.browser();
    assert_eq!(company.signs_in(&mut browser, "").status, 303);
    // Somebody else comes back to choose, and leaves: whoever was signed in is so no more.
    company.provider.says().claims = json!({ "groups": ["global-administrators", "auditors"], "sub": "grace" });
    assert_eq!(company.signs_in(&mut browser, "&other=1").header("location"), Some("/acting-as"));
    assert!(!is_signed_in(&mut browser));
    // The next one signs in by a token.
    let token = company.house.token.trim_start_matches("Bearer ").to_owned();
    assert_eq!(browser.post("/sign-in/token", &[("token", &token)]).status, 303);
    assert_eq!(browser.cookies().keys().collect::<Vec<_>>(), [SESSION]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_be_nothing_any_more_is_signed_out_when_they_come_back() {
    let company = Company::open().await;
    let mut browser = company.browser();
    assert_eq!(company.signs_in(&mut browser, "").status, 303);
    assert!(is_signed_in(&mut browser));
    company.provider.says().claims = json!({ "groups": [] });
    assert_eq!(company.signs_in(&mut browser, "").status, 403);
    assert!(!is_signed_in(&mut browser));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_email_says_what_somebody_may_be_where_the_provider_has_verified_it_alone() {
    let rule =
        r#"acts_as = [ { role = "customer", for = "adatum", when = { claim = "email", has = "it@adatum.example" } },"#;
    let company = Company::of("", |settings| settings.replacen("acts_as = [", rule, 1)).await;
    for (verified, status) in [
        (json!({}), 403),
        (json!({ "email_verified": false }), 403),
        (json!({ "email_verified": "true" }), 403),
        (json!({ "email_verified": true }), 303),
    ] {
        let mut claims = json!({ "email": "it@adatum.example", "groups": [] });
        claims.as_object_mut().unwrap().extend(verified.as_object().unwrap().clone());
        company.provider.says().claims = claims;
        let mut browser = company.browser();
        assert_eq!(company.signs_in(&mut browser, "").status, status, "{verified}");
        assert_eq!(is_signed_in(&mut browser), status == 303, "{verified}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_hangs_is_asked_once_for_all_who_come_meanwhile_and_just_after() {
    let company = Company::open().await;
    company.provider.says().hangs = true;
    let comes = || company.browser().get("/sign-in/start?with=Adatum+School").status;
    let seen = std::thread::scope(|scope| {
        let first = scope.spawn(comes);
        while company.provider.says().called.is_empty() {
            std::thread::yield_now();
        }
        // It has hung for longer than it is left alone after it failed.
        company.house.passes(Duration::from_secs(3));
        let others: Vec<_> = (0..5).map(|_| scope.spawn(comes)).collect();
        let mut seen: Vec<u16> = others.into_iter().map(|other| other.join().unwrap()).collect();
        seen.push(first.join().unwrap());
        seen.push(comes());
        seen
    });
    assert_eq!(seen, [503; 7]);
    assert_eq!(company.provider.says().called, ["/.well-known/openid-configuration"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_brings_wrong_answers_is_told_to_wait_and_a_right_one_never_is() {
    let company = Company::open().await;
    let comes_back = |from: &str| {
        let mut browser = company.browser();
        let back = company.away(&mut browser, "");
        browser.call("GET", &back, &[("sec-fetch-site", "cross-site"), (PEER, from)], None)
    };
    company.provider.says().claims = json!({ "aud": "another" });
    let seen: Vec<u16> = (0..11).map(|_| comes_back("192.0.2.7:1").status).collect();
    assert_eq!((&seen[..10], seen[10]), (&[403; 10][..], 429));
    let late = comes_back("192.0.2.7:2");
    assert!(late.header("retry-after").is_some_and(|wait| wait.parse::<u64>().unwrap() >= 1), "{late:?}");
    assert_eq!(comes_back("192.0.2.8:1").status, 403, "another address");
    company.provider.says().claims = json!({ "groups": ["global-administrators"] });
    assert_eq!(comes_back("192.0.2.7:3").status, 303);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_was_to_choose_is_over_with_their_sessions() {
    let company = Company::open().await;
    company.provider.says().claims = json!({ "groups": ["global-administrators", "auditors"] });
    let mut copied = company.browser();
    assert_eq!(company.signs_in(&mut copied, "").header("location"), Some("/acting-as"));
    let person = Person { issuer: company.provider.base.clone(), subject: "ada".to_owned() };
    let ended = end_sessions_of(&company.house.stage.pdp, &operator(), person).await.unwrap();
    assert_eq!(ended.value.ended, [], "none was begun");
    let answer = copied.post("/acting-as", &[("as", "customer:adatum")]);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/sign-in")), "{}", answer.text);
    assert!(!is_signed_in(&mut copied));
    // Whoever signs in after that is not held up by it.
    company.house.passes(MINUTE);
    let mut browser = company.browser();
    company.signs_in(&mut browser, "");
    assert_eq!(browser.post("/acting-as", &[("as", "customer:adatum")]).status, 303);
    assert!(is_signed_in(&mut browser));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_may_act_for_more_than_a_browser_keeps_is_told_so() {
    let rules: String = (0..200)
        .map(|one| {
            format!(
                "{{ role = \"customer\", for = \"a-customer-{one}\", when = {{ claim = \"groups\", has = \"all\" }} }},\n"
            )
        })
        .collect();
    let change = |settings: String| settings.replace("acts_as = [", &format!("acts_as = [{rules}"));
    let company = Company::of("", change).await;
    company.provider.says().claims = json!({ "groups": ["all"] });
    let mut browser = company.browser();
    let told = company.signs_in(&mut browser, "");
    assert_eq!((told.status, told.text.contains("may act for 200 here")), (403, true), "{}", told.text);
    assert!(!is_signed_in(&mut browser));
}

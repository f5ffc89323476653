//! Pages for people: their words, their frame, signing in and out, and where forms are taken from.

use std::collections::{BTreeMap, BTreeSet};

use standing::pages::PAGES;
use standing::pages::words::Language;

use crate::server::{Answer, Server, call};

/// A browser: it sends what one sends, and keeps cookies.
pub struct Browser<'a> {
    base: &'a str,
    cookies: BTreeMap<String, String>,
    pub language: &'static str,
}

const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

impl<'a> Browser<'a> {
    pub fn of(server: &'a Server) -> Self {
        Self::at(&server.base)
    }

    /// One for whatever is served at an address.
    pub fn at(base: &'a str) -> Self {
        Self { base, cookies: BTreeMap::new(), language: "en" }
    }

    /// What it keeps for the server.
    pub fn cookies(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.cookies
    }

    /// Calls, and waits for a page that is being made: how long that takes says nothing.
    pub fn call(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        let mut answer = self.call_once(method, path, headers, body);
        let again: Vec<_> = headers.iter().copied().filter(|(name, _)| *name != "content-type").collect();
        let mut at = path.to_owned();
        while let Some(progress) = waits_at(&answer) {
            if let Some(to) = answer.header("location") {
                at = to.to_owned();
            }
            // The stream ends with what it tells of.
            assert_eq!(self.call_once("GET", &progress, &again, None).status, 200, "{progress}");
            answer = self.call_once("GET", &at, &again, None);
            if let Some((before, after)) = answer.text.clone().split_once("<p class=\"soft made\">") {
                answer.text = format!("{before}{}", after.split_once("</p>").unwrap().1);
            }
        }
        answer
    }

    /// Calls, and answers what comes at once.
    pub fn call_once(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut all = vec![HTML, ("accept-language", self.language)];
        if !cookies.is_empty() {
            all.push(("cookie", cookies.as_str()));
        }
        all.extend(headers);
        let answer = call(self.base, method, path, &all, body.map(str::as_bytes)).unwrap();
        for (_, set) in answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.call("GET", path, &[("sec-fetch-site", "none")], None)
    }

    /// Sends a form from a page of the server's own.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.call("POST", path, &[FORM, ("sec-fetch-site", "same-origin")], Some(&encoded(fields)))
    }

    /// Sends a form with files from a page of the server's own: the field, the name and the text of each.
    pub fn upload(&mut self, path: &str, fields: &[(&str, &str)], files: &[(&str, &str, &str)]) -> Answer {
        let mut body = String::new();
        for (name, value) in fields {
            body += &format!("--=part\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        }
        for (field, name, text) in files {
            let says = format!("form-data; name=\"{field}\"; filename=\"{name}\"");
            body += &format!("--=part\r\nContent-Disposition: {says}\r\nContent-Type: text/plain\r\n\r\n{text}\r\n");
        }
        body += "--=part--\r\n";
        let media = ("content-type", "multipart/form-data; boundary=\"=part\"");
        self.call("POST", path, &[media, ("sec-fetch-site", "same-origin")], Some(&body))
    }

    pub fn sign_in_as(&mut self, who: &str) -> Answer {
        self.post("/sign-in/cast", &[("as", who)])
    }

    /// The value of a hidden field of a page.
    pub fn hidden(page: &Answer, name: &str) -> String {
        let at = format!("name=\"{name}\" value=\"");
        let rest = page.text.split_once(&at).unwrap_or_else(|| panic!("no `{name}`: {}", page.text)).1;
        rest.split('"').next().unwrap().to_owned()
    }
}

/// Where a stream tells how far a page has come that is being made.
pub fn waits_at(answer: &Answer) -> Option<String> {
    let to = answer.header("location").filter(|to| to.starts_with("/waiting/"));
    let shown = || answer.text.split_once("data-progress=\"/waiting/").map(|(_, rest)| rest.split('"').next().unwrap());
    to.map(|to| format!("{to}/progress")).or_else(|| shown().map(|rest| format!("/waiting/{rest}")))
}

/// A browser in which somebody of the cast is signed in.
pub fn signed_in<'a>(server: &'a Server, who: &str, language: &'static str) -> Browser<'a> {
    let mut browser = Browser::of(server);
    browser.language = language;
    browser.sign_in_as(who);
    browser
}

/// A browser in which whoever holds a token is signed in.
#[track_caller]
pub fn with_token<'a>(server: &'a Server, token: &str) -> Browser<'a> {
    let mut browser = Browser::of(server);
    let signed_in = browser.post("/sign-in/token", &[("token", token)]);
    assert_eq!(signed_in.status, 303, "{}", signed_in.text);
    browser
}

/// The main part of a page.
pub fn main_of(page: &Answer) -> String {
    page.text.split_once("<main").unwrap().1.split_once("</main>").unwrap().0.to_owned()
}

/// What a page says, a line an element, without what is another each time.
pub fn said_by(page: &str) -> String {
    // When it was looked at, which stands on paper.
    let page = match page.split_once("<p class=\"paper\">") {
        Some((before, after)) => format!("{before}{}", after.split_once("</p>").unwrap().1),
        None => page.to_owned(),
    };
    let mut text = page.replace("><", ">\n<");
    for (begin, end) in [
        ("<time ", "</time>"),
        ("name=\"form_key\" value=\"", "\""),
        ("name=\"once\" value=\"", "\""),
        ("/assets/", "/"),
        ("mailto:", "\""),
        // Sealed with a key of this server.
        ("cursor=", "\""),
    ] {
        let mut rest = text.as_str();
        let mut without = String::new();
        while let Some((before, after)) = rest.split_once(begin) {
            without.push_str(before);
            without.push_str(begin);
            without.push('*');
            rest = after.find(end).map_or("", |at| &after[at..]);
        }
        without.push_str(rest);
        text = without;
    }
    text
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub fn demo() -> (tempfile::TempDir, Server) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    (data, server)
}

fn keys(file: &str) -> BTreeSet<&str> {
    let keys = file.lines().filter_map(|line| line.split_once(" = ").map(|(key, _)| key));
    keys.filter(|key| !key.starts_with([' ', '#'])).collect()
}

fn variables(file: &str, key: &str) -> BTreeSet<String> {
    let from = file.lines().skip_while(|line| !line.starts_with(&format!("{key} = ")));
    let mut lines = from.enumerate().take_while(|(index, line)| *index == 0 || line.starts_with([' ', '}']));
    let text = lines.by_ref().map(|(_, line)| line).collect::<Vec<_>>().join("\n");
    text.split('$').skip(1).map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned()).collect()
}

#[test]
fn both_languages_have_the_same_sentences_with_the_same_variables() {
    for (english, chinese) in Language::English.files().into_iter().zip(Language::Chinese.files()) {
        assert_eq!(keys(english), keys(chinese));
        for key in keys(english) {
            assert_eq!(variables(english, key), variables(chinese, key), "{key}");
        }
    }
}

#[test]
fn no_sentence_has_two_texts_in_one_language() {
    for language in Language::ALL {
        let mut stands = BTreeSet::new();
        for file in language.files() {
            let keys = file.lines().filter_map(|line| line.split_once(" = ").map(|(key, _)| key));
            for key in keys.filter(|key| !key.starts_with([' ', '#'])) {
                assert!(stands.insert(key), "{}: `{key}` stands twice", language.code());
            }
        }
    }
}

#[test]
fn every_page_has_the_headers_that_keep_it_to_itself_and_no_inline_style_or_script() {
    let (_data, server) = demo();
    let mut browser = Browser::of(&server);
    let fetched = PAGES.iter().filter(|page| page.method == "GET" && !page.path.contains('{'));
    for path in fetched.map(|page| page.path).chain(["/nowhere"]) {
        let page = browser.get(path);
        assert!([200, 303, 404].contains(&page.status), "{path}: {}", page.status);
        for (name, holds) in [
            ("content-security-policy", "default-src 'none'"),
            ("content-security-policy", "require-trusted-types-for 'script'"),
            ("referrer-policy", "same-origin"),
            ("permissions-policy", "clipboard-write=(self)"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("x-robots-tag", "noindex"),
            ("vary", "Cookie, Accept-Language"),
            ("content-language", "en"),
        ] {
            assert!(page.header(name).is_some_and(|value| value.contains(holds)), "{path}: {name}");
        }
        for inline in [" style=", " onclick=", " onload=", " onsubmit=", "<style", "javascript:"] {
            assert!(!page.text.contains(inline), "{path}: {inline}");
        }
        assert!(page.text.split("<script").skip(1).all(|script| script.starts_with(" src=\"/assets/")), "{path}");
        assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{path} names another host");
    }
}

#[test]
fn the_sheet_and_the_script_are_kept_for_good_under_the_hash_of_what_is_in_them() {
    let (_data, server) = demo();
    let page = Browser::of(&server).get("/words");
    let links: Vec<&str> = page.text.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(links.len(), 3, "{links:?}");
    for link in &links {
        let file = server.get(link);
        assert_eq!((file.status, file.header("cache-control")), (200, Some("public, max-age=31536000, immutable")));
        let other = link.replacen(&link[8..24], "0000000000000000", 1);
        assert_eq!(server.get(&other).status, 404);
    }
    let bound = |name: &str, most: usize| {
        let link = links.iter().find(|link| link.ends_with(name)).unwrap();
        assert!(server.get(link).text.len() <= most, "{name}");
    };
    bound("pages.css", 16_000);
    bound("pages.js", 5_000);
}

#[test]
fn a_language_is_the_one_chosen_else_the_one_accepted_else_english() {
    let (_data, server) = demo();
    let mut browser = Browser::of(&server);
    for (accepts, language) in [
        ("de", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("en;q=0.4, zh-Hans;q=0.5", "zh-Hans"),
        ("zh;q=0, en", "en"),
    ] {
        browser.language = accepts;
        let page = browser.get("/words");
        assert_eq!(page.header("content-language"), Some(language), "{accepts}");
        assert!(page.text.contains(&format!("<html lang=\"{language}\">")));
    }
    let chosen = browser.post("/language", &[("language", "zh-Hans"), ("next", "/words")]);
    assert_eq!((chosen.status, chosen.header("location")), (303, Some("/words")));
    assert_eq!(browser.get("/words").header("content-language"), Some("zh-Hans"));
    for elsewhere in ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "/v1/tokens"] {
        let led = browser.post("/language", &[("language", "en"), ("next", elsewhere)]);
        assert_eq!(led.header("location"), Some("/"), "{elsewhere}");
    }
}

#[test]
fn somebody_signs_in_by_token_and_out_and_the_api_never_reads_the_cookie() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]);
    let created = crate::server::standing(&[
        "token",
        "create",
        "--json",
        "--role",
        "auditor",
        "--data",
        data.path().to_str().unwrap(),
    ]);
    let created: serde_json::Value = serde_json::from_slice(&created.stdout).unwrap();
    let (token, id) = (created["token"].as_str().unwrap(), created["id"].as_str().unwrap());
    let mut browser = Browser::of(&server);
    let wrong = browser.post("/sign-in/token", &[("token", "standing_0000_wrong")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("<title>Error: "), "{}", wrong.text);
    assert!(browser.cookies.is_empty());
    let signed_in = browser.post("/sign-in/token", &[("token", token), ("next", "/words")]);
    assert_eq!((signed_in.status, signed_in.header("location")), (303, Some("/words")));
    let cookie = signed_in.header("set-cookie").unwrap();
    for part in ["standing=", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain") && !cookie.contains("Max-Age"), "{cookie}");
    let page = browser.get("/words");
    assert!(page.text.contains("/sign-out"), "{}", page.text);
    let session = browser.cookies["standing"].clone();
    assert_eq!(server.send("GET", "/v1/partners", &[("cookie", &format!("standing={session}"))], None).status, 401);
    // Signing in again is another session, and the one before is over.
    browser.post("/sign-in/token", &[("token", token)]);
    assert_ne!(browser.cookies["standing"], session);
    let mut before = Browser::of(&server);
    before.cookies.insert("standing".to_owned(), session);
    assert!(!before.get("/words").text.contains("/sign-out"));
    // A session dies with its token.
    let revoked = crate::server::standing(&["token", "revoke", id, "--data", data.path().to_str().unwrap()]);
    assert!(revoked.status.success(), "{revoked:?}");
    assert!(!browser.get("/words").text.contains("/sign-out"));
}

#[test]
fn whose_browser_keeps_no_cookie_is_told_so_after_signing_in() {
    let (_data, server) = demo();
    let mut browser = Browser::of(&server);
    let path = "/customers/adatum/partners";
    let plain = browser.get(path);
    assert_eq!(plain.header("location"), Some("/sign-in?next=%2Fcustomers%2Fadatum%2Fpartners"));
    assert_eq!(browser.sign_in_as("adatum").header("location"), Some(path));
    let from = format!("{}/sign-in?next=%2F", server.base);
    let headers = [("sec-fetch-site", "same-origin"), ("referer", from.as_str())];
    assert_eq!(browser.call("GET", path, &headers, None).status, 200);
    browser.cookies.clear();
    let led = browser.call("GET", path, &headers, None);
    let page = browser.get(led.header("location").unwrap());
    assert!(page.status == 200 && page.text.contains("your browser kept no cookie"), "{} {led:?}", page.text);
    assert!(page.text.contains("value=\"/customers/adatum/partners\""), "it goes on where it was to");
}

#[test]
fn whoever_is_of_the_cast_is_called_on_every_page_what_the_button_said() {
    let (_data, server) = demo();
    for (who, called) in [("auditor", "Eve"), ("ada", "Ada"), ("adatum", "Adatum School")] {
        let mut browser = Browser::of(&server);
        browser.sign_in_as(who);
        let page = browser.get("/words");
        let header = page.text.split_once("<header").unwrap().1.split_once("</header>").unwrap().0;
        assert!(header.contains(&format!("<strong><bdi>{called}</bdi></strong>")), "{header}");
    }
}

#[test]
fn a_form_is_taken_from_a_page_of_its_own_alone() {
    let (_data, server) = demo();
    let mut browser = Browser::of(&server);
    browser.sign_in_as("adatum");
    let page = browser.get("/words");
    let key = Browser::hidden(&page, "form_key");
    let mut other = Browser::of(&server);
    other.sign_in_as("wingtip");
    let other_key = Browser::hidden(&other.get("/words"), "form_key");
    let own = server.base.clone();
    let foreign: &[(&str, &[(&str, &str)], &str)] = &[
        ("another site", &[("sec-fetch-site", "cross-site")], &key),
        ("a sibling", &[("sec-fetch-site", "same-site")], &key),
        ("no page", &[("sec-fetch-site", "none")], &key),
        ("neither header", &[], &key),
        ("another origin", &[("origin", "https://elsewhere.example")], &key),
        ("no origin", &[("origin", "null")], &key),
        ("no key", &[("sec-fetch-site", "same-origin")], ""),
        ("a wrong key", &[("sec-fetch-site", "same-origin")], "AAAA"),
        ("a key of another session", &[("sec-fetch-site", "same-origin")], &other_key),
    ];
    for (from, headers, key) in foreign {
        let headers: Vec<_> = headers.iter().copied().chain([FORM]).collect();
        let is_of_key = headers.contains(&("sec-fetch-site", "same-origin"));
        let paths = ["/customers/adatum/removal", "/sign-out"];
        // Whose key is of before may sign out all the same.
        for path in paths.into_iter().take(if is_of_key { 1 } else { 2 }) {
            let sent = browser.call("POST", path, &headers, Some(&encoded(&[("form_key", key)])));
            assert_eq!(sent.status, 403, "{path} {from}: {}", sent.text);
            assert!(sent.text.contains("foreign_form"), "{path} {from}");
        }
    }
    let of_before = other.post("/sign-out", &[("form_key", &key)]);
    assert_eq!((of_before.status, of_before.header("location")), (303, Some("/signed-out")), "{}", of_before.text);
    assert!(!other.get("/words").text.contains("/sign-out"));
    let twice = browser.post("/sign-out", &[("form_key", &key), ("form_key", &key)]);
    assert_eq!(twice.status, 400);
    assert_eq!(browser.post("/sign-out", &[("form_key", &key), ("more", "1")]).status, 400);
    assert!(browser.get("/words").text.contains("/sign-out"), "nothing of it was done");
    let headers = [FORM, ("origin", own.as_str())];
    let sent = browser.call("POST", "/sign-out", &headers, Some(&encoded(&[("form_key", &key)])));
    assert_eq!((sent.status, sent.header("location")), (303, Some("/signed-out")));
    assert!(!browser.get("/words").text.contains("/sign-out"));
}

#[test]
fn with_pages_off_or_an_address_that_others_reach_the_api_is_as_it_was() {
    let data = tempfile::tempdir().unwrap();
    let off = Server::start(data.path(), &["--no-pages"]);
    let index = off.send("GET", "/", &[HTML], None);
    assert!(!index.text.contains("<html"), "{}", index.text);
    assert_eq!(off.send("GET", "/sign-in", &[HTML], None).code(), "no_such_route");
    drop(off);
    let data = tempfile::tempdir().unwrap();
    let proxy = [("STANDING_PROXY", "true")];
    let server = Server::try_start_in(data.path(), &["--listen", "0.0.0.0:0"], &proxy).unwrap();
    let port = server.base.rsplit(':').next().unwrap().to_owned();
    let base = format!("http://127.0.0.1:{port}");
    let closed = crate::server::call(&base, "GET", "/sign-in", &[HTML], None).unwrap();
    assert_eq!(closed.status, 503);
    assert!(closed.text.contains("public_url"), "{}", closed.text);
    assert_eq!(crate::server::call(&base, "GET", "/v1/partners", &[], None).unwrap().status, 401);
}

#[test]
fn what_the_cast_began_on_a_demonstration_opens_nothing_on_a_server_that_is_none() {
    let (data, server) = demo();
    let mut browser = Browser::of(&server);
    assert_eq!(browser.sign_in_as("adatum").status, 303);
    assert_eq!(browser.get("/customers/adatum/partners").status, 200);
    let cookies = std::mem::take(&mut browser.cookies);
    assert!(server.terminate().success());
    let server = Server::start(data.path(), &[]);
    let mut browser = Browser { cookies, ..Browser::of(&server) };
    let page = browser.get("/customers/adatum/partners");
    assert_ne!(page.status, 200, "{}", page.text);
}

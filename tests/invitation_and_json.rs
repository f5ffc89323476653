//! The link and its email, and the strict reader of request bodies.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use standing::clock::Timestamp;
use standing::domain::invitation::{
    Email, EmailError, LINK_KEYS_MAX, LINK_PATH, LinkKeyError, LinkKeyId, LinkKeys, PARAGRAPH_LENGTH_MAX,
    TOKEN_LENGTH_MAX, TokenError,
};
use standing::domain::partner::{Partner, PartnerKind, PartnerStatus};
use standing::id::PartnerId;
use standing::json::{self, DEPTH_CEILING, JsonError, ShapeError};
use standing::limits::{EMAIL_LENGTH_MAX, ID_LENGTH_MAX};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn partner_id(id: &str) -> PartnerId {
    id.parse().unwrap()
}

fn ring() -> LinkKeys {
    LinkKeys::begin([7; 32], at(1))
}

fn partner(name: &str) -> Partner {
    Partner {
        id: partner_id("fabrikam"),
        name: name.to_owned(),
        kind: PartnerKind::DirectBill,
        status: PartnerStatus::Active,
        mpn_id: None,
        provider: None,
    }
}

fn link() -> String {
    ring().token(&partner_id("fabrikam")).link("https://standing.example/v1/")
}

fn email() -> Email {
    Email::of(&partner("Fabrikam"), &link())
}

// The token.

#[test]
fn a_token_names_its_partner_and_is_the_same_every_time() {
    let keys = ring();
    for id in ["fabrikam", "x", "a.b_c~d@e:f+g-h", &"z".repeat(ID_LENGTH_MAX)] {
        let id = partner_id(id);
        let token = keys.token(&id);
        assert_eq!(token, keys.token(&id));
        assert_eq!(token, ring().token(&id), "a ring begun again signs the same");
        assert_eq!(keys.verify(token.as_str()).unwrap().partner, id);
        assert!(token.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert!(token.as_str().len() <= TOKEN_LENGTH_MAX);
    }
    assert_eq!(
        keys.token(&partner_id("fabrikam")).as_str(),
        "AXL-gSwS86tM5mZhYnJpa2FtUkESiZyhfYp_BjXf6rQfeeacdgXvN4brUCgpxVKQSEww9TnUulxCxuIliGPhcWjtR1Z3tB71mD75FCk760AwCA",
        "links already sent must go on working"
    );
}

#[test]
fn a_link_is_the_base_the_path_and_the_token() {
    let token = ring().token(&partner_id("fabrikam"));
    let link = format!("https://standing.example/v1/relationship-requests/{token}");
    assert_eq!(token.link("https://standing.example/v1"), link);
    assert_eq!(token.link("https://standing.example/v1/"), link);
}

#[test]
fn every_string_that_is_not_exactly_a_token_is_refused() {
    let keys = ring();
    let token = keys.token(&partner_id("fabrikam")).to_string();
    for wrong in [
        String::new(),
        "A".to_owned(),
        "fabrikam".to_owned(),
        token[1..].to_owned(),
        token[..token.len() - 1].to_owned(),
        format!("{token}A"),
        format!("{token}AAAA"),
        format!("{token}="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{token}/"),
        token.to_uppercase(),
        token.to_lowercase(),
        token.replace('_', "/").replace('-', "+"),
        format!("{token}{token}"),
        "A".repeat(TOKEN_LENGTH_MAX),
        token.chars().rev().collect(),
        "é".repeat(40),
    ] {
        assert!(keys.verify(&wrong).is_err(), "{wrong:?}");
    }
    assert_eq!(
        keys.verify(&"A".repeat(TOKEN_LENGTH_MAX + 1)),
        Err(TokenError::TooLong { length: TOKEN_LENGTH_MAX + 1 })
    );
}

#[test]
fn the_last_character_of_a_token_has_one_spelling() {
    let keys = ring();
    // Three lengths, so that 0, 2 and 4 bits are left over in the last character.
    for id in ["a", "ab", "abc"] {
        let token = keys.token(&partner_id(id)).to_string();
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let verified = alphabet
            .chars()
            .filter(|last| keys.verify(&format!("{}{last}", &token[..token.len() - 1])).is_ok())
            .count();
        assert_eq!(verified, 1, "{id}");
    }
}

#[test]
fn a_token_signed_for_another_version_kind_or_prefix_is_refused() {
    use data_encoding::BASE64URL_NOPAD;
    use ed25519_dalek::{Signer, SigningKey};

    let keys = ring();
    let key = SigningKey::from_bytes(&[7; 32]);
    let token = keys.token(&partner_id("fabrikam"));
    let bytes = BASE64URL_NOPAD.decode(token.as_str().as_bytes()).unwrap();
    let told = &bytes[..bytes.len() - 64];
    let sign = |prefix: &[u8], told: &[u8]| {
        let signature = key.sign(&[prefix, told].concat()).to_bytes();
        BASE64URL_NOPAD.encode(&[told, &signature].concat())
    };
    let prefix = b"standing relationship request\0";
    assert_eq!(sign(prefix, told), token.as_str(), "this test signs as the ring does");
    assert_eq!(keys.verify(&sign(b"", told)), Err(TokenError::Altered));
    assert_eq!(keys.verify(&sign(b"standing checkpoint\0", told)), Err(TokenError::Altered));
    for (place, value) in [(0, 0), (0, 2), (1, b's')] {
        let mut told = told.to_vec();
        told[place] = value;
        assert_eq!(keys.verify(&sign(prefix, &told)), Err(TokenError::Kind));
    }
    for name in [&b""[..], b"a/b", b"\xff", b"fabri kam", &[b'x'; ID_LENGTH_MAX]] {
        let expected = if name.len() == ID_LENGTH_MAX { Ok(()) } else { Err(TokenError::Malformed) };
        assert_eq!(keys.verify(&sign(prefix, &[&told[..10], name].concat())).map(|_| ()), expected, "{name:?}");
    }
}

#[test]
fn a_token_of_a_foreign_ring_is_refused() {
    let token = LinkKeys::begin([8; 32], at(1)).token(&partner_id("fabrikam"));
    assert_eq!(ring().verify(token.as_str()), Err(TokenError::UnknownKey));
}

proptest! {
    #[test]
    fn a_token_with_any_one_character_changed_is_refused(
        id in "[A-Za-z0-9._~@:+-]{1,128}", place: prop::sample::Index, other in any::<u8>(),
    ) {
        let keys = ring();
        let token = keys.token(&partner_id(&id)).to_string();
        prop_assert_eq!(keys.verify(&token).unwrap().partner, partner_id(&id));
        let mut bytes = token.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = other;
        let changed = String::from_utf8_lossy(&bytes).into_owned();
        prop_assert_eq!(keys.verify(&changed).is_ok(), changed == token, "{}", changed);
    }

    #[test]
    fn a_token_with_any_one_bit_of_its_bytes_changed_is_refused(
        id in "[A-Za-z0-9._~@:+-]{1,128}", place: prop::sample::Index, bit in 0_u8..8,
    ) {
        let keys = ring();
        let mut bytes = data_encoding::BASE64URL_NOPAD.decode(keys.token(&partner_id(&id)).as_str().as_bytes()).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        prop_assert!(keys.verify(&data_encoding::BASE64URL_NOPAD.encode(&bytes)).is_err());
    }

    #[test]
    fn any_text_as_a_token_is_refused_and_nothing_breaks(text in any::<String>(), base64 in "[A-Za-z0-9_-]{0,300}") {
        prop_assert!(ring().verify(&text).is_err());
        prop_assert!(ring().verify(&base64).is_err());
    }
}

// The keys.

#[test]
fn older_links_verify_until_their_key_is_retired() {
    let id = partner_id("fabrikam");
    let mut keys = ring();
    let first = keys.list().next().unwrap().id();
    let old = keys.token(&id);
    let second = keys.rotate([8; 32], at(2)).unwrap();
    let new = keys.token(&id);
    assert_ne!(old, new);
    assert_eq!(keys.verify(old.as_str()).unwrap().partner, id);
    assert_eq!(keys.verify(new.as_str()).unwrap().partner, id);

    assert_eq!(keys.retire(second, at(3)), Err(LinkKeyError::Signing(second)));
    keys.retire(first, at(3)).unwrap();
    assert_eq!(keys.verify(old.as_str()), Err(TokenError::RetiredKey(first)));
    assert_eq!(keys.verify(new.as_str()).unwrap().partner, id);
    assert_eq!(keys.retire(first, at(4)), Err(LinkKeyError::Retired { id: first, at: at(3) }));
    let unknown: LinkKeyId = "0123456789abcdef".parse().unwrap();
    assert_eq!(keys.retire(unknown, at(4)), Err(LinkKeyError::Unknown(unknown)));
    assert_eq!(keys.rotate([7; 32], at(5)), Err(LinkKeyError::Repeated(first)), "a retired key does not come back");

    let listed: Vec<_> = keys.list().map(|key| (key.id(), key.created(), key.retired())).collect();
    assert_eq!(listed, [(second, at(2), None), (first, at(1), Some(at(3)))]);
}

#[test]
fn an_altered_token_of_a_retired_key_is_told_as_altered() {
    let mut keys = ring();
    let first = keys.list().next().unwrap().id();
    let old = keys.token(&partner_id("fabrikam")).to_string();
    keys.rotate([8; 32], at(2)).unwrap();
    keys.retire(first, at(3)).unwrap();
    let altered = format!("{}AAAA{}", &old[..old.len() - 8], &old[old.len() - 4..]);
    assert_eq!(keys.verify(&altered), Err(TokenError::Altered));
}

#[test]
fn a_full_ring_forgets_only_a_retired_key() {
    let mut keys = LinkKeys::begin([0; 32], at(0));
    for n in 1..LINK_KEYS_MAX {
        keys.rotate([u8::try_from(n).unwrap(); 32], at(1)).unwrap();
    }
    assert_eq!(keys.rotate([200; 32], at(2)), Err(LinkKeyError::Full));
    let ids: Vec<_> = keys.list().map(standing::domain::invitation::LinkKey::id).collect();
    keys.retire(ids[40], at(3)).unwrap();
    keys.retire(ids[50], at(4)).unwrap();
    keys.rotate([200; 32], at(5)).unwrap();
    assert_eq!(keys.list().count(), LINK_KEYS_MAX);
    assert!(keys.list().all(|key| key.id() != ids[40]), "the one retired longest");
    assert!(keys.list().any(|key| key.id() == ids[50]));
}

#[test]
fn an_id_of_a_link_key_is_written_in_one_way() {
    let id = ring().list().next().unwrap().id();
    assert_eq!(id.to_string(), "fe812c12f3ab4ce6");
    assert_eq!(id.to_string().parse(), Ok(id));
    for wrong in ["", "FE812C12F3AB4CE6", "fe812c12f3ab4ce", "fe812c12f3ab4ce600", "fe812c12f3ab4ceg", "é"] {
        assert!(wrong.parse::<LinkKeyId>().is_err(), "{wrong}");
    }
}

fn document() -> Value {
    let mut keys = ring();
    let first = keys.list().next().unwrap().id();
    keys.rotate([8; 32], at(2)).unwrap();
    keys.retire(first, at(3)).unwrap();
    serde_json::to_value(&keys).unwrap()
}

#[test]
fn stored_keys_read_back_equal() {
    let document = document();
    assert_eq!(document["v"], 1);
    assert_eq!(document["keys"][0]["created"], "1970-01-01T00:00:02Z");
    assert_eq!(document["keys"][1]["seed"], data_encoding::BASE64URL_NOPAD.encode(&[7; 32]));
    assert_eq!(document["keys"][1]["retired"], "1970-01-01T00:00:03Z");
    assert!(document["keys"][0].get("retired").is_none());
    let keys: LinkKeys = serde_json::from_str(&document.to_string()).unwrap();
    assert_eq!(serde_json::to_value(&keys).unwrap(), document);
    assert_eq!(keys.token(&partner_id("x")), LinkKeys::begin([8; 32], at(9)).token(&partner_id("x")));
}

type Damage = Box<dyn Fn(&mut Value)>;

#[test]
fn damaged_or_later_keys_are_refused_without_telling_a_seed() {
    let seed = data_encoding::BASE64URL_NOPAD.encode(&[7; 32]);
    let cases: Vec<(&str, Damage)> = vec![
        ("stored in version 2 and this program reads 1", Box::new(|d| *d = json!({"v": 2, "ring": "otherwise"}))),
        ("`v` is no version", Box::new(|d| d["v"] = json!("1"))),
        ("`v` is no version", Box::new(|d| *d = json!([]))),
        ("unknown", Box::new(|d| d["more"] = json!(1))),
        ("unknown", Box::new(|d| d["keys"][0]["more"] = json!(1))),
        ("missing", Box::new(|d| drop(d["keys"][0].as_object_mut().unwrap().remove("created")))),
        ("another kind", Box::new(|d| d["keys"][1]["created"] = d["keys"][1]["seed"].clone())),
        ("another kind", Box::new(|d| d["keys"][1] = d["keys"][1]["seed"].clone())),
        ("there is no key", Box::new(|d| d["keys"] = json!([]))),
        ("newest key is retired", Box::new(|d| d["keys"][0]["retired"] = json!("1970-01-01T00:00:03Z"))),
        ("twice", Box::new(|d| d["keys"][1] = d["keys"][0].clone())),
        ("belongs to", Box::new(|d| d["keys"][0]["seed"] = d["keys"][1]["seed"].clone())),
        ("no id of a link key", Box::new(|d| d["keys"][0]["id"] = json!("X"))),
        ("not 32 bytes", Box::new(|d| d["keys"][0]["seed"] = json!("AAAA"))),
        (
            "not 32 bytes",
            Box::new(|d| d["keys"][0]["seed"] = json!(format!("{}=", d["keys"][1]["seed"].as_str().unwrap()))),
        ),
        ("too many", Box::new(|d| d["keys"] = json!(vec![d["keys"][0].clone(); LINK_KEYS_MAX + 1]))),
    ];
    for (told, damage) in cases {
        let mut document = document();
        damage(&mut document);
        let error = serde_json::from_value::<LinkKeys>(document).unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
        assert!(!error.contains(&seed), "{error}");
    }
}

#[test]
fn no_seed_is_printed() {
    let keys: LinkKeys = serde_json::from_value(document()).unwrap();
    let printed = format!("{keys:?} {keys:#?} {:?}", keys.list().collect::<Vec<_>>());
    assert!(printed.contains("fe812c12f3ab4ce6"));
    for seed in [[7_u8; 32], [8; 32]] {
        for spelled in [
            data_encoding::BASE64URL_NOPAD.encode(&seed),
            data_encoding::HEXLOWER.encode(&seed),
            format!("{seed:?}"),
            format!("{}, {}", seed[0], seed[0]),
        ] {
            assert!(!printed.contains(&spelled), "{printed}");
        }
    }
}

// The email.

#[test]
fn an_email_is_two_paragraphs_and_the_link_and_the_same_every_time() {
    let email = email();
    assert_eq!(email, self::email());
    assert_eq!(email.paragraphs().len(), 2);
    assert!(email.paragraphs().iter().all(|paragraph| paragraph.contains("Fabrikam")));
    assert!(email.subject().contains("Fabrikam"));
    assert_eq!(
        email.text(),
        format!(
            "{}\n\n{}\n\nTo accept this request, follow this link:\n{}\n\nFor each service only one partner that sells \
             to you can hold these privileges, so accepting may end the delegated administration of the partner that \
             holds them now. What that partner sold you stays as it is.\n\nOnly a global administrator of your \
             organization can accept. You can review your partners, and remove delegated administrative privileges \
             from any of them, on your Partner Relationships page at any time.",
            email.paragraphs()[0],
            email.paragraphs()[1],
            link()
        )
    );
    let value = serde_json::to_value(&email).unwrap();
    let members: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["subject", "paragraphs", "text"]);
}

#[test]
fn an_unedited_email_is_accepted_whatever_the_partner_is_called() {
    for name in [
        "Fabrikam",
        "  Fabrikam  ",
        "世纪互联",
        "شركة \u{200C} x",
        "a\u{202E}b",
        "\u{202E}",
        " ",
        "https://evil.example/relationship-requests/x",
        "line\u{2028}separator",
        &link(),
        &"n".repeat(1024),
    ] {
        let email = Email::of(&partner(name), &link());
        assert_eq!(email.edited(email.text()), Ok(email.clone()), "{name:?}");
        assert_eq!(email.with_paragraphs(email.paragraphs()), Ok(email.clone()), "{name:?}");
        assert!(!email.subject().contains('\u{202E}'));
    }
    assert!(Email::of(&partner("\u{202E}"), &link()).subject().starts_with("fabrikam "));
}

#[test]
fn the_first_two_paragraphs_may_be_edited_or_deleted() {
    let email = email();
    let ending = &email.text()[email.text().find("To accept").unwrap()..];
    for (introduction, paragraphs) in [
        ("", vec![]),
        ("\n\n", vec![]),
        ("Dear Contoso,\nhow are you?\n\n", vec!["Dear Contoso,\nhow are you?"]),
        ("Dear Contoso,\n\n\n  \n\nhow are you? \t\n\n", vec!["Dear Contoso,", "how are you?"]),
        (
            "Dear\tContoso 👋\u{200D}\n \nsee https://fabrikam.example/about\n\n",
            vec!["Dear\tContoso 👋\u{200D}", "see https://fabrikam.example/about"],
        ),
        ("您好\n\n", vec!["您好"]),
    ] {
        let text = format!("{introduction}{ending}");
        let edited = email.edited(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(edited.paragraphs(), paragraphs);
        assert_eq!(edited.subject(), email.subject());
        assert!(edited.text().ends_with(ending));
        assert_eq!(edited.edited(edited.text()), Ok(edited.clone()), "editing nothing changes nothing");
        assert_eq!(email.edited(&text.replace('\n', "\r\n")), Ok(edited.clone()));
        assert_eq!(email.edited(&text.replace('\n', "  \n")), Ok(edited.clone()));
        assert_eq!(email.edited(&format!("{text}\n\n \t\n")), Ok(edited.clone()));
        assert_eq!(email.with_paragraphs(edited.paragraphs()), Ok(edited));
    }
}

#[test]
fn an_email_without_the_untouched_link_in_its_place_is_refused() {
    let email = email();
    let (text, link) = (email.text(), link());
    let other = ring().token(&partner_id("contoso")).link("https://standing.example/v1");
    let (host, token) = link.split_once(LINK_PATH).unwrap();
    let instead = |new: &str| text.replace(&link, new);
    let before = |new: &str| format!("{new}\n\n{}", &text[text.find("To accept").unwrap()..]);
    for (edited, error) in [
        (String::new(), EmailError::LinkMissing),
        ("Dear Contoso, no link here".to_owned(), EmailError::LinkMissing),
        (instead(""), EmailError::LinkMissing),
        (instead("https://standing.example/"), EmailError::LinkMissing),
        (instead(&link[..link.len() - 1]), EmailError::LinkTouched),
        (instead(&format!("{link}x")), EmailError::LinkTouched),
        (instead(&format!("{link}?x=1")), EmailError::LinkTouched),
        (instead(&format!("{link}#x")), EmailError::LinkTouched),
        (instead(&format!("{link}.")), EmailError::LinkTouched),
        (instead(&format!("<{link}>")), EmailError::LinkTouched),
        (instead(&format!("https://evil.example/?u={link}")), EmailError::LinkTouched),
        (instead(&format!("https://evil.example@{link}")), EmailError::LinkTouched),
        (instead(&format!("\u{200B}{link}")), EmailError::LinkTouched),
        (instead(&format!("{link}\u{200D}")), EmailError::LinkTouched),
        (instead(&format!("{link}\u{2060}")), EmailError::LinkTouched),
        (instead(&format!("\u{FEFF}{link}")), EmailError::LinkTouched),
        (instead(&format!("{host}{LINK_PATH}\u{200B}{token}")), EmailError::LinkTouched),
        (instead(&link.to_uppercase()), EmailError::LinkTouched),
        (instead(&link.replace("https", "http")), EmailError::LinkTouched),
        (instead(&link.replace("standing.example", "standing.evil.example")), EmailError::LinkTouched),
        (instead(&link.replace("requests", "r\u{435}quests")), EmailError::LinkTouched),
        (instead(&link.replace('/', "%2F")), EmailError::LinkTouched),
        (instead(&format!("{host}{LINK_PATH}\n{token}")), EmailError::LinkTouched),
        (instead(&other), EmailError::LinkTouched),
        (instead(&format!("{link}\n{other}")), EmailError::LinkTouched),
        (before(&other), EmailError::LinkTouched),
        (before(&format!("https://evil.example/{token}")), EmailError::LinkTouched),
        (before(&token[..16]), EmailError::LinkTouched),
        (before("see /Relationship-Requests/ please"), EmailError::LinkTouched),
        (format!("{text}\n\n{other}"), EmailError::LinkTouched),
        (instead(&format!("{link} {link}")), EmailError::LinkRepeated),
        (before(&link), EmailError::LinkRepeated),
        (link.clone(), EmailError::EndingChanged),
        (instead(&format!("{link}\nor do not")), EmailError::EndingChanged),
        (instead(&format!("click {link}")), EmailError::EndingChanged),
        (instead(&format!("{link}\u{A0}click")), EmailError::EndingChanged),
        (instead(&format!("{link}\u{2028}click")), EmailError::EndingChanged),
        (format!("{text}\n\nP.S. Bye"), EmailError::EndingChanged),
        (format!("{text} Bye"), EmailError::EndingChanged),
        (text.replace("Only a global", "Any"), EmailError::EndingChanged),
        (text.replace("To accept this", "To refuse this"), EmailError::EndingChanged),
        (text.replace("\n\nTo accept", "\nTo accept"), EmailError::EndingChanged),
        (text[..text.find("\n\nOnly").unwrap()].to_owned(), EmailError::EndingChanged),
        (before("a\n\nb\n\nc"), EmailError::TooManyParagraphs { count: 3 }),
        (before("a\u{0}"), EmailError::ControlCharacter { character: '\0' }),
        (before("a\rb"), EmailError::ControlCharacter { character: '\r' }),
        (before("a\u{85}b"), EmailError::ControlCharacter { character: '\u{85}' }),
        (before("a\u{1b}[2J"), EmailError::ControlCharacter { character: '\u{1b}' }),
        (before("a\u{202E}b"), EmailError::DirectionControl { character: '\u{202E}' }),
        (instead(&format!("\u{2066}{link}\u{2069}")), EmailError::DirectionControl { character: '\u{2066}' }),
        (
            before(&"x".repeat(PARAGRAPH_LENGTH_MAX + 1)),
            EmailError::ParagraphTooLong { length: PARAGRAPH_LENGTH_MAX + 1 },
        ),
        ("x".repeat(EMAIL_LENGTH_MAX + 1), EmailError::TooLong { length: EMAIL_LENGTH_MAX + 1 }),
    ] {
        assert_eq!(email.edited(&edited), Err(error), "{edited:?}");
    }
    assert!(email.edited(&before(&"x".repeat(PARAGRAPH_LENGTH_MAX))).is_ok());
    assert!(email.edited(&before(&token[..15])).is_ok(), "so few characters may be an accident");
}

#[test]
fn paragraphs_are_held_to_the_same_rules_as_an_edited_text() {
    let email = email();
    let ours = |paragraphs: &[&str]| {
        email.with_paragraphs(&paragraphs.iter().map(|&paragraph| paragraph.to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(ours(&["", " \r\n\t"]).unwrap().paragraphs(), [""; 0]);
    assert_eq!(ours(&["a \r\nb", ""]).unwrap().paragraphs(), ["a\nb"]);
    assert_eq!(ours(&["", "b"]).unwrap().paragraphs(), ["b"]);
    assert_eq!(ours(&["a\n\nb"]).unwrap().paragraphs(), ["a", "b"]);
    let token = ring().token(&partner_id("fabrikam")).to_string();
    for (paragraphs, error) in [
        (vec!["a", "b", ""], EmailError::TooManyParagraphs { count: 3 }),
        (vec!["a\n\nb", "c"], EmailError::TooManyParagraphs { count: 3 }),
        (vec![&*link()], EmailError::LinkRepeated),
        (vec!["a", &format!("<{}>", link())], EmailError::LinkTouched),
        (vec![&token[..40]], EmailError::LinkTouched),
        (vec!["https://evil.example/relationship-requests/x"], EmailError::LinkTouched),
        (vec!["a\u{7}"], EmailError::ControlCharacter { character: '\u{7}' }),
        (vec!["a\u{2069}"], EmailError::DirectionControl { character: '\u{2069}' }),
        (
            vec![&"x".repeat(PARAGRAPH_LENGTH_MAX + 1)],
            EmailError::ParagraphTooLong { length: PARAGRAPH_LENGTH_MAX + 1 },
        ),
        (vec!["x", &"x".repeat(EMAIL_LENGTH_MAX)], EmailError::TooLong { length: EMAIL_LENGTH_MAX + 1 }),
    ] {
        assert_eq!(ours(&paragraphs), Err(error), "{paragraphs:?}");
    }
}

#[test]
fn errors_of_the_invitation_are_one_lower_case_sentence_that_says_what_to_do() {
    let id: LinkKeyId = "0123456789abcdef".parse().unwrap();
    let told = [
        LinkKeyError::Unknown(id).to_string(),
        LinkKeyError::Signing(id).to_string(),
        LinkKeyError::Full.to_string(),
        TokenError::TooLong { length: 999 }.to_string(),
        TokenError::Malformed.to_string(),
        TokenError::Kind.to_string(),
        TokenError::UnknownKey.to_string(),
        TokenError::Altered.to_string(),
        TokenError::RetiredKey(id).to_string(),
        EmailError::TooLong { length: 99_999 }.to_string(),
        EmailError::ParagraphTooLong { length: 99_999 }.to_string(),
        EmailError::TooManyParagraphs { count: 3 }.to_string(),
        EmailError::ControlCharacter { character: '\0' }.to_string(),
        EmailError::DirectionControl { character: '\u{202E}' }.to_string(),
        EmailError::LinkMissing.to_string(),
        EmailError::LinkTouched.to_string(),
        EmailError::LinkRepeated.to_string(),
        EmailError::EndingChanged.to_string(),
        JsonError::Empty.to_string(),
        JsonError::NotUtf8.to_string(),
        JsonError::TooDeep { depth_max: 64 }.to_string(),
    ];
    for told in told {
        assert!(!told.starts_with(char::is_uppercase) && !told.ends_with('.'), "{told}");
        assert!(told.contains(';'), "what to do next: {told}");
        assert!(told.chars().all(|character| !character.is_control()), "{told}");
    }
}

proptest! {
    #[test]
    fn any_change_inside_the_link_is_refused(place: prop::sample::Index, new in "\\PC{0,3}", cut in 0_usize..3) {
        let (email, link) = (email(), link());
        let start = place.index(link.len());
        let end = (start + cut).min(link.len());
        let changed = format!("{}{new}{}", &link[..start], &link[end..]);
        let text = email.text().replace(&link, &changed);
        prop_assert_eq!(email.edited(&text).is_ok(), changed == link, "{}", changed);
    }

    #[test]
    fn whatever_is_accepted_holds_the_link_once_and_the_ending_as_it_was(
        parts in prop::collection::vec(
            prop_oneof![
                3 => Just("LINK".to_owned()),
                3 => Just("ENDING".to_owned()),
                1 => Just("TOKEN".to_owned()),
                2 => Just("\n\n".to_owned()),
                1 => Just("\r\n".to_owned()),
                1 => Just(" ".to_owned()),
                3 => any::<String>(),
                3 => "[a-z ]{0,9}",
            ],
            0..8,
        ),
    ) {
        let (email, link) = (email(), link());
        let ending = email.text()[email.text().find("To accept").unwrap()..].to_owned();
        let token = link.rsplit('/').next().unwrap();
        let text: String =
            parts.iter().map(|part| match part.as_str() {
                "LINK" => &link,
                "ENDING" => &ending,
                "TOKEN" => token,
                part => part,
            }).collect();
        if let Ok(edited) = email.edited(&text) {
            prop_assert_eq!(edited.text().matches(&*link).count(), 1);
            prop_assert_eq!(edited.text().matches(token).count(), 1);
            prop_assert_eq!(edited.text().matches(LINK_PATH).count(), 1);
            prop_assert!(edited.text().ends_with(&ending));
            prop_assert!(edited.paragraphs().len() <= 2);
            prop_assert_eq!(edited.edited(edited.text()), Ok(edited.clone()));
        }
    }

    #[test]
    fn plain_words_before_the_link_are_always_accepted(a in "[\\p{L}\\p{N} ,.!?]{0,80}", b in "[\\p{L}\\p{N} ,.!?\n]{0,80}") {
        let b = b.replace("\n\n", "\n");
        let b = b.split('\n').filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n");
        let email = email();
        let by_paragraphs = email.with_paragraphs(&[a.clone(), b.clone()]).unwrap();
        let ending = &email.text()[email.text().find("To accept").unwrap()..];
        prop_assert_eq!(email.edited(&format!("{a}\n\n{b}\n\n{ending}")), Ok(by_paragraphs));
    }
}

// The reader of request bodies.

fn read(text: &str) -> Result<Value, JsonError> {
    json::read(text.as_bytes(), 64)
}

#[test]
fn json_with_one_meaning_is_read_as_it_is() {
    for text in [
        "null",
        "true",
        " 1 ",
        "-0",
        "1e300",
        "18446744073709551615",
        "-9223372036854775808",
        "\"\"",
        "[]",
        "{}",
        r#"{"a":{"a":[{"a":1},{"a":2}]},"b":"\ud83d\ude00","":0}"#,
        "\"\u{0}\"".replace('\0', "\\u0000").as_str(),
        "\t\r\n[1,\n2]\n",
    ] {
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(read(text), Ok(expected), "{text}");
    }
}

#[test]
fn json_that_is_broken_or_has_two_meanings_is_refused_at_its_place() {
    let malformed = |line, column, message: &str| JsonError::Malformed { line, column, message: message.to_owned() };
    let duplicate = |name: &str, line, column| JsonError::Duplicate { name: name.to_owned(), line, column };
    for (text, error) in [
        ("", JsonError::Empty),
        (" \t\r\n", JsonError::Empty),
        ("\u{A0}", malformed(1, 1, "expected value")),
        (
            "\u{FEFF}{}",
            malformed(1, 1, "expected value, and a byte order mark stands there: save the text as UTF-8 without one"),
        ),
        ("{", malformed(1, 1, "EOF while parsing an object")),
        ("{}{}", malformed(1, 3, "trailing characters")),
        ("1 2", malformed(1, 3, "trailing characters")),
        ("[1,]", malformed(1, 4, "trailing comma")),
        ("{'a':1}", malformed(1, 2, "key must be a string")),
        ("{1:1}", malformed(1, 2, "key must be a string")),
        ("NaN", malformed(1, 1, "expected value")),
        ("01", malformed(1, 2, "invalid number")),
        ("1e400", malformed(1, 5, "number out of range")),
        ("[\n -1e400]", malformed(2, 7, "number out of range")),
        (r#""\ud83d""#, malformed(1, 8, "unexpected end of hex escape")),
        (r#""\ude00""#, malformed(1, 7, "lone leading surrogate in hex escape")),
        (r#"{"\ud83d\u0020":1}"#, malformed(1, 14, "lone leading surrogate in hex escape")),
        ("\"a\nb\"", malformed(2, 0, "control character (\\u0000-\\u001F) found while parsing a string")),
        (r#"{"a":1,"a":1}"#, duplicate("a", 1, 10)),
        ("{\"a\":1,\n \"b\":[{\"c\":1,\n\"c\":{\"a\":[", duplicate("c", 3, 3)),
        (r#"{"a":{"x":1},"b":1,"\u0061":1}"#, duplicate("a", 1, 27)),
        (r#"{"":1,"":1}"#, duplicate("", 1, 8)),
        ("{\"\\n\":1,\"\\n\":1}", duplicate("\\n", 1, 12)),
        (
            r#"{"a":[{"$serde_json::private::RawValue":"{}"}]}"#,
            JsonError::Reserved { name: "$serde_json::private::RawValue".to_owned(), line: 1, column: 39 },
        ),
    ] {
        assert_eq!(read(text), Err(error), "{text:?}");
    }
    assert_eq!(json::read(b"\"\xff\"", 64), Err(JsonError::NotUtf8));
    assert_eq!(json::read(b"\"\xed\xa0\x80\"", 64), Err(JsonError::NotUtf8), "half a surrogate pair in bytes");
    let Err(JsonError::Duplicate { name, .. }) = read(&format!(r#"{{"{0}":1,"{0}":2}}"#, "é".repeat(100_000))) else {
        panic!("a duplicate")
    };
    assert_eq!(name.chars().count(), 201);
}

#[test]
fn nesting_is_read_to_the_limit_and_no_deeper() {
    for depth_max in [0, 1, 2, 64, DEPTH_CEILING] {
        for (open, inner, close) in [("[", "", "]"), ("[", "1", "]"), ("{\"a\":", "1", "}"), ("[{\"a\":", "[]", "}]")] {
            let width = open.matches(['[', '{']).count();
            let extra = inner.matches('[').count();
            for count in 0..=depth_max + 1 {
                let depth = count * width + extra;
                let inner = if inner.is_empty() && count == 0 { "1" } else { inner };
                let text = format!("{}{inner}{}", open.repeat(count), close.repeat(count));
                let read = json::read(text.as_bytes(), depth_max);
                if depth <= depth_max {
                    assert!(read.is_ok(), "{depth} of {depth_max}: {read:?}");
                } else {
                    assert_eq!(read, Err(JsonError::TooDeep { depth_max }), "{depth}");
                }
            }
        }
    }
    let text = format!("{}{}", "[".repeat(DEPTH_CEILING + 1), "]".repeat(DEPTH_CEILING + 1));
    assert_eq!(json::read(text.as_bytes(), usize::MAX), Err(JsonError::TooDeep { depth_max: DEPTH_CEILING }));
}

#[test]
fn ten_megabytes_of_malice_take_no_stack_and_little_time() {
    let size = 10 * 1024 * 1024;
    let mut members = String::from("{");
    for n in 0..400_000 {
        write!(members, "\"member number {n}\":0,").unwrap();
    }
    members.push_str("\"member number 0\":0}");
    let hostile: Vec<(&str, String, bool)> = vec![
        ("open brackets", "[".repeat(size), true),
        ("open objects", "{\"a\":".repeat(size / 5), true),
        ("white space, then brackets", format!("{}{}", "\n".repeat(size), "[".repeat(200)), true),
        (
            "a thousand shallow towers",
            format!("[{}0]", format!("{}{},", "[".repeat(60), "]".repeat(60)).repeat(size / 121)),
            false,
        ),
        ("one object, its last member twice", members, true),
        ("many numbers", format!("[{}0]", "0,".repeat(size / 2)), false),
        ("one long number", "1".repeat(size), true),
        ("one long string", format!("\"{}\"", "\\u0041".repeat(size / 6)), false),
    ];
    for (what, text, refused) in hostile {
        let began = Instant::now();
        // A small stack shows that the depth of the walk does not follow the body.
        let result = std::thread::Builder::new()
            .stack_size(512 * 1024)
            .spawn(move || json::read(text.as_bytes(), 64).map(|_| ()))
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(result.is_err(), refused, "{what}: {result:?}");
        let took = began.elapsed();
        println!("{what}: {took:?}");
        assert!(took < Duration::from_secs(30), "{what} took {took:?}");
    }
}

proptest! {
    #[test]
    fn every_value_written_is_read_back(value in value()) {
        prop_assert_eq!(json::read(value.to_string().as_bytes(), 64), Ok(value.clone()));
        prop_assert_eq!(json::read(format!("{value:#}").as_bytes(), 64), Ok(value));
    }

    #[test]
    fn what_is_accepted_is_what_serde_json_reads(bytes in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        "[\\[\\]{}\",:0-9eE.\\-+a\\\\untrlf ]{0,40}".prop_map(String::into_bytes),
    ]) {
        match json::read(&bytes, 64) {
            Ok(value) => prop_assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value),
            Err(JsonError::Duplicate { .. }) => {}
            Err(error) => prop_assert!(serde_json::from_slice::<Value>(&bytes).is_err(), "{}", error),
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Order {
    quantity: u32,
    #[serde(default)]
    lines: Vec<Line>,
    #[serde(default)]
    kind: Option<PartnerKind>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Line {
    partner: PartnerId,
}

#[test]
fn a_value_of_another_shape_is_refused_with_the_member_that_is_wrong() {
    assert_eq!(
        json::of(json!({"quantity": 3, "lines": [{"partner": "fabrikam"}]})),
        Ok(Order { quantity: 3, lines: vec![Line { partner: partner_id("fabrikam") }], kind: None })
    );
    for (value, told) in [
        (json!({"quantity": "x"}), "member `quantity`: invalid type: string \"x\", expected u32"),
        (json!({"quantity": -1}), "member `quantity`: invalid value: integer `-1`, expected u32"),
        (json!({"quantity": null}), "member `quantity`: invalid type: null, expected u32"),
        (json!({"quantity": {}}), "member `quantity`: invalid type: object, expected u32"),
        (json!({}), "the body: missing member `quantity`"),
        (json!(5), "the body: invalid type: integer `5`, expected an object"),
        (json!({"quantity": 1, "lines": {}}), "member `lines`: invalid type: object, expected an array"),
        (json!({"quantity": 1, "lines": [7]}), "member `lines[0]`: invalid type: integer `7`, expected an object"),
        (json!({"quantity": 1, "lines": [{"partner": "a"}, {}]}), "member `lines[1]`: missing member `partner`"),
        (
            json!({"quantity": 1, "more": 2}),
            "member `more`: unknown member `more`, expected one of `quantity`, `lines`, `kind`",
        ),
        (
            json!({"quantity": 1, "lines": [{"partner": "a", "x\n": 1}]}),
            "member `lines[0].x\\n`: unknown member `x\\n`, expected `partner`",
        ),
        (
            json!({"quantity": 1, "lines": [{"partner": "a/b"}]}),
            "member `lines[0].partner`: partner `a/b` holds `/`; use only `A-Za-z0-9._~@:+-`",
        ),
        (
            json!({"quantity": 1, "kind": "reseller"}),
            "member `kind`: unknown variant `reseller`, expected one of `directBill`, `indirectProvider`, \
             `indirectReseller`, `advisor`",
        ),
    ] {
        assert_eq!(json::of::<Order>(value.clone()).unwrap_err().to_string(), told, "{value}");
    }
    let long = json::of::<Order>(json!({"quantity": "x".repeat(1_000_000)})).unwrap_err();
    assert!(matches!(&long, ShapeError::Member { path, .. } if path == "quantity"));
    assert!(long.to_string().len() < 1_000);
}

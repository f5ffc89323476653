//! Sessions of the pages, held to a model by the clock: idle, over, ended, and gone with their token.

use standing::caller::{Caller, Identity, Proof};
use standing::change;
use standing::change::sessions::{Beginning, Begun, SessionError, begin_session, end_session, open_session};
use standing::change::tokens::{NewToken, Speaker};
use standing::clock::{Clock as _, Timestamp};
use standing::config::pages::SessionSettings;
use standing::facts::Role;
use standing::pdp::call::{Call, CallError};

use crate::stage::{Stage, operator};
use crate::worlds::Chance;

/// A session as the model has it: when it began, when it was seen last, and whether it was ended.
struct Known {
    begun: Begun,
    call: Call,
    from: Timestamp,
    seen: Timestamp,
    has_ended: bool,
}

fn pass(stage: &Stage, minutes: i64) {
    stage.clock.set(stage.clock.now().checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap());
}

/// A token of somebody, and calls of whoever holds it.
async fn hired(stage: &Stage) -> (standing::id::TokenId, Call) {
    let new = NewToken::of(Speaker::Role(Role::Auditor));
    let issued = change::tokens::create_token(&stage.pdp, &operator(), new).await.unwrap().value;
    let identity = change::tokens::authenticate(&stage.pdp, &issued.token).unwrap().unwrap();
    (issued.id, Call::by(identity))
}

#[tokio::test]
async fn a_session_opens_until_it_is_idle_over_or_ended_and_never_after() {
    let lasts = SessionSettings::default();
    for seed in 0..4 {
        let (stage, mut chance, mut known) = (Stage::new(), Chance::of(seed), Vec::<Known>::new());
        for _ in 0..120 {
            match chance.below(6) {
                0 if known.len() < 8 => {
                    let (_, call) = hired(&stage).await;
                    let begun = begin_session(&stage.pdp, &call, Beginning::default()).await.unwrap();
                    let now = stage.clock.now();
                    known.push(Known { begun, call, from: now, seen: now, has_ended: false });
                }
                1 if !known.is_empty() => {
                    let one = chance.below(known.len());
                    end_session(&stage.pdp, &known[one].call, &known[one].begun.id).await.unwrap();
                    known[one].has_ended = true;
                }
                _ => pass(&stage, i64::try_from(chance.below(24)).unwrap()),
            }
            let now = stage.clock.now();
            for session in &mut known {
                let is_idle = now.duration_since(session.seen) >= lasts.idle();
                let is_over = now.duration_since(session.from) >= lasts.whole();
                let found = open_session(&stage.pdp, &session.begun.secret, lasts).await.unwrap();
                assert_eq!(found.is_some(), !(session.has_ended || is_idle || is_over), "seed {seed}");
                if let Some(found) = found {
                    assert_eq!(found.identity.caller, session.call.caller);
                    // That it was seen is written every five minutes.
                    if now.duration_since(session.seen) >= lasts.idle() / 6 {
                        session.seen = now;
                    }
                }
            }
        }
        assert!(known.len() > 3, "something was tried");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_token_and_nobody_elses() {
    let (stage, lasts) = (Stage::new(), SessionSettings::default());
    let (revoked, one) = hired(&stage).await;
    let (_, other) = hired(&stage).await;
    let (one, other) = (
        begin_session(&stage.pdp, &one, Beginning::default()).await.unwrap(),
        begin_session(&stage.pdp, &other, Beginning::default()).await.unwrap(),
    );
    change::tokens::revoke_token(&stage.pdp, &operator(), &revoked).await.unwrap();
    assert_eq!(open_session(&stage.pdp, &one.secret, lasts).await.unwrap(), None);
    assert!(open_session(&stage.pdp, &other.secret, lasts).await.unwrap().is_some());
}

#[tokio::test]
async fn a_shorter_session_is_over_earlier_and_one_that_is_used_is_not_idle() {
    let (stage, lasts) = (Stage::new(), SessionSettings { idle_minutes: 1, hours: 1, ..SessionSettings::default() });
    let caller = Caller::Operator { id: "ada".to_owned(), role: Role::Auditor };
    let unproved = Call::by(Identity { caller, person: None, proof: Proof::Unasked, until: None });
    let begun = begin_session(&stage.pdp, &unproved, Beginning::default()).await.unwrap();
    for _ in 0..119 {
        stage.clock.set(stage.clock.now().checked_add(jiff::SignedDuration::from_secs(30)).unwrap());
        assert!(open_session(&stage.pdp, &begun.secret, lasts).await.unwrap().is_some());
    }
    stage.clock.set(stage.clock.now().checked_add(jiff::SignedDuration::from_secs(30)).unwrap());
    assert_eq!(open_session(&stage.pdp, &begun.secret, lasts).await.unwrap(), None, "an hour is over");
}

#[tokio::test]
async fn no_session_goes_on_from_one_that_was_ended_or_never_was() {
    let (stage, lasts) = (Stage::new(), SessionSettings::default());
    let (_, call) = hired(&stage).await;
    let held = begin_session(&stage.pdp, &call, Beginning::default()).await.unwrap();
    let goes_on = |from: &Begun| {
        let beginning = Beginning { begun: Some(stage.pdp.now()), from: Some(from.id.clone()), ..Beginning::default() };
        begin_session(&stage.pdp, &call, beginning)
    };
    let next = goes_on(&held).await.unwrap();
    assert!(open_session(&stage.pdp, &next.secret, lasts).await.unwrap().is_some());
    end_session(&stage.pdp, &call, &held.id).await.unwrap();
    let never = Begun { id: "0".repeat(32).parse().unwrap(), secret: String::new() };
    for from in [&held, &never] {
        assert!(matches!(goes_on(from).await, Err(CallError::Refused(SessionError::Ended))), "{:?}", from.id);
    }
}

#[tokio::test]
async fn a_cookie_that_was_altered_opens_nothing() {
    let (stage, lasts) = (Stage::new(), SessionSettings::default());
    let (_, call) = hired(&stage).await;
    let Begun { secret, .. } = begin_session(&stage.pdp, &call, Beginning::default()).await.unwrap();
    assert!(open_session(&stage.pdp, &secret, lasts).await.unwrap().is_some());
    for at in 0..secret.len() {
        let mut bytes = secret.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).unwrap();
        assert_eq!(open_session(&stage.pdp, &altered, lasts).await.unwrap(), None, "{at}");
    }
    for other in ["", "=", "AAAA", &secret[..secret.len() - 1], &format!("{secret}A")] {
        assert_eq!(open_session(&stage.pdp, other, lasts).await.unwrap(), None, "{other}");
    }
}

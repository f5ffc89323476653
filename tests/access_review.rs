//! The access review is what asking everything says: who may do what, since when, and when it was last used.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use standing::answer::batch::{Batch, Semantic};
use standing::answer::past::{AsOf, ReadOptions};
use standing::clock::{Clock as _, Timestamp};
use standing::decide::Reason;
use standing::evidence::access_review::{Access, AccessOf};
use standing::id::Revision;
use standing::pdp::call::{Call, CallError};
use standing::policy::Bundle;
use standing::question::{Entity, Question};
use standing::{answer, change, evidence};

use crate::decisions::every_record;
use crate::server::{Server, question};
use crate::stage::{ACTIONS, Stage, as_customer, as_partner, operator};
use crate::worlds::{CUSTOMERS, Chance, PARTNERS, SERVICES, World, rules};

/// Subject, action and resource as a row names them.
type Key = (String, String, String);

async fn review(world: &World, call: &Call, of: &AccessOf, limit: usize) -> Vec<Access> {
    let reviewing = evidence::access_review::access_review(&world.pdp, call, of.clone(), None).await.unwrap().value;
    let (mut rows, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = reviewing.page(limit, cursor.as_deref()).unwrap();
        assert!(page.items.len() <= limit);
        rows.extend(page.items);
        cursor = Some(match page.next {
            Some(next) => next,
            None => return rows,
        });
    }
}

fn key(row: &Access) -> Key {
    let spelt = |named: &standing::answer::what_if::Named| format!("{}::{}", named.kind, named.id);
    (spelt(&row.subject), row.action.clone(), spelt(&row.resource))
}

fn questions() -> Vec<Question> {
    let mut resources: Vec<Entity> = (0..40).map(|number| Entity::new("Subscription", format!("s-{number}"))).collect();
    for customer in CUSTOMERS {
        resources.extend(SERVICES.iter().map(|service| Entity::new("Service", format!("{customer}/{service}"))));
    }
    let mut questions = Vec::new();
    for partner in PARTNERS {
        for resource in &resources {
            for action in ACTIONS {
                questions.push(Question::new(Entity::new("Partner", partner), action, resource.clone()));
            }
        }
    }
    questions
}

fn key_of(question: &Question) -> Key {
    let spelt = |entity: &Entity| format!("{}::{}", entity.kind, entity.id);
    (spelt(&question.subject), question.action.name.clone(), spelt(&question.resource))
}

async fn answers(world: &World, questions: &[Question], as_of: Option<AsOf>) -> Vec<bool> {
    let mut answers = Vec::new();
    for questions in questions.chunks(5000) {
        let batch = Batch { questions: questions.iter().cloned().map(Ok).collect(), semantic: Semantic::ExecuteAll };
        let basis = ReadOptions { as_of, rules: Some("current".to_owned()), ..ReadOptions::default() };
        let told = answer::batch::ask_all(&world.pdp, &operator(), batch, &basis).await.unwrap();
        answers.extend(told.value.into_iter().map(|answer| answer.unwrap().decision.is_allowed()));
    }
    answers
}

/// Whose a resource is, by what the store lists.
async fn owners(world: &World) -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for customer in CUSTOMERS {
        for service in SERVICES {
            owners.insert(format!("Service::{customer}/{service}"), customer.to_owned());
        }
    }
    let filter = standing::change::registry::SubscriptionFilter::default();
    let page = change::registry::list_subscriptions(&world.pdp, &operator(), &filter, 1000, None).await.unwrap().value;
    for sold in page.items {
        owners.insert(format!("Subscription::{}", sold.id), sold.customer.to_string());
    }
    owners
}

/// Since when each of these has been a yes, found by asking at every revision and every hour.
async fn since(world: &World, questions: &[Question]) -> Vec<Timestamp> {
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let now = world.clock.now();
    let page = evidence::changes::changes(&world.pdp, &operator(), Revision(0), 1000).await.unwrap().value;
    assert!(page.complete);
    let mut moments: BTreeSet<(u64, Timestamp, bool)> =
        page.changes.iter().map(|change| (change.revision.0, change.at, false)).collect();
    let mut hour = begin;
    while hour <= now {
        let revision = page.changes.iter().filter(|change| change.at <= hour).map(|change| change.revision.0).max();
        moments.insert((revision.unwrap_or(0), hour, true));
        hour = hour.checked_add(jiff::Span::new().hours(1)).unwrap();
    }
    let mut since = vec![now; questions.len()];
    let mut is_open = vec![true; questions.len()];
    for (revision, at, is_time) in moments.into_iter().rev() {
        let as_of = if is_time { AsOf::Time(at) } else { AsOf::Revision(Revision(revision)) };
        for (index, allowed) in answers(world, questions, Some(as_of)).await.into_iter().enumerate() {
            is_open[index] &= allowed;
            if is_open[index] {
                since[index] = at;
            }
        }
    }
    // An hour within a revision at which nothing ended tells nothing new: what counts is when the run of yes began.
    since
}

async fn agrees_with_brute_force(rules: Bundle, seed: u64) {
    let world = World::made_up(rules, seed).await;
    let questions = questions();
    let mut chance = Chance::of(seed);
    for _ in 0..3 {
        let some: Vec<Question> = questions.iter().filter(|_| chance.below(3) == 0).cloned().collect();
        answers(&world, &some, None).await;
        world.clock.set(world.clock.now().checked_add(jiff::Span::new().minutes(7)).unwrap());
    }
    let mut last_used: BTreeMap<Key, u64> = BTreeMap::new();
    for record in every_record(&world.pdp).await {
        if record["asked"] == "evaluation" && record["decision"] == true {
            let asked: Question = serde_json::from_value(record["question"].clone()).unwrap();
            last_used.insert(key_of(&asked), record["seq"].as_u64().unwrap());
        }
    }
    let owners = owners(&world).await;
    let mut reviews = Vec::new();
    for customer in CUSTOMERS {
        let of = AccessOf::Customer(customer.parse().unwrap());
        reviews.push((of.clone(), review(&world, &as_customer(customer), &of, [1000, 3][chance.below(2)]).await));
    }
    for partner in PARTNERS {
        let of = AccessOf::Partner(partner.parse().unwrap());
        reviews.push((of.clone(), review(&world, &operator(), &of, [1000, 2][chance.below(2)]).await));
    }
    let allowed: Vec<Question> = {
        let answers = answers(&world, &questions, None).await;
        questions.into_iter().zip(answers).filter(|(_, allowed)| *allowed).map(|(question, _)| question).collect()
    };
    let begun = since(&world, &allowed).await;
    let wanted: BTreeMap<Key, (Timestamp, Option<u64>)> = allowed
        .iter()
        .zip(begun)
        .map(|(question, since)| (key_of(question), (since, last_used.get(&key_of(question)).copied())))
        .collect();
    for (of, rows) in reviews {
        let is_of = |key: &Key| match &of {
            AccessOf::Customer(customer) => owners.get(&key.2).is_some_and(|owner| owner == customer.as_str()),
            AccessOf::Partner(partner) => key.0 == format!("Partner::{partner}"),
        };
        let wanted: BTreeMap<_, _> = wanted.iter().filter(|(key, _)| is_of(key)).collect();
        let found: BTreeSet<Key> = rows.iter().map(key).collect();
        assert_eq!(found.len(), rows.len(), "world {seed} {of:?}: a row stands twice");
        assert_eq!(found, wanted.keys().map(|key| (*key).clone()).collect(), "world {seed} {of:?}");
        for row in rows {
            let (since, used) = wanted[&key(&row)];
            assert_eq!(row.since, *since, "world {seed} {of:?} {row:?}");
            assert_eq!(row.last_used.as_ref().map(|used| used.seq.0), *used, "world {seed} {of:?} {row:?}");
            assert!(!row.rules.is_empty());
        }
    }
}

#[tokio::test]
async fn a_review_is_what_asking_everything_at_every_moment_says() {
    for seed in 1..=4 {
        agrees_with_brute_force(rules(&[]), seed).await;
    }
}

#[tokio::test]
async fn a_review_is_complete_under_rules_that_let_strangers_in() {
    let stranger = r#"// May an advisor support everybody?
// In this candidate, yes.
@id("may/advise")
@title("An advisor may support every customer")
@source("ours: a test")
permit (principal is Partner, action == Action::"provideSupport", resource is Service)
when { principal.kind == "advisor" };
"#;
    agrees_with_brute_force(rules(&[("policies/may/advise.cedar", stranger)]), 2).await;
}

#[tokio::test]
async fn a_partner_and_a_customer_review_themselves_and_nobody_else() {
    let world = World::made_up(rules(&[]), 1).await;
    let refused = async |call: Call, of: AccessOf| {
        let review = evidence::access_review::access_review(&world.pdp, &call, of, None).await;
        matches!(review, Err(CallError::Denied(denied)) if denied.reason == Reason::NOT_PERMITTED)
    };
    let (c0, c1, nobody) = ("c0".parse().unwrap(), "c1".parse().unwrap(), "nobody".parse().unwrap());
    let (p0, p1) = (AccessOf::Partner("p0".parse().unwrap()), AccessOf::Partner("p1".parse().unwrap()));
    let (c0, c1, nobody) = (AccessOf::Customer(c0), AccessOf::Customer(c1), AccessOf::Customer(nobody));
    for (call, own, others) in
        [(as_customer("c0"), &c0, [&c1, &nobody, &p0]), (as_partner("p1"), &p1, [&p0, &c0, &nobody])]
    {
        assert!(evidence::access_review::access_review(&world.pdp, &call, own.clone(), None).await.is_ok());
        for other in others {
            assert!(refused(call.clone(), other.clone()).await, "{call:?} {other:?}");
        }
    }
    let rows = review(&world, &as_partner("p1"), &p1, 1000).await;
    assert!(rows.iter().all(|row| row.subject.id == "p1"));
    // A cursor that was altered leads to nobody else's.
    let foreign = review(&world, &operator(), &c1, 1000).await;
    let row = foreign.iter().find(|row| row.resource.kind == "Subscription").unwrap();
    let reviewing =
        evidence::access_review::access_review(&world.pdp, &as_customer("c0"), c0.clone(), None).await.unwrap().value;
    for cursor in [
        format!("s c0/office365 {} {} ", row.resource.id, row.subject.id),
        format!("s c1/office365 {} {} ", row.resource.id, row.subject.id),
        format!("v c1/office365  {} ", row.subject.id),
        format!("g c0/office365  {} ", row.subject.id),
    ] {
        let cursor = data_encoding::BASE64URL_NOPAD.encode(cursor.as_bytes());
        assert!(reviewing.page(100, Some(&cursor)).is_err(), "{cursor}");
    }
}

#[test]
fn the_demonstration_is_reviewed_as_json_csv_and_a_page() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    let nasty = json!({ "name": "<script>alert(1)</script> & Söhne" });
    assert_eq!(server.put("/v1/customers/adatum", &nasty).status, 200);
    assert_eq!(
        server.post("/access/v1/evaluation", &question("contoso", "removeSeats", "Subscription", "s-office")).status,
        200
    );
    let mut rows = Vec::new();
    let mut next = String::new();
    loop {
        let page = server.get(&format!("/v1/access-review?customer=adatum&limit=7{next}"));
        assert_eq!(page.status, 200, "{}", page.text);
        let page = page.json();
        rows.extend(page["access"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    let mut asked = Vec::new();
    for partner in ["contoso", "fabrikam", "northwind", "tailspin", "litware", "proseware", "stranger"] {
        for action in ACTIONS {
            for sold in ["s-office", "s-office-add-on", "s-azure", "s-suspended", "s-deleted", "s-direct", "s-intune"] {
                asked.push(question(partner, action, "Subscription", sold));
            }
            for service in ["office365", "azure", "intune", "dynamics"] {
                asked.push(question(partner, action, "Service", &format!("adatum/{service}")));
            }
        }
    }
    let answers = server.post("/access/v1/evaluations", &json!({ "evaluations": asked })).json();
    let told = |row: &Value, action: Value| format!("{} {action} {}", row["subject"], row["resource"]);
    let wanted: BTreeSet<String> = asked
        .iter()
        .zip(answers["evaluations"].as_array().unwrap())
        .filter(|(_, answer)| answer["decision"] == true)
        .map(|(asked, _)| told(asked, asked["action"]["name"].clone()))
        .collect();
    let found: BTreeSet<String> = rows.iter().map(|row| told(row, row["action"].clone())).collect();
    assert_eq!(found, wanted);
    let used = rows.iter().find(|row| row["lastUsed"]["seq"].is_u64() && row["resource"]["id"] == "s-office").unwrap();
    assert_eq!((&used["subject"]["id"], &used["action"]), (&json!("contoso"), &json!("removeSeats")));
    assert_eq!(used["rules"], json!(["may/remove-seats"]));

    let csv = server.get("/v1/access-review?customer=adatum&format=csv");
    assert!(csv.header("content-type").unwrap().starts_with("text/csv"), "{csv:?}");
    let mut reader = csv::Reader::from_reader(csv.text.as_bytes());
    assert_eq!(reader.headers().unwrap().len(), 12);
    assert_eq!(reader.records().map(Result::unwrap).count(), rows.len());
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let page = server.send("GET", "/v1/access-review?customer=adatum", &browser, None);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{page:?}");
    assert!(page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne") && !page.text.contains("<script>"));
    let pairs: BTreeSet<String> = rows.iter().map(|row| told(row, Value::Null)).collect();
    let end = format!("End of the review: {} rows.</p></body></html>\n", pairs.len());
    assert!(page.text.ends_with(&end), "{}", page.text);
    assert!(page.text.contains("@media print"));
    for (query, status, code) in [
        ("", 400, "invalid_parameter"),
        ("?customer=adatum&partner=contoso", 400, "invalid_parameter"),
        ("?customer=nobody", 404, "unknown_customer"),
        ("?partner=nobody", 404, "unknown_partner"),
        ("?customer=adatum&format=pdf", 400, "invalid_parameter"),
        ("?customer=adatum&format=csv&limit=3", 400, "unknown_parameter"),
        ("?customer=adatum&cursor=x", 400, "invalid_cursor"),
    ] {
        let answer = server.get(&format!("/v1/access-review{query}"));
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_reinstated_relationship_and_a_grant_that_was_renewed_begin_anew() {
    use standing::domain::commercial::{Outcome, Side};
    use standing::domain::partner::PartnerKind;
    let stage = Stage::new();
    stage.partner("p1", PartnerKind::DirectBill).await;
    stage.customer("c").await;
    stage.accepts("c", "p1", &["office365"]).await;
    stage.sold("s-1", "c", "office365", Some("p1")).await;
    stage.later();
    stage.renegotiates("c", "p1", Side::Customer, Outcome::End).await;
    stage.renegotiates("c", "p1", Side::Partner, Outcome::End).await;
    stage.later();
    let reinstated = stage.clock.now();
    stage.renegotiates("c", "p1", Side::Customer, Outcome::Reinstate).await;
    stage.renegotiates("c", "p1", Side::Partner, Outcome::Reinstate).await;
    stage.later();
    stage.removes("c", Some("p1"), None).await;
    stage.later();
    let renewed = stage.clock.now();
    stage.accepts("c", "p1", &["office365"]).await;
    stage.later();
    let of = AccessOf::Partner("p1".parse().unwrap());
    let rows = evidence::access_review::access_review(&stage.pdp, &as_partner("p1"), of, None)
        .await
        .unwrap()
        .value
        .page(100, None)
        .unwrap()
        .items;
    let since = |action: &str, kind: &str| {
        rows.iter().find(|row| row.action == action && row.resource.kind == kind).map(|row| row.since)
    };
    assert_eq!(since("removeSeats", "Subscription"), Some(reinstated));
    assert_eq!(since("provision", "Service"), Some(renewed));
}

#[tokio::test]
async fn a_review_of_the_past_is_what_asking_everything_of_that_moment_says() {
    for seed in 5..=6 {
        let world = World::made_up(rules(&[]), seed).await;
        let questions = questions();
        let owners = owners(&world).await;
        let newest = world.pdp.revision().0;
        // Whatever is used from here on, nobody used before.
        world.clock.set(world.clock.now().checked_add(jiff::Span::new().hours(1)).unwrap());
        let some: Vec<Question> = questions.iter().step_by(3).cloned().collect();
        answers(&world, &some, None).await;
        for revision in [newest / 4, newest / 2, newest - 1, newest] {
            let as_of = AsOf::Revision(Revision(revision));
            let allowed = answers(&world, &questions, Some(as_of)).await;
            let wanted: BTreeSet<Key> =
                questions.iter().zip(allowed).filter(|(_, allowed)| *allowed).map(|(asked, _)| key_of(asked)).collect();
            for customer in CUSTOMERS {
                let of = AccessOf::Customer(customer.parse().unwrap());
                let Ok(reviewing) =
                    evidence::access_review::access_review(&world.pdp, &operator(), of, Some(as_of)).await
                else {
                    // It was not registered yet, and nobody might do anything.
                    assert!(!wanted.iter().any(|key| owners.get(&key.2).is_some_and(|owner| owner == customer)));
                    continue;
                };
                assert_eq!(reviewing.value.revision(), Revision(revision));
                let rows: Vec<Access> = reviewing.value.pages(7).flat_map(|page| page.unwrap().items).collect();
                let is_of = |key: &&Key| owners.get(&key.2).is_some_and(|owner| owner == customer);
                let found: BTreeSet<Key> = rows.iter().map(key).collect();
                assert_eq!(found, wanted.iter().filter(is_of).cloned().collect(), "{seed} {customer} {revision}");
                let at = world.clock.now();
                assert!(rows.iter().all(|row| row.since <= at));
                if revision < newest {
                    assert!(rows.iter().all(|row| row.last_used.is_none()), "{seed} {customer} {revision}");
                }
            }
        }
    }
}

#[test]
fn a_review_of_the_past_goes_by_the_rules_of_then() {
    let folder = crate::in_force::Folder::shipped();
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo", "--rules", folder.path().to_str().unwrap()]);
    let path = "/v1/access-review?partner=contoso&limit=1000";
    let may = |review: &Value| {
        let rows = review["access"].as_array().unwrap();
        rows.iter().any(|row| row["action"] == "transition" && row["resource"]["id"] == "s-office")
    };
    let before = server.get(path).json();
    assert!(may(&before), "{before}");
    let (at, digest) = (before["at"].as_str().unwrap(), before["rules"].as_str().unwrap());
    let (file, text) = crate::shipped::TIGHTER;
    folder.write(file, text);
    let began = std::time::Instant::now();
    while server.get("/v1/rules").json()["digest"] == digest {
        assert!(began.elapsed().as_secs() < 60, "the edit does not come in force");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let after = server.get(path).json();
    assert!(!may(&after) && after["rules"] != digest, "{after}");
    let past = server.get(&format!("{path}&as_of={at}")).json();
    assert!(may(&past) && past["rules"] == digest && past["at"] == at, "{past}");
    assert_eq!(past["access"], before["access"]);
}

#[test]
fn the_printed_review_has_a_row_for_each_pair_with_names_words_and_places_to_sign() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &["--demo"]);
    server.post("/access/v1/evaluation", &question("contoso", "removeSeats", "Subscription", "s-office"));
    for query in ["customer=adatum", "partner=contoso"] {
        let rows = server.get(&format!("/v1/access-review?{query}&limit=1000")).json()["access"].clone();
        let rows = rows.as_array().unwrap();
        let page = server.get(&format!("/v1/access-review?{query}&format=html")).text;
        let pairs: BTreeSet<String> =
            rows.iter().map(|row| format!("{} {}", row["subject"], row["resource"])).collect();
        assert_eq!(page.matches("<tr><td>").count(), pairs.len(), "{page}");
        assert_eq!(page.matches("class=\"sign\"").count(), pairs.len());
        assert_eq!(page.matches('\u{2610}').count(), 2 * pairs.len(), "a box to keep and one to remove in each row");
        for row in rows {
            let word = |name: &str| row[name].as_str().unwrap().to_owned();
            assert!(page.contains(&word("subjectName")) && page.contains(&word("customerName")), "{row}");
            for id in [&row["subject"]["id"], &row["resource"]["id"]] {
                let shown = id.as_str().unwrap().rsplit('/').next().unwrap();
                assert!(page.contains(shown), "{shown}: {page}");
            }
            let since = word("since");
            let minute = format!("{} {}", &since[..10], &since[11..16]);
            assert!(page.contains(&minute) && !page.contains(&since), "minutes, and not more: {since}");
        }
        assert!(page.contains("Take seats away from a subscription"), "actions in words: {page}");
        assert!(page.contains("white-space:nowrap") && !page.contains("overflow-wrap:anywhere"), "ids are not broken");
        let digest = server.get("/v1/rules").json()["digest"].as_str().unwrap().to_owned();
        assert!(page.contains(&digest[..12]) && !page.contains(&digest[..13]), "a short digest");
        assert!(page.ends_with(&format!("End of the review: {} rows.</p></body></html>\n", pairs.len())), "{page}");
    }
}

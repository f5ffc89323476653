//! What a caller may say of the entities of a world of its own: of those that are not stored anything, of the others
//! what the schema leaves to it.

use serde_json::{Value, json};
use standing::decide::{World, decide_in};
use standing::policy::{Bundle, RuleFiles, Rulebook};
use standing::question::{Entity, Question};
use tempfile::TempDir;

use crate::server::{Answer, Server, standing};

const SCHEMA: &str = r#"
entity Team in [Team];
entity Site { open?: Bool };
entity Person in [Team] { admin?: Bool, peer?: Person, @claimable device?: String } tags String;
entity Page { public?: Bool, keeper?: Person, @claimable draft?: Bool };
action read, edit, audit appliesTo { principal: Person, resource: Page };
"#;

const RULES: &str = r#"
@id("read-as-admin")
permit (principal is Person, action == Action::"read", resource is Page)
when { principal has admin && principal.admin };

@id("read-public")
permit (principal is Person, action == Action::"read", resource is Page)
when { resource has public && resource.public };

@id("edit-on-a-managed-device")
permit (principal is Person, action == Action::"edit", resource is Page)
when { principal has device && principal.device == "managed" };

@id("edit-a-draft")
permit (principal is Person, action == Action::"edit", resource is Page)
when { resource has draft && resource.draft };

@id("never-barred")
forbid (principal is Person, action == Action::"edit", resource is Page)
when { principal.hasTag("barred") };

@id("never-suspended")
forbid (principal is Person, action == Action::"edit", resource is Page)
when { principal in Team::"suspended" };

@id("never-beside-an-admin")
forbid (principal is Person, action == Action::"edit", resource is Page)
when { principal has peer && principal.peer has admin && principal.peer.admin };

@id("never-what-an-admin-keeps")
forbid (principal is Person, action == Action::"edit", resource is Page)
when { resource has keeper && resource.keeper has peer && resource.keeper.peer has admin };

@id("audit-while-open")
permit (principal is Person, action == Action::"audit", resource is Page)
when { principal has device && Site::"hq" has open && Site::"hq".open };
"#;

fn stored() -> Value {
    let entity = |kind: &str, id: &str, attributes: Value, parents: Value| json!({ "uid": { "type": kind, "id": id }, "attrs": attributes, "parents": parents });
    let person = |id: &str| json!({ "__entity": { "type": "Person", "id": id } });
    let mut tess = entity("Person", "tess", json!({}), json!([]));
    tess["tags"] = json!({ "barred": "since may" });
    json!([
        entity("Team", "suspended", json!({}), json!([])),
        entity("Team", "night", json!({}), json!([{ "type": "Team", "id": "suspended" }])),
        entity("Site", "hq", json!({ "open": true }), json!([])),
        entity("Person", "bob", json!({}), json!([])),
        entity("Person", "dan", json!({ "device": "own" }), json!([])),
        entity("Person", "root", json!({ "admin": true }), json!([])),
        entity("Person", "pia", json!({ "peer": person("root") }), json!([])),
        entity("Person", "tim", json!({}), json!([{ "type": "Team", "id": "night" }])),
        tess,
        entity("Page", "plain", json!({}), json!([])),
        entity("Page", "kept", json!({ "keeper": person("pia") }), json!([])),
    ])
}

fn written(schema: &str, rules: &str, stored: &Value) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("policies")).unwrap();
    std::fs::write(folder.path().join("schema.cedarschema"), schema).unwrap();
    std::fs::write(folder.path().join("policies/rules.cedar"), rules).unwrap();
    std::fs::write(folder.path().join("entities.json"), stored.to_string()).unwrap();
    folder
}

fn served() -> (Server, [TempDir; 2]) {
    let (world, data) = (written(SCHEMA, RULES, &stored()), tempfile::tempdir().unwrap());
    let server = Server::start(data.path(), &["--anonymous", "--world", world.path().to_str().unwrap()]);
    (server, [world, data])
}

fn person(id: &str, properties: Value) -> Value {
    json!({ "type": "Person", "id": id, "properties": properties })
}

fn page(id: &str, properties: Value) -> Value {
    json!({ "type": "Page", "id": id, "properties": properties })
}

fn asked(subject: Value, action: &str, resource: Value) -> Value {
    json!({ "subject": subject, "action": { "name": action }, "resource": resource })
}

fn record_of(server: &Server, answer: &Answer) -> Value {
    let seq = answer.header("standing-decision").unwrap();
    server.get(&format!("/v1/decisions/{seq}")).json()
}

#[test]
fn a_claim_neither_completes_nor_changes_an_entity_that_is_stored_whatever_way_it_comes_in() {
    let (server, _folders) = served();
    let admin = || json!({ "admin": true });
    let public = || json!({ "public": true });
    let yes = |path: &str, body: Value| -> bool {
        let answer = server.post(path, &body);
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
        let answer = answer.json();
        match answer.get("evaluations").or_else(|| answer.get("results")).and_then(Value::as_array) {
            Some(items) if path.contains("search") => {
                let wanted = [json!({ "type": "Person", "id": "bob" }), json!({ "type": "Page", "id": "plain" })];
                items.iter().any(|item| wanted.contains(item) || item["name"] == "read")
            }
            Some(items) => items.iter().any(|item| item["decision"] == true),
            None => answer["decision"] == true,
        }
    };
    for (bob, plain, expected, what) in [
        (person("bob", admin()), page("plain", json!({})), false, "of a subject that is stored"),
        (person("bob", json!({})), page("plain", public()), false, "of a resource that is stored"),
        (person("bob", admin()), page("plain", public()), false, "of both"),
        (person("bob", admin()), page("new", json!({})), false, "of a subject that is stored, about what is not"),
        (person("guest", admin()), page("plain", json!({})), true, "of a subject that is not stored"),
        (person("bob", json!({})), page("new", public()), true, "of a resource that is not stored"),
    ] {
        let whole = asked(bob.clone(), "read", plain.clone());
        assert_eq!(yes("/access/v1/evaluation", whole.clone()), expected, "a single question: {what}");
        assert_eq!(yes("/access/v1/evaluations", whole.clone()), expected, "an empty batch: {what}");
        let mut defaults = whole.clone();
        defaults["evaluations"] = json!([{}, { "action": { "name": "read" } }]);
        assert_eq!(yes("/access/v1/evaluations", defaults), expected, "the defaults of a batch: {what}");
        let element = json!({ "evaluations": [whole.clone()] });
        assert_eq!(yes("/access/v1/evaluations", element), expected, "an element of a batch: {what}");
        assert_eq!(yes("/access/v1/search/action", whole.clone()), expected, "a search for actions: {what}");
        // A search looks at what is stored, so only the side that is given can be another.
        if plain["id"] == "plain" {
            let found = yes("/access/v1/search/resource", whole.clone());
            assert_eq!(found, expected, "a search for resources: {what}");
        }
        if bob["id"] == "bob" {
            let found = yes("/access/v1/search/subject", whole.clone());
            assert_eq!(found, expected, "a search for subjects: {what}");
        }
    }
    let root = asked(person("root", json!({ "admin": false })), "read", page("plain", json!({})));
    assert!(yes("/access/v1/evaluation", root), "what is stored is not taken away either");
}

#[test]
fn what_the_schema_marks_claimable_counts_where_nothing_is_stored_under_it() {
    let (server, _folders) = served();
    let managed = || json!({ "device": "managed" });
    for (what, subject, resource, decision) in [
        ("where nothing is stored", person("bob", managed()), page("plain", json!({})), true),
        ("where something is", person("dan", managed()), page("plain", json!({})), false),
        ("of the resource", person("bob", json!({})), page("plain", json!({ "draft": true })), true),
        ("of what is not stored", person("guest", managed()), page("new", json!({})), true),
        (
            "beside one that is not marked",
            person("bob", json!({ "device": "managed", "admin": true })),
            page("plain", json!({})),
            true,
        ),
        ("and null says nothing", person("bob", json!({ "device": null })), page("plain", json!({})), false),
    ] {
        let answer = server.post("/access/v1/evaluation", &asked(subject, "edit", resource));
        assert_eq!((answer.status, &answer.json()["decision"]), (200, &json!(decision)), "{what}: {}", answer.text);
    }
    let wrong = asked(person("bob", json!({ "admin": "yes" })), "read", page("plain", json!({})));
    let wrong = server.post("/access/v1/evaluation", &wrong);
    assert_eq!(
        wrong.json()["context"]["reason"],
        "invalid_property",
        "a claim of another type is refused all the same"
    );
}

#[test]
fn the_record_says_what_was_claimed_and_what_of_it_was_dropped() {
    let (server, _folders) = served();
    let (bob, plain) = (
        || person("bob", json!({ "admin": true, "device": "managed", "colour": "red", "peer": null })),
        || page("plain", json!({ "public": true })),
    );
    let claimed = json!({
        "counted": ["Person::bob.device"],
        "dropped": ["Page::plain.public", "Person::bob.admin"],
    });
    let replayed = |record: &Value| {
        let replayed = server.send("POST", &format!("/v1/decisions/{}/replay", record["seq"]), &[], None).json();
        assert_eq!((&replayed["same"], replayed.get("missing")), (&json!(true), None), "{replayed}");
    };
    for (path, body) in [
        ("/access/v1/evaluation", asked(bob(), "edit", plain())),
        ("/access/v1/evaluations", json!({ "subject": bob(), "evaluations": [asked(bob(), "edit", plain())] })),
        ("/access/v1/search/action", asked(bob(), "edit", plain())),
    ] {
        let record = record_of(&server, &server.post(path, &body));
        assert_eq!(record["claimed"], claimed, "{path}: {record}");
        assert_eq!(record["question"]["subject"]["properties"]["device"], "managed", "{record}");
        assert_eq!(record["question"]["subject"]["properties"].get("admin"), None, "what was not read is not recorded");
        replayed(&record);
    }
    for (path, body, counted, dropped) in [
        ("/access/v1/search/subject", asked(bob(), "edit", plain()), json!(null), json!(["Page::plain.public"])),
        (
            "/access/v1/search/resource",
            asked(bob(), "edit", plain()),
            json!(["Person::bob.device"]),
            json!(["Person::bob.admin"]),
        ),
        (
            "/access/v1/evaluation",
            asked(person("guest", json!({ "admin": true })), "read", page("new", json!({}))),
            json!(["Person::guest.admin"]),
            json!(null),
        ),
    ] {
        let record = record_of(&server, &server.post(path, &body));
        assert_eq!((&record["claimed"]["counted"], &record["claimed"]["dropped"]), (&counted, &dropped), "{path}");
        replayed(&record);
    }
    let nothing = asked(person("bob", json!({ "colour": "red" })), "read", page("plain", json!({ "public": null })));
    assert_eq!(record_of(&server, &server.post("/access/v1/evaluation", &nothing)).get("claimed"), None);
}

#[test]
fn a_claim_hides_nothing_else_that_a_rule_can_see() {
    let (server, _folders) = served();
    let managed = || json!({ "device": "managed" });
    for (who, what, action, resource, decision) in [
        ("bob", "nothing stands against it", "edit", page("plain", json!({})), true),
        ("tess", "a tag of the subject does", "edit", page("plain", json!({})), false),
        ("tim", "a team above its team does", "edit", page("plain", json!({})), false),
        ("pia", "an attribute of another does", "edit", page("plain", json!({})), false),
        ("bob", "an attribute two steps from the resource does", "edit", page("kept", json!({})), false),
        ("tess", "a tag does, whatever is claimed of a new page", "edit", page("new", json!({ "draft": true })), false),
        ("bob", "an entity that a rule names allows it", "audit", page("new", json!({ "draft": true })), true),
    ] {
        let answer = server.post("/access/v1/evaluation", &asked(person(who, managed()), action, resource));
        assert_eq!((answer.status, &answer.json()["decision"]), (200, &json!(decision)), "{what}: {}", answer.text);
    }
}

#[test]
fn claims_or_none_a_question_has_the_same_answer_where_no_rule_reads_them() {
    let folder = written(SCHEMA, RULES, &stored());
    let rules = Bundle::load(RuleFiles::read_world(folder.path()).unwrap(), Rulebook::World).unwrap();
    let world = World::read(folder.path(), &rules).unwrap();
    let (mut yes, mut no) = (0, 0);
    for subject in ["bob", "dan", "root", "pia", "tim", "tess", "guest"] {
        for resource in ["plain", "kept", "new"] {
            for action in ["read", "edit", "audit"] {
                let plain = Question::new(Entity::new("Person", subject), action, Entity::new("Page", resource));
                let mut claiming = plain.clone();
                claiming.resource.properties.insert("draft".to_owned(), json!(false));
                let (plain, claiming) = (decide_in(&rules, &plain, &world), decide_in(&rules, &claiming, &world));
                assert_eq!(plain, claiming, "{subject} {action} {resource}");
                if plain.is_allowed() { yes += 1 } else { no += 1 }
            }
        }
    }
    assert!(yes > 0 && no > 0, "{yes} and {no}");
}

#[test]
fn a_mark_in_words_that_mean_nothing_is_refused_at_the_start() {
    let schema = SCHEMA.replace("@claimable device", "@claimable(\"no\") device");
    let (world, data) = (written(&schema, RULES, &stored()), tempfile::tempdir().unwrap());
    let arguments = ["serve", "--anonymous", "--listen", "127.0.0.1:0", "--world", world.path().to_str().unwrap()];
    let output = standing(&[&arguments[..], &["--data", data.path().to_str().unwrap()]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("`Person.device` is marked `@claimable(\"no\")`"), "{said}");
}

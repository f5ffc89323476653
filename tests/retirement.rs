//! Promises that are taken away: a set of rules that makes fewer is refused until somebody says so in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use standing::assure::promises::{Retired, findings, gone};
use standing::caller::{Caller, Identity, Person, Proof};
use standing::clock::{SharedClock, Stopped};
use standing::config::{RulesAt, RulesFrom};
use standing::domain::grant::Multichannel;
use standing::facts::Role;
use standing::limits::Limits;
use standing::pdp::call::Call;
use standing::pdp::{Pdp, Terms};
use standing::policy::{Bundle, RuleFiles, Rulebook};
use standing::publish;
use standing::publish::approval::Approving;
use standing::publish::proposal::Proposing;
use standing::publish::report::RulesStatus;
use standing::publish::rollback::RollingBack;
use standing::publish::watched::Taken;
use tempfile::TempDir;

use crate::in_force::Folder;
use crate::proofs::solver;
use crate::server::{Server, standing};
use crate::stage::{BEGIN, operator, time};

const BILLED: &str = "policies/always/the-seller-is-billed.cedar";
const ONLY_SELLERS: &str = "policies/always/only-the-original-reseller.cedar";
const SEATS: &str = "policies/tables/removeSeats.md";
const LINES: &str = "policies/retired.md";

type Files = BTreeMap<String, String>;

fn shipped() -> Files {
    RuleFiles::built_in().iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// The shipped set with one text in place of another in one file.
fn with(path: &str, from: &str, to: &str) -> Files {
    let mut files = shipped();
    let text = &files[path];
    assert!(text.contains(from), "`{path}` does not hold `{from}`");
    let text = text.replacen(from, to, 1);
    files.insert(path.to_owned(), text);
    files
}

fn shipped_rules() -> &'static Bundle {
    crate::shipped::shipped()
}

fn without(path: &str) -> Files {
    let mut files = shipped();
    files.remove(path).unwrap_or_else(|| panic!("there is no `{path}`"));
    files
}

/// The set with a line more that takes a promise away.
fn saying(mut files: Files, line: &str) -> Files {
    let text = files.entry(LINES.to_owned()).or_default();
    text.push_str(&format!("- retired: {line}\n"));
    files
}

/// The lines of the table in a page.
fn rows(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with('|')).collect()
}

/// A decision point whose rules come from files.
struct WriteContext {
    pdp: Arc<Pdp>,
    _folder: TempDir,
}

impl WriteContext {
    async fn new(from: RulesFrom, solver: Option<std::path::PathBuf>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: SharedClock = Arc::new(Stopped::at(time(BEGIN)));
        let (multichannel, limits) = (Multichannel::Displace, Limits::default());
        let terms = Terms { multichannel, limits, public_url: "https://standing.example".to_owned(), solver };
        let pdp = publish::begin::begin(folder.path(), clock, RulesAt::BuiltIn.into(), from, terms).await.unwrap();
        Self { pdp: Arc::new(pdp), _folder: folder }
    }

    async fn takes(&self, files: &Files) -> Taken {
        publish::watched::take_files(&self.pdp, Ok(files.clone().into_iter().collect())).await.unwrap()
    }

    async fn status(&self) -> RulesStatus {
        publish::report::rules_status(&self.pdp, &operator()).await.unwrap().value
    }

    /// What the set was refused for, with what there is to do.
    async fn refused(&self) -> Vec<String> {
        let findings = self.status().await.refused.map(|refused| refused.findings).unwrap_or_default();
        findings.iter().filter(|finding| !finding.advisory).map(ToString::to_string).collect()
    }
}

/// The promises of the shipped rules that a set does not make.
fn going(files: &Files) -> Vec<Retired> {
    let rules = Bundle::load(files.clone().into_iter().collect(), Rulebook::Domain).unwrap();
    gone(&rules, shipped_rules(), &BTreeSet::new())
}

#[test]
fn a_promise_goes_where_a_claim_or_a_signed_answer_is_left_out_or_says_less() {
    let first = rows(&shipped()[SEATS])[2].to_owned();
    let weaker = (" &&\n  resource.sale.relationship == \"active\"", "");
    let api = "policies/always/api/a-role-keeps-to-its-calls.cedar";
    let cases = [
        ("a claim is left out", without(BILLED), "always/the-seller-is-billed"),
        ("a ceiling says less", with(ONLY_SELLERS, weaker.0, weaker.1), "always/only-the-original-reseller"),
        ("a claim becomes another", with(BILLED, "\"whenever\"", "\"only-when\""), "always/the-seller-is-billed"),
        ("a claim about calls is left out", without(api), "always/api/a-role-keeps-to-its-calls"),
        ("signed rows are left out", without(SEATS), "tables/removeSeats"),
        ("one signed row is left out", with(SEATS, &format!("{first}\n"), ""), "tables/removeSeats"),
        (
            "an answer is signed otherwise",
            with(SEATS, &first, &first.replace("| yes ", "| no  ")),
            "tables/removeSeats",
        ),
        (
            "a signed reason is left out",
            with(SEATS, "| may/remove-seats ", "|                  "),
            "tables/removeSeats",
        ),
    ];
    for (name, files, promise) in cases {
        let gone = going(&files);
        let names: Vec<&str> = gone.iter().map(|gone| gone.promise.as_str()).collect();
        assert_eq!(names, [promise], "{name}");
        let findings = findings(&gone, shipped_rules(), true);
        let [finding] = findings.as_slice() else { panic!("{name}: {findings:#?}") };
        assert!(
            !finding.advisory && finding.message.contains(&format!("nobody retired it: `{promise}`")),
            "{name}: {finding}"
        );
        let told = format!("standing rules retire {promise} --why");
        assert!(finding.hint.as_ref().is_some_and(|hint| hint.contains(&told)), "{name}: {finding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promise_that_goes_without_a_line_refuses_the_set() {
    let desk = WriteContext::new(RulesFrom::Files, None).await;
    let before = desk.status().await.digest;
    let mut files = without(BILLED);
    files.remove(SEATS);
    assert_eq!(desk.takes(&files).await, Taken::Refused);
    let refused = desk.refused().await;
    assert_eq!(refused.len(), 2, "{refused:#?}");
    assert!(refused[0].contains("nobody retired it: `always/the-seller-is-billed`"), "{refused:#?}");
    assert!(refused[1].contains("nobody retired it: `tables/removeSeats`"), "{refused:#?}");
    assert_eq!(desk.status().await.digest, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_takes_away_the_promise_it_names_and_no_other() {
    let desk = WriteContext::new(RulesFrom::Files, None).await;
    let other = saying(without(BILLED), "`always/only-the-original-reseller` by Ada: a mistake");
    assert_eq!(desk.takes(&other).await, Taken::Refused);
    let worded = saying(without(BILLED), "always/the-seller-is-billed (000000000000) by Ada: another wording");
    assert_eq!(desk.takes(&worded).await, Taken::Refused);
    for line in ["always/the-seller-is-billed", "always/the-seller-is-billed by Ada", "by Ada: nothing", "x by A: b"] {
        assert_eq!(desk.takes(&saying(without(BILLED), line)).await, Taken::Refused, "{line}");
        let refused = desk.refused().await.concat();
        assert!(
            refused.contains("the line takes no promise away: it names none, or says not who and why"),
            "{line}: {refused}"
        );
    }
    let meant = saying(without(BILLED), "`always/the-seller-is-billed` by Ada on 2026-01-01: bills go elsewhere");
    assert_eq!(desk.takes(&meant).await, Taken::InForce);
    let status = serde_json::to_value(desk.status().await).unwrap();
    let gone = &status["retired"][0];
    let said = [&gone["promise"], &gone["by"], &gone["on"], &gone["why"]].map(|text| text.as_str().unwrap());
    assert_eq!(said, ["always/the-seller-is-billed", "Ada", "2026-01-01", "bills go elsewhere"]);
    assert_eq!(status["evidence"]["retired"], status["retired"]);
    let history = publish::report::rules_history(&desk.pdp, &operator(), 10, None).await.unwrap().value.items;
    let retired: Vec<usize> = history.iter().map(|entry| entry.retired.len()).collect();
    assert_eq!(retired, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_counts_once() {
    let line = "always/the-seller-is-billed by Ada: bills go elsewhere";
    let (gone, back) = (saying(without(BILLED), line), saying(shipped(), line));
    let desk = WriteContext::new(RulesFrom::Files, None).await;
    // Written first, it waits for the promise to be taken out.
    assert_eq!(desk.takes(&back).await, Taken::InForce);
    assert_eq!(desk.status().await.retired.len(), 0);
    assert_eq!(desk.takes(&gone).await, Taken::InForce);
    assert_eq!(desk.status().await.retired.len(), 1);
    // The promise is made again under the same name: an older line does not take it away.
    assert_eq!(desk.takes(&back).await, Taken::InForce);
    assert_eq!(desk.takes(&gone).await, Taken::Refused);
    assert_eq!(desk.takes(&saying(gone.clone(), line)).await, Taken::Refused, "the same line twice is the same line");
    let again = saying(gone, "always/the-seller-is-billed by Bob: they still do");
    assert_eq!(desk.takes(&again).await, Taken::InForce);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stood_in_the_first_set_takes_nothing_away() {
    let folder = Folder::shipped();
    folder.write(LINES, "- retired: always/the-seller-is-billed by Ada: long ago\n");
    let (data, clock): (_, SharedClock) = (tempfile::tempdir().unwrap(), Arc::new(Stopped::at(time(BEGIN))));
    let (multichannel, limits) = (Multichannel::Displace, Limits::default());
    let terms = Terms { multichannel, limits, public_url: "https://standing.example".to_owned(), solver: None };
    let wanted = RulesAt::folder(folder.path()).into();
    let pdp = publish::begin::begin(data.path(), clock, wanted, RulesFrom::Files, terms).await.unwrap();
    folder.remove(BILLED);
    assert_eq!(
        publish::watched::take_files(&pdp, publish::begin::read_files(&pdp).unwrap()).await.unwrap(),
        Taken::Refused
    );
}

#[test]
fn a_promise_that_is_moved_reworded_or_laid_out_otherwise_is_kept() {
    let mut renamed = without(BILLED);
    let text = shipped()[BILLED].replace("always/the-seller-is-billed", "always/who-sold-is-billed");
    renamed.insert("policies/always/who-sold-is-billed.cedar".to_owned(), text.replace("@title(\"", "@title(\"So: "));
    let page = &shipped()[SEATS];
    let (mut reordered, found) = (page.clone(), rows(page));
    for (row, other) in found[2..].iter().zip(found[2..].iter().rev()) {
        reordered = reordered.replacen(row, &format!("#{other}"), 1);
    }
    let row = found[2];
    assert!(row.contains("| none or active "), "{row}");
    let halves = ["none  ", "active"].map(|half| row.replacen("none or active", half, 1)).join("\n");
    let cases = [
        ("a claim under another name", renamed),
        ("rows in another order", with(SEATS, page, &reordered.replace('#', ""))),
        ("a row in two", with(SEATS, row, &halves)),
        ("a claim laid out otherwise", with(ONLY_SELLERS, "principal,\n", "principal, ")),
    ];
    for (name, files) in cases {
        assert_eq!(going(&files), [], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_says_more_takes_nothing_away_where_that_is_proved() {
    let Some(solver) = solver() else { return };
    let narrower = with(
        "policies/always/administration-alone-gives-no-commerce.cedar",
        "when\n{",
        "when\n{\n  resource is Subscription &&",
    );
    let desk = WriteContext::new(RulesFrom::Files, Some(solver)).await;
    assert_eq!(desk.takes(&narrower).await, Taken::InForce, "{:#?}", desk.refused().await);
    assert_eq!(desk.status().await.retired, []);
    let weaker = with(ONLY_SELLERS, "resource.sale.reseller == principal &&\n  ", "");
    assert_eq!(desk.takes(&weaker).await, Taken::Refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_set_is_held_to_the_promises_in_force_like_any_other() {
    let desk = WriteContext::new(RulesFrom::Files, None).await;
    let mut more = shipped();
    let text = shipped()[BILLED].replace("always/the-seller-is-billed", "always/ours");
    let text = text.replace(
        "resource.sale.relationship == \"active\"",
        "resource.sale.relationship == \"active\" && principal.kind != \"advisor\"",
    );
    more.insert("policies/always/ours.cedar".to_owned(), text);
    assert_eq!(desk.takes(&more).await, Taken::InForce, "{:#?}", desk.refused().await);
    assert_eq!(desk.takes(&shipped()).await, Taken::Refused);
    assert!(desk.refused().await.concat().contains("`always/ours`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_shows_the_promises_that_go_with_it() {
    let desk = WriteContext::new(RulesFrom::Publishing, None).await;
    let by = |id: &str| {
        let caller = Caller::Operator { id: id.to_owned(), role: Role::Reviewer };
        let proof = Proof::Token { id: id.parse().unwrap() };
        Call::by(Identity { caller, person: Some(Person::of_token(id)), proof, until: None })
    };
    let before = desk.status().await.digest;
    let files = saying(without(BILLED), "always/the-seller-is-billed by Ada: bills go elsewhere");
    let files = files.into_iter().filter(|(path, _)| path != SEATS).collect();
    let proposing = Proposing { files, ..Proposing::default() };
    let proposed = publish::proposal::propose(&desk.pdp, &by("ada"), proposing).await.unwrap().value;
    let evidence = proposed.evidence.unwrap();
    let told: Vec<(&str, Option<&str>)> = evidence["retired"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gone| (gone["promise"].as_str().unwrap(), gone["by"].as_str()))
        .collect();
    assert_eq!(told, [("always/the-seller-is-billed", Some("Ada")), ("tables/removeSeats", None)]);
    let approving = Approving { unproved: Some("read".to_owned()), ..Approving::default() };
    publish::approval::approve(&desk.pdp, &by("bob"), proposed.id, approving).await.unwrap();
    assert_eq!(desk.status().await.retired.len(), 2);
    let back = RollingBack { to: before, comment: None };
    publish::rollback::roll_back(&desk.pdp, &by("bob"), back).await.unwrap();
    assert_eq!(desk.status().await.retired, [], "what comes back takes nothing away");
}

fn rules(server: &Server) -> Value {
    server.get("/v1/rules").json()
}

fn until(server: &Server, is_so: impl Fn(&Value) -> bool) -> Value {
    let began = std::time::Instant::now();
    loop {
        let said = rules(server);
        if is_so(&said) {
            return said;
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(240), "the rules stay as they are: {said}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn retire(folder: &Path, data: &Path, more: &[&str]) -> (Option<i32>, String) {
    let given = ["rules", "retire", "--rules", folder.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let output = standing(&[&given[..], more].concat());
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn the_command_lets_a_promise_go_that_was_taken_out_before_or_is_after() {
    let (data, folder) = (tempfile::tempdir().unwrap(), Folder::shipped());
    let server = Server::start(data.path(), &["--demo", "--rules", folder.path().to_str().unwrap()]);
    let first = rules(&server)["digest"].clone();
    folder.remove(BILLED);
    let refused = until(&server, |said| said.get("refused").is_some());
    assert_eq!(refused["digest"], first);
    let (code, said) =
        retire(folder.path(), data.path(), &["the-seller-is-billed", "--why", "bills go elsewhere", "--by", "Ada"]);
    assert_eq!(code, Some(0), "{said}");
    let gone = until(&server, |said| said["digest"] != first);
    assert!(gone.get("refused").is_none(), "{gone}");
    assert_eq!(gone["retired"][0]["promise"], "always/the-seller-is-billed");
    let logged = server.prints("a promise is retired");
    for part in ["WARN", "always/the-seller-is-billed", "Ada", "bills go elsewhere"] {
        assert!(logged.contains(part), "`{part}` is not in the log: {logged}");
    }
    assert_eq!((&gone["retired"][0]["by"], &gone["retired"][0]["why"]), (&json!("Ada"), &json!("bills go elsewhere")));
    // The other way round: the line first, then the edit.
    let (code, said) = retire(folder.path(), data.path(), &["tables/removeSeats", "--why", "signed anew soon"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("take `policies/tables/removeSeats.md` out or change it"), "{said}");
    let waiting = until(&server, |said| said["digest"] != gone["digest"]);
    folder.remove(SEATS);
    let after = until(&server, |said| said["digest"] != waiting["digest"]);
    assert_eq!(after["retired"][0]["promise"], "tables/removeSeats", "{after}");
    let history = server.get("/v1/rules/history").json();
    assert_eq!(history["history"][1]["retired"], gone["retired"]);
    let (code, said) = retire(folder.path(), data.path(), &["no-such-promise", "--why", "x"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("`no-such-promise` is no promise; it is one of `always/"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_out_while_nothing_runs_is_held_to_at_every_later_start() {
    let (folder, data) = (Folder::shipped(), tempfile::tempdir().unwrap());
    let started = async || {
        let clock: SharedClock = Arc::new(Stopped::at(time(BEGIN)));
        let (multichannel, limits) = (Multichannel::Displace, Limits::default());
        let terms = Terms { multichannel, limits, public_url: "https://standing.example".to_owned(), solver: None };
        let wanted = RulesAt::folder(folder.path()).into();
        let pdp = publish::begin::begin(data.path(), clock, wanted, RulesFrom::Files, terms).await.unwrap();
        let refused = publish::report::rules_status(&pdp, &operator()).await.unwrap().value.refused;
        let findings = refused.map(|refused| refused.findings.iter().map(ToString::to_string).collect::<Vec<_>>());
        (pdp.digest().to_string(), findings.unwrap_or_default().join("\n"))
    };
    let (first, refused) = started().await;
    assert_eq!(refused, "");
    folder.remove(ONLY_SELLERS);
    let (digest, refused) = started().await;
    assert_eq!(digest, first, "the last good set decides");
    assert!(refused.contains("nobody retired it: `always/only-the-original-reseller`"), "{refused}");
    // The start that refused it is no acceptance: the rule that it kept is no looser a start later.
    let order = "policies/may/order-add-ons.cedar";
    folder.write(order, &folder.text(order).replace("resource.sale.reseller == principal && ", ""));
    let (digest, refused) = started().await;
    assert_eq!(digest, first, "the last good set decides");
    assert!(refused.contains("nobody retired it: `always/only-the-original-reseller`"), "{refused}");
}

//! proofs
use crate::shipped::{candidate, shipped};
use standing::assure::prove::prove;
use std::path::Path;

#[test]
fn shipped_proof() {
    let t = std::time::Instant::now();
    let proofs = prove(shipped(), Path::new("cvc5")).unwrap();
    println!("{}", serde_json::to_string_pretty(&proofs).unwrap());
    println!("{:?}", t.elapsed());
}
#[test]
fn broken() {
    let t = std::time::Instant::now();
    let text = crate::shipped::shipped_files()
        .get("policies/may/remove-seats.cedar")
        .unwrap()
        .replace(" &&\n  resource has commercialRelationship && resource.commercialRelationship == \"active\"", "");
    println!("{text}");
    let proofs = prove(&candidate(&[("policies/may/remove-seats.cedar", &text)]), Path::new("cvc5")).unwrap();
    println!(
        "{}",
        serde_json::to_string_pretty(
            &proofs
                .claims
                .iter()
                .filter(|c| !matches!(c.proof, standing::assure::prove::Proof::Proved))
                .collect::<Vec<_>>()
        )
        .unwrap()
    );
    println!("{:?}", t.elapsed());
}

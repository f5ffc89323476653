//! Whoever was told of a change has it in the next answer, whatever others read at the same moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use standing::domain::partner::{PartnerKind, PartnerStatus};

use crate::stage::Stage;

/// How many others ask meanwhile: they share what they read between two commits.
const OTHERS: usize = 3;
const CHANGES: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_was_told_of_a_change_has_it_in_the_next_answer_whatever_others_ask_meanwhile() {
    let stage = Arc::new(Stage::new());
    stage.customer("c").await;
    stage.partner("p", PartnerKind::DirectBill).await;
    stage.sold("s", "c", "crm", Some("p")).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let others: Vec<_> = (0..OTHERS)
        .map(|_| {
            let (stage, is_over) = (Arc::clone(&stage), Arc::clone(&is_over));
            tokio::spawn(async move {
                let mut asked = 0_u64;
                while !is_over.load(Ordering::Relaxed) {
                    stage.ask("p", "addSeats", "Subscription", "s").await;
                    asked += 1;
                }
                asked
            })
        })
        .collect();
    for change in 0..CHANGES {
        let is_active = change % 2 == 1;
        let status = if is_active { PartnerStatus::Active } else { PartnerStatus::Suspended };
        stage.partner_as("p", PartnerKind::DirectBill, status).await;
        let answer = stage.ask("p", "addSeats", "Subscription", "s").await;
        assert_eq!(answer.decision.is_allowed(), is_active, "change {change}");
    }
    is_over.store(true, Ordering::Relaxed);
    for other in others {
        assert!(other.await.unwrap() > 0, "nobody asked meanwhile");
    }
}

//! Asks witnesses for cosignatures, while a server runs.

use super::extract::blocking;
use crate::error::{Error, Result};
use crate::ledger::trust_policy::TrustPolicy;
use crate::ledger::witness::Submission;
use crate::procedures::ask_witnesses::{Answer, Outcome, ask_witnesses};
use crate::store::Store;
use reqwest::blocking::{Client, Response};
use reqwest::header::CONTENT_TYPE;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often the newest checkpoint is offered; a witness that has it is not asked.
const PERIOD: Duration = Duration::from_secs(2);
/// How long a witness may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest text of a refusal that is passed on, in characters.
const SAID_MAX: usize = 200;

/// Asks once, before anything is served.
///
/// # Errors
///
/// [`Error::Conflict`] when a witness has seen another history than this one and `is_accepted` is false; those of the store. A witness
/// that cannot be reached is only warned of.
pub fn ask_first(store: &Store, policy: &TrustPolicy, is_accepted: bool) -> Result<()> {
    for (name, outcome) in ask_all(store, policy)? {
        if let (Outcome::Contradicts { seen, here }, false) = (&outcome, is_accepted) {
            let detail = format!(
                "witness `{name}` has cosigned a head of {seen} entries that does not lead to the {here} entries here: this ledger was put \
                 back or replaced; find out why, and if it must be, start with `--accept-rollback REASON` and ask for a new witness"
            );
            return Err(Error::Conflict { detail });
        }
        tell(&name, &outcome);
    }
    Ok(())
}

/// Asks every two seconds, for as long as the server runs.
pub(super) async fn keep_asking(store: Store, policy: Arc<TrustPolicy>) {
    let mut told = BTreeMap::new();
    let mut turns = actix_web::rt::time::interval(PERIOD);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let (store, policy) = (store.clone(), policy.clone());
        match blocking(move || ask_all(&store, &policy)).await {
            Ok(outcomes) => {
                for (name, outcome) in outcomes {
                    // Once, not every two seconds.
                    if told.insert(name.clone(), outcome.clone()).as_ref() != Some(&outcome) {
                        tell(&name, &outcome);
                    }
                }
            }
            Err(error) => {
                tracing::error!(
                    code = error.code(),
                    chain = error.chain(),
                    "witnesses are not asked"
                );
            }
        }
    }
}

fn tell(witness: &str, outcome: &Outcome) {
    match outcome {
        Outcome::Cosigned => tracing::info!(witness, "the newest checkpoint is cosigned"),
        Outcome::Contradicts { seen, here } => {
            tracing::error!(witness, seen, here, "this witness has seen another history");
        }
        Outcome::Failed(why) => tracing::warn!(witness, why, "no cosignature"),
    }
}

fn ask_all(store: &Store, policy: &TrustPolicy) -> Result<Vec<(String, Outcome)>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(PATIENCE).build();
    let client = client.map_err(|error| Error::Server {
        server: "the witnesses".to_owned(),
        detail: error.to_string(),
    })?;
    ask_witnesses(store, policy, &|url, submission| send(&client, url, submission))
}

fn send(client: &Client, url: &str, submission: &Submission) -> Answer {
    let request = client.post(format!("{url}/add-checkpoint")).body(submission.to_text());
    match request.send() {
        Ok(response) => read(response),
        Err(error) => Answer::Refused(format!("{url} does not answer: {error}")),
    }
}

fn read(response: Response) -> Answer {
    let status = response.status().as_u16();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_size = kind.is_some_and(|kind| kind.starts_with("text/x.tlog.size"));
    let said = match response.text() {
        Ok(said) => said,
        Err(error) => return Answer::Refused(error.to_string()),
    };
    match (status, said.trim_end().parse()) {
        (200, _) => Answer::Cosigned(said),
        (409, Ok(size)) if is_size => Answer::OtherSize(size),
        (422, _) => Answer::NotConsistent,
        _ => Answer::Refused(format!(
            "{status}: {}",
            said.chars().take(SAID_MAX).collect::<String>()
        )),
    }
}

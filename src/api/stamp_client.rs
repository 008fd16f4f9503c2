//! Asks a time-stamp authority, while a server runs.

use super::extract::blocking;
use crate::error::{Error, Result};
use crate::ledger::time_stamp::RESPONSE_MAX;
use crate::procedures::watch_time_stamps::{StampSchedule, is_due, stamp_scheduled};
use crate::store::Store;
use reqwest::blocking::Client;
use reqwest::header::CONTENT_TYPE;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

/// How often it is asked whether a stamp is due.
const PERIOD: Duration = Duration::from_secs(2);
/// How long the authority may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks whenever a stamp is due, for as long as the server runs.
pub(super) async fn keep_stamping(store: Store, schedule: Arc<StampSchedule>) {
    let mut turns = actix_web::rt::time::interval(PERIOD);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let (store, schedule) = (store.clone(), schedule.clone());
        match blocking(move || stamp_if_due(&store, &schedule)).await {
            Ok(None | Some(true)) => {}
            Ok(Some(false)) => {
                tracing::warn!("no time stamp was to be had; the record of it says why");
            }
            Err(error) => {
                let (code, chain) = (error.code(), error.chain());
                tracing::error!(code, chain, "checkpoints are not stamped");
            }
        }
    }
}

/// Whether one was kept, if one was due.
fn stamp_if_due(store: &Store, schedule: &StampSchedule) -> Result<Option<bool>> {
    if !is_due(store, schedule)? {
        return Ok(None);
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(PATIENCE).build();
    let client = client.map_err(|error| Error::Server {
        server: "the time-stamp authority".to_owned(),
        detail: error.to_string(),
    })?;
    stamp_scheduled(store, schedule, &|url, query| send(&client, url, query)).map(Some)
}

/// Sends a query and gives the answer; RFC 3161 §3.4.
fn send(client: &Client, url: &str, query: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let request = client
        .post(url)
        .header(CONTENT_TYPE, "application/timestamp-query")
        .header("accept", "application/timestamp-reply")
        .body(query.to_vec());
    let response = request.send().map_err(|error| format!("{url} does not answer: {error}"))?;
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or("nothing it names").to_owned();
    if !status.is_success() || !kind.starts_with("application/timestamp-reply") {
        return Err(format!(
            "{url} answers with status {} and {kind}; expected 200 and application/timestamp-reply",
            status.as_u16()
        ));
    }
    let mut answer = Vec::new();
    let read = response.take(RESPONSE_MAX as u64 + 1).read_to_end(&mut answer);
    read.map_err(|error| format!("{url} breaks off: {error}"))?;
    Ok(answer)
}

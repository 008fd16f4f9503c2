//! A webhook: a POST of the notice as JSON, signed with a secret that the receiver shares.
//!
//! `driftledger-signature: t=UNIX_SECONDS,v1=HEX` is HMAC-SHA256 (RFC 2104) over the seconds, a full stop and the body. A receiver
//! refuses what is older than it tolerates, so that a recorded call cannot be sent again later.

use super::{Error, Result};
use crate::digest;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use std::time::Duration;

/// Header that carries the time and the HMAC.
pub const SIGNATURE_HEADER: &str = "driftledger-signature";
/// Header that carries the number of the notice: the same one when it is sent again.
pub const NUMBER_HEADER: &str = "driftledger-notice";

/// The value of [`SIGNATURE_HEADER`] for `body` at `seconds` (UTC).
pub fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let signed = format!("{seconds}.{body}");
    let mac = digest::hmac_sha256(secret.as_bytes(), signed.as_bytes());
    format!("t={seconds},v1={}", hex::encode(mac))
}

/// Sends `body` once. Anything but a status of 200 to 299 within `patience` counts as not delivered; redirects are not followed.
///
/// # Errors
///
/// [`Error::NotDelivered`], with what happened.
pub fn send(
    (address, secret): (&str, &str),
    (number, body): (i64, &str),
    seconds: i64,
    patience: Duration,
) -> Result<()> {
    let failed = |error: reqwest::Error| {
        let mut text = error.without_url().to_string();
        text.truncate(200);
        Error::NotDelivered(text)
    };
    // Another part of the program may have chosen one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().timeout(patience).redirect(Policy::none()).build();
    let request = client
        .map_err(failed)?
        .post(address)
        .header("content-type", "application/json")
        .header(NUMBER_HEADER, number.to_string())
        .header(SIGNATURE_HEADER, signature(secret, seconds, body));
    let answer = request.body(body.to_owned()).send().map_err(failed)?;
    let status = answer.status();
    // A receiver that promises more than it sends has not said yes.
    answer.bytes().map_err(failed)?;
    if status.is_success() {
        return Ok(());
    }
    Err(Error::NotDelivered(format!("it answered {status}")))
}

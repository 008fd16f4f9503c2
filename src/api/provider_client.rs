//! Speaking to the identity provider, and to the source of the clock: one request, one answer, no redirects.

use crate::access::provider::FetchError;
use crate::error::{Error, Result};
use crate::procedures::watch_clock::ClockSample;
use openidconnect::{HttpRequest, HttpResponse, http};
use reqwest::blocking::Client;
use std::path::PathBuf;
use std::time::Duration;

/// How long the provider may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

fn client() -> std::result::Result<Client, FetchError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
    builder.build().map_err(|error| FetchError(error.to_string()))
}

/// The message of an error with its causes.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text
}

/// Sends one request to the provider.
///
/// # Errors
///
/// [`FetchError`] when it does not answer, or with too much.
pub fn fetch(request: HttpRequest) -> std::result::Result<HttpResponse, FetchError> {
    let failed = |error: reqwest::Error| FetchError(said(&error));
    let request = reqwest::blocking::Request::try_from(request).map_err(failed)?;
    let answer = client()?.execute(request).map_err(failed)?;
    let mut response = http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let body = answer.bytes().map_err(failed)?;
    if body.len() > ANSWER_BYTES_MAX {
        return Err(FetchError(format!("its answer has more than {ANSWER_BYTES_MAX} bytes")));
    }
    response.body(body.to_vec()).map_err(|error| FetchError(error.to_string()))
}

/// Where the clock is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockSource {
    /// A file that the time service keeps while the clock is in step.
    File(PathBuf),
    /// An address whose `Date` header is the time.
    Address(String),
}

impl ClockSource {
    /// Reads `file:PATH`, or an address.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`].
    pub fn parse(text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some(("file", path)) if path.starts_with('/') => Ok(Self::File(PathBuf::from(path))),
            Some(("http" | "https", _)) => Ok(Self::Address(text.to_owned())),
            _ => {
                let detail = format!(
                    "`--clock-check` is `{text}`, expected `file:/PATH` of a file that is there while the clock is in step, or \
                     an http(s) address whose `Date` header is the time"
                );
                Err(Error::BadRequest { detail })
            }
        }
    }

    /// What it says now. One that does not answer says that the clock is not in step.
    pub fn sample(&self) -> ClockSample {
        let unknown = |detail: String| ClockSample { expected: None, in_step: false, detail };
        match self {
            Self::File(path) => ClockSample {
                expected: None,
                in_step: path.exists(),
                detail: format!(
                    "{} is {}",
                    path.display(),
                    if path.exists() { "there" } else { "not there" }
                ),
            },
            Self::Address(address) => {
                let asked = client().and_then(|client| {
                    client.head(address).send().map_err(|error| FetchError(said(&error)))
                });
                match asked {
                    Err(error) => unknown(format!("{address} does not answer: {error}")),
                    Ok(answer) => {
                        let date = answer.headers().get("date").and_then(|d| d.to_str().ok());
                        let time = date.and_then(|d| {
                            jiff::fmt::rfc2822::parse(d).ok().map(|zoned| zoned.timestamp())
                        });
                        match time {
                            Some(at) => ClockSample {
                                expected: Some(at),
                                in_step: true,
                                detail: format!("the time of {address}"),
                            },
                            None => unknown(format!("{address} states no time")),
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // TIME-src
    fn a_source_is_a_file_that_is_there_or_an_address() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("synchronized");
        let source = ClockSource::parse(&format!("file:{}", path.display())).unwrap();
        assert!(!source.sample().in_step);
        std::fs::write(&path, "").unwrap();
        assert!(source.sample().in_step);
        let nobody = ClockSource::parse("http://127.0.0.1:9/").unwrap().sample();
        assert!(!nobody.in_step && nobody.detail.contains("does not answer"), "{nobody:?}");
        for bad in ["", "ntp://a", "file:relative", "/etc"] {
            assert!(ClockSource::parse(bad).is_err(), "{bad}");
        }
    }
}

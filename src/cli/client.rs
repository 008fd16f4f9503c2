//! The other side of the API: what `register`, `ingest` and `labels` talk through.

use crate::error::{Error, Result};
use clap::Args;
use reqwest::blocking::{Client, RequestBuilder};
use std::time::Duration;

/// Where the server is and who asks.
#[derive(Debug, Args)]
pub(super) struct ServerArguments {
    /// Address of the server
    #[arg(long, env = "DRIFTLEDGER_SERVER", default_value = "http://127.0.0.1:8460")]
    pub(super) server: String,
    /// Token (from `driftledger token` or the account page)
    #[arg(
        long,
        env = "DRIFTLEDGER_TOKEN",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true
    )]
    pub(super) token: String,
}

impl ServerArguments {
    /// A GET of `path` below the server's address.
    pub(super) fn get(&self, path: &str) -> Result<RequestBuilder> {
        Ok(self.client()?.get(self.address(path)).bearer_auth(&self.token))
    }

    /// A POST to `path` below the server's address.
    pub(super) fn post(&self, path: &str) -> Result<RequestBuilder> {
        Ok(self.client()?.post(self.address(path)).bearer_auth(&self.token))
    }

    /// A PUT to `path` below the server's address.
    pub(super) fn put(&self, path: &str) -> Result<RequestBuilder> {
        Ok(self.client()?.put(self.address(path)).bearer_auth(&self.token))
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.server.trim_end_matches('/'))
    }

    fn client(&self) -> Result<Client> {
        if self.token.trim().is_empty() {
            let detail = "no token: give one by `--token` or in DRIFTLEDGER_TOKEN; `driftledger token DATA_DIR USER --name NAME` \
                          and the page of your account issue one";
            return Err(Error::BadRequest { detail: detail.to_owned() });
        }
        if !self.server.starts_with("http://") && !self.server.starts_with("https://") {
            let said = format!("it is no web address; write `http://{}`", self.server);
            return Err(self.failed(&said));
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(Duration::from_mins(10)).build();
        client.map_err(|e| self.failed(&e.to_string()))
    }

    /// Sends a request and returns status and body of a success.
    pub(super) fn send(&self, request: RequestBuilder) -> Result<(u16, serde_json::Value)> {
        let response = request.send().map_err(|e| {
            // The innermost cause says what happened; that nobody reads the body any more is none.
            let causes = std::iter::successors(std::error::Error::source(&e), |e| e.source());
            let told = causes.map(ToString::to_string).filter(|cause| !cause.contains("receiver"));
            let cause = told.last().map(|cause| format!(" ({cause})")).unwrap_or_default();
            self.failed(&format!("nobody answers{cause}; is `driftledger serve` running there?"))
        })?;
        let status = response.status().as_u16();
        let body: serde_json::Value = response.json().map_err(|_no_json| {
            self.failed(&format!("it answered {status} and no JSON; is it a `driftledger serve`?"))
        })?;
        if status < 400 {
            return Ok((status, body));
        }
        let text =
            |name: &str| body.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let (server, code, detail) = (self.server.clone(), text("code"), text("detail"));
        Err(Error::Answered { server, status, code, detail, advice: text("hint") })
    }

    fn failed(&self, detail: &str) -> Error {
        Error::Server { server: self.server.clone(), detail: detail.to_owned() }
    }
}

//! `driftledger password`: changes one's own password on a running server.

use super::{done, terminal};
use crate::error::{Error, Result};
use clap::Args;
use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `password`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads two lines from standard input: the password so far, and the new one. Nothing is taken from arguments, which other people on the machine can see.\nExample: cat old.txt new.txt | driftledger password quentin"
)]
pub(super) struct PasswordArguments {
    /// User name
    user_name: String,
    /// Address of the server
    #[arg(long, env = "DRIFTLEDGER_SERVER", default_value = "http://127.0.0.1:8460")]
    server: String,
}

pub(super) fn run(arguments: &PasswordArguments) -> Result<ExitCode> {
    let (old, new) = (line("the password so far")?, line("the new password")?);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let failed = |detail: String| Error::Server { server: arguments.server.clone(), detail };
    let client = Client::builder().timeout(Duration::from_mins(1)).build();
    let client = client.map_err(|e| failed(e.to_string()))?;
    let address = |path: &str| format!("{}/api/v1/{path}", arguments.server.trim_end_matches('/'));
    let send = |request: RequestBuilder| -> Result<(Response, Option<String>)> {
        let response = request.send().map_err(|e| failed(e.to_string()))?;
        if response.status().is_success() {
            let cookie = response.headers().get("set-cookie").and_then(|value| value.to_str().ok());
            let cookie = cookie.and_then(|value| value.split(';').next()).map(str::to_owned);
            return Ok((response, cookie));
        }
        let status = response.status().as_u16();
        let problem: Value = response.json().unwrap_or_default();
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        let (server, code, detail) = (arguments.server.clone(), text("code"), text("detail"));
        Err(Error::Answered { server, status, code, detail, advice: text("hint") })
    };
    let credentials = json!({"user_name": arguments.user_name, "password": old});
    let (session, cookie) = send(client.post(address("session")).json(&credentials))?;
    let cookie = cookie.unwrap_or_default();
    let view: Value = session.json().map_err(|e| failed(e.to_string()))?;
    let form_token = view["form_token"].as_str().unwrap_or_default().to_owned();
    let signed_in = |request: RequestBuilder| {
        request.header("cookie", &cookie).header("x-form-token", &form_token)
    };
    let change = client.post(address("session/password")).json(&json!({"old": old, "new": new}));
    send(signed_in(change))?;
    send(signed_in(client.delete(address("session"))))?;
    terminal::say(&format!("the password of {} is changed", arguments.user_name));
    done()
}

/// The next line of standard input.
fn line(what: &str) -> Result<String> {
    if std::io::stdin().is_terminal() {
        terminal::warn(&format!("type {what}; it is shown as you type"));
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().read_line(&mut text);
    read.map_err(Error::file("reading", std::path::Path::new("standard input")))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(Error::BadRequest { detail: format!("standard input ends before {what}") }),
        text => Ok(text.to_owned()),
    }
}

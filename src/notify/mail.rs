//! A mail, by the relay that the server was started with.

use super::{Error, Result};
use lettre::message::Mailbox;
use lettre::{Message, SmtpTransport, Transport as _};
use std::time::Duration;

/// The relay, and who mails come from.
#[derive(Clone, Debug)]
pub struct Relay {
    /// `smtp://host:port` in plain, `smtps://user:password@host` with TLS; what `lettre` reads.
    pub url: String,
    /// Sender.
    pub from: String,
}

impl Relay {
    /// Checks that address and sender can be used.
    ///
    /// # Errors
    ///
    /// [`Error::Target`].
    pub fn validate(&self) -> Result<()> {
        let wrong = |field, expected| Error::Target { field, found: "…".to_owned(), expected };
        SmtpTransport::from_url(&self.url)
            .map(drop)
            .or(Err(wrong("smtp", "give smtp://host:port or smtps://user:password@host")))?;
        self.from.parse::<Mailbox>().map(drop).or(Err(wrong("mail_from", "give a mail address")))
    }

    /// Sends one mail; `number` is that of the notice and stands in the message id, the same when it is sent again.
    ///
    /// # Errors
    ///
    /// [`Error::NotDelivered`], with what happened.
    pub fn send(
        &self,
        to: &str,
        number: i64,
        (subject, text): (&str, String),
        patience: Duration,
    ) -> Result<()> {
        let failed = |what: String| Error::NotDelivered(what.chars().take(200).collect());
        let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|e| failed(e.to_string()));
        let host = self.from.rsplit('@').next().unwrap_or("localhost").trim_end_matches('>');
        let message = Message::builder()
            .from(mailbox(&self.from)?)
            .to(mailbox(to)?)
            .subject(subject)
            .message_id(Some(format!("<driftledger-{number}@{host}>")))
            .body(text)
            .map_err(|e| failed(e.to_string()))?;
        let relay = SmtpTransport::from_url(&self.url).map_err(|e| failed(e.to_string()))?;
        let relay = relay.timeout(Some(patience)).build();
        relay.send(&message).map(drop).map_err(|e| failed(e.to_string()))
    }
}

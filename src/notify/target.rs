//! Who is told: an address, and what it wants to hear of.

use super::notice::NoticeKind;
use super::{Error, Result};
use serde::{Deserialize, Serialize};

/// How a target is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A POST of JSON, with an HMAC over its bytes.
    Webhook,
    /// A mail by the relay that the server was started with.
    Mail,
}

/// Somebody or something outside that is told. The newest record of a name counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What it is called.
    pub name: String,
    /// How it is reached.
    pub channel: Channel,
    /// An `http://` or `https://` address, or a mail address.
    pub address: String,
    /// What it hears of.
    pub kinds: Vec<NoticeKind>,
    /// Whether it is told anything at all.
    pub enabled: bool,
}

impl Target {
    /// Checks that the target can be one.
    ///
    /// # Errors
    ///
    /// [`Error::Target`], naming the field.
    pub fn validate(&self) -> Result<()> {
        let wrong = |field, found: &str, expected| {
            Err(Error::Target { field, found: found.to_owned(), expected })
        };
        let letters = |c: char| c.is_ascii_alphanumeric() || "._- ".contains(c);
        if self.name.trim().is_empty() || self.name.len() > 60 || !self.name.chars().all(letters) {
            return wrong(
                "name",
                &self.name,
                "use 1 to 60 letters, digits, `.`, `-`, `_` or spaces",
            );
        }
        if self.kinds.is_empty() {
            return wrong("kinds", "", "name one or more of alert, escalation, overdue, misuse");
        }
        let address = self.address.as_str();
        let fits = match self.channel {
            Channel::Webhook => reqwest::Url::parse(address).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.has_host()
                    && url.password().is_none()
            }),
            Channel::Mail => address.parse::<lettre::Address>().is_ok(),
        };
        if fits {
            return Ok(());
        }
        wrong(
            "address",
            address,
            "give an http(s) address without a password in it, or a mail address",
        )
    }

    /// Whether the target hears of `kind`.
    pub fn hears(&self, kind: NoticeKind) -> bool {
        self.enabled && self.kinds.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_fits_its_channel() {
        let target = |channel, address: &str| Target {
            name: "duty".to_owned(),
            channel,
            address: address.to_owned(),
            kinds: vec![NoticeKind::Alert],
            enabled: true,
        };
        for (channel, address, fits) in [
            (Channel::Webhook, "https://qms.example/hook", true),
            (Channel::Webhook, "http://127.0.0.1:9/", true),
            (Channel::Webhook, "https://user:secret@qms.example/", false),
            (Channel::Webhook, "file:///etc/passwd", false),
            (Channel::Webhook, "duty@lab.example", false),
            (Channel::Mail, "duty@lab.example", true),
            (Channel::Mail, "duty@lab.example\r\nBcc: x@y.example", false),
            (Channel::Mail, "duty", false),
        ] {
            assert_eq!(target(channel, address).validate().is_ok(), fits, "{address}");
        }
        let mut silent = target(Channel::Mail, "duty@lab.example");
        assert!(silent.hears(NoticeKind::Alert) && !silent.hears(NoticeKind::Misuse));
        silent.enabled = false;
        assert!(!silent.hears(NoticeKind::Alert));
        silent.kinds.clear();
        assert!(silent.validate().is_err());
    }
}

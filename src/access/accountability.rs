//! What has to be recorded about a person before the first signature: whose account it is, and that this person accepted, in writing,
//! to answer for every signature.
//!
//! Both are records of a store; here are the rules for what they say. The statement is text: an organisation replaces the one that the
//! program ships with ([`SHIPPED_STATEMENT`]) by its own.

use super::{Error, Result};
use serde::{Deserialize, Serialize};

/// The statement that a new store begins with.
pub const SHIPPED_STATEMENT: &str = "I am accountable for everything that is recorded under my electronic signature, as I am for what \
     I sign by hand, and I will not disown it. I sign only what I have read and understood, only within my role, and never for \
     somebody else. I keep my password, my authenticator and my passkeys to myself, lend them to nobody, and report at once when one \
     is lost or known to others. I know that falsifying a record or a signature has consequences under the rules of my organisation \
     and under the law.";

/// Fewest and most characters of a statement.
pub const STATEMENT_CHARACTERS: (usize, usize) = (40, 8_000);
/// Most characters of what was seen.
const SEEN_CHARACTERS_MAX: usize = 400;

/// Checks a statement that is to be in force and gives it without space around it.
///
/// # Errors
///
/// [`Error::Statement`].
pub fn check_statement(text: &str) -> Result<&str> {
    let text = text.trim();
    let found = text.chars().count();
    let (low, high) = STATEMENT_CHARACTERS;
    if (low..=high).contains(&found) {
        Ok(text)
    } else {
        Err(Error::Statement { found, low, high })
    }
}

/// How it was checked whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentityMethod {
    /// The person was there and showed a document with a photograph.
    InPerson,
    /// On a video call, with a document with a photograph.
    VideoCall,
    /// By what the organisation holds about its people.
    PersonnelRecord,
    /// The checker has known the person, by name and face, from working together.
    KnownPerson,
}

impl IdentityMethod {
    /// All methods.
    pub const ALL: [Self; 4] =
        [Self::InPerson, Self::VideoCall, Self::PersonnelRecord, Self::KnownPerson];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::VideoCall => "video_call",
            Self::PersonnelRecord => "personnel_record",
            Self::KnownPerson => "known_person",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::InPerson => "in person, with a document with a photograph",
            Self::VideoCall => "on a video call, with a document with a photograph",
            Self::PersonnelRecord => "by the personnel record",
            Self::KnownPerson => "known from working together",
        }
    }

    /// The method of that word.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownMethod`], naming all.
    pub fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|method| method.word() == word).ok_or_else(|| {
            let expected = Self::ALL.map(Self::word).join(", ");
            Error::UnknownMethod { method: word.to_owned(), expected }
        })
    }
}

/// Checks what is written about what was seen: something, and not a single digit, so that no number of a document is kept. A number in words
/// ("one two three") is not found.
///
/// # Errors
///
/// [`Error::Seen`].
///
/// ```
/// use driftledger::access::accountability::check_seen;
/// assert_eq!(check_seen(" passport, photograph compared ").unwrap(), "passport, photograph compared");
/// assert!(check_seen("passport C01X00T47").is_err());
/// assert!(check_seen("card 04 12 3").is_err());
/// ```
pub fn check_seen(seen: &str) -> Result<&str> {
    let seen = seen.trim();
    let refuse = |detail: &'static str| Err(Error::Seen { detail });
    if seen.is_empty() {
        return refuse("is empty; say what was seen, for example `passport, photograph compared`");
    }
    if seen.chars().count() > SEEN_CHARACTERS_MAX {
        return refuse("has more than 400 characters; say only what kind of document was seen");
    }
    if seen.contains(char::is_numeric) {
        return refuse(
            "holds a digit; numbers of documents are not kept, so name its kind in words",
        );
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_statement_can_be_in_force_and_an_empty_one_not() {
        assert_eq!(check_statement(SHIPPED_STATEMENT).unwrap(), SHIPPED_STATEMENT);
        for wrong in ["", "  I agree  ", &"x".repeat(8_001)] {
            assert!(matches!(check_statement(wrong), Err(Error::Statement { .. })));
        }
    }

    #[test]
    fn what_was_seen_holds_no_number_of_a_document() {
        check_seen("identity card, photograph compared").unwrap();
        for wrong in ["", "   ", "card 04123", "card 4", "C1-X2", "card ١٢", &"x".repeat(401)] {
            assert!(matches!(check_seen(wrong), Err(Error::Seen { .. })), "{wrong}");
        }
    }

    #[test]
    fn methods_are_read_by_their_words() {
        for method in IdentityMethod::ALL {
            assert_eq!(IdentityMethod::parse(method.word()).unwrap(), method);
            assert_eq!(serde_json::to_value(method).unwrap(), method.word());
            assert!(!method.words().is_empty());
        }
        assert!(IdentityMethod::parse("by phone").unwrap_err().to_string().contains("in_person"));
    }
}

//! Errors as RFC 9457 problem documents.

use crate::dataset::CellError;
use crate::error::{Error, Family};
use crate::review;
use crate::review::completeness::Gap;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};

/// Media type of a problem document.
pub const PROBLEM_TYPE: &str = "application/problem+json";

/// A problem document. `type` is `urn:driftledger:<code>`.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemDocument {
    /// Identifies the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What was found, what was expected, what to do.
    pub detail: String,
    /// Stable code.
    pub code: String,
    /// What to do.
    pub hint: String,
    /// Names this answer in the server's log.
    pub request_id: String,
    /// Cells that do not fit their declaration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<CellError>,
    /// What is missing for a step of a version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// An error on its way to a client.
#[derive(Debug)]
pub struct Problem(pub Error);

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: Into<Error>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Problem {
    /// The document; a fault shows its code and request id only, its chain goes to the log.
    pub fn document(&self) -> ProblemDocument {
        let error = &self.0;
        let request_id = crate::clock::new_id("rq");
        let detail = if error.family() == Family::Fault {
            tracing::error!(request_id, code = error.code(), chain = error.chain(), "fault");
            "the server could not do this".to_owned()
        } else {
            error.to_string()
        };
        let errors = match error {
            Error::Quarantined { cells, .. } => cells.clone(),
            _ => Vec::new(),
        };
        let gaps = match error {
            Error::Review(review::Error::Incomplete { gaps, .. }) => gaps.clone(),
            _ => Vec::new(),
        };
        ProblemDocument {
            kind: format!("urn:driftledger:{}", error.code()),
            title: error.code().replace('_', " "),
            status: error.status(),
            detail,
            code: error.code().to_owned(),
            hint: error.hint().to_owned(),
            request_id,
            errors,
            gaps,
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code()).json(self.document());
        let media_type = HeaderValue::from_static(PROBLEM_TYPE);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        if let Error::Busy { seconds, .. } | Error::TooMany { seconds } = &self.0 {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_to_wait_is_told_how_long() {
        let detail = "four packs are being made already".to_owned();
        let refused = Problem(Error::Busy { detail, seconds: 10 }).error_response();
        assert_eq!(refused.status().as_u16(), 429);
        assert_eq!(refused.headers().get(RETRY_AFTER).unwrap(), "10");
        let other = Problem(Error::BadRequest { detail: String::new() }).error_response();
        assert!(other.headers().get(RETRY_AFTER).is_none());
    }
}

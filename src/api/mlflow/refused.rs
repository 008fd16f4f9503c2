//! Errors in the protocol's shape, and the gate that finds out who asks.

use crate::api::extract::caller;
use crate::error::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, ResponseError};
use serde_json::json;

/// An error on its way to an MLflow client.
#[derive(Debug)]
pub(super) struct Refused(Error);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Refused {
    fn error_code(&self) -> (u16, &'static str) {
        match (&self.0, self.0.status()) {
            (Error::AlreadyExists { .. }, _) => (400, "RESOURCE_ALREADY_EXISTS"),
            (Error::NotSupported { .. }, _) => (501, "NOT_IMPLEMENTED"),
            (Error::NotFound { what: "MLflow route", .. }, _) => (404, "ENDPOINT_NOT_FOUND"),
            (_, 401) => (401, "UNAUTHENTICATED"),
            (_, 403) => (403, "PERMISSION_DENIED"),
            (_, 404) => (404, "RESOURCE_DOES_NOT_EXIST"),
            (_, 409) => (409, "RESOURCE_CONFLICT"),
            (_, status) if status < 500 => (400, "INVALID_PARAMETER_VALUE"),
            (_, status) => (status, "INTERNAL_ERROR"),
        }
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.error_code().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let (status, error_code) = self.error_code();
        let message = if status == 500 {
            "the server could not do this".to_owned()
        } else {
            self.0.to_string()
        };
        if self.0.status() >= 500 {
            tracing::error!(code = self.0.code(), chain = self.0.chain(), "fault");
        }
        HttpResponse::build(self.status_code())
            .json(json!({"error_code": error_code, "message": message}))
    }
}

/// Finds out who asks before the body is read.
///
/// # Errors
///
/// Status 401 or 403 in the protocol's shape.
pub(super) async fn caller_first<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let caller = caller(request.request().clone()).await.map_err(Refused)?;
    request.extensions_mut().insert(caller);
    next.call(request).await
}

/// What no route answers.
///
/// # Errors
///
/// Always.
pub(super) async fn no_route(request: HttpRequest) -> Result<HttpResponse, Refused> {
    let id = format!("{} {}", request.method(), request.path());
    Err(Error::NotFound { what: "MLflow route", id }.into())
}

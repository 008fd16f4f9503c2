//! Errors in the protocol's shape, and the gate that finds out who asks.

use super::BODY_BYTES_MAX;
use crate::access;
use crate::api::extract::{Caller, Shared, asked_of, blocking, caller};
use crate::api::limits::address_of;
use crate::error::Error;
use crate::procedures::sign_in::{acting_by_known_password, acting_by_password};
use crate::procedures::watch_access::{note_refusal, note_sign_in};
use crate::store;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, ResponseError, web};
use base64ct::{Base64, Encoding as _};
use serde_json::json;

/// An error on its way to an MLflow client.
#[derive(Debug)]
pub(super) struct Refused {
    error: Error,
    /// Where a person can do something about it.
    see: Option<String>,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self { error: error.into(), see: None }
    }
}

impl Refused {
    /// The same with the page where what is protected is approved, on the server that `request` reached.
    pub(super) fn at(request: &HttpRequest, error: Error) -> Self {
        let see = match &error {
            Error::Protected { page, .. } => {
                let connection = request.connection_info();
                let server = format!("{}://{}", connection.scheme(), connection.host());
                Some(format!("{server}{page}"))
            }
            _ => None,
        };
        Self { error, see }
    }

    /// Status and code. Clients send again what is answered with 408, 429 or 5xx, so what stays refused is never one of these.
    fn error_code(&self) -> (u16, &'static str) {
        use store::Error::{ObjectChanged, ObjectDisposed, ObjectMissing};
        match (&self.error, self.error.status()) {
            (Error::AlreadyExists { .. }, _) => (400, "RESOURCE_ALREADY_EXISTS"),
            (Error::NotSupported { .. }, _) => (501, "NOT_IMPLEMENTED"),
            (
                Error::Store(ObjectChanged { .. } | ObjectDisposed { .. } | ObjectMissing { .. }),
                _,
            ) => (409, "DATA_LOSS"),
            (Error::TooLarge { .. }, _) => (413, "RESOURCE_LIMIT_EXCEEDED"),
            (Error::NotFound { what: "MLflow route", .. }, _) => (404, "ENDPOINT_NOT_FOUND"),
            (_, 401 | 423) => (401, "UNAUTHENTICATED"),
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
        let mut message = if status == 500 {
            "the server could not do this".to_owned()
        } else {
            self.error.to_string()
        };
        if let Some(see) = &self.see {
            message.push_str("; see ");
            message.push_str(see);
        }
        if self.error.status() >= 500 {
            tracing::error!(code = self.error.code(), chain = self.error.chain(), "fault");
        }
        HttpResponse::build(self.status_code())
            .json(json!({"error_code": error_code, "message": message}))
    }
}

/// Finds out who asks before the body is read: by token, by session, or by user name with password or personal token.
///
/// # Errors
///
/// Status 401 or 403 in the protocol's shape.
pub(super) async fn caller_first<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let basic = header.and_then(|value| value.strip_prefix("Basic ")).map(str::to_owned);
    let who = match basic {
        Some(basic) => caller_by_name(&request, &basic).await,
        None => caller(request.request().clone()).await,
    };
    let caller = who.map_err(Refused::from)?;
    let (shared, asked) = asked_of(request.request()).map_err(Refused::from)?;
    let account = caller.0.account.clone();
    request.extensions_mut().insert(caller);
    let response = next.call(request).await?;
    if let Some(refused) = response.response().error().and_then(|e| e.as_error::<Refused>()) {
        note_refusal(&shared.store, &account, &refused.error, &asked);
    }
    let status = response.status();
    let media_type = response.headers().get(CONTENT_TYPE);
    if !status.is_client_error() || media_type.is_some_and(|found| found == "application/json") {
        return Ok(response.map_into_left_body());
    }
    // What the server itself refused, before a handler saw it.
    let id = format!("{} {}", response.request().method(), response.request().path());
    let error = match status {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge { limit: BODY_BYTES_MAX as u64 },
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            Error::NotFound { what: "MLflow route", id }
        }
        _ => Error::BadRequest { detail: format!("{id} cannot be read") },
    };
    let (request, _) = response.into_parts();
    let refused = Refused::from(error).error_response().map_into_right_body();
    Ok(ServiceResponse::new(request, refused))
}

/// Who `user name:secret` in base 64 is. A password that was right a moment ago is known again; any other costs a try.
async fn caller_by_name(request: &ServiceRequest, basic: &str) -> Result<Caller, Error> {
    let decoded =
        Base64::decode_vec(basic.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = decoded.as_deref().and_then(|text| text.split_once(':'));
    let (user_name, secret) = pair.ok_or(access::Error::WrongCredentials)?;
    let (user_name, secret) = (user_name.to_owned(), secret.to_owned());
    let missing = || Error::Render { detail: "the application has no store".to_owned() };
    let shared = request.app_data::<web::Data<Shared>>().cloned().ok_or_else(missing)?;
    let (_, asked) = asked_of(request.request())?;
    let address = address_of(&request.connection_info(), shared.behind_proxy);
    blocking(move || {
        let (store, known) = (&shared.store, &shared.passwords);
        let named = (user_name.as_str(), secret.as_str());
        if let Some(acting) = acting_by_known_password(store, named, known)? {
            return Ok(Caller(acting));
        }
        shared.limits.take(&address, true).map_err(|seconds| Error::TooMany { seconds })?;
        let acting = acting_by_password(store, named, known);
        note_sign_in(store, &user_name, acting.as_ref().err(), &asked);
        Ok(Caller(acting?))
    })
    .await
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

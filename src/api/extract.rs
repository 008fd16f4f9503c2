//! Who asks, and what a body becomes: the extractors every door shares.

use super::evidence_jobs::EvidenceJobs;
use super::limits::{Limits, REQUESTS_PER_SECOND, address_of};
use super::printed::Presses;
use super::problem::Problem;
use super::provider_client::ClockSource;
use crate::access;
use crate::access::account::Acting;
use crate::access::password::KnownPasswords;
use crate::access::provider::ProviderSettings;
use crate::access::session::Session;
use crate::dataset::reader::Format;
use crate::digest::ContentHasher;
use crate::error::{Error, Result};
use crate::ledger::trust_policy::TrustPolicy;
use crate::procedures::ingest_batch::Delivery;
use crate::procedures::sign_in;
use crate::procedures::tell_people::Post;
use crate::procedures::watch_access::{Asked, note_refusal};
use crate::procedures::watch_backups::BackupSchedule;
use crate::procedures::watch_time_stamps::StampSchedule;
use crate::store::Store;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Decompress, Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::middleware::Next;
use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, web,
};
use futures_util::{Stream, StreamExt as _};
use rustls::ServerConfig;
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tempfile::NamedTempFile;

/// Name of the session cookie.
pub const SESSION_COOKIE: &str = "driftledger_session";
/// Header by which a script proves that it is no forged form.
pub const FORM_TOKEN_HEADER: &str = "x-form-token";

/// What all handlers share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The store.
    pub store: Store,
    /// Largest body, in bytes.
    pub body_bytes_max: u64,
    /// Whether a proxy in front speaks TLS and says who asks.
    pub behind_proxy: bool,
    /// TLS of this server itself.
    pub tls: Option<ServerConfig>,
    /// How often one address may ask.
    pub limits: Arc<Limits>,
    /// How notices are sent.
    pub post: Post,
    /// Passwords that were right a moment ago, of programs that send them with every request.
    pub passwords: Arc<KnownPasswords>,
    /// Witnesses to ask for cosignatures.
    pub witnesses: Option<Arc<TrustPolicy>>,
    /// Where browsers reach this server: what passkeys are bound to.
    pub public_url: String,
    /// The identity provider that people sign in at.
    pub provider: Option<Arc<ProviderSettings>>,
    /// What the clock is compared with.
    pub clock_source: Option<ClockSource>,
    /// Backups that this server makes by itself.
    pub backups: Option<Arc<BackupSchedule>>,
    /// Time stamps that this server asks for by itself.
    pub time_stamps: Option<Arc<StampSchedule>>,
    /// Evidence packs that are being made.
    pub evidence: EvidenceJobs,
    /// Documents that are being set.
    pub presses: Presses,
}

impl Shared {
    /// `store` on a loopback address: plain HTTP, default limits.
    pub fn new(store: Store) -> Self {
        let limits = Arc::new(Limits::new(REQUESTS_PER_SECOND));
        let passwords = Arc::new(KnownPasswords::default());
        let (body_bytes_max, behind_proxy, tls) = (BODY_BYTES_MAX, false, None);
        let (post, witnesses) = (Post { relay: None, patience: NOTICE_PATIENCE }, None);
        Self {
            store,
            body_bytes_max,
            behind_proxy,
            tls,
            limits,
            post,
            passwords,
            witnesses,
            public_url: String::new(),
            provider: None,
            clock_source: None,
            backups: None,
            time_stamps: None,
            evidence: EvidenceJobs::default(),
            presses: Presses::default(),
        }
    }

    /// Whether browsers reach this server over HTTPS only.
    pub fn is_secure(&self) -> bool {
        self.behind_proxy || self.tls.is_some()
    }
}

/// How long the receiver of a notice may take.
const NOTICE_PATIENCE: Duration = Duration::from_secs(10);

/// Largest body of a batch by default: 1 GiB.
pub const BODY_BYTES_MAX: u64 = 1 << 30;

/// Runs blocking work off the async threads.
///
/// # Errors
///
/// Those of `work`; [`Error::Render`] when the work panicked.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let place = Arc::new(Mutex::new(None));
    let outcome = Arc::clone(&place);
    // One kind of task for all kinds of work: a kind for each of four hundred makes the program a tenth larger.
    let task: Box<dyn FnOnce() + Send> = Box::new(move || {
        *outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(work());
    });
    // Work that panicked leaves its place empty.
    let _panicked = web::block(task).await;
    let outcome = place.lock().unwrap_or_else(PoisonError::into_inner).take();
    outcome.unwrap_or_else(|| {
        Err(Error::Render { detail: "the work stopped before it was done".to_owned() })
    })
}

fn shared(request: &HttpRequest) -> Result<web::Data<Shared>> {
    let missing = || Error::Render { detail: "the application has no store".to_owned() };
    request.app_data::<web::Data<Shared>>().cloned().ok_or_else(missing)
}

/// Somebody who is signed in with a browser.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// The cookie's secret.
    pub secret: String,
}

impl SignedIn {
    /// This person, acting in a session.
    pub fn acting(&self) -> Acting {
        self.session.acting()
    }

    /// Checks that a request was sent by a script of this session.
    ///
    /// # Errors
    ///
    /// [`access::Error::Forged`].
    pub(super) fn check_form_of(&self, request: &HttpRequest) -> Result<()> {
        let sent = request.headers().get(FORM_TOKEN_HEADER).and_then(|value| value.to_str().ok());
        Ok(self.session.check_form(sent.unwrap_or_default())?)
    }
}

async fn signed_in(request: HttpRequest) -> Result<SignedIn> {
    let cookie = request.cookie(SESSION_COOKIE).ok_or(access::Error::NotSignedIn)?;
    let secret = cookie.value().to_owned();
    let store = shared(&request)?.store.clone();
    let looked_up = secret.clone();
    let session = blocking(move || sign_in::session_of(&store, &looked_up)).await?;
    Ok(SignedIn { session, secret })
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(signed_in(request).await?) })
    }
}

/// Anybody with a session or a token.
#[derive(Clone, Debug)]
pub struct Caller(pub Acting);

/// Finds out who asks, by token or by session.
///
/// # Errors
///
/// [`Error::Access`].
pub(super) async fn caller(request: HttpRequest) -> Result<Caller> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) {
        let store = shared(&request)?.store.clone();
        let token = token.trim().to_owned();
        return blocking(move || sign_in::acting_by_token(&store, &token)).await.map(Caller);
    }
    let visitor = signed_in(request.clone()).await?;
    visitor.session.check_password_kept()?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        visitor.check_form_of(&request)?;
    }
    Ok(Caller(visitor.acting()))
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = std::future::Ready<std::result::Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().cloned();
        std::future::ready(known.ok_or_else(|| access::Error::NotSignedIn.into()))
    }
}

/// What all handlers share, with what a request asks for and where it came from.
///
/// # Errors
///
/// [`Error::Render`] when the application was put together without a store.
pub fn asked_of(request: &HttpRequest) -> Result<(web::Data<Shared>, Asked)> {
    let shared = shared(request)?;
    let what = format!("{} {}", request.method(), request.path());
    let address = address_of(&request.connection_info(), shared.behind_proxy);
    Ok((shared, Asked { what, address }))
}

/// The gate of the API: finds out who asks before anything of the body is read, for every route there is and will be.
/// Only those of a session answer without: their handlers ask themselves, and a password that has to be changed can be.
///
/// # Errors
///
/// A problem of status 401 or 403.
pub async fn caller_first<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let pattern = request.match_pattern();
    let asks_itself =
        |pattern: &str| pattern == "/api/v1/session" || pattern.starts_with("/api/v1/session/");
    if !pattern.as_deref().is_some_and(asks_itself) {
        match caller(request.request().clone()).await {
            Ok(caller) => _ = request.extensions_mut().insert(caller),
            Err(error) => {
                let refused = Problem(error).error_response();
                return Ok(request.into_response(refused).map_into_right_body());
            }
        }
    }
    let who = request.extensions().get::<Caller>().map(|caller| caller.0.account.clone());
    let asked = asked_of(request.request());
    let response = next.call(request).await?;
    let refused = response.response().error().and_then(|error| error.as_error::<Problem>());
    if let (Some(Problem(error)), Some(account), Ok((shared, asked))) = (refused, who, asked) {
        note_refusal(&shared.store, &account, error, &asked);
    }
    Ok(response.map_into_left_body())
}

/// What no route answers.
///
/// # Errors
///
/// Always [`Error::NotFound`].
pub async fn no_route(request: HttpRequest) -> std::result::Result<HttpResponse, Problem> {
    let id = format!("{} {}", request.method(), request.path());
    Err(Error::NotFound { what: "API route", id }.into())
}

/// The body as it arrives, decompressed, not yet read.
pub struct Body(Decompress<Payload>);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}

impl FromRequest for Body {
    type Error = Problem;
    type Future = std::future::Ready<std::result::Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self(Decompress::from_headers(payload.take(), request.headers()))))
    }
}

/// The format a body's media type names.
///
/// # Errors
///
/// [`Error::MediaType`].
pub fn format_of(request: &HttpRequest) -> Result<Format> {
    let found = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    Format::of_media_type(found).ok_or_else(|| Error::MediaType { found: found.to_owned() })
}

/// Bytes that are spooled in one go.
const SPOOL_STEP: usize = 1 << 20;

/// A spool file with the digests of what is in it.
struct Spool {
    file: NamedTempFile,
    hasher: ContentHasher,
}

impl Spool {
    fn append(mut self, bytes: &[u8]) -> Result<Self> {
        self.hasher.update(bytes);
        self.file.write_all(bytes).map_err(|source| Error::File {
            doing: "spooling to",
            path: self.file.path().display().to_string(),
            source,
        })?;
        Ok(self)
    }
}

/// Streams a body to a spool file while it is hashed, off the async threads: no more than a step of it is ever in memory.
///
/// # Errors
///
/// [`Error::TooLarge`] beyond the limit; [`Error::BadRequest`] when the client breaks off.
pub async fn spool(shared: &Shared, body: Body, format: Option<Format>) -> Result<Delivery> {
    spool_stream(shared, body.0, shared.body_bytes_max, format).await
}

/// The same for any stream of bytes, of at most `limit` bytes.
///
/// # Errors
///
/// Those of [`spool`].
pub async fn spool_stream<E: std::fmt::Display>(
    shared: &Shared,
    mut chunks: impl Stream<Item = std::result::Result<web::Bytes, E>> + Unpin,
    limit: u64,
    format: Option<Format>,
) -> Result<Delivery> {
    let objects = shared.store.clone();
    let file = blocking(move || Ok(objects.objects().spool_file()?)).await?;
    let mut spool = Spool { file, hasher: ContentHasher::new() };
    let mut step = Vec::new();
    let mut length = 0u64;
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|e| Error::BadRequest { detail: format!("the body broke off: {e}") })?;
        length += chunk.len() as u64;
        if length > limit {
            return Err(Error::TooLarge { limit: shared.body_bytes_max });
        }
        step.extend_from_slice(&chunk);
        if step.len() >= SPOOL_STEP {
            let full = std::mem::take(&mut step);
            spool = blocking(move || spool.append(&full)).await?;
        }
    }
    let spool = blocking(move || spool.append(&step)).await?;
    Ok(Delivery { file: spool.file, content: spool.hasher.finish(), format })
}

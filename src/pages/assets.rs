//! The style sheet, the icon and the two scripts, compiled in: pages load nothing else.

use crate::digest;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, get};
use std::sync::LazyLock;

const STYLE: &str = include_str!("style.css");
const ICON: &str = include_str!("icon.svg");

static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| address("style.css", STYLE));
static PASSKEY_ADDRESS: LazyLock<String> =
    LazyLock::new(|| address("passkey.js", Script::Passkey.text()));
static UPLOAD_ADDRESS: LazyLock<String> =
    LazyLock::new(|| address("upload.js", Script::Upload.text()));

/// A script of ours. Every page works without it, but for registering a passkey and signing with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Registers passkeys and asks them before something is signed.
    Passkey,
    /// Shows how much of a form's files has been sent.
    Upload,
}

impl Script {
    /// Its address with the digest of its content.
    pub fn address(self) -> &'static str {
        match self {
            Self::Passkey => &PASSKEY_ADDRESS,
            Self::Upload => &UPLOAD_ADDRESS,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Passkey => include_str!("passkey.js"),
            Self::Upload => include_str!("upload.js"),
        }
    }

    fn answer(self, request: &HttpRequest) -> HttpResponse {
        kept((request, self.address()), "text/javascript; charset=utf-8", self.text())
    }
}

/// Address of a file with the digest of its content.
fn address(name: &str, content: &str) -> String {
    let sha256 = digest::sha256_hex(content.as_bytes());
    format!("/static/{name}?v={}", &sha256[..12])
}

/// An answer that is kept for a year under the `address` that names its content.
fn kept(
    (request, address): (&HttpRequest, &str),
    content_type: &'static str,
    body: &'static str,
) -> HttpResponse {
    let named = *request.uri() == *address;
    let kept = if named { "public, max-age=31536000, immutable" } else { "no-cache" };
    HttpResponse::Ok().content_type(content_type).insert_header((CACHE_CONTROL, kept)).body(body)
}

/// Address of the style sheet with the digest of its content.
pub fn style_address() -> &'static str {
    &STYLE_ADDRESS
}

/// The script that registers passkeys and asks them before something is signed.
#[get("/static/passkey.js")]
pub(super) async fn passkey(request: HttpRequest) -> HttpResponse {
    Script::Passkey.answer(&request)
}

/// The script that shows how much of a form's files has been sent.
#[get("/static/upload.js")]
pub(super) async fn upload(request: HttpRequest) -> HttpResponse {
    Script::Upload.answer(&request)
}

/// The style sheet.
#[get("/static/style.css")]
pub(super) async fn style(request: HttpRequest) -> HttpResponse {
    kept((&request, style_address()), "text/css; charset=utf-8", STYLE)
}

/// The icon.
#[get("/static/icon.svg")]
pub(super) async fn icon() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .body(ICON)
}

//! The style sheet, the icon, and the script that asks passkeys, compiled in: pages load nothing else.

use crate::digest;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, get};
use std::sync::LazyLock;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("passkey.js");
const ICON: &str = include_str!("icon.svg");

static ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let sha256 = digest::sha256_hex(STYLE.as_bytes());
    format!("/static/style.css?v={}", &sha256[..12])
});

static SCRIPT_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let sha256 = digest::sha256_hex(SCRIPT.as_bytes());
    format!("/static/passkey.js?v={}", &sha256[..12])
});

/// Address of the script with the digest of its content.
pub fn script_address() -> &'static str {
    &SCRIPT_ADDRESS
}

/// The script that registers passkeys and asks them before something is signed.
#[get("/static/passkey.js")]
pub(super) async fn script(request: HttpRequest) -> HttpResponse {
    let named = *request.uri() == *script_address();
    let kept = if named { "public, max-age=31536000, immutable" } else { "no-cache" };
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((CACHE_CONTROL, kept))
        .body(SCRIPT)
}

/// Address of the style sheet with the digest of its content.
pub fn style_address() -> &'static str {
    &ADDRESS
}

/// The style sheet; kept for a year under the address that names its content.
#[get("/static/style.css")]
pub(super) async fn style(request: HttpRequest) -> HttpResponse {
    let named = *request.uri() == *style_address();
    let kept = if named { "public, max-age=31536000, immutable" } else { "no-cache" };
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, kept))
        .body(STYLE)
}

/// The icon.
#[get("/static/icon.svg")]
pub(super) async fn icon() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .body(ICON)
}

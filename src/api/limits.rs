//! How often one address may ask: a token bucket each; beyond it 429 with `Retry-After`, and nothing is lost.

use super::extract::Shared;
use super::problem::Problem;
use crate::error::Error;
use crate::pages::page_error::PageError;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ConnectionInfo, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::{ResponseError, web};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;

/// Requests a second from one address by default.
pub const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(2_000).expect("not zero");
/// Passwords tried a second from one address, after a burst.
const PASSWORDS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1).expect("not zero");
const PASSWORDS_BURST: NonZeroU32 = NonZeroU32::new(30).expect("not zero");

/// The buckets of all addresses.
#[derive(Debug)]
pub struct Limits {
    passwords: DefaultKeyedRateLimiter<String>,
    requests: DefaultKeyedRateLimiter<String>,
}

impl Limits {
    /// Full buckets, for `per_second` requests from one address and a burst of twice as many.
    pub fn new(per_second: NonZeroU32) -> Self {
        let burst = per_second.saturating_mul(NonZeroU32::MIN.saturating_add(1));
        let passwords = Quota::per_second(PASSWORDS_PER_SECOND).allow_burst(PASSWORDS_BURST);
        Self {
            passwords: RateLimiter::keyed(passwords),
            requests: RateLimiter::keyed(Quota::per_second(per_second).allow_burst(burst)),
        }
    }

    /// Takes one from the bucket of `address`.
    ///
    /// # Errors
    ///
    /// When it is empty: the seconds until it is not.
    pub fn take(&self, address: &str, tries_password: bool) -> Result<(), u64> {
        let of = |bucket: &DefaultKeyedRateLimiter<String>| {
            bucket.check_key(&address.to_owned()).map_err(|early| {
                let wait = early.wait_time_from(DefaultClock::default().now());
                wait.as_secs() + 1
            })
        };
        if tries_password {
            of(&self.passwords)?;
        }
        of(&self.requests)
    }

    /// Forgets addresses whose buckets are full again.
    pub fn forget_idle(&self) {
        self.passwords.retain_recent();
        self.requests.retain_recent();
    }
}

/// Refuses an address that asks too often, before anything else is done.
///
/// # Errors
///
/// Those of the service.
pub async fn limited<B: MessageBody + 'static>(
    shared: web::Data<Shared>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let address = address_of(&request.connection_info(), shared.behind_proxy);
    let path = request.path();
    let tries_password = *request.method() == Method::POST
        && (path.ends_with("/sign-in")
            || path.ends_with("/session")
            || path.ends_with("/password")
            || path.contains("/second-factor"));
    let Err(seconds) = shared.limits.take(&address, tries_password) else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let error = Error::TooMany { seconds };
    let mut refused = if path.starts_with("/api/") || path.starts_with("/ajax-api/") {
        Problem(error).error_response()
    } else {
        PageError::from(error).error_response()
    };
    refused.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    Ok(request.into_response(refused).map_into_right_body())
}

/// Who asks, as far as the network knows; what a proxy says counts only where one is declared.
pub(super) fn address_of(connection: &ConnectionInfo, behind_proxy: bool) -> String {
    let said = if behind_proxy { connection.realip_remote_addr() } else { connection.peer_addr() };
    said.unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_bucket_says_how_long_to_wait_and_is_nobody_elses() {
        let limits = Limits::new(NonZeroU32::new(5).unwrap());
        for _ in 0..10 {
            limits.take("192.0.2.1", false).unwrap();
        }
        assert_eq!(limits.take("192.0.2.1", false), Err(1));
        limits.take("192.0.2.2", false).unwrap();
        limits.forget_idle();
        assert!(limits.take("192.0.2.1", false).is_err(), "a recent address is not forgotten");
    }

    #[test]
    fn passwords_are_tried_thirty_times_and_then_once_a_second() {
        let limits = Limits::new(REQUESTS_PER_SECOND);
        for _ in 0..30 {
            limits.take("192.0.2.1", true).unwrap();
        }
        assert!(limits.take("192.0.2.1", true).is_err());
        limits.take("192.0.2.1", false).unwrap();
    }
}

//! The server: every route of API and pages, with the headers every answer carries.

use super::extract::{Shared, blocking, no_route};
use super::limits::{Limits, limited};
use super::provider_client::ClockSource;
use super::stamp_client::keep_stamping;
use super::witness_client::keep_asking;
use super::{description, routes};
use crate::error::{Error, Result};
use crate::pages;
use crate::procedures::dispose_files::finish_disposals;
use crate::procedures::tell_people::{Post, deliver};
use crate::procedures::watch_actions::watch_actions;
use crate::procedures::watch_backups::{BackupSchedule, is_due, make_scheduled, watch_lateness};
use crate::procedures::watch_clock::watch_clock;
use crate::procedures::watch_labels::watch_labels;
use crate::procedures::watch_missing_labels::watch_missing_labels;
use crate::procedures::watch_silence::watch_silence;
use crate::procedures::watch_time_stamps;
use crate::store::Store;
use actix_web::middleware::{Compress, DefaultHeaders, from_fn};
use actix_web::{App, HttpResponse, HttpServer, web};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use utoipa_actix_web::AppExt as _;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Largest JSON body (a registration holds counts of every feature), in bytes.
const JSON_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a page may load: nothing but our own style sheet and images, and forms go nowhere else.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// The API's browsable description is the one page with a script, and it is our own.
const DESCRIPTION_POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' \
     'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The headers of every answer that sets no others; browsers that came over HTTPS are told to stay there for a year.
pub fn headers(is_secure: bool) -> DefaultHeaders {
    let headers = if is_secure {
        DefaultHeaders::new().add(("strict-transport-security", "max-age=31536000"))
    } else {
        DefaultHeaders::new()
    };
    headers
        .add(("content-security-policy", CONTENT_SECURITY_POLICY))
        .add(("x-content-type-options", "nosniff"))
        .add(("referrer-policy", "same-origin"))
        .add(("cache-control", "no-store"))
}

/// How often the outbox is looked at.
const NOTICE_INTERVAL: Duration = Duration::from_secs(10);

/// Serves `shared` on `listener` until the process is told to stop; requests in flight are finished.
///
/// # Errors
///
/// [`Error::File`] when the listener cannot be used.
pub fn serve(shared: Shared, listener: TcpListener) -> Result<()> {
    serve_until(shared, listener, std::future::pending())
}

/// The same until `stop`, if no signal ends it before.
///
/// # Errors
///
/// Those of [`serve`].
pub fn serve_until(
    shared: Shared,
    listener: TcpListener,
    stop: impl Future<Output = ()> + 'static,
) -> Result<()> {
    let failed =
        |source| Error::File { doing: "serving on", path: "the address".to_owned(), source };
    let (store, limits) = (shared.store.clone(), shared.limits.clone());
    let (letters, post) = (shared.store.clone(), shared.post.clone());
    let (tls, is_secure) = (shared.tls.clone(), shared.is_secure());
    let witnesses = shared.witnesses.clone();
    let clock_source = shared.clock_source.clone();
    let (backups, time_stamps) = (shared.backups.clone(), shared.time_stamps.clone());
    let (safe, stamped) = (store.clone(), store.clone());
    let data = web::Data::new(shared);
    let server = HttpServer::new(move || {
        App::new()
            // Before the scope of the API, which answers for every other path below `/api/v1`.
            .route(
                "/api/v1/openapi.json",
                web::get().to(|| async { HttpResponse::Ok().json(description::openapi()) }),
            )
            .into_utoipa_app()
            .app_data(data.clone())
            .app_data(web::JsonConfig::default().limit(JSON_BYTES_MAX).error_handler(|e, _| {
                super::problem::Problem(Error::BadRequest {
                    detail: format!("body: {}", crate::digest::json_error(&e)),
                })
                .into()
            }))
            .app_data(web::QueryConfig::default().error_handler(|e, _| {
                super::problem::Problem(Error::BadRequest { detail: format!("query: {e}") }).into()
            }))
            .app_data(web::PathConfig::default().error_handler(|e, _| {
                super::problem::Problem(Error::BadRequest { detail: format!("address: {e}") })
                    .into()
            }))
            .configure(routes::configure)
            .map(|app| {
                app.service(web::redirect("/api", "/api/docs/"))
                    .service(web::redirect("/api/docs", "/api/docs/"))
                    .service(
                        web::scope("/api/docs")
                            .wrap(
                                DefaultHeaders::new()
                                    .add(("content-security-policy", DESCRIPTION_POLICY)),
                            )
                            .service(
                                SwaggerUi::new("/{_:.*}")
                                    .config(Config::new(["/api/v1/openapi.json"])),
                            ),
                    )
                    .configure(super::mlflow::configure)
                    .service(web::scope("/api").default_service(web::to(no_route)))
                    .configure(pages::routes::configure)
            })
            .into_app()
            .wrap(from_fn(limited))
            .wrap(Compress::default())
            .wrap(headers(is_secure))
    })
    .workers(2)
    .shutdown_timeout(30);
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls),
        None => server.listen(listener),
    }
    .map_err(failed)?;
    actix_web::rt::System::new()
        .block_on(async move {
            if let Some(policy) = witnesses {
                actix_web::rt::spawn(keep_asking(store.clone(), policy));
            }
            if let Some(schedule) = backups {
                actix_web::rt::spawn(keep_backing_up(safe, schedule));
            }
            if let Some(schedule) = time_stamps {
                actix_web::rt::spawn(keep_stamping(stamped, schedule));
            }
            actix_web::rt::spawn(every_minute(store, limits, clock_source));
            actix_web::rt::spawn(send_notices(letters, post));
            let running = server.run();
            let handle = running.handle();
            actix_web::rt::spawn(async move {
                stop.await;
                handle.stop(true).await;
            });
            running.await
        })
        .map_err(failed)
}

/// Sends what stands in the outbox, for as long as the server runs.
async fn send_notices(store: Store, post: Post) {
    let mut rounds = actix_web::rt::time::interval(NOTICE_INTERVAL);
    loop {
        rounds.tick().await;
        let (letters, post) = (store.clone(), post.clone());
        if let Err(error) = blocking(move || deliver(&letters, &post)).await {
            tracing::error!(code = error.code(), chain = error.chain(), "notices are not sent");
        }
    }
}

/// How often it is asked whether a backup is due.
const BACKUP_INTERVAL: Duration = Duration::from_secs(10);

/// Makes a backup whenever one is due, for as long as the server runs. It is made on a thread of its own, which ends with the process:
/// a server that is told to stop does not wait for it, and what is unfinished is no backup.
async fn keep_backing_up(store: Store, schedule: Arc<BackupSchedule>) {
    let mut rounds = actix_web::rt::time::interval(BACKUP_INTERVAL);
    let mut running: Option<std::thread::JoinHandle<()>> = None;
    loop {
        rounds.tick().await;
        if running.as_ref().is_some_and(|thread| !thread.is_finished()) {
            continue;
        }
        let (asked, wanted) = (store.clone(), schedule.clone());
        let due = blocking(move || is_due(&asked, &wanted)).await;
        let due = due.unwrap_or_else(|error| {
            tracing::error!(code = error.code(), chain = error.chain(), "backups are not watched");
            false
        });
        if !due {
            continue;
        }
        let (store, schedule) = (store.clone(), schedule.clone());
        running = Some(std::thread::spawn(move || match make_scheduled(&store, &schedule) {
            Ok(true) => {}
            Ok(false) => tracing::error!("a backup failed; the record of it says why"),
            Err(error) => {
                let (code, chain) = (error.code(), error.chain());
                tracing::error!(code, chain, "what became of a backup cannot be recorded");
            }
        }));
    }
}

/// Looks at the clock, notices batches and labels that never came and labels that fell due, and forgets addresses that ask no more, for as
/// long as the server runs.
async fn every_minute(store: Store, limits: Arc<Limits>, clock_source: Option<ClockSource>) {
    let mut minutes = actix_web::rt::time::interval(Duration::from_mins(1));
    loop {
        minutes.tick().await;
        limits.forget_idle();
        let (timed, source) = (store.clone(), clock_source.clone());
        let look = move || watch_clock(&timed, source.map(|source| source.sample()).as_ref());
        if let Err(error) = blocking(look).await {
            tracing::error!(code = error.code(), chain = error.chain(), "the clock is not watched");
        }
        let [silent, due, late, missing, safe, stamped, gone] =
            std::array::from_fn(|_| store.clone());
        if let Err(error) = blocking(move || finish_disposals(&gone)).await {
            tracing::error!(code = error.code(), chain = error.chain(), "files do not go");
        }
        if let Err(error) = blocking(move || watch_lateness(&safe)).await {
            tracing::error!(code = error.code(), chain = error.chain(), "backups are not watched");
        }
        if let Err(error) = blocking(move || watch_time_stamps::watch_lateness(&stamped)).await {
            tracing::error!(code = error.code(), chain = error.chain(), "stamps are not watched");
        }
        if let Err(error) = blocking(move || watch_actions(&late)).await {
            tracing::error!(code = error.code(), chain = error.chain(), "actions are not watched");
        }
        if let Err(error) = blocking(move || watch_silence(&silent)).await {
            tracing::error!(code = error.code(), chain = error.chain(), "silence is not watched");
        }
        if let Err(error) = blocking(move || watch_labels(&due)).await {
            tracing::error!(code = error.code(), chain = error.chain(), "labels are not watched");
        }
        if let Err(error) = blocking(move || watch_missing_labels(&missing)).await {
            tracing::error!(code = error.code(), chain = error.chain(), "labels are not missed");
        }
    }
}

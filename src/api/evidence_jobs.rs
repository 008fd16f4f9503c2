//! Evidence packs that are being made, and those that wait to be fetched: each belongs to who asked for it.

use super::extract::blocking;
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::error::{Error, Result};
use crate::evidence::manifest::Scope;
use crate::procedures::resolve_scope::check_scope;
use crate::procedures::take_evidence::{TakenPack, take_evidence};
use crate::store::Store;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;

/// Packs made at the same time, at most.
const WORKING_MAX: usize = 4;
/// Packs that wait, at most; the oldest go.
const KEPT_MAX: usize = 32;
/// How long a finished pack waits to be fetched.
const KEPT_FOR: Duration = Duration::from_hours(1);

/// How far the making of a pack is.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EvidenceJob {
    /// Its id.
    pub id: String,
    /// `working`, `done` or `failed`.
    pub state: &'static str,
    /// What the pack is about.
    pub scope: Scope,
    /// The same in words.
    pub about: String,
    /// Ledger entries that are packed.
    pub entries_done: u64,
    /// Ledger entries to pack.
    pub entries_total: u64,
    /// What was made; absent until it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<TakenPack>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// One job.
#[derive(Debug)]
struct Job {
    owner: String,
    scope: Scope,
    begun: Instant,
    done: Arc<AtomicU64>,
    total: Arc<AtomicU64>,
    outcome: Option<std::result::Result<(TakenPack, NamedTempFile), String>>,
}

/// All jobs of this process.
#[derive(Clone, Debug, Default)]
pub struct EvidenceJobs(Arc<Mutex<BTreeMap<String, Job>>>);

impl EvidenceJobs {
    /// Begins to make the pack of `scope`, after it was found that there is such a thing.
    ///
    /// # Errors
    ///
    /// Those of [`check_scope`]; [`Error::Busy`] while too many are being made.
    pub async fn begin(&self, store: Store, acting: Acting, scope: Scope) -> Result<EvidenceJob> {
        let (checked, by, asked) = (store.clone(), acting.clone(), scope.clone());
        let found = blocking(move || check_scope(&checked, &by, &asked)).await?;
        let id = clock::new_id("ej");
        let (done, total) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let job = Job {
            owner: acting.account.id.clone(),
            scope: found,
            begun: Instant::now(),
            done: Arc::clone(&done),
            total: Arc::clone(&total),
            outcome: None,
        };
        let shown = job.shown(&id);
        self.enter(id.clone(), job)?;
        let jobs = self.clone();
        actix_web::rt::task::spawn_blocking(move || {
            let made = make(&store, &acting, &scope, (&done, &total));
            let outcome = made.map_err(|error| {
                tracing::warn!(code = error.code(), chain = error.chain(), "evidence is not made");
                error.to_string()
            });
            if let Some(job) = jobs.lock().get_mut(&id) {
                job.outcome = Some(outcome);
            }
        });
        Ok(shown)
    }

    /// How far a job of this person is.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] for one that is not there any more, or somebody else's.
    pub fn look(&self, id: &str, acting: &Acting) -> Result<EvidenceJob> {
        acting.permit(Action::Read)?;
        let jobs = self.lock();
        let job = jobs.get(id).filter(|job| job.owner == acting.account.id);
        job.map(|job| job.shown(id)).ok_or_else(|| missing(id))
    }

    /// The pack of a job of this person, from its first byte.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] as long as it is not done.
    pub fn pack(&self, id: &str, acting: &Acting) -> Result<(EvidenceJob, File)> {
        acting.permit(Action::Read)?;
        let jobs = self.lock();
        let job = jobs.get(id).filter(|job| job.owner == acting.account.id);
        let Some(Some(Ok((_, file)))) = job.map(|job| &job.outcome) else {
            return Err(missing(id));
        };
        let shown = job.map(|job| job.shown(id)).ok_or_else(|| missing(id))?;
        Ok((shown, file.reopen().map_err(reading)?))
    }

    fn enter(&self, id: String, job: Job) -> Result<()> {
        let mut jobs = self.lock();
        jobs.retain(|_, job| job.outcome.is_none() || job.begun.elapsed() < KEPT_FOR);
        if jobs.values().filter(|job| job.outcome.is_none()).count() >= WORKING_MAX {
            let detail =
                format!("{WORKING_MAX} packs are being made already; ask again when one is done");
            return Err(Error::Busy { detail, seconds: 10 });
        }
        // Ids are in the order of their time.
        while jobs.len() >= KEPT_MAX {
            let finished = jobs.iter().find(|(_, job)| job.outcome.is_some());
            let Some(oldest) = finished.map(|(id, _)| id.clone()) else { break };
            jobs.remove(&oldest);
        }
        jobs.insert(id, job);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn shown(&self, id: &str) -> EvidenceJob {
        let (state, taken, failure) = match &self.outcome {
            None => ("working", None, None),
            Some(Ok((taken, _))) => ("done", Some(taken.clone()), None),
            Some(Err(failure)) => ("failed", None, Some(failure.clone())),
        };
        EvidenceJob {
            id: id.to_owned(),
            state,
            about: self.scope.words(),
            scope: self.scope.clone(),
            entries_done: self.done.load(Ordering::Relaxed),
            entries_total: self.total.load(Ordering::Relaxed),
            taken,
            failure,
        }
    }
}

fn make(
    store: &Store,
    acting: &Acting,
    scope: &Scope,
    (done, total): (&AtomicU64, &AtomicU64),
) -> Result<(TakenPack, NamedTempFile)> {
    let mut file = store.objects().spool_file()?;
    let taken = take_evidence(store, acting, scope, file.as_file_mut(), &mut |now, all| {
        done.store(now, Ordering::Relaxed);
        total.store(all, Ordering::Relaxed);
    })?;
    Ok((taken, file))
}

fn missing(id: &str) -> Error {
    Error::NotFound { what: "evidence pack", id: id.to_owned() }
}

pub(super) fn reading(source: std::io::Error) -> Error {
    Error::File { doing: "reading", path: "the spooled pack".to_owned(), source }
}

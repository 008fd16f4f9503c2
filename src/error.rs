//! The crate's error: every room's refusals and faults, and the one table from code to HTTP status, exit code and advice.

use crate::{access, dataset, digest, drift, evidence, ledger, notify, provenance, review, store};
use std::path::Path;

/// Anything that keeps a procedure from doing what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Who may do what.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Tables.
    #[error(transparent)]
    Dataset(#[from] dataset::Error),
    /// Digests.
    #[error(transparent)]
    Digest(#[from] digest::Error),
    /// Judgement.
    #[error(transparent)]
    Drift(#[from] drift::Error),
    /// Evidence packs.
    #[error(transparent)]
    Evidence(#[from] evidence::Error),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// Telling people outside.
    #[error(transparent)]
    Notify(#[from] notify::Error),
    /// Registration.
    #[error(transparent)]
    Provenance(#[from] provenance::Error),
    /// Conclusions.
    #[error(transparent)]
    Review(#[from] review::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Nothing of that id.
    #[error("there is no {what} `{id}`")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its id as given.
        id: String,
    },
    /// Something of that name exists.
    #[error("{what} `{id}` exists already")]
    AlreadyExists {
        /// What it is.
        what: &'static str,
        /// Its id or name.
        id: String,
    },
    /// A part of the protocol that this program does not speak.
    #[error("{what} is not supported here{instead}")]
    NotSupported {
        /// What was asked.
        what: String,
        /// What to do instead, or nothing.
        instead: &'static str,
    },
    /// What was asked would change something that must stay.
    #[error("{detail}")]
    Conflict {
        /// What stands in the way, and what to do.
        detail: String,
    },
    /// A name that stands for use, pointed at something that is not approved for use.
    #[error("{name} is protected: draft {number} of `{model}` {lacks}")]
    Protected {
        /// The alias or stage.
        name: String,
        /// Model name.
        model: String,
        /// Number of the draft.
        number: u64,
        /// What is missing.
        lacks: String,
        /// Path of the page that says so.
        page: String,
    },
    /// A user name that is taken.
    #[error("user name `{user_name}` is taken; names are never given away twice, choose another")]
    UserNameTaken {
        /// The name.
        user_name: String,
    },
    /// Another batch under a name that exists.
    #[error(
        "batch `{name}` exists with other content (SHA-256 {existing}); give the new one a name of its own"
    )]
    BatchNameTaken {
        /// The name.
        name: String,
        /// Digest of the batch of that name.
        existing: String,
    },
    /// A batch that is not as the version's schema declares it. It is kept, with its reasons.
    #[error("batch `{name}` is quarantined as `{quarantine_id}`: {}", reasons.join("; "))]
    Quarantined {
        /// Name given to the batch.
        name: String,
        /// Id of the quarantine record.
        quarantine_id: String,
        /// What does not fit.
        reasons: Vec<String>,
        /// The cells that do not fit.
        cells: Vec<dataset::CellError>,
    },
    /// A body that is too large.
    #[error(
        "the body has more than {limit} bytes; raise `--body-bytes-max` or send smaller batches"
    )]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// One address asks too often.
    #[error("too many requests from this address; try again in {seconds} s")]
    TooMany {
        /// Seconds until the next one is let through.
        seconds: u64,
    },
    /// So much of this is under way that no more is begun.
    #[error("{detail}")]
    Busy {
        /// What is under way.
        detail: String,
        /// Seconds after which asking again makes sense.
        seconds: u64,
    },
    /// A media type we do not read.
    #[error(
        "content type `{found}` is not read; expected one of application/vnd.apache.parquet, \
         application/vnd.apache.arrow.file, application/vnd.apache.arrow.stream, text/csv, application/x-ndjson, \
         application/json"
    )]
    MediaType {
        /// As sent.
        found: String,
    },
    /// A request that does not say what it must.
    #[error("{detail}")]
    BadRequest {
        /// What was found, what was expected, what to do.
        detail: String,
    },
    /// A file or folder that cannot be used.
    #[error("{doing} `{path}` failed")]
    File {
        /// What was tried.
        doing: &'static str,
        /// Path.
        path: String,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// The server that a command talks to refused what it was sent.
    #[error("the server at {server} refused it ({status} {code}): {detail}")]
    Answered {
        /// Address.
        server: String,
        /// HTTP status.
        status: u16,
        /// The server's code of what is wrong.
        code: String,
        /// What it said.
        detail: String,
        /// What to do, by the server.
        advice: String,
    },
    /// The server that a command talks to is not there, or is another one.
    #[error("the server at {server} cannot be used: {detail}")]
    Server {
        /// Address.
        server: String,
        /// What it said.
        detail: String,
    },
    /// This program does not compute what it should on this machine.
    #[error(
        "the self-test failed, nothing is judged or served: {} of {known} known answers were not found: {}; run \
         `driftledger selftest` for all of them, and use another build or machine",
        failed.len(),
        failed.iter().take(5).cloned().collect::<Vec<_>>().join("; ")
    )]
    SelfTestFailed {
        /// Those not found, each with what was found instead.
        failed: Vec<String>,
        /// How many known answers there are.
        known: usize,
    },
    /// Rendering a page or a document failed.
    #[error("page could not be rendered: {detail}")]
    Render {
        /// What failed.
        detail: String,
    },
}

/// `Result` of procedures and doors.
pub type Result<T> = std::result::Result<T, Error>;

/// Whether the caller can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The caller can act.
    Refusal,
    /// It is ours: the message goes to the log, not to the caller.
    Fault,
}

impl Error {
    /// What an error of the system becomes while `doing` something to `path`.
    pub fn file(doing: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Self + Copy {
        move |source| Self::File { doing, path: path.display().to_string(), source }
    }

    /// The stable code, the HTTP status and what to do: the one table.
    #[expect(clippy::too_many_lines, reason = "one table: a line for each error")]
    pub fn entry(&self) -> (&'static str, u16, &'static str) {
        use access::Error as A;
        match self {
            _ if self.is_disk_full() => ("disk_full", 507, MAKE_ROOM),
            Self::Access(A::WrongCredentials) => {
                ("wrong_credentials", 401, "check both and try again")
            }
            Self::Access(A::SecondFactorNeeded) => (
                "second_factor_needed",
                401,
                "add a code; to sign, prove the second factor first; programs take a token",
            ),
            Self::Access(A::SignsInAtProvider { .. }) => {
                ("provider_sign_in", 403, "sign in at the identity provider")
            }
            Self::Access(A::SubjectUnknown { .. }) => (
                "subject_unknown",
                403,
                "give both to an administrator, who links them to your account",
            ),
            Self::Access(A::NoProvider) => ("no_provider", 404, "sign in with a password"),
            Self::Access(A::ProviderSetting { .. }) => {
                ("provider_setting", 422, "correct the setting")
            }
            Self::Access(A::ProviderDown { .. }) => {
                ("provider_down", 424, "try again when it is there; nothing was done")
            }
            Self::Access(A::ProviderAnswer { .. }) => {
                ("provider_answer", 401, "begin again; if it stays, show it to an administrator")
            }
            Self::Access(A::LoginUnknown) => ("login_unknown", 401, "begin again"),
            Self::Access(A::LoginNotFresh { .. }) => {
                ("login_not_fresh", 401, "begin again, and log in when the provider asks")
            }
            Self::Access(A::PublicUrl { .. }) => {
                ("public_url", 422, "start the server with `--public-url https://…`")
            }
            Self::Access(A::Passkey { .. }) => {
                ("passkey_refused", 401, "try again with the passkey you registered")
            }
            Self::Access(A::PasskeyNeeded) => {
                ("passkey_needed", 401, "sign in a browser with your passkey at hand")
            }
            Self::Access(A::OtherUserName { .. }) => {
                ("other_user_name", 403, "everybody signs in a session of their own")
            }
            Self::Access(A::SigningHeld { .. }) => (
                "signing_held",
                403,
                "another person than who replaced the credential checks your identity and releases it",
            ),
            Self::Access(A::IdentityNotChecked { .. }) => (
                "identity_not_checked",
                403,
                "an administrator checks it and records that at `/accounts/people`",
            ),
            Self::Access(A::AccountabilityNotAccepted { .. }) => (
                "accountability_not_accepted",
                403,
                "read and accept it at `/account/accountability`, then sign",
            ),
            Self::Access(A::NoStatement) => (
                "no_statement",
                409,
                "an administrator puts one in force at `/account/accountability`, or `driftledger user statement` on the data folder",
            ),
            Self::Access(A::TrainingNeeded { .. }) => (
                "training_needed",
                403,
                "QA or an administrator records the training at `/accounts/people`",
            ),
            Self::Access(
                A::Statement { .. } | A::UnknownMethod { .. } | A::Seen { .. } | A::Training { .. },
            ) => ("person_record_not_valid", 422, "correct the field"),
            Self::Access(A::ClockNotTrusted(_)) => (
                "clock_not_trusted",
                409,
                "set the clock; an administrator confirms it at `/clock`",
            ),
            Self::Access(A::FreshLoginNeeded) => {
                ("fresh_login_needed", 401, "go to `/account/fresh-login`, then sign")
            }
            Self::Notify(notify::Error::Target { .. }) => {
                ("target_not_valid", 422, "correct the field")
            }
            Self::Notify(notify::Error::NotDelivered(_)) => {
                ("not_delivered", 502, "see the page of notices")
            }
            Self::Access(A::Locked { .. }) => {
                ("locked", 423, "ask an administrator to unlock the account")
            }
            Self::Access(A::Disabled { .. }) => {
                ("account_disabled", 403, "ask an administrator to enable it again")
            }
            Self::Access(A::NoRole { .. }) => {
                ("no_role", 403, "ask an administrator; another person approves it")
            }
            Self::Access(A::SessionOver) => ("session_over", 401, "sign in again"),
            Self::Access(A::NotSignedIn) => ("not_signed_in", 401, "sign in or send a token"),
            Self::Access(A::TokenNotValid) => ("token_not_valid", 401, "issue a new token"),
            Self::Access(A::NotPermitted { .. }) => {
                ("not_permitted", 403, "ask somebody of that role")
            }
            Self::Access(A::SamePerson { .. }) => ("same_person", 403, "ask another person"),
            Self::Access(A::Forged) => {
                ("forged_form", 403, "reload the page and send the form again")
            }
            Self::Access(A::PasswordDue(_)) => ("password_change_needed", 403, CHANGE_IT),
            Self::Access(
                A::PasswordTooShort { .. }
                | A::PasswordCommon
                | A::PasswordHoldsName
                | A::PasswordReused { .. },
            ) => ("password_not_valid", 422, "choose another password"),
            Self::Access(
                A::PasswordPolicy { .. }
                | A::UserName { .. }
                | A::UnknownRole { .. }
                | A::UnknownAccessKind { .. },
            ) => ("account_not_valid", 422, "correct the field"),
            Self::Access(A::Digest { .. } | A::Random(_)) => ("access_fault", 500, REPORT),
            Self::Dataset(dataset::Error::Engine(_) | dataset::Error::Digest { .. }) => {
                ("engine_fault", 500, REPORT)
            }
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => {
                ("file", 500, "stop what listens there, or choose another address by `--listen`")
            }
            Self::File { .. }
            | Self::Store(store::Error::File { .. })
            | Self::Dataset(dataset::Error::Write(_)) => {
                ("file", 500, "check the path and its permissions")
            }
            Self::Dataset(_) | Self::Drift(drift::Error::Dataset(_)) => {
                ("table_not_valid", 422, "correct the file or its declaration")
            }
            Self::Drift(drift::Error::Mismatch { .. }) => {
                ("record_mismatch", 422, "make the record anew")
            }
            Self::Provenance(provenance::Error::VersionTaken { .. }) => {
                ("version_taken", 409, "register the content as a new version")
            }
            Self::Provenance(provenance::Error::ArtifactPath { .. }) => {
                ("artifact_path", 400, "name the file otherwise")
            }
            Self::Provenance(provenance::Error::Draft { .. }) => {
                ("draft_not_valid", 422, "see the page of the draft version")
            }
            Self::Provenance(provenance::Error::Overlap { .. }) => {
                ("training_rows_found", 422, "remove the rows or justify them")
            }
            Self::Provenance(provenance::Error::LineageEvent { .. }) => {
                ("lineage_event_not_valid", 422, "correct the event and send all of them again")
            }
            Self::Provenance(provenance::Error::Fingerprint { .. }) => (
                "fingerprint_not_valid",
                400,
                "send what `driftledger configuration` prints, or nothing",
            ),
            Self::Provenance(_) => ("registration_not_valid", 422, "correct the registration"),
            Self::Review(review::Error::Incomplete { .. }) => {
                ("incomplete", 409, "see the gap list of the version")
            }
            Self::Review(
                review::Error::VersionState { .. }
                | review::Error::EpisodeState { .. }
                | review::Error::IncidentState { .. },
            ) => ("wrong_state", 409, "reload to see where it stands"),
            Self::Review(review::Error::EpisodeOwes { .. }) => {
                ("step_owed", 409, "see the next steps of the alert")
            }
            Self::Review(review::Error::Changed) => {
                ("record_changed", 409, "read the record again")
            }
            Self::Review(review::Error::RetestNeeded { .. }) => {
                ("retest_needed", 422, "state that the version is tested again")
            }
            Self::Review(_) => ("review_not_valid", 422, "correct the field"),
            Self::NotFound { .. } => ("not_found", 404, "check the name or id"),
            Self::UserNameTaken { .. } => ("user_name_taken", 409, "choose another name"),
            Self::BatchNameTaken { .. } => ("batch_name_taken", 409, "name the batch otherwise"),
            Self::Quarantined { .. } => {
                ("batch_quarantined", 422, "correct the rows and send the batch again")
            }
            Self::Conflict { .. } => ("conflict", 409, "read what stands in the way"),
            Self::Protected { .. } => ("protected", 403, "see the page of the draft version"),
            Self::AlreadyExists { .. } => ("already_exists", 409, "choose another name"),
            Self::NotSupported { .. } => {
                ("not_supported", 400, "see the section on the MLflow client")
            }
            Self::TooLarge { .. } => ("too_large", 413, "send less or raise the limit"),
            Self::TooMany { .. } => {
                ("too_many_requests", 429, "wait as long as `Retry-After` says; nothing was done")
            }
            Self::Busy { .. } => {
                ("busy", 429, "ask again after the seconds that `Retry-After` says")
            }
            Self::MediaType { .. } => ("media_type", 415, "set the Content-Type header"),
            Self::BadRequest { .. } => ("bad_request", 400, "correct the request"),
            Self::Ledger(ledger::Error::TimeStamp(_)) => {
                ("time_stamp_not_valid", 400, "check the file")
            }
            Self::Server { .. } => ("server", 502, "check the address"),
            Self::Answered { .. } => ("server_refused", 502, "correct what it names"),
            Self::Evidence(_) => ("evidence", 422, "check the file"),
            Self::Store(store::Error::NoDatabase { .. }) => {
                ("no_database", 500, "create one with `driftledger init`")
            }
            Self::Store(store::Error::DatabaseExists { .. }) => (
                "database_exists",
                500,
                "use the folder as it is (`driftledger serve`), or name another one",
            ),
            Self::Store(store::Error::ObjectDisposed { .. }) => {
                ("file_disposed", 410, "see the disposal on the page Retention")
            }
            Self::Store(store::Error::Served { .. }) => ("served", 500, "stop the other server"),
            Self::Store(store::Error::OlderSchema { .. } | store::Error::NewerSchema { .. }) => {
                ("other_schema", 500, "see docs/UPGRADING.md")
            }
            Self::Store(
                store::Error::SchemaDiffers { .. } | store::Error::UpgradeChanges { .. },
            ) => ("not_upgraded", 500, "see docs/UPGRADING.md; the folder is as it was"),
            Self::Store(store::Error::KeyGaveWay) => {
                ("key_gave_way", 500, "start this program again; nothing was written")
            }
            Self::Digest(_)
            | Self::Drift(drift::Error::Digest(_))
            | Self::Ledger(_)
            | Self::Store(_)
            | Self::Render { .. } => ("fault", 500, REPORT),
            Self::SelfTestFailed { .. } => {
                ("self_test_failed", 500, "do not use this build on this machine")
            }
        }
    }

    /// Whether there was no room on the disk. What was not acknowledged was not written.
    fn is_disk_full(&self) -> bool {
        match self {
            Self::Store(error) => error.is_disk_full(),
            Self::File { source, .. } | Self::Dataset(dataset::Error::Write(source)) => {
                store::is_disk_full(source)
            }
            _ => false,
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.entry().0
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.entry().1
    }

    /// What to do.
    pub fn hint(&self) -> &'static str {
        self.entry().2
    }

    /// What to do, in the words of the server that refused where one did.
    pub fn advice(&self) -> &str {
        match self {
            Self::Answered { advice, .. } if !advice.is_empty() => advice,
            _ => self.hint(),
        }
    }

    /// Refusal or fault, by status.
    pub fn family(&self) -> Family {
        if self.status() >= 500 { Family::Fault } else { Family::Refusal }
    }

    /// The message with all causes, for a terminal or a log.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(source) = cause {
            let next = source.to_string();
            if !text.contains(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = source.source();
        }
        text
    }
}

const CHANGE_IT: &str = "change it at `/account/password`, by `driftledger password`, or by POST \
                         `/api/v1/session/password`";
const MAKE_ROOM: &str =
    "make room on the disk of the data folder and send it again; nothing was written";
const REPORT: &str = "try again; if it stays, report it with the request id";

//! Procedure: redact personal data in record rows by a record that two people sign. Rows and ledger entries are never removed, only values
//! of fields that may hold personal data.
//!
//! 1. check that the person may, and is signed in (no token signs)
//! 2. compose the sheet: who asked, the legal ground, each row with the digest that the ledger lists, the one it has, and the one it will
//!    have. A row that is not what the ledger lists, a field that has to stay, and a row under a legal hold are refused
//! 3. propose: verify the password again; compose once more in the transaction, hold it against the sheet that was shown, write redaction
//!    and signature. Nothing goes yet
//! 4. sign: another person of QA; the sheet is composed once more and must have the same bytes. In one entry: the signature, the rows with
//!    the marker in place of the values, and for each of them what it was and is; notices that quoted a redacted alert go
//! 5. after that is committed, empty the write-ahead log, which held the rows as they were

use super::dispose_files::RecordSigned;
use super::identify_signer::{check_to_sign, sign_record};
use super::read_records::missing;
use super::sign_decision::require_session;
use super::withdraw_proposal::{Proposal, check_waits};
use super::{Recorded, actor, same_person, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::review::record_signature::RecordSignature;
use crate::review::redaction::{
    KEPT_ELSEWHERE, LegalGround, REDACTION_FORMAT, RedactedRow, Redaction, Requester, marker_of,
    redacted,
};
use crate::review::signature::Meaning;
use crate::store::redactions::{FoundRow, RedactionRow};
use crate::store::withdrawals::WithdrawalRow;
use crate::store::{Error as StoreError, ReadTx, Store, WriteTx};
use crate::{clock, digest, review};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The record table of redactions.
pub const REDACTIONS: &str = "redaction";

/// Fields of one row that somebody asks to redact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldsOfRow {
    /// Record table, for example `acknowledgement`.
    pub table: String,
    /// Id of the row.
    pub record: String,
    /// Columns, for example `comment`.
    pub columns: Vec<String>,
}

/// Which fields somebody asks to redact, on whose request, on which ground, and why.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedactFields {
    /// The rows, with the fields of each.
    pub rows: Vec<FieldsOfRow>,
    /// Who asked for it.
    pub asked_by: Requester,
    /// Number or name under which the request is kept; it names no person.
    pub request: String,
    /// The legal ground.
    pub ground: LegalGround,
    /// Why; it repeats nothing of what goes.
    pub reason: String,
}

/// A field as it is and as it will be: shown to who signs, and in no record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ShownField {
    /// Record table.
    pub table: String,
    /// Id of the row.
    pub record: String,
    /// Column.
    pub column: String,
    /// What it holds now.
    pub holds: String,
    /// What it will hold.
    pub becomes: String,
}

/// What is to be signed: the sheet, its exact bytes, and their digest.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RedactionSheet {
    /// The sheet.
    pub sheet: Redaction,
    /// Its canonical bytes.
    pub document: String,
    /// Their SHA-256: what both signatures name.
    pub sha256: String,
    /// The fields with their values, which no record holds.
    pub fields: Vec<ShownField>,
}

/// A redaction that was proposed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProposedRedaction {
    /// Its row.
    #[serde(flatten)]
    pub row: RedactionRow,
    /// The words of the signature.
    pub manifestation: String,
}

/// Fields that were redacted.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct FieldsRedacted {
    /// Id of the redaction.
    pub id: String,
    /// Rows of which values went.
    pub rows: u64,
    /// Values that went.
    pub fields: u64,
    /// QA's signature.
    pub signature: RecordSignature,
    /// The words every page and export shows.
    pub manifestation: String,
}

/// A redaction with its signatures.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RedactionView {
    /// Its row.
    #[serde(flatten)]
    pub row: RedactionRow,
    /// The sheet.
    pub sheet: Redaction,
    /// The exact bytes that are signed.
    pub document: String,
    /// Signatures, oldest first: who proposed it, then QA.
    pub signatures: Vec<RecordSigned>,
    /// How it was withdrawn; absent where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<WithdrawalRow>,
    /// Why it cannot be signed as it stands; absent while it can, and once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overtaken: Option<String>,
    /// The fields with their values; empty where it cannot be signed any more.
    pub fields: Vec<ShownField>,
}

/// A row that goes on the sheet, with its columns as they will be.
type Composed = (RedactedRow, Map<String, Value>);

/// What the row is about: model, id of the version, id of the batch.
fn about(
    tx: &ReadTx<'_>,
    fields: &FieldsOfRow,
    found: &FoundRow,
) -> Result<(Option<String>, Option<String>, Option<String>)> {
    let text = |column: &str| found.columns.get(column).and_then(Value::as_str);
    let version_id = match (text("version_id"), text("episode_id")) {
        (Some(version_id), _) => Some(version_id.to_owned()),
        (None, Some(alert)) => tx.version_of_alert(alert)?,
        (None, None) => None,
    };
    let version = version_id.as_deref().map(|id| tx.version_by_id(id)).transpose()?.flatten();
    let of_model = (fields.table == "model").then(|| fields.record.clone());
    let batch_id = (fields.table == "batch").then(|| fields.record.clone());
    Ok((version.map(|row| row.model).or(of_model), version_id, batch_id))
}

fn compose_row(
    tx: &ReadTx<'_>,
    fields: &FieldsOfRow,
    shown: &mut Vec<ShownField>,
) -> Result<Composed> {
    let FieldsOfRow { table, record, columns } = fields;
    let found = match tx.row_to_redact(table, record) {
        Err(StoreError::NotARecordTable { .. }) => None,
        found => found?,
    };
    let found = found.ok_or_else(|| missing("record", &format!("{table} {record}")))?;
    let columns: BTreeSet<String> = columns.iter().cloned().collect();
    let columns: Vec<String> = columns.into_iter().collect();
    let marker = marker_of(&found.listed_sha256);
    let left = redacted((table, &found.columns), &columns, &marker)?;
    let value = |row: &Map<String, Value>, column: &str| {
        row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    shown.extend(columns.iter().map(|column| ShownField {
        table: table.clone(),
        record: record.clone(),
        column: column.clone(),
        holds: value(&found.columns, column),
        becomes: value(&left, column),
    }));
    let (model, version_id, batch_id) = about(tx, fields, &found)?;
    let row = RedactedRow {
        table: table.clone(),
        record: record.clone(),
        entry: found.entry,
        columns,
        marker,
        left_sha256: digest::sha256_hex(&digest::canonical_json(&left)?),
        listed_sha256: found.listed_sha256,
        found_sha256: found.found_sha256,
        model,
        version_id,
        batch_id,
    };
    refuse_held(tx, &row)?;
    Ok((row, left))
}

/// Nothing under a legal hold is redacted.
fn refuse_held(tx: &ReadTx<'_>, row: &RedactedRow) -> Result<()> {
    let holds = tx.legal_holds_in_force()?;
    let Some(hold) = holds.iter().find(|hold| hold.scope.covers_row(row)) else { return Ok(()) };
    let detail = format!(
        "{} may not be redacted: legal hold `{}` on {} is in force since {}, placed by {}, because: {}; have it lifted first, if its reason is gone",
        row.words(),
        hold.id,
        hold.words(),
        hold.at,
        hold.placed_by,
        hold.reason
    );
    Err(Error::Conflict { detail })
}

fn compose(tx: &ReadTx<'_>, asked: &RedactFields) -> Result<(RedactionSheet, Vec<Composed>)> {
    // In their order, each once.
    let mut rows: BTreeMap<(String, String), FieldsOfRow> = BTreeMap::new();
    for row in &asked.rows {
        let place = (row.table.clone(), row.record.clone());
        rows.entry(place)
            .and_modify(|known| known.columns.extend(row.columns.iter().cloned()))
            .or_insert_with(|| row.clone());
    }
    let (mut composed, mut fields) = (Vec::new(), Vec::new());
    for row in rows.values().take(review::redaction::ROWS_MAX + 1) {
        composed.push(compose_row(tx, row, &mut fields)?);
    }
    let sheet = Redaction {
        format: REDACTION_FORMAT.to_owned(),
        asked_by: asked.asked_by,
        request: asked.request.trim().to_owned(),
        ground: asked.ground,
        rows: composed.iter().map(|(row, _)| row.clone()).collect(),
        reason: asked.reason.trim().to_owned(),
        kept_elsewhere: KEPT_ELSEWHERE.to_owned(),
    };
    sheet.validate()?;
    let bytes = sheet.bytes()?;
    let sha256 = digest::sha256_hex(&bytes);
    let document = String::from_utf8(bytes).unwrap_or_default();
    Ok((RedactionSheet { sheet, document, sha256, fields }, composed))
}

/// The sheet that this person would sign to propose the redaction of `asked`, with the values that would go.
///
/// # Errors
///
/// [`Error::Access`] for a role or a token; [`Error::NotFound`] for a row that is not there; [`Error::Conflict`] under a legal hold;
/// [`Error::Review`] for a field that has to stay, and a reason that says nothing; [`Error::Store`] for a row that is damaged.
pub fn prepare_redaction(
    store: &Store,
    acting: &Acting,
    asked: &RedactFields,
) -> Result<RedactionSheet> {
    acting.permit(Action::KeepRetention)?;
    require_session(acting)?;
    Ok(store.read(|tx| compose(tx, asked))?.0)
}

/// Proposes a redaction, signed by who proposes it; `shown_sha256` is the digest of the sheet that was on the screen.
///
/// # Errors
///
/// Those of [`prepare_redaction`]; [`Error::Access`] for a wrong password; [`Error::Review`] when the sheet is another than the one shown.
pub fn propose_redaction(
    store: &Store,
    acting: &Acting,
    asked: &RedactFields,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<ProposedRedaction>> {
    prepare_redaction(store, acting, asked)?;
    let what = (shown_sha256, Meaning::ProposesRedaction);
    let how = check_to_sign(store, &acting.account, password, what)?;
    let written = store.write(&actor(acting), EntryType::RedactionPropose, |tx| {
        let (sheet, _) = compose(tx, asked)?;
        let row = RedactionRow {
            id: clock::new_id("rd"),
            proposed_by: acting.account.user_name.clone(),
            account_id: acting.account.id.clone(),
            rows: sheet.sheet.rows.len() as u64,
            reason: sheet.sheet.reason.clone(),
            sha256: sheet.sha256.clone(),
            at: tx.at().to_owned(),
            entry: tx.index(),
            signed_entry: None,
            withdrawn_entry: None,
            document: sheet.document.clone(),
        };
        name_subjects(tx, &row.id, &sheet.sheet);
        tx.insert_redaction(&row)?;
        let what = (Meaning::ProposesRedaction, shown_sha256, how);
        let manifestation =
            sign_record(tx, &acting.account, (REDACTIONS, &row.id, &sheet.document), what)?
                .manifestation();
        Ok::<_, Error>(ProposedRedaction { row, manifestation })
    })?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Names the redaction and the versions it is about as subjects, and refers to the entries of its rows.
fn name_subjects(tx: &mut WriteTx<'_>, id: &str, redaction: &Redaction) {
    tx.subject(subject(REDACTIONS, id));
    for version in redaction.versions() {
        tx.subject(subject("model_version", version));
    }
    let entries: BTreeSet<u64> = redaction.rows.iter().map(|row| row.entry).collect();
    entries.into_iter().for_each(|entry| tx.refer(entry));
}

/// The redaction `id`, if this person may sign it now: it waits, somebody else proposed it, and composed again it says the same.
fn signable(
    tx: &ReadTx<'_>,
    acting: &Acting,
    id: &str,
) -> Result<(RedactionRow, RedactionSheet, Vec<Composed>)> {
    let row = tx.redaction(id)?.ok_or_else(|| missing("redaction", id))?;
    if row.account_id == acting.account.id {
        return Err(same_person(acting, "proposed this redaction", "approve it"));
    }
    check_waits((Proposal::Redaction, id), [row.signed_entry, row.withdrawn_entry])?;
    let (sheet, composed) = still(tx, &row)?;
    Ok((row, sheet, composed))
}

/// The sheet of a redaction, if composed again it says the same.
fn still(tx: &ReadTx<'_>, row: &RedactionRow) -> Result<(RedactionSheet, Vec<Composed>)> {
    let proposed: Redaction = stored(&row.document)?;
    let fields = |row: RedactedRow| FieldsOfRow {
        table: row.table,
        record: row.record,
        columns: row.columns,
    };
    let asked = RedactFields {
        rows: proposed.rows.into_iter().map(fields).collect(),
        asked_by: proposed.asked_by,
        request: proposed.request,
        ground: proposed.ground,
        reason: proposed.reason,
    };
    let again = compose(tx, &asked)?;
    if again.0.sha256 == row.sha256 {
        return Ok(again);
    }
    let detail = format!(
        "since redaction `{}` was proposed, one of its rows was redacted by another one; propose it again",
        row.id
    );
    Err(Error::Conflict { detail })
}

/// Signs the redaction `id` that somebody else proposed: its values go. `shown_sha256` is the digest of the sheet that was on the screen.
///
/// # Errors
///
/// [`Error::Access`] for a role, a token, who proposed it, or a wrong password; [`Error::NotFound`]; [`Error::Conflict`] for one that is
/// signed, withdrawn, overtaken or under a legal hold; [`Error::Review`] for other bytes than shown; [`Error::Store`].
pub fn sign_redaction(
    store: &Store,
    acting: &Acting,
    id: &str,
    (shown_sha256, password): (&str, &str),
) -> Result<Recorded<FieldsRedacted>> {
    acting.permit(Action::ApproveDisposal)?;
    require_session(acting)?;
    store.read(|tx| signable(tx, acting, id).map(|_| ()))?;
    let what = (shown_sha256, Meaning::ApprovesRedaction);
    let how = check_to_sign(store, &acting.account, password, what)?;
    let written = store.write(&actor(acting), EntryType::RedactionSign, |tx| {
        let (row, sheet, composed) = signable(tx, acting, id)?;
        if row.sha256 != shown_sha256 {
            return Err(Error::Review(review::Error::Changed));
        }
        name_subjects(tx, id, &sheet.sheet);
        tx.refer(row.entry);
        let what = (Meaning::ApprovesRedaction, shown_sha256, how);
        let signature = sign_record(tx, &acting.account, (REDACTIONS, id, &row.document), what)?;
        for (one, left) in &composed {
            redact(tx, id, (one, left))?;
        }
        let manifestation = signature.manifestation();
        let (rows, fields) = (row.rows, sheet.sheet.fields());
        Ok(FieldsRedacted { id: id.to_owned(), rows, fields, signature, manifestation })
    })?;
    store.empty_write_ahead_log()?;
    Ok(Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint })
}

/// Redacts one row; notices that quote an alert go with what its opening said.
fn redact(
    tx: &mut WriteTx<'_>,
    id: &str,
    (row, left): (&RedactedRow, &Map<String, Value>),
) -> Result<()> {
    let value = |column: &String| {
        let text = left.get(column).and_then(Value::as_str).unwrap_or_default();
        (column.clone(), text.to_owned())
    };
    let values: Vec<(String, String)> = row.columns.iter().map(value).collect();
    tx.redact((&clock::new_id("rr"), id), row, &values)?;
    if row.table == "episode" {
        tx.forget_notices(&format!("/alerts/{}", row.record))?;
    }
    Ok(())
}

/// The redactions, newest first.
///
/// # Errors
///
/// [`Error::Access`].
pub fn redactions(store: &Store, acting: &Acting) -> Result<Vec<RedactionRow>> {
    acting.permit(Action::Read)?;
    Ok(store.read(|tx| tx.redactions())?)
}

/// One redaction with its signatures.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`].
pub fn redaction_view(store: &Store, acting: &Acting, id: &str) -> Result<RedactionView> {
    acting.permit(Action::Read)?;
    store.read(|tx| {
        let row = tx.redaction(id)?.ok_or_else(|| missing("redaction", id))?;
        let is_over = row.signed_entry.or(row.withdrawn_entry).is_some();
        let again = if is_over { None } else { Some(still(tx, &row)) };
        let (mut fields, mut overtaken) = (Vec::new(), None);
        match again {
            Some(Ok((sheet, _))) => fields = sheet.fields,
            Some(Err(error)) => overtaken = Some(error.to_string()),
            None => {}
        }
        let (sheet, document) = (stored(&row.document)?, row.document.clone());
        let signatures = RecordSigned::all(tx, (REDACTIONS, id))?;
        let withdrawal = tx.withdrawal((REDACTIONS, id))?;
        Ok(RedactionView { row, sheet, document, signatures, withdrawal, overtaken, fields })
    })
}

//! A part of computing indicators: signatures, answers of reviewers, the audit trail that is reviewed, accounts and trainings.

use super::super::stored;
use super::ALL;
use crate::access::training::{Training, TrainingPolicy};
use crate::digest;
use crate::error::Result;
use crate::review::indicators::facts::{
    Answer, DAY_MS, Person, Signed, Source, TrailEntry, earlier,
};
use crate::review::indicators::{Period, is_critical};
use crate::review::record_signature::RecordSignature;
use crate::review::review_answer::ReviewAnswer;
use crate::review::review_kind::ReviewKind;
use crate::review::review_sample::ReviewSample;
use crate::review::signature::Signature;
use crate::store::ReadTx;
use crate::store::indicator_facts::SignatureFact;
use std::collections::BTreeMap;

/// The signatures of a period, each held against the digest that the signed record has.
pub(super) fn signatures(tx: &ReadTx<'_>, period: &Period) -> Result<Vec<Signed>> {
    tx.signature_facts(period)?.into_iter().map(|fact| signed(tx, fact)).collect()
}

fn signed(tx: &ReadTx<'_>, fact: SignatureFact) -> Result<Signed> {
    let (signer, named) = if fact.table == "signature" {
        let signature: Signature = stored(&fact.document)?;
        (signature.signer, signature.decision_sha256)
    } else {
        let signature: RecordSignature = stored(&fact.document)?;
        (signature.signer, signature.record.sha256)
    };
    let row = tx.record_row(&fact.record_table, &fact.record_id)?;
    let row: Option<serde_json::Value> =
        row.map(|bytes| stored(&String::from_utf8_lossy(&bytes))).transpose()?;
    let record = row.as_ref().and_then(|row| row["sha256"].as_str()).unwrap_or_default();
    let own = digest::sha256_hex(fact.document.as_bytes());
    Ok(Signed {
        of: Source::of(fact.table, &fact.id),
        agrees: record == named && own == fact.sha256,
        account_id: fact.account_id,
        user_name: signer.user_name,
        role: signer.role,
        at: fact.at,
    })
}

/// The first answer of every reader to every case, of a period.
pub(super) fn answers(tx: &ReadTx<'_>, period: &Period) -> Result<Vec<Answer>> {
    let mut found = Vec::new();
    for row in tx.review_samples(None, ALL)?.into_iter().filter(|row| row.at < period.to) {
        let sample: ReviewSample = stored(&row.document)?;
        for answer in tx.review_answers(&row.id)? {
            if answer.corrects.is_some() || !period.has(&answer.at) {
                continue;
            }
            let said: ReviewAnswer = stored(&answer.document)?;
            found.push(Answer {
                of: Source::of("review_answer", &answer.id),
                at: answer.at,
                by: answer.answered_by,
                blind: said.blind,
                agrees: said.agrees(&sample),
                dwell_ms: said.dwell_ms,
            });
        }
    }
    Ok(found)
}

/// The critical entries whose review may fall due in a period.
pub(super) fn trail(tx: &ReadTx<'_>, period: &Period) -> Result<Vec<TrailEntry>> {
    let mut found = Vec::new();
    for kind in ReviewKind::ALL.into_iter().filter(|kind| is_critical(*kind)) {
        let days = u64::try_from(kind.days().0).unwrap_or_default();
        let shift = |at: &str| earlier(at, days * DAY_MS);
        let written = Period { from: shift(&period.from), to: shift(&period.to) };
        found.extend(tx.trail_facts(kind, &written)?);
    }
    Ok(found)
}

/// The accounts that are enabled.
pub(super) fn people(tx: &ReadTx<'_>, period: &Period) -> Result<Vec<Person>> {
    let (mut since, mut came) = (tx.account_times()?, tx.last_sign_ins(&period.to)?);
    let mut found = Vec::new();
    for account in tx.accounts()? {
        if tx.is_enabled(&account.id)? {
            found.push(Person {
                of: Source::of("account", &account.id),
                since: since.remove(&account.id).unwrap_or_default(),
                signed_in_at: came.remove(&account.user_name),
                user_name: account.user_name,
            });
        }
    }
    Ok(found)
}

type Trainings = BTreeMap<String, Vec<(String, Training)>>;

/// The training policy in force, and every training with the time of its record.
pub(super) fn training(tx: &ReadTx<'_>) -> Result<(TrainingPolicy, Trainings)> {
    let mut all = Trainings::new();
    for (account, rows) in tx.trainings_of_all()? {
        let rows = rows.into_iter().map(|row| (row.at, row.training));
        all.insert(account, rows.collect());
    }
    Ok((tx.training_policy()?, all))
}

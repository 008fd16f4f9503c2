//! How signers were identified: what the records of passkeys and of the identity provider say must hold for every signature.
//!
//! 1. whoever has a passkey in force signs with its word about the very record, its meaning and the signer; the assertion is verified
//!    again, under the key that was registered. The sheet of a version that goes out of use is signed by the same word as the sheet that
//!    names it, in the same entry
//! 2. nobody signs while signing is suspended for them, nor while the clock is not trusted
//! 3. whoever is linked to an identity signs after a login anew of that identity, a moment before; nobody else claims one

use super::{Examiner, Row};
use crate::access::account::Account;
use crate::access::passkey::PasskeyKey;
use crate::access::provider::{FRESH_SECONDS_MAX, LEEWAY_SECONDS, LinkState, PROOF_SECONDS_MAX};
use crate::review::identified::{Identified, PasskeyProof};
use crate::review::record_signature::RecordSignature;
use crate::review::signature::Meaning;

/// The record table of signatures over records.
const RECORD_SIGNATURES: &str = "record_signature";

impl Examiner<'_> {
    /// Holds how the signer of `row` was identified against what is recorded about the account; `signed` is the digest and the
    /// meaning.
    pub(super) fn identified(
        &mut self,
        of: (&str, &str),
        row: &Row,
        (signer, identified): (&Account, &Identified),
        (sha256, meaning): (&str, Meaning),
    ) {
        let entry = row.number("entry").unwrap_or(u64::MAX);
        self.may_sign_at(of, entry, signer);
        self.accountable_at(of, row, (signer, meaning));
        self.word_of_passkey(of, (row, entry), (signer, identified), (sha256, meaning));
        self.login_anew(of, (row, entry), (signer, identified));
    }

    /// Nobody signs while signing is suspended for them, nor while the clock is not trusted.
    fn may_sign_at(&mut self, of: (&str, &str), entry: u64, signer: &Account) {
        let held = self.newest("signing_hold", entry, |row| row.text("account_id") == signer.id);
        if held.is_some_and(|row| row.integer("held") == Some(1)) {
            let detail = format!("signing was suspended for `{}`", signer.user_name);
            self.trouble("signed_while_suspended", of, detail);
        }
        let clock = self.newest("clock_event", entry, |_| true);
        if let Some(event) = clock.filter(|row| row.integer("trusted") == Some(0)) {
            let detail = format!("the clock was not trusted: {}", event.text("detail"));
            self.trouble("signed_while_clock_not_trusted", of, detail);
        }
    }

    /// The newest row of a table before an entry that fits.
    pub(super) fn newest(
        &mut self,
        table: &str,
        entry: u64,
        fits: impl Fn(&Row) -> bool,
    ) -> Option<Row> {
        let rows = self.kept(table);
        // What has no entry comes first, and counts for nothing.
        let before =
            rows.partition_point(|(_, row)| row.number("entry").is_none_or(|at| at < entry));
        let newest = rows[..before].iter().rev().find(|(_, row)| fits(row));
        newest.filter(|(_, row)| row.number("entry").is_some()).map(|(_, row)| row.clone())
    }

    fn word_of_passkey(
        &mut self,
        of: (&str, &str),
        (row, entry): (&Row, u64),
        (signer, identified): (&Account, &Identified),
        (sha256, meaning): (&str, Meaning),
    ) {
        let in_force = self.passkeys_at(&signer.id, entry);
        let Some(proof) = &identified.passkey else {
            if !in_force.is_empty() {
                let name = &signer.user_name;
                let detail = format!("`{name}` has a passkey, and it said nothing about this");
                self.trouble("passkey_proof_missing", of, detail);
            }
            return;
        };
        self.examined.passkey_proofs += 1;
        let mut refuse = |detail: String| self.trouble("passkey_proof_forged", of, detail);
        match in_force.iter().find(|(id, _)| *id == proof.passkey) {
            None => refuse(format!("passkey `{}` is not in force for the signer", proof.passkey)),
            Some((_, key)) if *key != proof.key => {
                refuse("its key is another than the one that was registered".to_owned());
            }
            Some(_) => {}
        }
        if let Err(detail) = proof.check() {
            refuse(detail);
        }
        let statement = &proof.statement;
        if statement.signer != signer.id {
            refuse(format!("it speaks for `{}`", statement.signer));
        }
        let is_own = statement.record_sha256 == sha256 && statement.meaning == meaning;
        let is_also = || meaning == Meaning::Superseded;
        if !is_own && (!is_also() || !self.is_of_same_act(row, entry, proof)) {
            let detail = format!("it is about the record {}", statement.record_sha256);
            self.trouble("passkey_proof_forged", of, detail);
        }
    }

    /// Whether the statement is that of another signature of the same entry and signer: of the sheet that names this one.
    fn is_of_same_act(&mut self, row: &Row, entry: u64, proof: &PasskeyProof) -> bool {
        self.rows(RECORD_SIGNATURES).into_iter().any(|(_, other)| {
            let signature: Option<RecordSignature> =
                serde_json::from_str(other.text("document")).ok();
            other.number("entry") == Some(entry)
                && other.text("account_id") == row.text("account_id")
                && signature.is_some_and(|signature| {
                    signature.record.sha256 == proof.statement.record_sha256
                        && signature.meaning == proof.statement.meaning
                        && signature.passkey.as_ref() == Some(proof)
                })
        })
    }

    /// The passkeys of an account that were in force just before an entry.
    fn passkeys_at(&mut self, account: &str, entry: u64) -> Vec<(String, PasskeyKey)> {
        let before = |row: &Row| row.number("entry").is_some_and(|at| at < entry);
        let ended: Vec<String> = self
            .kept("passkey_revocation")
            .iter()
            .filter(|(_, row)| before(row))
            .map(|(_, row)| row.text("passkey_id").to_owned())
            .collect();
        let known = self.kept("passkey");
        let known = known.iter().filter(|(id, row)| {
            row.text("account_id") == account && before(row) && !ended.contains(id)
        });
        known
            .map(|(id, row)| {
                let text = |column: &str| row.text(column).to_owned();
                let key = PasskeyKey {
                    credential_id: text("credential_id"),
                    public_key: text("public_key"),
                    rp_id: text("rp_id"),
                    origin: text("origin"),
                };
                (id.clone(), key)
            })
            .collect()
    }

    fn login_anew(
        &mut self,
        of: (&str, &str),
        (row, entry): (&Row, u64),
        (signer, identified): (&Account, &Identified),
    ) {
        let newest =
            self.newest("provider_link", entry, |link| link.text("account_id") == signer.id);
        let linked = newest.filter(|link| LinkState::of_word(link.text("state")).is_linked());
        match (&identified.provider, linked) {
            (None, None) => {}
            (None, Some(_)) => {
                let detail =
                    "its signer signs in at the identity provider, and no login there is named";
                self.trouble("provider_login_missing", of, detail);
            }
            (Some(login), None) => {
                let detail = format!("its signer is not linked to `{}`", login.subject);
                self.trouble("provider_login_other", of, detail);
            }
            (Some(login), Some(link)) => {
                self.examined.provider_logins += 1;
                if login.issuer != link.text("issuer") || login.subject != link.text("subject") {
                    let detail =
                        format!("its signer is linked to another than `{}`", login.subject);
                    self.trouble("provider_login_other", of, detail);
                }
                let signed: Option<jiff::Timestamp> = row.text("at").parse().ok();
                let age = signed.zip(login.auth_time).map(|(at, login)| at.as_second() - login);
                let within = -LEEWAY_SECONDS..=FRESH_SECONDS_MAX + PROOF_SECONDS_MAX;
                if !age.is_some_and(|age| within.contains(&age)) {
                    let detail = format!("the login was {age:?} s before the signature");
                    self.trouble("provider_login_stale", of, detail);
                }
            }
        }
    }
}

//! What is frozen with a version: registration, reference, policy, monitor.

use super::agreement::{Build, disagreement};
use super::{Examiner, is_canonical};
use crate::drift::monitor::Monitor;
use crate::drift::policy::Policy;
use crate::drift::reference::Reference;
use crate::evidence::shape::unfit_reference;
use crate::provenance::registration::Registration;
use std::collections::HashMap;
use std::rc::Rc;

/// What batches are judged with, by the id of the monitor.
pub(super) type Shelf = HashMap<String, Rc<Judge>>;

/// A monitor with what it was frozen from, and their digests.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) entry: u64,
    pub(super) version: String,
    pub(super) reference: (Reference, String),
    pub(super) policy_sha256: String,
    pub(super) monitor: (Monitor, String),
}

impl Examiner<'_> {
    /// Registrations have the digest their row states and hold the reference and policy that were recorded with them.
    pub(super) fn registrations(&mut self) {
        let references = self.rows("reference");
        let policies = self.rows("policy");
        for (key, row) in self.rows("model_version") {
            let of = ("model_version", key.as_str());
            let columns = ("registration", "content_sha256");
            let Some(registration) = self.document::<Registration>((of.0, of.1, &row), columns)
            else {
                continue;
            };
            if !is_canonical(&registration, row.text("registration")) {
                self.trouble("document_invalid", of, "the registration is not canonical JSON");
            }
            self.same(of, "model in the registration", &registration.model, row.text("model"));
            self.same(
                of,
                "version in the registration",
                &registration.version,
                row.text("version"),
            );
            for (table, rows, value) in [
                ("reference", &references, retyped::<Reference>(&registration.reference)),
                ("policy", &policies, retyped::<Policy>(&registration.policy)),
            ] {
                let first = rows.iter().find(|(_, other)| {
                    other.text("version_id") == key && other.number("entry") == row.number("entry")
                });
                let recorded = first.map(|(_, other)| other.text("document").to_owned());
                if recorded.is_none() || recorded != value {
                    let detail =
                        format!("the registration holds another {table} than was recorded with it");
                    self.trouble("record_disagrees", of, detail);
                }
            }
        }
    }

    /// Monitors are frozen again from the reference and the policy they name.
    pub(super) fn monitors(&mut self) {
        for (key, row) in self.rows("monitor") {
            let of = ("monitor", key.as_str(), &row);
            let Some(monitor) = self.document::<Monitor>(of, ("document", "sha256")) else {
                continue;
            };
            let Some(reference_row) = self.named(of, "reference_id", "reference") else { continue };
            let Some(policy_row) = self.named(of, "policy_id", "policy") else { continue };
            let columns = ("document", "sha256");
            let reference_of = ("reference", row.text("reference_id"), &reference_row);
            let Some(reference) = self.document::<Reference>(reference_of, columns) else {
                continue;
            };
            let policy_of = ("policy", row.text("policy_id"), &policy_row);
            let Some(policy) = self.document::<Policy>(policy_of, columns) else { continue };
            let by = Build::of(monitor.engine.as_deref());
            let unlike = unfit_reference(&reference).or_else(|| {
                let again = Monitor::freeze(&reference, &policy);
                let detail = "freezing its reference under its policy again gives another monitor";
                disagreement(row.text("document"), &again, by)
                    .map(|place| format!("{detail}: {place}"))
            });
            if let Some(detail) = unlike {
                self.trouble("monitor_not_reproduced", (of.0, of.1), detail);
                continue;
            }
            self.examined.monitors += 1;
            self.examined.other_build += u64::from(by == Build::Other);
            let judge = Judge {
                entry: row.number("entry").unwrap_or(u64::MAX),
                version: row.text("version_id").to_owned(),
                reference: (reference, reference_row.text("sha256").to_owned()),
                policy_sha256: policy_row.text("sha256").to_owned(),
                monitor: (monitor, row.text("sha256").to_owned()),
            };
            self.frozen.insert(key, Rc::new(judge));
        }
    }
}

/// The canonical text of `value` once it was read as a `T`, as a registration does it.
fn retyped<T: serde::de::DeserializeOwned + serde::Serialize>(
    value: &serde_json::Value,
) -> Option<String> {
    let typed: T = serde_json::from_value(value.clone()).ok()?;
    String::from_utf8(crate::digest::canonical_json(&typed).ok()?).ok()
}

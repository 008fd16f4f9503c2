//! A part of computing indicators: versions with their steps, what they have to have, and their limits.

use super::super::describe_version::registration;
use super::super::read_life_cycle::Standing;
use super::super::stored;
use crate::drift::policy::Policy;
use crate::error::Result;
use crate::evidence::manifest::encode;
use crate::provenance::model_record::is_written;
use crate::review::completeness::required;
use crate::review::indicators::facts::{Required, Source, Version};
use crate::review::life_cycle::{Step, VersionState};
use crate::store::ReadTx;
use crate::store::versions::{FrozenKind, VersionRow};

/// All versions.
pub(super) fn versions(tx: &ReadTx<'_>) -> Result<Vec<Version>> {
    let changed = tx.frozen_later()?;
    let mut found = Vec::new();
    for row in tx.versions(None)? {
        let mut version = version(tx, &row)?;
        let its = changed.iter().filter(|(of, ..)| *of == row.id);
        version.limits_changed = its.map(|(_, of, at)| (of.clone(), at.clone())).collect();
        found.push(version);
    }
    Ok(found)
}

fn version(tx: &ReadTx<'_>, row: &VersionRow) -> Result<Version> {
    let path = format!("/models/{}/versions/{}", encode(&row.model), encode(&row.version));
    let steps = tx.version_steps(&row.id)?.into_iter();
    let mut version = Version {
        of: Source::shown("model_version", &row.id, path),
        id: row.id.clone(),
        name: format!("{} {}", row.model, row.version),
        model: row.model.clone(),
        steps: steps.map(|step| (step.taken.step, step.taken.at)).collect(),
        ..Version::default()
    };
    if version.steps.is_empty() {
        // Nothing that a version without a step is asked about.
        return Ok(version);
    }
    if let Some(policy) = tx.frozen(FrozenKind::Policy, &row.id)? {
        let policy: Policy = stored(&policy.document)?;
        version.has_rationale = is_written(&policy.rationale);
        version.has_cadence = policy.cadence.is_some();
    }
    if version.steps.iter().any(|(step, _)| *step == Step::Approve) {
        let overlaps = registration(tx, row)?.overlaps;
        version.overlaps = overlaps.iter().map(|overlap| overlap.rows).collect();
    }
    if tx.version_state(&row.id)? == VersionState::InUse {
        let standing = Standing::read(tx, &row.model, &row.version)?;
        version.tier = standing.facts.tier();
        let needs = required(&standing.facts).into_iter().map(|(need, met)| Required {
            code: need.code.to_owned(),
            missing: need.missing.to_owned(),
            met,
        });
        version.required = needs.collect();
    }
    Ok(version)
}

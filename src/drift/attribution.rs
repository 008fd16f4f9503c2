//! Whether the model explains itself as it did: the columns of role `attribution` as a ranking. Shown, never deciding; each column
//! is judged as a feature of its own.
//!
//! ```text
//! a_j    = √(mean of x_j²)                              importance of column j
//! NDCG   = Σ_i a⁰(i-th most important in the batch)/log₂(i + 1)  ÷  the same in the order of the reference        a⁰: reference
//! moved  = ½ Σ_j |a_j/Σa − a⁰_j/Σa⁰|
//! ```
//!
//! The mean square and not the mean of |x| is the importance, because it follows from the moments that a report stores.
//!
//! Source: Järvelin & Kekäläinen 2002, *Cumulated gain-based evaluation of IR techniques*, ACM TOIS 20(4), section 2.

use super::reference::Reference;
use crate::dataset::profile::FeatureProfile;
use crate::dataset::schema::Role;
use crate::statistics::moments::Moments;
use serde::{Deserialize, Serialize};

/// The importance of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Importance {
    /// The attribution column.
    pub feature: String,
    /// Root mean square in the reference.
    pub reference: f64,
    /// Root mean square in the batch.
    pub batch: f64,
}

/// How the explanation of the model has changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AttributionShift {
    /// 1 where the columns have the order of the reference, less the more an important one has lost its place.
    pub ndcg: f64,
    /// Share of the explanation that moved to other columns.
    pub share_moved: f64,
    /// The columns, most important in the reference first.
    pub importance: Vec<Importance>,
}

/// The change of the attribution columns; `None` for fewer than two with values on both sides.
pub(super) fn attribution_shift(
    reference: &Reference,
    batch: &[FeatureProfile],
) -> Option<AttributionShift> {
    let columns = reference.features.iter().zip(batch);
    let columns = columns.filter(|(feature, _)| feature.role == Role::Attribution);
    let both = columns.filter_map(|(feature, counts)| {
        Some(Importance {
            feature: feature.feature.clone(),
            reference: root_mean_square(&feature.profile.moments)?,
            batch: root_mean_square(&counts.moments)?,
        })
    });
    let mut importance: Vec<Importance> = both.collect();
    let sum = |of: fn(&Importance) -> f64| importance.iter().map(of).sum::<f64>();
    let (before, after) = (sum(|i| i.reference), sum(|i| i.batch));
    if importance.len() < 2 || !(before > 0.0 && after > 0.0 && (before + after).is_finite()) {
        return None;
    }
    let gap = |i: &Importance| (i.batch / after - i.reference / before).abs();
    let share_moved = 0.5 * importance.iter().map(gap).sum::<f64>();
    let gain = |order: &[Importance]| -> f64 {
        let places = (2_u32..).zip(order);
        places.map(|(place, i)| i.reference / libm::log2(f64::from(place))).sum()
    };
    // equally important columns keep the order of the reference
    importance.sort_by(|a, b| b.reference.total_cmp(&a.reference));
    let ideal = gain(&importance);
    let mut found = importance.clone();
    found.sort_by(|a, b| b.batch.total_cmp(&a.batch));
    Some(AttributionShift { ndcg: gain(&found) / ideal, share_moved, importance })
}

fn root_mean_square(moments: &Moments) -> Option<f64> {
    let square = moments.m2 / moments.count as f64 + moments.mean * moments.mean;
    (moments.count > 0 && square.is_finite()).then(|| libm::sqrt(square))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::bins::FeatureBins;
    use crate::dataset::schema::Kind;
    use crate::drift::reference::ReferenceFeature;

    fn profile(values: &[f64]) -> FeatureProfile {
        FeatureProfile { moments: Moments::of(values), ..FeatureProfile::default() }
    }

    fn reference(columns: &[&[f64]]) -> Reference {
        let feature = |(index, values): (usize, &&[f64])| ReferenceFeature {
            feature: format!("shap_{index}"),
            role: Role::Attribution,
            kind: Kind::Continuous,
            unit: None,
            bins: FeatureBins::NoValues,
            profile: profile(values),
        };
        Reference::plain(2, columns.iter().enumerate().map(feature).collect())
    }

    #[test]
    fn an_unchanged_explanation_has_ndcg_one_and_a_swapped_one_less() {
        let frozen = reference(&[&[3.0, -3.0], &[1.0, 1.0], &[0.5, -0.5]]);
        let same = [profile(&[6.0, 6.0]), profile(&[-2.0, 2.0]), profile(&[1.0, 1.0])];
        let found = attribution_shift(&frozen, &same).unwrap();
        assert!((found.ndcg - 1.0).abs() < 1e-15 && found.share_moved < 1e-15, "{found:?}");
        // scikit-learn 1.9.1: sklearn.metrics.ndcg_score([[3, 1, 0.5]], [[0.5, 1, 3]])
        let swapped = [profile(&[0.5, 0.5]), profile(&[1.0, 1.0]), profile(&[3.0, 3.0])];
        let found = attribution_shift(&frozen, &swapped).unwrap();
        assert!((found.ndcg - NDCG).abs() < 1e-12, "{found:?}");
        assert!((found.share_moved - 2.5 / 4.5).abs() < 1e-15);
        assert_eq!(found.importance[0].feature, "shap_0");
    }

    const NDCG: f64 = 0.677_912_232_539_206_1;

    #[test]
    fn nothing_is_said_of_one_column_or_of_none_with_values() {
        let frozen = reference(&[&[3.0, -3.0], &[1.0, 1.0]]);
        assert_eq!(attribution_shift(&frozen, &[profile(&[1.0]), profile(&[])]), None);
        let zero = [profile(&[0.0]), profile(&[0.0])];
        assert_eq!(attribution_shift(&frozen, &zero), None);
        assert_eq!(attribution_shift(&reference(&[]), &[]), None);
    }
}

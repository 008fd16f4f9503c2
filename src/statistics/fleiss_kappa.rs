//! Fleiss' κ: do three or more raters agree on the same cases more often than chance makes them?
//!
//! Source: Fleiss 1971, *Measuring nominal scale agreement among many raters*, Psychol. Bull. 76, equations 1 to 9. Vectors:
//! `tests/vectors/statistics.json`.

use super::intervals::Interval;
use super::{Error, Result, normal};

/// κ with its jackknife interval over the cases, cut off at −1 and 1. 1 = always agree, 0 = as by chance.
///
/// ```text
/// κ = (P̄ − P̄_e)/(1 − P̄_e),  P̄ = mean_i Σ_k n_ik (n_ik − 1)/(r (r − 1)),  P̄_e = Σ_k p_k²,  p_k = Σ_i n_ik/(N r)
/// SE² = (N − 1)/N · Σ_i (κ without case i − their mean)²
/// ```
///
/// `table`: one row a case, one column a class; how many of the r raters chose it. Every case has the same r ≥ 2. Like Cohen's κ it
/// collapses where one class dominates: show the agreement beside it. Where leaving a case out leaves one class, the interval is the
/// whole of [−1, 1].
///
/// # Errors
///
/// - [`Error::NotEnough`]: fewer than two cases, classes or raters.
/// - [`Error::BinsDiffer`]: cases with different numbers of classes or of raters.
/// - [`Error::OutOfRange`]: a confidence outside (0, 1).
/// - [`Error::NoSpread`]: all raters used one class only.
///
/// ```
/// use driftledger::statistics::fleiss_kappa::fleiss_kappa;
/// let found = fleiss_kappa(&[vec![3, 0], vec![0, 3], vec![1, 2]], 0.95).unwrap();
/// assert!((found.estimate - 0.55).abs() < 1e-12);
/// ```
pub fn fleiss_kappa(table: &[Vec<u64>], confidence: f64) -> Result<Interval> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Error::OutOfRange { name: "confidence", value: confidence });
    }
    let sums = Sums::of(table)?;
    let estimate = sums.kappa().ok_or(Error::NoSpread)?;
    let without: Option<Vec<f64>> = table.iter().map(|case| sums.without(case).kappa()).collect();
    let Some(without) = without else { return Ok(Interval { lower: -1.0, estimate, upper: 1.0 }) };
    let cases = without.len() as f64;
    let mean = without.iter().sum::<f64>() / cases;
    let squares: f64 = without.iter().map(|value| (value - mean) * (value - mean)).sum();
    let half =
        -normal::quantile(0.5 * (1.0 - confidence)) * libm::sqrt((cases - 1.0) / cases * squares);
    Ok(Interval { lower: (estimate - half).max(-1.0), estimate, upper: (estimate + half).min(1.0) })
}

/// What κ is computed from: cases, raters, agreement summed over cases, and choices of each class.
#[derive(Clone, Debug)]
struct Sums {
    cases: f64,
    raters: f64,
    agreed: f64,
    chosen: Vec<f64>,
}

impl Sums {
    fn of(table: &[Vec<u64>]) -> Result<Self> {
        let classes = table.first().map_or(0, Vec::len);
        let raters = |case: &Vec<u64>| case.iter().sum::<u64>();
        let of_first = table.first().map_or(0, raters);
        let fewest = table.len().min(classes).min(usize::try_from(of_first).unwrap_or(usize::MAX));
        if fewest < 2 {
            return Err(Error::NotEnough { found: fewest, needed: 2 });
        }
        if let Some(case) = table.iter().find(|c| c.len() != classes || raters(c) != of_first) {
            return Err(Error::BinsDiffer { reference: classes, batch: case.len() });
        }
        let none =
            Self { cases: 0.0, raters: of_first as f64, agreed: 0.0, chosen: vec![0.0; classes] };
        Ok(table.iter().fold(none, |sums, case| sums.and(case, 1.0)))
    }

    fn without(&self, case: &[u64]) -> Self {
        self.clone().and(case, -1.0)
    }

    fn and(mut self, case: &[u64], sign: f64) -> Self {
        let pairs: f64 = case.iter().map(|&count| count as f64 * (count as f64 - 1.0)).sum();
        self.cases += sign;
        self.agreed += sign * pairs / (self.raters * (self.raters - 1.0));
        for (chosen, &count) in self.chosen.iter_mut().zip(case) {
            *chosen += sign * count as f64;
        }
        self
    }

    fn kappa(&self) -> Option<f64> {
        let all = self.cases * self.raters;
        let chance: f64 = self.chosen.iter().map(|count| count / all * (count / all)).sum();
        let agreed = self.agreed / self.cases;
        (chance < 1.0 - 1e-12).then(|| (agreed - chance) / (1.0 - chance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_textbook_example() {
        // Fleiss 1971 as reprinted: 10 cases, 14 raters, 5 classes; statsmodels 0.15.0 fleiss_kappa: 0.20993070442195522
        let table = [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ]
        .map(|case| case.to_vec());
        let found = fleiss_kappa(&table, 0.95).unwrap();
        assert!((found.estimate - 0.209_930_704_421_955_22).abs() < 1e-12, "{found:?}");
        assert!(found.lower < found.estimate && found.estimate < found.upper);
    }

    #[test]
    fn perfect_agreement_one_class_and_what_is_no_table() {
        let perfect =
            fleiss_kappa(&[vec![3, 0], vec![3, 0], vec![0, 3], vec![0, 3]], 0.95).unwrap();
        assert_eq!((perfect.lower, perfect.estimate, perfect.upper), (1.0, 1.0, 1.0));
        let lone = fleiss_kappa(&[vec![3, 0], vec![0, 3]], 0.95).unwrap();
        assert_eq!((lone.lower, lone.estimate, lone.upper), (-1.0, 1.0, 1.0));
        assert_eq!(fleiss_kappa(&[vec![3, 0], vec![3, 0]], 0.95), Err(Error::NoSpread));
        assert!(
            fleiss_kappa(&[], 0.95).is_err() && fleiss_kappa(&vec![vec![1, 0]; 3], 0.95).is_err()
        );
        assert!(fleiss_kappa(&[vec![3], vec![3]], 0.95).is_err());
        assert!(fleiss_kappa(&[vec![3, 0], vec![2, 0]], 0.95).is_err());
        assert!(fleiss_kappa(&[vec![3, 0], vec![0, 3]], 1.0).is_err());
    }
}

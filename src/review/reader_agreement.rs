//! Do two people who read the same case, each without the other's answer, say the same? And does the model agree with what holds in the
//! end: what both said, or what a third person said where they differ?

use super::concordance::{Estimate, ReviewedCases, concordance};
use super::number_figures::Differences;
use super::reading::CaseReadings;
use super::review_answer::ReviewAnswer;
use super::review_sample::ReviewSample;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the cases that are read twice say about the readers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReaderAgreement {
    /// Cases of the sample that are read twice.
    pub cases: u64,
    /// Cases that two people have read.
    pub read_twice: u64,
    /// Of these, cases that one of them or both could not judge; they are left out of agreement, kappa and AC1.
    pub cannot_be_judged: u64,
    /// Share of the cases that both judged in which they say the same; exact interval.
    pub agreement: Estimate,
    /// Cohen's κ of the first against the second readings, jackknife interval; not of numbers.
    pub kappa: Estimate,
    /// Gwet's AC1, jackknife interval; not of numbers.
    pub ac1: Estimate,
    /// Of predicted numbers: the first reader's minus the second's, where both said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differences: Option<Differences>,
    /// Cases on which the two differ: a third person is asked.
    pub differing: u64,
    /// Those of them that a third person has settled.
    pub adjudicated: u64,
    /// Cases of which it is settled what holds, and that can be judged.
    pub settled: u64,
    /// Those of them in which the model says what holds.
    pub model_agrees: u64,
}

impl ReaderAgreement {
    /// What the `answers` to `sample`, in the order of the ledger, say; `None` where its plan asks for one reading of every case.
    pub fn of(sample: &ReviewSample, answers: &[ReviewAnswer]) -> Option<Self> {
        let double = (1..).zip(&sample.cases).filter(|(_, case)| case.second);
        let all: Vec<CaseReadings<'_>> =
            double.map(|(number, _)| CaseReadings::of(answers, number)).collect();
        if all.is_empty() {
            return None;
        }
        let mut counted: BTreeMap<(String, String), [u64; 2]> = BTreeMap::new();
        let (mut cannot, mut differing, mut adjudicated) = (0, 0, 0);
        let (mut settled, mut model_agrees, mut read_twice) = (0, 0, 0);
        let mut pairs = Vec::new();
        for readings in &all {
            let (Some((first, second)), Some(differ)) =
                (readings.first.zip(readings.second), readings.differ(sample))
            else {
                continue;
            };
            read_twice += 1;
            differing += u64::from(differ);
            adjudicated += u64::from(differ && readings.adjudication.is_some());
            if let Some(agrees) = readings.settled(sample).and_then(|one| one.agrees(sample)) {
                settled += 1;
                model_agrees += u64::from(agrees);
            }
            if !(first.is_judged() && second.is_judged()) {
                cannot += 1;
                continue;
            }
            if let (Some((_, one)), Some((_, other))) = (first.numbers(), second.numbers()) {
                pairs.push((one, other));
            }
            let key = if sample.plan.tolerance.is_some() {
                ("same".to_owned(), if differ { "another" } else { "same" }.to_owned())
            } else {
                (first.words(), second.words())
            };
            counted.entry(key).or_default()[1] += 1;
        }
        let found = concordance(&ReviewedCases::of(&counted, cannot));
        let is_number = sample.plan.tolerance.is_some();
        let beyond_chance =
            |estimate: Estimate| if is_number { not_of_numbers() } else { estimate };
        Some(Self {
            cases: all.len() as u64,
            read_twice,
            cannot_be_judged: cannot,
            agreement: found.agreement,
            kappa: beyond_chance(found.kappa),
            ac1: beyond_chance(found.ac1),
            differences: is_number.then(|| Differences::of(&pairs)),
            differing,
            adjudicated,
            settled,
            model_agrees,
        })
    }

    /// Second readings and adjudications that are left.
    pub fn left(&self) -> u64 {
        self.cases - self.read_twice + self.differing - self.adjudicated
    }
}

/// Why agreement beyond chance is not computed.
pub(super) fn not_of_numbers() -> Estimate {
    let why = "numbers are compared within a tolerance; what chance would give is not defined";
    Estimate::NotEvaluated(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::reading::Reading;
    use crate::review::specimen::{answer, sample};

    fn by(user_name: &str, reading: Reading, of: ReviewAnswer) -> ReviewAnswer {
        let reason = (reading == Reading::Adjudication).then(|| "it is chipped".to_owned());
        ReviewAnswer { reading, answered_by: user_name.to_owned(), reason, ..of }
    }

    #[test] // A22d-10.5
    fn agreement_of_readers_counts_both_readings_and_what_holds_in_the_end() {
        let mut of = sample();
        of.plan.second_share = 1.0;
        of.cases.iter_mut().for_each(|case| case.second = true);
        assert!(ReaderAgreement::of(&sample(), &[]).is_none(), "one reading each");
        let none = ReaderAgreement::of(&of, &[]).unwrap();
        assert_eq!((none.cases, none.read_twice, none.left()), (4, 0, 4));
        assert!(none.agreement.interval().is_none());
        let second = |case, model, says| by("pavel", Reading::Second, answer(case, model, says));
        let mut all = vec![
            answer(1, "1", "1"),
            answer(2, "0", "1"),
            answer(3, "0", "0"),
            answer(4, "1", "1"),
            second(1, "1", "1"),
            second(2, "0", "0"),
            second(3, "0", "0"),
        ];
        let found = ReaderAgreement::of(&of, &all).unwrap();
        assert_eq!((found.read_twice, found.differing, found.adjudicated), (3, 1, 0));
        assert_eq!((found.settled, found.model_agrees, found.left()), (2, 2, 2));
        assert!((found.agreement.interval().unwrap().estimate - 2.0 / 3.0).abs() < 1e-12);
        all.push(by("quentin", Reading::Adjudication, answer(2, "0", "1")));
        let mut unclear = second(4, "1", "1");
        (unclear.answer, unclear.reason) = (None, Some("blurred".to_owned()));
        all.push(unclear);
        let found = ReaderAgreement::of(&of, &all).unwrap();
        assert_eq!((found.cannot_be_judged, found.differing, found.adjudicated), (1, 2, 1));
        assert_eq!((found.settled, found.model_agrees, found.left()), (3, 2, 1));
        // by hand: p_o = 2/3, p_e = 4/9, κ = (2/9)/(5/9)
        let kappa = crate::statistics::cohen_kappa::estimate(&[vec![1, 0], vec![1, 1]]).unwrap();
        assert!((kappa - 0.4).abs() < 1e-12);
        assert!(found.differences.is_none());
    }

    #[test]
    fn readers_of_numbers_agree_within_the_tolerance() {
        let mut of = sample();
        (of.plan.second_share, of.plan.tolerance, of.classes) = (1.0, Some(0.1), Vec::new());
        of.cases.iter_mut().for_each(|case| case.second = true);
        let pair = |case, one: &str, other: &str| {
            [answer(case, "4.1", one), by("pavel", Reading::Second, answer(case, "4.1", other))]
        };
        let mut all: Vec<ReviewAnswer> = [(1, "4.1", "4.2"), (2, "4.0", "4.3"), (3, "4.2", "4.2")]
            .into_iter()
            .flat_map(|(case, one, other)| pair(case, one, other))
            .collect();
        let found = ReaderAgreement::of(&of, &all).unwrap();
        assert_eq!((found.read_twice, found.differing, found.settled), (3, 1, 2));
        let differences = found.differences.unwrap();
        let mean = differences.mean.interval().unwrap().estimate;
        assert!(differences.pairs == 3 && (mean + 0.4 / 3.0).abs() < 1e-9, "{mean}");
        assert!(found.kappa.interval().is_none());
        // Who accepts a number says nothing about how far it is off, but whether it is right.
        let [mut seen, other] = pair(4, "4.1", "4.15");
        (seen.answer, seen.accepts) = (None, Some(true));
        all.extend([seen, other]);
        let found = ReaderAgreement::of(&of, &all).unwrap();
        assert_eq!((found.differing, found.settled), (1, 3));
        assert_eq!(found.differences.unwrap().pairs, 3);
    }
}

//! Readings of a case: a first one of every case, a second one by another person of those that the plan says, and an adjudication by a
//! third person where the two differ. Nobody who gives a second reading is told the first.

use super::review_answer::ReviewAnswer;
use super::review_sample::ReviewSample;
use super::{Error, Result};
use serde::{Deserialize, Serialize};

/// Which reading of a case an answer is.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The one that every case has.
    #[default]
    First,
    /// Another person's, who is not told the first.
    Second,
    /// A third person's, who sees both and says which holds, or says something else.
    Adjudication,
}

impl Reading {
    /// All readings, in their order.
    pub const ALL: [Self; 3] = [Self::First, Self::Second, Self::Adjudication];

    /// The word used in records.
    pub fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Adjudication => "adjudication",
        }
    }

    /// The reading of that word.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCode`], naming all readings.
    pub fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word).ok_or_else(|| Error::UnknownCode {
            what: "reading",
            found: word.to_owned(),
            expected: Self::ALL.map(Self::word).join(", "),
        })
    }

    /// Whether it is the first.
    pub fn is_first(&self) -> bool {
        *self == Self::First
    }
}

/// What is asked of somebody about a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingTask {
    /// Number of the case, from 1.
    pub case: u64,
    /// Which reading of it.
    pub reading: Reading,
}

/// The answers to one case that count: of each reading the first.
#[derive(Clone, Copy, Debug, Default)]
pub struct CaseReadings<'a> {
    /// The first reading.
    pub first: Option<&'a ReviewAnswer>,
    /// The second.
    pub second: Option<&'a ReviewAnswer>,
    /// What a third person said.
    pub adjudication: Option<&'a ReviewAnswer>,
}

impl<'a> CaseReadings<'a> {
    /// The readings of case `number` among `answers`, which are in the order of the ledger.
    pub fn of(answers: &'a [ReviewAnswer], number: u64) -> Self {
        let found = |reading| {
            let mut its = answers.iter().filter(|one| one.case == number && one.reading == reading);
            its.find(|one| one.corrects.is_none())
        };
        Self {
            first: found(Reading::First),
            second: found(Reading::Second),
            adjudication: found(Reading::Adjudication),
        }
    }

    /// Whether two people read it and say different things of it; `None` before both did.
    pub fn differ(&self, sample: &ReviewSample) -> Option<bool> {
        let (first, second) = self.first.zip(self.second)?;
        Some(!first.says_as(second, sample))
    }

    /// What holds of a case that two people read: what both say, or what the third said; `None` before.
    pub fn settled(&self, sample: &ReviewSample) -> Option<&'a ReviewAnswer> {
        if self.differ(sample)? { self.adjudication } else { self.first }
    }

    /// The reading that is to be given next; `None` where none is left. `is_double`: the plan asks for two.
    pub fn next(&self, sample: &ReviewSample, is_double: bool) -> Option<Reading> {
        match (self.first, self.second) {
            (None, _) => Some(Reading::First),
            (Some(_), None) => is_double.then_some(Reading::Second),
            (Some(_), Some(_)) => {
                let open = self.adjudication.is_none() && self.differ(sample) == Some(true);
                open.then_some(Reading::Adjudication)
            }
        }
    }

    /// Whether `user_name` gave one of them.
    pub fn is_by(&self, user_name: &str) -> bool {
        let all = [self.first, self.second, self.adjudication];
        all.into_iter().flatten().any(|one| one.answered_by == user_name)
    }
}

/// Every reading that is left, first readings before second ones before adjudications, each in the order of review.
pub fn left(sample: &ReviewSample, answers: &[ReviewAnswer]) -> Vec<ReadingTask> {
    let mut tasks: Vec<ReadingTask> = (1..)
        .zip(&sample.cases)
        .filter_map(|(case, drawn)| {
            let reading = CaseReadings::of(answers, case).next(sample, drawn.second)?;
            Some(ReadingTask { case, reading })
        })
        .collect();
    tasks.sort_by_key(|task| (task.reading, task.case));
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::specimen::{answer, sample};

    fn twice() -> ReviewSample {
        let mut sample = sample();
        sample.plan.second_share = 0.5;
        (sample.cases[0].second, sample.cases[1].second) = (true, true);
        sample
    }

    fn second(case: u64, model: &str, says: &str) -> ReviewAnswer {
        let by = "pavel".to_owned();
        ReviewAnswer { reading: Reading::Second, answered_by: by, ..answer(case, model, says) }
    }

    #[test] // A22d-10.5
    fn a_case_is_read_by_a_second_person_and_a_third_where_they_differ() {
        let sample = twice();
        sample.validate().unwrap();
        let task = |case, reading| ReadingTask { case, reading };
        let first = |cases: &[u64]| -> Vec<ReadingTask> {
            cases.iter().map(|case| task(*case, Reading::First)).collect()
        };
        assert_eq!(left(&sample, &[]), first(&[1, 2, 3, 4]));
        let mut answers = vec![answer(1, "1", "1"), answer(2, "0", "1")];
        let mut expected = first(&[3, 4]);
        expected.extend([task(1, Reading::Second), task(2, Reading::Second)]);
        assert_eq!(left(&sample, &answers), expected);
        answers.extend([second(1, "1", "1"), second(2, "0", "0")]);
        let mut expected = first(&[3, 4]);
        expected.push(task(2, Reading::Adjudication));
        assert_eq!(left(&sample, &answers), expected);
        let of = CaseReadings::of(&answers, 2);
        assert!(of.is_by("rosa") && of.is_by("pavel") && !of.is_by("quentin"));
        assert_eq!((of.differ(&sample), of.settled(&sample).is_some()), (Some(true), false));
        let third = ReviewAnswer {
            reading: Reading::Adjudication,
            answered_by: "quentin".to_owned(),
            reason: Some("the edge is chipped".to_owned()),
            ..answer(2, "0", "1")
        };
        answers.push(third);
        assert_eq!(left(&sample, &answers), first(&[3, 4]));
        let of = CaseReadings::of(&answers, 2);
        assert_eq!(of.settled(&sample).unwrap().answered_by, "quentin");
        // A correction changes nothing: the first answer of each reading counts.
        let mut corrected = second(1, "1", "0");
        (corrected.corrects, corrected.dwell_ms) = (Some("an_1".to_owned()), None);
        answers.push(corrected);
        assert_eq!(CaseReadings::of(&answers, 1).differ(&sample), Some(false));
    }
}

//! `/review-samples/{id}/case`: one drawn prediction after the other, to be judged; and one that was answered, to be corrected.

use super::frame::{Frame, Notice, Place};
use super::page_error::{Answer, see_other};
use super::visitor::Visitor;
use super::wording::whole;
use crate::access::role::Action;
use crate::error::Result;
use crate::procedures::read_review_samples::{ReviewSampleView, review_sample};
use crate::procedures::review_prediction::{
    AnswerView, CaseView, GiveAnswer, correct_answer, give_answer, next_case,
};
use crate::review::reading::Reading;
use crate::review::review_sample::ReviewSample;
use actix_web::{get, post, web};
use askama::Template;
use serde::Deserialize;

/// The answer given before, with what the model answered.
struct Told {
    case: u64,
    reading: &'static str,
    answer: String,
    model_answer: String,
    agrees: &'static str,
    mark: &'static str,
}

impl Told {
    fn of(view: &AnswerView, sample: &ReviewSample) -> Self {
        let said = &view.said;
        let (agrees, mark) = match said.agrees(sample) {
            Some(true) => ("you agree with the model", "stable"),
            Some(false) => ("you disagree with the model", "drift"),
            None => ("you could not judge it", "undetermined"),
        };
        Self {
            case: said.case,
            reading: match said.reading {
                Reading::First => "first",
                Reading::Second => "second",
                Reading::Adjudication => "adjudication",
            },
            answer: said.words(),
            model_answer: said.model_answer.clone(),
            agrees,
            mark,
        }
    }
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AnswerForm {
    /// The session's form token.
    pub form_token: String,
    /// A class, or nothing where the case cannot be judged.
    pub answer: String,
    /// Of a predicted number: `accept`, `reject`, `own`, or nothing where the case cannot be judged; not in forms about classes.
    pub judgement: Option<String>,
    /// The reviewer's own number.
    pub number: String,
    /// Which reading the case was shown for.
    pub reading: String,
    /// Why it cannot be judged, or why it is corrected.
    pub reason: String,
    /// What else there is to say.
    pub comment: String,
}

impl AnswerForm {
    fn given(&self) -> GiveAnswer {
        let text = |text: &String| Some(text.clone()).filter(|text| !text.trim().is_empty());
        let (answer, accepts) = match self.judgement.as_deref() {
            None => (text(&self.answer), None),
            Some("accept") => (None, Some(true)),
            Some("reject") => (None, Some(false)),
            Some("own") => (text(&self.number), None),
            Some(_) => (None, None),
        };
        GiveAnswer {
            answer,
            accepts,
            reading: Reading::parse(&self.reading).ok(),
            reason: text(&self.reason),
            comment: text(&self.comment),
        }
    }
}

#[derive(Template)]
#[template(path = "review_case.html")]
struct CasePage {
    frame: Frame,
    id: String,
    told: Option<Told>,
    case: Option<CaseView>,
    answered: String,
    cases: String,
    /// Whether the classes are those of a truth value.
    truth: bool,
    /// What is asked.
    heading: &'static str,
    typed: AnswerForm,
}

impl CasePage {
    fn of(
        visitor: &Visitor,
        (id, after): (String, Option<u64>),
        typed: AnswerForm,
        notice: Option<Notice>,
    ) -> Result<Self> {
        let acting = visitor.acting();
        let sample = review_sample(&visitor.store, &acting, &id)?;
        let case = next_case(&visitor.store, &acting, &id)?;
        let mine = |view: &&AnswerView| {
            Some(view.said.case) == after && view.said.answered_by == acting.account.user_name
        };
        Ok(Self {
            frame: visitor
                .frame("Review a prediction", Place::PredictionReview)
                .with_notice(notice),
            told: sample.answers.iter().find(mine).map(|one| Told::of(one, &sample.sample)),
            heading: match case.as_ref().map(|case| case.reading) {
                Some(Reading::Second) => "Second reading",
                Some(Reading::Adjudication) => "What two readers differ about",
                _ => "What would you have answered?",
            },
            answered: whole(sample.row.answered),
            cases: whole(sample.row.cases),
            truth: sample.sample.classes == ["0", "1"],
            id,
            case,
            typed,
        })
    }

    fn is_typed(&self, class: &str) -> bool {
        self.typed.answer == class
    }

    fn is_judged(&self, judgement: &str) -> bool {
        self.typed.judgement.as_deref() == Some(judgement)
    }
}

/// Which case was answered just now.
#[derive(Debug, Deserialize)]
pub(super) struct AfterQuery {
    /// Its number.
    pub after: Option<u64>,
}

/// The next case.
#[get("/review-samples/{id}/case")]
pub(super) async fn show_next(
    visitor: Visitor,
    id: web::Path<String>,
    query: web::Query<AfterQuery>,
) -> Answer {
    visitor
        .page(move |visitor| {
            visitor.acting().permit(Action::AdjudicateReadings)?;
            CasePage::of(visitor, (id.into_inner(), query.after), AnswerForm::default(), None)
        })
        .await
}

/// Records an answer and goes on to the next case.
#[post("/review-samples/{id}/cases/{number}/answer")]
pub(super) async fn record_answer(
    visitor: Visitor,
    path: web::Path<(String, String)>,
    form: web::Form<AnswerForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let (id, number) = path.into_inner();
    let number = number.parse().unwrap_or_default();
    let (form, of) = (form.into_inner(), id.clone());
    let given = form.given();
    let done = visitor
        .act(move |store, acting| {
            acting.permit(Action::AdjudicateReadings)?;
            give_answer(store, acting, (&of, number), &given)
        })
        .await;
    match done {
        Ok(_) => Ok(see_other(&format!("/review-samples/{id}/case?after={number}"))),
        Err(error) => {
            visitor
                .page_again(error, move |visitor, notice| {
                    CasePage::of(visitor, (id, None), form, Some(notice))
                })
                .await
        }
    }
}

#[derive(Template)]
#[template(path = "review_answer.html")]
struct AnswerPage {
    frame: Frame,
    id: String,
    number: u64,
    /// Everything answered about the case, the first first, with its ledger entry.
    answers: Vec<(AnswerView, Told)>,
    classes: Vec<String>,
    /// Whether the case was blind: then a number is said, and none accepted.
    blind: bool,
    may_correct: bool,
    typed: AnswerForm,
}

impl AnswerPage {
    fn of(
        visitor: &Visitor,
        (id, number): (String, u64),
        typed: AnswerForm,
        notice: Option<Notice>,
    ) -> Result<Self> {
        let view: ReviewSampleView = review_sample(&visitor.store, &visitor.acting(), &id)?;
        let name = &visitor.account().user_name;
        let answers: Vec<_> = view.answers.into_iter().filter(|a| a.said.case == number).collect();
        let own = answers.iter().any(|one| one.said.answered_by == *name);
        let blind = view.sample.case(number).is_none_or(|case| case.blind);
        let sample = &view.sample;
        let told = |one: AnswerView| (one.clone(), Told::of(&one, sample));
        Ok(Self {
            frame: visitor
                .frame("A reviewed prediction", Place::PredictionReview)
                .with_notice(notice),
            may_correct: own && !view.row.is_closed,
            answers: answers.into_iter().map(told).collect(),
            blind,
            classes: view.sample.classes.clone(),
            id,
            number,
            typed,
        })
    }
}

/// What was answered about a case.
#[get("/review-samples/{id}/cases/{number}")]
pub(super) async fn show_answered(visitor: Visitor, path: web::Path<(String, String)>) -> Answer {
    let (id, number) = path.into_inner();
    visitor
        .page(move |visitor| {
            let number = number.parse().unwrap_or_default();
            AnswerPage::of(visitor, (id, number), AnswerForm::default(), None)
        })
        .await
}

/// Corrects an answer.
#[post("/review-samples/{id}/cases/{number}/correction")]
pub(super) async fn record_correction(
    visitor: Visitor,
    path: web::Path<(String, String)>,
    form: web::Form<AnswerForm>,
) -> Answer {
    visitor.check_form(&form.form_token)?;
    let (id, number) = path.into_inner();
    let number = number.parse().unwrap_or_default();
    let (form, of) = (form.into_inner(), id.clone());
    let given = form.given();
    let done = visitor
        .act(move |store, acting| {
            acting.permit(Action::AdjudicateReadings)?;
            correct_answer(store, acting, (&of, number), &given)
        })
        .await;
    match done {
        Ok(_) => Ok(see_other(&format!("/review-samples/{id}/cases/{number}"))),
        Err(error) => {
            visitor
                .page_again(error, move |visitor, notice| {
                    AnswerPage::of(visitor, (id, number), form, Some(notice))
                })
                .await
        }
    }
}

//! `/models/{model}/versions/{version}/policy`: the monitoring policy of a version in force, as a form to propose another one after an
//! accepted change.

use super::destination::version_path;
use super::frame::{Frame, Notice, Place};
use super::page_error::{Answer, see_other};
use super::references::{Choice, accepted, accepted_by};
use super::signing::Typed;
use super::tolerances::{ToleranceLine, tolerance_lines};
use super::visitor::Visitor;
use crate::access::role::Action;
use crate::drift::performance::rule::{ErrorAlarm, PerformanceRule};
use crate::drift::policy::{Budget, Cadence, Criticality, POLICY_FORMAT, Policy, StatedTolerance};
use crate::error::{Error, Result};
use crate::procedures::propose_reference::{ProposeReference, propose_reference};
use crate::procedures::read_references::{PolicySheet, policy_sheet};
use actix_web::{get, post, web};
use askama::Template;
use std::collections::{BTreeMap, BTreeSet};

/// The words of the criticalities, in their order.
const CRITICALITIES: [(Criticality, &str); 3] = [
    (Criticality::Critical, "critical"),
    (Criticality::Standard, "standard"),
    (Criticality::Low, "low"),
];
/// The words of the cadences.
const CADENCES: [(Cadence, &str); 3] =
    [(Cadence::Daily, "daily"), (Cadence::Weekly, "weekly"), (Cadence::Monthly, "monthly")];
/// The two alarms that labels and reviewers can raise: beginning of the names of their fields, and what they are about.
const ALARMS: [(&str, &str); 2] =
    [("alarm", "the error rate, once labels come"), ("review_alarm", "disagreement in review")];

/// A feature with its criticality.
struct FeatureLine {
    feature: String,
    field: String,
    criticality: String,
    criticalities: [&'static str; 3],
}

impl FeatureLine {
    fn is_of(&self, word: &str) -> bool {
        self.criticality == word
    }
}

/// A series with the tolerance in force, and the one that is stated for it.
struct SeriesLine {
    line: ToleranceLine,
    field: String,
    stated: String,
    because: String,
}

/// One number of the form.
struct Field {
    name: String,
    label: &'static str,
    hint: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "policy_proposal.html")]
struct PolicyPage {
    frame: Frame,
    version: String,
    path: String,
    is_over: bool,
    may_propose: bool,
    accepted: Vec<Choice>,
    numbers: Vec<Field>,
    cadence: String,
    cadences: [&'static str; 3],
    budget: String,
    features: Vec<FeatureLine>,
    series: Vec<SeriesLine>,
    labels: Vec<Field>,
    /// What each alarm is about, and its fields.
    alarms: Vec<(&'static str, Vec<Field>)>,
    policy_rationale: String,
    rationale: String,
}

/// The policy in force, as the form would send it.
fn fields_of(policy: &Policy) -> Typed {
    let optional = |number: Option<f64>| number.map_or_else(String::new, |one| one.to_string());
    let rule = &policy.performance;
    let cadence = CADENCES.iter().find(|(one, _)| policy.cadence == Some(*one));
    let mut typed: Typed = [
        ("batches_per_false_alarm", policy.batches_per_false_alarm.to_string()),
        ("rows_min", policy.rows_min.to_string()),
        ("cadence", cadence.map_or("", |(_, word)| word).to_owned()),
        ("grace_days", policy.grace_days.to_string()),
        ("budget", if policy.budget.is_even() { "even" } else { "by_role" }.to_owned()),
        ("label_delay_days", rule.label_delay_days.to_string()),
        ("labels_min", rule.labels_min.to_string()),
        ("completeness_min", rule.completeness_min.to_string()),
        ("positive", rule.positive.clone().unwrap_or_default()),
        ("error_limit", optional(rule.error_limit)),
        ("policy_rationale", policy.rationale.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    for (feature, criticality) in &policy.criticality {
        let word = CRITICALITIES.iter().find(|(one, _)| one == criticality);
        typed
            .insert(format!("criticality {feature}"), word.map_or("", |(_, word)| word).to_owned());
    }
    for (key, stated) in &policy.tolerances {
        typed.insert(format!("tolerance {key}"), stated.tolerance.to_string());
        typed.insert(format!("because {key}"), stated.rationale.clone());
    }
    for ((name, _), alarm) in ALARMS.iter().zip([&rule.alarm, &rule.review_alarm]) {
        let Some(alarm) = alarm else { continue };
        typed.insert(format!("{name}_errors"), alarm.reference_errors.to_string());
        typed.insert(format!("{name}_rows"), alarm.reference_rows.to_string());
        typed.insert(format!("{name}_tolerance"), alarm.tolerance.to_string());
        typed.insert(format!("{name}_share"), alarm.share.to_string());
    }
    typed
}

fn text<'a>(typed: &'a Typed, field: &str) -> &'a str {
    typed.get(field).map_or("", |text| text.trim())
}

fn number<T: std::str::FromStr>(typed: &Typed, field: &str) -> Result<T> {
    let found = text(typed, field);
    found.parse().map_err(|_invalid| Error::BadRequest {
        detail: format!("`{field}` is `{found}`, expected a number"),
    })
}

/// A number that may be left out.
fn optional<T: std::str::FromStr>(typed: &Typed, field: &str) -> Result<Option<T>> {
    if text(typed, field).is_empty() { Ok(None) } else { number(typed, field).map(Some) }
}

/// The thing of that word.
fn chosen<T: Copy>(all: &[(T, &str)], typed: &Typed, field: &str) -> Result<T> {
    let found = text(typed, field);
    all.iter().find(|(_, word)| *word == found).map(|(one, _)| *one).ok_or_else(|| {
        let expected: Vec<&str> = all.iter().map(|(_, word)| *word).collect();
        let detail = format!("`{field}` is `{found}`, expected one of {}", expected.join(", "));
        Error::BadRequest { detail }
    })
}

/// The policy that was typed.
fn policy_of(typed: &Typed) -> Result<Policy> {
    let named = |prefix: &str| {
        let of = |name: &String| name.strip_prefix(prefix).map(str::to_owned);
        typed.keys().filter_map(of).collect::<Vec<String>>()
    };
    let mut criticality = BTreeMap::new();
    for feature in named("criticality ") {
        let one = chosen(&CRITICALITIES, typed, &format!("criticality {feature}"))?;
        if one != Criticality::Standard {
            criticality.insert(feature, one);
        }
    }
    let mut tolerances = BTreeMap::new();
    for key in named("tolerance ") {
        if let Some(tolerance) = optional(typed, &format!("tolerance {key}"))? {
            let rationale = text(typed, &format!("because {key}")).to_owned();
            tolerances.insert(key, StatedTolerance { tolerance, rationale });
        }
    }
    let [alarm, review_alarm] = ALARMS.map(|(name, _)| alarm_of(typed, name));
    let cadence = text(typed, "cadence");
    Ok(Policy {
        format: POLICY_FORMAT.to_owned(),
        batches_per_false_alarm: number(typed, "batches_per_false_alarm")?,
        criticality,
        tolerances,
        budget: chosen(&[(Budget::Even, "even"), (Budget::ByRole, "by_role")], typed, "budget")?,
        rows_min: number(typed, "rows_min")?,
        cadence: if cadence.is_empty() { None } else { Some(chosen(&CADENCES, typed, "cadence")?) },
        grace_days: number(typed, "grace_days")?,
        performance: PerformanceRule {
            label_delay_days: number(typed, "label_delay_days")?,
            labels_min: number(typed, "labels_min")?,
            completeness_min: number(typed, "completeness_min")?,
            positive: Some(text(typed, "positive").to_owned()).filter(|one| !one.is_empty()),
            error_limit: optional(typed, "error_limit")?,
            alarm: alarm?,
            review_alarm: review_alarm?,
        },
        rationale: text(typed, "policy_rationale").to_owned(),
    })
}

/// The alarm whose fields begin with `name`; nothing where all of them are empty.
fn alarm_of(typed: &Typed, name: &str) -> Result<Option<ErrorAlarm>> {
    let field = |part: &str| format!("{name}_{part}");
    if ["errors", "rows", "tolerance"].iter().all(|part| text(typed, &field(part)).is_empty()) {
        return Ok(None);
    }
    let share = optional(typed, &field("share"))?;
    Ok(Some(ErrorAlarm {
        reference_errors: number(typed, &field("errors"))?,
        reference_rows: number(typed, &field("rows"))?,
        tolerance: number(typed, &field("tolerance"))?,
        share: share.unwrap_or(ErrorAlarm::SHARE),
    }))
}

impl PolicyPage {
    fn read(
        visitor: &Visitor,
        (model, version): (&str, &str),
        (typed, notice): (Option<Typed>, Option<Notice>),
    ) -> Result<Self> {
        let sheet = policy_sheet(&visitor.store, &visitor.acting(), (model, version))?;
        let title = format!("{model} {version}: another policy");
        let frame = visitor.frame(&title, Place::Models).with_notice(notice);
        let typed = typed.unwrap_or_else(|| fields_of(&sheet.policy));
        let PolicySheet { policy, monitor, offered, is_over } = sheet;
        let value = |name: &str| text(&typed, name).to_owned();
        let field = |(name, label, hint): (&str, &'static str, &'static str)| Field {
            value: value(name),
            name: name.to_owned(),
            label,
            hint,
        };
        let names: BTreeSet<&String> = monitor.series.iter().map(|one| &one.feature).collect();
        let feature = |name: &String| {
            let field = format!("criticality {name}");
            let found = value(&field);
            let criticality = if found.is_empty() { "standard".to_owned() } else { found };
            let criticalities = CRITICALITIES.map(|(_, word)| word);
            FeatureLine { feature: name.clone(), field, criticality, criticalities }
        };
        let series = tolerance_lines(&monitor, &policy).into_iter().zip(&monitor.series);
        let series = series.map(|(line, series)| {
            let key = series.key();
            let stated = value(&format!("tolerance {key}"));
            SeriesLine { line, stated, because: value(&format!("because {key}")), field: key }
        });
        let alarm = |(name, about): (&str, &'static str)| {
            let of = |(part, label, hint): (&str, &'static str, &'static str)| {
                let name = format!("{name}_{part}");
                Field { value: value(&name), name, label, hint }
            };
            (about, ALARM_FIELDS.map(of).into())
        };
        Ok(Self {
            may_propose: frame.may(Action::Register),
            frame,
            version: format!("{model} {version}"),
            path: version_path(model, version),
            is_over,
            accepted: accepted(&offered, &value("accepted")),
            numbers: NUMBERS.map(field).into(),
            cadence: value("cadence"),
            cadences: CADENCES.map(|(_, word)| word),
            budget: value("budget"),
            features: names.into_iter().map(feature).collect(),
            series: series.collect(),
            labels: LABELS.map(field).into(),
            alarms: ALARMS.map(alarm).into(),
            policy_rationale: value("policy_rationale"),
            rationale: value("rationale"),
        })
    }

    fn is_cadence(&self, word: &str) -> bool {
        self.cadence == word
    }
}

/// Fields about batches: name, label, hint.
const NUMBERS: [(&str, &str, &str); 3] = [
    (
        "batches_per_false_alarm",
        "Batches per false alarm",
        "At most one false alarm in so many batches on average; 20 or more.",
    ),
    ("rows_min", "Rows that a batch needs to be judged alone", ""),
    ("grace_days", "Days of grace after a batch is due", ""),
];

/// Fields about labels.
const LABELS: [(&str, &str, &str); 5] = [
    ("label_delay_days", "Days after the end of a batch until its labels are due", ""),
    ("labels_min", "Labels that a batch needs to be judged by them", ""),
    (
        "completeness_min",
        "Share of the rows that must be labelled",
        "Below it what the labels say is provisional, and no evidence.",
    ),
    ("positive", "The class that scores are about", "Empty: 1, or the last class."),
    (
        "error_limit",
        "Error from which a predicted number is wrong",
        "Empty where classes are predicted.",
    ),
];

/// Fields of an alarm.
const ALARM_FIELDS: [(&str, &str, &str); 4] = [
    ("errors", "Wrong ones in the reference", "Empty, as the next two: no such alarm."),
    ("rows", "Rows of the reference", ""),
    ("tolerance", "How much higher the rate may be", "Absolute: 0.02 for two of a hundred."),
    ("share", "Share of the alarm budget", "Empty: 0.15."),
];

/// The policy in force, to be changed and proposed.
#[get("/models/{model}/versions/{version}/policy")]
pub(super) async fn show(visitor: Visitor, of: web::Path<(String, String)>) -> Answer {
    visitor.page(move |visitor| PolicyPage::read(visitor, (&of.0, &of.1), (None, None))).await
}

/// Proposes another policy, and leads to the proposal.
#[post("/models/{model}/versions/{version}/policy")]
pub(super) async fn propose(
    visitor: Visitor,
    of: web::Path<(String, String)>,
    form: web::Form<Typed>,
) -> Answer {
    let (of, typed) = (of.into_inner(), form.into_inner());
    visitor.check_form(text(&typed, "form_token"))?;
    let (version, sent) = (of.clone(), policy_of(&typed));
    let (alert, change) = accepted_by(text(&typed, "accepted"));
    let rationale = text(&typed, "rationale").to_owned();
    let made = visitor
        .act(move |store, acting| {
            acting.permit(Action::Register)?;
            let batches = Vec::new();
            let policy = Some(sent?);
            let asked = ProposeReference { batches, policy, alert, change, rationale };
            propose_reference(store, acting, (&version.0, &version.1), &asked)
        })
        .await;
    let error = match made {
        Ok(made) => return Ok(see_other(&format!("/references/{}", made.proposal.value.id))),
        Err(error) => error,
    };
    visitor
        .page_again(error, move |visitor, notice| {
            PolicyPage::read(visitor, (&of.0, &of.1), (Some(typed), Some(notice)))
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_says_the_policy_that_it_was_filled_with() {
        let alarm =
            ErrorAlarm { reference_errors: 20, reference_rows: 1_000, tolerance: 0.02, share: 0.2 };
        let stated = StatedTolerance { tolerance: 0.07, rationale: "two presses".to_owned() };
        let policy = Policy {
            batches_per_false_alarm: 100.0,
            criticality: BTreeMap::from([("TSH".to_owned(), Criticality::Critical)]),
            tolerances: BTreeMap::from([("TSH/values".to_owned(), stated)]),
            budget: Budget::ByRole,
            cadence: Some(Cadence::Weekly),
            grace_days: 2,
            performance: PerformanceRule {
                label_delay_days: 28,
                positive: Some("sick".to_owned()),
                error_limit: Some(1.5),
                alarm: Some(alarm),
                ..PerformanceRule::default()
            },
            ..Policy::default()
        };
        assert_eq!(policy_of(&fields_of(&policy)).unwrap(), policy);
        assert_eq!(policy_of(&fields_of(&Policy::default())).unwrap(), Policy::default());
        let refused = |field: &str, value: &str| {
            let mut typed = fields_of(&policy);
            typed.insert(field.to_owned(), value.to_owned());
            policy_of(&typed).unwrap_err().to_string()
        };
        assert!(refused("rows_min", "many").contains("`rows_min` is `many`"));
        assert!(refused("cadence", "hourly").contains("daily, weekly, monthly"));
        assert!(refused("alarm_rows", "").contains("`alarm_rows` is ``"));
        assert!(refused("criticality TSH", "").contains("critical, standard, low"));
    }
}

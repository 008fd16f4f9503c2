//! From the code of a statistic to its function.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Vector;
use super::inputs::Inputs;
use crate::statistics as s;
use crate::statistics::control_charts as charts;
use crate::statistics::significance::Significance;

/// Numbers by name.
pub(super) type Found = Vec<(&'static str, Vec<f64>)>;
type Computed = std::result::Result<Found, Failure>;

/// Why there is no number to compare.
pub(super) enum Failure {
    /// The statistic has no value for these inputs.
    NotEvaluated(String),
    /// The vector does not say what it should.
    Malformed(String),
}

impl From<s::Error> for Failure {
    fn from(error: s::Error) -> Self {
        Self::NotEvaluated(error.to_string())
    }
}

/// All codes a vector may use.
pub const CODES: &[&str] = &[
    "adwin",
    "anderson_darling",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "chi_square",
    "cliffs_delta",
    "clopper_pearson",
    "cohen_kappa",
    "cohens_d",
    "cohens_h",
    "cohens_h_tolerance",
    "cramer_von_mises",
    "cramers_v",
    "cusum",
    "ddm",
    "delong",
    "e_bh",
    "e_detector",
    "energy_distance",
    "epps_singleton",
    "ewma",
    "fisher_exact",
    "g_test",
    "gwet_ac1",
    "hellinger",
    "holm",
    "individuals",
    "jensen_shannon",
    "kl_divergence",
    "ks",
    "l_infinity",
    "laney_p",
    "mann_whitney",
    "mcnemar",
    "mmd",
    "moments",
    "nelson",
    "newcombe",
    "noncentral_chi_square",
    "page_hinkley",
    "psi",
    "reference_error",
    "rows_to_settle",
    "score_card",
    "total_variation",
    "tv_upper",
    "wasserstein",
    "welch_t",
    "wilson",
    "xbar_s",
    "z_proportion",
];

/// Computes the statistic of one vector.
pub(super) fn compute(vector: &Vector, datasets: &BTreeMap<String, Value>) -> Computed {
    let inputs = Inputs { vector, datasets };
    let families = [of_counts, of_samples, of_rates, of_series, of_laws];
    for family in families {
        if let Some(found) = family(&vector.statistic, &inputs) {
            return match found {
                Ok(found) if found.iter().flat_map(|(_, numbers)| numbers).any(|x| x.is_nan()) => {
                    Err(Failure::Malformed("found NaN".to_owned()))
                }
                other => other,
            };
        }
    }
    Err(Failure::Malformed(format!("unknown statistic `{}`", vector.statistic)))
}

fn value(value: f64) -> Found {
    vec![("value", vec![value])]
}

fn tested(test: Significance) -> Found {
    vec![("value", vec![test.statistic]), ("p_value", vec![test.p_value])]
}

fn interval(interval: s::intervals::Interval) -> Found {
    vec![
        ("value", vec![interval.estimate]),
        ("lower", vec![interval.lower]),
        ("upper", vec![interval.upper]),
    ]
}

fn of_counts(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    let simple: fn(&[u64], &[u64]) -> s::Result<f64> = match code {
        "total_variation" => s::total_variation::total_variation_counts,
        "hellinger" => s::hellinger::hellinger,
        "l_infinity" => s::l_infinity::l_infinity,
        "cramers_v" => s::cramers_v::cramers_v,
        "kl_divergence" if inputs.word("smoothing") == Some("half") => {
            s::kl_divergence::kl_divergence_smoothed
        }
        "kl_divergence" => s::kl_divergence::kl_divergence,
        "psi" | "jensen_shannon" | "chi_square" | "g_test" => {
            return Some(inputs.counts().and_then(|(r, b)| count_test(code, inputs, &r, &b)));
        }
        _ => return None,
    };
    Some(inputs.counts().and_then(|(r, b)| match simple(&r, &b) {
        Err(s::Error::Infinite { .. }) => Ok(value(f64::INFINITY)),
        other => Ok(value(other?)),
    }))
}

fn count_test(code: &str, inputs: &Inputs<'_>, reference: &[u64], batch: &[u64]) -> Computed {
    Ok(match code {
        "psi" => {
            let psi = s::psi::psi(reference, batch)?;
            let rows = (reference.iter().sum(), batch.iter().sum());
            let p_value = s::psi::psi_p_value(psi, rows, reference.len());
            let mut found = value(psi);
            found.extend(p_value.ok().map(|p_value| ("p_value", vec![p_value])));
            found
        }
        "jensen_shannon" => {
            let bits = s::jensen_shannon::divergence(reference, batch)?;
            let unit = if inputs.word("base") == Some("e") { std::f64::consts::LN_2 } else { 1.0 };
            let divergence = bits * unit;
            vec![("value", vec![libm::sqrt(divergence)]), ("divergence", vec![divergence])]
        }
        "g_test" => tested(s::g_test::g_test(reference, batch)?),
        _ => {
            let smallest = inputs.parameter("merge_below", 0.0);
            let (reference, batch) = s::chi_square::merge_small(reference, batch, smallest)?;
            let test = s::chi_square::chi_square(&reference, &batch)?;
            vec![
                ("value", vec![test.statistic]),
                ("p_value", vec![test.p_value]),
                ("degrees", vec![test.degrees as f64]),
            ]
        }
    })
}

fn of_samples(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    let known = [
        "ks",
        "wasserstein",
        "energy_distance",
        "anderson_darling",
        "cramer_von_mises",
        "mann_whitney",
        "welch_t",
        "epps_singleton",
        "cohens_d",
        "cliffs_delta",
    ];
    if !known.contains(&code) {
        return None;
    }
    if inputs.are_counts() {
        return Some(inputs.counts().and_then(|(r, b)| binned(code, &r, &b)));
    }
    Some(inputs.samples().and_then(|(r, b)| sample_test(code, inputs, &r, &b)))
}

fn binned(code: &str, reference: &[u64], batch: &[u64]) -> Computed {
    match code {
        "ks" => {
            let test = s::ks::ks_binned(reference, batch)?;
            let (statistic, p_value) = (vec![test.statistic], vec![test.p_value]);
            Ok(vec![("value", statistic), ("p_value", p_value), ("upper", vec![test.upper])])
        }
        "cliffs_delta" => Ok(value(s::cliffs_delta::cliffs_delta_binned(reference, batch)?)),
        _ => Err(Failure::NotEvaluated(format!("`{code}` takes samples"))),
    }
}

fn sample_test(code: &str, inputs: &Inputs<'_>, r: &[f64], b: &[f64]) -> Computed {
    type Test = fn(&[f64], &[f64]) -> s::Result<Significance>;
    let method = inputs.word("method").unwrap_or("auto");
    let choose = |[auto, exact, asymptotic]: [Test; 3]| match method {
        "exact" => exact(r, b),
        "asymptotic" => asymptotic(r, b),
        _ => auto(r, b),
    };
    Ok(match code {
        "ks" => {
            let test = match method {
                "exact" => s::ks::ks_exact(r, b)?,
                "asymptotic" => s::ks::ks_asymptotic(r, b)?,
                _ => s::ks::ks(r, b)?,
            };
            vec![("value", vec![test.statistic]), ("p_value", vec![test.p_value])]
        }
        "cramer_von_mises" => tested(choose([
            s::cramer_von_mises::cramer_von_mises,
            s::cramer_von_mises::cramer_von_mises_exact,
            s::cramer_von_mises::cramer_von_mises_asymptotic,
        ])?),
        "mann_whitney" => tested(choose([
            s::mann_whitney::mann_whitney,
            s::mann_whitney::mann_whitney_exact,
            s::mann_whitney::mann_whitney_asymptotic,
        ])?),
        "anderson_darling" => tested(s::anderson_darling::anderson_darling(&[r, b])?),
        "epps_singleton" => tested(s::epps_singleton::epps_singleton(r, b)?),
        "welch_t" => {
            let test = s::welch_t::welch_t(r, b)?;
            let degrees = ("degrees", vec![test.degrees]);
            vec![("value", vec![test.statistic]), ("p_value", vec![test.p_value]), degrees]
        }
        "wasserstein" if inputs.word("normed") == Some("reference_deviation") => {
            value(s::wasserstein::wasserstein_normed(r, b)?)
        }
        "wasserstein" => value(s::wasserstein::wasserstein(r, b)?),
        "energy_distance" => value(s::energy_distance::energy_distance(r, b)?),
        "cohens_d" => value(s::cohens_d::cohens_d(r, b)?),
        _ => value(s::cliffs_delta::cliffs_delta(r, b)?),
    })
}

fn of_rates(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    let confidence = inputs.parameter("confidence", 0.95);
    let answer = || -> Computed {
        Ok(match code {
            "clopper_pearson" | "wilson" => {
                let (successes, trials) = inputs.rate()?;
                let exact = code == "clopper_pearson";
                let limits =
                    if exact { s::intervals::clopper_pearson } else { s::intervals::wilson };
                interval(limits(successes, trials, confidence)?)
            }
            "newcombe" | "z_proportion" | "cohens_h" => {
                let [reference, batch] = inputs.rates()?;
                match code {
                    "newcombe" => interval(s::intervals::newcombe(batch, reference, confidence)?),
                    "cohens_h" => value(s::cohens_h::cohens_h(reference, batch)?),
                    _ => tested(s::z_proportion::z_proportion(reference, batch)?),
                }
            }
            "fisher_exact" => {
                let (first, second) = inputs.counts()?;
                let (&[a, b], &[c, d]) = (first.as_slice(), second.as_slice()) else {
                    return Err(Failure::Malformed("the table is not 2 × 2".to_owned()));
                };
                let test = s::fisher_exact::fisher_exact([[a, b], [c, d]])?;
                let odds_ratio = test.odds_ratio.map(|ratio| ("value", vec![ratio]));
                odds_ratio.into_iter().chain([("p_value", vec![test.p_value])]).collect()
            }
            "mcnemar" => match inputs.table()?.as_slice() {
                [first, second] if first.len() == 2 && second.len() == 2 => {
                    tested(s::mcnemar::mcnemar(first[1], second[0]))
                }
                _ => return Err(Failure::Malformed("the table is not 2 × 2".to_owned())),
            },
            "cohen_kappa" => interval(s::cohen_kappa::cohen_kappa(&inputs.table()?, confidence)?),
            "gwet_ac1" => interval(s::gwet_ac1::gwet_ac1(&inputs.table()?, confidence)?),
            _ => {
                let (labels, scores) = inputs.labelled()?;
                interval(s::delong::delong(&labels, &scores, confidence)?)
            }
        })
    };
    let known = [
        "clopper_pearson",
        "wilson",
        "newcombe",
        "z_proportion",
        "cohens_h",
        "fisher_exact",
        "mcnemar",
        "cohen_kappa",
        "gwet_ac1",
        "delong",
    ];
    known.contains(&code).then(answer)
}

fn of_series(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    let adjusted: Option<fn(&[f64]) -> s::Result<Vec<f64>>> = match code {
        "benjamini_hochberg" => Some(s::adjust::benjamini_hochberg),
        "benjamini_yekutieli" => Some(s::adjust::benjamini_yekutieli),
        "holm" => Some(s::adjust::holm),
        _ => None,
    };
    if let Some(adjusted) = adjusted {
        let found = |series: Vec<f64>| Ok(vec![("adjusted", adjusted(&series)?)]);
        return Some(inputs.sample("series").and_then(found));
    }
    match code {
        "laney_p" | "xbar_s" => Some(of_groups(code, inputs)),
        "e_bh" | "moments" | "individuals" | "ewma" | "cusum" | "nelson" => {
            Some(inputs.sample("series").and_then(|series| charted(code, inputs, &series)))
        }
        "page_hinkley" | "ddm" | "adwin" => Some(inputs.sample("series").map(|series| {
            let mut signals = stream(code);
            let places = (0_u32..).zip(&series).filter(|(_, value)| signals(**value));
            vec![("indices", places.map(|(index, _)| f64::from(index)).collect())]
        })),
        _ => None,
    }
}

/// A stream detector with its usual settings.
fn stream(code: &str) -> Box<dyn FnMut(f64) -> bool> {
    match code {
        "page_hinkley" => {
            let mut test = s::page_hinkley::PageHinkley::new(s::page_hinkley::Settings::default());
            Box::new(move |value| test.update(value))
        }
        "ddm" => {
            let mut method = s::ddm::Ddm::new(s::ddm::Settings::default());
            Box::new(move |value| method.update(value > 0.5) == s::ddm::Level::Drift)
        }
        _ => {
            let mut method = s::adwin::Adwin::new(s::adwin::Settings::default());
            Box::new(move |value| method.update(value))
        }
    }
}

fn of_groups(code: &str, inputs: &Inputs<'_>) -> Computed {
    if code == "laney_p" {
        let table = inputs.table()?.into_iter().map(|row| match row.as_slice() {
            [successes, trials] => Ok((*successes, *trials)),
            _ => Err(Failure::Malformed("a batch is successes and trials".to_owned())),
        });
        let limits = charts::laney_p::limits(&table.collect::<Result<Vec<_>, _>>()?)?;
        return Ok(vec![("center", vec![limits.center]), ("sigma", vec![limits.sigma_z])]);
    }
    let groups: Vec<_> =
        inputs.points("groups")?.iter().map(|group| s::moments::Moments::of(group)).collect();
    let limits = charts::xbar_s::limits(&groups)?;
    Ok(vec![("center", vec![limits.center]), ("sigma", vec![limits.sigma])])
}

fn charted(code: &str, inputs: &Inputs<'_>, series: &[f64]) -> Computed {
    let (center, sigma) = (inputs.parameter("center", 0.0), inputs.parameter("sigma", 1.0));
    Ok(match code {
        "e_bh" => {
            let named = s::adjust::e_bh(series, inputs.parameter("alpha", 0.05));
            vec![("named", named.into_iter().map(|named| f64::from(u8::from(named))).collect())]
        }
        "moments" => {
            let moments = s::moments::Moments::of(series);
            let known = [
                ("deviation", moments.deviation(1)),
                ("skewness", moments.skewness()),
                ("kurtosis", moments.kurtosis()),
            ];
            let shape = known.into_iter().filter_map(|(name, x)| x.map(|x| (name, vec![x])));
            [("mean", vec![moments.mean])].into_iter().chain(shape).collect()
        }
        "individuals" => {
            let limits = charts::individuals::limits(series)?;
            vec![
                ("center", vec![limits.center]),
                ("lower", vec![limits.lower]),
                ("upper", vec![limits.upper]),
            ]
        }
        "ewma" => {
            let settings = charts::ewma::Settings {
                weight: inputs.parameter("weight", 0.2),
                width: inputs.parameter("width", 2.962),
            };
            let points = charts::ewma::chart(series, center, sigma, settings)?;
            vec![
                ("values", points.iter().map(|point| point.value).collect()),
                ("upper", points.iter().map(|point| point.upper).collect()),
            ]
        }
        "cusum" => {
            let settings = charts::cusum::Settings {
                allowance: inputs.parameter("allowance", 0.5),
                decision: inputs.parameter("decision", 5.0),
            };
            let sums = charts::cusum::chart(series, center, sigma, settings)?;
            vec![
                ("high", sums.iter().map(|sums| sums.high).collect()),
                ("low", sums.iter().map(|sums| sums.low).collect()),
            ]
        }
        _ => {
            let found = charts::nelson::violations(series, center, sigma)?;
            vec![
                ("rules", found.iter().map(|violation| f64::from(violation.rule)).collect()),
                ("indices", found.iter().map(|violation| violation.index as f64).collect()),
            ]
        }
    })
}

fn of_laws(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    let number = |name: &str| inputs.parameter(name, f64::NAN);
    let rows =
        |name: &str| inputs.vector.parameters.get(name).and_then(Value::as_u64).unwrap_or_default();
    let answer = || -> Computed {
        Ok(match code {
            "noncentral_chi_square" => value(s::noncentral_chi_square::cdf(
                number("x"),
                number("degrees"),
                number("noncentrality"),
            )),
            "cohens_h_tolerance" => {
                value(s::tolerance::cohens_h_tolerance(number("share"), number("h")))
            }
            "reference_error" => {
                let reference = inputs.sample("reference")?;
                value(s::tolerance::reference_error(&reference, rows("rows"), [0; 32]))
            }
            "tv_upper" => {
                let (counts, reference) =
                    (inputs.count_list("counts")?, inputs.sample("reference")?);
                value(s::limits::tv_upper(&counts, &reference, rows("reference_rows")))
            }
            "rows_to_settle" => {
                let reference = inputs.sample("reference")?;
                let found =
                    s::limits::rows_to_settle(number("delta"), &reference, rows("reference_rows"));
                let never = || Failure::NotEvaluated("no number of rows settles it".to_owned());
                value(found.ok_or_else(never)? as f64)
            }
            "mmd" => {
                let (r, b) = (inputs.points("reference")?, inputs.points("batch")?);
                value(s::mmd_rff::mmd_exact(&r, &b, number("bandwidth"))?)
            }
            "score_card" => {
                let (p, q) = (inputs.sample("p")?, inputs.sample("q")?);
                vec![("scores", s::score_card::score_card(&q, &p, number("delta")))]
            }
            _ => detected(inputs, number("delta"))?,
        })
    };
    let known = [
        "noncentral_chi_square",
        "cohens_h_tolerance",
        "reference_error",
        "tv_upper",
        "rows_to_settle",
        "mmd",
        "score_card",
        "e_detector",
    ];
    known.contains(&code).then(answer)
}

/// log M after each batch, of one series at weight 1 that never alarms.
fn detected(inputs: &Inputs<'_>, tolerance: f64) -> Computed {
    let (p, batches) = (inputs.sample("p")?, inputs.batches()?);
    if batches.iter().flatten().any(|block| block.len() != p.len()) {
        return Err(Failure::Malformed("sub-blocks and reference have different bins".to_owned()));
    }
    let ordered = inputs.vector.parameters.get("ordered").and_then(Value::as_bool).unwrap_or(false);
    let temper = inputs.parameter("temper", 1.0);
    let detector = s::e_detector::EDetector::freeze(&p, tolerance, ordered, temper);
    let mut state = detector.start();
    let steps = batches.iter().map(|batch| detector.step(&mut state, batch).series_log_m);
    Ok(vec![("log_m", steps.collect())])
}

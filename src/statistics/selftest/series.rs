//! The codes of series: adjusted p-values, control charts and stream detectors.

use super::compute::{Computed, Failure, Found};
use super::inputs::{Inputs, malformed};
use crate::statistics as s;
use crate::statistics::control_charts as charts;
use crate::statistics::control_charts::Point;

type Adjusted = fn(&[f64]) -> s::Result<Vec<f64>>;

/// The answer of a code of this family; `None` for any other.
pub(super) fn of_series(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    let adjusted: Option<Adjusted> = match code {
        "benjamini_hochberg" => Some(s::adjust::benjamini_hochberg),
        "benjamini_yekutieli" => Some(s::adjust::benjamini_yekutieli),
        "holm" => Some(s::adjust::holm),
        _ => None,
    };
    if let Some(adjusted) = adjusted {
        // the answers are told apart by their place, so none may be missing
        let found = |series: Vec<f64>| {
            // which of them may be named depends on it, the adjusted p-values do not
            level(inputs)?;
            Ok(named("adjusted", adjusted(&series)?))
        };
        return Some(inputs.whole_sample("series").and_then(found));
    }
    match code {
        "laney_p" => Some(laney(inputs)),
        "xbar_s" => Some(means_and_spreads(inputs)),
        "e_bh" => Some(e_bh(inputs)),
        "ppk" => Some(inputs.sample("series").and_then(|series| {
            let limit = |name, otherwise| inputs.number(&[name], otherwise);
            let limits = (limit("lower", f64::NEG_INFINITY)?, limit("upper", f64::INFINITY)?);
            Ok(named("ppk", vec![s::capability::ppk(&series, limits)?]))
        })),
        "moments" => Some(inputs.sample_from("series").and_then(|series| moments(inputs, series))),
        "individuals" | "ewma" | "cusum" | "nelson" => {
            Some(inputs.sample("series").and_then(|series| charted(code, inputs, &series)))
        }
        "page_hinkley" | "ddm" | "adwin" => Some(inputs.sample("series").and_then(|series| {
            let mut signals = stream(code, inputs)?;
            let places = (0_u32..).zip(&series).filter(|(_, value)| signals(**value));
            Ok(named("indices", places.map(|(index, _)| f64::from(index)).collect()))
        })),
        _ => None,
    }
}

/// The main answer under its own name and as `value`.
fn named(name: &'static str, numbers: Vec<f64>) -> Found {
    vec![("value", numbers.clone()), (name, numbers)]
}

/// The share of false ones among the named that is allowed.
fn level(inputs: &Inputs<'_>) -> Result<f64, Failure> {
    share("alpha", inputs.number(&["alpha"], 0.05)?)
}

/// The number, if it lies in (0, 1).
fn share(name: &'static str, value: f64) -> Result<f64, Failure> {
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err(s::Error::OutOfRange { name, value }.into())
    }
}

/// A stream detector with the settings given, otherwise the usual ones.
fn stream(code: &str, inputs: &Inputs<'_>) -> Result<Box<dyn FnMut(f64) -> bool>, Failure> {
    Ok(match code {
        "page_hinkley" => {
            let usual = s::page_hinkley::Settings::default();
            let mut test = s::page_hinkley::PageHinkley::new(s::page_hinkley::Settings {
                values_min: inputs.whole(&["values_min", "min_instances"], usual.values_min)?,
                allowance: inputs.number(&["allowance", "delta"], usual.allowance)?,
                threshold: inputs.number(&["threshold"], usual.threshold)?,
                fading: inputs.number(&["fading", "alpha"], usual.fading)?,
                direction: match inputs.word("mode", &["both", "up", "down"])? {
                    "up" => s::page_hinkley::Direction::Up,
                    "down" => s::page_hinkley::Direction::Down,
                    _ => s::page_hinkley::Direction::Both,
                },
            });
            Box::new(move |value| test.update(value))
        }
        "ddm" => {
            let usual = s::ddm::Settings::default();
            let mut method = s::ddm::Ddm::new(s::ddm::Settings {
                values_min: inputs.whole(&["values_min", "warm_start"], usual.values_min)?,
                warning: inputs.number(&["warning", "warning_threshold"], usual.warning)?,
                drift: inputs.number(&["drift", "drift_threshold"], usual.drift)?,
            });
            Box::new(move |value| method.update(value > 0.5) == s::ddm::Level::Drift)
        }
        _ => {
            let usual = s::adwin::Settings::default();
            let mut method = s::adwin::Adwin::new(s::adwin::Settings {
                confidence: share(
                    "confidence",
                    inputs.number(&["confidence", "delta"], usual.confidence)?,
                )?,
                clock: inputs.whole(&["clock"], usual.clock)?,
                buckets_max: usize::try_from(inputs.whole(&["max_buckets"], 5)?).unwrap_or(5),
                part_min: inputs.number(&["min_window_length"], usual.part_min)?,
                grace: inputs.number(&["grace_period"], usual.grace)?,
            });
            Box::new(move |value| method.update(value))
        }
    })
}

fn laney(inputs: &Inputs<'_>) -> Computed {
    let batches: Vec<(u64, u64)> = if inputs.has("successes") {
        let (successes, trials) = (inputs.count_list("successes")?, inputs.count_list("trials")?);
        if successes.len() != trials.len() {
            return Err(malformed("expected as many `successes` as `trials`"));
        }
        successes.into_iter().zip(trials).collect()
    } else {
        let rows = inputs.table()?.into_iter().map(|row| match row.as_slice() {
            [successes, trials] => Ok((*successes, *trials)),
            _ => Err(malformed("expected rows of successes and trials")),
        });
        rows.collect::<Result<_, _>>()?
    };
    let limits = charts::laney_p::limits(&batches)?;
    let points = charts::laney_p::chart(&batches, &limits)?;
    let mut found = around(limits.center, &points);
    found.push(("sigma", vec![limits.sigma_z]));
    Ok(found)
}

fn means_and_spreads(inputs: &Inputs<'_>) -> Computed {
    let groups: Vec<_> =
        inputs.points("groups")?.iter().map(|group| s::moments::Moments::of(group)).collect();
    let limits = charts::xbar_s::limits(&groups)?;
    let points: Vec<Point> =
        charts::xbar_s::chart(&groups, &limits).into_iter().map(|(mean, _)| mean).collect();
    let mut found = around(limits.center, &points);
    found.push(("sigma", vec![limits.sigma]));
    Ok(found)
}

/// The centre of a chart, and the limits of its points.
fn around(center: f64, points: &[Point]) -> Found {
    named("center", vec![center]).into_iter().chain(limits_of(points)).collect()
}

fn limits_of(points: &[Point]) -> [(&'static str, Vec<f64>); 2] {
    [
        ("lower", points.iter().map(|point| point.lower).collect()),
        ("upper", points.iter().map(|point| point.upper).collect()),
    ]
}

/// Named or not, of e-values; of their logarithms with `scale: log`.
fn e_bh(inputs: &Inputs<'_>) -> Computed {
    let series = inputs.sample("series")?;
    let log_e = if inputs.word("scale", &["e_value", "log"])? == "log" {
        series
    } else {
        if let Some(value) = series.iter().copied().find(|e| *e < 0.0) {
            return Err(s::Error::OutOfRange { name: "e_value", value }.into());
        }
        series.into_iter().map(libm::log).collect()
    };
    let chosen = s::adjust::e_bh(&log_e, level(inputs)?);
    Ok(named("named", chosen.into_iter().map(|chosen| f64::from(u8::from(chosen))).collect()))
}

fn moments(inputs: &Inputs<'_>, (series, origin): (Vec<f64>, f64)) -> Computed {
    let less = inputs.ddof(1)?;
    if series.is_empty() {
        return Err(s::Error::NotEnough { found: 0, needed: 1 }.into());
    }
    if let Some(index) = series.iter().position(|value| value.is_infinite()) {
        return Err(s::Error::NotFinite { index }.into());
    }
    let power = s::sample::excess_of_fourths(&series);
    let moments = s::moments::Moments::of(&s::sample::divided(&series, power));
    let back = |number: f64, power: i32| libm::scalbn(number, power);
    let variance = moments.variance(less).map(|x| back(x, power.saturating_mul(2)));
    let known = [
        ("deviation", moments.deviation(less).map(|x| back(x, power))),
        ("variance", variance.filter(|x| x.is_finite())),
        ("skewness", moments.skewness()),
        ("kurtosis", moments.kurtosis()),
    ];
    let shape = known.into_iter().filter_map(|(name, x)| x.map(|x| (name, vec![x])));
    Ok(named("mean", vec![back(moments.mean, power) + origin]).into_iter().chain(shape).collect())
}

fn charted(code: &str, inputs: &Inputs<'_>, series: &[f64]) -> Computed {
    let center = inputs.number(&["center", "mean", "mu", "target"], 0.0)?;
    let sigma = inputs.number(&["sigma", "std", "sd"], 1.0)?;
    Ok(match code {
        "individuals" => {
            let limits = charts::individuals::limits(series)?;
            let mut found = named("center", vec![limits.center]);
            found.push(("lower", vec![limits.lower]));
            found.push(("upper", vec![limits.upper]));
            found.push(("sigma", vec![limits.sigma]));
            found
        }
        "ewma" => {
            let usual = charts::ewma::Settings::default();
            let settings = charts::ewma::Settings {
                weight: inputs.number(&["weight", "lambda"], usual.weight)?,
                width: inputs.number(&["width", "L"], usual.width)?,
            };
            let points = charts::ewma::chart(series, center, sigma, settings)?;
            let values = named("values", points.iter().map(|point| point.value).collect());
            values.into_iter().chain(limits_of(&points)).collect()
        }
        "cusum" => {
            let usual = charts::cusum::Settings::default();
            let settings = charts::cusum::Settings {
                allowance: inputs.number(&["allowance", "k"], usual.allowance)?,
                decision: inputs.number(&["decision", "h"], usual.decision)?,
            };
            let sums = charts::cusum::chart(series, center, sigma, settings)?;
            let signals = (0_u32..).zip(&sums).filter(|(_, sums)| sums.signal);
            vec![
                ("high", sums.iter().map(|sums| sums.high).collect()),
                ("low", sums.iter().map(|sums| sums.low).collect()),
                ("indices", signals.map(|(index, _)| f64::from(index)).collect()),
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

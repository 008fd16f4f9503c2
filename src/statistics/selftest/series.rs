//! The codes of series: adjusted p-values, control charts and stream detectors.

use super::compute::{Computed, Failure};
use super::inputs::Inputs;
use crate::statistics as s;
use crate::statistics::control_charts as charts;

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
        "ewma" | "cusum" => return summed(code, inputs, series),
        _ => {
            let found = charts::nelson::violations(series, center, sigma)?;
            vec![
                ("rules", found.iter().map(|violation| f64::from(violation.rule)).collect()),
                ("indices", found.iter().map(|violation| violation.index as f64).collect()),
            ]
        }
    })
}

fn summed(code: &str, inputs: &Inputs<'_>, series: &[f64]) -> Computed {
    let (center, sigma) = (inputs.parameter("center", 0.0), inputs.parameter("sigma", 1.0));
    if code == "ewma" {
        let settings = charts::ewma::Settings {
            weight: inputs.parameter("weight", 0.2),
            width: inputs.parameter("width", 2.962),
        };
        let points = charts::ewma::chart(series, center, sigma, settings)?;
        let upper = points.iter().map(|point| point.upper).collect();
        return Ok(vec![
            ("values", points.iter().map(|point| point.value).collect()),
            ("upper", upper),
        ]);
    }
    let settings = charts::cusum::Settings {
        allowance: inputs.parameter("allowance", 0.5),
        decision: inputs.parameter("decision", 5.0),
    };
    let sums = charts::cusum::chart(series, center, sigma, settings)?;
    Ok(vec![
        ("high", sums.iter().map(|sums| sums.high).collect()),
        ("low", sums.iter().map(|sums| sums.low).collect()),
    ])
}
